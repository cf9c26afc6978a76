"""Optimizers against PyTorch's plain ones, and which weights a group takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from nnc.ir.training import Adam, AdamW, Constant, Optimizer, RmsProp, Sgd
from nnc.ir.updates import Group
from nnc.train.optimizers import groups, torch_optimizer

Make = Callable[[list[torch.Tensor]], torch.optim.Optimizer]

CASES: list[tuple[Optimizer, Make]] = [
    (Sgd(), lambda w: torch.optim.SGD(w, fused=False, foreach=False)),
    (
        Sgd(lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.01),
        lambda w: torch.optim.SGD(w, 0.1, 0.9, 0.1, 0.01, foreach=False),
    ),
    (
        Sgd(lr=0.1, momentum=0.9, nesterov=True),
        lambda w: torch.optim.SGD(w, 0.1, 0.9, nesterov=True, foreach=False),
    ),
    (Adam(), lambda w: torch.optim.Adam(w, foreach=False)),
    (
        Adam(lr=0.1, betas=(0.8, 0.9), eps=1e-6, weight_decay=0.1, amsgrad=True),
        lambda w: torch.optim.Adam(w, 0.1, (0.8, 0.9), 1e-6, 0.1, True, foreach=False),
    ),
    (AdamW(), lambda w: torch.optim.AdamW(w, foreach=False)),
    (
        AdamW(lr=0.1, weight_decay=0.3),
        lambda w: torch.optim.AdamW(w, 0.1, weight_decay=0.3, foreach=False),
    ),
    (RmsProp(), lambda w: torch.optim.RMSprop(w, foreach=False)),
    (
        RmsProp(lr=0.1, alpha=0.8, eps=1e-6, weight_decay=0.1, momentum=0.5, centered=True),
        lambda w: torch.optim.RMSprop(w, 0.1, 0.8, 1e-6, 0.1, 0.5, True, foreach=False),
    ),
]


@pytest.mark.parametrize("optimizer,plain", CASES, ids=lambda x: getattr(x, "word", ""))
def test_ten_steps_are_pytorchs(optimizer: Optimizer, plain: Make) -> None:
    torch.manual_seed(0)
    ours = [torch.randn(3, 4, requires_grad=True), torch.randn(5, requires_grad=True)]
    theirs = [w.detach().clone().requires_grad_() for w in ours]
    a, b = torch_optimizer(optimizer, ours), plain(theirs)
    for step in range(10):
        for x, y in zip(ours, theirs):
            y.grad = torch.sin(torch.arange(x.numel()) + step).reshape(x.shape)
            x.grad = y.grad.clone()
        a.step()
        b.step()
    for x, y in zip(ours, theirs):
        assert torch.allclose(x, y, rtol=1e-5, atol=1e-6)


def network() -> nn.Module:
    module = nn.Module()
    module.stem = nn.Conv2d(3, 4, 1)
    module.norm = nn.BatchNorm2d(4)
    return module


def taken(*weights: tuple[str, ...], module: nn.Module | None = None) -> list[list[str]]:
    plan = tuple(Group(Sgd(), Constant(), weights=names) for names in weights)
    return [list(w) for _, w in groups(module or network(), plan)]


def test_the_rest_takes_what_no_other_group_names() -> None:
    assert taken(()) == [["stem.weight", "stem.bias", "norm.weight", "norm.bias"]]
    found = taken((), ("stem.bias", "norm.weight"))
    assert found == [["stem.weight", "norm.bias"], ["stem.bias", "norm.weight"]]


def test_frozen_weights_belong_to_nobody() -> None:
    module = network()
    module.stem.requires_grad_(False)
    assert taken((), module=module) == [["norm.weight", "norm.bias"]]
