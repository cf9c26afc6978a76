"""When the rows of a series are: their order, their steps, and the borders between parts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnc.ir.plan import DataPlan
from nnc.ir.timeline import NUMBERS, Timeline
from nnc.train.data.frame import Frame
from nnc.train.data.keyed import Array, Rows, rows_of
from nnc.train.data.kinds import stranger, tell, words
from nnc.train.data.positions import rule, shares
from nnc.train.data.rules import GAP, ORDER, SPLIT, VALUE, refusal
from nnc.train.data.steps import Step, counted, holes, moved, series_of, span, usual
from nnc.train.data.targets import text_option

if TYPE_CHECKING:
    import polars as pl

_EPOCH = datetime(1970, 1, 1)


class Timing(NamedTuple):
    """A table in the order of its series and of time.

    Attributes:
        frame: its rows in that order.
        rows: where each of them stood in the file.
        moments: when each is: microseconds, a number (such as a year), or its row.
        dates: moments are microseconds.
        groups: (start, end) of the rows of each series.
        ids: of each row the name of its series, () where there is one series.
        step: the usual one, of size 0 where rows have no time or no common step.
        holes: the rows before which others are missing in time, which windows do not cross.
    """

    frame: Frame
    rows: Rows
    moments: Array
    dates: bool
    groups: tuple[tuple[int, int], ...]
    ids: tuple[str, ...]
    notes: tuple[str, ...]
    step: Step
    holes: Rows

    @property
    def timeline(self) -> Timeline:
        """What a run keeps of it, but for what the source says."""
        return Timeline(unit=self.step.unit, step=self.step.size)


def timed(plan: DataPlan, frame: Frame, step: Step | None = None) -> Timing:
    """The rows in their order.

    Args:
        step: that of training, where it is known.

    Raises:
        Refusal: a row has no date, dates fall or stand twice, or rows are missing.
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
    other = not (rows == rows_of(frame.rows)).all()
    kept = frame.keep(rows.tolist()) if other else frame
    named = tuple(ids[int(row)] for row in rows) if ids else ()
    unknown = Step(NUMBERS, 0.0)
    made = Timing(kept, rows, moments, dates, tuple(groups), named, (), unknown, rows[:0])
    return _with_steps(plan, made, step) if text_option(plan, "time") else made


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
        raise refusal(VALUE, plan, message, "fill it in, or remove the row")
    told = tell(column)
    if told.kind == "date":
        return _microseconds(told.values), True
    if told.kind == "number":
        return told.values.to_numpy().astype(np.float64), False
    odd = stranger(column)
    at = f"row {odd + 1} of `{frame.name}` has `{column[odd]}` in `{name}`"
    message = f"{at}, which is no date and no number"
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
    help = "sort the file" + (", or write `sort=true` in the source" if plan.name else "")
    raise refusal(ORDER, plan, message, help)


# --- missing rows ---------------------------------------------------------------------------------

_NAMED = 3
"""So many holes are named."""
_MOST_FILLED = 10
"""So many times the rows of the file may be put in."""


def _with_steps(plan: DataPlan, timing: Timing, step: Step | None) -> Timing:
    """The same with its usual step, and what `gaps=` does about rows that are missing.

    Raises:
        Refusal: rows are missing, and `gaps=error` says so, or they cannot be put in.
    """
    groups = list(timing.groups)
    places, unit = counted(timing.moments, timing.dates)
    found, count, other = usual(places, unit, groups)
    step = step if step is not None and step.unit == unit else found
    timing = timing._replace(step=step)
    if not other:
        return timing
    if not step.size:
        longest = max(float(np.diff(places[a:b]).max(initial=0)) for a, b in groups)
        said = f"the {count:,} steps in time differ: the longest is {span(longest, unit)}"
        return timing._replace(notes=(said,))
    way = text_option(plan, "gaps") or "split"
    gaps = holes(places, step, groups)
    short = other - len(gaps)
    notes = (f"{short:,} of {count:,} steps in time are shorter than {step.said}",) if short else ()
    if not len(gaps):
        return timing._replace(notes=notes)
    told = _told(plan, timing, places, gaps)
    if way == "error":
        help = "`gaps=split` keeps windows from crossing, `fill` puts rows in, `ignore` counts rows"
        raise refusal(GAP, plan, f"rows are missing in `{timing.frame.name}`", help, *told)
    if way == "fill":
        return _put_in(plan, timing._replace(notes=notes), places, gaps)
    kept = gaps if way == "split" else gaps[:0]
    if way == "split" and plan.name:
        help = "; windows do not cross them (`gaps=fill` puts rows in, `ignore` counts rows alone)"
        notes = (*notes, f"rows are missing at {len(gaps):,} places: {', '.join(told)}{help}")
    return timing._replace(notes=notes, holes=kept)


def _told(plan: DataPlan, timing: Timing, places: Array, gaps: Rows) -> list[str]:
    """The first holes, by their rows in the file."""
    times = timing.frame.column(text_option(plan, "time"))
    found = []
    for at in gaps[:_NAMED].tolist():
        row, long = (
            int(timing.rows[at]) + 1,
            span(float(places[at] - places[at - 1]), timing.step.unit),
        )
        found.append(f"row {row:,} ({times[at]}) comes {long} after the row before it")
    return [*found, "..."] if len(gaps) > _NAMED else found


def _put_in(plan: DataPlan, timing: Timing, places: Array, gaps: Rows) -> Timing:
    """The same with rows for the missing ones: each the copy of the row before, with its own time.

    Raises:
        Refusal: a hole is no whole number of steps, or so long that it is none.
    """
    counts = np.zeros(len(places), dtype=np.int64)
    lacking = (places[gaps] - places[gaps - 1]) / timing.step.size - 1
    if (np.abs(lacking - np.rint(lacking)) > 1e-6).any():
        at = int(gaps[int(np.argmax(np.abs(lacking - np.rint(lacking)) > 1e-6))])
        message = f"row {int(timing.rows[at]) + 1:,} of `{timing.frame.name}` is off the steps"
        help = "`gaps=fill` wants whole steps; `gaps=split` needs none"
        raise refusal(GAP, plan, f"{message} of {timing.step.said}", help)
    if lacking.sum() > _MOST_FILLED * max(len(places), 1000):
        message = f"{lacking.sum():,.0f} rows of `{timing.frame.name}` are missing"
        raise refusal(GAP, plan, message, "`gaps=split` keeps windows from crossing holes")
    counts[gaps - 1] = np.rint(lacking).astype(np.int64)
    source = np.repeat(np.arange(len(places)), counts + 1)
    starts = np.concatenate([[0], np.cumsum(counts + 1)])
    moments = timing.moments[source].copy()
    for at in (gaps - 1).tolist():
        own = slice(int(starts[at]) + 1, int(starts[at + 1]))
        steps = np.arange(1, own.stop - own.start + 1)
        moments[own] = moved(timing.moments[at], timing.step, steps)
    frame = timing.frame.keep(source.tolist())
    columns = {**frame.columns, text_option(plan, "time"): series_of(moments, timing.dates)}
    total = int(counts.sum())
    rows = f"{total:,} missing row{'s' if total > 1 else ''}"
    return timing._replace(
        frame=frame._replace(columns=columns),
        rows=timing.rows[source],
        moments=moments,
        groups=tuple((int(starts[start]), int(starts[end])) for start, end in timing.groups),
        ids=tuple(timing.ids[int(at)] for at in source) if timing.ids else (),
        notes=(*timing.notes, f"{rows} put in, each with the numbers of the row before it"),
    )


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
