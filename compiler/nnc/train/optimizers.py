"""Optimizers and the weights that each group of a plan updates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import Tensor, nn

from nnc.diagnostics import Refusal, rule
from nnc.ir.plan import Group
from nnc.ir.training import Adam, AdamW, Optimizer, RmsProp, Sgd
from nnc.source import NOWHERE, Span

SELECTS_NOTHING = rule(
    "NN481",
    "optimizer-selects-nothing",
    """
`optimizer ... on WORDS` speaks of the weights that the words select: `bias`, `norm` (weights of
normalisation layers), or the name of a layer, block or `shared` step. Words that select no weight
that learns are a mistake.
""",
)

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
        betas=(o.betas[0], o.betas[1]),
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


def groups(
    module: nn.Module, plan: tuple[Group, ...], span: Span = NOWHERE
) -> tuple[tuple[Group, Named], ...]:
    """The weights of each group that has any: the most specific selector wins a weight.

    A name counts more than a kind (`bias`, `norm`), a longer name more than a shorter, a later line
    more than an earlier one of the same rank.

    Raises:
        Refusal: a selector names nothing that learns.
    """
    norms = _norm_weights(module)
    made: list[Named] = [{} for _ in plan]
    used = [False] * len(plan)
    for name, weight in module.named_parameters():
        if not weight.requires_grad:
            continue
        best, rank = -1, -1
        for i, group in enumerate(plan):
            found = _rank(group.selector, name, norms)
            used[i] = used[i] or found >= 0
            if found >= rank and found >= 0:
                best, rank = i, found
        if best >= 0:
            made[best][name] = weight
    for group, hit in zip(plan, used):
        if group.selector and not hit:
            message = f"`on {group.selector}` selects no weight that learns"
            help = "write `bias`, `norm`, or the name of a layer (`nnc show` lists them)"
            raise Refusal(SELECTS_NOTHING.at(span, message, help=help))
    return tuple((group, weights) for group, weights in zip(plan, made) if weights)


def _norm_weights(module: nn.Module) -> set[str]:
    kinds = (
        nn.modules.batchnorm._NormBase,
        nn.LayerNorm,
        nn.GroupNorm,
        nn.RMSNorm,
    )
    return {
        f"{place}.{name}" if place else name
        for place, part in module.named_modules()
        if isinstance(part, kinds)
        for name, _ in part.named_parameters(recurse=False)
    }


def _rank(selector: str, name: str, norms: set[str]) -> int:
    if not selector:
        return 0
    ranks = [-1]
    for word in (w.strip() for w in selector.split(",")):
        kind = (
            name.rsplit(".", 1)[-1] == "bias"
            if word == "bias"
            else word == "norm" and name in norms
        )
        if kind:
            ranks.append(1)
        if name == word or name.startswith(f"{word}."):
            ranks.append(2 + word.count("."))
    return max(ranks)
