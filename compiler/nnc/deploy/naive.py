"""Forecasts that nobody has to learn: the last value, and the values a day, a week, a year ago."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnc.backends.arrays import Array
from nnc.ir.plan import Profile, TrainPlan
from nnc.ir.timeline import Season, seasons
from nnc.record import Record

LAST = "last value"


class Naive(Record):
    """A forecast of the past itself.

    Args:
        name: as people call it.
        past: the field that holds the past.
        columns: those of the past that are forecast.
        back: so many rows before what is forecast, repeated where they are fewer.
        window: rows of the past.
    """

    name: str
    past: str
    columns: tuple[int, ...]
    back: int
    window: int

    def __call__(self, raw: Mapping[str, Array], like: Array) -> Array:
        """The forecast in the form of an output, [n, horizon] or [n, horizon, targets]."""
        horizon = like.shape[1]
        rows = self.window - self.back + np.arange(horizon) % self.back
        found = raw[self.past][:, rows][:, :, list(self.columns)]
        return found.reshape(like.shape)


def naives(plan: TrainPlan, profile: Profile, columns: tuple[str, ...]) -> tuple[Naive, ...]:
    """The forecasts that some target columns of a series are held to; nothing of other data."""
    read = {field for _, field in plan.binding.inputs} if plan.binding is not None else set()
    past = next((f for f in profile.fields if f.meaning == "past" and f.name in read), None)
    if past is None or not columns or any(name not in past.columns for name in columns):
        return ()
    window = past.type.dims[0]
    if not isinstance(window, int):
        return ()
    at = tuple(past.columns.index(name) for name in columns)
    known = (Season(LAST, 1), *seasons(profile.time))
    return tuple(Naive(s.name, past.name, at, s.steps, window) for s in known if s.steps <= window)
