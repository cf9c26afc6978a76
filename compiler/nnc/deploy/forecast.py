"""Samples of models that read series: the last rows of a table, and what is known ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnc.backends.arrays import Array
from nnc.deploy.inputs import feed_of
from nnc.deploy.rules import UNREADABLE_INPUT, WRONG_INPUT, place, refusal
from nnc.deploy.sample import Sample
from nnc.deploy.session import Port, Session
from nnc.diagnostics import nearest
from nnc.ir.plan import Categories, DataPlan
from nnc.ir.timeline import Timeline
from nnc.train.data.frame import BadTable, Frame, MissingColumn, parse_csv, read_frame
from nnc.train.data.kinds import DATE_PARTS, BadValue
from nnc.train.data.series import carry
from nnc.train.data.steps import Step, moved, series_of, written
from nnc.train.data.tables import number_column
from nnc.train.data.timing import Timing, timed

if TYPE_CHECKING:
    from nnc.deploy.about import Value

_MOSTLY = 0.5
"""More of a window filled in than that is told."""


class Asked(NamedTuple):
    """What a model reads of a series.

    Attributes:
        past, known: the columns, in order; window, ahead: how many rows of each, 0 of none.
        targets: the columns that it forecasts; horizon: how many rows.
    """

    past: tuple[str, ...]
    known: tuple[str, ...]
    targets: tuple[str, ...]
    window: int
    ahead: int
    horizon: int
    time: Timeline


def forecasts(session: Session, path: str, data: bytes | None) -> Iterator[Sample]:
    """The last rows of a table, of each series in it: what comes after them is forecast.

    Rows at the end that have none of the targets are those to come: known columns are read there.
    Parts of the date are computed where the table ends.

    Raises:
        Refusal: the table cannot be read, is not in order, lacks a column, or has too few rows.
    """
    asked = _asked(session)
    frame = read_table(path, data)
    time = asked.time
    source = tuple(
        (name, value)
        for name, value in (("time", time.column), ("id", time.id), ("gaps", time.gaps))
        if value
    )
    plan = DataPlan("", "series", path, (*source, ("sort", time.sort)), span=place(path))
    step = Step(time.unit, time.step) if time.column and time.step else None
    try:
        timing = timed(plan, frame, step)
        names = dict.fromkeys((*asked.past, *asked.known, *asked.targets))
        columns = {name: number_column(timing.frame, name) for name in names}
    except MissingColumn as error:
        close = nearest(error.column, error.columns)
        help = f"did you mean `{close}`?" if close else f"it has {', '.join(error.columns[:12])}"
        raise refusal(WRONG_INPUT, path, str(error), help) from None
    except (BadTable, BadValue) as error:
        raise refusal(UNREADABLE_INPUT, path, str(error)) from None
    notes = tuple(f"{path}: {note}" for note in (*frame.notes, *timing.notes))
    for group in timing.groups:
        if group[1] > group[0]:
            yield _sample(session, path, asked, timing, columns, group, notes)
            notes = ()


def _asked(session: Session) -> Asked:
    """What the inputs and outputs of a model say."""
    values = {port.name: session.about.input(port.name) for port in session.fed}
    ports = {values[port.name].meaning: port for port in session.fed}
    past, known = ports["past"], ports.get("known")
    outputs = [session.about.output(port.name) for port in session.outputs]
    learnt = next((v for v in outputs if v.meaning == "number" and v.columns), None)
    sizes = [p.dims[1] for p in session.outputs if learnt is not None and p.name == learnt.name]
    series = ports.get("category")
    time = values[past.name].time or Timeline()
    if series is not None and not time.id:
        time = Timeline(time.column, columns_of(values[series.name])[0])
    return Asked(
        columns_of(values[past.name]),
        columns_of(values[known.name]) if known is not None else (),
        learnt.columns if learnt is not None else (),
        _size(past),
        _size(known) if known is not None else 0,
        next((n for n in sizes if isinstance(n, int)), 0),
        time,
    )


def columns_of(value: Value) -> tuple[str, ...]:
    """The columns of a table that an input reads."""
    return value.front.columns if isinstance(value.front, Categories) else value.columns


def _size(port: Port) -> int:
    size = port.dims[1]
    assert isinstance(size, int), "windows have a size"
    return size


def read_table(path: str, data: bytes | None) -> Frame:
    """The table in a file, or in what came from standard input.

    Raises:
        Refusal: it cannot be read.
    """
    try:
        return read_frame(Path(path)) if data is None else parse_csv(data, "standard input")
    except BadTable as error:
        raise refusal(UNREADABLE_INPUT, path, str(error)) from None


def _sample(
    session: Session,
    path: str,
    asked: Asked,
    timing: Timing,
    columns: Mapping[str, Array],
    group: tuple[int, int],
    notes: tuple[str, ...],
) -> Sample:
    """The forecast of one series."""
    start, end = group
    name = timing.ids[start] if timing.ids else ""
    of = f" of `{name}`" if name else ""
    now = _now(asked, columns, group)
    if now - start < asked.window:
        short = f"{path} has {now - start:,} rows{of}; the model reads {asked.window:,}"
        raise refusal(WRONG_INPUT, path, short)
    if ((timing.holes > now - asked.window) & (timing.holes < now)).any():
        row = int(timing.holes[(timing.holes > now - asked.window) & (timing.holes < now)][0])
        message = f"rows are missing before row {int(timing.rows[row]) + 1:,}{of}"
        help = f"the model reads {asked.window:,} rows that follow on one another"
        raise refusal(WRONG_INPUT, path, f"{message} of {path}", help)
    feeds: dict[str, Array] = {}
    values, filled = _past(path, asked, timing, columns, (start, now))
    future = _known(path, asked, timing, columns, (now, end), of)
    for port in session.fed:
        value = session.about.input(port.name)
        raw: Array = np.asarray(name, dtype=object)
        if value.meaning != "category":
            raw = values if value.meaning == "past" else future
        feeds[port.name] = feed_of(port, value, raw[None], session.about.bare)[0, ...]
        if isinstance(value.front, Categories) and name not in value.front.values[0]:
            said = f"training had no `{asked.time.id or value.name}` `{name}`"
            notes = (*notes, f"{path}: {said}: it is taken as an unknown one")
    if filled > _MOSTLY * asked.window:
        said = f"{filled:,} of the {asked.window:,} rows that the model reads{of} lack a number"
        notes = (*notes, f"{path}: {said}, and have the last known one: the forecast is a guess")
    if end > now:
        rows = f"{end - now:,} rows without `{'`, `'.join(asked.targets)}` at the end"
        notes = (*notes, f"{path}: {rows}{of}: they are what is to come")
    between = f"{name}, " if name else ""
    times = _times(asked, timing, now)
    called = f"{path} {between}after row {int(timing.rows[now - 1]) + 1}"
    return Sample(called, feeds, times=times, series=name, notes=notes)


def _now(asked: Asked, columns: Mapping[str, Array], group: tuple[int, int]) -> int:
    """The row after the last one with a target."""
    start, end = group
    if not asked.targets:
        return end
    there = np.zeros(end - start, dtype=bool)
    for target in asked.targets:
        there |= ~np.isnan(columns[target][start:end])
    known = np.flatnonzero(there)
    return start + int(known[-1]) + 1 if len(known) else end


def _past(
    path: str,
    asked: Asked,
    timing: Timing,
    columns: Mapping[str, Array],
    group: tuple[int, int],
) -> tuple[Array, int]:
    """The rows that the model reads, and how many of them were filled in.

    Raises:
        Refusal: a number is missing, and nothing said what to do in training.
    """
    start, now = group
    values = np.stack([columns[name][start:now] for name in asked.past], axis=1)
    gone = np.isnan(values[-asked.window :]).any(axis=1)
    if asked.time.missing == "last":
        carry(values)
    values = values[-asked.window :]
    lacking = np.argwhere(np.isnan(values))
    if len(lacking) and asked.time.column:
        row, column = (int(n) for n in lacking[0])
        number = int(timing.rows[now - asked.window + row]) + 1
        message = f"row {number:,} of {path} has no number in `{asked.past[column]}`"
        raise refusal(WRONG_INPUT, path, message, "fill it in, or train with `missing=last`")
    return values, int(gone.sum())


def _known(
    path: str,
    asked: Asked,
    timing: Timing,
    columns: Mapping[str, Array],
    group: tuple[int, int],
    of: str,
) -> Array:
    """What is known of the rows to come: computed of their dates, or read behind the last row.

    Raises:
        Refusal: they are not in the table.
    """
    now, end = group
    if not asked.ahead:
        return np.zeros(0, dtype=np.float32)
    there = min(end - now, asked.ahead)
    parts = {
        name: name.rpartition(".")[2] for name in asked.known if name not in timing.frame.names
    }
    read = [name for name in asked.known if parts.get(name) not in DATE_PARTS]
    if read and there < asked.ahead:
        wanted = ", ".join(f"`{c}`" for c in (asked.time.column, asked.time.id, *read) if c)
        empty = ", ".join(f"`{c}`" for c in asked.targets)
        names = ", ".join(f"`{c}`" for c in read)
        message = f"the model reads {names} of the {asked.ahead:,} rows to come"
        has = f"{path} has {there:,} such rows{of}" if there else f"{path} has none{of}"
        help = f"add rows with {wanted} behind the last, and leave {empty} empty"
        raise refusal(WRONG_INPUT, path, f"{message}, and {has}", help)
    made = np.stack([_ahead(asked, timing, columns, name, now, there) for name in asked.known], 1)
    lacking = np.argwhere(np.isnan(made))
    if len(lacking):
        row, column = (int(n) for n in lacking[0])
        number = int(timing.rows[now + row]) + 1
        message = f"row {number:,} of {path} has no number in `{asked.known[column]}`"
        raise refusal(WRONG_INPUT, path, message, "it is read of the rows to come: fill it in")
    return made


def _ahead(
    asked: Asked, timing: Timing, columns: Mapping[str, Array], name: str, now: int, there: int
) -> Array:
    """A known column of the rows to come; parts of dates beyond the table are computed."""
    own = columns[name][now : now + there]
    if there == asked.ahead:
        return own
    moments = moved(timing.moments[now - 1], timing.step, np.arange(1, asked.ahead + 1))
    column = {asked.time.column: series_of(moments, timing.dates)}
    made: Array = number_column(Frame("", column, asked.ahead), name)
    made[:there] = own
    return made


def _times(asked: Asked, timing: Timing, now: int) -> tuple[str, ...]:
    """When the forecast rows are: by the usual step, else counted on from the last row."""
    horizon = asked.horizon
    if asked.time.column and timing.step.size:
        moments = moved(timing.moments[now - 1], timing.step, np.arange(1, horizon + 1))
        return written(moments, timing.dates)
    last = int(timing.rows[now - 1]) + 1
    return tuple(str(last + at) for at in range(1, horizon + 1))
