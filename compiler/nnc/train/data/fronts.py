"""What makes network input of raw values, fitted on the train part alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nnc.ir.plan import Categories, DataPlan, Pixels, Scale
from nnc.train.data.found import Column
from nnc.train.data.keyed import Rows
from nnc.train.data.rules import NORMALIZE, refusal

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_CHUNK = 256


def pixels(plan: DataPlan, column: Column, channels: int, train: Rows) -> Pixels:
    """How uint8 pixels become numbers: the setting `normalize`, by default 0..1.

    Raises:
        Refusal: the setting does not fit pictures of so many channels.
    """
    kind = plan.normalize.kind
    if kind == "imagenet":
        if channels != 3:
            message = f"`imagenet` is of pictures with 3 channels; these have {channels}"
            raise refusal(NORMALIZE, plan, message, "write `normalize fit`")
        return Pixels(IMAGENET_MEAN, IMAGENET_STD, kind, plan.fit)
    if kind == "given":
        mean, std = _given(plan, channels, "channel")
        return Pixels(mean, std, kind, plan.fit)
    if kind == "fit":
        mean, std = _channel_statistics(column, channels, train)
        return Pixels(mean, std, kind, plan.fit)
    fixed = {"-1..1": (0.5, 0.5), "none": (0.0, 1 / 255)}
    mean_, std_ = fixed.get(kind, (0.0, 1.0))
    return Pixels((mean_,), (std_,), kind if kind in fixed else "0..1", plan.fit)


def _given(plan: DataPlan, count: int, what: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    mean, std = plan.normalize.mean, plan.normalize.std
    for numbers in (mean, std):
        if len(numbers) not in (1, count):
            message = f"`normalize` gives {len(numbers)} numbers for {count} {what}s"
            raise refusal(NORMALIZE, plan, message, f"give one number, or one a {what}")
    if any(not 0 < s < float("inf") for s in std):
        raise refusal(NORMALIZE, plan, "a standard deviation is a number above 0")
    return mean, std


def _channel_statistics(
    column: Column, channels: int, train: Rows
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each channel in 0..1, counted exactly by grey level."""
    counts = np.zeros((channels, 256), dtype=np.int64)
    for start in range(0, len(train), _CHUNK):
        batch = column.take(train[start : start + _CHUNK])
        for channel in range(channels):
            counts[channel] += np.bincount(batch[:, channel].ravel(), minlength=256)
    levels = np.arange(256) / 255
    mean = (counts * levels).sum(axis=1) / counts.sum(axis=1)
    variance = (counts * (levels - mean[:, None]) ** 2).sum(axis=1) / counts.sum(axis=1)
    std = np.sqrt(variance)
    return _floats(mean), _floats(np.where(std > 0, std, 1.0))


def _floats(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def scale(
    plan: DataPlan, values: npt.NDArray[np.float32], columns: Sequence[str], train: Rows
) -> Scale:
    """How columns of numbers [n, N] are scaled: by default to mean 0 and deviation 1.

    A missing value becomes the column's median; a constant column keeps its scale.

    Raises:
        Refusal: the setting `normalize` is one of pictures.
    """
    kind = plan.normalize.kind
    if kind == "imagenet":
        message = "`imagenet` is of pictures with 3 channels; these are columns of numbers"
        raise refusal(NORMALIZE, plan, message, "write `normalize fit`")
    known = [_present(values[train, at]) for at in range(values.shape[1])]
    missing = tuple(float(np.median(column)) for column in known)
    ones, zeros = (1.0,) * len(known), (0.0,) * len(known)
    if kind == "none":
        return Scale(zeros, ones, missing, tuple(columns))
    if kind == "given":
        mean, std = _given(plan, len(known), "column")
        repeats = len(known)
        mean, std = mean * (repeats // len(mean)), std * (repeats // len(std))
        return Scale(mean, std, missing, tuple(columns))
    pairs = [_spread(column, kind) for column in known]
    return Scale(tuple(m for m, _ in pairs), tuple(s for _, s in pairs), missing, tuple(columns))


def _present(column: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    known = column[~np.isnan(column)].astype(np.float64)
    return known if len(known) else np.zeros(1)


def _spread(column: npt.NDArray[np.float64], kind: str) -> tuple[float, float]:
    low, high = float(column.min()), float(column.max())
    if kind == "0..1":
        return low, (high - low) or 1.0
    if kind == "-1..1":
        return (low + high) / 2, (high - low) / 2 or 1.0
    # A constant's deviation is rounding, not spread.
    return float(column.mean()), (float(column.std()) if high > low else 0.0) or 1.0


def categories(
    columns: Sequence[str], values: Sequence[Sequence[str | None]], train: Rows
) -> Categories:
    """The values of columns of words, those of train alone, in the order of code points."""
    kept = [{column[int(row)] for row in train} - {None} for column in values]
    return Categories(
        tuple(columns), tuple(tuple(sorted(v for v in one if v is not None)) for one in kept)
    )


def ids_of(front: Categories, values: Sequence[Sequence[str | None]]) -> npt.NDArray[np.int64]:
    """Ids [n, K] of the words in K columns: 0 unknown or missing, from 1 in the front's order."""
    rows = len(values[0]) if values else 0
    out = np.zeros((rows, len(front.columns)), dtype=np.int64)
    for at, (known, words) in enumerate(zip(front.values, values)):
        table = {word: number + 1 for number, word in enumerate(known)}
        out[:, at] = [0 if word is None else table.get(word, 0) for word in words]
    return out
