"""A network as boxes and arrows: blocks folded, alike turns of a loop one box, chains one card.

Layers that change no sizes and cost no multiply-adds (activations, norms, dropout) join the card of
the layer before them; the steps of a formula are one, as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nnc.ir.dims import Dim, product
from nnc.ir.graph import Call, Graph, Item, Network, Port, Scan
from nnc.ir.walk import Totals, totals
from nnc.ir.written import step_text
from nnc.layers.base import Layer
from nnc.record import replace
from nnc.render.scene import Box, Edge, Kind, Line, Scene, TooLarge
from nnc.render.tidied import Formula, Tidied, tidied
from nnc.render.turns import Repeat, units

JOINS = ("add", "concat", "mul", "stack", "maximum", "minimum", "sub", "div", "pow")
ANY_ORDER = ("add", "mul", "maximum", "minimum")
MANY = 3000
"""More boxes than that are no picture any more."""
FEW = 36
"""Blocks are opened by themselves while a picture has no more boxes."""


def scene_of(network: Network, depth: int | None = None) -> Scene:
    """The picture of a network.

    `depth`: how many levels of blocks are opened; by default as many as leave the picture small.

    Raises:
        TooLarge: it would have more than MANY boxes.
    """
    if depth is not None:
        return Builder().network(network, depth)
    depth, scene = 0, Builder().network(network, 0)
    while closed(scene):
        try:
            opened = Builder(FEW).network(network, depth + 1)
        except TooLarge:
            break
        depth, scene = depth + 1, opened
    return scene


def closed(scene: Scene) -> bool:
    """Whether a block is left that could be opened."""
    return any(
        closed(box.inside) if box.inside is not None else box.kind == "block" for box in scene.boxes
    )


class Builder:
    """Makes scenes; counts boxes over all of them."""

    def __init__(self, limit: int = MANY) -> None:
        self.left = limit
        self.totals: dict[int, Totals] = {}

    def network(self, network: Network, depth: int) -> Scene:
        """The scene of a network, its inputs and outputs as boxes."""
        graph = network.graph
        lengths = {port.value for port in graph.inputs if port.measures}
        padded = {port.measures for port in graph.inputs}
        builder = SceneBuilder(self, graph, depth, "", lengths)
        for port in graph.inputs:
            if port.value not in lengths:
                name = f"{port.name} padded" if port.name in padded else port.name
                builder.enter(Box("input", (Line(name),), ins=()), port.value)
        builder.steps(builder.tidied.items, [port.value for port in graph.outputs], 0)
        for port in graph.outputs:
            builder.leave(Box("output", (Line(port.name),), outs=()), port.value)
        return builder.scene()

    def count(self) -> None:
        """One box more.

        Raises:
            TooLarge: it is one too many.
        """
        self.left -= 1
        if self.left < 0:
            raise TooLarge

    def sums(self, graph: Graph) -> Totals:
        """What a graph learns and how much it works."""
        if id(graph) not in self.totals:
            self.totals[id(graph)] = totals(Network(graph))
        return self.totals[id(graph)]


class SceneBuilder:
    """Makes one scene of (some) items of a graph."""

    def __init__(
        self,
        whole: Builder,
        graph: Graph,
        depth: int,
        place: str,
        lengths: set[int],
        *,
        counts: bool = True,
        given: Tidied | None = None,
    ) -> None:
        self.whole, self.graph, self.depth, self.place = whole, graph, depth, place
        self.counts = counts
        self.tidied = given or tidied(graph, graph.items, lengths, graph.outputs)
        self.boxes: list[Box] = []
        self.edges: list[Edge] = []
        self.owner: dict[int, tuple[int, int]] = {}
        self.names: dict[int, str] = {}
        self.uses: dict[int, int] = {}
        self.seen: set[str] = set()
        self.back: list[tuple[int, int]] = []

    def scene(self) -> Scene:
        """What was built."""
        return Scene(tuple(self.boxes), tuple(self.edges), tuple(self.back))

    def enter(self, box: Box, value: int) -> int:
        """Adds a box that gives an input."""
        at = self.add(box)
        self.owner[value] = (at, 0)
        return at

    def leave(self, box: Box, value: int) -> int:
        """Adds a box that takes a result."""
        at = self.add(box)
        self._edge(self.tidied.same.get(value, value), at, 0)
        return at

    def add(self, box: Box) -> int:
        """Adds a box, and returns its number."""
        if box.kind not in ("enter", "leave"):
            self.whole.count()
        self.boxes.append(box)
        return len(self.boxes) - 1

    def steps(self, items: Sequence[Item], results: Sequence[int], level: int) -> None:
        """Adds items, of which these values are read outside."""
        results = [self.tidied.same.get(value, value) for value in results]
        for port in self.graph.inputs:
            self.names[port.value] = port.name
        for item in self.tidied.items:
            labels = item.labels or (item.label,)
            self.names.update(zip(item.outputs, labels))
        for value in (v for item in items for v in item.inputs if v is not None):
            self.uses[value] = self.uses.get(value, 0) + 1
        for value in results:
            self.uses[value] = self.uses.get(value, 0) + 1
        for unit in units(self.graph, items, results, level):
            if isinstance(unit, Repeat):
                self._repeat(unit, level)
            elif not self._joined(unit):
                self._item(unit)

    def _edge(self, value: int, end: int, into: int) -> None:
        start, out = self.owner[value]
        self.edges.append(Edge(start, end, self.graph.types[value], out, into, value))

    def _item(self, item: Item) -> None:
        first = self._first_use(item)
        place = f"{self.place}{item.name}"
        line, macs = self._line(item, first)
        inside, op = None, item.op
        kind: Kind = "join" if op.word in JOINS else "layer"
        times: Dim = op.length if isinstance(op, Scan) else 1
        if isinstance(op, Call):
            kind = "block"
            if self.depth > 0:
                inside = self._inside(item, op, f"{place}.", first)
        names = self._in_names(item)
        if isinstance(op, Formula) and len(names) > 1:
            kind = "join"
        used = self._used(item)
        outs = tuple(self._out_names(item)[at] for at in used) if len(used) > 1 else ("",)
        free = op.word in ANY_ORDER or any(names)
        ins = tuple(name for name in names if name is not None)
        box = Box(kind, (line,), place, macs, times, inside, ins, outs, free, items=(item.name,))
        self._link(item.inputs, [item.outputs[at] for at in used], self.add(box))

    def _used(self, item: Item) -> list[int]:
        """Which of its outputs are read."""
        return [at for at, v in enumerate(item.outputs) if self.uses.get(v, 0)] or [0]

    def _out_names(self, item: Item) -> Sequence[str]:
        if len(item.labels) == len(item.outputs):
            return item.labels
        if isinstance(item.op, Call):
            return [port.name for port in item.op.graph.outputs]
        return [""] * len(item.outputs)

    def _in_names(self, item: Item) -> list[str | None]:
        """For each input what tells it from the others, None for one that is not drawn."""
        op, read = item.op, [v for v in item.inputs if v is not None]
        names: list[str] = []
        if isinstance(op, Formula):
            names = [self.names.get(v, "") for v in read]
        elif isinstance(op, Call):
            names = [port.name for port, value in taken_by(op, item.inputs) if value != GIVEN]
            names[:1] = ["" if names[:1] == ["x"] else name for name in names[:1]]
        elif isinstance(op, Layer) and not any(port.many for port in op.ports):
            names = ["", *(port.name for port in op.ports[1:])]
        names += [""] * (len(item.inputs) - len(names))
        said = [None if v is None else name for v, name in zip(item.inputs, names)]
        return said if len(read) > 1 else [None if v is None else "" for v in item.inputs]

    def _inside(self, item: Item, op: Call, place: str, counts: bool) -> Scene:
        """The scene of a block or a scan, with what crosses its border."""
        graph, taken = op.graph, taken_by(op, item.inputs)
        lengths = {port.value for port, value in taken if value is None}
        inner = SceneBuilder(self.whole, graph, self.depth - 1, place, lengths, counts=counts)
        steps, starts = (op.stepped, op.starts) if isinstance(op, Scan) else (0, ())
        states = []
        for at, (port, value) in enumerate(taken):
            if steps <= at < steps + len(starts):
                start = starts[at - steps]
                text = port.name if start is None else f"{port.name} = {start:g} at first"
                box = Box("state", (Line(text),), ins=(), open=start is None)
                states.append(inner.enter(box, port.value))
            elif value is not None:
                name = port.name if isinstance(op, Scan) or len(taken) - len(lengths) > 1 else ""
                name = "not read" if name.startswith("_") else name
                name = f"{name} {graph.types[port.value]}" if at < steps else name
                inner.enter(Box("enter", (), ins=(), said=name), port.value)
        inner.steps(inner.tidied.items, [port.value for port in graph.outputs], 0)
        used, results = self._used(item), len(graph.outputs) - len(starts)
        names = self._out_names(item)
        for at, port in enumerate(graph.outputs):
            out = at < len(item.outputs) and at in used
            said = f"{names[at]} {self.graph.types[item.outputs[at]]}" if out else ""
            if at < results:
                inner.leave(Box("leave", (), outs=(), open=out, said=said), port.value)
                continue
            box = Box("next", (Line(f"next {port.name}"),), outs=(), open=out, said=said)
            inner.back.append((inner.leave(box, port.value), states[at - results]))
        return inner.scene()

    def _repeat(self, unit: Repeat, level: int) -> None:
        inner = SceneBuilder(
            *(self.whole, self.graph, self.depth, self.place, set()),
            counts=self.counts,
            given=self.tidied,
        )
        reads = [
            unit.reads[unit.carried],
            *(v for v in unit.reads if v != unit.reads[unit.carried]),
        ]
        names = [self.names.get(value, "") for value in reads]
        for at, value in enumerate(reads):
            inner.enter(Box("enter", (), ins=(), said=names[at] if at else ""), value)
        inner.steps(unit.items, [unit.first_result], level + 1)
        inner.leave(Box("leave", (), outs=()), unit.first_result)
        scene = inner.scene()
        only = scene.boxes[len(reads)]
        if len(scene.boxes) == len(reads) + 2 and only.times == 1:
            at = self.add(replace(only, times=unit.count))
            for edge in scene.edges:
                if edge.end == len(reads):
                    self._edge(reads[edge.start], at, edge.into)
            self.owner[unit.last_result] = (at, 0)
            return
        ins = ("", *names[1:])
        items = tuple(item.name for item in unit.items)
        box = Box("repeat", (), "", 0, unit.count, scene, ins, items=items)
        self._link(reads, (unit.last_result,), self.add(box))

    def _link(self, inputs: Sequence[int | None], outputs: Sequence[int], at: int) -> None:
        for into, value in enumerate(v for v in inputs if v is not None):
            self._edge(value, at, into)
        self.owner.update({value: (at, out) for out, value in enumerate(outputs)})

    def _joined(self, item: Item) -> bool:
        """Puts a step onto the card before it, where it only follows."""
        types = self.graph.types
        read = [value for value in item.inputs if value is not None]
        if isinstance(item.op, Call) or len(read) != 1 or len(item.outputs) != 1:
            return False
        (value,) = read
        at, _ = self.owner[value]
        box = self.boxes[at]
        if box.kind not in ("layer", "join") or box.times != 1 or self.uses[value] > 1:
            return False
        if len(box.outs) != 1 or types[value].dims != types[item.outputs[0]].dims:
            return False
        if item.op.macs(*self.graph.types_of(item.inputs)) != 0:
            return False
        line, _ = self._line(item, self._first_use(item))
        items = (*box.items, item.name)
        self.boxes[at] = replace(box, lines=(*box.lines, line), items=items)
        self.owner[item.outputs[0]] = (at, 0)
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
        else:
            macs = item.op.macs(*types)
            for weight in item.op.weights(*types):
                if weight.role == "trained":
                    weights = weights + product(weight.dims)
        label = item.label if len(item.labels) < 2 else ""
        return Line(_short(step_text(item.op)), label, weights if first else 0, item.shared), macs


def _short(text: str) -> str:
    """A step with long fractions rounded."""
    return re.sub(r"\d+\.\d{5,}", lambda found: f"{float(found[0]):.4g}", text)


GIVEN = -1
"""Of a state: it starts from a number."""


def taken_by(op: Call, inputs: Sequence[int | None]) -> list[tuple[Port, int | None]]:
    """For each input of a called graph the caller's value, None of one that nobody wrote."""
    given = iter(inputs)
    found: list[tuple[Port, int | None]] = []
    for at, port in enumerate(op.graph.inputs):
        state = at - op.stepped if isinstance(op, Scan) else -1
        constant = isinstance(op, Scan) and 0 <= state < len(op.starts)
        if constant and isinstance(op, Scan) and op.starts[state] is not None:
            found.append((port, GIVEN))
        else:
            found.append((port, next(given)))
    return found
