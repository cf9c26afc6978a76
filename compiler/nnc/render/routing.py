"""Ways of arrows between rows: which enter from the side, and at which height each goes across.

Lines of different values never lie on one another: across they have tracks of their own, and where
one comes down above the other's end, its track is the higher one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from nnc.render.layout import Link, Node, Ranks, Shape

ASIDE = 18.0
"""How far from the middle of a join a second arrow ends that comes from above, too."""
ROOM = 14.0
CLOSE = 4.0
"""Vertical lines that are nearer to one another than this would look like one."""
CAREFUL = 40
"""So many values that go across in one gap are ordered with care."""


def enter_sides(ranks: Ranks, shapes: Sequence[Shape]) -> None:
    """Decides which arrows end at the side of a join, and where the others do."""
    for rank in ranks:
        taken: list[tuple[float, float]] = []
        for node in rank:
            if node.rail or len(node.above) != 2 or shapes[node.box].how not in ("join", "sum"):
                continue
            main, other = sorted(node.above, key=lambda n: (abs(_from(n) - node.x), n.into))
            x = _from(other)
            before = other.into < main.into
            ordered = shapes[node.box].how == "join"
            side = (-1 if before else 1) if ordered else (-1 if x < node.x else 1)
            low, high = sorted((node.x, x))
            free = not any(a < high and low < b for a, b in taken) and not any(
                n.x + n.right > low and n.x - n.left < high for n in rank if n is not node
            )
            beside = (x - node.x) * side >= node.left + ROOM
            if beside and free and len(other.upper.below) == 1:
                other.side = side
                taken.append((low, high))
            else:
                other.end = ASIDE * side


def _from(link: Link) -> float:
    """Where a link comes from."""
    return link.upper.x + link.start


class Net:
    """What flows from one place above a gap to some below it."""

    __slots__ = ("bottoms", "high", "links", "low", "number", "top", "track")

    def __init__(self, number: int, links: list[Link]) -> None:
        self.number, self.links = number, links
        self.top = _from(links[0])
        self.bottoms = [to(link) for link in links]
        self.low, self.high = min(self.top, *self.bottoms), max(self.top, *self.bottoms)
        self.track = 0


def to(link: Link) -> float:
    """Where a link goes down to."""
    return _from(link) if link.side else link.lower.x + link.end


def tracks(rank: Sequence[Node]) -> dict[int, int]:
    """For each value that goes across below a row the number of its track, 0 is the highest."""
    links: dict[int, list[Link]] = {}
    for node in rank:
        for link in node.below:
            links.setdefault(link.net, []).append(link)
    nets = [Net(number, own) for number, own in links.items()]
    nets = [net for net in nets if net.high - net.low >= 0.5]
    above = _above(nets)
    done: list[Net] = []
    for net in _ordered(nets, above):
        least = [
            other.track + 1
            for other in done
            if other.number in above[net.number]
            or (other.low < net.high + 10 and net.low < other.high + 10)
        ]
        net.track = max(least, default=0)
        done.append(net)
    return {net.number: net.track for net in done}


def _above(nets: list[Net]) -> dict[int, set[int]]:
    """Which nets must go across above each: where they come down just over its end."""
    above: dict[int, set[int]] = {net.number: set() for net in nets}
    for a, b in combinations(nets, 2):
        for upper, lower in ((a, b), (b, a)):
            for link in lower.links:
                if abs(to(link) - upper.top) >= CLOSE:
                    continue
                if upper.number in _all(above, lower.number) or lower.number not in _all(
                    above, upper.number
                ):
                    above[lower.number].add(upper.number)
                else:  # each would have to be above the other
                    _nudge(link)
    return above


def _all(above: dict[int, set[int]], number: int) -> set[int]:
    """All nets above one."""
    found: set[int] = set()
    waiting = [number]
    while waiting:
        new = above[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _nudge(link: Link) -> None:
    """Ends a little further to the right."""
    if link.lower.rail:
        link.lower.x += CLOSE + 1
    else:
        link.end += CLOSE + 3


def _ordered(nets: list[Net], above: dict[int, set[int]]) -> list[Net]:
    """From the highest to the lowest, so that few cross."""
    left = sorted(nets, key=lambda net: (net.low, net.high, net.number))
    order: list[Net] = []
    while left:
        numbers = {net.number for net in left}
        free = [net for net in left if not above[net.number] & numbers] or left
        if len(left) <= CAREFUL:
            best = min(free, key=lambda net: sum(_worse(net, o) for o in left if o is not net))
        else:
            best = free[0]
        order.append(best)
        left.remove(best)
    return order


def _worse(a: Net, b: Net) -> int:
    """How many crossings more there are with the first above the second than the other way."""
    return _crossings(a, b) - _crossings(b, a)


def _crossings(upper: Net, lower: Net) -> int:
    ends = sum(lower.low < x < lower.high for x in upper.bottoms)
    return ends + (upper.low < lower.top < upper.high)
