"""`nnc eval`: how good a file is on a part of the data; the file alone needs no PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nnc.backends.arrays import Array
from nnc.deploy.inputs import network_numbers
from nnc.deploy.losses import LossSum
from nnc.deploy.naive import Naive, naives
from nnc.deploy.own import Axes, axes_of, own_mask, own_places, own_steps
from nnc.deploy.rules import NOTHING_TO_MEASURE, place
from nnc.deploy.scores import Tally, Task, names
from nnc.diagnostics import Refusal
from nnc.ir.plan import (
    Field,
    Front,
    MetricPlan,
    Profile,
    Scale,
    Target,
    Term,
    TrainPlan,
)
from nnc.ir.training import BceWithLogits, CrossEntropy, Ctc
from nnc.record import Record
from nnc.train.data.carried import carried_whole
from nnc.train.data.ragged import length_name
from nnc.train.transcripts import decoded

Model = Callable[[Mapping[str, Array]], Mapping[str, Array]]
"""Raw values by input to outputs by name, in the units of their targets; batch first."""
Counts = npt.NDArray[np.int64]


LOSS = "loss"
CLASSES = ("class", "mask")


class Samples(Protocol):
    """One part of a data set."""

    def __len__(self) -> int:
        """Number of samples."""
        ...

    def batch(self, indices: npt.NDArray[np.int64]) -> dict[str, Array]:
        """Raw values of some samples by field."""
        ...


class Question(Record):
    """What is asked of one output.

    Args:
        field: what it learns from.
        from_input: the field is an input's: right values are in the network's numbers.
        labels: of its classes.
        logits: a sigmoid makes probabilities of it.
        front: of the field.
        constant: what always answering the same would say: the most frequent class, or the mean.
        classes: their number; of labels the number of elements.
        last: classes stand last, [places, classes], as texts have it.
        axes: of the output, that padding makes longer than some samples are.
        columns: of a table, that the field is of.
    """

    output: str
    field: str
    from_input: bool
    task: Task
    labels: tuple[str, ...]
    logits: bool
    front: Front | None
    constant: float | None
    classes: int = 0
    last: bool = False
    axes: Axes = ()
    columns: tuple[str, ...] = ()


class Answers(Record):
    """What was said to each sample, in order: class numbers with their probability, or values."""

    predicted: Array
    probability: Array | None
    right: Array


class Measured(Record):
    """The result of one pass over a part.

    Args:
        metrics: by name, the loss where the train block asks for none; NaN where not defined.
        baseline: the same for always answering the same.
        naive: of a series by name (`last value`, `a week ago`): the same for such a forecast.
        confusion: for each output with classes, [right class, predicted class].
        answers: for each output that gives one answer a sample.
    """

    samples: int
    metrics: dict[str, float]
    baseline: dict[str, float]
    confusion: dict[str, Counts]
    answers: dict[str, Answers]
    naive: dict[str, dict[str, float]]


def measure(
    model: Model,
    plan: TrainPlan,
    profile: Profile,
    samples: Samples,
    *,
    batch: int = 256,
    follow: bool = False,
) -> Measured:
    """Runs a model on all samples of a part and counts.

    Args:
        plan: bound to the data.
        profile: of the data.
        follow: windows come in the order in which the model carries a state from each to the next.

    Raises:
        Refusal: there is no sample, or no output has a target.
    """
    asked = questions(plan, profile)
    learns = bool(asked) or any(phase.formulas for phase in plan.phases)
    if not learns or not len(samples):
        what = "no output has a target" if not learns else "the part has no samples"
        raise Refusal(NOTHING_TO_MEASURE.at(place(profile.data), what))
    binding = plan.binding
    assert binding is not None, "bound by its checker"
    by_output = {q.output: tuple(m for m in plan.metrics if m.output == q.output) for q in asked}
    tallies = {q.output: _tally(q, by_output[q.output]) for q in asked}
    guesses = {q.output: _tally(q, by_output[q.output]) for q in asked if q.constant is not None}
    naive = {q.output: _naive(q, by_output[q.output], plan, profile) for q in asked}
    kept: dict[str, list[Answers]] = {q.output: [] for q in asked}
    loss = LossSum(plan, profile)
    for raw in _batches(samples, plan.batch if follow else batch, follow):
        made = model({name: raw[field] for name, field in binding.inputs})
        loss.add(raw, made)
        for q in asked:
            output, right = np.asarray(made[q.output]), _right(q, raw[q.field])
            if q.task == "text":
                _transcribed(q, tallies[q.output], raw, output)
                continue
            if q.axes:
                mask = own_mask(q.axes, raw, output)
                right = right.reshape(output.shape) if q.task == "values" else right
                output, right = (own_places(q.axes, mask, value) for value in (output, right))
            said = _count(q, tallies[q.output], output, right)
            if said is not None and not q.axes:
                kept[q.output].append(said)
            for one, guess in naive[q.output]:
                _count(q, guess, one(raw, output), right)
            if q.output in guesses:
                _count(q, guesses[q.output], _constant(q, output), right)
    return Measured(
        len(samples),
        _values(plan.metrics, tallies) or {LOSS: loss.mean()},
        _values(tuple(m for m in plan.metrics if m.output in guesses), guesses),
        {q.output: tallies[q.output].confusion for q in asked if _confuses(q)},
        {name: _joined(parts) for name, parts in kept.items() if parts},
        _naive_values(plan.metrics, naive),
    )


def _confuses(q: Question) -> bool:
    """It says one class a sample or a pixel."""
    return bool(q.labels) and not q.last and q.task != "text"


def _naive(
    q: Question, metrics: tuple[MetricPlan, ...], plan: TrainPlan, profile: Profile
) -> list[tuple[Naive, Tally]]:
    """What the forecast of a series is held to, each with its tally."""
    if q.task != "values" or q.from_input or not metrics:
        return []
    return [(one, _tally(q, metrics)) for one in naives(plan, profile, q.columns)]


def _naive_values(
    plans: tuple[MetricPlan, ...], naive: Mapping[str, Sequence[tuple[Naive, Tally]]]
) -> dict[str, dict[str, float]]:
    """The metrics of each forecast that nobody has to learn, by its name."""
    found: dict[str, dict[str, float]] = {}
    for name, plan in zip(names(plans), plans):
        for one, tally in naive.get(plan.output, ()):
            found.setdefault(one.name, {})[name] = tally.value(plan.metric)
    return found


def measured_names(plan: TrainPlan) -> tuple[str, ...]:
    """The names of what `measure` gives."""
    return names(plan.metrics) or (LOSS,)


def questions(plan: TrainPlan, profile: Profile) -> tuple[Question, ...]:
    """What each output that learns is asked; its first term that decides says, else any."""
    binding = plan.binding
    if binding is None:
        return ()
    sources = dict(binding.inputs)
    found: dict[str, Question] = {}
    for phase in plan.phases:
        for term in sorted(phase.terms, key=lambda term: not term.loss.needs):
            if term.target is not None and term.output not in found:
                axes = axes_of(binding, term.output)
                found[term.output] = _question(term, term.target, sources, profile, axes)
    order = dict.fromkeys(term.output for phase in plan.phases for term in phase.terms)
    return tuple(found[output] for output in order if output in found)


def _question(
    term: Term, target: Target, sources: Mapping[str, str], profile: Profile, axes: Axes
) -> Question:
    from_input = target.kind == "input"
    name = sources[target.name] if from_input else target.name
    field = None if from_input else profile.field(name)
    last = bool(target.classes) or (field is not None and field.meaning == "tokens")
    text = isinstance(term.loss, Ctc)
    known = field is not None and (last or text or field.meaning in CLASSES)
    labels = field.labels if field is not None and known else ()
    front = profile.front(name)
    task: Task = "values"
    if isinstance(term.loss, CrossEntropy):
        task = "classes"
    elif text:
        task = "text"
    elif labels and term.loss.needs:
        task = "binary"
    elif term.loss.needs and field is not None and field.role == "target":
        task = "labels"
    constant: float | None = None
    part = profile.part("train")
    if task == "values" and isinstance(front, Scale) and not from_input:
        constant = 0.0
    elif field is not None and field.meaning == "class":
        counts = part.classes if part is not None else ()
        constant = float(np.argmax(counts)) if counts else None
    logits = isinstance(term.loss, BceWithLogits)
    shown = labels if task in ("classes", "binary", "text") else ()
    return Question(
        term.output,
        name,
        from_input,
        task,
        shown,
        logits,
        front,
        constant,
        _elements(field, axes) if task == "labels" else len(shown) or target.classes,
        last and task != "binary",
        axes,
        field.columns if field is not None else (),
    )


def _elements(field: Field | None, axes: Axes) -> int:
    """How many numbers are learnt each by itself: of padded ones those of a step."""
    sides = () if field is None else field.type.dims
    sides = sides[1:] if axes and field is not None and field.padded else sides
    return math.prod(side for side in sides if isinstance(side, int))


def _tally(q: Question, metrics: tuple[MetricPlan, ...]) -> Tally:
    scale = q.front if isinstance(q.front, Scale) and not q.from_input else None
    return Tally(q.task, q.classes, tuple(m.metric for m in metrics), scale)


def _batches(samples: Samples, batch: int, follow: bool) -> Iterator[dict[str, Array]]:
    if follow:
        order, bounds = carried_whole(len(samples), batch)
        for start, end in bounds:
            yield samples.batch(order[start:end])
        return
    for start in range(0, len(samples), batch):
        yield samples.batch(np.arange(start, min(start + batch, len(samples)), dtype=np.int64))


def _right(q: Question, raw: Array) -> Array:
    """The right values: of a field that is compared in the user's units as they are."""
    if q.task != "values":
        return raw
    if q.front is None or (isinstance(q.front, Scale) and not q.from_input):
        return raw
    return network_numbers(q.front, raw)


def _count(q: Question, tally: Tally, made: Array, right: Array) -> Answers | None:
    if q.task == "values":
        found = _sigmoid(made) if q.logits else made
        tally.measure(found, right)
        return Answers(made, None, right)
    if q.task == "labels":
        chances = (_sigmoid(made) if q.logits else made.astype(np.float32)).reshape(len(made), -1)
        tally.label(chances, right.reshape(chances.shape))
        return Answers(chances, None, right)
    if q.task == "binary":
        chance = (_sigmoid(made) if q.logits else made.astype(np.float32)).reshape(-1)
        predicted = (chance > 0.5).astype(np.int64)
        single = right.size == len(right)
        right = right.reshape(-1).astype(np.int64)
        tally.classify(chance, predicted, right)
        if not single:  # a mask's pixels are no answers to list
            return None
        return Answers(predicted, np.where(predicted == 1, chance, 1 - chance), right)
    logits = np.moveaxis(made, -1, 1) if q.last else made
    tally.surprise(logits, right)
    chances = _softmax(logits)
    predicted = chances.argmax(axis=1)
    tally.classify(chances, predicted, right)
    return Answers(predicted, chances.max(axis=1), right) if right.ndim == 1 else None


def _transcribed(q: Question, tally: Tally, raw: Mapping[str, Array], made: Array) -> None:
    right, lengths = raw[q.field], raw[length_name(q.field)]
    for at, steps in enumerate(own_steps(q.axes, raw, made)):
        tally.errors.add(decoded(made[at], steps), right[at, : int(lengths[at])].tolist())


def _constant(q: Question, made: Array) -> Array:
    """What always saying the same would give, in the form of an output."""
    assert q.constant is not None
    if q.task == "values":
        assert isinstance(q.front, Scale)
        mean = np.asarray(q.front.mean, np.float32)
        return np.broadcast_to(mean, made.shape)
    same = np.zeros_like(made)
    if q.task == "classes":
        same[:, int(q.constant)] = 20.0
        return same
    side = q.constant if not q.logits else (20.0 if q.constant else -20.0)
    return np.full_like(made, side)


def _softmax(logits: Array) -> npt.NDArray[np.float32]:
    values = np.asarray(logits, np.float32)
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def _sigmoid(logits: Array) -> npt.NDArray[np.float32]:
    values = np.clip(np.asarray(logits, np.float32), -80, 80)
    return (1 / (1 + np.exp(-values))).astype(np.float32)


def _values(plans: tuple[MetricPlan, ...], tallies: Mapping[str, Tally]) -> dict[str, float]:
    return {
        name: tallies[plan.output].value(plan.metric) for name, plan in zip(names(plans), plans)
    }


def _joined(parts: list[Answers]) -> Answers:
    chances = [part.probability for part in parts if part.probability is not None]
    return Answers(
        np.concatenate([part.predicted for part in parts]),
        np.concatenate(chances) if chances else None,
        np.concatenate([part.right for part in parts]),
    )
