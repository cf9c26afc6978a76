"""Weights of a file for a network, by the network's own names or by those of another program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from nnc.backends.arrays import Array, known_sizes
from nnc.backends.foreign_names import (
    Line,
    NameTable,
    Piece,
    check_lines,
    is_left_out,
    piece,
)
from nnc.backends.initial import initial_weights
from nnc.backends.weights import (
    OTHER_WEIGHTS,
    SHOWN,
    WeightsFile,
    array_in,
    file_span,
    opened,
    printable,
    read_weights,
    stored_shapes,
)
from nnc.diagnostics import Refusal, nearest
from nnc.ir.walk import PlacedWeight
from nnc.record import Record
from nnc.source import Span

WRAPPERS = ("", "module.", "_orig_mod.")
"""What DataParallel and torch.compile put before all names of a file."""
COUNTER = "num_batches_tracked"
"""How many batches a normalisation saw: no output depends on it, many files leave it out."""

NO_TABLE = "does another program name them? say how: --names TABLE.json (nnc explain NN547)"

Shape = tuple[int, ...]


class Naming(Record):
    """How a file's names fit a network's by one table.

    Args:
        table: None: the network's own names.
        prefix: what stands before all names of the file.
        pieces: what each weight is called in the file, by its name in the network.
        found: how many of these the file has.
    """

    table: NameTable | None
    prefix: str
    pieces: Mapping[str, Piece]
    found: int


class Taken(Record):
    """Weights in a network's order, and how they were found.

    Args:
        title: of the table that was used; "" for the network's own names.
        lines: of that table, each with how many weights it gave.
        left_out: names of the file that were not needed.
    """

    arrays: Mapping[str, Array]
    title: str = ""
    lines: tuple[tuple[Line, int], ...] = ()
    left_out: tuple[str, ...] = ()


def take_weights(
    path: Path, rows: Sequence[PlacedWeight], tables: Sequence[NameTable] = ()
) -> Taken:
    """The weights of a network from a file, its own or another program's.

    The names are the network's, or those of that table which knows most of the file's. A file's
    weight may have axes of size 1 in front that ours lacks.

    Raises:
        Refusal: the file is broken, or no table fits it whole; what is missing, left over or of
            other sizes is listed.
        OSError: the file cannot be opened.
    """
    with opened(path) as file:
        shapes = stored_shapes(file)
        best = naming(shapes, rows, tables)
        if best.table is None and not best.prefix:
            return Taken(read_weights(path, rows, help=NO_TABLE if not tables else ""))
        return _taken(path, file, best, shapes, rows)


def naming(
    shapes: Mapping[str, Shape], rows: Sequence[PlacedWeight], tables: Sequence[NameTable]
) -> Naming:
    """The names that most of a file's weights are found by; the network's own, where none is."""
    best, most = Naming(None, "", {}, 0), -1
    for table in (None, *tables):
        for prefix in dict.fromkeys((*WRAPPERS, *(table.prefixes if table else ()))):
            if prefix and not any(name.startswith(prefix) for name in shapes):
                continue
            pieces = _pieces(table, prefix, rows, shapes)
            found = sum(all(n in shapes for n in p.names) for p in pieces.values())
            # a few names are the same everywhere: the network's own are most of a file, or none
            score = found if table is not None or 2 * found >= len(rows) else 0
            if score > most or (score == most and best.table is None and table is not None):
                best, most = Naming(table, prefix, pieces, found), score
    return best


_OWN = Line("", (), False, Span(file_span(Path("-")).source, 0, 0), (), ())


def _named(prefix: str, row: PlacedWeight, shapes: Mapping[str, Shape]) -> str:
    """What a file calls a weight; a tied one may stand there under any of its names."""
    names = [prefix + name for name in (row.name, *row.also)]
    return next((name for name in names if name in shapes), names[0])


def _pieces(
    table: NameTable | None,
    prefix: str,
    rows: Sequence[PlacedWeight],
    shapes: Mapping[str, Shape],
) -> dict[str, Piece]:
    if table is None:
        return {row.name: Piece((_named(prefix, row, shapes),), False, _OWN) for row in rows}
    named = ((row.name, piece(table, row.name, prefix)) for row in rows)
    return {name: found for name, found in named if found is not None}


def _taken(
    path: Path,
    file: WeightsFile,
    best: Naming,
    shapes: Mapping[str, Shape],
    rows: Sequence[PlacedWeight],
) -> Taken:
    table = best.table
    if table is not None:
        check_lines(table, (row.name for row in rows))
    arrays: dict[str, Array] = {}
    wrong: list[str] = []
    missing: list[str] = []
    for row in rows:
        of = best.pieces.get(row.name)
        if of is None or any(name not in shapes for name in of.names):
            if row.name.endswith(COUNTER) or row.weight.role == "frozen":  # the spec says it all
                arrays |= initial_weights((row,), 0)
            else:
                missing.append(_absent(row.name, of, shapes))
            continue
        array, problem = joined(path, file, of, row)
        if array is None:
            wrong.append(problem)
        else:
            arrays[row.name] = array
    used = {name for of in best.pieces.values() for name in of.names}
    extra = [name for name in shapes if name not in used]
    tied = {best.prefix + name for row in rows for name in row.also if table is None}
    left = [name for name in extra if name in tied or _needless(table, best.prefix, name)]
    if missing or wrong or len(left) < len(extra):
        extra = [name for name in extra if name not in left]
        raise _misfit(path, best, wrong, missing, extra)
    counts: dict[Line, int] = {}
    for of in best.pieces.values():
        counts[of.line] = counts.get(of.line, 0) + 1
    lines = tuple(counts.items()) if table is not None else ()
    return Taken(arrays, table.title if table is not None else "", lines, tuple(left))


def _needless(table: NameTable | None, prefix: str, name: str) -> bool:
    return name.endswith(COUNTER) or (table is not None and is_left_out(table, name, prefix))


def joined(path: Path, file: WeightsFile, of: Piece, row: PlacedWeight) -> tuple[Array | None, str]:
    """The numbers of a weight in its own shape, or what is wrong with them."""
    wanted = known_sizes(row.weight.dims, row.name, row.span)
    shapes = [tuple(file.get_slice(name).get_shape()) for name in of.names]
    said = " and ".join(f"{printable(n)} {list(s)}" for n, s in zip(of.names[:2], shapes))
    text = f"{said} in the file, {row.name} {list(wanted)} in the network"
    turned = [s[::-1] if of.transpose else s for s in shapes]
    if of.transpose and any(len(s) != 2 for s in shapes):
        return None, f"{text}: only two axes can be transposed"
    if shapes == [()] and not wanted:
        return array_in(path, file, row, of.names[0]), ""
    if len({s[1:] for s in turned}) != 1 or not all(turned):
        return None, text
    whole = (sum(s[0] for s in turned), *turned[0][1:])
    while len(whole) > len(wanted) and whole[0] == 1:
        whole = whole[1:]
    if whole != wanted:
        return None, text
    parts = [array_in(path, file, row, name) for name in of.names]
    parts = [np.ascontiguousarray(part.T) if of.transpose else part for part in parts]
    array = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return array.reshape(wanted), ""


def _absent(name: str, of: Piece | None, shapes: Mapping[str, Shape]) -> str:
    if of is None:
        return f"{name}: no line of the table names it"
    lacking = next(n for n in of.names if n not in shapes)
    last = lacking.rpartition(".")[0].rpartition(".")[2]
    others = [n for n in list(shapes)[:1000] if n.rpartition(".")[0].rpartition(".")[2] == last]
    like = nearest(lacking, tuple(others))
    ours = "" if lacking == name else f" for {name}"
    has = f"; the file has {printable(like)}" if like else ""
    return f"{printable(lacking)} is missing{ours}{has}"


def _misfit(
    path: Path, best: Naming, wrong: list[str], missing: list[str], extra: list[str]
) -> Refusal:
    counts = (
        (len(wrong), "of other sizes"),
        (len(missing), "missing"),
        (len(extra), "that the network has no use for"),
    )
    said = ", ".join(f"{count} {what}" for count, what in counts if count)
    unused = [f"{printable(name)} is not in the network" for name in extra[:SHOWN]]
    by = f", by the names of {best.table.title}" if best.table else ""
    help = ""
    if best.table is not None and extra and not (wrong or missing):
        help = f'if they may be dropped, list them as "left_out" in {best.table.source.name}'
    elif best.found and len(missing) + len(wrong) <= 2 < best.found:
        help = (
            "if only the head differs: `--set classes=N` makes the file's, or `init` in a train"
            " block starts the rest from the file"
        )
    return Refusal(
        OTHER_WEIGHTS.at(
            file_span(path),
            f"the weights in {path.name} are not this network's{by}: {said}",
            notes=(*wrong[:SHOWN], *missing[:SHOWN], *unused),
            help=help,
        )
    )


def told(taken: Taken, name: str, most: int = 6) -> Iterable[str]:
    """What was taken by whose names, for people: a line, then the first lines of the table."""
    if not taken.title:
        return
    count = sum(number for _, number in taken.lines)
    left = f", {len(taken.left_out)} not needed" if taken.left_out else ""
    yield f"weights   {count} of {name}, by the names of {taken.title}{left}"
    for line, number in taken.lines[:most]:
        turned = ", transposed" if line.transpose else ""
        yield f"          {' and '.join(line.theirs)} -> {line.ours} ({number}{turned})"
    if len(taken.lines) > most:
        yield f"          and {len(taken.lines) - most} more lines of the table"
