"""Which box stands in which row, and beside which others: the first half of a picture's layout.

Boxes are ranked by the longest way to them, arrows over several ranks run in rails beside the boxes
between, and orders are chosen by barycentres (Sugiyama, Tagawa and Toda, 1981) and exchanges of
neighbours. `placing` gives them their places. All of it is deterministic.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from typing import Literal, NamedTuple

RAIL = 9.0
"""Half of what a rail keeps free on each side."""
PORT = 22.0
"""The distance of arrows that end at a join."""
SWEEPS = 12
WORK = 20_000
"""So many arrow pieces are ordered with care; more are left in the order they come."""
EXCHANGED = 1500
"""So many are exchanged with their neighbours, too."""

How = Literal["fixed", "free", "join", "sum"]
"""Where arrows end at a box: at given places; anywhere, by name; in their order; in any order."""


class Shape(NamedTuple):
    """A box: left and right of its middle, its height, and where arrows leave and enter it.

    `ins` are places from the middle where `how` is fixed, else the room that each needs; `main`:
    the first of free ones is in the middle. `row`: it must stand in the first row, or the last.
    """

    left: float
    right: float
    height: float
    outs: tuple[float, ...] = (0.0,)
    ins: tuple[float, ...] = (0.0,)
    how: How = "fixed"
    main: bool = True
    row: Literal["", "first", "last"] = ""


class Arrow(NamedTuple):
    """From which box to which, and at which of their places."""

    start: int
    end: int
    out: int = 0
    into: int = 0


class Node:
    """A box or a stretch of a rail: `box` is its number, or -1. `x` is its middle."""

    __slots__ = ("above", "at", "below", "box", "height", "left", "rank", "right", "x")

    def __init__(self, box: int, rank: int, shape: Shape) -> None:
        self.box, self.rank = box, rank
        self.left, self.right, self.height = shape[:3]
        self.x = 0.0
        self.at = 0
        self.above: list[Link] = []
        self.below: list[Link] = []

    @property
    def rail(self) -> bool:
        """Only an arrow passes here."""
        return self.box < 0


class Link:
    """A piece of an arrow between neighbouring rows.

    `start` and `end` are how far from the middles; `net` is the number of the value that flows,
    `side` tells that it enters from the left (-1) or the right (1) and not from above.
    """

    __slots__ = ("end", "into", "lower", "net", "out", "side", "start", "upper")

    def __init__(self, upper: Node, lower: Node, out: int, into: int, net: int) -> None:
        self.upper, self.lower, self.out, self.into, self.net = upper, lower, out, into, net
        self.start = self.end = 0.0
        self.side = 0


Ranks = list[list[Node]]


def ranked(shapes: Sequence[Shape], arrows: Sequence[Arrow]) -> Ranks:
    """Rows of nodes in order, from top to bottom, rails among them."""
    ranks = _rows(shapes, arrows)
    if sum(len(node.below) for rank in ranks for node in rank) <= WORK:
        _order(ranks, shapes)
    _ports(ranks, shapes)
    return ranks


def _rows(shapes: Sequence[Shape], arrows: Sequence[Arrow]) -> Ranks:
    """Nodes by rank; an arrow's start comes before its end."""
    rank = [0] * len(shapes)
    reads: list[list[Arrow]] = [[] for _ in shapes]
    makes: list[list[Arrow]] = [[] for _ in shapes]
    for arrow in arrows:
        reads[arrow.end].append(arrow)
        makes[arrow.start].append(arrow)
    for box in range(len(shapes)):
        rank[box] = max((rank[arrow.start] + 1 for arrow in reads[box]), default=0)
    last = max(rank, default=0)
    for box in reversed(range(len(shapes))):
        if shapes[box].row == "last":
            rank[box] = last
        elif makes[box] and len(reads[box]) < 2 and shapes[box].row != "first":
            rank[box] = min(rank[arrow.end] for arrow in makes[box]) - 1
    nodes = [Node(box, rank[box], shape) for box, shape in enumerate(shapes)]
    ranks: Ranks = [[] for _ in range(last + 1)]
    for node in nodes:
        ranks[node.rank].append(node)
    nets = sorted(
        {(arrow.start, arrow.out) for arrow in arrows}, key=lambda net: (-rank[net[0]], *net)
    )
    for number, (start, out) in enumerate(nets):
        own = [arrow for arrow in makes[start] if arrow.out == out]
        own.sort(key=lambda arrow: (rank[arrow.end], arrow.end, arrow.into))
        _rail(nodes, own, number, ranks)
    return ranks


def _rail(nodes: list[Node], arrows: list[Arrow], net: int, ranks: Ranks) -> None:
    """Joins a box to those that read a value; arrows that go further share one rail."""
    start = last = nodes[arrows[0].start]
    for arrow in arrows:
        node = nodes[arrow.end]
        while last.rank < node.rank - 1:
            piece = Node(-1, last.rank + 1, Shape(RAIL, RAIL, 0))
            ranks[piece.rank].append(piece)
            _join(last, piece, arrow.out, 0, net)
            last = piece
        _join(last if last.rank == node.rank - 1 else start, node, arrow.out, arrow.into, net)


def _join(upper: Node, lower: Node, out: int, into: int, net: int) -> None:
    link = Link(upper, lower, out, into, net)
    upper.below.append(link)
    lower.above.append(link)


def _order(ranks: Ranks, shapes: Sequence[Shape]) -> None:
    """Reorders ranks so that few arrows cross; the first of equally good orders stays."""
    ends = _Ends(shapes)
    _number(ranks)
    best, fewest = [list(rank) for rank in ranks], _crossings(ranks, ends)
    pieces = sum(len(node.below) for rank in ranks for node in rank)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        for at in range(1, len(ranks)) if down else range(len(ranks) - 2, -1, -1):
            keys = {id(node): _middle(node, down, ends) for node in ranks[at]}
            ranks[at].sort(key=lambda node: keys[id(node)])
            _number(ranks[at : at + 1])
        if pieces <= EXCHANGED:
            _exchange(ranks, ends)
        now = _crossings(ranks, ends)
        if now < fewest:
            best, fewest = [list(rank) for rank in ranks], now
    for rank, order in zip(ranks, best):
        rank[:] = order
    _number(ranks)


def _number(ranks: Ranks) -> None:
    for rank in ranks:
        for at, node in enumerate(rank):
            node.at = at


class _Ends:
    """Where links start and end, in boxes from the left."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self.shapes = shapes

    def start(self, link: Link) -> float:
        if link.upper.rail:
            return link.upper.at
        outs = self.shapes[link.upper.box].outs
        return link.upper.at + _share(outs, link.out)

    def end(self, link: Link) -> float:
        if link.lower.rail:
            return link.lower.at
        shape = self.shapes[link.lower.box]
        if shape.how in ("free", "sum"):
            return link.lower.at
        ins = shape.ins if shape.how == "fixed" else tuple(map(float, range(len(shape.ins))))
        return link.lower.at + _share(ins, link.into)


def _share(places: Sequence[float], at: int) -> float:
    """A place between -0.4 and 0.4 for one of several."""
    if len(places) < 2:
        return 0.0
    return 0.8 * (sum(p < places[at] for p in places) / (len(places) - 1) - 0.5)


def _middle(node: Node, down: bool, ends: _Ends) -> float:
    near = [ends.start(n) for n in node.above] if down else [ends.end(n) for n in node.below]
    return sum(near) / len(near) if near else float(node.at)


def _crossings(ranks: Ranks, ends: _Ends) -> int:
    return sum(_between(upper, ends) for upper in ranks)


def _between(upper: Sequence[Node], ends: _Ends) -> int:
    """How many arrows cross below a row."""
    links = sorted((ends.start(n), ends.end(n)) for node in upper for n in node.below)
    count = 0
    seen: list[float] = []
    at = 0
    while at < len(links):
        stop = at
        while stop < len(links) and links[stop][0] == links[at][0]:
            count += len(seen) - bisect_right(seen, links[stop][1])
            stop += 1
        for _, end in links[at:stop]:
            insort(seen, end)
        at = stop
    return count


def _exchange(ranks: Ranks, ends: _Ends) -> None:
    """Exchanges neighbours as long as fewer arrows cross."""
    for rank in ranks:
        moved = len(rank) > 1
        rounds = 0
        while moved and rounds < len(rank):
            moved, rounds = False, rounds + 1
            for at in range(len(rank) - 1):
                a, b = rank[at], rank[at + 1]
                now = _pair(a, b, ends)
                if now == 0:
                    continue
                a.at, b.at = b.at, a.at
                if _pair(b, a, ends) < now:
                    rank[at], rank[at + 1] = b, a
                    moved = True
                else:
                    a.at, b.at = b.at, a.at


def _pair(a: Node, b: Node, ends: _Ends) -> int:
    """How many arrows of two neighbours cross, the first one on the left."""
    count = 0
    for x in a.below:
        count += sum(ends.end(y) < ends.end(x) for y in b.below)
    for x in a.above:
        count += sum(ends.start(y) < ends.start(x) for y in b.above)
    return count


def _ports(ranks: Ranks, shapes: Sequence[Shape]) -> None:
    """Where on their boxes arrows start and end."""
    ends = _Ends(shapes)
    for rank in ranks:
        for node in rank:
            if node.rail:
                continue
            shape = shapes[node.box]
            for link in node.below:
                link.start = shape.outs[link.out]
            _end(node, shape, ends)


def _end(node: Node, shape: Shape, ends: _Ends) -> None:
    links = node.above
    if shape.how == "fixed":
        for link in links:
            link.end = shape.ins[link.into]
        return
    if shape.how != "join":
        links = sorted(links, key=lambda n: (ends.start(n), n.into))
    else:
        links = sorted(links, key=lambda n: n.into)
    if shape.how != "free":
        if len(links) > 2:
            for at, link in enumerate(links):
                link.end = PORT * (at - (len(links) - 1) / 2)
        return
    rooms = [shape.ins[link.into] for link in links]
    place = 0.0
    for link, room in zip(links, rooms):
        link.end = place
        place += room
    middle = place / 2 - 8
    near = [link for link in links if not link.upper.rail]
    if shape.main:
        middle = next((link.end for link in links if link.into == 0), middle)
    elif len(near) == 1:
        middle = near[0].end
    for link in links:
        link.end -= middle
