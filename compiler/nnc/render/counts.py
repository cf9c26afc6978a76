"""Counts that depend on sizes, as formulas that people read: `73,728*H*W` where H is even."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import lcm

from nnc.ir.conditions import Condition
from nnc.ir.dims import Dim, DimTooLarge, Poly, show, substitute, symbol
from nnc.record import Record

NUMBER = re.compile(r"(?<![\w.])\d{4,}(?![\w.])")


def formula(value: Dim, facts: Iterable[Record] = ()) -> str:
    """A count as text, its thousands separated; divisions that always come out even are done."""
    whole, by = _even(value, facts)
    if by == 1:
        return _text(whole)
    return min((f"({_text(whole)})/{by}", _text(value)), key=len)


def _text(value: Dim) -> str:
    return NUMBER.sub(lambda found: f"{int(found[0]):,}", show(value))


def _even(value: Dim, facts: Iterable[Record]) -> tuple[Dim, int]:
    """A numerator and a denominator, without the divisions that the facts make even."""
    multiple = {
        fact.symbol: fact.modulus
        for fact in facts
        if isinstance(fact, Condition) and fact.equals is None and fact.residues == (0,)
    }
    multiple = {name: by for name, by in multiple.items() if by > 1}
    if not isinstance(value, Poly) or value.symbols.isdisjoint(multiple):
        return value, 1
    try:
        found = substitute(value, {name: by * symbol(name) for name, by in multiple.items()})
        return _back(found, multiple) or (value, 1)
    except DimTooLarge:
        return value, 1


def _back(value: Dim, multiple: dict[str, int]) -> tuple[Dim, int] | None:
    """The same of the sizes themselves, where its symbols are their parts."""
    if not isinstance(value, Poly):
        return value, 1
    parts: list[tuple[int, int, Dim]] = [(value.const, 1, 1)]
    for mono, factor in value.terms:
        under, product = 1, None
        for atom in mono:
            if not isinstance(atom, str):
                if not atom.inner.symbols.isdisjoint(multiple):
                    return None
                factor_: Dim = atom.inner // atom.by
            else:
                under *= multiple.get(atom, 1)
                factor_ = symbol(atom)
            product = factor_ if product is None else product * factor_
        parts.append((factor, under, 1 if product is None else product))
    by = lcm(*(under // _gcd(factor, under) for factor, under, _ in parts))
    total: Dim = 0
    for factor, under, product in parts:
        total = total + (factor * by // under) * product
    return total, by


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return abs(a) or 1
