"""What a column of a table holds: numbers, dates or words, told from its cells."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from nnc.ir.timeline import DATE_PARTS as DATE_PARTS
from nnc.train.data.lazily import lazy

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

Kind = Literal["number", "date", "word", "empty"]
Floats = npt.NDArray[np.float32]

_DATES = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
)
_CODE = r"^[+-]?0\d"
_INTEGER = r"^[+-]?\d+$"
_DECIMAL_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$"
_THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"


class BadValue(Exception):
    """A cell that is not what its column holds; `row` counts from 1."""

    def __init__(self, column: str, row: int, text: str, wanted: str) -> None:
        super().__init__(f"row {row}, column `{column}`: `{text[:40]}` is no {wanted}")
        self.column = column
        self.row = row


class Told(NamedTuple):
    """A column with its kind: numbers are Float64, dates Datetime, words String; null is missing.

    `whole` tells integers; `odd` is the first row (from 1) whose text stands among numbers.
    """

    kind: Kind
    values: pl.Series
    whole: bool = False
    note: str = ""
    odd: int = 0


def tell(column: pl.Series) -> Told:
    """What a column holds."""
    if column.dtype.is_numeric():
        whole = column.dtype.is_integer()
        return Told("number", column.cast(pl.Float64), whole)
    if column.dtype.is_temporal():
        if column.dtype in (pl.Date, pl.Datetime):
            return Told("date", column.cast(pl.Datetime("us")))
        return Told("word", column.cast(pl.String))
    if column.dtype == pl.Null:
        return Told("empty", column.cast(pl.String))
    present = column.drop_nulls()
    if present.is_empty():
        return Told("empty", column)
    if present.str.contains(_CODE).any():
        codes = present.str.contains(r"^[+-]?0\d+$").any()
        if codes or not _is_decimal(present):
            return _date(column, present) or Told(
                "word", column, note="leading zeros: codes, no numbers"
            )
    return _number(column, present) or _date(column, present) or _word(column, present)


def _is_decimal(present: pl.Series) -> bool:
    return present.cast(pl.Float64, strict=False).null_count() == 0


def _number(column: pl.Series, present: pl.Series) -> Told | None:
    if _is_decimal(present):
        whole = bool(present.str.contains(_INTEGER).all())
        return Told("number", column.cast(pl.Float64, strict=False), whole)
    if present.str.contains(_THOUSANDS).all():
        plain = column.str.replace_all(",", "", literal=True)
        note = "commas separate thousands"
        return Told("number", plain.cast(pl.Float64, strict=False), True, note)
    if present.str.contains(_DECIMAL_COMMA).all():
        plain = column.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        return Told("number", plain.cast(pl.Float64, strict=False), False, "decimal comma")
    return None


def _date(column: pl.Series, present: pl.Series) -> Told | None:
    first = present[0]
    if not any(mark in first for mark in "-/.") or not first[:1].isdigit():
        return None
    for form in _DATES:
        try:
            read = present.str.strptime(pl.Datetime("us"), form, strict=False)
        except pl.exceptions.PolarsError:
            continue
        if read.null_count() == 0:
            values = column.str.strptime(pl.Datetime("us"), form, strict=False)
            unsure = form.startswith("%m/") and read.dt.day().max() <= 12  # type: ignore[operator]
            return Told("date", values, note="dates read as month/day/year" if unsure else "")
    return None


def stranger(column: pl.Series) -> int:
    """The first row that is neither a number nor a date of the form that most rows have."""
    reads = [column.cast(pl.Float64, strict=False).is_null()]
    for form in _DATES:
        with suppress(pl.exceptions.PolarsError):
            reads.append(column.str.strptime(pl.Datetime("us"), form, strict=False).is_null())
    best = min(reads, key=lambda lost: int(lost.sum()))
    return int(best.arg_true()[0]) if best.any() else 0


def _word(column: pl.Series, present: pl.Series) -> Told:
    lower = present.str.to_lowercase()
    if lower.is_in(["true", "false"]).all():
        return Told("word", column.str.to_lowercase())
    numbers = column.cast(pl.Float64, strict=False)
    strange = numbers.is_null() & column.is_not_null()
    if int(strange.sum()) * 10 <= len(present) and len(present) - int(strange.sum()) > 20:
        odd = strange.arg_true()[0] + 1
        return Told("word", column, odd=int(odd))
    return Told("word", column)


def numbers(column: pl.Series) -> Floats:
    """A column as float32, missing cells NaN.

    Raises:
        BadValue: a cell is no number, infinite, or beyond float32.
    """
    told = tell(column)
    if told.kind == "empty":
        return np.full(len(column), np.nan, dtype=np.float32)
    values = told.values
    if told.kind != "number":
        values = column.cast(pl.String).cast(pl.Float64, strict=False)
        wrong = (values.is_null() & column.is_not_null()).arg_true()
        if len(wrong):
            raise BadValue(column.name, wrong[0] + 1, str(column[wrong[0]]), "number")
    return finite(values, column.name)


def finite(values: pl.Series, name: str) -> Floats:
    """Float64 with nulls as float32 with NaN.

    Raises:
        BadValue: a value is infinite or beyond float32.
    """
    wide = values.to_numpy().astype(np.float64)
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    wrong = np.flatnonzero(np.isinf(narrow))
    if len(wrong):
        raise BadValue(name, int(wrong[0]) + 1, str(wide[wrong[0]]), "finite float32 number")
    return narrow


def date_part(column: pl.Series, part: str) -> Floats:
    """One of DATE_PARTS of a column of dates as float32; weekday counts from 1, Monday.

    Raises:
        BadValue: a cell is no date.
    """
    told = tell(column)
    if told.kind == "empty":
        return np.full(len(column), np.nan, dtype=np.float32)
    if told.kind != "date":
        present = column.is_not_null().arg_true()
        raise BadValue(column.name, present[0] + 1, str(column[present[0]]), "date")
    return finite(getattr(told.values.dt, part)().cast(pl.Float64), column.name)


def has_hours(dates: pl.Series) -> bool:
    """Some date carries a time of day."""
    return bool((dates.drop_nulls().dt.hour() != 0).any())


def words(column: pl.Series) -> list[str | None]:
    """A column as text, missing cells None."""
    text = column.cast(pl.String)
    present = text.drop_nulls()
    if len(present) and present.str.to_lowercase().is_in(["true", "false"]).all():
        text = text.str.to_lowercase()
    return text.to_list()
