"""Habits from other languages, and from papers: signs and forms that nearly fit."""

from __future__ import annotations

import re

from nnc.diagnostics import Diagnostic, Fix, Label
from nnc.source import Span
from nnc.syntax import rules
from nnc.syntax.context import Found, bare_step, indentation, rest_of_line
from nnc.syntax.reader import Reader
from nnc.syntax.words import SOFT

_VALUES = frozenset({"word", "argument", "NUMBER", "STRING", "TRUTH", "(", "[", "NOT", "BODY"})
_ALONE = frozenset({"KIND", "output", "from", "let", "shared"})
_WORD = r"[^\W\d]\w*"
_STEP = rf"{_WORD}(?:\([^(){{}}#]*\))?"


def comment(r: Reader, t: Found) -> bool:
    """`// comment`."""
    two = r.text[t.start : t.start + 2]
    if two not in ("//", "/*") or r.brackets:
        return False
    here = r.span(t.start, t.start + 2)
    fix = Fix(here, "#") if two == "//" else None
    r.report(rules.FOREIGN_SIGN.at(here, "a comment begins with `#`", help="write `#`", fix=fix))
    r.skip(t._replace(fresh=False), keep=True)
    return True


def arrow(r: Reader, t: Found) -> bool:
    """`->` where nothing flows, and what cannot follow it."""
    if r.previous == "->":
        return _after_arrow(r, t)
    if t.key != "->" or r.brackets:
        return False
    here = r.span(t.start, t.end)
    blanks = re.compile(r"[ \t]*").match(r.text, t.end)
    whole = r.span(t.start, blanks.end() if blanks else t.end)
    if r.machine.place:
        r.report(
            rules.ARROW.at(
                here, "nothing stands before this `->`", help="delete it", fix=Fix(whole, "")
            )
        )
        return True
    if not r.machine.fits("_NL"):
        return False
    word = re.split(r"\W", r.text[r.begin : r.begin + 40])[0]
    r.report(
        rules.ARROW.at(
            here,
            f"a statement with `{word}` takes no arrow",
            help="write the step on a line of its own",
            fix=Fix(_with_blanks(r, whole), _new_line(r)),
        )
    )
    r.end_statement()
    return True


def _after_arrow(r: Reader, t: Found) -> bool:
    last = r.span(r.previous_start, r.previous_end)
    gap = _with_blanks(r, r.span(r.previous_start, t.start))
    clean = "#" not in gap.text
    word = r.text[t.start : t.end]
    if t.key == "->":
        r.report(
            rules.ARROW.at(
                r.span(t.start, t.end), "`->` stands twice", help="delete one", fix=Fix(gap, " ")
            )
        )
        return True
    if t.plain in ("as", ":"):
        message = f"`{word}` stands behind its step without `->`"
        fix = Fix(gap, " ") if clean else None
        r.report(rules.ARROW.at(last, message, help="delete the arrow", fix=fix))
        r.take_back()
        r.skip(t._replace(fresh=False), keep=True)
        return True
    elif t.plain in _ALONE:
        r.report(
            rules.ARROW.at(
                r.span(r.previous_start, t.end),
                f"`{word}` begins a statement of its own, without `->`",
                help=f"write `{word}` on a new line",
                fix=Fix(gap, _new_line(r)) if clean else None,
            )
        )
        r.take_back()
        r.end_statement()
    else:
        return False
    r.take(*t._replace(fresh=False))
    return True


def _with_blanks(r: Reader, span: Span) -> Span:
    """A span with the blanks and newlines before it."""
    before = r.text[max(0, span.start - 200) : span.start]
    return r.span(span.start - len(before) + len(before.rstrip()), span.end)


def _new_line(r: Reader) -> str:
    return f"\n{indentation(r, r.begin)}"


# --- = and : --------------------------------------------------------------------------------------


def equals(r: Reader, t: Found) -> bool:
    """`=` that assigns, compares, or stands behind a setting."""
    place = r.machine.context()
    before = r.text[r.begin : min(t.start, r.begin + 200)].strip()
    if t.key == "," and place == "body" and not r.brackets:
        if not re.compile(rf"(?:,\s*{_WORD}\s*)+=(?!=)").match(r.text, t.start):
            return False
        r.report(_assignment(r, t, ""))
        r.skip(t)
        return True
    if t.key != "=":
        return False
    here = r.span(t.start, t.end)
    if place == "settings" and not r.brackets and re.fullmatch(r"[\w.]+", before):
        return _setting_sign(r, t)
    if place == "body" and re.fullmatch(_WORD, before):
        return _assigned(r, t, before)
    if r.machine.fits("COMPARISON") and re.match(r"(?:.*\W)?if\b", before, re.DOTALL):
        message = "two values are compared with `==`"
        r.report(rules.EQUALS.at(here, message, help="write `==`", fix=Fix(here, "==")))
        r.treat("COMPARISON", ("", "==", t.start, t.end, False))
        return True
    if r.machine.fits(":", "["):
        message = "a shape stands behind `:`"
        r.report(rules.SHAPE.at(here, message, help="write `:`", fix=Fix(here, ":")))
        r.treat(":", t)
        return True
    return False


def _assignment(r: Reader, t: Found, name: str, fix: Fix | None = None) -> Diagnostic:
    return rules.ASSIGNMENT.at(
        r.span(t.start, t.end),
        "nothing is assigned here",
        help=f"write `{fix.text}`"
        if fix
        else f"name a step behind it: `dense(3) as {name or 'h'}`",
        fix=fix,
    )


def _assigned(r: Reader, t: Found, name: str) -> bool:
    """`h = dense(3)` or `wide = 4 * C`."""
    value = rest_of_line(r, t.end).strip()
    line = r.span(r.begin, t.end + len(rest_of_line(r, t.end)))
    if value.startswith("self."):
        help_ = "a step stands where it is used: `conv(64, 3) -> relu`; its input needs no name"
        here = r.span(t.start, t.end)
        r.report(rules.ASSIGNMENT.at(here, "nothing is assigned here", help=help_))
        r.skip(t)
        return True
    if re.search(r"[^\W\d]\w*\.\w+\(", value) or _has_value(r, name):
        again = _has_value(r, name)
        help_ = "steps follow one another: `conv(64, 3) -> relu -> max_pool(2)`"
        message = f"`{name}` has its value already" if again else "nothing is assigned here"
        if again:
            help_ = f"give the new one another name: `let {name}2 = {value}`"
        r.report(rules.ASSIGNMENT.at(r.span(t.start, t.end), message, help=help_))
        r.skip(t)
        return True
    if re.fullmatch(rf"{_STEP}(?:\s*->\s*{_STEP})*", value):
        r.report(_assignment(r, t, name, Fix(line, f"{value} as {name}")))
    elif re.match(rf"{_STEP}\s*(?:->|\{{|:|$)", value):
        r.report(_assignment(r, t, name))
    else:
        r.report(_assignment(r, t, name, Fix(line, f"let {name} = {value}")))
        r.skip(t)
        return True
    r.leave_out()
    return True


def _has_value(r: Reader, name: str) -> bool:
    """Whether a `let` before gave the name a value in these braces."""
    opened = next((f.start for f in reversed(r.frames) if f.sign == "{"), 0)
    return re.search(rf"\blet\s+{name}\b", r.text[opened : r.begin]) is not None


def _setting_sign(r: Reader, t: Found) -> bool:
    blanks = re.compile(r"[ \t]*").match(r.text, t.end)
    gap = r.span(r.previous_end, blanks.end() if blanks else t.end)
    name = r.text[r.previous_start : r.previous_end]
    r.report(
        rules.SETTING_SIGN.at(
            r.span(t.start, t.end),
            f"a setting has no `{t.key}`",
            help=f"write `{name} {re.split('[;}]', rest_of_line(r, t.end))[0].strip()}`",
            fix=Fix(gap, " "),
        )
    )
    return True


def colon(r: Reader, t: Found) -> bool:
    """`:` behind a setting, in place of `=`, or in place of a brace."""
    if t.key != ":":
        return False
    here = r.span(t.start, t.end)
    before = r.text[r.begin : min(t.start, r.begin + 200)].strip()
    place = r.machine.context()
    if place == "settings" and not r.brackets and re.fullmatch(r"[\w.]+", before):
        return _setting_sign(r, t)
    if r.machine.fits("="):
        message = "a value stands behind `=`"
        r.report(rules.UNEXPECTED.at(here, message, help="write `=`", fix=Fix(here, "=")))
        r.treat("=", t)
        return True
    if _named_argument(r):
        blanks = re.compile(r"[ \t]*").match(r.text, t.end)
        gap = r.span(r.previous_end, blanks.end() if blanks else t.end)
        message = "an argument is given with `=`"
        r.report(rules.UNEXPECTED.at(here, message, help="write `=`", fix=Fix(gap, "=")))
        _make_argument(r)
        return True
    if r.machine.fits("{") and not rest_of_line(r, t.end):
        r.report(colon_body(r, here))
        r.skip(t)
        return True
    return False


def colon_body(r: Reader, here: Span) -> Diagnostic:
    """`residual:` and an indented body."""
    word = r.text[r.begin : r.begin + 20].split()[0].rstrip(":")
    if word in ("output", "input") or SOFT.get(word) == "KIND":
        return rules.SHAPE.at(here, "a shape is missing after `:`", help="such as `[3, 8, 8]`")
    return rules.FOREIGN_WORD.at(
        here,
        "a body stands in braces, not behind `:`",
        help="write `{` here and `}` at its end; indentation has no meaning",
    )


def _named_argument(r: Reader) -> bool:
    """Whether the last token is a lone name where a call takes arguments."""
    alone = bool(r.machine.starts) and r.machine.starts[-1] == r.previous_start
    return r.previous == "NAME" and alone and r.machine.knows("ARGUMENT", below=1)


def _make_argument(r: Reader) -> None:
    name, start, end = r.text[r.previous_start : r.previous_end], r.previous_start, r.previous_end
    r.take_back()
    r.treat("ARGUMENT", ("", name, start, end, False))
    r.treat("=", ("", "=", end, end, False))


# --- commas, shapes, parentheses ------------------------------------------------------------------


def comma(r: Reader, t: Found) -> bool:
    """Values side by side."""
    if t.plain not in _VALUES or not r.machine.fits(","):
        return False
    where = r.frames[-1].start if r.brackets else r.begin
    named = r.brackets and t.plain in ("NUMBER", "TRUTH", "STRING") and _named_argument(r)
    if not r.brackets and (r.machine.context() != "settings" or t.is_word):
        return False
    if where == r.listed and not named:
        r.insert(",")
        r.take(*t._replace(fresh=False))
        return True
    here = r.span(t.start, t.end)
    gap = r.span(r.previous_end, t.start)
    if named:
        name = r.text[r.previous_start : r.previous_end]
        message = f"`=` is missing behind `{name}`"
        r.report(rules.NO_COMMA.at(here, message, help=f"write `{name}=..`", fix=Fix(gap, "=")))
        _make_argument(r)
    else:
        fix = _flat_list(r) or Fix(r.span(r.previous_end, r.previous_end), ",")
        help_ = f"write `{fix.text}`" if len(fix.text) > 1 else "put `,` before it"
        r.report(rules.NO_COMMA.at(here, "a comma is missing before this", help=help_, fix=fix))
        r.listed = where
        r.insert(",")
    r.blamed = -1
    r.take(*t._replace(fresh=False))
    return True


def _flat_list(r: Reader) -> Fix | None:
    """`[6 14 14]` and `split 0.8 0.1 0.1` with commas."""
    start = r.frames[-1].start if r.brackets else r.previous_start
    form = (
        r"\[[ \t]*[\w.]+(?:[ \t]+[\w.]+)+[ \t]*\]" if r.brackets else r"[\d.]++(?:[ \t]+[\d.]++)+"
    )
    found = re.compile(form).match(r.text, start, start + 200)
    if not found:
        return None
    listed = ", ".join(found[0].strip("[]").split())
    return Fix(r.span(start, found.end()), f"[{listed}]" if r.brackets else listed)


def shape(r: Reader, t: Found) -> bool:
    """A shape without its brackets or without its colon."""
    if t.key == "[" and not r.brackets and r.machine.fits(":", "["):
        after = r.span(r.previous_end, r.previous_end)
        message = "`:` is missing before the shape"
        here = r.span(t.start, t.end)
        r.report(rules.SHAPE.at(here, message, help="put `:` before it", fix=Fix(after, ":")))
        r.insert(":")
        r.blamed = -1
        r.take(*t._replace(fresh=False))
        return True
    if r.previous != ":" or not r.machine.fits("["):
        return False
    if r.brackets and t.key == "NUMBER":
        sign = r.span(r.previous_start, r.previous_end)
        message = "a default stands behind `=`"
        r.report(rules.UNEXPECTED.at(sign, message, help="write `=`", fix=Fix(sign, "=")))
        r.take_back()
        r.treat("=", ("", "=", sign.start, sign.end, False))
        r.take(*t._replace(fresh=False))
        return True
    found = re.compile(
        r"\(?\s*+(\w++(?:\s*+[,\u00d7]\s*+\w++)*+)(?:\s*,)?(?:\s*\))?"
        r"(?=[ \t]*(?:[\r\n#;}]|->|as\b|\Z))"
    ).match(r.text, t.start, t.start + 200)
    fix = None
    if found and "\n" not in found[0]:
        sizes = re.split(r"\s*,\s*|(?<=\d)\s*[x\u00d7]\s*(?=\d)", found[1])
        fix = Fix(r.span(t.start, found.end()), f"[{', '.join(sizes)}]")
    r.report(
        rules.SHAPE.at(
            r.span(t.start, t.end),
            "a shape stands in brackets",
            help=f"write `{fix.text}`" if fix else "such as `[3, 224, 224]`",
            fix=fix,
        )
    )
    r.skip(t)
    return True


def no_parentheses(r: Reader, t: Found) -> bool:
    """`dense 10`, `concat e`, and `adam lr=0.1` in a setting."""
    value = r.text[r.previous_start : r.previous_end]
    if r.previous != "NAME" or r.brackets or t.plain not in _VALUES or t.key == "(":
        return False
    place = r.machine.context()
    if place == "settings":
        if t.key != "argument" or not r.machine.fits("_NL"):
            return False
    elif place != "body" or not bare_step(r):
        return False
    elif t.is_word and re.compile(r"[ \t]*(?:[({]|->|:)").match(r.text, t.end):
        return False  # a second step
    item = r"""(?:[^\W\d]\w*+[ \t]*+=[ \t]*+)?+(?:[\w.]++|"[^"\n]*+")"""
    found = re.compile(
        rf"{item}(?:(?:[ \t]*+,[ \t]*+|[ \t]++){item})*+(?=[ \t]*(?:[\r\n#;}}:]|->|\Z))"
    ).match(r.text, t.start, t.start + 200)
    fix = None
    if found and not re.search(r"\bas\b", found[0]):
        items = re.findall(item, found[0])
        fix = Fix(r.span(r.previous_end, found.end()), f"({', '.join(items)})")
    r.report(
        rules.NO_PARENTHESES.at(
            r.span(t.start, t.end),
            f"the arguments of `{value}` stand in parentheses",
            others=(Label(r.span(r.previous_start, r.previous_end)),),
            help=f"write `{value}{fix.text}`" if fix else f"write `{value}(..)`",
            fix=fix,
        )
    )
    r.skip(t)
    return True


# --- expressions ----------------------------------------------------------------------------------


def percent(r: Reader, t: Found) -> bool:
    """`80% / 10%`."""
    if r.previous != "TIMES" or r.text[r.previous_start] != "%":
        return False
    before = re.search(r"[\d.]+$", r.text[max(0, r.previous_start - 20) : r.previous_start])
    if not before:
        return False
    here = r.span(r.previous_start - len(before[0]), r.previous_end)
    r.report(rules.NUMBER.at(here, "there are no percentages", help="write `0.8` for 80%"))
    r.skip(t)
    return True
