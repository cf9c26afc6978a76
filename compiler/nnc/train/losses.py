"""Losses as PyTorch functions: the mean over samples of a sample's mean (or sum) over its elements.

A function takes an output and its target, both float32 in the network's own numbers (classes
int64), with the batch first, and gives a scalar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from nnc.check.training.training_rules import CLASS_WEIGHTS
from nnc.diagnostics import Refusal, rule
from nnc.ir.plan import Front, Pixels, Scale
from nnc.ir.training import L1, Bce, BceWithLogits, CrossEntropy, Huber, Loss, Mse
from nnc.source import NOWHERE, Span

LossFunction = Callable[[Tensor, Tensor], Tensor]

BEYOND = rule(
    "NN494",
    "bce-beyond-zero-to-one",
    """
bce and bce_with_logits compare chances: their targets lie between 0 and 1. Pictures do with
`normalize 0..1`; other numbers are learnt with mse, l1 or huber.
""",
)


def loss_function(
    loss: Loss,
    *,
    counts: tuple[int, ...] = (),
    classes: int = 0,
    device: torch.device | None = None,
    span: Span = NOWHERE,
) -> LossFunction:
    """The loss as a function of an output and its target.

    Args:
        counts: samples of each class in the train part, for `balanced`.
        classes: the number of classes, 0 where unknown.

    Raises:
        Refusal: class weights that do not fit the classes.
    """
    if isinstance(loss, CrossEntropy):
        weights = _class_weights(loss, counts, classes, span)
        tensor = None if weights is None else torch.tensor(weights, device=device)
        return _cross_entropy(loss, tensor)
    return _TABLE[type(loss)](loss)


def by_place(loss: LossFunction, *, summed: bool) -> LossFunction:
    """The loss of an output [n, places, classes] against a class at each place [n, places].

    Args:
        summed: `loss` adds up a sample's places instead of taking their mean.
    """

    def over(y: Tensor, t: Tensor) -> Tensor:
        value = loss(y.reshape(-1, y.shape[-1]), t.reshape(-1))
        return value * (t.numel() / len(t)) if summed else value

    return over


def refuse_beyond(loss: Loss, front: Front | None, name: str, span: Span) -> None:
    """Refuses chances as a loss where a field is scaled beyond 0 to 1.

    Raises:
        Refusal: it is.
    """
    if not isinstance(loss, Bce | BceWithLogits) or not isinstance(front, Pixels | Scale):
        return
    if isinstance(front, Pixels):
        slack = 1e-6
        ends = [(x - m) / s for m, s in zip(front.mean, front.std) for x in (0.0, 1.0)]
        if min(ends) >= -slack and max(ends) <= 1 + slack:
            return
    message = f"{loss.word} compares with 0 to 1, and `{name}` is scaled beyond"
    help = "use `mse`, or `normalize 0..1` in the data block if it is a picture"
    raise Refusal(BEYOND.at(span, message, help=help))


def _class_weights(
    loss: CrossEntropy, counts: tuple[int, ...], classes: int, span: Span
) -> tuple[float, ...] | None:
    given = loss.class_weights
    if given is None:
        return None
    if given == "balanced":
        if not counts:
            message = "the samples of each class are not known here"
            raise Refusal(CLASS_WEIGHTS.at(span, message, help="write one number a class"))
        return tuple(sum(counts) / (len(counts) * max(n, 1)) for n in counts)
    weights = tuple(given) if isinstance(given, tuple | list) else (given,)
    if classes and len(weights) != classes:
        message = f"{len(weights)} class weights for {classes} classes"
        raise Refusal(
            CLASS_WEIGHTS.at(span, message, help=f"write {classes} numbers, or `balanced`")
        )
    return tuple(float(w) for w in weights)


def _reduced(reduce: str, elementwise: Callable[[Tensor, Tensor, str], Tensor]) -> LossFunction:
    # Samples have equally many elements, so the mean over all is the mean over samples of their
    # means.
    if reduce == "sum":
        return lambda y, t: elementwise(y, t, "sum") / y.shape[0]
    return lambda y, t: elementwise(y, t, "mean")


def _cross_entropy(loss: CrossEntropy, weights: Tensor | None) -> LossFunction:
    smoothing = loss.label_smoothing
    if weights is None:
        return _reduced(
            loss.reduce,
            lambda y, t, how: functional.cross_entropy(
                y, t, reduction=how, label_smoothing=smoothing
            ),
        )

    def weighted(y: Tensor, t: Tensor, how: str) -> Tensor:
        # PyTorch's own mean divides by the weights in the batch: the batch's make-up would change
        # what a sample counts. Here a sample counts alike in every batch.
        each = functional.cross_entropy(
            y, t, weight=weights, reduction="none", label_smoothing=smoothing
        )
        return each.sum() if how == "sum" else each.mean()

    return _reduced(loss.reduce, weighted)


def _bce(loss: Bce) -> LossFunction:
    def elementwise(y: Tensor, t: Tensor, how: str) -> Tensor:
        # PyTorch raises (on a GPU: kills the process's device) when a probability is not a number.
        # Our loop wants a loss that is not a number instead, so that it can stop and name the step.
        value = functional.binary_cross_entropy(torch.nan_to_num(y, nan=0.5), t, reduction=how)
        return torch.where(torch.isnan(y).any(), torch.nan, value)

    return _reduced(loss.reduce, elementwise)


def _bce_with_logits(loss: BceWithLogits) -> LossFunction:
    if loss.pos_weight == 1.0:
        return _reduced(
            loss.reduce,
            lambda y, t, how: functional.binary_cross_entropy_with_logits(y, t, reduction=how),
        )
    positive = loss.pos_weight

    def elementwise(y: Tensor, t: Tensor, how: str) -> Tensor:
        weight = y.new_full((1,), positive)
        return functional.binary_cross_entropy_with_logits(y, t, reduction=how, pos_weight=weight)

    return _reduced(loss.reduce, elementwise)


def _mse(loss: Mse) -> LossFunction:
    return _reduced(loss.reduce, lambda y, t, how: functional.mse_loss(y, t, reduction=how))


def _l1(loss: L1) -> LossFunction:
    return _reduced(loss.reduce, lambda y, t, how: functional.l1_loss(y, t, reduction=how))


def _huber(loss: Huber) -> LossFunction:
    delta = loss.delta
    return _reduced(
        loss.reduce, lambda y, t, how: functional.huber_loss(y, t, reduction=how, delta=delta)
    )


X = TypeVar("X", bound=Loss)


def _entry(
    kind: type[X], make: Callable[[X], LossFunction]
) -> tuple[type[Loss], Callable[[Loss], LossFunction]]:
    def checked(loss: Loss) -> LossFunction:
        if not isinstance(loss, kind):
            raise TypeError(f"{loss.word} is not {kind.word}")
        return make(loss)

    return kind, checked


_TABLE = dict(
    (
        _entry(Bce, _bce),
        _entry(BceWithLogits, _bce_with_logits),
        _entry(Mse, _mse),
        _entry(L1, _l1),
        _entry(Huber, _huber),
    )
)


def each_element(loss: Loss, y: Tensor, t: Tensor) -> Tensor:
    """A loss of each element, or of cross_entropy of each position; nothing is reduced."""
    if isinstance(loss, CrossEntropy):
        given = _class_weights(loss, (), 0, NOWHERE)
        weights = None if given is None else torch.tensor(given, device=y.device)
        smoothing = loss.label_smoothing
        return functional.cross_entropy(
            y, t.long(), weight=weights, reduction="none", label_smoothing=smoothing
        )
    return _ELEMENTS[type(loss)](loss, y, t)


def _bce_elements(loss: Loss, y: Tensor, t: Tensor) -> Tensor:
    value = functional.binary_cross_entropy(torch.nan_to_num(y, nan=0.5), t, reduction="none")
    return torch.where(torch.isnan(y), torch.nan, value)


def _logits_elements(loss: Loss, y: Tensor, t: Tensor) -> Tensor:
    weight = y.new_full((1,), getattr(loss, "pos_weight", 1.0))
    return functional.binary_cross_entropy_with_logits(y, t, reduction="none", pos_weight=weight)


_ELEMENTS: dict[type[Loss], Callable[[Loss, Tensor, Tensor], Tensor]] = {
    Bce: _bce_elements,
    BceWithLogits: _logits_elements,
    Mse: lambda loss, y, t: (y - t).square(),
    L1: lambda loss, y, t: (y - t).abs(),
    Huber: lambda loss, y, t: functional.huber_loss(
        y, t, reduction="none", delta=getattr(loss, "delta", 1.0)
    ),
}
