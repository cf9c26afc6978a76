"""Metrics of a part of the data, over all its samples, by torchmetrics."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics import Metric as Counter
from torchmetrics.classification import (
    BinaryAccuracy,
    BinaryAUROC,
    BinaryF1Score,
    BinaryJaccardIndex,
    BinaryPrecision,
    BinaryRecall,
    MulticlassAccuracy,
    MulticlassAUROC,
    MulticlassF1Score,
    MulticlassJaccardIndex,
    MulticlassPrecision,
    MulticlassRecall,
    MultilabelAccuracy,
    MultilabelAUROC,
    MultilabelF1Score,
    MultilabelJaccardIndex,
    MultilabelPrecision,
    MultilabelRecall,
)
from torchmetrics.regression import MeanAbsoluteError, MeanSquaredError, R2Score
from torchmetrics.utilities import dim_zero_cat

from nnc.ir.plan import MetricPlan
from nnc.ir.training import (
    F1,
    R2,
    Accuracy,
    Auroc,
    Bits,
    Iou,
    Mae,
    MeanSquare,
    Metric,
    Perplexity,
    Precision,
    Recall,
    Rmse,
)
from nnc.train.ctc import steps_of
from nnc.train.data.ragged import length_name
from nnc.train.numbers import Change
from nnc.train.transcripts import Errors, decoded
from nnc.train.wiring import Lesson

Average = Literal["macro", "micro", "weighted"]
_AVERAGES: dict[str, Average] = {"macro": "macro", "micro": "micro", "weighted": "weighted"}
Maker = Callable[[Metric, int], Counter]


def names(plans: tuple[MetricPlan, ...]) -> tuple[str, ...]:
    """How metrics are printed and logged: their word, told apart by `top` and by output."""
    made = [_long(plan) for plan in plans]
    for i, plan in enumerate(plans):
        if sum(_long(other) == _long(plan) for other in plans) > 1:
            made[i] = f"{_long(plan)}_{plan.output}"
    return tuple(made)


def _long(plan: MetricPlan) -> str:
    metric = plan.metric
    if isinstance(metric, Accuracy) and metric.top > 1:
        return f"{metric.word}_top{metric.top}"
    return f"{metric.word}_scaled" if scaled(metric) else metric.word


def scaled(metric: Metric) -> bool:
    """A metric of numbers as the network has them, not of the target's units."""
    return getattr(metric, "scaled", False) is True


class Scores:
    """Counts for some metrics while the batches of a part pass by."""

    def __init__(
        self,
        plans: tuple[MetricPlan, ...],
        lessons: Mapping[str, Lesson],
        device: torch.device,
    ) -> None:
        self._counters: list[tuple[str, Lesson, Counter, Change | None]] = []
        for name, plan in zip(names(plans), plans):
            lesson = lessons[plan.output]
            counter = _counter(plan.metric, lesson).to(device)
            exact = lesson.task == "values" or isinstance(counter, _Surprise)
            if exact and device.type != "mps":  # long sums cancel in float32
                counter.set_dtype(torch.float64)
            back = lesson.back if scaled(plan.metric) else None
            self._counters.append((name, lesson, counter, back))

    def update(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> None:
        """Counts one batch: outputs as the network gives them, in the units of their targets."""
        for _, lesson, counter, back in self._counters:
            made, right = outputs[lesson.output], targets[lesson.output]
            if back is not None:
                made, right = back(made), back(right)
            if isinstance(counter, _Surprise):
                counter.update(*_logits(lesson, made, right))
            else:
                counter.update(*_compared(lesson, made, right))

    def values(self) -> dict[str, float]:
        """The metrics; NaN where one is not defined (R2 of one sample, AUROC of one class)."""
        made = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torchmetrics warns where the value itself says it
            for name, _, counter, _ in self._counters:
                try:
                    made[name] = _decimal(counter.compute())
                except ValueError:
                    made[name] = math.nan
        return made


class Transcribed:
    """Error rates of texts: what CTC's outputs say, decoded greedily, against what was said."""

    def __init__(self, plans: tuple[MetricPlan, ...], lessons: Mapping[str, Lesson]) -> None:
        self._counts = [
            (name, lessons[plan.output], Errors())
            for name, plan in zip(names(plans), plans)
            if lessons[plan.output].task == "text"
        ]

    def update(self, outputs: Mapping[str, Tensor], raw: Mapping[str, Tensor]) -> None:
        """Counts one batch: outputs [batch, T, tokens], and the texts among raw values."""
        for _, lesson, errors in self._counts:
            output, name = outputs[lesson.output], lesson.target.name
            steps = steps_of(lesson.axes, raw, output)
            right, lengths = raw[name].tolist(), raw[length_name(name)].tolist()
            said = output.float().cpu().numpy()
            for at, length in enumerate(lengths):
                errors.add(decoded(said[at], steps[at]), right[at][:length])

    def values(self) -> dict[str, float]:
        """The metrics."""
        return {name: errors.rate() for name, _, errors in self._counts}


class _Surprise(Counter):
    """The mean cross-entropy of a token, and what is made of it.

    Logits [tokens, classes] against [tokens], added up in float64 where the device has it.
    """

    full_state_update = False

    def __init__(self, of_mean: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._of_mean = of_mean
        self.nats: Tensor
        self.tokens: Tensor
        self.add_state("nats", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("tokens", torch.zeros(()), dist_reduce_fx="sum")

    def update(self, output: Tensor, target: Tensor) -> None:
        each = functional.cross_entropy(output.float(), target, reduction="none")
        self.nats = self.nats + each.to(self.nats.dtype).sum()
        self.tokens = self.tokens + target.numel()

    def compute(self) -> Tensor:
        return self._of_mean(self.nats / self.tokens)


def _decimal(value: Tensor) -> float:
    # In float32 19 of 20 is 0.949999988: below what `--require 'accuracy>=0.95'` asks.
    return float(value) if value.dtype is torch.float64 else float(f"{float(value):.7g}")


def _logits(lesson: Lesson, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    last = output if lesson.last else output.movedim(1, -1)
    return last.reshape(-1, lesson.classes), target.reshape(-1)


def _compared(lesson: Lesson, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    if lesson.last:
        return output.softmax(-1).reshape(-1, lesson.classes), target.reshape(-1)
    if lesson.task == "classes":
        return output.softmax(1), target
    if lesson.task == "binary":
        chance = output.sigmoid() if lesson.logits else output
        return chance.reshape(-1), target.reshape(-1).to(torch.int64)
    output = (output.sigmoid() if lesson.logits else output).reshape(len(output), -1)
    if lesson.task == "labels":
        return output, (target.reshape(output.shape) > 0.5).to(torch.int64)
    wide = torch.float32 if output.device.type == "mps" else torch.float64
    target = target.reshape(output.shape)
    if output.shape[1] == 1:
        output, target = output[:, 0], target[:, 0]
    return output.to(wide), target.to(wide)


def _counter(metric: Metric, lesson: Lesson) -> Counter:
    if lesson.task == "values":
        return _VALUES[type(metric)]()
    if lesson.task == "binary":
        return _BINARY[type(metric)]()
    if lesson.task == "labels":
        return _LABELS[type(metric)](metric, lesson.classes)
    return _CLASSES[type(metric)](metric, lesson.classes)


def _known(areas: Tensor, both: Tensor) -> Tensor:
    """The mean of the areas that have both kinds of samples; torchmetrics counts others as 0."""
    return areas[both].mean() if bool(both.any()) else areas.new_tensor(math.nan)


class _BinaryArea(BinaryAUROC):
    """AUROC, not defined where all samples are of one class."""

    def compute(self) -> Tensor:  # type: ignore[override]  # as torchmetrics itself
        right = dim_zero_cat(self.target)
        return _known(super().compute().reshape(1), (right.min() < right.max()).reshape(1))


class _ClassArea(MulticlassAUROC):
    """The mean AUROC of the classes that some samples have, and some have not."""

    def compute(self) -> Tensor:  # type: ignore[override]  # as torchmetrics itself
        areas = super().compute()
        counts = torch.bincount(dim_zero_cat(self.target).reshape(-1), minlength=len(areas))
        return _known(areas, (counts > 0) & (counts < counts.sum()))


class _LabelArea(MultilabelAUROC):
    """The mean AUROC of the labels that some samples have, and some have not."""

    def compute(self) -> Tensor:  # type: ignore[override]  # as torchmetrics itself
        right = dim_zero_cat(self.target)
        both = right.amin(0) < right.amax(0)
        return _known(super().compute().reshape(-1), both.reshape(-1))


def _averaged(kind: type[MulticlassF1Score | MulticlassPrecision | MulticlassRecall]) -> Maker:
    def make(metric: Metric, classes: int) -> Counter:
        assert isinstance(metric, F1 | Precision | Recall)
        average = _AVERAGES[metric.average]
        return kind(classes, average=average, validate_args=False)

    return make


def _accuracy(metric: Metric, classes: int) -> Counter:
    assert isinstance(metric, Accuracy)
    top = min(metric.top, classes)
    return MulticlassAccuracy(classes, top_k=top, average="micro", validate_args=False)


_CLASSES: dict[type[Metric], Maker] = {
    Accuracy: _accuracy,
    F1: _averaged(MulticlassF1Score),
    Precision: _averaged(MulticlassPrecision),
    Recall: _averaged(MulticlassRecall),
    Auroc: lambda metric, classes: _ClassArea(classes, average="none", validate_args=False),
    Iou: lambda metric, classes: MulticlassJaccardIndex(classes, validate_args=False),
    Perplexity: lambda metric, classes: _Surprise(torch.exp),
    Bits: lambda metric, classes: _Surprise(lambda nats: nats / math.log(2)),
}


def _by_label(kind: type[MultilabelF1Score | MultilabelPrecision | MultilabelRecall]) -> Maker:
    def make(metric: Metric, labels: int) -> Counter:
        assert isinstance(metric, F1 | Precision | Recall)
        return kind(labels, average=_AVERAGES[metric.average], validate_args=False)

    return make


_LABELS: dict[type[Metric], Maker] = {
    Accuracy: lambda metric, labels: MultilabelAccuracy(labels, validate_args=False),
    F1: _by_label(MultilabelF1Score),
    Precision: _by_label(MultilabelPrecision),
    Recall: _by_label(MultilabelRecall),
    Auroc: lambda metric, labels: _LabelArea(labels, average="none", validate_args=False),
    Iou: lambda metric, labels: MultilabelJaccardIndex(labels, validate_args=False),
}

_BINARY: dict[type[Metric], Callable[[], Counter]] = {
    Accuracy: lambda: BinaryAccuracy(validate_args=False),
    F1: lambda: BinaryF1Score(validate_args=False),
    Precision: lambda: BinaryPrecision(validate_args=False),
    Recall: lambda: BinaryRecall(validate_args=False),
    Auroc: lambda: _BinaryArea(validate_args=False),
    Iou: lambda: BinaryJaccardIndex(validate_args=False),
}

_VALUES: dict[type[Metric], Callable[[], Counter]] = {
    Mae: MeanAbsoluteError,
    MeanSquare: MeanSquaredError,
    Rmse: lambda: MeanSquaredError(squared=False),
    R2: R2Score,
}
