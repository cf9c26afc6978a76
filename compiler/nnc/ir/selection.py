"""Weights by what people call them: a kind of weight, a kind of layer, or an explicit name.

A selection is a path of words, `encoder.stem.bias`: explicit names from outside inwards, then
perhaps a kind of layer, then perhaps a kind of weight. Explicit names are labels (`as stem`) and
`shared` steps of the network's own body, and blocks wherever they are called; behind a dot stands
what is named inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnc.ir.graph import Call, Graph, Item, Network
from nnc.ir.initial import Weight
from nnc.ir.walk import full_name
from nnc.record import Record

WEIGHT_KINDS = ("bias", "weight")
"""Every learned array is a bias, or else a weight."""
NORM = "norm"
"""All normalisations together."""

Words = tuple[str, ...]
Rank = tuple[int, int, int, int]
"""How closely a selection speaks of a weight: the depth of the named step, how exactly it is named,
then the kind of layer and the kind of weight. The greater one wins."""


class Link(Record):
    """A step on the way to a weight: the names that it alone has, and the block that it calls."""

    names: tuple[str, ...]
    block: str

    def called(self, name: str) -> int:
        """3: by its own name; 2: as one of a family; 1: by its block; 0: not at all."""
        if name in self.names:
            return 3
        if any(own.startswith(f"{name}[") for own in self.names):
            return 2
        return int(name == self.block and name != "")


class Leaf(Record):
    """A layer with the steps that lead to it, itself last; `place` names its weights.

    `tied`: the full name of the weight of another layer that it uses, or "".
    """

    place: str
    word: str
    chain: tuple[Link, ...]
    weights: tuple[Weight, ...]
    tied: str = ""

    def learned(self) -> Iterator[tuple[str, Weight]]:
        """The weights that may be trained, by their full names."""
        for weight in self.weights:
            if weight.role == "trained":
                yield full_name(self.place, weight.name), weight

    @property
    def keeps_statistics(self) -> bool:
        """It changes arrays of its own while it trains."""
        return any(weight.role == "state" for weight in self.weights)

    def is_kind(self, word: str) -> int:
        """2: it is this layer; 1: it is one of the normalisations that `norm` means; else 0."""
        if word == self.word:
            return 2
        return int(word == NORM and self.word.endswith("_norm"))


def leaves(network: Network) -> tuple[Leaf, ...]:
    """All layers of a network, those without weights too, in the order they run."""
    return tuple(_leaves(network.graph, (), ""))


def _leaves(graph: Graph, chain: tuple[Link, ...], owner: str) -> Iterator[Leaf]:
    for item in graph.items:
        links = (*chain, *(Link(*each) for each in _inlined(item)), _link(item))
        place = owner + (item.instance or item.name)
        if isinstance(item.op, Call):
            yield from _leaves(item.op.graph, links, f"{place}.")
        else:
            weights = tuple(item.op.weights(*graph.types_of(item.inputs)))
            tie = item.op.tied
            tied = full_name(owner + tie.owner, tie.weight) if tie is not None else ""
            yield Leaf(place, item.op.word, links, weights, tied)


def _inlined(item: Item) -> Iterator[tuple[tuple[str, ...], str]]:
    for label, block in item.within:
        yield (label,) if label else (), block


def _link(item: Item) -> Link:
    source = not item.inputs and not isinstance(item.op, Call)  # `weight gamma: [8]`
    names = (item.label, item.shared, item.name if source else "")
    block = item.op.word if isinstance(item.op, Call) else ""
    return Link(tuple(dict.fromkeys(name for name in names if name)), block)


def reach(words: Sequence[str], chain: Sequence[Link], start: int = 0) -> tuple[int, int] | None:
    """The depth of the innermost step that explicit names lead to, and how exactly they do.

    A label is known in its own body only, a block everywhere.
    """
    best: tuple[int, int] | None = None
    for at in range(start, len(chain)):
        exact = chain[at].called(words[0])
        if not exact or (exact > 1 and at != start):
            exact = int(chain[at].block == words[0])
        if not exact:
            continue
        found = (at + 1, exact) if len(words) == 1 else reach(words[1:], chain, at + 1)
        if found is not None and (best is None or found > best):
            best = found
    return best


def explicit(words: Words, among: Sequence[Leaf]) -> int | None:
    """How many of the words are explicit names; None where they lead nowhere.

    A name counts before a kind of the same word.
    """
    for count in range(len(words), -1, -1):
        if not _kinds(words[count:], among):
            continue
        if count == 0 or any(reach(words[:count], leaf.chain) for leaf in among):
            return count
    return None


def _kinds(words: Words, among: Sequence[Leaf]) -> bool:
    """Whether words are a kind of layer, a kind of weight, or one after the other."""
    layers = words[:-1] if words and words[-1] in WEIGHT_KINDS else words
    return len(layers) <= 1 and all(is_layer(word, among) for word in layers)


def is_layer(word: str, among: Sequence[Leaf]) -> bool:
    """Whether a word is a kind of layer that stands among these."""
    return any(leaf.is_kind(word) for leaf in among)


def rank(words: Words, names: int, leaf: Leaf, weight: str) -> Rank | None:
    """How closely a selection speaks of a layer's weight, None where it does not.

    Args:
        names: how many of the words are explicit names.
        weight: its name in the layer.
    """
    at = (0, 0)
    if names:
        found = reach(words[:names], leaf.chain)
        if found is None:
            return None
        at = found
    kinds = words[names:]
    layer = of = 0
    if kinds and kinds[-1] in WEIGHT_KINDS:
        if kinds[-1] != kind_of(weight):
            return None
        kinds, of = kinds[:-1], 1
    if kinds:
        layer = leaf.is_kind(kinds[0])
        if not layer:
            return None
    return (*at, layer, of)


def kind_of(weight: str) -> str:
    """The kind of a weight by its name in the layer."""
    last = weight.rpartition(".")[2]
    parts = last.split("_")
    return "bias" if "bias" in (parts[0], parts[-1]) else "weight"
