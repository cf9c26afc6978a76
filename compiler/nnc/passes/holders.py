"""The layers of a network as two networks are aligned by them, or as a file has weights of them."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.ir.dims import Dim
from nnc.ir.graph import Call, Network
from nnc.ir.walk import Step, flat
from nnc.ir.written import step_text
from nnc.record import Record


class Sized(Record):
    """A weight: its name below its layer's place, and its sizes."""

    name: str
    dims: tuple[Dim, ...]


class Holder(Record):
    """A layer as the alignment sees it.

    Args:
        place: the place that names its weights.
        word: the layer's word; "" where only weights are known, which fits every word.
        outputs: the sizes of what it makes.
        weights: what it owns; none at the second use of a shared step.
        text: the step as written.
        begins: whether something begins with it: 2 a turn of a loop, 1 a block or a statement.
    """

    place: str
    word: str
    outputs: tuple[tuple[Dim, ...], ...]
    weights: tuple[Sized, ...]
    text: str = ""
    begins: int = 0


class Pair(Record):
    """Two layers that stand for one another; None where a layer was added or removed."""

    a: Holder | None
    b: Holder | None


def holders(network: Network) -> tuple[Holder, ...]:
    """The layers of a network in the order they run."""
    found: list[Holder] = []
    seen: set[str] = set()
    before: Step | None = None
    for step in flat(network).steps:
        op = step.item.op
        weights: tuple[Sized, ...] = ()
        if step.owner not in seen and not isinstance(op, Call):
            weights = tuple(Sized(w.name, w.dims) for w in op.weights(*step.input_types))
        seen.add(step.owner)
        outputs = tuple(t.dims for t in step.output_types)
        begins = _begins(before, step)
        found.append(Holder(step.owner, op.word, outputs, weights, step_text(op), begins))
        before = step
    return tuple(found)


def _begins(before: Step | None, step: Step) -> int:
    """What begins with a step that runs after another one."""
    if before is None:
        return 2 if step.item.turns else 1
    if before.graph is not step.graph or before.place.rpartition(".")[0] != _above(step):
        return 1
    x, y = before.item, step.item
    return 2 if x.turns != y.turns else int(x.statement != y.statement)


def _above(step: Step) -> str:
    return step.place.rpartition(".")[0]


def holders_of_file(shapes: Mapping[str, tuple[int, ...]]) -> tuple[Holder, ...]:
    """The layers that the weights of a file belong to, by their names, in the file's order."""
    found: dict[str, list[Sized]] = {}
    for name, dims in shapes.items():
        place, _, own = name.rpartition(".")
        if not place:
            place, own = own, ""
        found.setdefault(place, []).append(Sized(own, dims))
    return tuple(Holder(place, "", (), tuple(weights)) for place, weights in found.items())
