"""Which epoch was best, and when waiting for a better one ends."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nnc.ir.plan import EarlyStop, TrainPlan
from nnc.record import Record
from nnc.train.metrics import names


class Best(Record):
    """The best value so far and where it was reached; epoch 0 before the first.

    `loss` is that epoch's validation loss: of equal values the one with the lower loss is better.
    """

    value: float = math.nan
    epoch: int = 0
    step: int = 0
    loss: float = math.nan


class Monitor:
    """Follows one value from epoch to epoch; NaN is never better.

    An equal value with a lower loss is better, and still one epoch more without improvement.

    Args:
        key: "loss" or a metric's name.
        direction: "max" or "min".
        patience: epochs without improvement after which to stop, None for never.
    """

    def __init__(self, key: str, direction: str, patience: int | None = None) -> None:
        self.key = key
        self.direction = direction
        self.patience = patience
        self.best = Best()
        self.waited = 0

    def epoch(self, values: Mapping[str, float], epoch: int, step: int) -> bool:
        """Whether this epoch is the best so far."""
        value, loss = values[self.key], values.get("loss", math.nan)
        old = self.best.value
        better = value > old if self.direction == "max" else value < old
        if better or (math.isnan(old) and not math.isnan(value)):
            self.best, self.waited = Best(value, epoch, step, loss), 0
            return True
        self.waited += 1
        if value == old and loss < self.best.loss:
            self.best = Best(value, epoch, step, loss)
            return True
        return False

    @property
    def improved(self) -> bool:
        """The last epoch brought a better value, not an equal one."""
        return self.waited == 0

    @property
    def exhausted(self) -> bool:
        """Patience is at its end."""
        return self.patience is not None and self.waited > 0 and self.waited >= self.patience


def monitor_of(plan: TrainPlan, key: str, patience: int | None = None) -> Monitor:
    """The monitor of the loss or of a metric.

    Raises:
        ValueError: the plan has no such metric.
    """
    if key == "loss":
        return Monitor(key, "min", patience)
    for name, planned in zip(names(plan.metrics), plan.metrics):
        if key in (name, planned.name):
            return Monitor(name, planned.metric.best, patience)
    raise ValueError(f"the plan has no metric {key}")


def stopper_of(plan: TrainPlan, stop: EarlyStop) -> Monitor:
    """The monitor that ends a run early."""
    return monitor_of(plan, stop.metric or plan.monitor or "loss", stop.patience)
