"""Tables as people write them: CSV with its dialects, and Parquet."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nnc.train.data.lazily import lazy
from nnc.train.data.limits import most_bytes

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

MISSING = ("", "na", "n/a", "nan", "null", "none", "#n/a", "-nan", "<na>", "nat")
_SEPARATORS = ",;\t|"


class BadTable(Exception):
    """A table that cannot be read; the text says where."""


class MissingColumn(BadTable):
    """A column that is not in the table."""

    def __init__(self, name: str, table: Frame) -> None:
        super().__init__(f"`{table.name}` has no column `{name}`")
        self.column = name
        self.columns = table.names


class Frame(NamedTuple):
    """A table: its file's name, its columns (stripped, missing cells null), notes for people."""

    name: str
    columns: dict[str, pl.Series]
    rows: int
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in the file's order."""
        return tuple(self.columns)

    def column(self, name: str) -> pl.Series:
        """A column by name.

        Raises:
            MissingColumn: there is none.
        """
        if name not in self.columns:
            raise MissingColumn(name, self)
        return self.columns[name]

    def without(self, names: set[str]) -> Frame:
        """The table without some columns."""
        kept = {name: column for name, column in self.columns.items() if name not in names}
        return self._replace(columns=kept)

    def keep(self, rows: list[int]) -> Frame:
        """The table of some rows."""
        kept = {name: column.gather(rows) for name, column in self.columns.items()}
        return self._replace(columns=kept, rows=len(rows))

    def contents(self) -> list[bytes]:
        """What stands in each row, for hashing."""
        if not self.columns:
            return [b""] * self.rows
        text = [column.cast(pl.String).fill_null("") for column in self.columns.values()]
        joined = pl.DataFrame(text).select(pl.concat_str(pl.all(), separator="\x1f")).to_series()
        return [row.encode() for row in joined.to_list()]


def read_frame(path: Path) -> Frame:
    """The table in a file: Parquet by its ending, else CSV.

    Raises:
        BadTable: the file is too large, malformed, or its first line is no header.
    """
    if path.stat().st_size > most_bytes():
        raise BadTable(f"`{path.name}` is too large to be held in memory")
    if path.suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(path)
    return parse_csv(path.read_bytes(), path.name)


def _read_parquet(path: Path) -> Frame:
    try:
        lazy = pl.scan_parquet(path)
        cells = lazy.select(pl.len()).collect().item() * len(lazy.collect_schema())
        if cells * 8 > most_bytes():  # repeats take next to no room in the file
            raise BadTable(f"`{path.name}` has {cells:,} cells, too many to be held in memory")
        table = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadTable(f"`{path.name}` is no readable Parquet file ({_first(error)})") from None
    columns = {}
    for column in table.get_columns():
        if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
            raise BadTable(f"column `{column.name}` of `{path.name}` holds no single values")
        columns[column.name.strip()] = _cleaned(column)
    return Frame(path.name, columns, table.height)


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:120] if str(error).strip() else "no reason given"


def _cleaned(column: pl.Series) -> pl.Series:
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype == pl.Boolean:
        return column.cast(pl.String)
    if column.dtype.is_float():
        return column.fill_nan(None)
    if column.dtype.is_decimal():
        return column.cast(pl.Float64)
    if column.dtype != pl.String:
        return column
    column = column.str.strip_chars()
    gone = column.str.to_lowercase().is_in(MISSING).fill_null(True)
    return column.set(gone, None)


def _decoded(data: bytes) -> tuple[str, tuple[str, ...]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), ("read as UTF-16",)
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), ("not UTF-8: read as Windows-1252",)


def _separator(text: str) -> str:
    """The character that cuts most of the first lines into one number of cells above one."""
    lines = text[:65_536].splitlines()[:25]
    best, most = ",", (0, 0)
    for mark in _SEPARATORS:
        counts = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
        if counts and counts[0] > 1:
            alike = Counter(counts)[counts[0]]
            if (alike, counts[0]) > most:
                best, most = mark, (alike, counts[0])
    return best


def parse_csv(data: bytes, name: str) -> Frame:
    """The table in the bytes of a CSV file.

    Raises:
        BadTable: it is empty, a row is ragged, names are doubled, or the first line is no header.
    """
    text, notes = _decoded(data)
    if not text.strip():
        raise BadTable(f"`{name}` is empty")
    if "\0" in text:
        raise BadTable(f"`{name}` is no text file")
    mark = _separator(text)
    try:
        header = [cell.strip() for cell in next(csv.reader(io.StringIO(text), delimiter=mark))]
    except (csv.Error, StopIteration):
        raise BadTable(f"the first line of `{name}` is no header") from None
    names = _header(header, name)
    blank = _blank_rows(text, mark, len(header), name)
    try:
        table = pl.read_csv(
            io.BytesIO(text.encode()), separator=mark, infer_schema=False, new_columns=names
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadTable(f"`{name}` is no readable CSV file ({_first(error)})") from None
    if blank:
        kept = sorted(set(range(table.height)).difference(blank))
        table = table[kept]
    columns = {column.name: _cleaned(column) for column in table.get_columns()}
    if mark != ",":
        notes += (f"columns are separated by {'a tab' if mark == chr(9) else f'`{mark}`'}",)
    return _without_index(Frame(name, columns, table.height, notes))


def _header(header: list[str], name: str) -> list[str]:
    if all(_is_number(cell) for cell in header):
        raise BadTable(
            f"the first line of `{name}` holds numbers: write a line of column names above"
        )
    doubled = [cell for cell, count in Counter(header).items() if count > 1]
    if doubled:
        raise BadTable(f"`{name}` has several columns named `{doubled[0]}`")
    if "" in header[1:]:
        raise BadTable(f"column {header.index('', 1) + 1} of `{name}` has no name")
    return [cell or "\0index" for cell in header]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _blank_rows(text: str, mark: str, width: int, name: str) -> list[int]:
    """Rows (from 0) without a cell; rows of another length than the header are refused.

    Polars would fill up short rows without a word, and number only some mistakes.
    """
    reader = csv.reader(io.StringIO(text), delimiter=mark)
    blank: list[int] = []
    try:
        next(reader)
        for row, cells in enumerate(reader):
            if not cells:
                blank.append(row)
            elif len(cells) != width:
                number = row + 1 - len(blank)
                raise BadTable(
                    f"row {number} of `{name}` (line {reader.line_num}) has {len(cells)} cells,"
                    f" the header {width}"
                )
    except csv.Error as error:
        raise BadTable(f"line {reader.line_num} of `{name}`: {error}") from None
    return blank


def _without_index(frame: Frame) -> Frame:
    """Pandas writes a first column without a name that counts rows; it is no data."""
    unnamed = frame.columns.get("\0index")
    if unnamed is None:
        return frame
    counted = unnamed.cast(pl.Int64, strict=False)
    start = counted[0] if frame.rows else 0
    if start not in (0, 1) or counted.to_list() != list(range(start, start + frame.rows)):
        raise BadTable(f"column 1 of `{frame.name}` has no name")
    note = "the first column has no name and counts rows: left out"
    return frame.without({"\0index"})._replace(notes=(*frame.notes, note))
