"""Dividing samples: never by the training seed, and stable as data grow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnc.ir.plan import PARTS, DataPlan
from nnc.train.data.found import Found
from nnc.train.data.keyed import Array, Rows, position, rows_of
from nnc.train.data.places import located
from nnc.train.data.rules import SPLIT, refusal, some

_WHOLE = 1 << 64
_DEFAULT = (0.9, 0.1, 0.0)
_NAMES = {
    "train": 0,
    "training": 0,
    "validation": 1,
    "valid": 1,
    "val": 1,
    "dev": 1,
    "test": 2,
    "testing": 2,
}


class Division(NamedTuple):
    """The rows of each part that exists, in the order of PARTS, and the rule in words."""

    parts: dict[str, Rows]
    rule: str


def divide(plan: DataPlan, found: Found, *, whole: bool = False) -> Division:
    """The parts of the samples.

    Args:
        whole: without parts of its own everything is one part, `test`.

    Raises:
        Refusal: the data cannot be divided so.
    """
    if found.samples == 0:
        raise refusal(SPLIT, plan, "there is no sample")
    kind = plan.split.kind
    if whole:
        return _whole(plan, found)
    assigned, rule = _KINDS[kind](plan, found)
    division = _division(assigned, rule)
    if "train" not in division.parts:
        raise refusal(SPLIT, plan, f"no sample is for training ({rule})")
    return division


def _division(assigned: Array, rule: str) -> Division:
    rows = {name: np.flatnonzero(assigned == at).astype(np.int64) for at, name in enumerate(PARTS)}
    left = int((assigned < 0).sum())
    if left:
        rule += f"; {left:,} samples in no part"
    return Division({name: part for name, part in rows.items() if len(part)}, rule)


def _whole(plan: DataPlan, found: Found) -> Division:
    if found.carried is not None and found.carried.any():
        return _division(found.carried, found.carried_rule)
    column = plan.split.values[0] if plan.split.kind == "column" and plan.split.values else ""
    if column and found.lookup(str(column)) is not None:
        assigned, rule = _by_column(plan, found)
        return _division(assigned, rule)
    return Division({"test": rows_of(found.samples)}, "the whole of it")


# --- drawn by hash --------------------------------------------------------------------------------


def _draw(plan: DataPlan, found: Found, rows: Rows, shares: Sequence[float]) -> tuple[Array, str]:
    """Draws parts for some rows, each by its identity and the split's seed alone.

    The low end of the draw is test, then validation, so that a new share for one leaves the other.
    Each class is drawn for itself, and is given a sample of each part that its size entitles it to.
    Its shares are near, not exact: a quota would move samples when others are added.
    """
    keys, strata, by = _draw_keys(plan, found)
    places = np.array([position(keys[int(row)], plan.split.seed) for row in rows], dtype=object)
    if plan.split.group and len({keys[int(row)] for row in rows}) < sum(s > 0 for s in shares):
        raise refusal(SPLIT, plan, f"too few different `{plan.split.group}` for the parts")
    test, validation = int(shares[2] * _WHOLE), int((shares[1] + shares[2]) * _WHOLE)
    drawn = np.array([2 if p < test else 1 if p < validation else 0 for p in places], dtype=np.int8)
    if strata is not None:
        for label in np.unique(strata[rows]):
            _entitle(drawn, places, np.flatnonzero(strata[rows] == label), shares)
    elif not plan.split.group:
        _entitle(drawn, places, np.arange(len(rows)), shares)
    said = [f"{_percent(shares[at])} {PARTS[at]}" for at in (1, 2) if shares[at] > 0]
    return drawn, f"{' and '.join(said)}{by}"


def _draw_keys(plan: DataPlan, found: Found) -> tuple[Sequence[bytes], Array | None, str]:
    group = plan.split.group
    what = "path" if found.files else "content"
    if not group:
        if found.strata is None:
            return found.keys, None, f", drawn by {what}"
        return found.keys, found.strata, f" of each class, drawn by {what}"
    values = found.lookup(group)
    if values is None:
        how = 'a column, `"folder"` or a level such as `"2"`' if found.files else "a column"
        raise refusal(SPLIT, plan, f"`group` names `{group}`, which is not there", f"name {how}")
    for row, value in enumerate(values):
        if value is None:
            raise refusal(SPLIT, plan, f"{found.name(row)} has no `{group}` to group by")
    return [str(value).encode() for value in values], None, f", grouped by {group}"


def _entitle(drawn: Array, places: Array, rows: Array, shares: Sequence[float]) -> None:
    """A part that a class's size entitles to a sample, but has none, takes the nearest."""
    order = rows[np.argsort(places[rows], kind="stable")]
    if shares[0] > 0 and not (drawn[rows] == 0).any():
        drawn[order[-1]] = 0
    for part in (2, 1):
        if shares[part] * len(rows) < 1 or (drawn[rows] == part).any():
            continue
        free = [at for at in order if drawn[at] == 0]
        if len(free) > 1:
            drawn[free[0]] = part


def _percent(share: float) -> str:
    return f"about {round(share * 100, 2):g}%"


def _default(plan: DataPlan, found: Found) -> tuple[Array, str]:
    if found.carried is None:
        return _shares_of_all(plan, found, _DEFAULT)
    assigned = found.carried.copy()
    if (assigned == 1).any() or not (assigned == 0).any():
        return assigned, found.carried_rule
    rows = np.flatnonzero(assigned == 0)
    drawn, rule = _draw(plan, found, rows, _DEFAULT)
    assigned[rows] = drawn
    return assigned, f"{found.carried_rule}; of train {rule}"


def _shares(plan: DataPlan, found: Found) -> tuple[Array, str]:
    shares = [float(value) for value in plan.split.values]
    shares += [0.0] * (3 - len(shares))
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6 or shares[0] <= 0:
        message = f"shares {'/'.join(f'{s:g}' for s in shares)} do not sum to 1"
        raise refusal(SPLIT, plan, message, "write `split 0.8/0.1/0.1`: train, validation, test")
    if found.carried is not None and shares[2] == 0 and (found.carried == 2).any():
        # A test part that the data bring is not poured into train behind the user's back.
        rest = np.flatnonzero(found.carried != 2)
        assigned = found.carried.copy()
        assigned[rest], rule = _draw(plan, found, rest, shares)
        return assigned, f"test as it comes; {rule}"
    return _shares_of_all(plan, found, shares)


def _shares_of_all(plan: DataPlan, found: Found, shares: Sequence[float]) -> tuple[Array, str]:
    rows = rows_of(found.samples)
    drawn, rule = _draw(plan, found, rows, shares)
    explicit = plan.split.kind == "shares"
    places: list[int] | None = None
    for part in (2, 1):
        if shares[part] <= 0 or (drawn == part).any():
            continue
        if plan.split.group and explicit:
            message = f"no `{plan.split.group}` was drawn for {PARTS[part]}"
            raise refusal(SPLIT, plan, message, "there are too few of them, or give another share")
        free = [int(at) for at in np.flatnonzero(drawn == 0)]
        if len(free) < 2 or plan.split.group:
            if explicit:
                raise refusal(SPLIT, plan, f"{found.samples} samples are too few for {PARTS[part]}")
            continue
        places = places or [position(key, plan.split.seed) for key in found.keys]
        drawn[min(free, key=places.__getitem__)] = part
    return drawn, rule


# --- told -----------------------------------------------------------------------------------------


def _none(plan: DataPlan, found: Found) -> tuple[Array, str]:
    return np.zeros(found.samples, dtype=np.int8), "no split: everything is train"


def _folders(plan: DataPlan, found: Found) -> tuple[Array, str]:
    if found.carried is None:
        message = "there are no part folders"
        raise refusal(SPLIT, plan, message, "make `train`, `val` and `test`, or leave out `split`")
    return found.carried, found.carried_rule


def _by_column(plan: DataPlan, found: Found) -> tuple[Array, str]:
    name = str(plan.split.values[0]) if plan.split.values else ""
    values = found.lookup(name)
    if values is None:
        raise refusal(SPLIT, plan, f"there is no column `{name}` to split by")
    assigned = np.zeros(found.samples, dtype=np.int8)
    for row, value in enumerate(values):
        part = _NAMES.get((value or "").strip().lower())
        if part is None:
            message = f"{found.name(row)} has `{value or ''}` in the column `{name}`"
            raise refusal(SPLIT, plan, message, "write train, validation or test")
        assigned[row] = part
    return assigned, f"by column {name}"


def _files(plan: DataPlan, found: Found) -> tuple[Array, str]:
    """Each file lists paths below the data's folder, or row numbers (from 1), one a line."""
    names = [str(value) for value in plan.split.values]
    if not 1 <= len(names) <= 3:
        raise refusal(SPLIT, plan, "`files` takes one file a part: train, validation, test")
    where = {key.decode(errors="surrogateescape"): at for at, key in enumerate(found.keys)}
    if not found.files:
        where = {str(at + 1): at for at in range(found.samples)}
    assigned = np.full(found.samples, -1, dtype=np.int8)
    for part, name in enumerate(names):
        for number, line in enumerate(_lines(plan, located(plan, name)), 1):
            at = where.get(line.replace("\\", "/").removeprefix("./"))
            if at is None:
                raise refusal(SPLIT, plan, f"line {number} of `{name}`: there is no `{line[:80]}`")
            if assigned[at] not in (-1, part):
                raise refusal(SPLIT, plan, f"`{line}` is in several of {some(names)}")
            assigned[at] = part
    return assigned, f"by {', '.join(names)}"


def _lines(plan: DataPlan, path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise refusal(SPLIT, plan, f"`{path.name}` is no list in UTF-8 text") from None


def _time(plan: DataPlan, found: Found) -> tuple[Array, str]:
    borders = plan.split.values
    if found.files or len(borders) not in (2, 3):
        message = "`time` divides rows, not files" if found.files else "`time` takes 2 or 3 borders"
        raise refusal(SPLIT, plan, message, "write `split time(800, 900)` or dates in quotes")
    if all(not isinstance(border, str) for border in borders):
        # The border is the number (from 1) of the first row of its part.
        moments = np.arange(1, found.samples + 1)
        cuts = np.array([float(border) for border in borders])
    else:
        times = found.times()
        if times is None or any(moment is None for moment in times):
            message = "`time` with dates needs exactly one column of dates, without gaps"
            raise refusal(SPLIT, plan, message, "or give row numbers: `split time(800, 900)`")
        moments = np.array(times, dtype=np.str_)
        cuts = np.array([_moment(plan, str(border)) for border in borders])
    if len(np.unique(cuts)) < len(cuts) or (np.sort(cuts) != cuts).any():
        raise refusal(SPLIT, plan, "the borders of `time` must rise")
    past = np.searchsorted(cuts, moments, side="right").astype(np.int8)
    said = ", ".join(border if isinstance(border, str) else f"{border:g}" for border in borders)
    return np.where(past == 3, np.int8(-1), past), f"by time: {said}"


def _moment(plan: DataPlan, text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        raise refusal(SPLIT, plan, f"`{text}` is no date", "write 2024-12-31") from None


_KINDS: dict[str, Callable[[DataPlan, Found], tuple[Array, str]]] = {
    "default": _default,
    "shares": _shares,
    "folders": _folders,
    "files": _files,
    "column": _by_column,
    "time": _time,
    "none": _none,
}
