"""Sizes as they are under all conditions that a network's joins inferred.

`2*(H//16)` is `H//8` once H must be a multiple of 16; a size is found to be so only after the joins
that come behind it, so types are rewritten when the network is whole.
"""

from __future__ import annotations

from nnc.ir.facts import Facts
from nnc.ir.graph import Call, Graph, Item, Scan
from nnc.ir.types import TensorType
from nnc.record import replace


def simplified(graph: Graph, facts: Facts) -> Graph:
    """The same graph with each symbolic size in its simplest form; itself where there is none.

    The network's inputs keep the sizes that the spec wrote.
    """
    made = _graph(graph, facts, {}, {})
    inputs = len(graph.inputs)
    return replace(made, types=(*graph.types[:inputs], *made.types[inputs:]))


def _graph(
    graph: Graph, facts: Facts, done: dict[int, Graph], types: dict[TensorType, TensorType]
) -> Graph:
    made = done.get(id(graph))
    if made is not None:
        return made
    if all(isinstance(d, int) for t in graph.types for d in t.dims):
        made = graph
    else:
        made = replace(
            graph,
            types=tuple(_type(t, facts, types) for t in graph.types),
            items=tuple(_item(item, facts, done, types) for item in graph.items),
        )
    done[id(graph)] = made
    return made


def _item(
    item: Item, facts: Facts, done: dict[int, Graph], types: dict[TensorType, TensorType]
) -> Item:
    if not isinstance(item.op, Call):
        return item
    op = replace(item.op, graph=_graph(item.op.graph, facts, done, types))
    if isinstance(op, Scan) and not isinstance(op.length, int):
        op = replace(op, length=facts.simplify(op.length))
    return replace(item, op=op)


def _type(type: TensorType, facts: Facts, types: dict[TensorType, TensorType]) -> TensorType:
    if all(isinstance(d, int) for d in type.dims):
        return type
    if type not in types:
        # Sizes that are known keep the expression they came from, which equality does not see.
        sizes = tuple(d if isinstance(d, int) else facts.simplify(d) for d in type.dims)
        types[type] = type.with_dims(*sizes)
    known = types[type].dims
    dims = (d if isinstance(d, int) else s for d, s in zip(type.dims, known))
    return type.with_dims(*dims)
