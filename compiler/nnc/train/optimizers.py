"""Optimizers and the weights that each group of a plan updates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import Tensor, nn

from nnc.ir.training import Adam, AdamW, Optimizer, RmsProp, Sgd
from nnc.ir.updates import Group

Named = dict[str, nn.Parameter]


def torch_optimizer(optimizer: Optimizer, weights: Iterable[Tensor]) -> torch.optim.Optimizer:
    """PyTorch's optimizer over some weights, in its fused form where there is one."""
    return _TABLE[type(optimizer)](optimizer, list(weights))


def _fused(weights: list[Tensor]) -> bool | None:
    kinds = {w.device.type for w in weights}
    return (
        True if kinds <= {"cpu", "cuda"} and all(w.is_floating_point() for w in weights) else None
    )


def _sgd(o: Sgd, weights: list[Tensor]) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        weights,
        lr=o.lr,
        momentum=o.momentum,
        dampening=o.dampening,
        weight_decay=o.weight_decay,
        nesterov=o.nesterov,
        fused=_fused(weights),
    )


def _adam(o: Adam | AdamW, weights: list[Tensor]) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if isinstance(o, AdamW) else torch.optim.Adam
    return kind(
        weights,
        lr=o.lr,
        betas=(float(o.betas[0]), float(o.betas[1])),
        eps=o.eps,
        weight_decay=o.weight_decay,
        amsgrad=o.amsgrad,
        fused=_fused(weights),
    )


def _rmsprop(o: RmsProp, weights: list[Tensor]) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(
        weights,
        lr=o.lr,
        alpha=o.alpha,
        eps=o.eps,
        weight_decay=o.weight_decay,
        momentum=o.momentum,
        centered=o.centered,
    )


X = TypeVar("X", bound=Optimizer)


def _entry(
    kind: type[X], make: Callable[[X, list[Tensor]], torch.optim.Optimizer]
) -> tuple[type[Optimizer], Callable[[Optimizer, list[Tensor]], torch.optim.Optimizer]]:
    def checked(optimizer: Optimizer, weights: list[Tensor]) -> torch.optim.Optimizer:
        if not isinstance(optimizer, kind):
            raise TypeError(f"{optimizer.word} is not {kind.word}")
        return make(optimizer, weights)

    return kind, checked


_TABLE = dict(
    (_entry(Sgd, _sgd), _entry(Adam, _adam), _entry(AdamW, _adam), _entry(RmsProp, _rmsprop))
)


def groups(module: nn.Module, plan: tuple[Group, ...]) -> tuple[tuple[Group, Named], ...]:
    """The weights of each group that has any; those that are frozen belong to nobody."""
    learned = {name: w for name, w in module.named_parameters() if w.requires_grad}
    named = {name for group in plan for name in group.weights}
    rest = {name: w for name, w in learned.items() if name not in named}
    made = ((group, named_weights(learned, group.weights) or rest) for group in plan)
    return tuple((group, weights) for group, weights in made if weights)


def named_weights(learned: Named, names: tuple[str, ...]) -> Named:
    """The weights of these names that learn."""
    return {name: learned[name] for name in names if name in learned}
