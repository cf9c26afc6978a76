"""Statements where they cannot stand, and words that were meant to be others."""

from __future__ import annotations

import re

from nnc.diagnostics import Fix, Label
from nnc.syntax import rules
from nnc.syntax.context import OPENERS, Found, bare_step, close_word, rest_of_line
from nnc.syntax.reader import Reader
from nnc.syntax.words import DECLARATIONS, FOREIGN_DECLARATIONS, FOREIGN_WORDS, HARD, SOFT

_WORD = r"[^\W\d]\w*"


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
    elif word in FOREIGN_DECLARATIONS and place == "file" and _declares(r, t):
        right = FOREIGN_DECLARATIONS[word]
        message = f"`{word}` is not a word of this language"
        r.report(
            rules.FOREIGN_WORD.at(here, message, help=f"write `{right}`", fix=Fix(here, right))
        )
        r.treat(right, t)
        return True
    elif word in FOREIGN_WORDS and place == "file":
        help_ = FOREIGN_WORDS[word]
        r.report(
            rules.FOREIGN_WORD.at(here, f"`{word}` is not a word of this language", help=help_)
        )
    elif place == "settings" and t.key == "STRING" and ":" in rest_of_line(r, t.end)[:2]:
        message = "settings are written without quotes, `:` and `,`"
        r.report(rules.FOREIGN_WORD.at(here, message, help=_HOLDS[place]))
    elif place == "file" and word in ("compile", "fit", "evaluate", "summary"):
        message = f"`{word}` is Python"
        help_ = "training is a block: `train NETWORK { data d; loss cross_entropy; epochs 10 }`"
        r.report(rules.FOREIGN_WORD.at(here, message, help=help_))
        r.stray = True
    elif place == "gan" and t.is_word and _in_gan(r, t, word):
        message = f"`{word[:40]}` is no part of a gan"
        r.report(rules.MISPLACED.at(here, message, help=f"write {_in_gan(r, t, word)}"))
    else:
        message = f"`{word[:40]}` cannot stand {_WHERE[place]}"
        inside = place == "file" and (t.plain in OPENERS or r.previous == "}")
        help_ = "it belongs into a network or block: is a `}` above one too many?"
        if not (r.stray and place == "file" and not r.machine.states[1:]):
            r.report(rules.MISPLACED.at(here, message, help=help_ if inside else _HOLDS[place]))
        r.stray = place == "file"
    r.skip(t)
    return True


MAKERS = ("netg", "g", "gen", "decoder", "generate", "generater")
JUDGES = ("netd", "d", "critic", "disc", "judge", "discriminate", "adversary")
LATENTS = ("latent_dim", "z_dim", "nz", "noise_dim", "latent_size", "codings_size")
"""Words of other tools for what a gan holds."""


def _in_gan(r: Reader, t: Found, word: str) -> str:
    """What to write in a gan instead of a word, "" where that is not known."""
    rest = rest_of_line(r, t.end)
    if word.lower() in LATENTS:
        found = re.match(r"\s*[:=]?\s*(\d+)", rest)
        return f"`latent z: [{found[1] if found else 64}]`"
    if not re.match(r"\s*(\([^()]*\))?\s*(\{|=)", rest):
        return ""
    if word.lower() in MAKERS:
        return "`generator {`"
    if word.lower() in JUDGES:
        return "`discriminator {`, or with its name `discriminator " + f"{word} {{`"
    return f"`generator {word} {{` or `discriminator {word} {{`"


def _declares(r: Reader, t: Found) -> bool:
    """Whether a name follows, and what a declaration of it begins with."""
    return (
        re.compile(r"\s+[^\W\d]\w*\s*(?:\((?!\s*\w+\.)|[{=]|\Z)").match(r.text, t.end) is not None
    )


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


def in_brackets(r: Reader, t: Found) -> bool:
    """`conv[32, 3]`: a shape has a blank and a colon before it."""
    if t.key != "[" or r.previous != "NAME" or t.start != r.previous_end or not bare_step(r):
        return False
    name = r.text[r.previous_start : r.previous_end]
    found = re.compile(r"\[([^\[\](){}\r\n#]*)\]").match(r.text, t.start, t.start + 200)
    fix = Fix(r.span(t.start, found.end()), f"({found[1]})") if found else None
    r.report(
        rules.NO_PARENTHESES.at(
            r.span(t.start, t.end),
            f"the arguments of `{name}` stand in parentheses",
            others=(Label(r.span(r.previous_start, r.previous_end)),),
            help=f"write `{name}{fix.text}`" if fix else f"write `{name}(..)`",
            fix=fix,
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
    comma = re.search(r",\s*(?=\w+$)", r.text[r.begin : r.previous_end])
    if r.machine.context() == "settings" and comma is not None and t.plain == "word":
        start = r.begin + comma.start()
        line = r.span(start, t.start + len(rest_of_line(r, t.start).split("}")[0]))
        r.report(
            rules.UNSEPARATED.at(
                r.span(start, start + 1),
                "settings are separated by `;` or new lines, not by `,`",
                help="write `;`",
                fix=Fix(line, re.sub(r",\s*(?=[a-z_]+\s+[\w\"\[])", "; ", line.text)),
            )
        )
        r.skip(t)
        return True
    if r.machine.context() == "settings" and t.value in ("for", "to", "of") and not r.brackets:
        here = r.span(t.start, t.end)
        message = "what a setting is for stands behind `on`"
        r.report(rules.FOREIGN_WORD.at(here, message, help="write `on`", fix=Fix(here, "on")))
        r.skip(t)
        return True
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


def lonely_as(r: Reader, t: Found) -> bool:
    """`as` on a line of its own."""
    if t.plain != "as" or r.machine.place != "body":
        return False
    message = "`as` stands on the line of the step that it names"
    start = max(0, t.start - 200)
    before = r.text[start : t.start].rstrip()
    last = before[-1:]
    name = re.compile(rf"as[ \t]+({_WORD}(?:[ \t]*,[ \t]*{_WORD})*)").match(r.text, t.start)
    made = f"as {name[1]}" if name else "as h"
    help_ = f"write `}} {made}`" if last == "}" else f"write it there: `dense(3) {made}`"
    whole = last not in ("", "{", ";", ",") and "#" not in before.rpartition("\n")[2]
    gap = r.span(start + len(before), t.start)
    fix = Fix(gap, " ") if whole else None
    r.report(rules.UNEXPECTED.at(r.span(t.start, t.end), message, help=help_, fix=fix))
    r.skip(t)
    return True
