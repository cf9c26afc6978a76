"""Which weights of one network another may start from.

Layers are aligned by their structure, in their order: a layer that was added renumbers those of its
kind after it, so that names alone would mislead. The alignment is the best one of two sequences
(Needleman and Wunsch, 1970): layers of one word whose weights have the same sizes count most, then
names, then the layers without weights that stand around them.
"""

from __future__ import annotations

from collections.abc import Sequence

from nnc.ir.dims import Dim, show
from nnc.passes.holders import Holder as Holder
from nnc.passes.holders import Pair as Pair
from nnc.passes.holders import Sized as Sized
from nnc.passes.holders import holders as holders
from nnc.passes.holders import holders_of_file as holders_of_file
from nnc.passes.sliding import slid
from nnc.record import Record

CELLS = 4_000_000
"""Two sequences with more pairs than that are aligned by their places: it would take seconds."""
SAME, SOME, CHANGED, CONTEXT = 100, 80, 12, 2
"""What a pair is worth: all sizes equal, some weights more, other sizes, no weights at all."""
SAME_OUTPUT, SAME_TEXT, CHANGED_TEXT, SAME_PLACE, SAME_GIVEN_NAME = 3, 1, 4, 6, 40


class Carried(Record):
    """A weight of B that starts as one of A. `renamed`: it was aligned by structure."""

    name: str
    source: str
    dims: tuple[Dim, ...]

    @property
    def renamed(self) -> bool:
        """It has another name in A."""
        return self.name != self.source


class Anew(Record):
    """A weight of B that starts from its own distribution, and why."""

    name: str
    dims: tuple[Dim, ...]
    why: str


class Doubt(Record):
    """A layer of B for which several of A could be meant: nothing carries over to it."""

    place: str
    could_be: tuple[str, ...]


class Transfer(Record):
    """The plan: pairs in order, what carries over, what starts anew, what of A is not used."""

    pairs: tuple[Pair, ...]
    carried: tuple[Carried, ...]
    anew: tuple[Anew, ...]
    unused: tuple[str, ...]
    doubts: tuple[Doubt, ...] = ()


def align(a: Sequence[Holder], b: Sequence[Holder]) -> Transfer:
    """What B may start from, where A is what was trained."""
    return plan_of(_moved(slid(_aligned(a, b), _given)))


def _aligned(a: Sequence[Holder], b: Sequence[Holder]) -> list[Pair]:
    """Pairs in order; the equal ends of both need no search."""
    start, end = 0, 0
    shortest = min(len(a), len(b))
    while start < shortest and a[start] == b[start]:
        start += 1
    while end < shortest - start and a[-1 - end] == b[-1 - end]:
        end += 1
    inner_a, inner_b = a[start : len(a) - end], b[start : len(b) - end]
    search = _searched if len(inner_a) * len(inner_b) <= CELLS else _by_place
    head = [Pair(x, y) for x, y in zip(a[:start], b[:start])]
    tail = [Pair(x, y) for x, y in zip(a[len(a) - end :], b[len(b) - end :])]
    return [*head, *search(inner_a, inner_b), *tail]


def _searched(a: Sequence[Holder], b: Sequence[Holder]) -> list[Pair]:
    """The alignment of the highest worth; of equal ones that which pairs latest."""
    known: dict[tuple[int, int], int] = {}
    kinds_a, kinds_b = _kinds(a), _kinds(b)
    width = len(b) + 1
    above = [0] * width
    taken = [bytearray(width) for _ in range(len(a) + 1)]
    for i, x in enumerate(a, 1):
        row = [0] * width
        moves = taken[i]
        kind = kinds_a[i - 1]
        for j, y in enumerate(b, 1):
            key = (kind, kinds_b[j - 1])
            worth = known.get(key)
            if worth is None:
                worth = known[key] = _worth(x, y)
            best, move = (above[j], 1) if above[j] > row[j - 1] else (row[j - 1], 2)
            if worth:
                paired = above[j - 1] + worth + (_named(x, y) if x.place == y.place else 0)
                if paired >= best:
                    best, move = paired, 3
            row[j], moves[j] = best, move
        above = row
    pairs: list[Pair] = []
    i, j = len(a), len(b)
    while i or j:
        move = taken[i][j] if i and j else 1 if i else 2
        i -= move in (1, 3)
        j -= move in (2, 3)
        pairs.append(Pair(a[i] if move != 2 else None, b[j] if move != 1 else None))
    pairs.reverse()
    return pairs


def _kinds(holders: Sequence[Holder]) -> list[int]:
    """A number for each layer; those that differ in nothing but their place share one."""
    numbers: dict[object, int] = {}
    return [
        numbers.setdefault((h.word, h.outputs, h.weights, h.text), len(numbers)) for h in holders
    ]


def _worth(x: Holder, y: Holder) -> int:
    """What it is worth to take two layers for one; 0: they never are."""
    if x.word != y.word and x.word and y.word:
        return 0
    if bool(x.weights) != bool(y.weights):
        return 0
    if not x.weights:
        worth = CONTEXT
    elif x.weights == y.weights:
        worth = SAME
    elif fits(x, y):
        worth = SOME
    elif x.word:
        worth = CHANGED
    else:
        return 0
    if x.outputs == y.outputs:
        worth += SAME_OUTPUT
    if x.text != y.text:
        return worth
    return worth + (CHANGED_TEXT if x.weights and not fits(x, y) else SAME_TEXT)


def _named(x: Holder, y: Holder) -> int:
    """What a common place is worth: more where a person gave the name than where it was counted."""
    counted = not _given(x, y.word)
    return SAME_PLACE if counted or not fits(x, y) else SAME_GIVEN_NAME


def _given(x: Holder, word: str = "") -> bool:
    """Whether a person gave the name, and it was not counted."""
    last = x.place.rpartition(".")[2]
    return last.rstrip("0123456789") != (word or x.word)


def fits(x: Holder, y: Holder) -> bool:
    """Whether B's layer may start from A's: what both have, a weight at least, has equal sizes."""
    own = {w.name: w.dims for w in x.weights}
    common = [own[w.name] == w.dims for w in y.weights if w.name in own]
    return bool(common) and all(common)


def _by_place(a: Sequence[Holder], b: Sequence[Holder]) -> list[Pair]:
    own = {h.place: h for h in a if h.weights}
    pairs: list[Pair] = []
    for y in b:
        x = own.get(y.place) if y.weights else None
        if x is not None and _worth(x, y):
            pairs.append(Pair(own.pop(y.place), y))
        else:
            pairs.append(Pair(None, y))
    used = {id(pair.a) for pair in pairs}
    return [*(Pair(x, None) for x in a if id(x) not in used), *pairs]


def _moved(pairs: list[Pair]) -> list[Pair]:
    """Pairs, with those layers joined that changed their order and kept place and sizes."""
    lost = {p.a.place: p.a for p in pairs if p.b is None and p.a is not None and p.a.weights}
    found: dict[int, Holder] = {}
    for pair in pairs:
        if pair.a is None and pair.b is not None:
            x = lost.get(pair.b.place)
            if x is not None and _worth(x, pair.b) >= SOME:
                found[id(pair.b)] = lost.pop(x.place)
    joined = {id(x) for x in found.values()}
    return [
        Pair(found[id(p.b)], p.b) if id(p.b) in found else p for p in pairs if id(p.a) not in joined
    ]


def plan_of(pairs: Sequence[Pair]) -> Transfer:
    """What pairs of layers carry over, weight by weight."""
    carried: list[Carried] = []
    anew: list[Anew] = []
    unused: list[str] = []
    for pair in pairs:
        x, y = pair.a, pair.b
        own = {} if x is None else {w.name: w for w in x.weights}
        fit = x is not None and y is not None and fits(x, y)
        for weight in () if y is None else y.weights:
            assert y is not None
            name = _full(y, weight)
            old = own.get(weight.name)
            if fit and x is not None and old is not None:
                carried.append(Carried(name, _full(x, old), weight.dims))
                del own[weight.name]
            else:
                anew.append(Anew(name, weight.dims, _why(x, old, weight)))
        if x is not None:
            unused.extend(_full(x, weight) for weight in own.values())
    return Transfer(tuple(pairs), tuple(carried), tuple(anew), tuple(unused))


def _why(x: Holder | None, old: Sized | None, new: Sized) -> str:
    if x is None:
        return "new layer"
    if old is None:
        return f"{x.place} has none"
    if old.dims != new.dims:
        return f"was [{', '.join(show(d) for d in old.dims)}]"
    return f"{x.place} had other sizes"


def _full(holder: Holder, weight: Sized) -> str:
    return f"{holder.place}.{weight.name}" if weight.name else holder.place
