"""Two networks, layer by layer: what was added, removed, changed, and read from elsewhere."""

from __future__ import annotations

from nnc.ir.graph import Network
from nnc.ir.walk import Step, flat, layer_rows
from nnc.passes.folding import Change as Change
from nnc.passes.folding import Group, Row, blocks, grouped
from nnc.passes.holders import Holder
from nnc.passes.transfer import Pair, Transfer, align, holders
from nnc.record import Record


class Compared(Record):
    """All rows in order, the plan for the weights, and whether inputs or outputs differ.

    `groups`: the rows that tell of a change, folded by blocks and repetitions.
    """

    rows: tuple[Row, ...]
    transfer: Transfer
    ports_differ: bool
    groups: tuple[Group, ...]

    @property
    def same(self) -> bool:
        """The two are one network."""
        return not self.ports_differ and all(row.change == "same" for row in self.rows)

    def count(self, change: Change) -> int:
        """How many layers changed in that way."""
        return sum(row.change == change for row in self.rows)


def compare(a: Network, b: Network) -> Compared:
    """What makes B of A."""
    own_a, own_b = holders(a), holders(b)
    plan = align(own_a, own_b)
    counts = [{row.place: row.weights for row in layer_rows(network)} for network in (a, b)]
    partner = _partners(plan, own_a, own_b)
    sources_a, sources_b = _sources(a), _sources(b)
    number_a = {id(holder): number for number, holder in enumerate(own_a)}
    number_b = {id(holder): number for number, holder in enumerate(own_b)}
    rows: list[Row] = []
    for pair in plan.pairs:
        change = _change(pair)
        if change in ("same", "renamed") and pair.b is not None:
            number = number_b[id(pair.b)]
            if _rewired(sources_a[partner[number]], sources_b[number], partner):
                change = "rewired"
        weights = [
            counts[side].get(h.place, 0) if h is not None and h.weights else 0
            for side, h in enumerate((pair.a, pair.b))
        ]
        at_a, at_b = number_a.get(id(pair.a), -1), number_b.get(id(pair.b), -1)
        rows.append(Row(change, pair.a, pair.b, weights[0], weights[1], at_a, at_b))
    ends_differ = _rewired(sources_a[-1], sources_b[-1], partner)
    groups = grouped(rows, blocks(a), blocks(b), ("same", "renamed"))
    return Compared(tuple(rows), plan, ends_differ or _ports(a) != _ports(b), groups)


def _change(pair: Pair) -> Change:
    x, y = pair.a, pair.b
    if x is None or y is None:
        return "added" if x is None else "removed"
    if (x.text, x.outputs, x.weights) != (y.text, y.outputs, y.weights):
        return "changed"
    return "same" if x.place == y.place else "renamed"


def _partners(plan: Transfer, a: tuple[Holder, ...], b: tuple[Holder, ...]) -> dict[int, int]:
    """The number of A's layer for the number of B's."""
    numbers_a = {id(holder): number for number, holder in enumerate(a)}
    numbers_b = {id(holder): number for number, holder in enumerate(b)}
    return {
        numbers_b[id(pair.b)]: numbers_a[id(pair.a)]
        for pair in plan.pairs
        if pair.a is not None and pair.b is not None
    }


Source = tuple[int, int]
"""A layer's number and which of its outputs; -1 and which of the network's inputs; -2: open."""


def _sources(network: Network) -> list[tuple[Source, ...]]:
    """What each layer reads, and last what the network gives."""
    view = flat(network)
    made: dict[int, Source] = {at: (-1, at) for at in range(len(network.graph.inputs))}
    found: list[tuple[Source, ...]] = []
    for number, step in enumerate(view.steps):
        found.append(_read(step, made))
        made.update({value: (number, at) for at, value in enumerate(step.outputs)})
    return [*found, tuple(made[value] for value in view.outputs)]


def _read(step: Step, made: dict[int, Source]) -> tuple[Source, ...]:
    return tuple((-2, 0) if value is None else made[value] for value in step.inputs)


def _rewired(a: tuple[Source, ...], b: tuple[Source, ...], partner: dict[int, int]) -> bool:
    """Whether a layer reads other values; one that reads a new layer is not told of twice."""
    kept = set(partner.values())
    if len(a) != len(b):
        return True
    for (layer_a, output_a), (layer_b, output_b) in zip(a, b):
        if (layer_b >= 0 and layer_b not in partner) or (layer_a >= 0 and layer_a not in kept):
            continue
        if (layer_a, output_a) != (partner.get(layer_b, layer_b), output_b):
            return True
    return False


def _ports(network: Network) -> tuple[object, ...]:
    graph = network.graph
    return tuple(
        tuple((port.name, str(graph.types[port.value])) for port in ports)
        for ports in (graph.inputs, graph.outputs)
    )
