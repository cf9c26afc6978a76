"""Computed terms of a loss in PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nnc.ir.lossformula import Applied, Formula, Named, axes, computed
from nnc.ir.training import CrossEntropy, Loss
from nnc.record import Record
from nnc.train.losses import each_element


def _elements(x: Tensor) -> Tensor:
    return x.reshape(x.shape[0], -1)


_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
}
_OPERATORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "+": torch.add,
    "-": torch.sub,
    "*": torch.mul,
    "/": torch.div,
    "**": torch.pow,
}


class Part(Record):
    """A value of a formula, batch first; `own`: which of its places are a sample's own, None: all.

    `own` has the value's axes, of size 1 where no padding lies along them.
    """

    value: Tensor
    own: Tensor | None = None


HARMLESS = 0.5
"""What stands in padding: a chance, which has a logarithm, a root and an inverse."""


def hidden(value: Tensor, own: Tensor) -> Part:
    """A value in which whatever pads it, be it no number, has no part in the gradient."""
    return Part(torch.where(own, value, HARMLESS), own)


def _aligned(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    rank = max(a.ndim, b.ndim)
    a, b = (x if x.ndim in (0, rank) else x.reshape(axes(tuple(x.shape), rank)) for x in (a, b))
    return a, b


def _own(a: Part, b: Part) -> Tensor | None:
    """The places that are own in both; both have the same axes, or one is a number."""
    if a.own is None or b.own is None:
        return b.own if a.own is None else a.own
    x, y = _aligned(a.own, b.own)
    return x & y


def _operate(op: str, a: Part, b: Part) -> Part:
    x, y = _aligned(a.value, b.value)
    return Part(_OPERATORS[op](x, y), _own(a, b))


def _reduced(x: Tensor, own: Tensor | None, summed: bool) -> Tensor:
    """The sum or the mean of each sample's own elements."""
    if own is None:
        return _elements(x).sum(1) if summed else _elements(x).mean(1)
    if own.ndim < x.ndim:
        own = own.reshape(axes(tuple(own.shape), x.ndim))
    total = _elements(torch.where(own, x, 0.0)).sum(1)
    return total if summed else total / _elements(own.expand_as(x)).sum(1).clamp(min=1)


def _apply(word: str, x: Part) -> Part:
    if word in ("sum", "mean"):
        return Part(_reduced(x.value, x.own, word == "sum"))
    return Part(_FUNCTIONS[word](x.value), x.own)


def _compare(loss: Loss, of: Part, target: Part) -> Part:
    """A named loss, one number a sample."""
    y, t = of.value, target.value
    if not isinstance(loss, CrossEntropy):
        y, t = torch.broadcast_tensors(*_aligned(y, t))  # type: ignore[no-untyped-call]
    summed = getattr(loss, "reduce", "mean") == "sum"
    return Part(_reduced(each_element(loss, y, t), _own(of, target), summed))


def formula_value(formula: Formula, read: Callable[[Named], Part]) -> Tensor:
    """The mean of a formula over samples, and over a sample's own elements that it leaves."""
    found = _worked_out(formula, read)
    if found.own is None:
        return found.value.mean()
    return _reduced(found.value, found.own, summed=False).mean()


def elements(
    formula: Formula, read: Callable[[Named], Tensor], apply: Callable[[Applied], Tensor]
) -> Tensor:
    """What a formula of a gan leaves, samples first; `apply`: what players give."""
    return _worked_out(formula, lambda named: Part(read(named)), lambda c: Part(apply(c))).value


def _worked_out(
    formula: Formula,
    read: Callable[[Named], Part],
    apply: Callable[[Applied], Part] | None = None,
) -> Part:
    return computed(
        formula,
        read,
        lambda number: Part(torch.tensor(number, dtype=torch.float32)),
        _operate,
        _apply,
        _compare,
        apply,
    )
