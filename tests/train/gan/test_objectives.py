"""Each objective's losses and their gradients, against formulas written out by hand."""

from __future__ import annotations

import pytest
import torch

from nnc.ir.gan import (
    R1,
    CycleGan,
    GradientPenalty,
    Hinge,
    LeastSquares,
    NonSaturating,
    Objective,
    Pix2Pix,
    Wasserstein,
)
from nnc.train.gan.objectives import judged_by, made_for
from nnc.train.gan.penalty import between, gradient_penalty, r1, squared_norms

REAL = torch.tensor([[2.0], [-0.5], [0.25], [3.0]], dtype=torch.float64)
MADE = torch.tensor([[-1.0], [0.5], [-3.0], [0.1]], dtype=torch.float64)
S_REAL, S_MADE = 1 / (1 + (-REAL).exp()), 1 / (1 + (-MADE).exp())

# objective, loss of the judge, its gradients by both scores, loss of the maker, its gradient
ROWS = [
    (
        NonSaturating(label_smoothing=0.1),
        (-(0.9 * S_REAL.log() + 0.1 * (1 - S_REAL).log()) - (1 - S_MADE).log()).mean(),
        (S_REAL - 0.9) / 4,
        S_MADE / 4,
        -S_MADE.log().mean(),
        (S_MADE - 1) / 4,
    ),
    (
        Pix2Pix(),
        (-S_REAL.log() - (1 - S_MADE).log()).mean() / 2,
        (S_REAL - 1) / 8,
        S_MADE / 8,
        -S_MADE.log().mean(),
        (S_MADE - 1) / 4,
    ),
    (
        LeastSquares(),
        ((REAL - 1) ** 2 + MADE**2).mean(),
        (REAL - 1) / 2,
        MADE / 2,
        ((MADE - 1) ** 2).mean(),
        (MADE - 1) / 2,
    ),
    (
        CycleGan(),
        ((REAL - 1) ** 2 + MADE**2).mean() / 2,
        (REAL - 1) / 4,
        MADE / 4,
        ((MADE - 1) ** 2).mean(),
        (MADE - 1) / 2,
    ),
    (
        Hinge(),
        ((1 - REAL).clamp(0) + (1 + MADE).clamp(0)).mean(),
        -(REAL < 1).double() / 4,
        (MADE > -1).double() / 4,
        -MADE.mean(),
        torch.full_like(MADE, -0.25),
    ),
    (
        Wasserstein(),
        (MADE - REAL).mean(),
        torch.full_like(REAL, -0.25),
        torch.full_like(MADE, 0.25),
        -MADE.mean(),
        torch.full_like(MADE, -0.25),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].word)
def test_losses_and_gradients(row: tuple[Objective, *tuple[torch.Tensor, ...]]) -> None:
    objective, judged, by_real, by_made, lost, by_lost = row
    real, made = REAL.clone().requires_grad_(), MADE.clone().requires_grad_()
    found = judged_by(objective)(real, made)
    torch.testing.assert_close(found, judged)
    for got, wanted in zip(torch.autograd.grad(found, (real, made)), (by_real, by_made)):
        torch.testing.assert_close(got, wanted)
    again = MADE.clone().requires_grad_()
    value = made_for(objective)(again)
    torch.testing.assert_close(value, lost)
    torch.testing.assert_close(torch.autograd.grad(value, again)[0], by_lost)


@pytest.mark.parametrize(
    "objective, like", [(GradientPenalty(), Wasserstein()), (R1(), NonSaturating())]
)
def test_penalised_ones_are_as_their_plain_ones(objective: Objective, like: Objective) -> None:
    assert torch.equal(judged_by(objective)(REAL, MADE), judged_by(like)(REAL, MADE))
    assert torch.equal(made_for(objective)(MADE), made_for(like)(MADE))


# --- penalties ------------------------------------------------------------------------------------


def critic() -> torch.nn.Module:
    torch.manual_seed(5)
    layers = torch.nn.Linear(3, 7), torch.nn.Tanh(), torch.nn.Linear(7, 1)
    return torch.nn.Sequential(*layers).double()


def test_norms_are_those_of_finite_differences() -> None:
    score, at, h = critic(), torch.randn(4, 3, dtype=torch.float64), 1e-6
    with torch.no_grad():
        slopes = torch.stack(
            [
                (score(at + h * e) - score(at - h * e))[:, 0] / (2 * h)
                for e in torch.eye(3).double()
            ],
            1,
        )
    torch.testing.assert_close(squared_norms(score, at).detach(), slopes.square().sum(1))


def test_the_penalty_and_its_gradient_are_those_of_finite_differences() -> None:
    score = critic()
    real, made = torch.randn(2, 4, 3, dtype=torch.float64)
    share = torch.tensor([0.0, 0.25, 0.5, 1.0], dtype=torch.float64)
    found = gradient_penalty(score, real, made, share)
    points = between(real, made, share)
    assert torch.equal(points[0], made[0])
    assert torch.equal(points[3], real[3])
    h = 1e-5

    def by_differences() -> float:
        with torch.no_grad():
            slopes = [
                (score(points + h * e) - score(points - h * e))[:, 0] / (2 * h)
                for e in torch.eye(3).double()
            ]
            norms = torch.stack(slopes, 1).square().sum(1).sqrt()
            return float((norms - 1).square().mean())

    assert found.item() == pytest.approx(by_differences(), rel=1e-6)
    weight = next(score.parameters())
    (gradient,) = torch.autograd.grad(found, weight)
    for row, column in ((0, 0), (3, 2), (6, 1)):
        with torch.no_grad():
            weight[row, column] += 1e-4
            above = by_differences()
            weight[row, column] -= 2e-4
            below = by_differences()
            weight[row, column] += 1e-4
        wanted = (above - below) / 2e-4
        assert float(gradient[row, column]) == pytest.approx(wanted, rel=1e-3, abs=1e-7)


def test_r1_is_half_the_mean_squared_slope_at_real_samples() -> None:
    score, real = critic(), torch.randn(4, 3, dtype=torch.float64)
    assert torch.allclose(r1(score, real), squared_norms(score, real).mean() / 2)
