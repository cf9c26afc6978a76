"""Computed terms of a loss in PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nnc.ir.lossformula import Formula, Named, axes, computed
from nnc.ir.training import CrossEntropy, Loss
from nnc.train.losses import each_element


def _elements(x: Tensor) -> Tensor:
    return x.reshape(x.shape[0], -1)


_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": lambda x: _elements(x).sum(1),
    "mean": lambda x: _elements(x).mean(1),
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


def _operate(op: str, a: Tensor, b: Tensor) -> Tensor:
    rank = max(a.ndim, b.ndim)
    a, b = (x if x.ndim in (0, rank) else x.reshape(axes(tuple(x.shape), rank)) for x in (a, b))
    return _OPERATORS[op](a, b)


def _compare(loss: Loss, y: Tensor, t: Tensor) -> Tensor:
    """A named loss, one number a sample."""
    if not isinstance(loss, CrossEntropy):
        rank = max(y.ndim, t.ndim)
        y, t = (x if x.ndim in (0, rank) else x.reshape(axes(tuple(x.shape), rank)) for x in (y, t))
        y, t = torch.broadcast_tensors(y, t)  # type: ignore[no-untyped-call]
    each = _elements(each_element(loss, y, t))
    return each.sum(1) if getattr(loss, "reduce", "mean") == "sum" else each.mean(1)


def formula_value(formula: Formula, read: Callable[[Named], Tensor]) -> Tensor:
    """The mean of a formula over samples, and over the elements that it leaves."""
    value = computed(
        formula,
        read,
        lambda number: torch.tensor(number, dtype=torch.float32),
        _operate,
        lambda word, x: _FUNCTIONS[word](x),
        _compare,
    )
    return value.mean()
