"""Statements where they cannot stand, and words that were meant to be others."""

from __future__ import annotations

import re

from nnc.diagnostics import Fix
from nnc.syntax import rules
from nnc.syntax.context import OPENERS, Found, bare_step, close_word
from nnc.syntax.reader import Reader
from nnc.syntax.words import DECLARATIONS, FOREIGN_WORDS, HARD, SOFT


def outside(r: Reader, t: Found) -> bool:
    """What cannot begin a statement in a file, settings or a gan."""
    place = r.machine.place
    if place not in ("file", "settings", "gan", "defaults"):
        return False
    here = r.span(t.start, t.end)
    word = here.text
    meant = close_word(word, DECLARATIONS) if t.is_word and place == "file" else ""
    if meant and word not in FOREIGN_WORDS:
        r.report(
            rules.UNEXPECTED.at(
                here,
                f"unknown word `{word}`",
                help=f"did you mean `{meant}`?",
                fix=Fix(here, meant),
            )
        )
    elif word in FOREIGN_WORDS and place == "file":
        help_ = FOREIGN_WORDS[word]
        r.report(
            rules.FOREIGN_WORD.at(here, f"`{word}` is not a word of this language", help=help_)
        )
    else:
        message = f"`{word[:40]}` cannot stand {_WHERE[place]}"
        inside = place == "file" and (t.plain in OPENERS or r.previous == "}")
        help_ = "it belongs into a network or block: is a `}` above one too many?"
        r.report(rules.MISPLACED.at(here, message, help=help_ if inside else _HOLDS[place]))
        r.stray = place == "file"
    r.skip(t)
    return True


_WHERE = {
    "file": "outside of a declaration",
    "settings": "among settings",
    "gan": "directly in a gan",
    "defaults": "in `defaults`",
}
_HOLDS = {
    "file": f"a file holds declarations: {', '.join(DECLARATIONS)}, let",
    "settings": "a setting is a name and its values, such as `epochs 10`",
    "gan": "a gan holds sources, `generator` and `discriminator`",
    "defaults": "defaults are layers with arguments, such as `conv(bias=false)`",
}


def nested(r: Reader, t: Found) -> bool:
    """A declaration among the statements of another."""
    word = r.text[r.previous_start : r.previous_end]
    if r.previous_start != r.begin or word not in DECLARATIONS or not t.is_word or r.brackets:
        return False
    r.report(
        rules.NESTED.at(
            r.span(r.previous_start, t.end),
            f"a `{word}` is declared at the top of a file",
            help="move it out of these braces",
        )
    )
    r.skip(t)
    return True


def unseparated(r: Reader, t: Found) -> bool:
    """A statement behind a complete one, on the same line."""
    starts = t.is_word or (t.key == "{" and r.machine.context() == "file")
    if t.fresh or r.brackets or not starts or not r.machine.fits("_NL"):
        return False
    if t.plain not in OPENERS | {"word", "argument", "for", "if", "BODY"}:
        return False
    gap = r.span(r.previous_end, t.start)
    what = "settings" if r.machine.context() == "settings" else "statements"
    steps = r.machine.fits("->") and t.plain == "word" and str(t.value) not in SOFT
    r.report(
        rules.UNSEPARATED.at(
            r.span(t.start, t.end),
            f"two {what} stand on one line",
            label="a new one begins here",
            help="put `->` or `;` before it, or a new line"
            if steps
            else "put `;` before it, or a new line",
            fix=None if gap.text.strip() else Fix(gap, "; "),
        )
    )
    r.end_statement()
    r.blamed = -1
    r.take(*t._replace(fresh=False))
    return True


def misspelt(r: Reader, t: Found) -> bool:
    """A word that was meant to be one of the language, read as a step."""
    word = r.text[r.previous_start : r.previous_end]
    if r.previous != "NAME" or r.previous_start != r.begin or r.machine.context() != "body":
        return False
    if t.key in ("->", ":", "=", "{", ","):
        return False
    here = r.span(r.previous_start, r.previous_end)
    if word in FOREIGN_WORDS:
        message = f"`{word}` is not a word of this language"
        r.report(rules.FOREIGN_WORD.at(here, message, help=FOREIGN_WORDS[word]))
        r.skip(t)
        return True
    meant = close_word(word, [w for w in (*HARD, *SOFT) if w not in DECLARATIONS and w != "on"])
    if not meant or not bare_step(r):
        return False
    r.report(
        rules.UNEXPECTED.at(
            here, f"unknown word `{word}`", help=f"did you mean `{meant}`?", fix=Fix(here, meant)
        )
    )
    r.skip(t)
    return True


def dotted(r: Reader, t: Found) -> bool:
    """`nn.Conv2d(3, 32, 3)`: a layer has no module."""
    if t.key != "." or r.previous != "NAME" or r.brackets or r.machine.context() == "settings":
        return False
    found = re.compile(r"(?:\.[^\W\d]\w*)*\.([^\W\d]\w*)").match(r.text, t.start)
    if not found:
        return False
    if r.text[r.previous_start - 1 : r.previous_start] != ".":
        module = r.span(r.previous_start, found.start(1))
        r.report(
            rules.UNEXPECTED.at(
                r.span(r.previous_start, found.end()),
                f"layers stand without a module: `{found[1]}`",
                help="layers have short words, such as `conv` and `dense`; `nnc layers` lists them",
                fix=Fix(module, ""),
            )
        )
        r.lost.add(found[1])
    r.take_back()
    return True
