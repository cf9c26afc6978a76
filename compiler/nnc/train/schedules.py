"""Schedules: the share of the learning rate at each step. Steps count from 0.

Lengths are in the unit of the run's length (epochs or steps). A warm-up rises in a straight line
and reaches the whole at its last step; cosine and linear fall from there to the end of the run. The
plateau has a state, which `Plateaus` keeps and checkpoints carry.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable

from nnc.ir.training import Constant, Cosine, Linear, Plateau, Schedule, StepDecay
from nnc.record import Record

Factor = Callable[[int], float]


class Span(Record):
    """How a run counts: steps in one unit of its length, and steps in all."""

    unit: int
    total: int


def factor(schedule: Schedule, span: Span) -> Factor:
    """The share of the learning rate at a step.

    A plateau's own factor is not in it (see `Plateaus`).
    """
    body = _body(schedule, span)
    warmup = round(_warmup(schedule) * span.unit)
    if warmup <= 0:
        return body
    return lambda step: body(step) * ((step + 1) / warmup) if step < warmup else body(step)


def _warmup(schedule: Schedule) -> float:
    known = (Constant, StepDecay, Cosine, Linear, Plateau)
    if not isinstance(schedule, known):
        raise TypeError(f"no schedule {schedule.word}")
    return schedule.warmup


def _body(schedule: Schedule, span: Span) -> Factor:
    warmup = round(_warmup(schedule) * span.unit)
    if isinstance(schedule, Cosine):
        return _cosine(schedule.least, warmup, span.total)
    if isinstance(schedule, Linear):
        return _linear(max(round(schedule.start * span.unit), warmup), span.total)
    if isinstance(schedule, StepDecay):
        return _falls(schedule, span)
    return lambda step: 1.0


def _cosine(least: float, start: int, total: int) -> Factor:
    length = max(total - start, 1)

    def share(step: int) -> float:
        done = min(max((step - start) / length, 0.0), 1.0)
        return least + (1 - least) * 0.5 * (1 + math.cos(math.pi * done))

    return share


def _linear(start: int, total: int) -> Factor:
    length = max(total - start, 1)
    return lambda step: min(max((total - step) / length, 0.0), 1.0)


def _falls(schedule: StepDecay, span: Span) -> Factor:
    gamma = schedule.gamma
    if schedule.at:
        at = schedule.at if isinstance(schedule.at, tuple) else (schedule.at,)
        points = sorted(round(point * span.unit) for point in at)
        return lambda step: float(gamma ** bisect_right(points, step))
    every = max(round(schedule.every * span.unit), 1) if schedule.every else 0
    return (lambda step: float(gamma ** (step // every))) if every else (lambda step: 1.0)


class Plateaus:
    """Falls of the learning rate when the monitored value does not improve; one entry a group.

    `factors` are the shares reached; `waited` the epochs since the last improvement or fall.
    """

    def __init__(self, schedules: tuple[Schedule, ...]) -> None:
        self._schedules = schedules
        self.factors = [1.0] * len(schedules)
        self.waited = [0] * len(schedules)

    def epoch(self, improved: bool) -> None:
        """One epoch has ended, with or without an improvement."""
        for i, schedule in enumerate(self._schedules):
            if not isinstance(schedule, Plateau):
                continue
            self.waited[i] = 0 if improved else self.waited[i] + 1
            if self.waited[i] > schedule.patience:
                self.factors[i] *= schedule.factor
                self.waited[i] = 0
