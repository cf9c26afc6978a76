"""The values that one symbol may have: residues within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nnc.record import Record

ONE_CLASS = frozenset((0,))


class Allowed(Record):
    """The whole numbers n from `least` to `most` with `n % modulus` in `residues`.

    `allowed` makes them so that equal sets are equal records: the modulus is the smallest that says
    the same, `least` and `most` (None: unbounded) are themselves allowed.
    """

    modulus: int = 1
    residues: frozenset[int] = ONE_CLASS
    least: int = 1
    most: int | None = None

    def classes(self, modulus: int) -> list[int]:
        """The residues modulo a multiple of `self.modulus`, in order."""
        return sorted(
            residue + step for step in range(0, modulus, self.modulus) for residue in self.residues
        )

    def has(self, value: int) -> bool:
        """Whether the symbol may have this value."""
        return (
            value % self.modulus in self.residues
            and value >= self.least
            and (self.most is None or value <= self.most)
        )

    def following(self, value: int) -> int | None:
        """The smallest allowed number that is `value` or more; None when there is none."""
        found = _upwards(max(value, self.least), self.modulus, self.residues)
        return found if self.most is None or found <= self.most else None

    def values(self, limit: int) -> Iterator[int]:
        """The smallest `limit` allowed numbers, rising."""
        value = self.following(self.least)
        while value is not None and limit > 0:
            yield value
            value, limit = self.following(value + 1), limit - 1

    def count(self) -> int | None:
        """How many numbers are allowed; None when they have no end."""
        if self.most is None:
            return None
        span = self.most - self.least + 1
        full, part = divmod(span, self.modulus)
        odd = sum((residue - self.least) % self.modulus < part for residue in self.residues)
        return full * len(self.residues) + odd


def allowed(
    modulus: int, residues: Iterable[int], least: int, most: int | None = None
) -> Allowed | None:
    """The set in its canonical form; None when nothing is allowed."""
    classes = frozenset(residue % modulus for residue in residues)
    if not classes:
        return None
    modulus, classes = _shortest(modulus, classes)
    least = _upwards(least, modulus, classes)
    if most is not None:
        most = -_upwards(-most, modulus, frozenset(-residue % modulus for residue in classes))
        if most < least:
            return None
    return Allowed(modulus, classes, least, most)


def _upwards(value: int, modulus: int, residues: frozenset[int]) -> int:
    if value % modulus in residues:
        return value
    return value + min((residue - value) % modulus for residue in residues)


def _shortest(modulus: int, residues: frozenset[int]) -> tuple[int, frozenset[int]]:
    """The smallest modulus that allows the same numbers."""
    prime, left = 2, modulus
    while left > 1:
        if prime * prime > left:
            prime = left
        while left % prime == 0:
            left //= prime
            shorter = modulus // prime
            folded = frozenset(residue % shorter for residue in residues)
            if len(folded) * prime == len(residues):
                modulus, residues = shorter, folded
        prime += 1
    return modulus, residues
