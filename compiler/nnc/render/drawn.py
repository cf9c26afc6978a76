"""A scene with its places: where boxes and lines stand, from the inner scenes outwards."""

from __future__ import annotations

from typing import Literal

from nnc.render import cards
from nnc.render.cards import CHAR, PAD, SMALL
from nnc.render.layout import PORT, Arrow, How, Link, Node, Shape, ranked
from nnc.render.placing import place
from nnc.render.routing import enter_sides, to, tracks
from nnc.render.scene import BORDER, Box, Scene
from nnc.render.text import visible, width

TITLE = 26.0
STUB, BARE = 22.0, 9.0
"""Below a row: where arrows first go across, with types written there and without."""
STEP = 9.0
"""The distance of lines that go across."""
HEAD, SAID, LAST = 19.0, 11.0, 6.0
"""Above a row: room for arrow heads, for names of what arrives, and where a scene ends."""
ASIDE = 10.0
"""How far beside its middle a state is come back to."""
GAP, TIGHT = 42.0, 26.0
"""The least distance of rows, with types written between them and without."""

Way = list[tuple[float, float]]
"""The corners of a line."""


class Frame:
    """The border around an inner scene: how far it reaches from where it is first entered."""

    __slots__ = ("entry", "height", "left", "right")

    def __init__(self, box: Box, inner: Drawn) -> None:
        enters = inner.border("enter", "state")
        xs = [x for x, _ in enters] or [inner.width / 2]
        self.entry = xs[0]
        ends = [x + room for x, room in enters] or xs
        name, learnt = cards.title(box), cards.weights(box)
        left = min(-PAD, min(xs) - width(name) * CHAR - 26)
        right = max(inner.width + PAD, max(ends) + len(learnt) * SMALL + 26)
        self.left, self.right = self.entry - left, right - self.entry
        self.height = TITLE + inner.height + 8


class Drawn:
    """A scene with its places, and the size of the whole."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.inner = [Drawn(box.inside) if box.inside is not None else None for box in scene.boxes]
        self.frames = [
            Frame(box, inner) if inner is not None else None
            for box, inner in zip(scene.boxes, self.inner)
        ]
        self.said = cards.said(scene)
        self.card = cards.card_width(scene)
        shapes = [self._shape(at, box) for at, box in enumerate(scene.boxes)]
        self.shapes = shapes
        arrows = [Arrow(edge.start, edge.end, edge.out, edge.into) for edge in scene.edges]
        self.ranks = ranked(shapes, arrows)
        place(self.ranks, shapes)
        enter_sides(self.ranks, shapes)
        self.nodes = {node.box: node for rank in self.ranks for node in rank if not node.rail}
        self.tracks = [tracks(rank) for rank in self.ranks]
        self._across()
        self._down()

    def _across(self) -> None:
        """Moves all to the right of 0, with room for lines that come back at the sides."""
        nodes = [node for rank in self.ranks for node in rank]
        low = min((node.x - node.left for node in nodes), default=0.0)
        high = max((node.x + node.right for node in nodes), default=0.0)
        self.back = [self._side(a, b, low, high) for a, b in self.scene.back]
        lefts, rights = self.back.count(-1), self.back.count(1)
        room = STEP * lefts + 4 if lefts else 0.0
        for node in nodes:
            node.x += room - low
        self.width = high - low + room + (STEP * rights + 4 if rights else 0.0)
        self.channel = STEP * max(lefts, rights) + 10 if self.back else 0.0

    def _side(self, start: int, end: int, low: float, high: float) -> int:
        """At which side a state comes back."""
        a, b = self.nodes[start].x, self.nodes[end].x
        return -1 if a + b - 2 * low <= 2 * high - a - b else 1

    def _down(self) -> None:
        """Sets how deep each row begins and where the gap below it does."""
        boxes = self.scene.boxes
        self.top: list[float] = []
        self.bottom: list[float] = []
        self.across: list[float] = []
        y = self.channel
        for number, rank in enumerate(self.ranks):
            self.top.append(y)
            y += max((node.height for node in rank), default=0.0)
            self.bottom.append(y)
            told = any(not node.rail and any(self.said[node.box]) for node in rank)
            below = [n.lower for node in rank for n in node.below]
            ends = all(n.box >= 0 and boxes[n.box].kind == "leave" for n in below)
            named = any(
                n.box >= 0 and self.frames[n.box] is None and _named(boxes[n.box]) for n in below
            )
            many = max(self.tracks[number].values(), default=-1) + 1
            first = STUB if told else BARE
            self.across.append(y + first)
            least = (GAP if told else TIGHT) + (SAID if named and many else 0)
            if ends:
                least = GAP if told else LAST
            rest = (LAST if ends else HEAD) + (SAID if named else 0)
            gap = max(least, first + STEP * (many - 1) + rest) if many else least
            if number < len(self.ranks) - 1:
                y += gap
        self.height = y + self.channel
        self.y = {box: self._begins(node) for box, node in self.nodes.items()}

    def _begins(self, node: Node) -> float:
        """How deep a box begins: what reads nothing stands near to what reads it."""
        if node.above or self.shapes[node.box].row:
            return self.top[node.rank]
        return self.bottom[node.rank] - node.height

    def _shape(self, at: int, box: Box) -> Shape:
        """A box's extent, with room for what is written beside and below it."""
        frame, inner = self.frames[at], self.inner[at]
        texts = [width(text) * SMALL + 14 if text else 0.0 for text in self.said[at]]
        note = cards.note_width(box)
        if frame is not None and inner is not None:
            ins = tuple(x - frame.entry for x, _ in inner.border("enter", "state"))
            outs = tuple(x - frame.entry for x, _ in inner.border("leave", "next"))
            right = max([frame.right + note, *(x + room for x, room in zip(outs, texts))])
            return Shape(frame.left, right, frame.height, outs, ins)
        if box.kind in ("enter", "leave"):
            room = width(visible(box.said)) * SMALL + 14 if box.said else 6.0
            return Shape(6, max(room, 6), 0, row="first" if box.kind == "enter" else "last")
        half = self.wide(at) / 2
        if box.kind == "next" and box.said:
            texts = [width(visible(box.said)) * SMALL + 14]
        rooms = tuple(max(PORT, width(visible(name)) * SMALL + 16) for name in box.ins)
        outs = _spread([room + 4 for room in texts]) or (0.0,)
        right = max([half + note, *(x + room for x, room in zip(outs, texts))])
        how: How = "fixed"
        if len(box.ins) > 1:
            if any(box.ins):
                how = "free"
                right = max(right, sum(rooms))
            else:
                how = "sum" if box.free else "join"
        main = how != "free" or not box.ins[0]
        row = {"state": "first", "next": "last"}.get(box.kind, "")
        ins = rooms if how == "free" else (0.0,) * len(box.ins)
        return Shape(half, right, cards.height(box), outs, ins, how, main, _ROWS[row])

    def wide(self, at: int) -> float:
        """How wide a box is that is no frame."""
        box = self.scene.boxes[at]
        own = cards.own_width(box)
        if box.kind in ("layer", "block") and own <= cards.WIDE:
            own = max(own, self.card)
        if len(box.ins) > 1:
            room = sum(max(PORT, width(visible(name)) * SMALL + 16) for name in box.ins)
            if any(box.ins):
                own = max(own, 2 * room - 20)
            elif len(box.ins) > 2:
                own = max(own, room + PAD)
        if len(box.outs) > 1:
            own = max(own, sum(width(text) * SMALL + 18 for text in self.said[at]) + 20)
        return own

    def border(self, *kinds: str) -> list[tuple[float, float]]:
        """Where the border is crossed, and the room that is needed to the right of it."""
        return [
            (self.nodes[at].x, width(visible(box.said)) * SMALL + 10 if box.said else 0.0)
            for at, box in enumerate(self.scene.boxes)
            if box.kind in kinds and box.open
        ]

    def ways(self, ceiling: float, floor: float) -> list[tuple[Link, Way]]:
        """The line of each arrow, in order; what enters begins at the ceiling."""
        found: dict[tuple[int, int], tuple[Link, Way]] = {}
        for at, box in enumerate(self.scene.boxes):
            for link in self.nodes[at].above if box.kind != "enter" else ():
                found[at, link.into] = (link, self._way(link, ceiling, floor))
        return [found[edge.end, edge.into] for edge in self.scene.edges]

    def _way(self, last: Link, ceiling: float, floor: float) -> Way:
        links = [last]
        while links[0].upper.rail:
            links.insert(0, links[0].upper.above[0])
        first, end = links[0].upper, last.lower
        x = first.x + links[0].start
        begins = self.scene.boxes[first.box].kind == "enter"
        way = [(x, ceiling if begins else self.y[first.box] + first.height)]
        for link in links:
            target = to(link)
            if abs(target - x) >= 0.5:
                rank = link.upper.rank
                # Steps aside too small for a track of their own may add up.
                y = self.across[rank] + STEP * self.tracks[rank].get(link.net, 0)
                way += [(x, y), (target, y)]
                x = target
        if last.side:
            y = self.y[end.box] + 3 + cards.ROW / 2
            return [*way, (x, y), (end.x + last.side * end.left, y)]
        leaves = self.scene.boxes[end.box].kind == "leave"
        return [*way, (x, floor if leaves else self.y[end.box])]

    def backward(self) -> list[Way]:
        """The lines on which states come back, in the order of `scene.back`."""
        order = sorted(range(len(self.back)), key=lambda at: self.nodes[self.scene.back[at][1]].x)
        ways: dict[int, Way] = {}
        for side in (-1, 1):
            own = [at for at in (order if side < 0 else order[::-1]) if self.back[at] == side]
            for number, at in enumerate(own):
                start, end = (self.nodes[box] for box in self.scene.back[at])
                far = STEP * number + 4
                x = STEP * len(own) - far if side < 0 else self.width - STEP * len(own) + far
                y, low = self.channel - 10 - STEP * number, self.height - self.channel + far + 4
                a, b = start.x + side * ASIDE, end.x + side * ASIDE
                bottom = self.y[start.box] + start.height
                top = self.y[end.box]
                ways[at] = [(a, bottom), (a, low), (x, low), (x, y), (b, y), (b, top)]
        return [ways[at] for at in range(len(self.back))]

    def headed(self, edge_end: int, into: int) -> bool:
        """Whether an arrow ends there: into a frame it goes on."""
        inner = self.inner[edge_end]
        if inner is None:
            return self.scene.boxes[edge_end].kind != "leave"
        entered = [
            at
            for at, box in enumerate(inner.scene.boxes)
            if box.kind in ("enter", "state") and box.open
        ]
        return not any(edge.start == entered[into] for edge in inner.scene.edges)


_ROWS: dict[str, Literal["", "first", "last"]] = {"": "", "first": "first", "last": "last"}


def _named(box: Box) -> bool:
    return box.kind not in BORDER and any(box.ins)


def _spread(rooms: list[float]) -> tuple[float, ...]:
    """Places for texts beside one another, their first ends around the middle."""
    if len(rooms) == 1:
        return (0.0,)
    place, found = -sum(rooms) / 2, []
    for room in rooms:
        found.append(place)
        place += room
    return tuple(found)
