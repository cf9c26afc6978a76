"""`series("FILE")`: windows of the past of a table in time order, and what follows each of them.

What is forecast never crosses a border between parts; the past of a window may reach back over it.
Scales are fitted on the rows for training alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nnc.ir.plan import Categories, DataPlan, Field, Front, Scale
from nnc.ir.timeline import GAPS, Timeline
from nnc.ir.types import TensorType
from nnc.record import replace
from nnc.train.data.found import Column, Found, Ready, Request, Steps, Stored
from nnc.train.data.frame import BadTable, Frame, read_frame
from nnc.train.data.fronts import categories, ids_of, scale
from nnc.train.data.keyed import Array, Rows, rows_of
from nnc.train.data.kinds import BadValue, tell
from nnc.train.data.places import located
from nnc.train.data.positions import Windows, division, mark
from nnc.train.data.rules import GAP, OPTION, SHORT, TARGET, VALUE, refusal
from nnc.train.data.steps import written
from nnc.train.data.tables import number_column, speaking
from nnc.train.data.targets import names_option, target_names, text_option
from nnc.train.data.texts import whole_number
from nnc.train.data.timing import Timing, borders, timed

SEVERAL = "future"
"""What several target columns are called together."""
_TAKEN = ("past", "known", "series")


class Columns(NamedTuple):
    """The columns of a series by their use.

    Attributes:
        past: all that the past has, in order; targets and known ones are among them.
        values: of `past`, float32 [rows, P], NaN where missing.
    """

    past: tuple[str, ...]
    targets: tuple[str, ...]
    known: tuple[str, ...]
    values: Array

    def of(self, names: tuple[str, ...]) -> Array:
        """Some columns [rows, n]; a single one [rows]."""
        at = [self.past.index(name) for name in names]
        return np.ascontiguousarray(self.values[:, at])


def open_series(plan: DataPlan, request: Request) -> Found:
    """A series in a CSV or Parquet file.

    Raises:
        Refusal: the file, a row or a column cannot be used; the message names it.
    """
    path = located(plan, plan.path)
    if path.is_dir():
        raise refusal(OPTION, plan, f"`{path.name}` is a folder, a series is a file")
    with speaking(plan, path.name):
        return found_series(plan, request, read_frame(path))


def found_series(plan: DataPlan, request: Request, frame: Frame) -> Found:
    """The windows of a series.

    Raises:
        Refusal, BadTable, BadValue: as they say.
    """
    if not frame.rows:
        raise BadTable(f"`{frame.name}` has no row")
    window, horizon = (whole_number(plan, option, 1) for option in ("window", "horizon"))
    timing = timed(plan, frame)
    frame = timing.frame
    columns = _columns(plan, request, frame)
    gaps = _filled(plan, frame, columns, timing)
    parts, said = borders(plan, timing, whole=request.whole)
    starts, counts = _windows(plan, timing, parts, gaps, window, horizon)
    if not counts or (not request.whole and counts[0][0] != "train"):
        raise _short(plan, frame, "train", timing, parts, window + horizon)
    for at, part in enumerate(("train", "validation", "test")):
        if (parts == at).any() and part not in dict(counts):
            raise _short(plan, frame, part, timing, parts, window + horizon)
    marks = [
        (part, mark(columns.values[parts == at].tobytes()))
        for at, part in enumerate(("train", "validation", "test"))
    ]
    fitted = np.flatnonzero(parts == 0) if (parts == 0).any() else rows_of(frame.rows)
    ready = _ready(plan, request, timing, columns, fitted, starts, window, horizon)
    where = timing.rows
    return Found(
        samples=len(starts),
        keys=(),
        contents=(),
        name=lambda row: f"{frame.name} row {int(where[starts[row]]) + 1:,}",
        finish=lambda train: ready,
        notes=(*frame.notes, *timing.notes, *_left_out(counts, parts, gaps)),
        division=division(counts, said, marks),
        time=_timeline(plan, timing),
        steps=lambda row: _steps(timing, int(starts[row]), horizon),
    )


def _timeline(plan: DataPlan, timing: Timing) -> Timeline:
    """What a run keeps of the series' time."""
    words = {name: text_option(plan, name) for name in ("id", "missing")}
    return replace(
        timing.timeline,
        column=text_option(plan, "time"),
        gaps=text_option(plan, "gaps") or GAPS[0],
        sort=plan.option("sort") is True,
        **words,
    )


def _steps(timing: Timing, start: int, horizon: int) -> Steps:
    """What the forecast of a sample speaks of."""
    if timing.step.size or timing.dates:
        times = written(timing.moments[start : start + horizon], timing.dates)
    else:
        times = tuple(str(int(row) + 1) for row in timing.rows[start : start + horizon])
    return Steps(times, timing.ids[start] if timing.ids else "")


# --- columns --------------------------------------------------------------------------------------


def _columns(plan: DataPlan, request: Request, frame: Frame) -> Columns:
    targets, known = target_names(plan), names_option(plan, "known")
    for name in targets:
        if name in _TAKEN or (len(targets) > 1 and name == SEVERAL):
            raise refusal(TARGET, plan, f"a target cannot be called `{name}`: rename the column")
        frame.column(name)
    like = request.like.field("past") if request.like is not None else None
    if like is not None:
        names = like.columns
    else:
        out = {*names_option(plan, "drop"), text_option(plan, "time"), text_option(plan, "id")}
        for name in out - {""}:
            frame.column(name)
        own = [name for name in frame.columns if name not in out]
        names = (*own, *(name for name in known if name not in own))
    lost = [name for name in (*targets, *known) if name not in names]
    if lost:
        raise refusal(TARGET, plan, f"the column `{lost[0]}` is left out by `drop`")
    values = [_numbers(plan, frame, name) for name in names]
    return Columns(tuple(names), targets, known, np.stack(values, axis=1))


def _numbers(plan: DataPlan, frame: Frame, name: str) -> Array:
    """A column of numbers, or a part of a date (`date.hour`)."""
    try:
        return number_column(frame, name)
    except BadValue as error:
        if tell(frame.column(name)).kind in ("word", "date"):
            learnt = name in target_names(plan)
            help = "for a missing value leave the cell empty"
            help = help if learnt else f'{help}; words are left out: `drop=["{name}"]`'
            raise refusal(VALUE, plan, f"`{frame.name}`, {error}", help) from None
        raise


def _filled(plan: DataPlan, frame: Frame, columns: Columns, timing: Timing) -> Array:
    """Which rows still lack a number, once `missing=` had its say.

    Raises:
        Refusal: a number is missing, and nothing says what to do.
    """
    values, way = columns.values, text_option(plan, "missing")
    if way == "last":
        for start, end in timing.groups:
            carry(values[start:end])
    gone = np.isnan(values)
    rows: Array = np.asarray(gone.any(axis=1))
    if rows.any() and plan.on_error != "skip":
        row = int(np.flatnonzero(rows)[0])
        name = columns.past[int(np.flatnonzero(gone[row])[0])]
        at = f"row {int(timing.rows[row]) + 1} of `{frame.name}`"
        said = "and none stands before it" if way == "last" else ""
        help = "fill it in, write `missing=last` in the source, or `on_error skip` in the block"
        more = [f"{int(rows.sum()):,} rows have gaps"] if rows.sum() > 1 else []
        message = f"{at} has no number in `{name}`" + (f", {said}" if said else "")
        raise refusal(GAP, plan, message, help, *more)
    return rows


def carry(values: Array) -> None:
    """Puts the last known number of each column in the place of missing ones."""
    known = ~np.isnan(values)
    last = np.where(known, np.arange(len(values))[:, None], -1)
    np.maximum.accumulate(last, axis=0, out=last)
    rows, across = np.nonzero(~known & (last >= 0))
    values[rows, across] = values[last[rows, across], across]


# --- windows --------------------------------------------------------------------------------------


def _windows(
    plan: DataPlan, timing: Timing, parts: Array, gaps: Array, window: int, horizon: int
) -> tuple[Rows, list[tuple[str, int]]]:
    """The first row that each window forecasts, part after part, and how many each part has."""
    before = np.concatenate([[0], np.cumsum(gaps)])
    crossed = np.searchsorted(timing.holes, np.arange(len(gaps)), side="right")
    found = []
    for start, end in timing.groups:
        first = np.arange(start + window, end - horizon + 1, dtype=np.int64)
        same = parts[first] == parts[first + horizon - 1]
        whole = before[first + horizon] == before[first - window]
        whole &= crossed[first + horizon - 1] == crossed[first - window]
        found.append(first[same & whole & (parts[first] >= 0)])
    every = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
    by_part = [every[parts[every] == at] for at in range(3)]
    names = ("train", "validation", "test")
    counts = [(name, len(own)) for name, own in zip(names, by_part) if len(own)]
    return np.concatenate(by_part), counts


def _short(
    plan: DataPlan, frame: Frame, part: str, timing: Timing, parts: Array, needed: int
) -> Exception:
    at = ("train", "validation", "test").index(part)
    count = int((parts == at).sum())
    several = " of each series" if len(timing.groups) > 1 else ""
    message = f"the {part} part of `{frame.name}` has no whole window: {count:,} rows"
    note = f"a window and what follows it are {needed:,} rows{several}; those of the past may be "
    help = "write a smaller `window=` or `horizon=`, or another `split`"
    if len(timing.holes) and count >= needed:
        message = f"no window of the {part} part of `{frame.name}` is without missing rows"
        help = (
            "`gaps=ignore` counts rows alone (days of trade), `gaps=fill` puts the missing ones in"
        )
    return refusal(SHORT, plan, message, help, note + "of the part before")


def _left_out(counts: list[tuple[str, int]], parts: Array, gaps: Array) -> tuple[str, ...]:
    if not gaps.any():
        return ()
    return (f"{int(gaps.sum()):,} rows with gaps: windows that hold one are left out",)


# --- fields ---------------------------------------------------------------------------------------


def _ready(
    plan: DataPlan,
    request: Request,
    timing: Timing,
    columns: Columns,
    fitted: Rows,
    starts: Rows,
    window: int,
    horizon: int,
) -> Ready:
    like = request.like.front("past") if request.like is not None else None
    scales = like if isinstance(like, Scale) else scale(plan, columns.values, columns.past, fitted)
    names, count = columns.targets, len(columns.targets)
    target = names[0] if count == 1 else SEVERAL
    past = TensorType((window, len(columns.past)))
    fields = [Field("past", "input", "past", past, columns=columns.past)]
    made: dict[str, Column] = {"past": Windows(columns.values, starts - window, window)}
    fronts: list[tuple[str, Front]] = [("past", scales)]
    if columns.known:
        kind = TensorType((horizon, len(columns.known)))
        fields.append(Field("known", "input", "known", kind, columns=columns.known))
        made["known"] = Windows(columns.of(columns.known), starts, horizon)
        fronts.append(("known", _picked(scales, columns.known)))
    sizes = [("numbers", len(columns.past))]
    if timing.ids:
        sizes.append(_add_series(plan, request, timing, fitted, starts, fields, made, fronts))
    learnt = columns.of(names)
    kind = TensorType((horizon,) if count == 1 else (horizon, count))
    fields.append(Field(target, "target", "number", kind, columns=names))
    made[target] = Windows(learnt[:, 0] if count == 1 else learnt, starts, horizon)
    if plan.normalize.kind != "none":
        own = _picked(scales, names)
        fronts.append((target, Scale(own.mean, own.std, (), names)))
    return Ready(tuple(fields), made, tuple(sizes), tuple(fronts))


def _picked(scales: Scale, names: tuple[str, ...]) -> Scale:
    """The scale of some columns."""
    at = [scales.columns.index(name) for name in names]
    missing = tuple(scales.missing[i] for i in at) if scales.missing else ()
    mean, std = (tuple(numbers[i] for i in at) for numbers in (scales.mean, scales.std))
    return Scale(mean, std, missing, names)


def _add_series(
    plan: DataPlan,
    request: Request,
    timing: Timing,
    fitted: Rows,
    starts: Rows,
    fields: list[Field],
    made: dict[str, Column],
    fronts: list[tuple[str, Front]],
) -> tuple[str, int]:
    """The field that tells which series a window is of, and how many ids there are."""
    name = text_option(plan, "id")
    known = request.like.front("series") if request.like is not None else None
    if not isinstance(known, Categories):
        known = categories((name,), (timing.ids,), fitted)
    ids = ids_of(known, (timing.ids,))[:, 0]
    kind = TensorType((), "int64")
    fields.append(Field("series", "input", "category", kind, known.values[0], (name,)))
    made["series"] = Stored(ids[starts])
    fronts.append(("series", known))
    return f"{name}.values", len(known.values[0]) + 1
