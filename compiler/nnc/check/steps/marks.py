"""Labels and claims after a step."""

from __future__ import annotations

import re

from nnc.check.foreign.layouts import element
from nnc.check.formulas.types import matches, pattern, pattern_text
from nnc.check.formulas.values import BAD, UNKNOWN, LabelEntry, Unknown, written
from nnc.check.rules import TAKEN_NAME, UNPACKING, WRONG_CLAIM
from nnc.check.scope import Entry, Scope
from nnc.check.steps.body import Body
from nnc.check.world import Pending
from nnc.diagnostics import Fix, Label
from nnc.ir.dims import symbols
from nnc.ir.types import TensorType
from nnc.source import Span
from nnc.syntax import ast


def read_marks(body: Body, marks: tuple[ast.Mark, ...], scope: Scope, span: Span) -> None:
    """Labels and claims on the current value."""
    for mark in marks:
        if isinstance(mark, ast.Claim):
            read_claim(body, mark.type, scope)
        else:
            _label(body, mark, scope, span)


def _label(body: Body, mark: ast.As, scope: Scope, span: Span) -> None:
    """`as h`, `as out, h, c`, `as skip[c]`."""
    values = body.take(span)
    if values is None:
        values = (BAD,)
    if len(mark.names) > 1 and body.aside[: len(values)] == values:
        values = body.aside
    several = len(mark.names) > 1 or body.several
    if several and values != (BAD,) and len(values) != len(mark.names):
        body.world.sink.add(
            UNPACKING.at(
                mark.span,
                f"{_count(len(mark.names), 'name')} for {_count(len(values), 'value')}",
                help=f"name each: `as {', '.join('abcdefgh'[: len(values)])}`"
                if len(values) > 1
                else "name it once",
            )
        )
        body.fail()
        values = (BAD,)
    if values == (BAD,):
        values = (BAD,) * len(mark.names)
    elif len(values) > 1:
        body.builder.call_all(values, tuple(name.name.text for name in mark.names))
    for name, value in zip(mark.names, values):
        if name.index:
            _family_member(body, name, value, scope)
        else:
            scope.declare(name.name.text, LabelEntry(value, name.span), name.span, body.world.sink)


def _family_member(body: Body, name: ast.LabelName, value: int, scope: Scope) -> None:
    """`as skip[c]`."""
    index = tuple(body.world.numbers.value(e, scope) for e in name.index)
    family = scope.family(name.name.text, name.span)
    if any(isinstance(i, Unknown) for i in index):
        body.damaged = True
        if family is not None:  # what it holds is not known: nothing is said of its members
            scope.root.names[name.name.text] = Entry(UNKNOWN, name.span)
        return
    taken = scope.find(name.name.text)
    if family is None and taken is not None and isinstance(taken.value, Unknown):
        return
    if family is None:
        body.world.sink.add(
            TAKEN_NAME.at(name.span, f"`{name.name.text}` is no family", help="choose another name")
        )
    elif index in family.members and value != BAD:
        body.damaged = True
        body.world.sink.add(
            TAKEN_NAME.at(
                name.span,
                f"`{name.name.text}[{written(index)[1:-1]}]` is made twice",
                help="give each turn of the loop its own index",
            )
        )
    else:
        family.members[index] = LabelEntry(value, name.span)
        body.builder.call_value(value, f"{name.name.text}[{written(index)[1:-1]}]")


def _remedy(have: TensorType) -> str:
    """What to write; sizes that are rounded are none where the input is a multiple."""
    parts = [int(k) for k in re.findall(r"// ?(\d+)", str(have))]
    names = sorted({name for d in have.dims if not isinstance(d, int) for name in symbols(d)})
    if not parts or not names or any("." in name for name in names):
        return f"write `{have}`, or change the steps before it"
    sizes = ", ".join(f"{max(parts)}*{name}" for name in names)
    return f"sizes are rounded: write `{sizes}` in the input's shape and here, or `{have}` here"


def read_claim(body: Body, t: ast.Type, scope: Scope) -> None:
    """A shape written after a step."""
    want = pattern(t, scope, body.world.numbers)
    if t.kind not in ("", "token"):
        body.world.numbers.say(element(t))
        want = None
    if want is None or body.current is None or body.current[0] == BAD:
        return
    have = body.builder.types[body.current[0]]
    if matches(want, have, body.world.facts) and (t.kind == "token") == (have.dtype == "int64"):
        return
    made = body.builder.made_at[body.current[0]]
    diagnostic = WRONG_CLAIM.at(
        t.span,
        f"the value is {have}, not {t.kind}{pattern_text(want)}",
        others=() if made == t.span else (Label(made, f"this step makes {have}"),),
        fix=Fix(t.span, str(have)) if all(isinstance(d, int) for d in have.dims) else None,
        help=_remedy(have),
        trace=body.world.trace,
    )
    same_kind = (t.kind == "token") == (have.dtype == "int64")
    if same_kind and have.rank == len(want) and any(not isinstance(d, int) for d in have.dims):
        body.world.pending.append(Pending(want, have, diagnostic))
    else:
        body.world.sink.add(diagnostic)


def _count(n: int, what: str) -> str:
    return f"one {what}" if n == 1 else f"{n} {what}s"
