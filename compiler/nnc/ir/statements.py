"""Statements on sizes: each is proved, or narrows what is known so that it holds, or is refused.

Every function raises `Refused` with the reason; with `narrow=False` also where it would have to
narrow. `DimTooLarge` may pass through. Knowledge is changed only where the statement then holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from math import gcd, prod
from typing import Literal

from nnc.ir.allowed import Allowed, allowed
from nnc.ir.cases import CLASSES, Cases, Combo, Knowledge, Refused
from nnc.ir.decide import FAR, differences, never_below, rises_from, roots
from nnc.ir.dims import Dim, DimTooLarge, Poly, evaluate, exact_div, show, substitute, symbol
from nnc.ir.periods import is_increasing
from nnc.ir.simplify import simplified

ROUNDS = 2  # what a simplification leaves may be simplified again, so many times

Held = Literal["proved", "assumed"]


def zero(known: Knowledge, d: Dim, narrow: bool) -> Held:
    """States that a size is 0."""
    d = known.resolve(d)
    if not isinstance(d, Poly):
        if d:
            raise Refused(f"the two sizes always differ by {abs(d)}")
        return "proved"
    if d in known.zero:
        return "proved"
    held = _zero(known, d, narrow)
    known.zero.add(d)
    return held


def least(known: Knowledge, d: Dim, low: int, narrow: bool) -> Held:
    """States that a size is at least `low`."""
    d = known.resolve(d)
    if not isinstance(d, Poly):
        if d < low:
            raise Refused(f"it is {d}, which is less than {low}")
        return "proved"
    if (d, low) in known.bounded:
        return "proved"
    held = (
        _least_rising(known, d, low, narrow)
        if is_increasing(d)
        else _least_by_cases(known, d, low, narrow)
    )
    known.bounded.add((d, low))
    return held


def remainder(known: Knowledge, d: Dim, by: int) -> int | None:
    """The remainder of a size by `by` where all allowed values leave the same, else None."""
    try:
        rest = known.resolve(d) % by
        if not isinstance(rest, Poly):
            return rest
        cases = Cases(known, rest)
        found: int | None = None
        for combo in cases.combos():
            value = evaluate(rest, cases.residues(combo))
            if found is None:
                found = value
            elif value != found:
                return None
        return found
    except (Refused, DimTooLarge):
        return None


def simple(known: Knowledge, d: Dim) -> Dim:
    """The size without the floors whose remainder is known."""
    found = known.simple.get(d)
    if found is None:
        try:
            found = simplified(known.resolve(d), partial(remainder, known))
            for _ in range(ROUNDS):
                found = simplified(found, partial(remainder, known))
        except DimTooLarge:
            found = d
        known.simple[d] = known.simple[found] = found
    return found


# Equality


def _zero(known: Knowledge, d: Poly, narrow: bool) -> Held:
    common = gcd(*(coef for _, coef in d.terms))
    if d.const % common:
        raise Refused(f"the two sizes differ whatever {_names(known.see(d.symbols))} is")
    part = exact_div(d, common)
    assert isinstance(part, Poly)
    cases = Cases(known, part)
    if not narrow:
        if all(cases.vanish(combo) for combo in cases.combos()) or _all_numbers(
            cases, lambda value: value == 0
        ):
            return "proved"
        raise Refused("they are not equal for all sizes")
    good = [combo for combo in cases.combos() if cases.vanish(combo)]
    if len(good) == cases.count or _all_numbers(cases, lambda value: value == 0):
        return "proved"
    if len(cases.names) == 1:
        _zero_of_one(cases, good)
    elif good:
        _allow(cases, good)
    else:
        _solve(known, part)
    return "assumed"


def _zero_of_one(cases: Cases, good: Sequence[Combo]) -> None:
    """Narrows the one symbol of a size to exactly the values where the size is 0."""
    known, (name,), (values,), step = cases.known, cases.names, cases.sets, cases.step
    numbers = _numbers(cases)
    if numbers:
        _allow_numbers(cases, [n for n in numbers if evaluate(cases.d, {name: n}) == 0])
        return
    full = set(good)
    single: list[int] = []
    for combo in cases.combos():
        if combo in full:
            continue
        start = cases.base(combo)[name]
        found = roots(_changes(cases, start))
        if found is None:
            raise Refused(f"whether they can be equal is too hard to tell from {show(cases.d)}")
        single += [n for n in (start + step[name] * t for t in found) if values.has(n)]
    if not full:
        _allow_numbers(cases, sorted(single))
    elif single:
        raise Refused(f"the values of {name} for which they are equal follow no simple rule")
    else:
        residues = [residue for (residue,) in good]
        known.narrow(name, allowed(step[name], residues, values.least, values.most))


def _numbers(cases: Cases) -> list[int]:
    """All values of the one symbol of a size; none for several, or where they are too many."""
    count = cases.sets[0].count()
    if len(cases.names) > 1 or count is None or count > CLASSES:
        return []
    cases.known.spend(count)
    return list(cases.sets[0].values(count))


def _all_numbers(cases: Cases, true: Callable[[int], bool]) -> bool:
    """Whether a size of one symbol with few values is as it should be for each of them."""
    numbers = _numbers(cases)
    return bool(numbers) and all(
        true(evaluate(cases.d, {name: n})) for name in cases.names for n in numbers
    )


def _allow_numbers(cases: Cases, numbers: Sequence[int]) -> None:
    """Narrows the one symbol of a size to these values, if bounds and residues can say it."""
    (name,) = cases.names
    if not numbers:
        raise Refused(f"they are equal for no allowed {name}")
    found = allowed(cases.step[name], numbers, numbers[0], numbers[-1])
    if found is None or found.count() != len(numbers):
        listed = " or ".join(str(n) for n in numbers[:4])
        raise Refused(f"{name} would have to be {listed}{' or more' if len(numbers) > 4 else ''}")
    cases.known.narrow(name, found)


def _allow(cases: Cases, good: Sequence[Combo]) -> None:
    """Narrows the symbols of a size to these classes, if each symbol can be narrowed by itself."""
    axes = [sorted(set(axis)) for axis in zip(*good)]
    if not good:
        raise Refused(f"no value of {_names(cases.names)} does it")
    if prod(len(axis) for axis in axes) != len(good):
        raise Refused(f"{_names(cases.names)} would depend on each other")
    sets = [
        allowed(cases.step[name], axis, values.least, values.most)
        for name, values, axis in zip(cases.names, cases.sets, axes)
    ]
    if None in sets:
        raise Refused(f"no value of {_names(cases.names)} does it")
    for name, found in zip(cases.names, sets):
        cases.known.narrow(name, found)


def _solve(known: Knowledge, d: Poly) -> None:
    """Makes one symbol a formula of the others, so that the size is 0."""
    names = known.see(d.symbols)
    lone = {mono[0]: coef for mono, coef in d.terms if len(mono) == 1}
    choices = []
    for name in reversed(names):
        coef = lone.get(name, 0)
        if coef and name not in _names_without(d, name):
            choices.append((abs(coef) != 1, name, coef))
    reasons = []
    for _, name, coef in sorted(choices, key=lambda choice: choice[0]):
        reason = _try(known, partial(_isolate, known, d, name, coef))
        if reason is None:
            return
        reasons.append(reason)
    for earlier, later in combinations(names[:4], 2):
        joined = substitute(d, {later: symbol(earlier)})
        reason = _try(known, partial(_join, known, joined, earlier, later))
        if reason is None:
            return
    raise Refused(reasons[0] if reasons else f"{_names(names)} would depend on each other")


def _names_without(d: Poly, name: str) -> frozenset[str]:
    """The symbols of a size without its term that is the symbol alone."""
    rest = tuple(term for term in d.terms if term[0] != (name,))
    return Poly(rest, 0).symbols


def _try(known: Knowledge, narrow: Callable[[], None]) -> str | None:
    """Runs a narrowing that may fail halfway, undoing it then; the reason it failed, or None."""
    before = known.copy()
    try:
        narrow()
    except (Refused, DimTooLarge) as refusal:
        known.restore(before)
        return str(refusal)
    return None


def _isolate(known: Knowledge, d: Poly, name: str, coef: int) -> None:
    """Solves `coef * name + rest == 0` for the symbol."""
    rest = d - symbol(name) * coef
    by = -coef
    if abs(by) > 1:
        zero(known, rest % abs(by), narrow=True)
        rest = known.resolve(rest)
    _equate(known, name, simple(known, rest // by))


def _join(known: Knowledge, joined: Dim, earlier: str, later: str) -> None:
    """Makes two symbols equal, if that makes a size, here already with one for both, 0."""
    zero(known, joined, narrow=False)
    _equate(known, later, symbol(earlier))


def _equate(known: Knowledge, name: str, formula: Dim) -> None:
    """Makes a symbol a formula of others, to which its own conditions are handed on."""
    values = known.allowed(name)
    if values.modulus > 1:
        _member(known, formula, values)
    least(known, formula, values.least, narrow=True)
    if values.most is not None:
        least(known, values.most - formula, 0, narrow=True)
    known.define(name, simple(known, formula))


def _member(known: Knowledge, d: Dim, values: Allowed) -> None:
    """States that a size leaves one of the remainders of a set."""
    rest = known.resolve(d) % values.modulus
    if not isinstance(rest, Poly):
        if rest not in values.residues:
            raise Refused(f"{show(d)} leaves the remainder {rest} by {values.modulus}")
        return
    cases = Cases(known, rest)
    good = [
        combo
        for combo in cases.combos()
        if evaluate(rest, cases.residues(combo)) in values.residues
    ]
    if len(good) < cases.count:
        _allow(cases, good)


# Least sizes


def _least_rising(known: Knowledge, d: Poly, low: int, narrow: bool) -> Held:
    """A size that grows with each symbol is smallest at the least values."""
    names = known.see(d.symbols)
    sets = {name: known.allowed(name) for name in names}

    def corner(bound: int) -> dict[str, int] | None:
        found = {}
        for name, values in sets.items():
            value = values.following(bound)
            if value is None:
                return None
            found[name] = value
        return found

    def reaches(bound: int) -> bool:
        at = corner(bound)
        return at is None or evaluate(d, at) >= low

    if reaches(0):
        return "proved"
    if not narrow:
        raise Refused(f"{show(d)} is not always at least {low}")
    bad, good = 0, 1
    while not reaches(good):
        bad, good = good, 2 * good
        if good > FAR:
            raise Refused(f"{show(d)} would have to be at least {low}")
    while good - bad > 1:
        middle = (bad + good) // 2
        bad, good = (bad, middle) if reaches(middle) else (middle, good)
    if corner(good) is None:
        raise Refused(f"{show(d)} is always less than {low}")
    for name, values in sets.items():
        start = max(values.least, good)
        known.narrow(name, allowed(values.modulus, values.residues, start, values.most))
    return "assumed"


def _least_by_cases(known: Knowledge, d: Poly, low: int, narrow: bool) -> Held:
    cases = Cases(known, d)
    if all(_stays(cases, combo, low) for combo in cases.combos()) or _all_numbers(
        cases, lambda value: value >= low
    ):
        return "proved"
    if not narrow:
        raise Refused(f"{show(d)} is not always at least {low}")
    if len(cases.names) > 1:
        raise Refused(f"{show(d)} is not always at least {low}")
    (name,) = cases.names
    numbers = _numbers(cases)
    if numbers:
        _allow_numbers(cases, [n for n in numbers if evaluate(d, {name: n}) >= low])
        return "assumed"
    found = _bounds(cases, low)
    if found is None:
        raise Refused(f"{show(d)} is always less than {low}")
    known.narrow(name, found)
    return "assumed"


def _stays(cases: Cases, combo: Combo, low: int) -> bool:
    """Whether a size is at least `low` on a class, looked at from its least or its most end."""
    base, step = cases.base(combo), dict(cases.step)
    if never_below(cases.d, low, base, step, cases.degree):
        return True
    for name, values, residue in zip(cases.names, cases.sets, combo):
        if values.most is not None:
            base[name] = values.most - (values.most - residue) % step[name]
            step[name] = -step[name]
    return step != cases.step and never_below(cases.d, low, base, step, cases.degree)


def _bounds(cases: Cases, low: int) -> Allowed | None:
    """The values of the one symbol of a size for which it is at least `low`; None: for none.

    Where it rises and falls by turns, values below the last one that is too small are left out.
    """
    (name,), (values,) = cases.names, cases.sets
    step, keep = cases.step[name], []
    lowest, most = values.least, values.most
    for combo in cases.combos():
        start = cases.base(combo)[name]
        changes = _changes(cases, start)
        first = rises_from(changes, low)
        if first is None and len(changes) > 2:
            raise Refused(f"where {show(cases.d)} is at least {low} is too hard to tell")
        if first is None:
            steps = (changes[0] - low) // -changes[1] if len(changes) == 2 else -1
            if steps < 0:  # too small from the start, and never larger
                continue
            end = start + step * (steps + 1) - 1
            most = end if most is None else min(most, end)
        elif first > 0:
            lowest = max(lowest, start + step * (first - 1) + 1)
        keep.append(combo[0])
    return allowed(step, keep, lowest, most)


def _changes(cases: Cases, start: int) -> list[int]:
    """The differences of a size of one symbol on the class of `start`."""
    (name,) = cases.names
    step = cases.step[name]
    return differences(
        [evaluate(cases.d, {name: start + step * t}) for t in range(cases.degree[name] + 1)]
    )


def _names(names: Sequence[str]) -> str:
    return " and ".join(names)
