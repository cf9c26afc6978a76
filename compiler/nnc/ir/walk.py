"""A flat view of a network: its layers in order, with places and value numbers, and sums.

Nothing is copied: a block that is called a thousand times is walked a thousand times, but its
weights and multiply-adds are worked out once a graph.
"""

from __future__ import annotations

from collections.abc import Generator

from nnc.ir.borders import Border, border_nodes
from nnc.ir.dims import Dim, product
from nnc.ir.graph import Call, Graph, Item, Network, Scan
from nnc.ir.initial import Weight
from nnc.ir.types import TensorType
from nnc.record import Record
from nnc.source import Span


class Step(Record):
    """One layer of the flat view, or a scan that was not looked into.

    Args:
        place: where it stands, `stage2.bottleneck1.relu2`.
        owner: the place that names its weights; another one at the second use of a shared step.
        tied: the full name of the weight of another layer that stands for its own, or "".
        item: the step in its graph.
        inputs: a flat value number for each port, None for one left open.
        outputs: the flat numbers of what it makes.
        graph: the graph it stands in, whose types speak of its inputs and outputs.
        turns: how often it runs, in scans; `together`: as so many samples each time.
    """

    place: str
    owner: str
    item: Item
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]
    graph: Graph
    tied: str = ""
    turns: Dim = 1
    together: Dim = 1

    @property
    def input_types(self) -> tuple[TensorType | None, ...]:
        """The type at each port."""
        return self.graph.types_of(self.item.inputs)

    @property
    def output_types(self) -> tuple[TensorType, ...]:
        """The types of what it makes."""
        types = self.graph.types
        return tuple(types[v] for v in self.item.outputs)


class BorderStep(Step):
    """The step of a border, whose values belong to two graphs.

    `sources`: for each value that it makes, the number of the one that it is made of, or None.
    `copies`: what it makes are no views.
    """

    taken: tuple[TensorType | None, ...] = ()
    made: tuple[TensorType, ...] = ()
    sources: tuple[int | None, ...] = ()
    copies: bool = False

    @property
    def input_types(self) -> tuple[TensorType | None, ...]:
        return self.taken

    @property
    def output_types(self) -> tuple[TensorType, ...]:
        return self.made


class Flat(Record):
    """All steps of a network; values 0, 1, ... are its inputs, `outputs` the values it gives."""

    steps: tuple[Step, ...]
    outputs: tuple[int, ...]


def walk(network: Network) -> Generator[Step, None, tuple[int, ...]]:
    """Yields each layer in an order in which they can run; returns the numbers of the outputs.

    Values are numbered: the network's inputs, then each layer's outputs as they come. A scan is
    one step: `walk_graph` gives the steps of its body.
    """
    return walk_graph(network.graph, "", "")


def walk_graph(graph: Graph, place: str, owner: str) -> Generator[Step, None, tuple[int, ...]]:
    """The same of one graph, whose places and owners of weights begin with `place` and `owner`."""
    count = [len(graph.inputs)]
    values = yield from _walk(graph, tuple(range(count[0])), place, owner, count, None)
    return values


def flat(network: Network) -> Flat:
    """The whole flat view at once, scans opened: `scan` begins one, and `next` ends it."""
    steps: list[Step] = []
    count = [len(network.graph.inputs)]
    walker = _walk(network.graph, tuple(range(count[0])), "", "", count, (1, 1))
    while True:
        try:
            steps.append(next(walker))
        except StopIteration as stop:
            return Flat(tuple(steps), stop.value)


def _walk(
    graph: Graph,
    inputs: tuple[int, ...],
    place: str,
    owner: str,
    count: list[int],
    turns: tuple[Dim, Dim] | None,
) -> Generator[Step, None, tuple[int, ...]]:
    """`turns`: how often it runs, and at once; None: scans are not looked into."""
    values: list[int] = [-1] * len(graph.types)
    values[: len(inputs)] = inputs
    for item in graph.items:
        taken = tuple(None if v is None else values[v] for v in item.inputs)
        where, owned = place + item.name, owner + (item.instance or item.name)
        given = tuple(v for v in taken if v is not None)
        if isinstance(item.op, Scan) and turns is not None:
            made = yield from _walk_scan(graph, item, item.op, given, where, owned, count, turns)
        elif isinstance(item.op, Call) and not isinstance(item.op, Scan):
            made = yield from _walk(item.op.graph, given, where + ".", owned + ".", count, turns)
        else:
            first = count[0]
            count[0] = first + len(item.outputs)
            made = tuple(range(first, count[0]))
            tie = None if isinstance(item.op, Call) else item.op.tied
            tied = full_name(owner + tie.owner, tie.weight) if tie is not None else ""
            yield Step(where, owned, item, taken, made, graph, tied, *(turns or (1, 1)))
        for number, value in zip(item.outputs, made):
            values[number] = value
    return tuple(values[port.value] for port in graph.outputs)


def _walk_scan(
    graph: Graph,
    item: Item,
    op: Scan,
    given: tuple[int, ...],
    place: str,
    owner: str,
    count: list[int],
    turns: tuple[Dim, Dim],
) -> Generator[Step, None, tuple[int, ...]]:
    """A scan opened: what takes apart, the body once, what stacks and carries on."""
    body, states = op.graph, op.stepped + len(op.starts)
    kept = len(given) - (len(body.inputs) - states)
    first = count[0]
    count[0] += states
    inner = tuple(range(first, count[0]))
    apart = tuple(body.types[port.value] for port in body.inputs[:states])
    known = graph.types_of(item.inputs)[:kept]
    before, behind = border_nodes(op)
    entering = Item("scan", Border("scan", before), (), (), item.span)
    starts = iter(given[op.stepped : kept])
    sources = (*given[: op.stepped], *(next(starts) if s is None else None for s in op.starts))
    yield BorderStep(
        place, owner, entering, given[:kept], inner, graph, "", *turns, known, apart, sources
    )
    within = (turns[0] * op.length, turns[1] if op.starts else turns[1] * op.length)
    values = (*inner, *given[kept:])
    made = yield from _walk(body, values, place + ".", owner + ".", count, within)
    first = count[0]
    count[0] += len(item.outputs)
    results = tuple(range(first, count[0]))
    ends = tuple(body.types[port.value] for port in body.outputs)
    outputs = tuple(graph.types[v] for v in item.outputs)
    leaving = Item("next", Border("next", behind), (), (), item.span)
    place, sources, copies = f"{place}.next", made[: len(results)], bool(op.starts)
    yield BorderStep(
        place, owner, leaving, made, results, graph, "", *turns, ends, outputs, sources, copies
    )
    return results


class PlacedWeight(Record):
    """A weight of a network under its full name, as in PyTorch's state_dict.

    `also`: the names that it has at the layers which are tied to it; a state_dict lists these too.
    `turned`: the same of layers that use it with its axes in the other order, which it does not.
    """

    name: str
    weight: Weight
    span: Span
    also: tuple[str, ...] = ()
    turned: tuple[str, ...] = ()


def weight_table(network: Network) -> tuple[PlacedWeight, ...]:
    """All weights, in the order of PyTorch's state_dict: layers by first use, shared ones once.

    A tied weight is listed once, under the name it has at the layer that owns it.
    """
    known: dict[int, tuple[PlacedWeight, ...]] = {}
    return _weights(network.graph, known)


def full_name(owner: str, weight: str) -> str:
    """A weight's name in the state_dict; a source's is its place."""
    return f"{owner}.{weight}" if weight else owner


def _weights(graph: Graph, known: dict[int, tuple[PlacedWeight, ...]]) -> tuple[PlacedWeight, ...]:
    found = known.get(id(graph))
    if found is not None:
        return found
    rows: list[PlacedWeight] = []
    own: list[PlacedWeight] = []
    seen: set[str] = set()
    ties = _ties(graph)
    for item in graph.items:
        owner = item.instance or item.name
        if owner in seen:
            continue
        seen.add(owner)
        if isinstance(item.op, Call):
            inner = _weights(item.op.graph, known)
            rows.extend(_inside(owner, row) for row in inner)
        else:
            for weight in item.op.weights(*graph.types_of(item.inputs)):
                name = full_name(owner, weight.name)
                also, turned = (ties.get((name, way), ()) for way in (False, True))
                row = PlacedWeight(name, weight, item.span, also, turned)
                (rows if weight.name else own).append(row)
    # A module lists parameters of its own first, then its buffers, then those of its parts.
    own.sort(key=lambda row: row.weight.role != "trained")
    known[id(graph)] = (*own, *rows)
    return known[id(graph)]


def _inside(owner: str, row: PlacedWeight) -> PlacedWeight:
    """A row of a graph as its caller sees it."""
    also, turned = (tuple(f"{owner}.{name}" for name in way) for way in (row.also, row.turned))
    return PlacedWeight(f"{owner}.{row.name}", row.weight, row.span, also, turned)


def _ties(graph: Graph) -> dict[tuple[str, bool], tuple[str, ...]]:
    """The further names of weights of a graph's own layers, by their names and `turned`."""
    found: dict[tuple[str, bool], tuple[str, ...]] = {}
    for item in graph.items:
        tie = None if isinstance(item.op, Call) else item.op.tied
        if tie is not None:
            key = full_name(tie.owner, tie.weight), tie.turned
            more = full_name(item.instance or item.name, "weight")
            if more not in found.get(key, ()):
                found[key] = (*found.get(key, ()), more)
    return found


class Totals(Record):
    """Sums over a graph: numbers that are trained, and multiply-adds a sample."""

    weights: Dim
    macs: Dim


def count_weights(network: Network) -> Dim:
    """How many numbers are trained."""
    return totals(network).weights


def macs(network: Network) -> Dim:
    """Multiply-adds a sample."""
    return totals(network).macs


def totals(network: Network) -> Totals:
    """Both sums, worked out once for each graph however often it is called."""
    return _totals(network.graph, {})


def _totals(graph: Graph, known: dict[int, Totals]) -> Totals:
    """`known` is keyed by the identity of graphs and items, which the network keeps alive."""
    found = known.get(id(graph))
    if found is not None:
        return found
    weights: Dim = 0
    work: Dim = 0
    seen: set[str] = set()
    for item in graph.items:
        of = _item_totals(graph, item, known)
        owner = item.instance or item.name
        if owner not in seen:
            weights = weights + of.weights
            seen.add(owner)
        work = work + of.macs
    known[id(graph)] = Totals(weights, work)
    return known[id(graph)]


def _item_totals(graph: Graph, item: Item, known: dict[int, Totals]) -> Totals:
    if isinstance(item.op, Scan):
        once = _totals(item.op.graph, known)
        return Totals(once.weights, once.macs * item.op.length)
    if isinstance(item.op, Call):
        return _totals(item.op.graph, known)
    found = known.get(id(item))
    if found is not None:
        return found
    types = graph.types_of(item.inputs)
    weights: Dim = 0
    for weight in item.op.weights(*types):
        if weight.role == "trained":
            weights = weights + product(weight.dims)
    known[id(item)] = Totals(weights, item.op.macs(*types))
    return known[id(item)]


class LayerRow(Record):
    """A line of `nnc show`: a layer, or a call not looked into. A shared step counts once.

    `tied`: the full name of the weight of another layer that stands for its own, or "".
    """

    place: str
    word: str
    outputs: tuple[TensorType, ...]
    weights: Dim
    macs: Dim
    span: Span
    tied: str = ""


def layer_rows(network: Network, depth: int | None = None) -> tuple[LayerRow, ...]:
    """One row a layer in the order they run; calls nested deeper than `depth` are one row each.

    A scan's steps come before its own row, which tells what it gives; they work once a step.
    """
    rows: list[LayerRow] = []
    _rows(network.graph, "", depth, True, 1, {}, rows)
    return tuple(rows)


def _rows(
    graph: Graph,
    place: str,
    depth: int | None,
    first: bool,
    times: Dim,
    known: dict[int, Totals],
    rows: list[LayerRow],
) -> None:
    seen: set[str] = set()
    for item in graph.items:
        owner = item.instance or item.name
        counts = first and owner not in seen
        seen.add(owner)
        if isinstance(item.op, Call) and (depth is None or depth > 0):
            below = None if depth is None else depth - 1
            turns = times * item.op.length if isinstance(item.op, Scan) else times
            _rows(item.op.graph, f"{place}{item.name}.", below, counts, turns, known, rows)
            if not isinstance(item.op, Scan):
                continue
            of = Totals(0, 0)
        else:
            of = _item_totals(graph, item, known)
        types = tuple(graph.types[v] for v in item.outputs)
        weights, work = of.weights if counts else 0, of.macs * times
        where, op = place + item.name, item.op
        tie = None if isinstance(op, Call) else op.tied
        tied = full_name(place + tie.owner, tie.weight) if tie is not None else ""
        rows.append(LayerRow(where, op.word, types, weights, work, item.span, tied))
