"""How long the values of a graph are needed."""

from __future__ import annotations

from nnc.ir.graph import Graph
from nnc.record import Record


class Lives(Record):
    """For each value of a graph.

    Args:
        last: the item after which nothing reads it: the number of items for an output, -1 for what
            is not read. A value from outside a loop that several turns read lives as long as the
            loop, so that its turns print alike and one turn more reads it too.
        uses: how often it is read.
    """

    last: list[int]
    uses: list[int]


def lives(graph: Graph) -> Lives:
    """The lives of a graph's values."""
    last, uses = [-1] * len(graph.types), [0] * len(graph.types)
    made_in: dict[int, set[int]] = {}  # the loops that a value was made in
    first_read: dict[tuple[int, int], int] = {}  # the turn, by value and loop from outside of it
    often: set[tuple[int, int]] = set()
    ends: dict[int, int] = {}
    for at, item in enumerate(graph.items):
        for turn in item.turns:
            ends[turn.loop] = at
        made_in.update((value, {turn.loop for turn in item.turns}) for value in item.outputs)
        for value in item.inputs:
            if value is None:
                continue
            last[value] = at
            uses[value] += 1
            for turn in item.turns:
                if turn.loop in made_in.get(value, ()):
                    continue
                if first_read.setdefault((value, turn.loop), turn.index) != turn.index:
                    often.add((value, turn.loop))
    for value, loop in often:
        last[value] = max(last[value], ends[loop] + 1)
    for port in graph.outputs:
        last[port.value] = len(graph.items)
        uses[port.value] += 1
    return Lives(last, uses)
