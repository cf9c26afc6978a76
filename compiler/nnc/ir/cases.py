"""What is known of symbols, and a size looked at on each class of residues of its symbols."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from math import lcm

from nnc.ir.allowed import Allowed
from nnc.ir.decide import vanishes
from nnc.ir.dims import Dim, Poly, show, substitute
from nnc.ir.periods import degrees, periods

CLASSES = 4096  # so many residues of one symbol are looked at,
JOINT = 20_000  # so many combinations of several,
POINTS = 64  # and so many points of each
WORK = 2_000_000  # the decisions on one network together look at no more points
ANY = Allowed()

Combo = tuple[int, ...]


class Refused(Exception):
    """A statement cannot hold, cannot be told as a condition, or costs too much; says why."""


class Knowledge:
    """The allowed values of each symbol, and the symbols that are formulas of others.

    `zero` holds sizes found to be 0, `bounded` those found to be at least a number; they stay true,
    as knowledge only narrows. `simple` caches simplified sizes until something is narrowed.
    """

    def __init__(self) -> None:
        self.order: dict[str, int] = {}
        self.sets: dict[str, Allowed] = {}
        self.equals: dict[str, Dim] = {}
        self.zero: set[Dim] = set()
        self.bounded: set[tuple[Dim, int]] = set()
        self.simple: dict[Dim, Dim] = {}
        self.work = 0

    def restore(self, other: Knowledge) -> None:
        """Takes over what `other` knows; work done stays done."""
        self.order, self.sets = dict(other.order), dict(other.sets)
        self.equals, self.simple = dict(other.equals), dict(other.simple)
        self.zero, self.bounded = set(other.zero), set(other.bounded)
        self.work = max(self.work, other.work)

    def copy(self) -> Knowledge:
        """An independent copy."""
        other = Knowledge()
        other.restore(self)
        return other

    def see(self, names: Iterable[str]) -> list[str]:
        """The names in the order in which they became known; new ones come last."""
        for name in sorted(names):
            self.order.setdefault(name, len(self.order))
        return sorted(names, key=self.order.__getitem__)

    def allowed(self, name: str) -> Allowed:
        """The values of a symbol that is no formula of others."""
        return self.sets.get(name, ANY)

    def resolve(self, d: Dim) -> Dim:
        """The size in symbols that are no formulas of others."""
        return substitute(d, self.equals) if self.equals else d

    def narrow(self, name: str, values: Allowed | None) -> None:
        """Allows a symbol these values only.

        Raises:
            Refused: there are none.
        """
        if values is None:
            raise Refused(f"no value is left for {name}")
        if values.count() == 1:
            self.define(name, values.least)
            return
        self.sets[name] = values
        self.simple.clear()

    def define(self, name: str, formula: Dim) -> None:
        """Makes a symbol a formula of others (or a number) from here on."""
        self.sets.pop(name, None)
        self.equals[name] = formula
        for other, d in self.equals.items():
            self.equals[other] = substitute(d, {name: formula})
        self.simple.clear()

    def spend(self, points: int) -> None:
        """Counts the points that are looked at.

        Raises:
            Refused: they are too many for one network.
        """
        self.work += points
        if self.work > WORK:
            raise Refused("the symbolic sizes of this network have too many cases")


class Cases:
    """A size on the classes of residues of its symbols; on each it is a polynomial.

    Raises:
        Refused: there are too many classes.
    """

    def __init__(self, known: Knowledge, d: Poly) -> None:
        self.known, self.d, self.names = known, d, known.see(d.symbols)
        self.sets = [known.allowed(name) for name in self.names]
        repeat, self.degree = periods(d), degrees(d)
        self.step: dict[str, int] = {}
        self.count, self.points = 1, 1
        for name, values in zip(self.names, self.sets):
            self.step[name] = lcm(values.modulus, repeat[name])
            self.count *= len(values.residues) * (self.step[name] // values.modulus)
            self.points *= self.degree[name] + 1
        limit = CLASSES if len(self.names) == 1 else JOINT
        if self.points > POINTS or self.count > limit:
            raise Refused(f"{show(d)} has too many cases to be decided")

    def combos(self) -> Iterator[Combo]:
        """One residue of each symbol, in all combinations."""
        for combo in product(
            *(values.classes(self.step[name]) for name, values in zip(self.names, self.sets))
        ):
            self.known.spend(self.points)
            yield combo

    def base(self, combo: Combo) -> dict[str, int]:
        """The smallest allowed values in a class."""
        return {
            name: values.least + (residue - values.least) % self.step[name]
            for name, values, residue in zip(self.names, self.sets, combo)
        }

    def residues(self, combo: Combo) -> dict[str, int]:
        """The residues of a class by symbol."""
        return dict(zip(self.names, combo))

    def vanish(self, combo: Combo) -> bool:
        """Whether the size is 0 on a class."""
        return vanishes(self.d, self.residues(combo), self.step, self.degree)
