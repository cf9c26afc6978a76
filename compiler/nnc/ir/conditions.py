"""Conditions on symbolic sizes: told in words, stored in a model, enforced on data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nnc.ir.allowed import ONE_CLASS, Allowed, allowed
from nnc.ir.dims import Dim, Poly, evaluate, show, symbols
from nnc.ir.dimtext import parse
from nnc.record import Record

LISTED = 6  # so many remainders are listed in words
FURTHER = 4096  # sizes that are tried for one that fits
MODULUS = 100_000  # a stored condition with a larger modulus is no condition of ours

JsonCondition = dict[str, int | str | list[int] | None]


class Condition(Record):
    """What one symbol must be: a residue modulo `modulus` within bounds, or equal to a size."""

    symbol: str
    modulus: int = 1
    residues: tuple[int, ...] = (0,)
    least: int = 1
    most: int | None = None
    equals: Dim | None = None


def words(condition: Condition) -> tuple[str, ...]:
    """The condition as sentences: "H must be a multiple of 16", "H must be at least 32"."""
    name = condition.symbol
    if isinstance(condition.equals, Poly):
        return (f"{name} must equal {show(condition.equals)}",)
    if condition.equals is not None:
        return (f"{name} must be {condition.equals}",)
    said = []
    if condition.modulus > 1:
        said.append(f"{name} {_residue_words(condition.modulus, condition.residues)}")
    plain = allowed(condition.modulus, condition.residues, 1)
    if plain is None or condition.least > plain.least:
        said.append(f"{name} must be at least {condition.least}")
    if condition.most is not None:
        said.append(f"{name} must be at most {condition.most}")
    return tuple(said)


def holds(conditions: Iterable[Condition], env: Mapping[str, int]) -> str | None:
    """What the sizes in `env` violate, in words; None when all conditions hold.

    A condition on symbols that have no value in `env` is passed over.
    """
    for condition in conditions:
        name = condition.symbol
        if name not in env:
            continue
        if condition.equals is not None:
            if symbols(condition.equals) <= env.keys():
                wanted = evaluate(condition.equals, env)
                if env[name] != wanted:
                    formula = show(condition.equals)
                    tail = "" if formula == str(wanted) else f" = {wanted}"
                    return f"{name} is {env[name]}, it must be {formula}{tail}"
            continue
        if not _set(condition).has(env[name]):
            said = words(condition) or (f"{name} must be at least {condition.least}",)
            return f"{name} is {env[name]}, but {' and '.join(said)}"
    return None


def fitting(conditions: Iterable[Condition], symbol: str, size: int) -> int | None:
    """The nearest larger size that the conditions on one symbol allow, else the nearest smaller.

    None where there is none in reach.
    """
    own = [c for c in conditions if c.symbol == symbol and c.equals is None]
    tried = (*range(size, size + FURTHER), *range(size - 1, 0, -1))
    return next((n for n in tried if all(_set(c).has(n) for c in own)), None)


def condition_of(name: str, values: Allowed) -> Condition:
    """The condition that a symbol is in this set."""
    residues = tuple(sorted(values.residues))
    return Condition(name, values.modulus, residues, values.least, values.most)


def to_json(condition: Condition) -> JsonCondition:
    """The condition as JSON, in which a size is written as text."""
    equals = condition.equals
    return {
        "symbol": condition.symbol,
        "modulus": condition.modulus,
        "residues": list(condition.residues),
        "least": condition.least,
        "most": condition.most,
        "equals": None if equals is None else show(equals),
    }


def from_json(stored: Mapping[str, object]) -> Condition:
    """The condition that `to_json` wrote.

    Raises:
        ValueError: it is none.
        DimTooLarge: its size is out of bounds.
    """
    name, equals, residues = stored.get("symbol"), stored.get("equals"), stored.get("residues", [0])
    modulus, least = stored.get("modulus", 1), stored.get("least", 1)
    most = stored.get("most")
    if not isinstance(name, str) or not isinstance(equals, str | None):
        raise ValueError("a condition needs a symbol")
    if not isinstance(modulus, int) or not 1 <= modulus <= MODULUS or not isinstance(least, int):
        raise ValueError(f"the condition on {name} needs whole numbers")
    if not isinstance(residues, list) or not residues or not isinstance(most, int | None):
        raise ValueError(f"the condition on {name} needs remainders")
    rest = tuple(residue for residue in residues if isinstance(residue, int))
    if len(rest) != len(residues) or len(rest) > modulus:
        raise ValueError(f"the condition on {name} needs whole remainders")
    return Condition(name, modulus, rest, least, most, None if equals is None else parse(equals))


def _set(condition: Condition) -> Allowed:
    rest = frozenset(condition.residues)
    return Allowed(condition.modulus, rest, condition.least, condition.most)


def _residue_words(modulus: int, residues: tuple[int, ...]) -> str:
    if frozenset(residues) == ONE_CLASS:
        return f"must be a multiple of {modulus}"
    if modulus == 2:
        return "must be odd"
    missing = sorted(set(range(modulus)).difference(residues)) if modulus <= MODULUS else []
    if missing == [0]:
        return f"must not be a multiple of {modulus}"
    if len(missing) < len(residues) and len(missing) <= LISTED:
        return f"% {modulus} must not be {_either(missing)}"
    return f"% {modulus} must be {_either(residues)}"


def _either(numbers: Iterable[int]) -> str:
    listed = [str(number) for number in numbers]
    if len(listed) > LISTED:
        listed = [*listed[: LISTED - 1], f"{len(listed) - LISTED + 1} others"]
    return " or ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)
