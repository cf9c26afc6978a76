"""Metrics in numpy, the same that training counts with torchmetrics: a test compares them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from nnc.backends.arrays import Array
from nnc.ir.plan import MetricPlan, Scale
from nnc.ir.training import (
    F1,
    R2,
    Accuracy,
    Auroc,
    Bits,
    ErrorRate,
    Iou,
    Mae,
    MeanSquare,
    Metric,
    Perplexity,
    Precision,
    Recall,
    Rmse,
)
from nnc.train.transcripts import Errors

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
MOST_PAIRED = 2048
"""Of so many classes each pair is counted; of more (the words of a language) only the hits."""
Task = Literal["classes", "binary", "labels", "values", "text"]


def names(plans: tuple[MetricPlan, ...]) -> tuple[str, ...]:
    """How metrics are printed: their word, told apart by what they count and by output."""
    made = [_long(plan) for plan in plans]
    alike = [made.count(name) > 1 for name in made]
    return tuple(
        f"{name}_{plan.output}" if twice else name for name, plan, twice in zip(made, plans, alike)
    )


def _long(plan: MetricPlan) -> str:
    metric = plan.metric
    if isinstance(metric, Accuracy) and metric.top > 1:
        return f"{metric.word}_top{metric.top}"
    return f"{metric.word}_scaled" if _scaled(metric) else metric.word


def _scaled(metric: Metric) -> bool:
    return getattr(metric, "scaled", False) is True


class Tally:
    """What one output said to a part's samples, counted batch by batch.

    Args:
        classes: their number; 2 for a binary output, of labels the number of elements, 0 for
            values.
        metrics: that will be asked for: only what they need is kept.
        scale: of the target, for metrics of its scaled numbers.
    """

    def __init__(
        self, task: Task, classes: int, metrics: tuple[Metric, ...], scale: Scale | None = None
    ) -> None:
        self.task = task
        self.classes = classes
        self._scale = scale
        asked = scale is not None and any(map(_scaled, metrics))
        self._scaled = Tally(task, classes, ()) if asked else None
        pairs = task in ("classes", "binary") and classes <= MOST_PAIRED
        sides = (classes, classes) if pairs else (0, 0)
        self.confusion: Counts = np.zeros(sides, dtype=np.int64)
        self.hits, self.said, self.there = (np.zeros(classes, dtype=np.int64) for _ in range(3))
        self._ranks = any(isinstance(metric, Auroc) for metric in metrics)
        self._tops = {m.top: 0 for m in metrics if isinstance(m, Accuracy) and m.top > 1}
        self._chances: list[Array] = []
        self._right: list[Array] = []
        self._count = 0
        self._surprised = any(isinstance(m, Perplexity | Bits) for m in metrics)
        self._nats, self._tokens = 0.0, 0
        self.errors = Errors()
        self._absolute = self._squares = 0.0
        self._sum: Floats = np.zeros(0)
        self._sum_squares: Floats = np.zeros(0)
        self._residual: Floats = np.zeros(0)

    def classify(self, chances: Array, predicted: Array, right: Array) -> None:
        """Counts a batch of class decisions.

        Args:
            chances: [n, classes, ...], for two classes of one output [n].
            predicted, right: class numbers, [n, ...].
        """
        k = self.classes
        there, said = (x.reshape(-1).astype(np.int64) for x in (right, predicted))
        self._count += len(there)
        self.there += np.bincount(there, minlength=k)
        self.said += np.bincount(said, minlength=k)
        self.hits += np.bincount(there[there == said], minlength=k)
        if self.confusion.size:
            self.confusion += np.bincount(there * k + said, minlength=k * k).reshape(k, k)
        if self._ranks or self._tops:
            flat = chances if chances.ndim == 1 else np.moveaxis(chances, 1, -1).reshape(-1, k)
            truth = right.reshape(-1)
            self._count_tops(flat, truth)
            if self._ranks:
                self._chances.append(flat)
                self._right.append(truth)

    def _count_tops(self, chances: Array, right: Array) -> None:
        for top in self._tops:
            best = np.argsort(-np.asarray(chances, np.float64), axis=1, kind="stable")[:, :top]
            self._tops[top] += int((best == right[:, None]).any(axis=1).sum())

    def surprise(self, logits: Array, right: Array) -> None:
        """Counts the cross-entropy of a batch, where a metric asks for it.

        Args:
            logits: [n, classes, ...]; right: class numbers, [n, ...].
        """
        if self._surprised:
            below = np.asarray(logits, np.float64)
            below = below - below.max(axis=1, keepdims=True)
            logs = below - np.log(np.exp(below).sum(axis=1, keepdims=True))
            numbers = np.expand_dims(right.astype(np.int64), 1)
            self._nats -= float(np.take_along_axis(logs, numbers, axis=1).sum())
            self._tokens += right.size

    def label(self, chances: Array, right: Array) -> None:
        """Counts a batch of yes and no, [n, labels] each; yes is above one half."""
        said, there = np.greater(chances, 0.5), np.greater(right, 0.5)
        self._count += len(chances)
        self.hits += (said & there).sum(axis=0)
        self.said += said.sum(axis=0)
        self.there += there.sum(axis=0)
        if self._ranks:
            self._chances.append(chances)
            self._right.append(there)

    def measure(self, found: Array, right: Array) -> None:
        """Counts a batch of values, [n, ...] each."""
        if self._scaled is not None and self._scale is not None:
            mean, std = (np.asarray(v, np.float64) for v in (self._scale.mean, self._scale.std))
            wide = np.asarray(found, np.float64), np.asarray(right, np.float64)
            self._scaled.measure(*((x.reshape(found.shape) - mean) / std for x in wide))
        a = np.asarray(found, np.float64).reshape(len(found), -1)
        b = np.asarray(right, np.float64).reshape(a.shape)
        if not self._sum.size:
            self._sum, self._sum_squares, self._residual = (np.zeros(a.shape[1]) for _ in range(3))
        self._count += a.size
        self._absolute += float(np.abs(a - b).sum())
        self._squares += float(np.square(a - b).sum())
        self._sum += b.sum(axis=0)
        self._sum_squares += np.square(b).sum(axis=0)
        self._residual += np.square(a - b).sum(axis=0)

    def value(self, metric: Metric) -> float:
        """A metric of what was counted; NaN where it is not defined."""
        if self._scaled is not None and _scaled(metric):
            return self._scaled.value(metric)
        if self.task == "values":
            return _VALUES[type(metric)](self)
        if isinstance(metric, ErrorRate):
            return self.errors.rate()
        if isinstance(metric, Perplexity | Bits):
            mean = self._nats / self._tokens if self._tokens else math.nan
            return math.exp(mean) if isinstance(metric, Perplexity) else mean / math.log(2)
        if isinstance(metric, Accuracy) and 1 < metric.top < self.classes:
            return _share(self._tops[metric.top], self._count)
        if isinstance(metric, Accuracy) and metric.top > 1:
            return 1.0 if self._count else math.nan
        if isinstance(metric, Auroc):
            return self._auroc()
        if self.task == "labels":
            return self._of_labels(metric)
        counts = (self.hits, self.said, self.there)
        return _class_metric(metric, self.task, *(n.astype(np.float64) for n in counts))

    def _auroc(self) -> float:
        if not self._chances:
            return math.nan
        chances, right = np.concatenate(self._chances), np.concatenate(self._right)
        if chances.ndim == 1:
            return auroc(chances, right == 1)
        each = right if self.task == "labels" else right[:, None] == np.arange(self.classes)
        areas = np.array([auroc(chances[:, k], each[:, k]) for k in range(self.classes)])
        return _mean(areas, ~np.isnan(areas))

    def _of_labels(self, metric: Metric) -> float:
        """The mean over the labels, also of those that never occur (torchmetrics does so)."""
        if not self._count:
            return math.nan
        hits, said, there = self.hits, self.said, self.there
        right = hits + self._count - (said + there - hits)
        parts, wholes = {
            Accuracy: (right, np.full_like(hits, self._count)),
            F1: (2 * hits, said + there),
            Precision: (hits, said),
            Recall: (hits, there),
            Iou: (hits, said + there - hits),
        }[type(metric)]
        average = getattr(metric, "average", "macro")
        if average == "micro":
            return float(parts.sum() / max(wholes.sum(), 1))
        scores = parts / np.maximum(wholes, 1)
        if average == "weighted":
            return float((scores * there).sum() / max(there.sum(), 1))
        return float(scores.mean())

    def mean_absolute(self) -> float:
        """Mean absolute error."""
        return self._absolute / self._count if self._count else math.nan

    def mean_square(self) -> float:
        """Mean squared error."""
        return self._squares / self._count if self._count else math.nan

    def root_mean_square(self) -> float:
        """Root of the mean squared error."""
        return math.sqrt(self._squares / self._count) if self._count else math.nan

    def explained(self) -> float:
        """Share of the variance that is explained, the mean over a sample's values."""
        width = self._sum.size
        n = self._count // width if width else 0
        if n < 2:
            return math.nan
        spread = self._sum_squares - np.square(self._sum) / n
        # as torchmetrics has it: a constant that is met scores 1, one that is missed 0
        constant = np.isclose(spread, 0, atol=1e-4)
        missed = ~np.isclose(self._residual, 0, atol=1e-4)
        score = np.ones(width)
        score[~constant] = 1 - self._residual[~constant] / spread[~constant]
        score[constant & missed] = 0.0
        return float(score.mean())


_VALUES: Mapping[type[Metric], Callable[[Tally], float]] = {
    Mae: Tally.mean_absolute,
    MeanSquare: Tally.mean_square,
    Rmse: Tally.root_mean_square,
    R2: Tally.explained,
}


def auroc(chances: Array, positive: Array) -> float:
    """The chance that a positive ranks before a negative; NaN where there are none of one kind."""
    values = np.asarray(chances, np.float64)
    count = int(positive.sum())
    if not count or count == len(values):
        return math.nan
    _, where, many = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(many)
    ranks = (last - (many - 1) / 2)[where]  # equal values share the mean of their ranks
    wins = float(ranks[positive].sum()) - count * (count + 1) / 2
    return wins / (count * (len(values) - count))


def _class_metric(
    metric: Metric, task: Task, hits: Floats, predicted: Floats, samples: Floats
) -> float:
    if not samples.sum():
        return math.nan
    if isinstance(metric, Accuracy):
        return _share(float(hits.sum()), float(samples.sum()))
    by_class = {
        F1: (2 * hits, predicted + samples),
        Precision: (hits, predicted),
        Recall: (hits, samples),
        Iou: (hits, predicted + samples - hits),
    }[type(metric)]
    scores = np.divide(*by_class, out=np.zeros_like(hits), where=by_class[1] > 0)
    if task == "binary":
        return float(scores[1])
    if isinstance(metric, Iou):
        return _mean(scores, predicted + samples > 0)
    assert isinstance(metric, F1 | Precision | Recall)
    if metric.average == "micro":
        return _share(float(hits.sum()), float(samples.sum()))
    if metric.average == "weighted":
        return float((scores * samples).sum() / samples.sum())
    return _mean(scores, predicted + samples > 0)


def _mean(scores: Floats, seen: npt.NDArray[np.bool_]) -> float:
    """The mean over the classes that occur, in the data or among the answers."""
    return float(scores[seen].mean()) if seen.any() else math.nan


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
