"""Which inputs of a network are looked up in tables of ids, and how many rows those have."""

from __future__ import annotations

from nnc.ir.dims import Dim
from nnc.ir.graph import Call, Network, Operation
from nnc.ir.walk import BorderStep, flat
from nnc.layers.embedding import Embedding, OneHot
from nnc.record import Record
from nnc.source import Span

_MOVED = frozenset(
    (
        *("flatten", "reshape", "permute", "squeeze", "unsqueeze", "expand", "slice", "roll"),
        *("rearrange", "flip", "crop", "split", "concat", "shift", "pick", "take", "last"),
    )
)
"""Layers that put ids elsewhere and change none."""


class IdTable(Record):
    """A table that the ids of an input are looked up in.

    Args:
        word: of its layer: "embedding" or "one_hot".
        place, span: of its layer.
        port: the network's input.
        rows: one number for all ids, or with several tables one for each column.
        whole: the input comes to it as it is: its columns are the input's.
    """

    word: str
    place: str
    span: Span
    port: str
    rows: tuple[int, ...]
    whole: bool


def id_tables(network: Network) -> tuple[IdTable, ...]:
    """The tables that ids of inputs come to unchanged; a size that is not known yet is left out."""
    ids = {
        at: port
        for at, port in enumerate(network.graph.inputs)
        if network.graph.types[port.value].dtype == "int64" and not port.measures
    }
    if not ids:
        return ()
    origins = {at: frozenset((port.name,)) for at, port in ids.items()}
    found: list[IdTable] = []
    for step in flat(network).steps:
        if isinstance(step, BorderStep):
            for made, source in zip(step.outputs, step.sources):
                if source in origins:
                    origins[made] = origins[source]
            continue
        taken = [origins[v] for v in step.inputs if v in origins]
        if not taken:
            continue
        rows = _rows(step.item.op)
        if rows:
            whole = step.inputs[0] in ids
            word, place, span = step.item.op.word, step.place, step.item.span
            found += [IdTable(word, place, span, p, rows, whole) for p in sorted(taken[0])]
        elif step.item.op.word in _MOVED:
            for value in step.outputs:
                origins[value] = frozenset().union(*taken)
    return tuple(found)


def _rows(op: Operation | Call) -> tuple[int, ...]:
    """How many ids a table has, or each of several; nothing where that is not known yet."""
    counts: tuple[Dim, ...] = ()
    if isinstance(op, Embedding):
        counts = op.count if isinstance(op.count, tuple) else (op.count,)
    elif isinstance(op, OneHot):
        counts = (op.classes,)
    known = tuple(int(n) for n in counts if isinstance(n, int))
    return known if len(known) == len(counts) else ()


def id_limits(network: Network) -> dict[str, int]:
    """By input how many ids the network knows: the fewest rows that any of its tables has."""
    limits: dict[str, int] = {}
    for table in id_tables(network):
        rows = table.rows[0] if len(table.rows) == 1 else sum(table.rows)
        limits[table.port] = min(rows, limits.get(table.port, rows))
    return limits
