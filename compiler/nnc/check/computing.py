"""Functions of known numbers, and members of lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from nnc.check.values import Value

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "cos": math.cos,
}
NUMERIC = ("min", "max", *_FUNCTIONS)
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
