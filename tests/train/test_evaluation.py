"""Metrics over all samples, confusion, answers and what always says the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nnc.ir.plan import Binding, Field, MetricPlan, Phase, Scale, Target, Term
from nnc.ir.training import (
    F1,
    R2,
    Accuracy,
    Auroc,
    Bce,
    BceWithLogits,
    CrossEntropy,
    Iou,
    Loss,
    Mae,
    Metric,
    Mse,
    Precision,
    Recall,
    Rmse,
)
from nnc.ir.types import TensorType
from nnc.train.evaluation import Evaluation, Examination, SessionPredictor, class_rows, evaluate
from nnc.train.feed import Feed
from nnc.train.metrics import names
from nnc.train.wiring import Wiring, lessons
from tests.train.kit import Data, Memory, profile_of

CPU = torch.device("cpu")


def examine(
    said: np.ndarray,
    right: np.ndarray,
    labels: tuple[str, ...],
    loss: Loss,
    *metrics: Metric,
    batch: int = 3,
    scale: Scale | None = None,
    detail: bool = False,
) -> Evaluation:
    """A model that says what it is told to, examined in batches."""
    meaning = "class" if labels else "number"
    fields = (
        Field("x", "input", "array", TensorType((1,))),
        Field("y", "target", "mask" if right.ndim > 2 else meaning, TensorType(()), labels),
    )
    part = Memory({"x": np.arange(len(said), dtype=np.float32)[:, None], "y": right})
    fronts = {} if scale is None else {"y": scale}
    data = Data(profile_of(fields, fronts, train=part), train=part)
    wiring = Wiring(("x",), ("out",), Binding((("x", "x"),), (("out", "y"),)), data.profile, CPU)
    term = Term(1.0, loss, "out", Target("field", "y"))
    plans = tuple(MetricPlan(metric, "out") for metric in metrics)
    exam = Examination(
        wiring,
        lessons(wiring, (Phase("N", (term,), ()),)),
        plans,
        wiring.total_loss((term,)),
        True,
        detail,
    )
    predict = SessionPredictor(
        lambda given: {"out": said[given["x"][:, 0].astype(int)]}, (("x", "x"),)
    )
    return evaluate(exam, predict, Feed(part, ("x", "y"), CPU), batch)


RANDOM = np.random.default_rng(2)
SCORES = RANDOM.normal(size=(10, 3)).astype(np.float32)
RIGHT = np.array([0, 1, 2, 2, 1, 0, 2, 2, 1, 2])
GUESS = SCORES.argmax(1)
LABELS = ("a", "b", "c")


def per_class(measure: str) -> list[float]:
    made = []
    for k in range(3):
        hits = float(((k == GUESS) & (k == RIGHT)).sum())
        said, there = float((k == GUESS).sum()), float((k == RIGHT).sum())
        found = {
            "precision": hits / max(said, 1),
            "recall": hits / max(there, 1),
            "f1": 2 * hits / max(said + there, 1),
            "iou": hits / max(said + there - hits, 1),
        }
        made.append(found[measure])
    return made


@pytest.mark.parametrize("batch", [1, 3, 4, 100])
def test_classes(batch: int) -> None:
    metrics = (Accuracy(), Accuracy(top=2), F1(), Precision(), Recall(), Iou(), F1(average="micro"))
    result = examine(SCORES, RIGHT, LABELS, CrossEntropy(), *metrics[:6], batch=batch)
    best_two = np.argsort(-SCORES, 1)[:, :2]
    wanted = {
        "accuracy": (GUESS == RIGHT).mean(),
        "accuracy_top2": (best_two == RIGHT[:, None]).any(1).mean(),
        **{name: np.mean(per_class(name)) for name in ("f1", "precision", "recall", "iou")},
    }
    assert result.metrics == pytest.approx(wanted, abs=1e-6)
    logs = SCORES - np.log(np.exp(SCORES).sum(1, keepdims=True))
    assert result.loss == pytest.approx(-logs[np.arange(10), RIGHT].mean(), rel=1e-5)


def test_always_the_same_class() -> None:
    result = examine(SCORES, RIGHT, LABELS, CrossEntropy(), Accuracy(), F1())
    assert result.baseline["accuracy"] == pytest.approx(0.5)
    assert result.baseline["f1"] == pytest.approx(2 * 5 / 15 / 3)


def test_confusion_and_answers() -> None:
    result = examine(SCORES, RIGHT, LABELS, CrossEntropy(), detail=True)
    wanted = np.zeros((3, 3), int)
    np.add.at(wanted, (RIGHT, GUESS), 1)
    assert (result.confusion["out"] == wanted).all()
    rows = class_rows(result.confusion["out"], LABELS)
    assert [row.precision for row in rows] == pytest.approx(per_class("precision"))
    assert [row.recall for row in rows] == pytest.approx(per_class("recall"))
    assert [row.f1 for row in rows] == pytest.approx(per_class("f1"))
    assert [row.samples for row in rows] == [2, 3, 5]
    answers = result.answers["out"]
    assert (answers.predicted == GUESS).all()
    assert (answers.right == RIGHT).all()
    chances = np.exp(SCORES) / np.exp(SCORES).sum(1, keepdims=True)
    assert np.allclose(answers.probability, chances.max(1), atol=1e-6)


@pytest.mark.parametrize("loss", [Bce(), BceWithLogits()], ids=lambda x: x.word)
def test_two_classes(loss: Loss) -> None:
    # All logits lie between 0 and 1: nobody may take them for probabilities.
    logits = np.linspace(0.05, 0.95, 8).astype(np.float32)[:, None] - 0.3
    chances = 1 / (1 + np.exp(-logits))
    right = np.array([0, 1, 0, 1, 1, 0, 1, 1])
    said = logits if isinstance(loss, BceWithLogits) else chances
    result = examine(said, right, ("no", "yes"), loss, Accuracy(), Auroc(), detail=True)
    assert result.metrics["accuracy"] == pytest.approx(((logits[:, 0] > 0) == right).mean())
    pairs = [(a > b) for a in logits[right == 1, 0] for b in logits[right == 0, 0]]
    assert result.metrics["auroc"] == pytest.approx(np.mean(pairs))
    assert result.baseline == pytest.approx({"accuracy": 5 / 8, "auroc": 0.5})
    assert result.confusion["out"].sum() == 8


def test_values_in_their_units() -> None:
    right = RANDOM.normal(50_000, 10, (7, 1)).astype(np.float32)
    said = right + np.array([[1], [-2], [3], [0], [5], [-1], [2]], np.float32)
    scale = Scale((50_000.0,), (10.0,))
    result = examine(said, right, (), Mse(), Mae(), Rmse(), R2(), scale=scale)
    error = (said - right).astype(float)
    spread = (right - right.mean()).astype(float)
    assert result.metrics == pytest.approx(
        {
            "mae": np.abs(error).mean(),
            "rmse": np.sqrt((error**2).mean()),
            "r2": 1 - (error**2).sum() / (spread**2).sum(),
        },
        rel=1e-4,
    )
    assert result.loss == pytest.approx((error**2).mean() / 100, rel=1e-3)
    assert result.baseline["mae"] == pytest.approx(np.abs(right - 50_000.0).mean(), rel=1e-4)


def test_what_is_not_defined_is_not_a_number() -> None:
    result = examine(np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32), (), Mse(), R2())
    assert math.isnan(result.metrics["r2"])


def test_masks() -> None:
    scores = RANDOM.normal(size=(4, 3, 2, 2)).astype(np.float32)
    right = RANDOM.integers(0, 3, (4, 2, 2))
    result = examine(scores, right, LABELS, CrossEntropy(), Accuracy(), Iou(), detail=True)
    assert result.metrics["accuracy"] == pytest.approx((scores.argmax(1) == right).mean())
    assert result.confusion["out"].sum() == 16
    assert result.answers == {}
    assert result.baseline == {}


def test_names_tell_metrics_apart() -> None:
    plans = (
        MetricPlan(Accuracy(), "a"),
        MetricPlan(Accuracy(), "b"),
        MetricPlan(Accuracy(top=5), "a"),
        MetricPlan(Mae(), "c"),
    )
    assert names(plans) == ("accuracy_a", "accuracy_b", "accuracy_top5", "mae")


def test_nineteen_of_twenty_is_not_less() -> None:
    right = np.zeros(20, np.int64)
    said = np.zeros((20, 3), np.float32)
    said[:, 0], said[7, 1] = 1, 2
    result = examine(said, right, LABELS, CrossEntropy(), Accuracy())
    assert result.metrics["accuracy"] == 0.95
