"""A network whose free sizes are numbers: types, steps and scans with the numbers in them."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.ir.arguments import Declared
from nnc.ir.conditions import Condition
from nnc.ir.dims import Dim, Poly, substitute
from nnc.ir.graph import Call, Graph, Item, Network, Scan
from nnc.ir.types import TensorType
from nnc.record import Record, replace


def sized(network: Network, sizes: Mapping[str, int]) -> Network:
    """The network with these sizes in the place of their symbols.

    Whether it can have them is the caller's question (`nnc.ir.conditions.holds`). Conditions on
    other sizes stay.
    """
    env: dict[str, Dim] = dict(sizes)
    facts = tuple(
        fact for fact in network.facts if not (isinstance(fact, Condition) and fact.symbol in sizes)
    )
    left = tuple(name for name in network.symbols if name not in sizes)
    said = tuple(text for text in network.conditions if text.partition(" ")[0] not in sizes)
    graph = _graph(network.graph, env, {})
    return replace(network, graph=graph, conditions=said, facts=facts, symbols=left)


def _graph(graph: Graph, env: Mapping[str, Dim], known: dict[int, Graph]) -> Graph:
    """`known` is keyed by the identity of graphs, which the network keeps alive."""
    if id(graph) not in known:
        types = tuple(_type(type_, env) for type_ in graph.types)
        items = tuple(_item(item, env, known) for item in graph.items)
        params = tuple((name, _value(value, env)) for name, value in graph.params)
        known[id(graph)] = replace(graph, types=types, items=items, params=params)
    return known[id(graph)]


def _type(type_: TensorType, env: Mapping[str, Dim]) -> TensorType:
    return type_.with_dims(*(substitute(d, env) for d in type_.dims))


def _item(item: Item, env: Mapping[str, Dim], known: dict[int, Graph]) -> Item:
    op = item.op
    if isinstance(op, Scan):
        length = substitute(op.length, env)
        return replace(item, op=replace(op, graph=_graph(op.graph, env, known), length=length))
    if isinstance(op, Call):
        return replace(item, op=replace(op, graph=_graph(op.graph, env, known)))
    if not isinstance(op, Declared):
        return item
    changes = {name: getattr(op, name) for name in op._fields if _open(getattr(op, name))}
    if not changes:
        return item
    return replace(item, op=replace(op, **{n: _value(v, env) for n, v in changes.items()}))


def _open(value: object) -> bool:
    """Whether a size is in it."""
    return isinstance(value, Poly) or (isinstance(value, tuple) and any(map(_open, value)))


def _value(value: object, env: Mapping[str, Dim]) -> object:
    """The same with its sizes replaced."""
    if isinstance(value, Poly):
        return substitute(value, env)
    if isinstance(value, tuple) and not isinstance(value, Record) and _open(value):
        return tuple(_value(each, env) for each in value)
    return value
