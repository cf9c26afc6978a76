"""Runs of new or missing layers moved to where they begin with a step that a person wrote.

Where equal layers follow one another an alignment has a choice: of `a b` and `a b a b`, the new
ones may be `a b` or `b a`. Names that are counted do not tell, a run that begins with a turn of a
loop, a block or a statement does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nnc.passes.holders import Holder, Pair

FURTHEST = 400
"""A run is moved by so many layers at most."""


def slid(pairs: Sequence[Pair], named: Callable[[Holder], bool]) -> list[Pair]:
    """The same alignment, each run where it begins and ends best.

    Args:
        pairs: an alignment in order.
        named: whether a person gave a layer's name: such a pair is never parted.
    """
    a, b = [pair.a for pair in pairs], [pair.b for pair in pairs]
    _one_side(b, a, named)
    _one_side(a, b, named)
    return [Pair(x, y) for x, y in zip(a, b)]


def _one_side(
    own: list[Holder | None], other: list[Holder | None], named: Callable[[Holder], bool]
) -> None:
    """Moves the runs that only the first side has."""
    at = 0
    while at < len(own):
        if own[at] is None or other[at] is not None:
            at += 1
            continue
        end = at
        while end < len(own) and own[end] is not None and other[end] is None:
            end += 1
        at = _best(own, other, at, end, named) + 1


def _best(
    own: list[Holder | None],
    other: list[Holder | None],
    start: int,
    end: int,
    named: Callable[[Holder], bool],
) -> int:
    """Moves the run from `start` to `end`; returns where it ends then."""
    length = end - start
    alike = {start: 0}  # how many more layers keep their places where the run begins there
    while len(alike) < FURTHEST and _may(
        own, other, min(alike) - 1, min(alike) + length - 1, named
    ):
        at = min(alike) - 1
        alike[at] = alike[at + 1] + _kept(own[at + length], other[at]) - _kept(own[at], other[at])
    while len(alike) < FURTHEST and _may(own, other, max(alike) + length, max(alike), named):
        at = max(alike)
        z = other[at + length]
        alike[at + 1] = alike[at] + _kept(own[at], z) - _kept(own[at + length], z)

    def worth(begin: int) -> tuple[int, int, int, int]:
        first = _begins(own, begin)
        ends = 2 * first if begin + length == len(own) else first + _begins(own, begin + length)
        return (ends, alike[begin], -abs(begin - start), begin)

    best = max(alike, key=worth)
    while start > best:
        start, end = start - 1, end - 1
        other[end], other[start] = other[start], None
    while start < best:
        other[start], other[end] = other[end], None
        start, end = start + 1, end + 1
    return end


def _may(
    own: list[Holder | None],
    other: list[Holder | None],
    pair: int,
    single: int,
    named: Callable[[Holder], bool],
) -> bool:
    """Whether the partner of one layer may be that of another one as well."""
    if not 0 <= pair < len(own):
        return False
    x, y, z = own[pair], own[single], other[pair]
    if x is None or y is None or z is None or (named(x) and x.place == z.place):
        return False
    return (x.word, x.outputs, x.weights, x.text) == (y.word, y.outputs, y.weights, y.text)


def _kept(x: Holder | None, z: Holder | None) -> bool:
    return x is not None and z is not None and x.place == z.place


def _begins(own: list[Holder | None], at: int) -> int:
    """How well something may begin at a layer."""
    holder = own[at]
    return 0 if holder is None else holder.begins
