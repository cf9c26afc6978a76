"""A gan as a picture: its players as frames, what each reads, and whose work is judged by whom."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.ir.gan import Gan, GanPlan, GanPlayer
from nnc.ir.graph import Graph, Network
from nnc.ir.types import TensorType
from nnc.ir.walk import totals
from nnc.render.diagram import FEW, Builder, SceneBuilder, closed
from nnc.render.gans import objective_lines
from nnc.render.scene import Box, Edge, Line, Scene, TooLarge
from nnc.render.summary import count
from nnc.render.svg import picture


def gan_svg(
    gan: Gan,
    networks: Mapping[str, Network],
    plan: GanPlan | None = None,
    *,
    depth: int | None = None,
) -> str:
    """The picture of a gan as one SVG document.

    Args:
        gan: which one.
        networks: those of its players by name.
        plan: how it is trained.
        depth: how many levels of blocks are opened; 0 leaves its players closed.

    Raises:
        TooLarge: it would have thousands of boxes.
    """
    sums = [f"{p.name} {count(totals(networks[p.network]).weights)} weights" for p in gan.players]
    told = [", ".join(sums)]
    if plan is not None:
        first, *others = objective_lines(plan)
        told += [f"objective {first}", *others, *_cycles(gan, plan)]
    conditions = [said for p in gan.players for said in networks[p.network].conditions]
    return picture(gan.name, [*told, *dict.fromkeys(conditions)], gan_scene(gan, networks, depth))


def _cycles(gan: Gan, plan: GanPlan) -> list[str]:
    """What two generators are compared by, there and back."""
    if not plan.objective.two_domains:
        return []
    lines = []
    for player in gan.generators:
        source = player.reads[0]
        back = [other.name for other in gan.generators if other.makes == source]
        lines.append(f"{' and '.join(back)} shall make {source} again of what {player.name} makes")
    return lines


def gan_scene(gan: Gan, networks: Mapping[str, Network], depth: int | None = None) -> Scene:
    """Sources, players, and what is seen by whom, as boxes and arrows.

    Raises:
        TooLarge: it would have too many boxes.
    """
    if depth is not None:
        return _Gan(gan, networks, Builder(), depth).scene()
    depth, scene = 0, _Gan(gan, networks, Builder(), 0).scene()
    while closed(scene):
        try:
            opened = _Gan(gan, networks, Builder(FEW), depth + 1).scene()
        except TooLarge:
            break
        depth, scene = depth + 1, opened
    return scene


class _Gan:
    """Makes the scene of a gan."""

    def __init__(
        self, gan: Gan, networks: Mapping[str, Network], whole: Builder, depth: int
    ) -> None:
        self.gan, self.networks, self.whole, self.depth = gan, networks, whole, depth
        self.boxes: list[Box] = []
        self.edges: list[Edge] = []
        self.source: dict[str, tuple[int, TensorType]] = {}
        self.made: list[tuple[GanPlayer, int, TensorType]] = []

    def scene(self) -> Scene:
        """Sources, generators, what is real or made, discriminators."""
        for source in self.gan.sources:
            text = source.name if source.kind == "domain" else f"{source.kind} {source.name}"
            box = Box("input", (Line(text),), ins=())
            self.source[source.name] = (self._add(box), source.type)
        for player in self.gan.generators:
            at = self._player(player)
            for into, name in enumerate(player.reads):
                start, type_ = self.source[name]
                self.edges.append(Edge(start, at, type_, 0, into))
            port = self._port(player)
            self.made.append((player, at, self._graph(player).types[port]))
        for player in self.gan.discriminators:
            self._judge(player)
        return Scene(tuple(self.boxes), tuple(self.edges))

    def _add(self, box: Box) -> int:
        self.whole.count()
        self.boxes.append(box)
        return len(self.boxes) - 1

    def _graph(self, player: GanPlayer) -> Graph:
        return self.networks[player.network].graph

    def _port(self, player: GanPlayer) -> int:
        return next(
            port.value for port in self._graph(player).outputs if port.name == player.output
        )

    def _player(self, player: GanPlayer) -> int:
        """A player's box, a frame where it is opened."""
        network = self.networks[player.network]
        graph, inside = network.graph, None
        ins = tuple(port.name for port in graph.fed)
        names = tuple(port.name for port in graph.outputs)
        if self.depth > 0:
            builder = SceneBuilder(self.whole, graph, self.depth - 1, f"{player.name}.", set())
            for port in graph.inputs:
                name = port.name if len(graph.inputs) > 1 else ""
                builder.enter(Box("enter", (), ins=(), said=name), port.value)
            builder.steps(builder.tidied.items, [port.value for port in graph.outputs], 0)
            for port in graph.outputs:
                said = f"{port.name} {graph.types[port.value]}" if len(names) > 1 else ""
                builder.leave(Box("leave", (), outs=(), said=said), port.value)
            inside = builder.scene()
        word = player.name if player.name == player.role else f"{player.name}, {player.role}"
        line = Line(word, "", totals(network).weights)
        return self._add(
            Box(
                *("block", (line,), player.name, totals(network).macs, 1, inside),
                *(ins if len(ins) > 1 else ("",), names if len(names) > 1 else ("",), len(ins) > 1),
            )
        )

    def _judge(self, player: GanPlayer) -> None:
        """A discriminator, with what it sees and what it says."""
        seen = self._seen(player)
        sources = []
        for name in player.reads:
            if name == "made":
                sources.append(seen)
            elif name == "pair":
                start, type_ = self.source[self._condition()]
                at = self._add(Box("join", (Line("concat"),), ins=("", "")))
                self.edges.append(Edge(start, at, type_, 0, 0))
                self.edges.append(Edge(seen[0], at, seen[1], 0, 1))
                sources.append((at, self._graph(player).types[0]))
            else:
                sources.append(self.source[name])
        at = self._player(player)
        for into, (start, type_) in enumerate(sources):
            self.edges.append(Edge(start, at, type_, 0, into))
        graph = self._graph(player)
        for out, port in enumerate(graph.outputs):
            end = self._add(Box("output", (Line(port.name),), outs=()))
            self.edges.append(Edge(at, end, graph.types[port.value], out, 0))

    def _condition(self) -> str:
        return next(source.name for source in self.gan.sources if source.kind == "condition")

    def _seen(self, player: GanPlayer) -> tuple[int, TensorType]:
        """What is real or made: where both come together."""
        maker, made, type_ = next(
            each for each in self.made if not player.judges or each[0].makes == player.judges
        )
        if player.judges:
            real, real_type = self.source[player.judges]
        else:
            real, real_type = self._add(Box("input", (Line("real"),), ins=())), type_
        names = (f"made by {maker.name}" if len(self.made) > 1 else "made", "real")
        line = Line("real or made")
        at = self._add(Box("join", (line,), ins=names, free=True))
        out = [port.name for port in self._graph(maker).outputs].index(maker.output)
        self.edges.append(Edge(made, at, type_, out, 0))
        self.edges.append(Edge(real, at, real_type, 0, 1))
        return at, type_
