"""A network as boxes and arrows: blocks folded, alike turns of a loop one box, chains one card.

Layers that change no sizes and cost no multiply-adds (activations, norms, dropout) join the card of
the layer before them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from nnc.ir.dims import Dim, product
from nnc.ir.graph import Call, Graph, Item, Network, Scan
from nnc.ir.types import TensorType
from nnc.ir.walk import Totals, totals
from nnc.ir.written import step_text
from nnc.layers.source import PerSample
from nnc.record import Record, replace

Kind = Literal["input", "output", "enter", "leave", "layer", "join", "block", "repeat"]
JOINS = ("add", "concat", "mul", "stack")
MANY = 3000
"""More boxes than that are no picture any more."""
FEW = 36
"""Blocks are opened by themselves while a picture has no more boxes."""


class TooLarge(Exception):
    """The picture would have too many boxes."""


class Line(Record):
    """One step on a box: as written, the name that `as` gives it, and what it learns."""

    text: str
    label: str = ""
    weights: Dim = 0


class Box(Record):
    """A box: a card of steps, a port of its scene, or a frame around an inner scene.

    `times`: so many alike ones follow one another. `macs`: multiply-adds of one.
    """

    kind: Kind
    lines: tuple[Line, ...]
    place: str = ""
    macs: Dim = 0
    times: int = 1
    inside: Scene | None = None


class Edge(Record):
    """An arrow between two boxes by their numbers, with the type of what flows."""

    start: int
    end: int
    type: TensorType


class Scene(Record):
    """Boxes in an order in which they can run, and arrows."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


ENTER, LEAVE = Box("enter", ()), Box("leave", ())


def scene_of(network: Network, depth: int | None = None) -> Scene:
    """The picture of a network.

    `depth`: how many levels of blocks are opened; by default as many as leave the picture small.

    Raises:
        TooLarge: it would have more than MANY boxes.
    """
    if depth is not None:
        return _Builder().network(network, depth)
    depth, scene = 0, _Builder().network(network, 0)
    while _closed(scene):
        try:
            opened = _Builder(FEW).network(network, depth + 1)
        except TooLarge:
            break
        depth, scene = depth + 1, opened
    return scene


def _closed(scene: Scene) -> bool:
    """Whether a block is left that could be opened."""
    return any(
        _closed(box.inside) if box.inside is not None else box.kind == "block"
        for box in scene.boxes
    )


class Repeat(Record):
    """Turns of a loop that are alike and follow one another; `items` are the first's."""

    items: tuple[Item, ...]
    count: int
    entry: int
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


class _Builder:
    """Makes scenes; counts boxes over all of them."""

    def __init__(self, limit: int = MANY) -> None:
        self.left = limit
        self.totals: dict[int, Totals] = {}

    def network(self, network: Network, depth: int) -> Scene:
        graph = network.graph
        inputs = [(port.value, Box("input", (Line(port.name),))) for port in graph.inputs]
        outputs = [(port.value, Box("output", (Line(port.name),))) for port in graph.outputs]
        return _SceneBuilder(self, graph, depth, "").build(graph.items, inputs, outputs, 0)

    def count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooLarge

    def sums(self, graph: Graph) -> Totals:
        if id(graph) not in self.totals:
            self.totals[id(graph)] = totals(Network(graph))
        return self.totals[id(graph)]


Ports = Sequence[tuple[int, Box]]


class _SceneBuilder:
    """Makes one scene of (some) items of a graph."""

    def __init__(
        self, whole: _Builder, graph: Graph, depth: int, place: str, counts: bool = True
    ) -> None:
        self.whole, self.graph, self.depth, self.place = whole, graph, depth, place
        self.counts = counts
        self.boxes: list[Box] = []
        self.edges: dict[tuple[int, int, int], Edge] = {}
        self.owner: dict[int, int] = {}
        self.uses: dict[int, int] = {}
        self.seen: set[str] = set()

    def build(self, items: Sequence[Item], enter: Ports, leave: Ports, level: int) -> Scene:
        items, leave = _as_written(items, leave)
        for item in items:
            for value in item.inputs:
                if value is not None:
                    self.uses[value] = self.uses.get(value, 0) + 1
        for value, box in enter:
            self.owner[value] = self._add(box)
        results = [value for value, _ in leave]
        for value in results:
            self.uses[value] = self.uses.get(value, 0) + 1
        for unit in units(self.graph, items, results, level):
            if isinstance(unit, Repeat):
                self._repeat(unit, level)
            elif not self._joined(unit):
                self._item(unit)
        for value, box in leave:
            self._edge(value, self._add(box))
        return Scene(tuple(self.boxes), tuple(self.edges.values()))

    def _add(self, box: Box) -> int:
        if box.kind not in ("enter", "leave"):
            self.whole.count()
        self.boxes.append(box)
        return len(self.boxes) - 1

    def _edge(self, value: int, end: int) -> None:
        start = self.owner[value]
        self.edges[start, end, value] = Edge(start, end, self.graph.types[value])

    def _item(self, item: Item) -> None:
        first = self._first_use(item)
        place = f"{self.place}{item.name}"
        line, macs = self._line(item, first)
        inside = None
        kind: Kind = "join" if item.op.word in JOINS else "layer"
        if isinstance(item.op, Call):
            kind = "block"
            if self.depth > 0:
                inside = self._inside(item.op.graph, f"{place}.", first)
        at = self._add(Box(kind, (line,), place, macs, 1, inside))
        self._link(item.inputs, item.outputs, at)

    def _inside(self, graph: Graph, place: str, counts: bool) -> Scene:
        builder = _SceneBuilder(self.whole, graph, self.depth - 1, place, counts)
        enter = [(port.value, ENTER) for port in graph.inputs]
        leave = [(port.value, LEAVE) for port in graph.outputs]
        return builder.build(graph.items, enter, leave, 0)

    def _repeat(self, unit: Repeat, level: int) -> None:
        builder = _SceneBuilder(self.whole, self.graph, self.depth, self.place, self.counts)
        enter, leave = [(unit.entry, ENTER)], [(unit.first_result, LEAVE)]
        inside = builder.build(unit.items, enter, leave, level + 1)
        only = inside.boxes[1]
        if len(inside.boxes) == 3 and only.times == 1:
            box = replace(only, times=unit.count)
        else:
            box = Box("repeat", (), "", 0, unit.count, inside)
        at = self._add(box)
        self._link((unit.entry,), (unit.last_result,), at)

    def _link(self, inputs: Sequence[int | None], outputs: Sequence[int], at: int) -> None:
        for value in inputs:
            if value is not None:
                self._edge(value, at)
        self.owner.update(dict.fromkeys(outputs, at))

    def _joined(self, item: Item) -> bool:
        """Puts a step onto the card before it, where it only follows."""
        types = self.graph.types
        read = [value for value in item.inputs if value is not None]
        if isinstance(item.op, Call) or len(read) != 1 or len(item.outputs) != 1:
            return False
        (value,) = read
        at = self.owner[value]
        box = self.boxes[at]
        if box.kind not in ("layer", "join") or box.times > 1 or self.uses[value] > 1:
            return False
        if types[value].dims != types[item.outputs[0]].dims:
            return False
        if item.op.macs(*self.graph.types_of(item.inputs)) != 0:
            return False
        line, _ = self._line(item, self._first_use(item))
        self.boxes[at] = replace(box, lines=(*box.lines, line))
        self.owner[item.outputs[0]] = at
        return True

    def _first_use(self, item: Item) -> bool:
        """Whether the weights of an item are counted here: a shared step counts once."""
        owner = item.instance or item.name
        first = self.counts and owner not in self.seen
        self.seen.add(owner)
        return first

    def _line(self, item: Item, first: bool) -> tuple[Line, Dim]:
        types = self.graph.types_of(item.inputs)
        weights: Dim = 0
        if isinstance(item.op, Call):
            sums = self.whole.sums(item.op.graph)
            weights, macs = sums.weights, sums.macs
            if isinstance(item.op, Scan):
                macs = macs * item.op.length
        else:
            macs = item.op.macs(*types)
            for weight in item.op.weights(*types):
                if weight.role == "trained":
                    weights = weights + product(weight.dims)
        return Line(step_text(item.op), item.label, weights if first else 0), macs


def _as_written(items: Sequence[Item], leave: Ports) -> tuple[Sequence[Item], Ports]:
    """Without steps that nobody wrote, which give a weight the batch of another value."""
    same: dict[int | None, int] = {}
    for item in items:
        if isinstance(item.op, PerSample) and item.inputs[0] is not None:
            same[item.outputs[0]] = item.inputs[0]
    if not same:
        return items, leave
    kept = [item for item in items if item.outputs[0] not in same]
    return (
        [replace(item, inputs=tuple(same.get(v, v) for v in item.inputs)) for item in kept],
        [(same.get(value, value), box) for value, box in leave],
    )


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
        stop = start + 1
        while stop < len(turns) and _follows(turns[stop - 1], turns[stop], readers):
            stop += 1
        first, last = turns[start], turns[stop - 1]
        if stop - start > 1:
            count = stop - start
            yield Repeat(first.items, count, first.reads[0], first.results[0], last.results[0])
        else:
            yield from units(graph, first.items, first.results, level + 1)
        start = stop


def _follows(a: _Turn, b: _Turn, readers: dict[int, set[int]]) -> bool:
    """Whether a turn does what the one before it did, to nothing but its result."""
    if not a.same(b) or len(a.reads) != 1 or len(b.results) != 1 or b.reads != a.results:
        return False
    return len(readers[a.results[0]]) <= 2 and -1 not in readers[a.results[0]]


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
