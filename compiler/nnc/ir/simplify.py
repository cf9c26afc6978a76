"""Simplifies sizes where floor divisions are known to leave a certain remainder."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd, lcm

from nnc.ir.dims import Dim, Floor, Poly, symbol

Residue = Callable[[Dim, int], int | None]
Ratio = tuple[Dim, int]  # a size and what it is divided by; the quotient is whole


def simplified(d: Dim, residue: Residue) -> Dim:
    """The same size with fewer floors, where `residue(p, k)` tells a constant remainder of p by k.

    With H a multiple of 16, `(H//2)*2` becomes `H`, and `(H + 1)//2` becomes `H//2`.

    Raises:
        DimTooLarge: on the way the size grew out of bounds.
    """
    if not isinstance(d, Poly) or not any(
        isinstance(atom, Floor) for mono, _ in d.terms for atom in mono
    ):
        return d
    return _whole(_ratio(d, residue), residue)


def _ratio(d: Poly, residue: Residue) -> Ratio:
    """A fraction equal to d without the floors whose remainder is known."""
    top: Dim = d.const
    below = 1
    for mono, coef in d.terms:
        term: Dim = coef
        under = 1
        for atom in mono:
            over, by = (symbol(atom), 1) if isinstance(atom, str) else _floor_ratio(atom, residue)
            term, under = term * over, under * by
        common = lcm(below, under)
        top, below = top * (common // below) + term * (common // under), common
    return top, below


def _floor_ratio(atom: Floor, residue: Residue) -> Ratio:
    top, below = _ratio(atom.inner, residue)
    left = residue(atom.inner, atom.by)
    if left is None:
        return _whole((top, below), residue) // atom.by, 1
    return top - left * below, below * atom.by


def _whole(ratio: Ratio, residue: Residue) -> Dim:
    """The size that a fraction is, written with the fewest and shortest floors."""
    top, below = ratio
    if not isinstance(top, Poly):
        return top // below
    out: Dim = 0
    grouped: Dim = 0
    const = top.const
    for mono, coef in top.terms:
        share = gcd(coef, below)
        a, b = coef // share, below // share
        factor = Poly(((mono, 1),), 0)
        if b == 1:
            out = out + factor * a
            continue
        left = residue(factor, b)
        if left is None:
            grouped = grouped + factor * coef
        else:  # a*m/b == a*(m//b) + a*r/b where m leaves r
            out = out + factor // b * a
            const += coef * left
    if isinstance(grouped, Poly):  # the whole fraction is whole: what is left over is known
        left = -const % below
        out = out + grouped // below
        const += left
    return out + const // below
