"""A train block's loss in numpy, the same that training computes: a test compares the two."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from nnc.backends.arrays import Array
from nnc.deploy.inputs import network_numbers
from nnc.deploy.own import Mask, axes_of, in_front, own_mask, own_of, own_steps
from nnc.ir.lossformula import FormulaTerm, Named, axes, computed
from nnc.ir.plan import Binding, Front, Profile, Scale, Term, TrainPlan
from nnc.ir.training import L1, Bce, BceWithLogits, CrossEntropy, Ctc, Huber, Loss, Mse
from nnc.record import Record
from nnc.train.data.ragged import length_name
from nnc.train.transcripts import ctc

Floats = npt.NDArray[np.float32]
HARMLESS = np.float32(0.5)
"""What stands in padding: a chance, which has a logarithm, a root and an inverse."""
LEAST = -100.0
"""PyTorch's binary cross-entropy takes no logarithm for less."""


class LossSum:
    """Adds up the loss over the samples of a part.

    Args:
        plan: bound to its data.
    """

    def __init__(self, plan: TrainPlan, profile: Profile) -> None:
        self._plan = plan
        self._profile = profile
        self._binding = plan.binding or Binding((), ())
        self._sources = dict(plan.binding.inputs) if plan.binding is not None else {}
        own = (t for p in plan.phases for t in p.terms if t.target and t.target.kind == "field")
        self._targets = {t.output: t.target.name for t in own if t.target is not None}
        self._total = 0.0
        self._count = 0

    def add(self, raw: Mapping[str, Array], made: Mapping[str, Array]) -> None:
        """Counts a batch: raw values by field, outputs in the units of their targets."""
        count = len(next(iter(made.values())))
        for phase in self._plan.phases:
            for term in phase.terms:
                self._total += term.weight * self._term(term, raw, made) * count
            for formula in phase.formulas:
                self._total += formula.weight * self._formula(formula, raw, made) * count
        self._count += count

    def mean(self) -> float:
        """The mean over samples."""
        return self._total / self._count if self._count else float("nan")

    def _term(self, term: Term, raw: Mapping[str, Array], made: Mapping[str, Array]) -> float:
        target = term.target
        assert target is not None, "bound by its checker"
        own = target.kind == "field"
        name = target.name if own else self._sources[target.name]
        front = self._profile.front(name)
        output = np.asarray(made[term.output], np.float32)
        padded = axes_of(self._binding, term.output)
        if isinstance(term.loss, Ctc):
            return _texts(
                term.loss, output, raw[name], raw[length_name(name)], own_steps(padded, raw, output)
            )
        whole_output = output
        if isinstance(term.loss, CrossEntropy):
            field = self._profile.field(name)
            if target.classes or (field is not None and field.meaning == "tokens"):
                output = np.moveaxis(output, -1, 1)
            each = _cross_entropy(term.loss, output, raw[name], self._weights(term.loss, name))
        else:
            if own and isinstance(front, Scale):
                output = _scaled(front, output)
            right = _network(front, raw[name], own).reshape(output.shape)
            each = _ELEMENTWISE[type(term.loss)](term.loss, output, right)
        summed = getattr(term.loss, "reduce", "mean") == "sum"
        if padded:
            mask = own_mask(padded, raw, whole_output)
            classes = isinstance(term.loss, CrossEntropy)
            return _own(each if classes else in_front(padded, each), mask, summed)
        whole = float(each.astype(np.float64).sum())
        return whole / len(output) if summed else whole / each.size

    def _formula(
        self, term: FormulaTerm, raw: Mapping[str, Array], made: Mapping[str, Array]
    ) -> float:
        def read(named: Named) -> Part:
            value = value_of(named)
            steps = term.steps_of(named)
            own = own_of(steps, raw, value) if steps else None
            return Part(value if own is None else np.where(own, value, HARMLESS), own)

        def value_of(named: Named) -> Floats:
            if named.kind == "input":
                field = self._sources[named.name]
                return _network(self._profile.front(field), raw[field], False)
            if named.kind == "field":
                return self._field(named.name, raw[named.name])
            output = np.asarray(made[named.name], np.float32)
            front = self._profile.front(self._targets.get(named.name, ""))
            return _scaled(front, output) if isinstance(front, Scale) else output

        found = computed(term.formula, read, _number, _operate, _apply, _compare)
        value = found.value if found.own is None else _reduced(found.value, found.own, False)
        return float(np.asarray(value, np.float64).mean())

    def _field(self, name: str, raw: Array) -> Floats:
        """A field as training reads it: what the network reads or learns in its own numbers."""
        front, target = self._profile.front(name), name in self._targets.values()
        if target or name in self._sources.values():
            return _network(front, raw, target)
        values = raw.astype(np.float32)
        if isinstance(front, Scale) and front.missing:
            return np.where(np.isnan(values), np.asarray(front.missing, np.float32), values)
        return values

    def _weights(self, loss: CrossEntropy, name: str) -> Floats | None:
        given = loss.class_weights
        if given is None:
            return None
        if given == "balanced":
            part = self._profile.part("train")
            counts = part.classes if part is not None else ()
            balanced = [sum(counts) / (len(counts) * max(n, 1)) for n in counts]
            return np.asarray(balanced, np.float32)
        return np.atleast_1d(np.asarray(given, np.float32))


def _own(each: Array, mask: Mask, summed: bool) -> float:
    """The mean over samples of the mean (or sum) over a sample's own places."""
    flat = each.astype(np.float64).reshape(*mask.shape, -1)
    total = np.where(mask[..., None], flat, 0.0).reshape(len(mask), -1).sum(1)
    count = np.maximum(mask.reshape(len(mask), -1).sum(1), 1) * flat.shape[-1]
    return float((total if summed else total / count).mean())


def _texts(loss: Loss, output: Floats, right: Array, lengths: Array, steps: list[int]) -> float:
    """The mean over samples of CTC's nats a token, or a text."""
    summed = getattr(loss, "reduce", "mean") == "sum"
    each = []
    for at, length in enumerate(int(n) for n in lengths):
        nats = ctc(output[at, : steps[at]], right[at, :length].astype(np.int64))
        each.append(nats if summed else nats / max(length, 1))
    return float(np.mean(each))


def _network(front: Front | None, raw: Array, own: bool) -> Floats:
    """Right values in the network's numbers; of a target of its own a missing one stays missing."""
    if front is None:
        return raw.astype(np.float32)
    if own and isinstance(front, Scale):
        return _scaled(front, raw.astype(np.float32))
    return network_numbers(front, raw).astype(np.float32)


def _scaled(front: Scale, values: Floats) -> Floats:
    mean, std = np.asarray(front.mean, np.float32), np.asarray(front.std, np.float32)
    return (values - mean) / std


def _cross_entropy(
    loss: CrossEntropy, logits: Floats, right: Array, weights: Floats | None
) -> Floats:
    """Of each position; with smoothing a share of the mean over all classes."""
    below = logits - logits.max(axis=1, keepdims=True)
    logs = below - np.log(np.exp(below).sum(axis=1, keepdims=True))
    numbers = right.astype(np.int64)
    hit = np.take_along_axis(logs, np.expand_dims(numbers, 1), axis=1)[:, 0]
    classes = logits.shape[1]
    scale = np.ones(classes, np.float32) if weights is None else weights
    by_class = scale.reshape(1, -1, *(1,) * (logits.ndim - 2))
    smooth = (logs * by_class).mean(axis=1)
    share = np.float32(loss.label_smoothing)
    each = -(1 - share) * scale[numbers] * hit - share * smooth
    return np.asarray(each, np.float32)


def _bce(loss: Loss, y: Floats, t: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        positive = np.maximum(np.log(y), LEAST)
        negative = np.maximum(np.log1p(-y), LEAST)
    return np.asarray(-(t * positive + (1 - t) * negative), np.float32)


def _bce_with_logits(loss: Loss, y: Floats, t: Floats) -> Floats:
    assert isinstance(loss, BceWithLogits)
    log_weight = 1 + (np.float32(loss.pos_weight) - 1) * t
    return np.asarray((1 - t) * y + log_weight * np.logaddexp(0, -y), np.float32)


def _mse(loss: Loss, y: Floats, t: Floats) -> Floats:
    return np.asarray(np.square(y - t), np.float32)


def _l1(loss: Loss, y: Floats, t: Floats) -> Floats:
    return np.asarray(np.abs(y - t), np.float32)


def _huber(loss: Loss, y: Floats, t: Floats) -> Floats:
    assert isinstance(loss, Huber)
    off = np.abs(y - t)
    delta = np.float32(loss.delta)
    far = delta * (off - delta / 2)
    return np.asarray(np.where(off <= delta, np.square(off) / 2, far), np.float32)


_ELEMENTWISE: Mapping[type[Loss], Callable[[Loss, Floats, Floats], Floats]] = {
    Bce: _bce,
    BceWithLogits: _bce_with_logits,
    Huber: _huber,
    L1: _l1,
    Mse: _mse,
}


class Part(Record):
    """A value of a formula, batch first; `own`: which of its places are a sample's own, None: all.

    `own` has the value's axes, of size 1 where no padding lies along them.
    """

    value: Floats
    own: Mask | None = None


def _number(value: float) -> Part:
    return Part(np.asarray(value, np.float32))


def _apply(word: str, x: Part) -> Part:
    if word in ("sum", "mean"):
        return Part(_reduced(x.value, x.own, word == "sum"))
    return Part(np.asarray(_FUNCTIONS[word](x.value), np.float32), x.own)


def _aligned(a: Array, b: Array) -> tuple[Array, Array]:
    rank = max(a.ndim, b.ndim)
    a, b = (x if x.ndim in (0, rank) else x.reshape(axes(x.shape, rank)) for x in (a, b))
    return a, b


def _both(a: Part, b: Part) -> Mask | None:
    """The places that are own in both."""
    if a.own is None or b.own is None:
        return b.own if a.own is None else a.own
    made: Mask = np.logical_and(*_aligned(a.own, b.own))
    return made


def _reduced(x: Floats, own: Mask | None, summed: bool) -> Floats:
    """The sum or the mean of each sample's own elements."""
    if own is None:
        flat = _elements(x)
        return np.asarray(flat.sum(1) if summed else flat.mean(1), np.float32)
    if own.ndim < x.ndim:
        own = own.reshape(axes(own.shape, x.ndim))
    own = np.broadcast_to(own, x.shape)
    total = np.where(own, x, 0.0).reshape(len(x), -1).sum(1)
    count = np.maximum(own.reshape(len(x), -1).sum(1), 1)
    return np.asarray(total if summed else total / count, np.float32)


def _operate(op: str, a: Part, b: Part) -> Part:
    made = _OPERATORS[op](*_aligned(a.value, b.value))
    return Part(np.asarray(made, np.float32), _both(a, b))


_OPERATORS: Mapping[str, np.ufunc] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
}


def _compare(loss: Loss, of: Part, target: Part) -> Part:
    """A named loss, one number a sample."""
    y, t = of.value, target.value
    if isinstance(loss, CrossEntropy):
        given = None if loss.class_weights is None else np.atleast_1d(loss.class_weights)
        weights = None if given is None else np.asarray(given, np.float32)
        each = _cross_entropy(loss, y, t, weights)
    else:
        y, t = np.broadcast_arrays(*_aligned(y, t))
        each = _ELEMENTWISE[type(loss)](loss, y, t)
    summed = getattr(loss, "reduce", "mean") == "sum"
    return Part(_reduced(each, _both(of, target), summed))


def _elements(x: Floats) -> Floats:
    return x.reshape(len(x), -1)


_FUNCTIONS: Mapping[str, Callable[[Floats], npt.ArrayLike]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sigmoid": lambda x: np.exp(-np.logaddexp(0, -x)),
    "relu": lambda x: np.maximum(x, np.float32(0)),
}
