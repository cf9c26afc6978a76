"""Values inside of a network that a loss reads by their labels: given out in training alone."""

from __future__ import annotations

from nnc.ir.graph import Network, Port
from nnc.ir.lossformula import names
from nnc.ir.plan import TrainPlan
from nnc.record import replace


def labels_read(plan: TrainPlan) -> tuple[str, ...]:
    """The labels that the formulas of a loss read, each once."""
    formulas = (term.formula for phase in plan.phases for term in phase.formulas)
    read = (named for formula in formulas for named in names(formula))
    return tuple(dict.fromkeys(named.name for named in read if named.kind == "label"))


def labelled(network: Network) -> dict[str, int]:
    """The values of a network's own body that one step alone labels, by label."""
    found: dict[str, int] = {}
    twice: set[str] = set()
    for item in network.graph.items:
        if item.label in found:
            twice.add(item.label)
        if item.label and item.outputs:
            found[item.label] = item.outputs[0]
    return {label: value for label, value in found.items() if label not in twice}


def with_labels(network: Network, labels: tuple[str, ...]) -> Network:
    """The network that gives these labelled values too, behind its outputs."""
    if not labels:
        return network
    values = labelled(network)
    more = tuple(Port(label, values[label]) for label in labels)
    graph = network.graph
    return replace(network, graph=replace(graph, outputs=(*graph.outputs, *more)))
