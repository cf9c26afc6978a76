"""Shapes, types and names that do not stand as they are written here."""

from __future__ import annotations

import re

from nnc.diagnostics import Diagnostic, Fix, Label
from nnc.source import Span
from nnc.syntax import rules
from nnc.syntax.context import Found, rest_of_line
from nnc.syntax.reader import Reader

_TYPED = re.compile(r":\s*(?:int|float|bool|str|number)\s*$")
_NAME = re.compile(r"[^\W\d]\w*(?:-\w+)+")


def claim_alone(r: Reader, t: Found) -> bool:
    """`: [4, 6, 6]` on a line of its own."""
    if t.key != ":" or not t.fresh or r.machine.place != "body":
        return False
    here, gap = r.span(t.start, t.end), r.span(r.previous_end, t.start)
    r.report(
        rules.UNEXPECTED.at(
            here,
            "a claim stands behind its step, on the same line",
            help="write `STEP : [...]`",
            fix=Fix(gap, " ") if not gap.text.strip(" \n") else None,
        )
    )
    r.skip(t)
    return True


def shape_as_step(r: Reader, t: Found) -> bool:
    """`-> [4, 6, 6]`."""
    if t.key != "[" or r.previous != "->" or r.machine.context() != "body":
        return False
    shape = rest_of_line(r, t.start).split("]")[0] + "]"
    r.report(
        rules.UNEXPECTED.at(
            r.span(t.start, t.start + len(shape)),
            "a shape is no step",
            help=f"a claim is written with a colon: `: {shape}`; `reshape(...)` changes a shape",
            fix=Fix(r.span(r.previous_start, t.start), ": "),
        )
    )
    r.skip(t)
    return True


def typed_parameter(r: Reader, t: Found) -> bool:
    """`network A(width: int = 3)`."""
    found = (
        _TYPED.search(r.text, max(0, t.start - 30), t.start) if t.key in ("=", ",", ")") else None
    )
    if found is None or r.previous != "NAME" or not r.brackets:
        return False
    opened = r.frames[-1].start
    if opened != r.typed:
        closed = re.compile(r"\([^()\n]*\)").match(r.text, opened, opened + 400)
        text = r.text[found.start() : r.previous_end]
        whole = (
            re.sub(r"\s*:\s*(?:int|float|bool|str|number)\b(\s*=\s*)?", _default, closed[0])
            if closed
            else ""
        )
        r.report(
            rules.UNEXPECTED.at(
                r.span(r.previous_start, r.previous_end),
                "parameters have no types",
                help=f"leave `{text}` out; a value's shape is `name: [C, H, W]`",
                fix=Fix(r.span(opened, closed.end()), whole) if closed else None,
            )
        )
        r.typed = opened
    r.take_back()
    r.machine.pop()
    r.take(*t._replace(fresh=False))
    return True


def _default(found: re.Match[str]) -> str:
    return "=" if found[1] else ""


def passed(r: Reader, t: Found) -> bool:
    """What was explained together with what stands before it."""
    return t.start < r.passing


def arrow_brace(r: Reader, t: Found) -> bool:
    """`generator -> {`, `block f(width) -> [C] {` and `network A: {`."""
    if r.brackets:
        return False
    if t.key == "{" and r.previous == ":" and r.machine.context() != "body":
        colon = r.span(r.previous_start, t.start)
        r.report(_no_sign(r, colon, r.span(r.previous_start, r.previous_end)))
        r.take_back()
        r.take(*t._replace(fresh=False))
        return True
    if t.key == ":" and r.machine.context() == "body":
        return False
    found = re.compile(r"(?:->[ \t]*(\[[^\[\]\n]*\])?|:)[ \t]*(?=\{)").match(r.text, t.start)
    if found is None or not r.machine.fits("{"):
        return False
    gap = r.span(r.previous_end, found.end())
    here = r.span(t.start, t.end)
    if found[1]:
        message = "what a block gives is not declared"
        help = f"leave `-> {found[1]}` out"
        r.report(rules.ARROW.at(here, message, help=help, fix=Fix(gap, " ")))
        r.passing = found.end()
    else:
        r.report(_no_sign(r, gap, here))
    return True


def _no_sign(r: Reader, gap: Span, here: Span) -> Diagnostic:
    message = f"no `{here.text}` stands before a brace"
    return rules.ARROW.at(here, message, help="delete it", fix=Fix(gap, " "))


def dashed_name(r: Reader, t: Found) -> bool:
    """`network my-net`."""
    if r.text[t.start : t.end] != "-" or r.previous != "NAME":
        return False
    found = _NAME.match(r.text, r.previous_start)
    if found is None or (r.machine.place not in ("file", "block", "network") and r.brackets):
        return False
    if not r.machine.fits("{"):
        return False
    name = found.group().replace("-", "_")
    here = r.span(r.previous_start, found.end())
    r.report(
        rules.UNNAMED.at(
            here, "a name has letters, digits and `_`", help=f"write `{name}`", fix=Fix(here, name)
        )
    )
    r.skip(t)
    return True


def step_after_colon(r: Reader) -> bool:
    """`conv(32, 3): relu`: a colon where an arrow belongs, at the end of the statement."""
    at = r.text.rfind(":", r.begin, r.previous_start)
    between = r.text[at + 1 : r.previous_start].strip() if at >= 0 else "?"
    step = r.text[r.begin : at].split("->")[-1].strip() if at >= 0 else ""
    if between or r.previous != "NAME" or not re.fullmatch(r"\w+(\(.*\))?", step, re.DOTALL):
        return False
    if r.machine.context() != "body":
        return False
    colon = r.span(at, at + 1)
    r.report(
        rules.UNEXPECTED.at(
            colon,
            "steps are joined by `->`",
            help="a colon is followed by a shape: `: [32, 8, 8]`",
            fix=Fix(colon, " ->"),
        )
    )
    return True


def outputs_setting(r: Reader, t: Found) -> bool:
    """`export A { output label }`."""
    if r.text[t.start : t.end] != "output" or r.machine.place != "settings":
        return False
    here = r.span(t.start, t.end)
    r.report(
        rules.UNEXPECTED.at(
            here,
            "the setting is called `outputs`",
            help="write `outputs label`, in an export",
            fix=Fix(here, "outputs"),
        )
    )
    r.treat("NAME", t._replace(key="NAME", value="outputs"))
    return True


def ended(r: Reader, at: int) -> bool:
    """A body that ends with `end`."""
    frame = r.frames[-1]
    found = re.search(r"\n[ \t]*(end\w*)\s*\Z", r.text[max(frame.start, at - 80) : at])
    if found is None or frame.sign != "{":
        return False
    start = max(frame.start, at - 80) + found.start(1)
    here = r.span(start, start + len(found[1]))
    fix = Fix(here, "}") if len(r.frames) == 1 else None
    label = Label(r.span(frame.start, frame.start + 1), "opened here")
    message = "a body ends with `}`"
    r.report(rules.UNCLOSED.at(here, message, others=(label,), help="write `}`", fix=fix))
    r.lost.add(found[1])
    return True
