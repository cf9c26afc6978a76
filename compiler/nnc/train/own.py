"""The own positions of padded samples: what pads them is neither learnt nor measured."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from nnc.check.training.training_rules import OWN_STEPS
from nnc.diagnostics import Diagnostic
from nnc.ir.ownsteps import Steps
from nnc.ir.plan import Binding
from nnc.ir.training import CrossEntropy, Loss
from nnc.source import Span
from nnc.train.losses import each_element

Axes = tuple[Steps, ...]


def axes_of(binding: Binding) -> dict[str, Axes]:
    """The padded axes of each output that has some."""
    return {
        name: tuple(steps for steps in binding.steps if steps.output == name)
        for name in dict.fromkeys(steps.output for steps in binding.steps)
    }


def own_mask(axes: Axes, raw: Mapping[str, Tensor], output: Tensor) -> Tensor:
    """Whether each place of the padded axes is a sample's own, [batch, *axes]."""
    mask: Tensor | None = None
    for at, steps in enumerate(axes):
        lengths = steps.own(raw[steps.length].tolist())
        known = torch.tensor(lengths, device=output.device)
        places = torch.arange(output.shape[steps.axis + 1], device=output.device)
        one = places < known.unsqueeze(1)
        one = one.reshape(len(one), *(-1 if i == at else 1 for i in range(len(axes))))
        mask = one if mask is None else mask & one
    assert mask is not None, "there is an axis"
    return mask


def own_of(axes: Axes, raw: Mapping[str, Tensor], value: Tensor) -> Tensor:
    """The same as `own_mask` with all axes of the value, of size 1 where it is not padded."""
    mask = own_mask(axes, raw, value)
    at = {steps.axis + 1 for steps in axes}
    return mask.reshape(
        len(value), *(value.shape[i] if i in at else 1 for i in range(1, value.ndim))
    )


def in_front(axes: Axes, value: Tensor) -> Tensor:
    """A value with its padded axes right behind the batch."""
    return value.movedim([s.axis + 1 for s in axes], list(range(1, len(axes) + 1)))


def own_places(axes: Axes, mask: Tensor, value: Tensor) -> Tensor:
    """All own places of a batch, one after another, as samples: [places, ...]."""
    return in_front(axes, value)[mask]


def own_loss(loss: Loss, axes: Axes, raw: Mapping[str, Tensor], y: Tensor, t: Tensor) -> Tensor:
    """The mean over samples of the mean (or sum) over a sample's own places."""
    mask = own_mask(axes, raw, y)
    if isinstance(loss, CrossEntropy):
        each = each_element(loss, y.movedim(-1, 1), t)
    else:
        each = in_front(axes, each_element(loss, y, t))
    each = each.reshape(*mask.shape, -1)
    total = torch.where(mask.unsqueeze(-1), each, 0.0).flatten(1).sum(1)
    if getattr(loss, "reduce", "mean") == "sum":
        return total.mean()
    count = mask.flatten(1).sum(1).clamp(min=1) * each.shape[-1]
    return (total / count).mean()


def differing(axes: Axes, y: Tensor, t: Tensor, name: str, span: Span) -> Diagnostic | None:
    """The message where a target has other steps than the output that learns it."""
    for steps in axes:
        have, want = y.shape[steps.axis + 1], (*t.shape, -1)[min(steps.axis + 1, t.ndim)]
        if have != want:
            message = f"`{name}` has {want} steps where the output `{steps.output}` has {have}"
            return OWN_STEPS.at(span, message, help="bring the output to the target's steps")
    return None
