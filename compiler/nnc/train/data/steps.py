"""The steps of a series in time: how long they usually are, and where rows are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnc.ir.timeline import MONTHS, NUMBERS, SECONDS
from nnc.train.data.keyed import Array, Rows
from nnc.train.data.lazily import lazy

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_COMMON = 0.5
"""Of so many steps at least the usual one is, else there are no holes to speak of."""
_SLACK = 1.5
"""A hole is so many usual steps long at least: clocks jitter."""


class Step(NamedTuple):
    """The usual step of a series.

    Attributes:
        unit: "second", "month" or "number".
        size: so many units; 0 where steps differ.
    """

    unit: str
    size: float

    @property
    def said(self) -> str:
        """`1 hour`, `2 months`, `1`."""
        return span(self.size, self.unit)


def span(size: float, unit: str) -> str:
    """A length of time as people say it."""
    if unit == NUMBERS:
        return f"{size:g}"
    if unit == MONTHS:
        return f"{size:g} month{'s' if size > 1 else ''}"
    for name, seconds in _UNITS:
        if size >= seconds and size % seconds == 0:
            count = round(size / seconds)
            return f"{count} {name}{'s' if count > 1 else ''}"
    return f"{size:g} seconds"


def counted(moments: Array, dates: bool) -> tuple[Array, str]:
    """Moments in the unit in which their steps are equal: months where dates stand so."""
    if not dates:
        return moments.astype(np.float64), NUMBERS
    when = moments.astype("datetime64[us]")
    months = when.astype("datetime64[M]")
    if len(np.unique(when - months)) == 1 and len(moments) > 1:
        return months.astype(np.int64).astype(np.float64), MONTHS
    return moments.astype(np.float64) / 1e6, SECONDS


def usual(places: Array, unit: str, groups: list[tuple[int, int]]) -> tuple[Step, int, int]:
    """The usual step, how many steps there are, and how many are others."""
    taken = [np.diff(places[start:end]) for start, end in groups]
    steps = np.concatenate(taken) if taken else np.zeros(0)
    if not len(steps):
        return Step(unit, 0.0), 0, 0
    values, counts = np.unique(steps, return_counts=True)
    best = int(counts.argmax())
    other = len(steps) - int(counts[best])
    common = counts[best] >= _COMMON * len(steps) and values[best] > 0
    return Step(unit, float(values[best]) if common else 0.0), len(steps), other


def holes(places: Array, step: Step, groups: list[tuple[int, int]]) -> Rows:
    """The rows before which others are missing."""
    if not step.size:
        return np.zeros(0, dtype=np.int64)
    long = np.zeros(len(places), dtype=bool)
    for start, end in groups:
        long[start + 1 : end] = np.diff(places[start:end]) >= _SLACK * step.size
    return np.flatnonzero(long).astype(np.int64)


def moved(moment: float, step: Step, count: Array) -> Array:
    """The moments so many steps after one: microseconds of dates, else numbers."""
    if step.unit == MONTHS:
        when = np.int64(moment).astype("datetime64[us]")
        month = when.astype("datetime64[M]")
        later = month + np.asarray(count * step.size, dtype=np.int64)
        return np.asarray(later.astype("datetime64[us]") + (when - month)).astype(np.int64)
    if step.unit == SECONDS:
        return np.asarray(np.int64(moment) + np.rint(count * step.size * 1e6).astype(np.int64))
    return np.asarray(moment + count * step.size)


def series_of(moments: Array, dates: bool) -> pl.Series:
    """Moments as a column of a table."""
    if dates:
        return pl.Series(moments.astype("datetime64[us]"))
    return pl.Series(moments.astype(np.float64))


def written(moments: Array, dates: bool) -> tuple[str, ...]:
    """Moments as answers show them: no seconds where there are none, no hours of whole days."""
    if not dates:
        return tuple(f"{moment:.10g}" for moment in moments.tolist())
    if not (moments % 86_400_000_000).any():
        form = "D"
    elif not (moments % 60_000_000).any():
        form = "m"
    else:
        form = "us" if (moments % 1_000_000).any() else "s"
    texts = np.datetime_as_string(moments.astype("datetime64[us]"), unit=form)  # type: ignore[call-overload]
    return tuple(str(text).replace("T", " ") for text in texts)
