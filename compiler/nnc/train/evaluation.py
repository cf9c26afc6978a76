"""How good a model is on a part of the data: one count for validation and for `nnc eval`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nnc.ir.plan import MetricPlan, Profile, Scale
from nnc.record import Record
from nnc.train.data.carried import carried_whole
from nnc.train.feed import Array, Feed, Indices, Raw, batch_bounds
from nnc.train.memory import Memory
from nnc.train.metrics import Scores, Transcribed, names
from nnc.train.own import own_mask, own_places
from nnc.train.wiring import Lesson, TotalLoss, Wiring, call, wanted

CONFUSION_LIMIT = 2048
"""Above so many classes no confusion matrix is counted: it fits neither memory nor a screen."""


class Seen(NamedTuple):
    """What a model says to a batch: outputs by name in their targets' units, and the mean loss."""

    outputs: dict[str, Tensor]
    loss: Tensor | None


class Predictor(Protocol):
    """A model under examination."""

    def __call__(self, raw: Raw, inputs: list[Tensor]) -> Seen:
        """Its outputs for raw values by field; `inputs` are the same in the network's numbers."""
        ...


class TorchPredictor:
    """A PyTorch module, in float32, with its loss where one is handed in: exact, not from units."""

    def __init__(
        self,
        module: nn.Module,
        outputs: tuple[str, ...],
        lessons: Mapping[str, Lesson],
        loss: TotalLoss | None = None,
    ) -> None:
        self._module = module
        self._outputs = outputs
        self._units = {name: lesson.units for name, lesson in lessons.items()}
        self._loss = loss

    def __call__(self, raw: Raw, inputs: list[Tensor]) -> Seen:
        made = call(self._module, inputs)
        loss = None if self._loss is None else self._loss(made, raw, inputs)
        outputs = {}
        for name, value in zip(self._outputs, made):
            units = self._units.get(name)
            outputs[name] = value if units is None else units(value)
        return Seen(outputs, loss)


class SessionPredictor:
    """An exported file: it takes raw values and answers in the targets' units.

    Args:
        run: arrays by the file's input name to arrays by its output name.
        inputs: (input of the file, field of the data).
    """

    def __init__(
        self,
        run: Callable[[dict[str, Array]], Mapping[str, Array]],
        inputs: tuple[tuple[str, str], ...],
    ) -> None:
        self._run = run
        self._inputs = inputs

    def __call__(self, raw: Raw, inputs: list[Tensor]) -> Seen:
        made = self._run({name: raw[field].cpu().numpy() for name, field in self._inputs})
        device = next(iter(raw.values())).device
        return Seen(
            {name: torch.from_numpy(value).to(device) for name, value in made.items()}, None
        )


class Answers(Record):
    """What was said to each sample, in order: class numbers with their probability, or values."""

    predicted: Array
    probability: Array | None
    right: Array


class Evaluation(Record):
    """The result of one pass over a part.

    Args:
        loss: mean over samples, NaN where the model has none.
        metrics: by name (see `metrics.names`); NaN where not defined.
        baseline: the same for always answering the same.
        confusion: for each output with classes, [right class, predicted class].
        answers: for each output, where asked for.
    """

    samples: int
    loss: float
    metrics: dict[str, float]
    baseline: dict[str, float]
    confusion: dict[str, npt.NDArray[np.int64]]
    answers: dict[str, Answers]


class Examination(Record):
    """What is asked: metrics of outputs.

    Args:
        total: the loss, for models that do not give it themselves.
        baseline: also of always answering the same.
        detail: also confusion matrices and answers.
    """

    wiring: Wiring
    lessons: dict[str, Lesson]
    metrics: tuple[MetricPlan, ...]
    total: TotalLoss | None = None
    baseline: bool = False
    detail: bool = False


class Stopped(Exception):
    """An evaluation was given up because the run is asked to stop."""


def evaluate(
    exam: Examination,
    predict: Predictor,
    feed: Feed,
    batch: int,
    stop: Callable[[], bool] = lambda: False,
    memory: Memory | None = None,
    follow: bool = False,
) -> Evaluation:
    """Examines a model on all samples of a part.

    Args:
        follow: windows come in the order in which a model carries a state from each to the next.
        memory: of a module whose recurrent layers carry their state from window to window.

    Raises:
        Stopped: `stop` became true.
    """
    guesses = constants(exam) if exam.baseline else {}
    guessed = tuple(m for m in exam.metrics if m.output in guesses)
    counted = tuple(m for m in exam.metrics if exam.lessons[m.output].task != "text")
    scores = Scores(counted, exam.lessons, exam.wiring.device)
    texts = Transcribed(exam.metrics, exam.lessons)
    baseline = Scores(guessed, exam.lessons, exam.wiring.device)
    decided_on = {n: one for n, one in exam.lessons.items() if one.task != "text"}
    detail = Detail(decided_on if exam.detail else {})
    targets = {name: exam.wiring.target(lesson.target) for name, lesson in exam.lessons.items()}
    losses: list[tuple[Tensor, int]] = []
    order: Indices | None = None
    bounds = batch_bounds(len(feed), batch, merge_last=False)
    if follow or memory is not None:
        order, bounds = carried_whole(len(feed), batch)
    with torch.inference_mode(), nullcontext() if memory is None else memory.apart():
        for raw, size in feed.batches(order, bounds):
            if stop():
                raise Stopped
            inputs = exam.wiring.inputs(raw)
            seen = predict(raw, inputs)
            right = {
                name: wanted(exam.lessons[name], raw, target(raw, inputs))
                for name, target in targets.items()
            }
            texts.update(seen.outputs, raw)
            outputs = own_outputs(exam.lessons, raw, seen.outputs, right)
            scores.update(outputs, right)
            if guesses:
                baseline.update({n: g(outputs[n]) for n, g in guesses.items()}, right)
            detail.update(outputs, right)
            loss_now = seen.loss if seen.loss is not None else _loss(exam, seen, raw, inputs)
            if loss_now is not None:
                losses.append((loss_now, size))
    loss = math.fsum(float(value) * n for value, n in losses) / len(feed) if losses else math.nan
    found = scores.values() | texts.values()
    metrics = {name: found[name] for name in names(exam.metrics)}
    return Evaluation(
        len(feed), loss, metrics, baseline.values(), detail.confusion(), detail.answers()
    )


def own_outputs(
    lessons: Mapping[str, Lesson],
    raw: Raw,
    outputs: Mapping[str, Tensor],
    right: dict[str, Tensor],
) -> dict[str, Tensor]:
    """Outputs, and in place what is right: of padded ones a sample's own places, as samples."""
    made = dict(outputs)
    for name, lesson in lessons.items():
        if lesson.axes and lesson.task != "text":
            output, wanted = outputs[name], right[name]
            if lesson.task == "values":
                wanted = wanted.reshape(output.shape)
            mask = own_mask(lesson.axes, raw, output)
            made[name] = own_places(lesson.axes, mask, output)
            right[name] = own_places(lesson.axes, mask, wanted)
    return made


def _loss(exam: Examination, seen: Seen, raw: Raw, inputs: list[Tensor]) -> Tensor | None:
    """The loss of outputs that are in their targets' units."""
    if exam.total is None:
        return None
    outputs = []
    for name in exam.wiring.outputs:
        value, lesson = seen.outputs[name], exam.lessons.get(name)
        outputs.append(value if lesson is None or lesson.back is None else lesson.back(value))
    return exam.total(tuple(outputs), raw, inputs)


def constants(exam: Examination) -> dict[str, Callable[[Tensor], Tensor]]:
    """For each output, what always answers train's most frequent class, or its mean."""
    made: dict[str, Callable[[Tensor], Tensor]] = {}
    for name, lesson in exam.lessons.items():
        common = most_frequent(lesson, exam.wiring.profile)
        front = exam.wiring.profile.front(lesson.target.name)
        if lesson.task == "values":
            if lesson.units is not None and isinstance(front, Scale):
                made[name] = _always(lesson.units)
        elif common is not None:
            side = _always_side(common, lesson.logits)
            made[name] = _always_class(common) if lesson.task == "classes" else side
    return made


def _always(units: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda output: units(torch.zeros_like(output))  # 0 is the mean in the network's numbers


def _always_class(number: int) -> Callable[[Tensor], Tensor]:
    def guess(output: Tensor) -> Tensor:
        logits = torch.zeros_like(output)
        logits[:, number] = 20.0
        return logits

    return guess


def _always_side(number: int, logits: bool) -> Callable[[Tensor], Tensor]:
    value = (20.0 if number else -20.0) if logits else float(number)
    return lambda output: torch.full_like(output, value)


def most_frequent(lesson: Lesson, profile: Profile) -> int | None:
    """Train's most frequent class of an output, None where samples were not counted by class."""
    field = profile.field(lesson.target.name) if lesson.target.kind == "field" else None
    part = profile.part("train")
    if field is None or field.meaning != "class" or part is None or not part.classes:
        return None
    return max(range(len(part.classes)), key=lambda i: part.classes[i])


class Detail:
    """Confusion matrices and single answers, collected batch by batch."""

    def __init__(self, lessons: Mapping[str, Lesson]) -> None:
        self._lessons = lessons
        self._counts: dict[str, Tensor] = {}
        self._kept: dict[str, list[tuple[Tensor, Tensor | None, Tensor]]] = {n: [] for n in lessons}

    def update(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> None:
        """Adds a batch."""
        for name, lesson in self._lessons.items():
            predicted, probability = decided(lesson, outputs[name])
            right = targets[name]
            decides = lesson.task in ("classes", "binary")
            listed = not decides or math.prod(right.shape[1:]) == 1  # a mask's pixels are too many
            listed = listed and not lesson.axes
            if lesson.task == "binary":
                right = right.reshape(-1).to(torch.int64)
            if decides and lesson.classes <= CONFUSION_LIMIT and not lesson.last:
                k = lesson.classes
                pairs = (right * k + predicted).reshape(-1)
                counted = torch.bincount(pairs, minlength=k * k)
                before = self._counts.get(name)
                self._counts[name] = counted if before is None else before + counted
            if listed:
                kept = None if probability is None else probability.cpu()
                self._kept[name].append((predicted.cpu(), kept, right.cpu()))

    def confusion(self) -> dict[str, npt.NDArray[np.int64]]:
        """[right class, predicted class] for each output with classes."""
        return {
            name: counts.cpu().numpy().reshape(self._lessons[name].classes, -1)
            for name, counts in self._counts.items()
        }

    def answers(self) -> dict[str, Answers]:
        """All answers, by output."""
        made = {}
        for name, kept in self._kept.items():
            if not kept:
                continue
            chances = [chance for _, chance, _ in kept if chance is not None]
            made[name] = Answers(
                torch.cat([predicted for predicted, _, _ in kept]).numpy(),
                torch.cat(chances).numpy() if chances else None,
                torch.cat([right for _, _, right in kept]).numpy(),
            )
        return made


def decided(lesson: Lesson, output: Tensor) -> tuple[Tensor, Tensor | None]:
    """The class that an output decides for and its probability.

    A value has none, and of labels the probabilities are the answer.
    """
    if lesson.task == "classes":
        axis = -1 if lesson.last else 1
        chance, predicted = output.softmax(axis).max(axis)
        return predicted, chance
    if lesson.task == "binary":
        positive = (output.sigmoid() if lesson.logits else output).reshape(-1)
        predicted = (positive > 0.5).to(torch.int64)
        return predicted, torch.where(positive > 0.5, positive, 1 - positive)
    if lesson.task == "labels":
        return output.sigmoid() if lesson.logits else output, None
    return output, None


class ClassRow(Record):
    """One class: the share of its predictions that are right, and of its samples that are found."""

    label: str
    precision: float
    recall: float
    f1: float
    samples: int


def class_rows(confusion: npt.NDArray[np.int64], labels: tuple[str, ...]) -> tuple[ClassRow, ...]:
    """Precision, recall and F1 of each class; 0 where there is no prediction or no sample."""
    hits = np.diag(confusion).astype(float)
    predicted, samples = confusion.sum(0), confusion.sum(1)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(samples, 1)
    f1 = 2 * hits / np.maximum(predicted + samples, 1)
    return tuple(
        ClassRow(label, float(p), float(r), float(f), int(n))
        for label, p, r, f, n in zip(labels, precision, recall, f1, samples)
    )
