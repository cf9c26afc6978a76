"""From raw values to the network's numbers and back, on the device, in float32.

The exported file does the same inside its graph; this is the training side of one truth, which is
the `Front` that the data's profile found.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nnc.ir.plan import Front, Pixels, Scale

Change = Callable[[Tensor], Tensor]


def to_network(front: Front | None, device: torch.device, *, target: bool = False) -> Change:
    """What makes network numbers of a field's raw values, batch first.

    Without a front: floats become float32, class numbers and ids int64. A missing number (NaN) of
    an input becomes the front's; one of a target stays NaN, so that nothing is learnt in silence.
    """
    if isinstance(front, Pixels):
        return _pixels(front, device)
    if isinstance(front, Scale):
        return _scale(front, device, impute=not target)
    return plain


def plain(x: Tensor) -> Tensor:
    """Floats as float32, integers as int64."""
    return x.to(torch.float32 if x.is_floating_point() else torch.int64)


def to_units(front: Front | None, device: torch.device, *, channels: bool = False) -> Change | None:
    """What turns an output into the units of the field it learns from; None where it is in them.

    Args:
        channels: the numbers are those of the channels of pictures, [B, C, H, W].
    """
    if not isinstance(front, Scale):
        return None
    mean, std = _row(front.mean, device), _row(front.std, device)
    if channels:
        mean, std = mean.view(-1, 1, 1), std.view(-1, 1, 1)
    return lambda y: y * std + mean


def _row(values: tuple[float, ...], device: torch.device) -> Tensor:
    return torch.tensor(
        values if len(values) > 1 else values[0], device=device, dtype=torch.float32
    )


def _pixels(front: Pixels, device: torch.device) -> Change:
    gain = tuple(1.0 / (255.0 * s) for s in front.std)
    shift = tuple(-m / s for m, s in zip(front.mean, front.std))
    if len(gain) == 1 or (len(set(gain)) == 1 and len(set(shift)) == 1):
        a, b = gain[0], shift[0]
        if b == 0.0:
            return lambda x: x.to(torch.float32).mul_(a)
        return lambda x: x.to(torch.float32).mul_(a).add_(b)
    # A number a channel: channels stand first in a sample.
    a3 = torch.tensor(gain, device=device).view(-1, 1, 1)
    b3 = torch.tensor(shift, device=device).view(-1, 1, 1)
    return lambda x: x.to(torch.float32).mul_(a3).add_(b3)


def _scale(front: Scale, device: torch.device, impute: bool) -> Change:
    mean, std = _row(front.mean, device), _row(front.std, device)
    if not impute:
        return lambda x: (x.to(torch.float32) - mean) / std
    missing = _row(front.missing or front.mean, device)

    def scaled(x: Tensor) -> Tensor:
        x = x.to(torch.float32)
        return (torch.where(torch.isnan(x), missing, x) - mean) / std

    return scaled
