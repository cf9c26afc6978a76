"""What a network starts from another's weights: carried over by structure, or by known names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nnc.backends.arrays import Array
from nnc.backends.foreign_names import NameTable
from nnc.backends.taken import Naming, joined, naming
from nnc.backends.weights import Below, WeightsFile, array_in, opened, stored_shapes
from nnc.ir.graph import Network
from nnc.ir.walk import PlacedWeight, weight_table
from nnc.passes.settle import settled
from nnc.passes.transfer import (
    Anew,
    Carried,
    Transfer,
    align,
    holders,
    holders_of_file,
)
from nnc.record import Record

Shapes = Mapping[str, tuple[int, ...]]


class Begun(Record):
    """What carries over, with its numbers; `title`: whose names the file has, "" for our own."""

    transfer: Transfer
    arrays: Mapping[str, Array]
    title: str = ""


def begin(
    path: Path,
    network: Network,
    trained: Network | None,
    tables: Sequence[NameTable] = (),
    head: str = "",
) -> Begun:
    """What a network of known sizes may start from the weights in a file.

    Args:
        trained: the network that the file was made of, where it is known.
        head: only weights whose names begin so count, without it; "" for all.

    Raises:
        Refusal: the file is broken, or the package safetensors is missing.
        OSError: the file cannot be opened.
    """
    rows = weight_table(network)
    with opened(path) as whole:
        file = Below(whole, head) if head else whole
        shapes = stored_shapes(file)
        if trained is not None and _is_of(shapes, trained):
            return _aligned(path, file, align(holders(trained), holders(network)), rows)
        best = naming(shapes, rows, tables)
        if best.table is not None or best.prefix:
            return _by_names(path, file, best, rows, shapes)
        return _aligned(path, file, settled(holders_of_file(shapes), network), rows)


def _is_of(shapes: Shapes, trained: Network) -> bool:
    """Whether a file holds just this network's weights."""
    table = weight_table(trained)
    return {row.name: row.weight.dims for row in table} == dict(shapes)


def _aligned(path: Path, file: WeightsFile, plan: Transfer, rows: Sequence[PlacedWeight]) -> Begun:
    by_name = {row.name: row for row in rows}
    arrays = {c.name: array_in(path, file, by_name[c.name], c.source) for c in plan.carried}
    return Begun(plan, arrays)


def _by_names(
    path: Path, file: WeightsFile, best: Naming, rows: Sequence[PlacedWeight], shapes: Shapes
) -> Begun:
    """By the names of a table; those that the file lacks, or has in other sizes, start anew."""
    arrays: dict[str, Array] = {}
    carried: list[Carried] = []
    anew: list[Anew] = []
    used: set[str] = set()
    for row in rows:
        piece = best.pieces.get(row.name)
        there = piece is not None and all(name in shapes for name in piece.names)
        array = joined(path, file, piece, row)[0] if piece is not None and there else None
        if piece is not None and array is not None:
            arrays[row.name] = array
            carried.append(Carried(row.name, " and ".join(piece.names), row.weight.dims))
            used.update(piece.names)
        else:
            why = "of other sizes in the file" if there else "not in the file"
            anew.append(Anew(row.name, row.weight.dims, why))
    unused = tuple(name for name in shapes if name not in used)
    title = best.table.title if best.table is not None else ""
    return Begun(Transfer((), tuple(carried), tuple(anew), unused), arrays, title)
