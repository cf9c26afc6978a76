"""How far to the right boxes and rails stand: the second half of a picture's layout.

Each row is placed by the least squares that keep its order (pool adjacent violators); what shall
stand on one vertical line moves as a group. Groups that would have to pass one another are parted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from nnc.render.layout import Link, Node, Ranks, Shape

BETWEEN = 26.0
"""The least distance of boxes beside one another."""
ROUNDS = 300
"""At most; it ends where nothing moves."""
STILL = 0.02
SETTLING = 60
WORK = 300_000
"""So many places are looked at; where there are more, after fewer rounds."""
PARTINGS = 400
"""So many groups are parted with care, before all that are in each other's way."""

Group = list[tuple[Node, float]]
"""Nodes that stand on one vertical line, each with how far its middle is from it."""


def place(ranks: Ranks, shapes: Sequence[Shape]) -> None:
    """Sets x: near what a node is joined to, straight where one follows another."""
    groups = _sorted(ranks, _groups(ranks, shapes))
    for rank in ranks:
        at = 0.0
        for node in rank:
            node.x = at + node.left
            at = node.x + node.right + BETWEEN
        for node in rank:
            node.x -= (at - BETWEEN) / 2
    pieces = sum(len(rank) for rank in ranks)
    for sweep in range(min(ROUNDS, WORK // (pieces + 1) + 6)):
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


def _groups(ranks: Ranks, shapes: Sequence[Shape]) -> list[Group]:
    """Rails as a whole, and boxes that follow one another."""
    heights: dict[int, int] = {}
    for rank in reversed(ranks):
        for node in rank:
            heights[id(node)] = 1 + max((heights[id(n.lower)] for n in node.below), default=0)
    follower: dict[int, Link] = {}
    led: set[int] = set()
    for rank in ranks:
        for node in rank:
            link = _follower(node, heights, shapes)
            if link is not None and id(link.lower) not in led:
                follower[id(node)] = link
                led.add(id(link.lower))
    groups: list[Group] = []
    for rank in ranks:
        for node in rank:
            if id(node) in led:
                continue
            group, shift, last = [(node, 0.0)], 0.0, node
            while id(last) in follower:
                link = follower[id(last)]
                shift += link.start - link.end
                last = link.lower
                group.append((last, shift))
            groups.append(group)
    return groups


def _follower(node: Node, heights: dict[int, int], shapes: Sequence[Shape]) -> Link | None:
    """The link to the node that stands straight below this one."""
    same = [link for link in node.below if link.lower.rail == node.rail]
    if node.rail:
        alone = [link for link in node.below if len(link.lower.above) == 1]
        return same[0] if same else alone[0] if len(node.below) == 1 and alone else None
    if not same or len({id(link.lower) for link in node.below}) > 2:
        return None
    main = max(same, key=lambda link: heights[id(link.lower)])
    if shapes[main.lower.box].how in ("join", "sum") and len(main.lower.above) > 2:
        return None
    parents = [link for link in main.lower.above if not link.upper.rail]
    if shapes[main.lower.box].how in ("fixed", "free"):
        parents.sort(key=lambda link: link.into)
    return main if parents[0].upper is node else None


def _sorted(ranks: Ranks, groups: list[Group]) -> list[Group]:
    """Groups from left to right, parted where they would have to pass one another."""
    pieces = sum(len(rank) for rank in ranks)
    most = min(PARTINGS, WORK // (pieces + 1))
    for tries in range(most + 3):
        group_of = {id(node): at for at, group in enumerate(groups) for node, _ in group}
        after: list[set[int]] = [set() for _ in groups]
        for rank in ranks:
            for a, b in pairwise(rank):
                after[group_of[id(a)]].add(group_of[id(b)])
        order, stuck = _topological(after)
        if not stuck:
            return [groups[at] for at in order]
        if tries >= most:
            rails = tries == most
            parted = {at for at in stuck if groups[at][0][0].rail or not rails}
        else:
            parted = {
                min(
                    (at for at in stuck if len(groups[at]) > 1),
                    key=lambda at: (not groups[at][0][0].rail, -len(groups[at]), at),
                )
            }
        new: list[Group] = []
        for at, group in enumerate(groups):
            if at not in parted or len(group) == 1:
                new.append(group)
            elif tries >= most:
                new.extend([(node, 0.0)] for node, _ in group)
            else:
                half = len(group) // 2
                new += [group[:half], group[half:]]
        groups = new
    return groups


def _topological(after: list[set[int]]) -> tuple[list[int], list[int]]:
    """An order, and what is on circles or behind and before one."""
    count = [0] * len(after)
    for own in after:
        for at in own:
            count[at] += 1
    order = [at for at, n in enumerate(count) if n == 0]
    for at in order:
        for behind in sorted(after[at]):
            count[behind] -= 1
            if count[behind] == 0:
                order.append(behind)
    left = set(range(len(after))) - set(order)
    while True:  # what leads out of the circles is not on them
        ends = {at for at in left if not after[at] & left}
        if not ends:
            return order, sorted(left)
        left -= ends


def _fit(rank: list[Node]) -> None:
    """Places a rank where its neighbours pull it, in its order and without overlaps."""
    blocks: list[tuple[float, float, int]] = []  # mean, weight, nodes
    offset, offsets = 0.0, []
    for i, node in enumerate(rank):
        if i:
            offset += _apart(rank[i - 1], node)
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


def _apart(left: Node, right: Node) -> float:
    """The least distance of the middles of neighbours."""
    gap = 4.0 if left.rail or right.rail else BETWEEN
    return left.right + gap + right.left


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
        *((n.upper, n.start - n.end) for n in node.above),
        *((n.lower, n.end - n.start) for n in node.below),
    ):
        if node.rail and near.rail:
            weight = 4.0
        elif node.rail or near.rail:
            weight = 1.0 if crowd else 0.05
        else:
            weight = 1.0
        yield near, near.x + shift, weight


def _separate(ranks: Ranks, groups: list[Group]) -> None:
    """Moves apart what overlaps, whole groups at a time; orders stay.

    Between the least moves to the right and the least to the left stand both halves.
    """
    start = [group[0][0].x - group[0][1] for group in groups]
    group_of = {id(node): (at, shift) for at, group in enumerate(groups) for node, shift in group}
    least: list[dict[int, float]] = [{} for _ in groups]  # to the one behind, from the line
    for rank in ranks:
        for a, b in pairwise(rank):
            (x, own), (y, other) = group_of[id(a)], group_of[id(b)]
            need = _apart(a, b) + own - other
            least[x][y] = max(least[x].get(y, need), need)
    right, left = list(start), list(start)
    for at in range(len(groups)):
        for behind, need in least[at].items():
            right[behind] = max(right[behind], right[at] + need)
    for at in reversed(range(len(groups))):
        for behind, need in least[at].items():
            left[at] = min(left[at], left[behind] - need)
    for group, high, low in zip(groups, right, left):
        for node, shift in group:
            node.x = (high + low) / 2 + shift


def _settle(ranks: Ranks, groups: list[Group]) -> None:
    """Moves whole groups towards what they are joined to, as far as there is room."""
    sides: dict[int, tuple[Node | None, Node | None]] = {}
    for rank in ranks:
        for at, node in enumerate(rank):
            after = rank[at + 1] if at + 1 < len(rank) else None
            sides[id(node)] = (rank[at - 1] if at else None, after)
    for sweep in range(min(SETTLING, WORK // (len(sides) + 1) + 6)):
        largest = 0.0
        for group in groups if sweep % 2 == 0 else reversed(groups):
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
            low = max(low, left.x + _apart(left, node) - node.x)
        if right is not None:
            high = min(high, right.x - _apart(node, right) - node.x)
    wish = total / weights if weights else 0.0
    return 0.0 if low > high else min(max(wish, low), high)
