"""Functions of known numbers, and members of lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from nnc.check.formulas.values import Family, Value, written
from nnc.check.rules import BAD_OPERATION
from nnc.diagnostics import Diagnostic
from nnc.ir.dims import Poly
from nnc.source import Span
from nnc.syntax import ast

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "cos": math.cos,
}
NUMERIC = ("min", "max", "len", *_FUNCTIONS)
"""Words that are computed while checking where they are given numbers alone."""


def computed(name: str, values: Sequence[float]) -> float | None:
    """The function of these numbers; None where it has no real result, or takes one alone."""
    if name in ("min", "max"):
        return min(values) if name == "min" else max(values)
    try:
        return _FUNCTIONS[name](values[0]) if len(values) == 1 else None
    except (ValueError, OverflowError):
        return None


def member_of(base: tuple[Value, ...], items: Sequence[Value]) -> Value | None:
    """`table[1, 0]`: a member of a list, or of a list in it; None where there is none."""
    found: Value = base
    for item in items:
        if not isinstance(found, tuple) or not isinstance(item, int):
            return None
        if not -len(found) <= item < len(found):
            return None
        found = found[item]
    return found


def members(values: Sequence[Value]) -> int | None:
    """`len(table)`: the members of a list or of a family; None of anything else."""
    of = values[0] if len(values) == 1 else None
    if isinstance(of, Family):
        return len(of.members)
    return len(of) if isinstance(of, tuple) else None


def uncounted(span: Span, values: Sequence[Value]) -> Diagnostic:
    """What `len` does not count."""
    said = written(values[0]) if len(values) == 1 else f"{len(values)} arguments"
    return BAD_OPERATION.at(
        span,
        f"`len` counts the members of a list or of a family, not {said}",
        help="the size of an axis has a name in its input's type: `input x: [T, 64]`",
    )


def unknown_numbers(name: ast.Ident, values: Sequence[Value]) -> Diagnostic:
    """A function of numbers that are not known while checking."""
    help = "in `from` this is a number of the network" if Poly in map(type, values) else ""
    return BAD_OPERATION.at(name.span, f"`{name.text}` takes known numbers", help=help)
