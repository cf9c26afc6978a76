"""How sizes grow: the periods of their floor divisions, and their degrees.

A size is a quasi-polynomial: on each class of residues of its symbols it is a polynomial. That is
what makes equalities of sizes decidable.
"""

from __future__ import annotations

from math import gcd, lcm

from nnc.ir.dims import Dim, DimTooLarge, Floor, Mono, Poly

PERIOD = 100_000  # the longest period of floor divisions that is looked at


def periods(d: Dim) -> dict[str, int]:
    """For each symbol the step in which every floor division of `d` becomes a polynomial.

    With `s = period * t + r` for each symbol, `d` is a polynomial with whole coefficients.

    Raises:
        DimTooLarge: a period is longer than 100,000.
    """
    found: dict[str, int] = {}
    if isinstance(d, Poly):
        for mono, _ in d.terms:
            for name, period in _mono_periods(mono).items():
                found[name] = _period(lcm(found.get(name, 1), period))
    return found


def degrees(d: Dim) -> dict[str, int]:
    """For each symbol the highest power in which `d` grows with it."""
    found: dict[str, int] = {}
    if isinstance(d, Poly):
        for mono, _ in d.terms:
            powers: dict[str, int] = {}
            for atom in mono:
                inner = {atom: 1} if isinstance(atom, str) else degrees(atom.inner)
                for name, power in inner.items():
                    powers[name] = powers.get(name, 0) + power
            for name, power in powers.items():
                found[name] = max(found.get(name, 0), power)
    return found


def is_increasing(d: Dim) -> bool:
    """Whether `d` never falls when a symbol rises, plain from the signs (symbols are positive)."""
    return not isinstance(d, Poly) or all(
        coef > 0 and all(isinstance(atom, str) or _rising_floor(atom) for atom in mono)
        for mono, coef in d.terms
    )


def _rising_floor(atom: Floor) -> bool:
    return atom.inner.const >= 0 and is_increasing(atom.inner)


def _mono_periods(mono: Mono) -> dict[str, int]:
    found: dict[str, int] = {}
    for atom in mono:
        inner = {atom: 1} if isinstance(atom, str) else _floor_periods(atom)
        for name, period in inner.items():
            found[name] = _period(lcm(found.get(name, 1), period))
    return found


def _floor_periods(atom: Floor) -> dict[str, int]:
    found: dict[str, int] = {}
    for mono, coef in atom.inner.terms:
        stretch = atom.by // gcd(atom.by, coef)
        for name, period in _mono_periods(mono).items():
            found[name] = _period(lcm(found.get(name, 1), period * stretch))
    return found


def _period(period: int) -> int:
    if period > PERIOD:
        raise DimTooLarge("the divisions in this size repeat too rarely to be followed")
    return period
