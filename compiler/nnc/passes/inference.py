"""Makes of a trained network one that takes raw data and gives what people read.

In front come pixels, raw numbers and words; behind, numbers return to the user's units and logits
get a second output with probabilities. All of it is built of ordinary layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from nnc.ir.graph import Graph, Item, Network, Port
from nnc.ir.plan import Categories, Front, Pixels, Profile, Scale, TrainPlan
from nnc.ir.types import TensorType
from nnc.ir.vocabulary import Vocabulary
from nnc.layers.activation import Sigmoid, Softmax
from nnc.layers.base import Layer
from nnc.layers.front import CategoryIds, ScalePixels, Standardize, ToPixels, Unscale
from nnc.record import Record, replace

Head = Literal["softmax", "sigmoid"]
HEADS: dict[str, Head] = {"cross_entropy": "softmax", "bce_with_logits": "sigmoid"}
PROBABILITY = "_probability"


class Ends(Record):
    """What is put before and behind a network.

    Args:
        fronts: (input, how its raw values become the network's numbers).
        scales: (output, the scale of its target, to be undone).
        heads: (output, what makes probabilities of it).
        pictures: (output, the range to be undone: it becomes pixels).
    """

    fronts: tuple[tuple[str, Front], ...] = ()
    scales: tuple[tuple[str, Scale], ...] = ()
    heads: tuple[tuple[str, Head], ...] = ()
    pictures: tuple[tuple[str, Pixels], ...] = ()


def ends(plan: TrainPlan, profiles: Iterable[Profile], *, bare: bool = False) -> Ends:
    """What a train block and its data put around the network; `bare` leaves categories as ids.

    Raises:
        ValueError: the plan's fields are not bound yet.
    """
    if plan.binding is None:
        raise ValueError("the fields of the data are not bound yet")
    profiles = tuple(profiles)
    known = [front for profile in profiles for front in profile.fronts]
    by_field = dict(reversed(known))
    hidden = (Categories, Vocabulary) if bare else (Vocabulary,)  # texts come in as ids
    tokens = {f.name for p in profiles for f in p.fields if f.meaning == "tokens"}
    fronts = tuple(
        (name, by_field[field])
        for name, field in plan.binding.inputs
        if field in by_field and not isinstance(by_field[field], hidden)
    )
    inputs = {name for name, _ in plan.binding.inputs}
    scales = tuple(
        (output, scale)
        for output, field in plan.binding.targets
        if field not in inputs and isinstance(scale := by_field.get(field), Scale)
    )
    heads: dict[str, Head] = {}
    for phase in plan.phases:
        for term in phase.terms:
            target = term.target
            of_text = target is not None and (target.name in tokens or bool(target.classes))
            if term.loss.word in HEADS and not of_text:  # of a language model logits are sampled
                heads.setdefault(term.output, HEADS[term.loss.word])
    return Ends(fronts, scales, tuple(heads.items()))


def inference(network: Network, around: Ends) -> Network:
    """The network at inference: raw inputs, readable outputs, then probabilities.

    Names of inputs, outputs and weights stay.

    Raises:
        KeyError: the network has no input or output of a name.
    """
    graph = _with_fronts(network.graph, dict(around.fronts))
    undone: dict[str, Scale | Pixels] = {**dict(around.scales), **dict(around.pictures)}
    return replace(network, graph=_with_tails(graph, undone, dict(around.heads)))


def probability_name(output: str) -> str:
    """What the probabilities of an output are called."""
    return output + PROBABILITY


def _with_fronts(graph: Graph, fronts: Mapping[str, Front]) -> Graph:
    if not fronts:
        return graph
    ports = {port.name: port for port in graph.inputs}
    names = {item.name for item in graph.items}
    count = len(graph.inputs)
    raw = list(graph.types[:count])
    moved = {value: value + len(fronts) for value in range(count, len(graph.types))}
    items: list[Item] = []
    types: list[TensorType] = []
    for name, front in fronts.items():
        port = ports[name]
        made = count + len(items)
        type = graph.types[port.value]
        op, raw[port.value] = _front(front, type)
        place = _free(f"{name}_{_FRONT_NAMES[op.word]}", names)
        items.append(Item(place, op, (port.value,), (made,), port.span))
        types.append(type)
        moved[port.value] = made
    return replace(
        graph,
        types=(*raw, *types, *graph.types[count:]),
        items=(*items, *(_moved(item, moved) for item in graph.items)),
        outputs=tuple(replace(p, value=moved.get(p.value, p.value)) for p in graph.outputs),
    )


def _moved(item: Item, moved: Mapping[int, int]) -> Item:
    return replace(
        item,
        inputs=tuple(None if v is None else moved.get(v, v) for v in item.inputs),
        outputs=tuple(moved[v] for v in item.outputs),
    )


_FRONT_NAMES = {"scale_pixels": "scaled", "standardize": "scaled", "category_ids": "ids"}


def _front(front: Front, type: TensorType) -> tuple[Layer, TensorType]:
    """The layer that makes network numbers of raw ones, and the type of those."""
    if isinstance(front, Pixels):
        pixels = ScalePixels(mean=_short(front.mean), std=_short(front.std))
        return pixels, replace(type, dtype="uint8")
    if isinstance(front, Scale):
        missing = front.missing or front.mean
        scale = Standardize(median=_short(missing), mean=_short(front.mean), std=_short(front.std))
        return scale, replace(type, dtype="float32")
    assert isinstance(front, Categories), "texts come in as ids"
    return CategoryIds(columns=front.values), replace(type, dtype="string")


def _short(values: tuple[float, ...]) -> float | tuple[float, ...]:
    """One number where all are the same."""
    return values[0] if len(set(values)) == 1 else values


def _with_tails(
    graph: Graph, scales: Mapping[str, Scale | Pixels], heads: Mapping[str, Head]
) -> Graph:
    ports = {port.name: port for port in graph.outputs}
    names = {item.name for item in graph.items}
    types, items = list(graph.types), list(graph.items)
    outputs = dict(ports)

    def add(name: str, op: Layer, port: Port) -> int:
        made = len(types)
        type = types[port.value]
        types.append(replace(type, dtype="uint8") if isinstance(op, ToPixels) else type)
        items.append(Item(_free(name, names), op, (port.value,), (made,), port.span))
        return made

    for name, scale in scales.items():
        kind = ToPixels if isinstance(scale, Pixels) else Unscale
        undo = kind(mean=_short(scale.mean), std=_short(scale.std))
        called = "pixels" if isinstance(scale, Pixels) else "unscaled"
        made = add(f"{name}_{called}", undo, ports[name])
        outputs[name] = replace(ports[name], value=made)
    more: list[Port] = []
    taken = set(ports)
    for name, head in heads.items():
        op: Layer = Softmax(axis=0) if head == "softmax" else Sigmoid()
        called = _free(probability_name(name), taken)
        more.append(Port(called, add(called, op, ports[name]), ports[name].span))
    return replace(
        graph, types=tuple(types), items=tuple(items), outputs=(*outputs.values(), *more)
    )


def _free(name: str, taken: set[str]) -> str:
    """The name, or the first with a number that is not taken; it is taken from now on."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found)
    return found
