"""What a syntax mistake most likely was, how to say it, and how the parser goes on.

Each function looks for one kind of mistake where a token did not fit; the first that knows it reports it
and repairs the text or leaves the statement out. habits.py holds the forms of other languages, this module
what is about brackets, statements and places.
"""

from __future__ import annotations

from nnc.diagnostics import Diagnostic, Fix, Label, Rule
from nnc.syntax import habits, rules
from nnc.syntax.context import Found, bare_step, closes, close_word, expected, indentation, rest_of_line
from nnc.syntax.lexer import Token
from nnc.syntax.reader import Explain, Reader
from nnc.syntax.words import BRACKETS, DECLARATIONS, FOREIGN_WORDS, HARD, PARTNERS, SOFT

# Terminals that begin a statement and nothing else.
_OPENERS = frozenset({"KIND", "output", "from", "let", "shared", "path", "repeat", "next"})
_NAMED = {
    "KIND": "",
    "output": "output",
    "network": "network",
    "block": "block",
    "gan": "gan",
    "train": "train",
    "export": "export",
    "data": "data",
    "param": "param",
    "let": "let",
    "shared": "shared",
    "next": "next",
    "as": "as",
    "for": "for",
}


def refused(r: Reader, token: Token) -> None:
    """Explains a token that does not fit."""
    found = Found(*token)
    r.tries += 1
    if r.tries <= 6:
        for explain in _EXPLAINERS:
            if explain(r, found):
                return
        if found.start != r.blamed:
            r.report(_unexpected(r, found))
    r.skip(found._replace(fresh=found.fresh and r.tries <= 6), keep=True)


def _unexpected(r: Reader, t: Found) -> Diagnostic:
    what = r.text[t.start : min(t.end, t.start + 40)]
    return rules.UNEXPECTED.at(
        r.span(t.start, t.end),
        f"`{what}` does not fit here",
        label=f"after `{r.text[r.previous_start : r.previous_end][:40]}`" if r.previous else "",
        help=expected(r),
    )


def _blamed(r: Reader, t: Found) -> bool:
    """The token, or what stands right here, was reported before."""
    if t.start != r.blamed:
        return False
    if t.key == "NUMBER" and r.machine.fits("NAME"):
        r.treat("NAME", (t.key, r.text[t.start : t.end], t.start, t.end, t.fresh))
    else:
        r.skip(t)
    return True


# --- brackets -----------------------------------------------------------------------------------------


def _unclosed_bracket(r: Reader, t: Found) -> bool:
    if not r.brackets or t.key in (")", "]"):
        return False
    ends = t.plain in ("->", "{", "}", "_NL") or (t.plain == "as" and not r.machine.fits("NAME"))
    if not ends and not (t.fresh and (t.plain in _OPENERS or (t.is_word and not closes(r, t)))):
        return False
    frame = r.frames[-1]
    partner = BRACKETS[frame.sign]
    if t.key == "->" and closes(r, t):
        word = r.text[max(0, frame.start - 20) : frame.start].split()[-1:]
        name = word[0] if word and word[0].isidentifier() else "residual"
        r.report(
            rules.UNEXPECTED.at(
                r.span(t.start, t.end),
                "a chain of steps stands in braces",
                others=(Label(r.span(frame.start, frame.start + 1), "not in these"),),
                help=f"write `{name} {{ .. }}`",
            )
        )
        r.skip(t)
        return True
    if r.previous == "STRING" and r.text[r.previous_end - 1] not in "\"'":
        r.blamed = frame.start  # the text that is not closed took the bracket with it
    fits = r.machine.fits(partner)
    after = r.span(r.previous_end, r.previous_end)
    if r.blamed != frame.start:
        r.report(
            rules.UNCLOSED.at(
                r.span(frame.start, frame.start + 1),
                f"this `{frame.sign}` is not closed",
                others=(Label(r.span(t.start, t.end), "it should be closed before this"),),
                help=f"add `{partner}`",
                fix=Fix(after, partner) if fits else None,
            )
        )
    if fits:
        r.insert(partner)
        r.take(*t)
    else:
        r.skip(t)
    return True


def _closer(r: Reader, t: Found) -> bool:
    if t.key not in PARTNERS:
        return False
    here = r.span(t.start, t.end)
    frame = r.frames[-1] if r.frames else None
    if frame is None or (frame.sign == "{" and t.key != "}"):
        if not r.stray:
            r.report(
                rules.UNOPENED.at(
                    here,
                    f"this `{t.key}` closes nothing",
                    help="delete it, or look for a brace too many above"
                    if t.key == "}"
                    else "delete it",
                    fix=Fix(here, ""),
                )
            )
        r.blamed = -1
        return True
    partner = BRACKETS[frame.sign]
    if partner == t.key:
        r.report(
            rules.UNEXPECTED.at(here, f"something is missing before `{t.key}`", help=expected(r))
        )
        r.skip(t)
        return True
    r.report(
        rules.UNOPENED.at(
            here,
            f"`{t.key}` does not close `{frame.sign}`",
            others=(Label(r.span(frame.start, frame.start + 1), "opened here"),),
            help=f"write `{partner}`",
            fix=Fix(here, partner),
        )
    )
    if r.machine.fits(partner):
        r.insert(partner)
        r.previous, r.previous_start, r.previous_end = partner, t.start, t.end
    else:
        r.skip(t)
    return True


def unclosed(r: Reader, at: int, why: str) -> None:
    """Explains brackets that are open where a declaration begins or the text ends."""
    innermost = r.frames[-1]
    frame = innermost if innermost.sign != "{" else r.crooked or innermost
    missing = "".join(
        f"\n{' ' * each.indent}}}" if each.sign == "{" else BRACKETS[each.sign]
        for each in reversed(r.frames)
    )
    certain = r.crooked is None and not r.skipping and "\t" not in indentation(r, frame.start)
    end = min(len(r.text), at + 1)
    r.report(
        rules.UNCLOSED.at(
            r.span(frame.start, frame.start + 1),
            f"this `{frame.sign}` is not closed",
            others=(Label(r.span(at, end), why),),
            help=f"add `{BRACKETS[frame.sign]}` where it ends",
            fix=Fix(r.span(r.previous_end, r.previous_end), missing) if certain else None,
        )
    )


# --- statements and places ----------------------------------------------------------------------------


def cut_short(r: Reader) -> bool:
    """Explains a statement that ends too early; whether it was repaired."""
    if r.blamed == r.previous_start:
        return False
    last = r.span(r.previous_start, r.previous_end)
    if r.previous == "->":
        r.report(
            rules.ARROW.at(last, "a step is missing after `->`", fix=Fix(last, ""))
        )
        r.machine.pop()
        at = r.previous_start
        return r.machine.feed("_NL", None, at, at)
    if r.previous in _NAMED and r.machine.fits("NAME"):
        r.report(_unnamed(r, ""))
    elif r.previous == ":" and r.machine.context() != "settings":
        r.report(habits.colon_body(r, last))
    elif r.machine.fits("{"):
        r.report(
            rules.UNEXPECTED.at(
                last, "`{` is missing behind this", help="what belongs to it stands in braces"
            )
        )
    else:
        message = f"something is missing after `{last.text[:40]}`"
        r.report(rules.UNEXPECTED.at(last, message, help=expected(r)))
    return False


def _unnamed(r: Reader, following: str) -> Diagnostic:
    word = r.text[r.previous_start : r.previous_end]
    return rules.UNNAMED.at(
        r.span(r.previous_start, r.previous_end),
        f"`{word}` needs a name",
        help=f"write `{word} NAME{following}`",
    )


def _no_name(r: Reader, t: Found) -> bool:
    if r.previous not in _NAMED or t.is_word or not r.machine.fits("NAME"):
        return False
    here = r.span(t.start, t.end)
    name = here.text.strip('"')
    if t.key == "STRING" and name.isascii() and name.isidentifier() and name not in HARD:
        r.report(
            rules.UNNAMED.at(
                here, "a name has no quotes", help=f"write `{name}`", fix=Fix(here, name)
            )
        )
        r.treat("NAME", (t.key, name, t.start, t.end, t.fresh))
        return True
    rest = rest_of_line(r, t.start).split(";")[0] if t.key in (":", "=", "[") else ""
    r.report(_unnamed(r, rest))
    r.skip(t)
    return True


def _reserved(r: Reader, t: Found) -> bool:
    word = str(t.value)
    if not t.is_word or word not in HARD or r.machine.place or not r.machine.fits("NAME"):
        return False
    if word not in r.reserved:
        r.reserved.add(word)
        r.report(
            rules.RESERVED.at(
                r.span(t.start, t.end),
                f"`{word}` is a word of the language, not a name",
                help=f"choose another name, such as `{word}_`",
            )
        )
    r.treat("NAME", t)
    return True


def _lonely_else(r: Reader, t: Found) -> bool:
    if t.plain != "else":
        return False
    r.report(
        rules.LONELY_ELSE.at(
            r.span(t.start, t.end),
            "this `else` has no `if`",
            help="an `else` follows the `}` of its `if`",
        )
    )
    r.skip(t, keep=True)
    return True


def _outside(r: Reader, t: Found) -> bool:
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
        r.report(rules.FOREIGN_WORD.at(here, f"`{word}` is not a word of this language", help=help_))
    else:
        message = f"`{word[:40]}` cannot stand {_WHERE[place]}"
        inside = place == "file" and (t.plain in _OPENERS or r.previous == "}")
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


def _nested(r: Reader, t: Found) -> bool:
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


def _unseparated(r: Reader, t: Found) -> bool:
    """A statement behind a complete one, on the same line."""
    starts = t.is_word or (t.key == "{" and r.machine.context() == "file")
    if t.fresh or r.brackets or not starts or not r.machine.fits("_NL"):
        return False
    if t.plain not in _OPENERS | {"word", "argument", "for", "if", "BODY"}:
        return False
    gap = r.span(r.previous_end, t.start)
    what = "settings" if r.machine.context() == "settings" else "statements"
    steps = r.machine.fits("->") and t.plain == "word" and str(t.value) not in SOFT
    r.report(
        rules.UNSEPARATED.at(
            r.span(t.start, t.end),
            f"two {what} stand on one line",
            label="a new one begins here",
            help="put `->` or `;` before it, or a new line" if steps else "put `;` before it, or a new line",
            fix=None if gap.text.strip() else Fix(gap, "; "),
        )
    )
    r.end_statement()
    r.blamed = -1
    r.take(*t._replace(fresh=False))
    return True


def _misspelt(r: Reader, t: Found) -> bool:
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


_EXPLAINERS = (
    _blamed,
    habits.comment,
    _unclosed_bracket,
    _closer,
    habits.arrow,
    _lonely_else,
    _nested,
    _misspelt,
    habits.equals,
    habits.colon,
    _no_name,
    habits.shape,
    _reserved,
    habits.comma,
    habits.no_parentheses,
    _outside,
    _unseparated,
    habits.percent,
    habits.comparisons,
    habits.lonely_as,
)

EXPLAIN = Explain(refused, cut_short, unclosed)
