"""Which weights of a file of unknown order a network may start from: what is certain, or nothing.

A file of weights is sorted by name, `bn1` before `conv1`, and does not tell which layer runs first.
Its modules (the weights below one name) are put to the layers of the same sizes where their order
is certain: `layer1.0` runs before `layer1.1` and `conv1` before `conv2`, but nothing tells whether
`downsample` runs before `conv1`. A batch norm goes with the convolution that it stands behind,
where all of the network and of the file do. What stays open carries nothing over, and is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from nnc.ir.graph import Network
from nnc.ir.walk import flat
from nnc.passes.transfer import Doubt, Holder, Pair, Transfer, fits, holders, plan_of
from nnc.record import Record, replace

LARGEST = 1_000
"""Modules of the same sizes beyond that are not put in order: it would take seconds."""
COUNTER = "num_batches_tracked"
"""How many batches a normalisation saw: many files leave it out."""

Key = tuple[object, ...]


class Part(Record):
    """A part of a name between two points: `conv12` is the word `conv#` with the number 12."""

    word: str
    numbers: tuple[int, ...]


class Module(Record):
    """A layer or a module of a file; `norm`: the batch norm that stands right behind it."""

    at: Holder
    path: tuple[Part, ...]
    norm: Holder | None = None


def settled(found: Sequence[Holder], network: Network) -> Transfer:
    """What a network may start from, where the modules of a file tell no order but their names'."""
    layers = holders(network)
    wanted = tuple(h for h in layers if h.weights)
    theirs = tuple(h for h in found if h.weights)
    pairs = _by_place(theirs, wanted)
    doubts: list[Doubt] = []
    if pairs is None:
        behind_ours, behind_theirs = _behind(network, wanted), _behind_in_file(theirs)
        if behind_ours is None or behind_theirs is None:
            behind_ours, behind_theirs = {}, {}
        search = _Search(
            _modules(theirs, behind_theirs), _modules(wanted, behind_ours), _order(wanted)
        )
        pairs = search.run()
        doubts = search.doubts()
    used = {holder.place for holder in pairs.values()}
    rows = [Pair(pairs.get(h.place) if h.weights else None, h) for h in layers]
    plan = plan_of([*rows, *(Pair(h, None) for h in theirs if h.place not in used)])
    open_ = {doubt.place for doubt in doubts}
    anew = tuple(
        replace(a, why="unclear") if a.name.rpartition(".")[0] in open_ else a for a in plan.anew
    )
    return replace(plan, anew=anew, doubts=tuple(doubts))


def _order(wanted: Sequence[Holder]) -> Mapping[str, int]:
    return {h.place: at for at, h in enumerate(wanted)}


def _by_place(theirs: Sequence[Holder], wanted: Sequence[Holder]) -> dict[str, Holder] | None:
    """By their names, where the file and the network name the same layers."""
    own = {h.place: h for h in theirs}
    if own.keys() != {h.place for h in wanted}:
        return None
    return {h.place: own[h.place] for h in wanted}


# --- batch norms and the convolutions before them


def _is_norm(holder: Holder) -> bool:
    return any(w.name == "running_mean" for w in holder.weights)


def _channels(norm: Holder) -> object:
    return next(w.dims for w in norm.weights if w.name == "running_mean")[0]


def _makes(holder: Holder, channels: object) -> bool:
    """Whether it may be what makes these channels: a convolution keeps them first, or second."""
    dims = next((w.dims for w in holder.weights if w.name == "weight"), ())
    return len(dims) > 1 and channels in dims[:2]


def _behind(network: Network, wanted: Sequence[Holder]) -> dict[str, str] | None:
    """The batch norm right behind each layer that has one; None where one stands elsewhere."""
    made: dict[int, str] = {}
    found: dict[str, str] = {}
    norms = {h.place: h for h in wanted if _is_norm(h)}
    weighted = {h.place: h for h in wanted}
    for step in flat(network).steps:
        if step.owner in norms:
            before = made.get(step.inputs[0] if step.inputs and step.inputs[0] is not None else -1)
            if before is None or before in norms or found.get(before, step.owner) != step.owner:
                return None
            if not _makes(weighted[before], _channels(norms[step.owner])):
                return None
            found[before] = step.owner
        if step.owner in weighted:
            made.update(dict.fromkeys(step.outputs, step.owner))
    return found if len(found) == len(norms) else None


def _behind_in_file(theirs: Sequence[Holder]) -> dict[str, str] | None:
    """The batch norm of each convolution of a file by their names; None where one is uncertain."""
    families: dict[tuple[str, ...], list[Module]] = {}
    for holder in theirs:
        parts = holder.place.split(".")
        families.setdefault(tuple(parts[:-1]), []).append(Module(holder, _path(holder.place)))
    found: dict[str, str] = {}
    for family in families.values():
        for norm in (m for m in family if _is_norm(m.at)):
            before = _before(norm, family)
            if before is None or before.at.place in found:
                return None
            found[before.at.place] = norm.at.place
        # `conv1 conv2 bn1`: the number of a batch norm need not be that of its convolution
        words = {m.path[-1].word for m in family if m.at.place in found} - {"#"}
        if any(m.path[-1].word in words and m.at.place not in found for m in family):
            return None
    return found


def _before(norm: Module, family: Sequence[Module]) -> Module | None:
    """`0` of `1` in a sequence, `conv1` of `bn1`, `conv` of `bn`."""
    own = norm.path[-1]
    if own.word == "#":
        earlier = [m for m in family if m.path[-1].word == "#" and m.path[-1].numbers < own.numbers]
        last = max(earlier, key=lambda m: m.path[-1].numbers, default=None)
        return last if last is not None and _makes(last.at, _channels(norm.at)) else None
    like = [
        m
        for m in family
        if m.path[-1].word != "#"
        and m.path[-1].numbers == own.numbers
        and _makes(m.at, _channels(norm.at))
    ]
    return like[0] if len(like) == 1 else None


def _modules(rows: Sequence[Holder], behind: Mapping[str, str]) -> list[Module]:
    own = {h.place: h for h in rows}
    norms = set(behind.values())
    return [
        Module(h, _path(h.place), own.get(behind.get(h.place, "")))
        for h in rows
        if h.place not in norms
    ]


# --- the order of names


def _path(place: str) -> tuple[Part, ...]:
    """Parts of a name. `3x3` is a size and no number: it says nothing of an order."""
    return tuple(_part(text) for text in place.split("."))


def _part(text: str) -> Part:
    pieces = re.split(r"(\d+(?:x\d+)+)", text)
    word = "".join(p if at % 2 else re.sub(r"\d+", "#", p) for at, p in enumerate(pieces))
    numbers = (n for p in pieces[::2] for n in re.findall(r"\d+", p))
    return Part(word, tuple(int(n) if len(n) < 10 else 0 for n in numbers))


def _where(path: tuple[Part, ...], at: int) -> Key:
    """What a number counts: the word with its place, whatever the numbers before it."""
    return tuple(part.word for part in path[: at + 1])


def _reversed_counts(pairs: Sequence[tuple[Module, int]]) -> set[Key]:
    """What counts against the order in which layers run: the levels of a decoder, say.

    `pairs`: modules that are certain already, with their layer's number in the order of running.
    """
    seen: dict[tuple[Key, Key], list[tuple[tuple[int, ...], int]]] = {}
    for module, number in pairs:
        for at, part in enumerate(module.path):
            if part.numbers:
                key = (_where(module.path, at), tuple(module.path[:at]))
                seen.setdefault(key, []).append((part.numbers, number))
    wrong: set[Key] = set()
    for (where, _), rows in seen.items():
        last, group = -1, -1
        current: tuple[int, ...] = ()
        for numbers, number in sorted(rows):
            if numbers != current:
                last, current = group, numbers
            if number < last:
                wrong.add(where)
            group = max(group, number)
    return wrong


def _runs_before(a: Module, b: Module, wrong: set[Key]) -> bool | None:
    """Whether a module runs before another; None: their names do not tell."""
    for at, (x, y) in enumerate(zip(a.path, b.path)):
        if x != y:
            if x.word != y.word or _where(a.path, at) in wrong:
                return None
            return x.numbers < y.numbers
    return None


# --- what belongs together


def _sizes(holder: Holder | None) -> Key:
    if holder is None:
        return ()
    return tuple(sorted((w.name, str(w.dims)) for w in holder.weights if w.name != COUNTER))


def _exact(module: Module) -> Key:
    return (_sizes(module.at), _sizes(module.norm))


def _loose(module: Module) -> Key:
    """Without what one side may lack: a bias, a batch norm's weight."""
    main = [(w.name, str(w.dims)) for w in module.at.weights if w.name == "weight"]
    mean = [str(w.dims) for w in module.at.weights if w.name == "running_mean"]
    return (tuple(main), tuple(mean), module.norm is None) if main or mean else ()


class _Search:
    """Pairs of what is left, sizes by sizes."""

    def __init__(
        self, theirs: Sequence[Module], ours: Sequence[Module], order: Mapping[str, int]
    ) -> None:
        self.theirs = list(theirs)
        self.ours = list(ours)
        self.order = order
        self.pairs: dict[str, Holder] = {}
        self.anchors: list[tuple[Module, int]] = []
        self.done: set[int] = set()

    def run(self) -> dict[str, Holder]:
        """Layers by place, with the modules that they start from."""
        self._named()
        for key in (_exact, _loose):
            self._match(key, set(), alone=True)
            wrong = _reversed_counts(self.anchors)
            self._match(key, wrong, alone=False)
        return self.pairs

    def _named(self) -> None:
        """Layers that a person named, as the file does."""
        own = {m.at.place: m for m in self.theirs}
        for layer in self.ours:
            last = layer.at.place.rpartition(".")[2]
            module = own.get(layer.at.place)
            counted = last.rstrip("0123456789") == layer.at.word
            if not counted and module is not None and _exact(module) == _exact(layer):
                self._pair(module, layer)

    def _match(self, key: Callable[[Module], Key], wrong: set[Key], alone: bool) -> None:
        """Pairs those of the same sizes, as many here as there, whose place in order is certain."""
        theirs, ours = self._left(self.theirs, key), self._left(self.ours, key)
        for sizes, layers in ours.items():
            modules = theirs.get(sizes, [])
            if len(modules) != len(layers) or len(modules) > (1 if alone else LARGEST):
                continue
            for module, place in _placed(modules, wrong):
                if fits(module.at, layers[place].at):
                    self._pair(module, layers[place])

    def _pair(self, module: Module, layer: Module) -> None:
        self.pairs[layer.at.place] = module.at
        if layer.norm is not None and module.norm is not None:
            self.pairs[layer.norm.place] = module.norm
        self.anchors.append((module, self.order[layer.at.place]))
        self.done.update((id(module), id(layer)))

    def _left(
        self, modules: Sequence[Module], key: Callable[[Module], Key]
    ) -> dict[Key, list[Module]]:
        """Those that have no partner, by their sizes."""
        found: dict[Key, list[Module]] = {}
        for module in modules:
            sizes = key(module) if id(module) not in self.done else ()
            if sizes:
                found.setdefault(sizes, []).append(module)
        return found

    def doubts(self) -> list[Doubt]:
        """Layers for which more than one module could be meant, in the network's order."""
        found: list[Doubt] = []
        theirs = self._left(self.theirs, _loose)
        for layer in (layer for layer in self.ours if id(layer) not in self.done):
            could = theirs.get(_loose(layer), [])
            names = tuple(m.at.place for m in could if fits(m.at, layer.at))
            if names:
                found.append(Doubt(layer.at.place, names))
                norms = tuple(m.norm.place for m in could if m.norm is not None)
                if layer.norm is not None and norms:
                    found.append(Doubt(layer.norm.place, norms))
        return found


def _placed(modules: Sequence[Module], wrong: set[Key]) -> list[tuple[Module, int]]:
    """Those whose place among the modules is certain: each other one runs before or after."""
    found: list[tuple[Module, int]] = []
    for module in modules:
        told = [_runs_before(other, module, wrong) for other in modules if other is not module]
        if None not in told:
            found.append((module, sum(1 for before in told if before)))
    taken = Counter(place for _, place in found)
    return [(module, place) for module, place in found if taken[place] == 1]
