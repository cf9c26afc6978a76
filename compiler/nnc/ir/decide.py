"""Decides sizes on one class of residues, where they are polynomials, by finite differences.

With `n = base + step * t` for each symbol, where `step` is a multiple of the size's period, a size
is a polynomial in the `t` of known degree; it is known from its values at `t = 0 .. degree`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise, product
from math import isqrt

from nnc.ir.dims import Dim, evaluate

FAR = 1 << 62  # no size is looked for beyond this


def vanishes(
    d: Dim, base: Mapping[str, int], step: Mapping[str, int], degree: Mapping[str, int]
) -> bool:
    """Whether a size is 0 on the whole class."""
    return all(
        evaluate(d, {name: base[name] + step[name] * t for name, t in zip(base, at)}) == 0
        for at in product(*(range(degree[name] + 1) for name in base))
    )


def never_below(
    d: Dim, low: int, base: Mapping[str, int], step: Mapping[str, int], degree: Mapping[str, int]
) -> bool:
    """Whether all differences of `d - low` at the base are at least 0: `d >= low` from there on.

    Sufficient, and for a size that is linear in each symbol nearly necessary. A negative step looks
    downwards.
    """
    grid = {
        at: evaluate(d, {name: base[name] + step[name] * t for name, t in zip(base, at)})
        for at in product(*(range(degree[name] + 1) for name in base))
    }
    for axis, name in enumerate(base):
        for order in range(degree[name]):
            for at in sorted(grid, reverse=True):
                if at[axis] > order:
                    before = (*at[:axis], at[axis] - 1, *at[axis + 1 :])
                    grid[at] -= grid[before]
    origin = (0,) * len(base)
    return all(change >= (low if at == origin else 0) for at, change in grid.items())


def differences(values: Sequence[int]) -> list[int]:
    """The forward differences of a polynomial by its values at 0, 1, ..; no trailing zeros."""
    out, row = [], list(values)
    while row:
        out.append(row[0])
        row = [after - before for before, after in pairwise(row)]
    while out and out[-1] == 0:
        out.pop()
    return out


def roots(changes: Sequence[int]) -> list[int] | None:
    """The whole numbers t >= 0 where the polynomial of these differences is 0; None: not known.

    The zero polynomial, zero everywhere, has no differences and is not asked for.
    """
    one_sign = min(changes) >= 0 or max(changes) <= 0
    if one_sign and changes[0] != 0:
        return []
    if len(changes) == 1:
        return []
    if len(changes) == 2:
        constant, slope = changes
        return [-constant // slope] if constant % slope == 0 and -constant // slope >= 0 else []
    if len(changes) > 3:
        return None
    # c + b*t + a*t*(t-1)/2 = 0, doubled
    a, b, c = changes[2], 2 * changes[1] - changes[2], 2 * changes[0]
    square = b * b - 4 * a * c
    if square < 0 or isqrt(square) ** 2 != square:
        return []
    tops = {-b + isqrt(square), -b - isqrt(square)}
    return sorted(top // (2 * a) for top in tops if top % (2 * a) == 0 and top // (2 * a) >= 0)


def rises_from(changes: Sequence[int], low: int) -> int | None:
    """The smallest t from which all differences of the polynomial less `low` stay at least 0.

    None where there is none: the polynomial falls in the end, or is constant and below.
    """
    row = [(changes[0] if changes else 0) - low, *changes[1:]]
    while row and row[-1] == 0:
        row.pop()
    if not row:
        return 0
    if row[-1] < 0:
        return None
    if all(change >= 0 for change in row):
        return 0
    if len(row) == 1:
        return None
    bad, good = 0, 1
    while not _rises(row, good):
        bad, good = good, 2 * good
        if good > FAR:
            return None
    while good - bad > 1:
        middle = (good + bad) // 2
        bad, good = (bad, middle) if _rises(row, middle) else (middle, good)
    return good


def _rises(row: Sequence[int], t: int) -> bool:
    """Whether all differences at t are at least 0 (Newton's formula)."""
    for order in range(len(row)):
        total, binomial = 0, 1
        for i, change in enumerate(row[order:]):
            total += change * binomial
            binomial = binomial * (t - i) // (i + 1)
        if total < 0:
            return False
    return True
