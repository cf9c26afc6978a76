"""Turns of loops that do the same and follow one another, folded into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnc.ir.graph import Graph, Item
from nnc.ir.written import step_text
from nnc.record import Record


class Repeat(Record):
    """Turns of a loop that are alike and follow one another; `items` are the first's.

    `reads`: what the first reads of outside, `carried` the one of them that the turn before makes
    for all others; the rest is the same in each.
    """

    items: tuple[Item, ...]
    count: int
    reads: tuple[int, ...]
    carried: int
    first_result: int
    last_result: int


class _Turn(Record):
    """One turn: what its steps are, what it reads from outside, what of it is read outside."""

    items: tuple[Item, ...]
    rows: tuple[object, ...]
    reads: tuple[int, ...]
    results: tuple[int, ...]

    def same(self, other: _Turn) -> bool:
        """The other does the same with its own input."""
        return self.rows == other.rows and self.place_of_result == other.place_of_result

    @property
    def place_of_result(self) -> int:
        made = [value for item in self.items for value in item.outputs]
        return made.index(self.results[0]) if len(self.results) == 1 else -1


def units(
    graph: Graph, items: Sequence[Item], results: Sequence[int], level: int
) -> Iterator[Item | Repeat]:
    """Items in order, with turns of loops at a level folded where they are alike."""
    at = 0
    while at < len(items):
        turns = items[at].turns
        if len(turns) <= level:
            yield items[at]
            at += 1
            continue
        end = at
        while end < len(items) and _loop(items[end], level) == turns[level].loop:
            end += 1
        yield from _folded(graph, items, results, at, end, level)
        at = end


def _loop(item: Item, level: int) -> int:
    return item.turns[level].loop if len(item.turns) > level else -1


def _folded(
    graph: Graph, items: Sequence[Item], results: Sequence[int], at: int, end: int, level: int
) -> Iterator[Item | Repeat]:
    """The units of one loop, which are the items from `at` to `end`."""
    bodies: dict[int, list[Item]] = {}
    for item in items[at:end]:
        bodies.setdefault(item.turns[level].index, []).append(item)
    readers: dict[int, set[int]] = {value: {-1} for value in results}
    for number, item in enumerate(items):
        turn = item.turns[level].index if at <= number < end else -1
        for value in item.inputs:
            if value is not None:
                readers.setdefault(value, set()).add(turn)
    turns = [_turn(graph, index, tuple(body), readers) for index, body in bodies.items()]
    start = 0
    while start < len(turns):
        stop, carried = start + 1, -1
        while stop < len(turns):
            found = _carried(turns[stop - 1], turns[stop], readers)
            if found < 0 or carried not in (-1, found):
                break
            stop, carried = stop + 1, found
        first, last = turns[start], turns[stop - 1]
        if stop - start > 1:
            result, end_ = first.results[0], last.results[0]
            yield Repeat(first.items, stop - start, first.reads, carried, result, end_)
        else:
            yield from units(graph, first.items, first.results, level + 1)
        start = stop


def _carried(a: _Turn, b: _Turn, readers: dict[int, set[int]]) -> int:
    """Which read of a turn is the result of the one before, if it does the same, else -1."""
    if not a.same(b) or len(b.results) != 1 or len(a.reads) != len(b.reads):
        return -1
    own = [at for at, (x, y) in enumerate(zip(a.reads, b.reads)) if x != y]
    if len(own) != 1 or b.reads[own[0]] != a.results[0]:
        return -1
    readers_of = readers[a.results[0]]
    return own[0] if len(readers_of) <= 2 and -1 not in readers_of else -1


def _turn(graph: Graph, index: int, items: tuple[Item, ...], readers: dict[int, set[int]]) -> _Turn:
    made: dict[int, int] = {}
    reads: list[int] = []
    rows: list[object] = []
    for item in items:
        sources: list[object] = []
        for value in item.inputs:
            if value is not None and value not in made:
                if value not in reads:
                    reads.append(value)
                sources.append(("outside", reads.index(value)))
            else:
                sources.append(None if value is None else made[value])
        for value in item.outputs:
            made[value] = len(made)
        types = graph.types_of((*item.inputs, *item.outputs))
        rows.append((step_text(item.op), tuple(sources), types))
    results = tuple(value for value in made if readers.get(value, set()) - {index})
    return _Turn(items, tuple(rows), tuple(reads), results)
