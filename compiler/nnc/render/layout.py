"""Where the boxes and arrows of a picture stand: in layers from top to bottom.

Boxes are ranked by the longest way to them, arrows over several ranks run in rails beside the boxes
between, orders are chosen by barycentres (Sugiyama, Tagawa and Toda, 1981), and each rank is placed
by the least squares that keep its order (pool adjacent violators). All of it is deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

RAIL = 14.0
"""Half of what a rail keeps free on each side."""
BETWEEN = 26.0
"""The least distance of boxes beside one another."""
SWEEPS = 8
ROUNDS = 300
"""At most; it ends where nothing moves."""
STILL = 0.02
SETTLING = 50
WORK = 20_000
"""So many arrow pieces are ordered with care; more are left in the order they come."""


class Size(NamedTuple):
    """A box: left and right of where arrows enter it, its height, where they leave it."""

    left: float
    right: float
    height: float
    out: float = 0.0


class Node:
    """A box or a stretch of a rail: `box` is its number, or -1."""

    __slots__ = ("above", "below", "box", "height", "left", "out", "rank", "right", "x")

    def __init__(self, box: int, rank: int, size: Size) -> None:
        self.box, self.rank = box, rank
        self.left, self.right, self.height, self.out = size
        self.x = 0.0
        self.above: list[Node] = []
        self.below: list[Node] = []

    @property
    def rail(self) -> bool:
        """Only an arrow passes here."""
        return self.box < 0


def layout(
    sizes: Sequence[Size], arrows: Sequence[tuple[int, int]], late: Callable[[int], bool]
) -> list[list[Node]]:
    """Ranks of nodes from left to right; `x` of a node is where arrows enter it.

    `late`: whether a box without arrows into it stands right above what reads it.
    """
    ranks = _ranked(sizes, arrows, late)
    pieces = sum(len(node.below) for rank in ranks for node in rank)
    if pieces <= WORK:
        _order(ranks)
    _place(ranks)
    return ranks


def _ranked(
    sizes: Sequence[Size], arrows: Sequence[tuple[int, int]], late: Callable[[int], bool]
) -> list[list[Node]]:
    """Nodes by rank, rails among them; an arrow's start comes before its end."""
    rank = [0] * len(sizes)
    for start, end in sorted(arrows, key=lambda arrow: arrow[1]):
        rank[end] = max(rank[end], rank[start] + 1)
    for box in range(len(sizes)):
        ends = [rank[end] for start, end in arrows if start == box] if late(box) else []
        if ends:
            rank[box] = min(ends) - 1
    nodes = [Node(box, rank[box], size) for box, size in enumerate(sizes)]
    ranks: list[list[Node]] = [[] for _ in range(max(rank, default=0) + 1)]
    for node in nodes:
        ranks[node.rank].append(node)
    ends_of: dict[int, list[int]] = {}
    for start, end in arrows:
        ends_of.setdefault(start, []).append(end)
    for start in sorted(ends_of, key=lambda box: (-rank[box], box)):
        _rail(nodes, start, sorted(set(ends_of[start]), key=lambda box: (rank[box], box)), ranks)
    return ranks


def _rail(nodes: list[Node], start: int, ends: list[int], ranks: list[list[Node]]) -> None:
    """Joins a box to those that read it; arrows that go further share one rail."""
    last = nodes[start]
    for end in ends:
        node = nodes[end]
        while last.rank < node.rank - 1:
            piece = Node(-1, last.rank + 1, Size(RAIL, RAIL, 0))
            ranks[piece.rank].append(piece)
            _join(last, piece)
            last = piece
        _join(last if last.rank == node.rank - 1 else nodes[start], node)


def _join(upper: Node, lower: Node) -> None:
    upper.below.append(lower)
    lower.above.append(upper)


def _order(ranks: list[list[Node]]) -> None:
    """Reorders ranks so that few arrows cross; the first of equally good orders stays."""
    best, fewest = [list(rank) for rank in ranks], _crossings(ranks)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        for at in range(1, len(ranks)) if down else range(len(ranks) - 2, -1, -1):
            place = {id(n): i for i, n in enumerate(ranks[at - 1 if down else at + 1])}
            keys = {}
            for i, node in enumerate(ranks[at]):
                near = [place[id(n)] for n in (node.above if down else node.below)]
                keys[id(node)] = sum(near) / len(near) if near else float(i)
            ranks[at].sort(key=lambda node: keys[id(node)])
        now = _crossings(ranks)
        if now < fewest:
            best, fewest = [list(rank) for rank in ranks], now
    for rank, order in zip(ranks, best):
        rank[:] = order


def _crossings(ranks: list[list[Node]]) -> int:
    count = 0
    for upper, lower in pairwise(ranks):
        place = {id(node): i for i, node in enumerate(lower)}
        ends = [end for node in upper for end in sorted(place[id(n)] for n in node.below)]
        seen: list[int] = []
        for end in ends:
            count += sum(other > end for other in seen)
            seen.append(end)
    return count


def _place(ranks: list[list[Node]]) -> None:
    """Sets x: near what a node is joined to, straight where one follows another."""
    groups = _groups(ranks)
    for rank in ranks:
        at = 0.0
        for node in rank:
            node.x = at + node.left
            at = node.x + node.right + BETWEEN
        for node in rank:
            node.x -= (at - BETWEEN) / 2
    for sweep in range(ROUNDS):
        before = [node.x for rank in ranks for node in rank]
        for rank in ranks if sweep % 2 == 0 else reversed(ranks):
            _fit(rank)
        for group in groups:
            mean = sum(node.x - shift for node, shift in group) / len(group)
            for node, shift in group:
                node.x = mean + shift
        now = (node.x for rank in ranks for node in rank)
        if all(abs(x - y) < STILL for x, y in zip(before, now)):
            break
    _separate(ranks, groups)
    _settle(ranks, groups)


Group = list[tuple[Node, float]]
"""Nodes that stand on one vertical line, each with how far its entry is from it."""


def _groups(ranks: list[list[Node]]) -> list[Group]:
    """Rails as a whole, and boxes that follow one another."""
    heights: dict[int, int] = {}
    for rank in reversed(ranks):
        for node in rank:
            heights[id(node)] = 1 + max((heights[id(n)] for n in node.below), default=0)
    follower: dict[int, Node] = {}
    led: set[int] = set()
    for rank in ranks:
        for node in rank:
            follows = _follower(node, heights)
            if follows is not None and id(follows) not in led:
                follower[id(node)] = follows
                led.add(id(follows))
    groups: list[Group] = []
    for rank in ranks:
        for node in rank:
            if id(node) in led:
                continue
            group, shift, last = [(node, 0.0)], 0.0, node
            while id(last) in follower:
                shift += last.out
                last = follower[id(last)]
                group.append((last, shift))
            groups.append(group)
    return groups


def _follower(node: Node, heights: dict[int, int]) -> Node | None:
    """The node that stands straight below this one."""
    same = [n for n in node.below if n.rail == node.rail]
    if node.rail:
        alone = [n for n in node.below if n.above == [node]]
        return same[0] if same else alone[0] if len(node.below) == 1 and alone else None
    if not same or len(node.below) > 2:
        return None
    main = max(same, key=lambda n: heights[id(n)])
    parents = [n for n in main.above if not n.rail]
    return main if parents[0] is node and len(main.above) <= 2 else None


def _fit(rank: list[Node]) -> None:
    """Places a rank where its neighbours pull it, in its order and without overlaps."""
    blocks: list[tuple[float, float, int]] = []  # mean, weight, nodes
    offset, offsets = 0.0, []
    for i, node in enumerate(rank):
        if i:
            offset += rank[i - 1].right + _gap(rank[i - 1], node) + node.left
        offsets.append(offset)
        wish, weight = _wish(node)
        mean, count = wish - offset, 1
        while blocks and blocks[-1][0] > mean:
            before, heavy, many = blocks.pop()
            mean = (before * heavy + mean * weight) / (heavy + weight)
            weight, count = heavy + weight, count + many
        blocks.append((mean, weight, count))
    at = 0
    for mean, _, count in blocks:
        for i in range(at, at + count):
            rank[i].x = mean + offsets[i]
        at += count


def _gap(left: Node, right: Node) -> float:
    return 0.0 if left.rail or right.rail else BETWEEN


def _wish(node: Node) -> tuple[float, float]:
    """Where a node would stand, and how much it weighs."""
    total, weights = 0.0, 0.0
    for _, x, weight in _pulls(node):
        total += weight * x
        weights += weight
    return (total / weights, weights) if weights else (node.x, 0.01)


def _pulls(node: Node) -> Iterator[tuple[Node, float, float]]:
    """The neighbours, where each would have the node, and how strongly."""
    crowd = len(node.above) > 2 or len(node.below) > 2
    for near, shift in (
        *((n, n.out) for n in node.above),
        *((n, -node.out) for n in node.below),
    ):
        if node.rail and near.rail:
            weight = 4.0
        elif node.rail or near.rail:
            weight = 1.0 if crowd else 0.05
        else:
            weight = 1.0
        yield near, near.x + shift, weight


def _separate(ranks: list[list[Node]], groups: list[Group]) -> None:
    """Pushes to the right what overlaps, whole groups at a time; orders stay."""
    group_of = {id(node): group for group in groups for node, _ in group}
    for _ in range(2 * len(groups) + 10):
        moved = False
        for rank in ranks:
            for left, right in pairwise(rank):
                least = left.x + left.right + _gap(left, right) + right.left
                if right.x < least - 0.01:
                    push = least - right.x
                    for node, _ in group_of[id(right)]:
                        node.x += push
                    moved = True
        if not moved:
            return
    for rank in ranks:  # rails that cross cannot all be straight
        for left, right in pairwise(rank):
            right.x = max(right.x, left.x + left.right + _gap(left, right) + right.left)


def _settle(ranks: list[list[Node]], groups: list[Group]) -> None:
    """Moves whole groups towards what they are joined to, as far as there is room."""
    sides: dict[int, tuple[Node | None, Node | None]] = {}
    for rank in ranks:
        for at, node in enumerate(rank):
            after = rank[at + 1] if at + 1 < len(rank) else None
            sides[id(node)] = (rank[at - 1] if at else None, after)
    for _ in range(SETTLING):
        largest = 0.0
        for group in groups:
            move = _room(group, sides)
            largest = max(largest, abs(move))
            for node, _ in group:
                node.x += move
        if largest < STILL:
            return


def _room(group: Group, sides: dict[int, tuple[Node | None, Node | None]]) -> float:
    """How far a group moves: to where its neighbours pull it, and no further than the next box."""
    own = {id(node) for node, _ in group}
    total, weights = 0.0, 0.0
    low, high = float("-inf"), float("inf")
    for node, _ in group:
        for near, x, weight in _pulls(node):
            if id(near) not in own:
                total += weight * (x - node.x)
                weights += weight
        left, right = sides[id(node)]
        if left is not None:
            low = max(low, left.x + left.right + _gap(left, node) + node.left - node.x)
        if right is not None:
            high = min(high, right.x - right.left - _gap(node, right) - node.right - node.x)
    wish = total / weights if weights else 0.0
    return 0.0 if low > high else min(max(wish, low), high)
