"""What changed, told by blocks: all layers of a block in one line, equal ones after another in one.

Nothing is lost: each entry holds its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from nnc.ir.dims import Dim
from nnc.ir.graph import Call, Graph, Network, Scan
from nnc.ir.written import step_text
from nnc.passes.holders import Holder
from nnc.record import Record

Change = Literal["added", "removed", "changed", "rewired", "renamed", "same"]
LONGEST = 12
"""So many entries that come again and again are found."""
OFTEN = 3
"""So often they must come; one alone twice."""


class Row(Record):
    """One layer of either network, or of both; `weights` are those that are trained.

    `at_a`, `at_b`: their numbers in the order in which layers run.
    """

    change: Change
    a: Holder | None
    b: Holder | None
    weights_a: Dim
    weights_b: Dim
    at_a: int = -1
    at_b: int = -1


class Block(Record):
    """A call: where, as written, what it gives, and which layers it is, `end` exclusive."""

    place: str
    text: str
    outputs: tuple[tuple[Dim, ...], ...]
    start: int
    end: int


class Entry(Record):
    """Some rows of one change: one layer, or all of a block of A, of B, or both."""

    change: Change
    rows: tuple[Row, ...]
    a: Block | None = None
    b: Block | None = None

    @property
    def weights(self) -> tuple[Dim, Dim]:
        """How many are trained, in A and in B."""
        before: Dim = 0
        after: Dim = 0
        for row in self.rows:
            before, after = before + row.weights_a, after + row.weights_b
        return before, after

    @property
    def kind(self) -> object:
        """What two entries have in common that differ in their places alone."""
        sides = [(x.text, x.outputs) if x is not None else None for x in self.sides]
        return (self.change, *sides, self.weights, len(self.rows))

    @property
    def sides(self) -> tuple[Block | Holder | None, Block | Holder | None]:
        """What stands in A and in B."""
        return (self.a or self.rows[0].a, self.b or self.rows[0].b)


class Group(Record):
    """Entries that come `times` times after one another; `last` is the last of all."""

    entries: tuple[Entry, ...]
    times: int
    last: Entry


def blocks(network: Network) -> tuple[Block, ...]:
    """The calls of a network, outer ones first."""
    found: list[Block] = []
    _blocks(network.graph, "", 0, found)
    return tuple(found)


def _blocks(graph: Graph, place: str, count: int, found: list[Block]) -> int:
    """Returns the number of the layer that comes next."""
    for item in graph.items:
        if not isinstance(item.op, Call):
            count += 1
            continue
        at, start = len(found), count
        where, borders = place + item.name, isinstance(item.op, Scan)
        outputs = tuple(graph.types[v].dims for v in item.outputs)
        found.append(Block(where, step_text(item.op), outputs, start, start))
        count = _blocks(item.op.graph, where + ".", count + borders, found) + borders
        found[at] = Block(where, step_text(item.op), outputs, start, count)
    return count


def grouped(
    rows: Sequence[Row], a: Sequence[Block], b: Sequence[Block], skipped: Sequence[Change]
) -> tuple[Group, ...]:
    """The rows as groups of entries, in order; those of skipped kinds are left out."""
    entries = _entries(rows, _around(a), _around(b), set(skipped))
    kinds = [entry.kind for entry in entries]
    groups: list[Group] = []
    at = 0
    while at < len(entries):
        length, times = period(kinds, at)
        last = entries[at + length * times - 1]
        groups.append(Group(tuple(entries[at : at + length]), times, last))
        at += length * times
    return tuple(groups)


def _around(blocks: Sequence[Block]) -> dict[int, list[Block]]:
    """For each layer the blocks that begin with it, outer ones first."""
    found: dict[int, list[Block]] = {}
    for block in blocks:
        found.setdefault(block.start, []).append(block)
    return found


def _entries(
    rows: Sequence[Row], a: dict[int, list[Block]], b: dict[int, list[Block]], skipped: set[Change]
) -> list[Entry]:
    found: list[Entry] = []
    at = 0
    while at < len(rows):
        row = rows[at]
        if row.change in skipped:
            at += 1
            continue
        entry = _block_entry(rows, at, a.get(row.at_a, []), b.get(row.at_b, []))
        found.append(entry or Entry(row.change, (row,)))
        at += len(found[-1].rows)
    return found


def _block_entry(rows: Sequence[Row], at: int, a: list[Block], b: list[Block]) -> Entry | None:
    """The outermost block that begins with a row and all of which changed in the same way."""
    change = rows[at].change
    for x in a if change != "added" else [None]:
        for y in b if change != "removed" else [None]:
            length = max(each.end - each.start for each in (x, y) if each is not None)
            own = rows[at : at + length]
            if length < 2 or len(own) < length or any(row.change != change for row in own):
                continue
            if _all(x, [row.at_a for row in own]) and _all(y, [row.at_b for row in own]):
                return Entry(change, tuple(own), x, y)
    return None


def _all(block: Block | None, numbers: list[int]) -> bool:
    """Whether these are a block's layers, in order."""
    return block is None or numbers == list(range(block.start, block.end))


def period(kinds: Sequence[object], at: int) -> tuple[int, int]:
    """How many from here on come how often: one thing twice, several OFTEN at least."""
    for length in range(1, LONGEST + 1):
        own = kinds[at : at + length]
        times = 1
        while kinds[at + length * times : at + length * (times + 1)] == own:
            times += 1
        if times >= (2 if length == 1 else OFTEN):
            return length, times
    return 1, 1
