"""What is counted without PyTorch is what training counts with torchmetrics."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nnc.deploy.scores import Tally, Task, auroc, names
from nnc.ir.plan import MetricPlan, Scale, Target
from nnc.ir.training import (
    F1,
    R2,
    Accuracy,
    Auroc,
    Iou,
    Mae,
    MeanSquare,
    Metric,
    Precision,
    Recall,
    Rmse,
)
from nnc.record import replace
from nnc.train import metrics
from nnc.train.numbers import to_network
from nnc.train.wiring import Lesson

CLASS_METRICS: tuple[Metric, ...] = (
    Accuracy(),
    Accuracy(top=2),
    F1(),
    F1(average="micro"),
    F1(average="weighted"),
    Precision(),
    Precision(average="weighted"),
    Recall(),
    Recall(average="micro"),
    Auroc(),
    Iou(),
)
BINARY_METRICS: tuple[Metric, ...] = (Accuracy(), F1(), Precision(), Recall(), Auroc(), Iou())


def lesson(task: Task, classes: int) -> Lesson:
    known = {
        "output": "y",
        "target": Target("field", "y"),
        "task": task,
        "classes": classes,
        "labels": tuple("abcd"[:classes]),
        "logits": True,
        "units": None,
        "back": None,
        "scaled": False,
        "last": False,
        "axes": (),
    }
    return Lesson(**{name: known[name] for name in Lesson._fields})


def theirs(
    metric: Metric, task: Task, classes: int, batches: list[tuple[np.ndarray, ...]]
) -> float:
    plan = (MetricPlan(metric, "y"),)
    scores = metrics.Scores(plan, {"y": lesson(task, classes)}, torch.device("cpu"))
    for output, right in batches:
        scores.update({"y": torch.from_numpy(output)}, {"y": torch.from_numpy(right)})
    return next(iter(scores.values().values()))


@pytest.mark.parametrize("metric", CLASS_METRICS, ids=str)
@pytest.mark.parametrize("present", [4, 2, 1])
def test_classes(metric: Metric, present: int) -> None:
    draw = np.random.default_rng(3)
    tally = Tally("classes", 4, (metric,))
    batches = []
    for n in (9, 1, 6):
        logits = draw.standard_normal((n, 4)).astype(np.float32)
        logits[:, 3] -= 3  # rarely predicted
        right = draw.integers(0, present, n)
        chances = torch.from_numpy(logits).softmax(1).numpy()
        tally.classify(chances, chances.argmax(1), right)
        batches.append((logits, right))
    wanted = theirs(metric, "classes", 4, batches)
    assert tally.value(metric) == pytest.approx(wanted, abs=1e-6, nan_ok=True)


def test_masks() -> None:
    draw = np.random.default_rng(3)
    logits = draw.standard_normal((2, 3, 4, 5)).astype(np.float32)
    right = draw.integers(0, 3, (2, 4, 5))
    for metric in (Accuracy(), Iou(), F1(), Auroc()):
        tally = Tally("classes", 3, (metric,))
        chances = torch.from_numpy(logits).softmax(1).numpy()
        tally.classify(chances, chances.argmax(1), right)
        wanted = theirs(metric, "classes", 3, [(logits, right)])
        assert tally.value(metric) == pytest.approx(wanted, abs=1e-6), metric


@pytest.mark.parametrize("metric", BINARY_METRICS, ids=str)
@pytest.mark.parametrize("positive", [0.0, 0.4, 1.0])
def test_two_classes(metric: Metric, positive: float) -> None:
    draw = np.random.default_rng(3)
    logits = draw.standard_normal((20, 1)).astype(np.float32)
    right = (draw.random(20) < positive).astype(np.int64)
    tally = Tally("binary", 2, (metric,))
    chances = torch.from_numpy(logits).sigmoid().numpy().reshape(-1)
    tally.classify(chances, (chances > 0.5).astype(np.int64), right)
    wanted = theirs(metric, "binary", 2, [(logits, right)])
    assert tally.value(metric) == pytest.approx(wanted, abs=1e-6, nan_ok=True)


LABEL_METRICS: tuple[Metric, ...] = (
    *BINARY_METRICS,
    F1(average="micro"),
    F1(average="weighted"),
    Precision(average="micro"),
    Recall(average="weighted"),
)


@pytest.mark.parametrize("metric", LABEL_METRICS, ids=str)
@pytest.mark.parametrize("positive", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("labels", [1, 3])
def test_labels(metric: Metric, positive: float, labels: int) -> None:
    draw = np.random.default_rng(3)
    tally = Tally("labels", labels, (metric,))
    batches = []
    for n in (9, 1, 6):
        logits = draw.standard_normal((n, labels)).astype(np.float32)
        right = (draw.random((n, labels)) < positive).astype(np.float32)
        right[:, 2:] = 1  # a label that all have
        tally.label(torch.from_numpy(logits).sigmoid().numpy(), right)
        batches.append((logits, right))
    wanted = theirs(metric, "labels", labels, batches)
    assert tally.value(metric) == pytest.approx(wanted, abs=1e-6, nan_ok=True)


def test_a_ranking_of_one_class_is_not_defined() -> None:
    logits, right = np.zeros((4, 1), np.float32), np.ones(4, np.int64)
    assert math.isnan(theirs(Auroc(), "binary", 2, [(logits, right)]))
    assert math.isnan(auroc(logits[:, 0], right == 1))
    three = np.eye(3, dtype=np.float32)[[0, 1, 0, 1]]
    assert theirs(Auroc(), "classes", 3, [(three, np.array([0, 1, 0, 1]))]) == 1.0


@pytest.mark.parametrize("metric", [Mae(), Rmse(), R2()], ids=str)
@pytest.mark.parametrize("width", [1, 3])
def test_values(metric: Metric, width: int) -> None:
    draw = np.random.default_rng(3)
    tally = Tally("values", 0, (metric,))
    batches = []
    for n in (7, 4):
        found = (draw.standard_normal((n, width)) * 50 + 1000).astype(np.float32)
        right = found + draw.standard_normal((n, width)).astype(np.float32)
        tally.measure(found, right)
        batches.append((found, right))
    known = lesson("values", 0)
    plan = (MetricPlan(metric, "y"),)
    scores = metrics.Scores(plan, {"y": _values(known)}, torch.device("cpu"))
    for found, right in batches:
        scores.update({"y": torch.from_numpy(found)}, {"y": torch.from_numpy(right)})
    wanted = next(iter(scores.values().values()))
    assert tally.value(metric) == pytest.approx(wanted, rel=1e-5)


def _values(known: Lesson) -> Lesson:
    return Lesson(**(known.__dict__ | {"logits": False}))


def test_names_are_those_of_training() -> None:
    plans = (
        MetricPlan(Accuracy(), "a"),
        MetricPlan(Accuracy(), "b"),
        MetricPlan(Accuracy(top=5), "a"),
        MetricPlan(F1(), "a"),
    )
    assert names(plans) == metrics.names(plans)
    assert names(plans)[:3] == ("accuracy_a", "accuracy_b", "accuracy_top5")


def test_equal_chances_share_their_rank() -> None:
    assert auroc(np.array([0.5, 0.5, 0.5]), np.array([True, False, True])) == 0.5


SCALE = Scale((1000.0, -3.0), (50.0, 0.5))


@pytest.mark.parametrize("metric", [Mae(scaled=True), MeanSquare(scaled=True), Rmse(scaled=True)])
def test_values_as_the_network_has_them(metric: Metric) -> None:
    """Forecasts [horizon, 2] in the user's units, compared at mean 0 and deviation 1."""
    draw = np.random.default_rng(3)
    plain = MetricPlan(metric, "y")
    back = to_network(SCALE, torch.device("cpu"), target=True)
    known = replace(lesson("values", 0), logits=False, back=back)
    scores = metrics.Scores((plain,), {"y": known}, torch.device("cpu"))
    tally, network = Tally("values", 0, (metric,), SCALE), []
    for n in (7, 4):
        made, right = (draw.standard_normal((n, 5, 2)).astype(np.float32) for _ in range(2))
        units = [
            (x * np.array(SCALE.std) + np.array(SCALE.mean)).astype(np.float32)
            for x in (made, right)
        ]
        tally.measure(*units)
        scores.update({"y": torch.from_numpy(units[0])}, {"y": torch.from_numpy(units[1])})
        network.append(made - right)
    ((name, wanted),) = scores.values().items()
    assert name == f"{metric.word}_scaled"
    assert names((plain,)) == (name,)
    assert tally.value(metric) == pytest.approx(wanted, abs=1e-5)
    off = np.concatenate(network)
    exact = {"mae": np.abs(off).mean(), "mse": np.square(off).mean()}
    exact["rmse"] = np.sqrt(exact["mse"])
    assert wanted == pytest.approx(exact[metric.word], abs=1e-4)


@pytest.mark.parametrize("metric", CLASS_METRICS[:7], ids=str)
def test_more_classes_than_are_counted_in_pairs(metric: Metric) -> None:
    """The words of a language: hits alone are counted."""
    draw, classes = np.random.default_rng(3), 2500
    tally = Tally("classes", classes, (metric,))
    assert not tally.confusion.size
    logits = draw.standard_normal((20, classes)).astype(np.float32)
    right = draw.integers(0, classes, 20)
    logits[np.arange(10), right[:10]] += 9
    chances = torch.from_numpy(logits).softmax(1).numpy()
    tally.classify(chances, chances.argmax(1), right)
    wanted = theirs(metric, "classes", classes, [(logits, right)])
    assert tally.value(metric) == pytest.approx(wanted, abs=1e-6)
