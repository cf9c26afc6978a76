"""Which epoch is the best, and when waiting for a better one ends."""

from __future__ import annotations

import math

from nnc.train.monitor import Monitor


def test_the_loss_breaks_ties() -> None:
    monitor = Monitor("accuracy", "max", patience=3)
    losses = (0.5, 0.4, 0.4, 0.6)
    better = [monitor.epoch({"accuracy": 1.0, "loss": x}, i + 1, i) for i, x in enumerate(losses)]
    assert better == [True, True, False, False]  # of equal losses the earlier one
    assert monitor.best.epoch == 2
    assert monitor.exhausted  # nothing improved but the loss


def test_equal_losses_are_no_tie_to_break() -> None:
    monitor = Monitor("loss", "min")
    assert [monitor.epoch({"loss": 0.5}, i, i) for i in (1, 2)] == [True, False]


def test_what_is_not_a_number_is_never_better() -> None:
    monitor = Monitor("auroc", "max")
    values = (math.nan, 0.5, math.nan)
    better = [monitor.epoch({"auroc": v, "loss": 0.1}, i, i) for i, v in enumerate(values)]
    assert better == [False, True, False]
