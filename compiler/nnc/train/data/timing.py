"""When the rows of a series are: their order, their steps, and the borders between parts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnc.ir.plan import DataPlan
from nnc.train.data.frame import Frame
from nnc.train.data.keyed import Array, Rows, rows_of
from nnc.train.data.kinds import tell, words
from nnc.train.data.positions import rule, shares
from nnc.train.data.rules import ORDER, SPLIT, VALUE, refusal
from nnc.train.data.targets import text_option

if TYPE_CHECKING:
    import polars as pl

_EPOCH = datetime(1970, 1, 1)
_UNITS = (("day", 86_400_000_000), ("hour", 3_600_000_000), ("minute", 60_000_000), ("second", 1e6))


class Timing(NamedTuple):
    """A table in the order of its series and of time.

    Attributes:
        frame: its rows in that order.
        rows: where each of them stood in the file.
        moments: when each is: microseconds, a number (such as a year), or its row.
        dates: moments are microseconds.
        groups: (start, end) of the rows of each series.
        ids: of each row the name of its series, () where there is one series.
    """

    frame: Frame
    rows: Rows
    moments: Array
    dates: bool
    groups: tuple[tuple[int, int], ...]
    ids: tuple[str, ...]
    notes: tuple[str, ...]


def timed(plan: DataPlan, frame: Frame) -> Timing:
    """The rows in their order.

    Raises:
        Refusal: a row has no date, or dates fall or stand twice.
        MissingColumn: there is no such column.
    """
    ids = _ids(plan, frame)
    moments, dates = _moments(plan, frame)
    rows = rows_of(frame.rows)
    groups = [(0, frame.rows)]
    if ids:
        order = {name: at for at, name in enumerate(dict.fromkeys(ids))}
        which = np.array([order[name] for name in ids])
        rows = np.argsort(which, kind="stable").astype(np.int64)
        ends = np.cumsum(np.bincount(which)).tolist()
        groups = list(zip([0, *ends[:-1]], ends))
    if plan.option("sort") is True:
        for start, end in groups:
            own = rows[start:end]
            rows[start:end] = own[np.argsort(moments[own], kind="stable")]
    moments = moments[rows]
    if text_option(plan, "time"):
        for start, end in groups:
            _rising(plan, frame, rows[start:end], moments[start:end])
    moved = not (rows == rows_of(frame.rows)).all()
    kept = frame.keep(rows.tolist()) if moved else frame
    named = tuple(ids[int(row)] for row in rows) if ids else ()
    notes = _steps(moments, groups, dates) if text_option(plan, "time") else ()
    return Timing(kept, rows, moments, dates, tuple(groups), named, notes)


def _ids(plan: DataPlan, frame: Frame) -> tuple[str, ...]:
    name = text_option(plan, "id")
    if not name:
        return ()
    found = words(frame.column(name))
    for row, value in enumerate(found):
        if value is None:
            message = f"row {row + 1} of `{frame.name}` has no `{name}`: which series is it of?"
            raise refusal(VALUE, plan, message)
    return tuple(value or "" for value in found)


def _moments(plan: DataPlan, frame: Frame) -> tuple[Array, bool]:
    """When each row is, and whether these are dates."""
    name = text_option(plan, "time")
    if not name:
        return np.arange(1, frame.rows + 1, dtype=np.int64), False
    column = frame.column(name)
    gone = column.is_null().arg_true().to_list()
    if gone:
        message = f"row {gone[0] + 1} of `{frame.name}` has no value in `{name}`"
        raise refusal(VALUE, plan, message)
    told = tell(column)
    if told.kind == "date":
        return _microseconds(told.values), True
    if told.kind == "number":
        return told.values.to_numpy().astype(np.float64), False
    message = f"`{column[0]}` in the column `{name}` of `{frame.name}` is no date and no number"
    help = "write dates as 2024-12-31 or 2024-12-31 18:30"
    raise refusal(VALUE, plan, message, help)


def _microseconds(dates: pl.Series) -> Array:
    return np.asarray(dates.to_physical().to_numpy(), dtype=np.int64)


def _rising(plan: DataPlan, frame: Frame, rows: Rows, moments: Array) -> None:
    wrong = np.flatnonzero(np.diff(moments) <= 0)
    if not len(wrong):
        return
    at = int(wrong[0])
    first, second = int(rows[at]) + 1, int(rows[at + 1]) + 1
    date = str(frame.column(text_option(plan, "time"))[second - 1])
    if moments[at] == moments[at + 1]:
        message = f"rows {first:,} and {second:,} of `{frame.name}` have the same time, {date}"
        several = not text_option(plan, "id")
        help = 'several series in one file want `id="COLUMN"`' if several else "join the rows"
        raise refusal(ORDER, plan, message, help)
    message = f"row {second:,} of `{frame.name}` ({date}) is earlier than row {first:,}"
    raise refusal(ORDER, plan, message, "sort the file, or write `sort=true` in the source")


def _steps(moments: Array, groups: list[tuple[int, int]], dates: bool) -> tuple[str, ...]:
    """A line where the steps in time are not equal; months and years are as equal as they can."""
    if dates and _monthly(moments):
        moments, dates = moments.astype("datetime64[us]").astype("datetime64[M]"), False
        moments = moments.astype(np.int64)
    taken = [np.diff(moments[start:end]) for start, end in groups]
    steps = np.concatenate(taken) if taken else np.zeros(0)
    values, counts = np.unique(steps, return_counts=True)
    if len(values) < 2:
        return ()
    usual = values[int(counts.argmax())]
    other = int(counts.sum() - counts.max())
    said = f"{other:,} of {len(steps):,} steps in time are not {_span(float(usual), dates)}"
    return (f"{said}: the longest is {_span(float(values[-1]), dates)}",)


def _monthly(moments: Array) -> bool:
    """All dates stand at one time of a month."""
    when = moments.astype("datetime64[us]")
    return len(np.unique(when - when.astype("datetime64[M]"))) == 1


def _span(step: float, dates: bool) -> str:
    if not dates:
        return f"{step:g}"
    for name, size in _UNITS:
        if step >= size and step % size == 0:
            count = round(step / size)
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{step / 1e6:g} seconds"


# --- borders --------------------------------------------------------------------------------------


def borders(plan: DataPlan, timing: Timing, *, whole: bool = False) -> tuple[Array, str]:
    """The part of each row (0 train, 1 validation, 2 test, -1 none), and the rule in words.

    Raises:
        Refusal: a border is no time of this series, or they do not rise.
    """
    if whole:
        return np.full(len(timing.moments), 2, dtype=np.int8), rule(plan, whole=True)
    if plan.split.kind != "time":
        return _by_shares(plan, timing), rule(plan)
    given = plan.split.values
    by_row = all(not isinstance(border, str) for border in given)
    if by_row and len(timing.groups) > 1:
        message = "rows do not divide several series"
        raise refusal(SPLIT, plan, message, 'give dates: `split time("2024-01-01", "2024-06-01")`')
    if by_row:
        moments: Array = np.arange(1, len(timing.moments) + 1)
        cuts = np.array([float(border) for border in given])
        if cuts.max() > len(moments) + 1:
            help = "a number is a row; write a year or another time in quotes"
            message = f"there is no row {cuts.max():,.0f}: the series has {len(moments):,}"
            raise refusal(SPLIT, plan, message, help)
    else:
        moments = timing.moments
        cuts = np.array([_moment(plan, str(border), timing) for border in given])
    if (np.diff(cuts) <= 0).any():
        raise refusal(SPLIT, plan, "the borders of `time` must rise")
    part = np.searchsorted(cuts, moments, side="right").astype(np.int8)
    said = ", ".join(border if isinstance(border, str) else f"{border:,g}" for border in given)
    return np.where(part == 3, np.int8(-1), part), f"by time: {said}"


def _by_shares(plan: DataPlan, timing: Timing) -> Array:
    """Shares of the different times, so that several series are divided at the same ones."""
    times = np.unique(timing.moments)
    train, validation, _ = shares(plan)
    ends = [round(len(times) * share) for share in (train, train + validation)]
    places = np.searchsorted(times, timing.moments)
    return np.searchsorted(np.array(ends), places, side="right").astype(np.int8)


def _moment(plan: DataPlan, text: str, timing: Timing) -> float:
    try:
        if not timing.dates:
            return float(text)
        return (datetime.fromisoformat(text) - _EPOCH).total_seconds() * 1e6
    except (ValueError, TypeError):
        what = "date" if timing.dates else "number like those of the time column"
        raise refusal(SPLIT, plan, f"`{text}` is no {what}", "write 2024-12-31") from None
