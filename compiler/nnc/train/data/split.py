"""Dividing samples: never by the training seed, and as stable as exact shares allow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from nnc.ir.plan import PARTS, DataPlan
from nnc.train.data.found import Division, Found
from nnc.train.data.keyed import Array, Rows, position, rows_of
from nnc.train.data.places import located
from nnc.train.data.rules import SPLIT, refusal, some

_WHOLE = 1 << 64
FEW = 1000
"""Below so many samples of a class a part is cut at its exact share."""
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
    """Draws parts for some rows, each by its identity and the split's seed.

    The low end of the draw is test, then validation, so that a new share for one leaves the other.
    Each class is drawn for itself. Fewer than FEW samples (or groups) are ranked by their draw and
    cut at exact shares: one that is added moves at most one other across each border. From FEW on
    each draw alone decides, and one that is added moves none; shares are then near, not exact.
    """
    keys, strata, by = _draw_keys(plan, found)
    places = np.array([position(keys[int(row)], plan.split.seed) for row in rows], dtype=object)
    group = plan.split.group
    different = len(set(places.tolist())) if group else len(rows)
    if group and different < sum(s > 0 for s in shares):
        raise refusal(SPLIT, plan, f"too few different `{group}` for the parts")
    drawn = np.zeros(len(rows), dtype=np.int8)
    ranked = True
    labels = np.unique(strata[rows]) if strata is not None else (0,)
    for label in labels:
        own = np.flatnonzero(strata[rows] == label) if strata is not None else np.arange(len(rows))
        if (different if group else len(own)) < FEW:
            drawn[own] = _ranked(places[own], shares, bool(group))
        else:
            drawn[own] = _cut(places[own], shares)
            ranked = False
    about = "" if ranked and not group and _near(drawn, shares) else "about "
    said = [f"{round(shares[at] * 100, 2):g}% {PARTS[at]}" for at in (1, 2) if shares[at] > 0]
    how = f"grouped by {group}" if group else f"{'ranked' if ranked else 'drawn'} by {by}"
    each = "" if strata is None else " of each class"
    return drawn, f"{about}{' and '.join(said)}{each}, {how}"


def _cut(places: Array, shares: Sequence[float]) -> Array:
    """Parts by the draw alone."""
    test, validation = int(shares[2] * _WHOLE), int((shares[1] + shares[2]) * _WHOLE)
    return np.array([2 if p < test else 1 if p < validation else 0 for p in places], dtype=np.int8)


def _ranked(places: Array, shares: Sequence[float], grouped: bool) -> Array:
    """Parts by the rank of the draw, in exact shares; equal draws (copies, a group) stay together.

    A part with a share gets at least one where there are three (or as many groups as parts), and
    train is never empty.
    """
    units, which, sizes = np.unique(places, return_inverse=True, return_counts=True)
    # Copies of a row are samples of their own; a group is one, however large.
    starts = np.arange(len(units)) if grouped else np.cumsum(sizes) - sizes
    enough = sum(share > 0 for share in shares) if grouped else 3
    test, both = _borders(len(units) if grouped else len(places), shares, enough)
    parts = np.where(starts < test, 2, np.where(starts < both, 1, 0)).astype(np.int8)
    if shares[0] > 0:
        parts[-1] = 0  # also where the last are many copies
    return parts[which.reshape(-1)]


def _borders(count: int, shares: Sequence[float], enough: int) -> tuple[int, int]:
    """How many are test, and how many are test or validation."""
    least = [int(share > 0 and count >= enough) for share in shares]
    test = max(_rounded(shares[2] * count), least[2])
    both = max(_rounded((shares[1] + shares[2]) * count), test + least[1])
    both = min(both, count - int(shares[0] > 0))
    return min(test, both - least[1]) if both else 0, both


def _rounded(number: float) -> int:
    return math.floor(number + 0.5 + 1e-9)


def _near(drawn: Array, shares: Sequence[float]) -> bool:
    """The parts have their shares, to half a percent."""
    return all(abs(float((drawn == at).mean()) - shares[at]) < 0.005 for at in (1, 2))


def _draw_keys(plan: DataPlan, found: Found) -> tuple[Sequence[bytes], Array | None, str]:
    group = plan.split.group
    what = "path" if found.files else "content"
    if not group:
        return found.keys, found.strata, what
    values = found.lookup(group)
    if values is None:
        how = 'a column, `"folder"` or a level such as `"2"`' if found.files else "a column"
        raise refusal(SPLIT, plan, f"`group` names `{group}`, which is not there", f"name {how}")
    for row, value in enumerate(values):
        if value is None:
            raise refusal(SPLIT, plan, f"{found.name(row)} has no `{group}` to group by")
    return [str(value).encode() for value in values], None, group


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
