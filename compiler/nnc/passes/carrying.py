"""Networks whose states are carried from window to window of a text, in training and evaluation.

`rnn`, `gru` and `lstm` take and give their states anyway. A scan does where it is marked: the class
that is written for it then takes its states behind its other arguments, and gives them last.
"""

from __future__ import annotations

from nnc.ir.graph import Call, Graph, Item, Network, Scan
from nnc.ir.types import TensorType
from nnc.ir.walk import walk
from nnc.layers.recurrent import Recurrent
from nnc.record import Record, replace


class Carrier(Record):
    """What keeps a state from one step of a sequence to the next.

    Args:
        owner: the place of its weights, which is that of its module.
        states: of a scan: those that start from a number; of a recurrent layer none are listed.
    """

    owner: str
    states: tuple[TensorType, ...] = ()


def carrying(network: Network) -> Network:
    """The network with its scans marked, but for those in the braces of another."""
    return replace(network, graph=_marked(network.graph, {}))


def _marked(graph: Graph, known: dict[int, Graph]) -> Graph:
    found = known.get(id(graph))
    if found is None:
        items = tuple(_item(item, known) for item in graph.items)
        same = all(a is b for a, b in zip(items, graph.items))
        found = known[id(graph)] = graph if same else replace(graph, items=items)
    return found


def _item(item: Item, known: dict[int, Graph]) -> Item:
    op = item.op
    if isinstance(op, Scan):
        return replace(item, op=replace(op, carries=True)) if op.begun else item
    if not isinstance(op, Call):
        return item
    inner = _marked(op.graph, known)
    return item if inner is op.graph else replace(item, op=replace(op, graph=inner))


def carriers(network: Network) -> tuple[Carrier, ...]:
    """What keeps states in a network; a layer in the braces of a scan starts anew at each step."""
    found: dict[str, Carrier] = {}
    for step in walk(network):
        op = step.item.op
        if isinstance(op, Scan) and op.carries:
            types = [op.graph.types[port.value] for port in op.state_ports]
            begun = tuple(t for t, start in zip(types, op.starts) if start is not None)
            found.setdefault(step.owner, Carrier(step.owner, begun))
        elif isinstance(op, Recurrent):
            found.setdefault(step.owner, Carrier(step.owner))
    return tuple(found.values())


def kept_states(network: Network) -> frozenset[str]:
    """The names that these states have in the network of one step."""
    found: list[str] = []
    for step in walk(network):
        op = step.item.op
        if isinstance(op, Scan) and op.carries:
            ports = zip(op.state_ports, op.starts)
            found += [f"{step.place}.{port.name}" for port, start in ports if start is not None]
        elif isinstance(op, Recurrent) and all(v is None for v in step.inputs[1:-1]):
            found += [f"{step.place}.{name}" for name in op.results[1:]]
    return frozenset(found)
