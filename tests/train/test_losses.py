"""Losses by hand, in numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnc.diagnostics import Refusal
from nnc.ir.training import L1, Bce, BceWithLogits, CrossEntropy, Huber, Loss, Mse
from nnc.train.losses import loss_function

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(5, 3)).astype(np.float32)
CLASSES = np.array([0, 2, 1, 1, 0])
PIXELS = RANDOM.normal(size=(4, 3, 2, 2)).astype(np.float32)
MASK = RANDOM.integers(0, 3, (4, 2, 2))
VALUES = RANDOM.normal(size=(5, 2)).astype(np.float32)
WANTED = RANDOM.normal(size=(5, 2)).astype(np.float32)
CHANCES = RANDOM.uniform(0.05, 0.95, (5, 2)).astype(np.float32)
YES = RANDOM.integers(0, 2, (5, 2)).astype(np.float32)


def log_softmax(x: np.ndarray) -> np.ndarray:
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def picked(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Minus the log of the right class's probability, for each sample and element."""
    return -np.take_along_axis(log_softmax(logits), classes[:, None], 1)[:, 0]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def entropy(p: np.ndarray, t: np.ndarray, positive: float = 1.0) -> np.ndarray:
    return -(positive * t * np.log(p) + (1 - t) * np.log(1 - p))


def huber(d: np.ndarray, delta: float) -> np.ndarray:
    d = np.abs(d)
    return np.where(d < delta, 0.5 * d**2, delta * (d - 0.5 * delta))


def smoothed() -> np.ndarray:
    uniform = -log_softmax(LOGITS).mean(1)
    return 0.9 * picked(LOGITS, CLASSES) + 0.1 * uniform


WEIGHTS = np.array([1.0, 2.0, 0.5])

CASES: list[tuple[Loss, np.ndarray, np.ndarray, np.ndarray]] = [
    (CrossEntropy(), LOGITS, CLASSES, picked(LOGITS, CLASSES)),
    (CrossEntropy(label_smoothing=0.1), LOGITS, CLASSES, smoothed()),
    (
        CrossEntropy(class_weights=(1.0, 2.0, 0.5)),
        LOGITS,
        CLASSES,
        WEIGHTS[CLASSES] * picked(LOGITS, CLASSES),
    ),
    (CrossEntropy(), PIXELS, MASK, picked(PIXELS, MASK).mean((1, 2))),
    (CrossEntropy(reduce="sum"), PIXELS, MASK, picked(PIXELS, MASK).sum((1, 2))),
    (Bce(), CHANCES, YES, entropy(CHANCES, YES).mean(1)),
    (Bce(reduce="sum"), CHANCES, YES, entropy(CHANCES, YES).sum(1)),
    (BceWithLogits(), VALUES, YES, entropy(sigmoid(VALUES), YES).mean(1)),
    (BceWithLogits(pos_weight=3.0), VALUES, YES, entropy(sigmoid(VALUES), YES, 3.0).mean(1)),
    (Mse(), VALUES, WANTED, ((VALUES - WANTED) ** 2).mean(1)),
    (Mse(reduce="sum"), VALUES, WANTED, ((VALUES - WANTED) ** 2).sum(1)),
    (L1(), VALUES, WANTED, np.abs(VALUES - WANTED).mean(1)),
    (L1(reduce="sum"), VALUES, WANTED, np.abs(VALUES - WANTED).sum(1)),
    (Huber(delta=0.7), VALUES, WANTED, huber(VALUES - WANTED, 0.7).mean(1)),
]


@pytest.mark.parametrize("loss,output,target,samples", CASES, ids=lambda x: getattr(x, "word", ""))
def test_the_mean_over_samples(
    loss: Loss, output: np.ndarray, target: np.ndarray, samples: np.ndarray
) -> None:
    found = loss_function(loss)(torch.from_numpy(output), torch.from_numpy(target))
    assert float(found) == pytest.approx(float(samples.mean()), rel=1e-5)


@pytest.mark.parametrize("loss,output,target,samples", CASES, ids=lambda x: getattr(x, "word", ""))
def test_batches_add_up_by_their_samples(
    loss: Loss, output: np.ndarray, target: np.ndarray, samples: np.ndarray
) -> None:
    y, t, function = torch.from_numpy(output), torch.from_numpy(target), loss_function(loss)
    n = len(y)
    parts = 3 * function(y[:3], t[:3]) + (n - 3) * function(y[3:], t[3:])
    assert float(parts / n) == pytest.approx(float(function(y, t)), rel=1e-5)


def test_balanced_weights_come_from_the_train_part() -> None:
    loss = CrossEntropy(class_weights="balanced")
    found = loss_function(loss, counts=(10, 20, 60))(
        torch.from_numpy(LOGITS), torch.from_numpy(CLASSES)
    )
    weights = np.array([90 / 30, 90 / 60, 90 / 180])
    wanted = (weights[CLASSES] * picked(LOGITS, CLASSES)).mean()
    assert float(found) == pytest.approx(float(wanted), rel=1e-5)


@pytest.mark.parametrize(
    "weights,classes,message",
    [((1.0, 2.0), 3, "2 class weights for 3 classes"), ("balanced", 3, "not known")],
)
def test_weights_that_do_not_fit(weights: object, classes: int, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        loss_function(CrossEntropy(class_weights=weights), classes=classes)


def test_a_probability_that_is_no_number_gives_a_loss_that_is_none() -> None:
    p = torch.tensor([[0.5], [torch.nan]], requires_grad=True)
    assert torch.isnan(loss_function(Bce())(p, torch.zeros(2, 1)))


def test_bce_has_the_gradient_of_pytorch() -> None:
    p = torch.tensor([[0.0], [0.3], [1.0]], requires_grad=True)
    t = torch.tensor([[0.0], [1.0], [1.0]])
    loss_function(Bce())(p, t).backward()
    q = p.detach().clone().requires_grad_()
    torch.nn.functional.binary_cross_entropy(q, t).backward()
    assert torch.equal(p.grad, q.grad)
