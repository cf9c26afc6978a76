"""Drops what the wanted outputs of a network do not need."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.ir.arguments import Tied
from nnc.ir.graph import Graph, Item, Network, Port
from nnc.ir.lossformula import names
from nnc.ir.plan import TrainPlan
from nnc.layers.weighted import Weighted
from nnc.record import replace


def prune(network: Network, outputs: Sequence[str] | None = None) -> Network:
    """The network that gives only these outputs (all of them for None), in its own order.

    Steps and inputs that they do not need are gone; names, and so weights, stay. A weight that was
    tied to one of these is the layer's own then.

    Raises:
        KeyError: the network has no such output.
    """
    graph = network.graph
    have = [port.name for port in graph.outputs]
    for name in outputs or ():
        if name not in have:
            raise KeyError(name)
    kept = tuple(port for port in graph.outputs if outputs is None or port.name in outputs)
    needed = {port.value for port in kept}
    for item in reversed(graph.items):
        if not needed.isdisjoint(item.outputs):
            needed.update(value for value in item.inputs if value is not None)
            needed.update(item.outputs)
    return replace(network, graph=_without(graph, kept, needed))


def kept_plan(plan: TrainPlan, network: Network) -> TrainPlan:
    """What of a bound train block speaks of the inputs and outputs that a pruned network has."""
    inputs = {port.name for port in network.graph.fed}
    outputs = {port.name for port in network.graph.outputs}
    binding = plan.binding
    if binding is not None:
        binding = replace(
            binding,
            inputs=tuple(pair for pair in binding.inputs if pair[0] in inputs),
            targets=tuple(pair for pair in binding.targets if pair[0] in outputs),
            unbound=tuple(name for name in binding.unbound if name in outputs),
        )
    phases = tuple(
        replace(
            phase,
            terms=tuple(term for term in phase.terms if term.output in outputs),
            formulas=tuple(
                term
                for term in phase.formulas
                if all(
                    n.kind in ("input", "field") or n.name in outputs for n in names(term.formula)
                )
            ),
        )
        for phase in plan.phases
    )
    metrics = tuple(metric for metric in plan.metrics if metric.output in outputs)
    return replace(plan, binding=binding, phases=phases, metrics=metrics)


def _without(graph: Graph, outputs: tuple[Port, ...], needed: set[int]) -> Graph:
    """The graph of the needed values alone, numbered anew."""
    order = [port.value for port in graph.inputs if port.value in needed]
    items = _owned([item for item in graph.items if not needed.isdisjoint(item.outputs)])
    order += [value for item in items for value in item.outputs]
    number = {value: new for new, value in enumerate(order)}
    return replace(
        graph,
        inputs=tuple(
            replace(port, value=number[port.value]) for port in graph.inputs if port.value in number
        ),
        types=tuple(graph.types[value] for value in order),
        items=tuple(_renumbered(item, number) for item in items),
        outputs=tuple(replace(port, value=number[port.value]) for port in outputs),
    )


def _owned(items: list[Item]) -> list[Item]:
    """The items, where each tied weight has an owner among them: the first that is tied to it."""
    owners = {item.instance or item.name for item in items}
    heirs: dict[tuple[str, str], tuple[str, bool]] = {}
    made = []
    for item in items:
        op = item.op
        if isinstance(op, Weighted) and op.tie is not None and op.tie.owner not in owners:
            own = item.instance or item.name
            tie = op.tie
            heir, turned = heirs.setdefault((tie.owner, tie.weight), (own, tie.turned))
            new = None if heir == own else Tied(heir, "weight", tie.turned != turned)
            item = replace(item, op=replace(op, tie=new))
        made.append(item)
    return made


def _renumbered(item: Item, number: dict[int, int]) -> Item:
    return replace(
        item,
        inputs=tuple(None if value is None else number[value] for value in item.inputs),
        outputs=tuple(number[value] for value in item.outputs),
    )
