"""What a syntax mistake most likely was, how to say it, and how the parser goes on.

Each function looks for one kind of mistake where a token did not fit; the first that knows it
reports it and repairs the text or leaves the statement out. habits.py holds the forms of other
languages, foreign.py their whole lines, places.py statements that stand elsewhere, this module
what is about brackets and names.
"""

from __future__ import annotations

from nnc.diagnostics import Diagnostic, Fix, Label
from nnc.syntax import (
    claims,
    foreign,
    ganforms,
    habits,
    otherforms,
    places,
    rules,
    settingforms,
    sourceforms,
)
from nnc.syntax.context import (
    OPENERS,
    Found,
    closes,
    expected,
    indentation,
    rest_of_line,
)
from nnc.syntax.lexer import Token
from nnc.syntax.reader import Explain, Reader
from nnc.syntax.words import BRACKETS, HARD, PARTNERS

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
        name = r.text[t.start : t.end]
        r.lost.add(name)
        r.treat("NAME", (t.key, name, t.start, t.end, t.fresh))
    else:
        r.skip(t)
    return True


# --- brackets -------------------------------------------------------------------------------------


def _unclosed_bracket(r: Reader, t: Found) -> bool:
    if not r.brackets or t.key in (")", "]"):
        return False
    ends = t.plain in ("->", "{", "}", "_NL") or (t.plain == "as" and not r.machine.fits("NAME"))
    if not ends and not (t.fresh and (t.plain in OPENERS or (t.is_word and not closes(r, t)))):
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
    if _torn_text(r):
        r.blamed = frame.start
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


def _torn_text(r: Reader) -> bool:
    """Whether a text that is not closed, which was reported, took the closing bracket with it."""
    return r.previous == "STRING" and r.text[r.previous_end - 1] not in "\"'\u201c\u201d"


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
    if _torn_text(r) and r.brackets:
        return
    innermost = r.frames[-1]
    if claims.ended(r, at):
        return
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


# --- statements and places ------------------------------------------------------------------------


def cut_short(r: Reader) -> bool:
    """Explains a statement that ends too early; whether it was repaired."""
    if r.blamed == r.previous_start:
        return False
    last = r.span(r.previous_start, r.previous_end)
    if r.previous == "->":
        message = "a step is missing after `->`"
        r.report(rules.ARROW.at(last, message, help="delete it, or add a step", fix=Fix(last, "")))
        r.machine.pop()
        at = r.previous_start
        return r.machine.feed("_NL", None, at, at)
    if r.previous in _NAMED and r.machine.fits("NAME"):
        r.report(_unnamed(r, ""))
    elif claims.step_after_colon(r):
        pass
    elif r.previous == ":" and r.machine.context() != "settings":
        r.report(habits.colon_body(r, last))
    elif sourceforms.shapeless(r) or sourceforms.type_word(r):
        pass
    elif r.machine.fits("{"):
        r.report(
            rules.UNEXPECTED.at(
                last, "`{` is missing behind this", help="what belongs to it stands in braces"
            )
        )
        r.stray = True
    else:
        after = f" after `{last.text[:40]}`" if last.text else ""
        message = f"something is missing{after}"
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
    word = t.is_word and not (r.previous == "for" and t.plain == "in")
    if r.previous not in _NAMED or word or not r.machine.fits("NAME"):
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
    if r.previous == "KIND" and t.key in (":", "[") and r.text[r.begin :][:5] == "input":
        return _nameless(r, t)
    rest = rest_of_line(r, t.start).split(";")[0] if t.key in (":", "=", "[") else ""
    r.report(_unnamed(r, f": {rest}" if t.key == "[" else rest))
    r.skip(t)
    return True


def _nameless(r: Reader, t: Found) -> bool:
    """`input: [3]` and `input [3]`, read as an input with some name."""
    shape = rest_of_line(r, t.start).lstrip(": ")
    name = "image" if shape.count(",") == 2 else "x"
    gap = r.span(r.previous_end, t.start)
    r.report(
        rules.UNNAMED.at(
            r.span(r.previous_start, r.previous_end),
            "`input` needs a name",
            help=f"write `input {name}: {shape.split(';')[0]}`",
            fix=Fix(gap, f" {name}" if t.key == ":" else f" {name}: "),
        )
    )
    r.insert("NAME", name)
    if t.key == "[":
        r.insert(":")
    r.take(*t._replace(fresh=False))
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


_EXPLAINERS = (
    claims.passed,
    _blamed,
    claims.claim_alone,
    claims.shape_as_step,
    claims.typed_parameter,
    claims.dashed_name,
    claims.outputs_setting,
    settingforms.exported_input,
    settingforms.named_value,
    settingforms.braces,
    settingforms.bound,
    settingforms.unit_apart,
    otherforms.object_step,
    sourceforms.named_path,
    sourceforms.label_form,
    sourceforms.listed,
    otherforms.ternary,
    otherforms.lone_comma,
    habits.comment,
    ganforms.mapping_value,
    _unclosed_bracket,
    _closer,
    claims.arrow_brace,
    sourceforms.next_in_chain,
    habits.arrow,
    _lonely_else,
    foreign.training_of,
    foreign.train_inside,
    foreign.data_text,
    foreign.prefixed,
    places.nested,
    sourceforms.padded_first,
    sourceforms.foreign_kind,
    places.misspelt,
    otherforms.imports,
    otherforms.function,
    settingforms.unnamed_data,
    settingforms.defaults,
    settingforms.head,
    foreign.python_line,
    foreign.given_out,
    foreign.input_call,
    foreign.dotted_setting,
    sourceforms.unshaped,
    sourceforms.assigned_state,
    habits.equals,
    habits.colon,
    _no_name,
    foreign.any_size,
    foreign.mapping,
    places.in_brackets,
    habits.shape,
    _reserved,
    habits.comma,
    habits.no_parentheses,
    ganforms.player_word,
    ganforms.player_first,
    places.outside,
    places.unseparated,
    habits.percent,
    otherforms.comparisons,
    places.lonely_as,
    foreign.joined,
    foreign.item,
    foreign.arithmetic,
    foreign.dotted,
)

EXPLAIN = Explain(refused, cut_short, unclosed)
