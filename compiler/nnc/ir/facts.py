"""What is known of the symbols of a network, and the statements that narrow it.

A shape rule states an equality, a least size or a divisibility. It is *proved* when it holds for
all allowed values, *assumed* when the facts could be narrowed so that it does (the network then
works under a condition), and *refused* when it cannot hold or the condition cannot be told;
`reason` then says why, and the facts stay as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from nnc.ir.allowed import Allowed
from nnc.ir.cases import ANY, Knowledge, Refused
from nnc.ir.conditions import Condition, condition_of, holds, words
from nnc.ir.dims import Dim, DimTooLarge, Poly, evaluate, show, symbol, symbols
from nnc.ir.statements import least, simple, zero

__all__ = ["Condition", "Facts", "Outcome", "holds"]

Outcome = Literal["proved", "assumed", "refused"]

FREE = 4  # so many symbols are varied one by one among the corners


class Facts:
    """The allowed values of each symbol, and which symbols are formulas of others.

    Symbols need no declaration; they are whole numbers of at least 1. Where one of two must be
    expressed by the other, it is the one declared, else seen, later.
    """

    def __init__(self) -> None:
        self.reason = ""
        self._known = Knowledge()
        self._start: dict[str, Allowed] = {}

    def declare(self, name: str, least: int = 1) -> None:
        """Makes a symbol known, after those before it; it is at least `least`."""
        self._known.see((name,))
        if least != 1 and name not in self._start:
            self._start[name] = self._known.sets[name] = Allowed(least=least)

    def copy(self) -> Facts:
        """An independent copy, for a trial."""
        other = Facts()
        other.restore(self)
        return other

    def restore(self, other: Facts) -> None:
        """Goes back to what `other`, a copy made earlier, knows."""
        self.reason, self._start = other.reason, dict(other._start)
        self._known.restore(other._known)

    def equal(self, a: Dim, b: Dim) -> Outcome:
        """States that two sizes are equal."""
        return self._state(lambda: zero(self._known, a - b, True))

    def proves_equal(self, a: Dim, b: Dim) -> bool:
        """Whether two sizes are equal for all allowed values; narrows nothing."""
        return self._state(lambda: zero(self._known, a - b, False)) == "proved"

    def at_least(self, d: Dim, low: int) -> Outcome:
        """States that a size is `low` or more.

        Of several symbols that all make it grow, each is raised to the same least value, which may
        ask for more than is needed.
        """
        return self._state(lambda: least(self._known, d, low, True))

    def proves_at_least(self, d: Dim, low: int) -> bool:
        """Whether a size is `low` or more for all allowed values; narrows nothing."""
        return self._state(lambda: least(self._known, d, low, False)) == "proved"

    def divisible(self, d: Dim, k: int) -> Outcome:
        """States that `k`, at least 1, divides a size."""
        outcome = self._state(lambda: zero(self._known, d % k, True))
        if outcome == "refused":
            self.reason = f"{show(d)} cannot be made a multiple of {k}: {self.reason}"
        return outcome

    def proves_divisible(self, d: Dim, k: int) -> bool:
        """Whether `k` divides a size for all allowed values; narrows nothing."""
        return self._state(lambda: zero(self._known, d % k, False)) == "proved"

    def simplify(self, d: Dim) -> Dim:
        """The size with equal symbols put in, and without the floors whose remainder is known."""
        known = self._known
        if isinstance(d, Poly) and not (
            d.symbols.isdisjoint(known.equals) and d.symbols.isdisjoint(known.sets)
        ):
            return simple(known, d)
        return d

    def condition_list(self) -> tuple[Condition, ...]:
        """What was assumed of each symbol, in the order in which symbols became known."""
        known, found = self._known, []
        for name in known.order:
            if name in known.equals:
                found.append(Condition(name, equals=self.simplify(known.equals[name])))
            elif known.allowed(name) != self._start.get(name, ANY):
                found.append(condition_of(name, known.allowed(name)))
        return tuple(found)

    def conditions(self) -> tuple[str, ...]:
        """What was assumed, in words: "H must be a multiple of 16"."""
        return tuple(text for condition in self.condition_list() for text in words(condition))

    def example(self, names: Iterable[str] | None = None) -> dict[str, int]:
        """The smallest legal value of each symbol, of those named or of all known."""
        return self._assign(self._known.order if names is None else names, {})

    def corners(self, names: Iterable[str] | None = None) -> tuple[dict[str, int], ...]:
        """A few legal assignments: the smallest, the next of each symbol alone, one larger of all.

        The larger one tells symbols apart that need not be equal.
        """
        wanted = list(self._known.order if names is None else names)
        choices: list[dict[str, int]] = [{}]
        larger: dict[str, int] = {}
        for i, name in enumerate(name for name in wanted if name not in self._known.equals):
            values = self._known.allowed(name)
            following = values.following(values.least + 1)
            if following is not None and i < FREE:
                choices.append({name: following})
            larger[name] = _larger(values, i)
        found: list[dict[str, int]] = []
        for choice in (*choices, larger):
            corner = self._assign(wanted, choice)
            if corner not in found:
                found.append(corner)
        return tuple(found)

    def _assign(self, names: Iterable[str], chosen: Mapping[str, int]) -> dict[str, int]:
        """The values of the named symbols where some are chosen and the others are smallest."""
        found = {}
        for name in names:
            formula = self._known.resolve(symbol(name))
            env = {
                free: chosen.get(free, self._known.allowed(free).least) for free in symbols(formula)
            }
            found[name] = evaluate(formula, env)
        return found

    def _state(self, statement: Callable[[], Outcome]) -> Outcome:
        self.reason = ""
        try:
            return statement()
        except (Refused, DimTooLarge) as refusal:
            self.reason = str(refusal)
            return "refused"


def _larger(values: Allowed, which: int) -> int:
    """A value beyond the smallest, another one for each symbol."""
    value = values.following(values.least + max(16, values.least // 2))
    if value is None:
        return list(values.values(FREE + which))[-1]
    for _ in range(min(which, FREE)):
        value = values.following(value + 1) or value
    return value
