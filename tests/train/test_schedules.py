"""Schedules by hand and against PyTorch's."""

from __future__ import annotations

import math

import pytest
import torch

from nnc.ir.training import Constant, Cosine, Linear, Plateau, Schedule, StepDecay
from nnc.train.schedules import Plateaus, Span, factor

EPOCHS = Span(unit=10, total=100)  # ten epochs of ten steps
STEPS = Span(unit=1, total=100)

CASES: list[tuple[Schedule, Span, dict[int, float]]] = [
    (Constant(), EPOCHS, {0: 1, 99: 1}),
    (Constant(warmup=2), EPOCHS, {0: 1 / 20, 9: 0.5, 19: 1, 20: 1}),
    (Constant(warmup=4), STEPS, {0: 0.25, 3: 1, 4: 1}),
    (StepDecay(every=3, gamma=0.5), EPOCHS, {29: 1, 30: 0.5, 59: 0.5, 60: 0.25, 99: 0.125}),
    (StepDecay(at=(2, 5), gamma=0.1), EPOCHS, {19: 1, 20: 0.1, 49: 0.1, 50: 0.01}),
    (StepDecay(at=5.0, gamma=0.1), STEPS, {4: 1, 5: 0.1}),
    (Cosine(), EPOCHS, {0: 1, 50: 0.5, 99: 0.5 * (1 + math.cos(math.pi * 0.99))}),
    (Cosine(least=0.2), EPOCHS, {0: 1, 50: 0.6, 100: 0.2, 150: 0.2}),
    (Cosine(warmup=20), STEPS, {0: 0.05, 19: 1, 20: 1, 60: 0.5}),
    (Linear(), EPOCHS, {0: 1, 25: 0.75, 99: 0.01}),
    (Linear(start=5), EPOCHS, {0: 1, 50: 1, 75: 0.5, 99: 0.02, 120: 0}),
    (Linear(start=50, warmup=10), STEPS, {0: 0.1, 10: 1, 49: 1, 75: 0.5}),
    (Plateau(warmup=1), EPOCHS, {0: 0.1, 9: 1, 99: 1}),
]


@pytest.mark.parametrize("schedule,span,wanted", CASES, ids=lambda x: getattr(x, "word", ""))
def test_the_share_at_a_step(schedule: Schedule, span: Span, wanted: dict[int, float]) -> None:
    share = factor(schedule, span)
    assert {step: share(step) for step in wanted} == pytest.approx(wanted)


def test_cosine_is_pytorchs() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100)
    ours = factor(Cosine(), STEPS)
    for step in range(100):
        assert ours(step) == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-9)
        optimizer.step()
        theirs.step()


def test_plateau_is_pytorchs() -> None:
    values = [1.0, 0.9, 0.95, 0.95, 0.95, 0.8, 0.85, 0.85, 0.85, 0.85, 0.85]
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=2, threshold=0.0
    )
    ours = Plateaus((Constant(), Plateau(factor=0.5, patience=2)))
    best = math.inf
    for value in values:
        theirs.step(value)
        ours.epoch(value < best)
        best = min(best, value)
        assert ours.factors == [1.0, optimizer.param_groups[0]["lr"]]
    assert ours.factors[1] == 0.25
