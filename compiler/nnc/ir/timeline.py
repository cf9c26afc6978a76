"""When the rows of a series are: what a run keeps of it, so that a forecast has its dates."""

from __future__ import annotations

from typing import Union

from nnc.record import Record

Json = Union[str, float, bool]
DAY = 86_400.0
SECONDS = "second"
MONTHS = "month"
NUMBERS = "number"
UNITS = (SECONDS, MONTHS, NUMBERS)
DATE_PARTS = ("year", "month", "day", "weekday", "hour")
"""Numbers that are computed of a column of dates: `date.hour`."""
GAPS = ("split", "fill", "ignore", "error")
"""What is done about rows that are missing in time; the first is the default."""


class Timeline(Record):
    """The time of a series.

    Args:
        column: of the table, "" where rows have no time.
        id: the column that tells several series apart, or "".
        unit: what steps are counted in: "second", "month" or "number".
        step: from one row to the next, 0 where rows have no common step.
        missing: "last" where the last known number stands for a missing one, else "".
        gaps: what is done about missing rows.
        sort: rows may stand in any order.
    """

    column: str = ""
    id: str = ""
    unit: str = SECONDS
    step: float = 0.0
    missing: str = ""
    gaps: str = GAPS[0]
    sort: bool = False


def timeline_json(time: Timeline) -> dict[str, Json]:
    """A timeline as JSON values."""
    return {
        "column": time.column,
        "id": time.id,
        "unit": time.unit,
        "step": time.step,
        "missing": time.missing,
        "gaps": time.gaps,
        "sort": time.sort,
    }


def timeline_from(said: object) -> Timeline:
    """A timeline of JSON values, which a stranger may have written.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(said, dict):
        raise ValueError("it is no object")
    words = [said.get(key, "") for key in ("column", "id", "unit", "missing", "gaps")]
    step = said.get("step", 0.0)
    if not all(isinstance(word, str) for word in words) or words[2] not in UNITS:
        raise ValueError("a word of it is no word")
    if isinstance(step, bool) or not isinstance(step, int | float) or not 0 <= step < 1e15:
        raise ValueError("its step is no number")
    if words[3] not in ("", "last") or words[4] not in GAPS:
        raise ValueError("it handles what is missing in no known way")
    column, id, unit, missing, gaps = words
    return Timeline(column, id, unit, float(step), missing, gaps, said.get("sort") is True)


class Season(Record):
    """So many steps after which a series may repeat, and how people call them."""

    name: str
    steps: int


def seasons(time: Timeline | None) -> tuple[Season, ...]:
    """The seasons of a series by its step: a day and a week of hours, a year of months."""
    if time is None or not time.step:
        return ()
    if time.unit == MONTHS:
        return (Season("a year ago", round(12 / time.step)),) if time.step in (1, 3) else ()
    if time.unit == NUMBERS:
        return ()
    found = []
    for name, length in (("a day ago", DAY), ("a week ago", 7 * DAY)):
        steps = length / time.step
        if steps >= 2 and steps == round(steps):
            found.append(Season(name, round(steps)))
    return tuple(found)
