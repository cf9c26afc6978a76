"""What convolutions share: groups of channels, and the weights of a window."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd

from nnc.ir.arguments import Declared
from nnc.ir.dims import Dim, product, show
from nnc.ir.initial import TORCH_WEIGHT, FanUniform, Weight
from nnc.layers.base import Rules
from nnc.layers.rules import GROUPS


def require_groups(rules: Rules, channels_in: Dim, channels_out: Dim, groups: int) -> None:
    """States that the groups divide the channels on both sides."""
    if groups == 1:
        return
    help = ""
    if isinstance(channels_in, int) and isinstance(channels_out, int):
        common = gcd(channels_in, channels_out)
        fits = [str(n) for n in range(1, min(common, 4096) + 1) if common % n == 0]
        help = "groups that divide both: " + ", ".join(fits[-8:])
        if common == 1:
            help = "only 1 divides both: leave `groups` out, or change the channels"
    for channels, side in ((channels_in, "input"), (channels_out, "output")):
        rules.divisible(
            channels,
            groups,
            GROUPS,
            f"`groups` must divide the {side} channels",
            at="groups",
            label=f"{show(channels)} {side} channels, {groups} groups",
            help=help,
        )


def conv_weights(
    dims: tuple[Dim, ...], out: Dim, bias: bool, init: Declared | None
) -> Iterable[Weight]:
    """Weight and bias as PyTorch starts them; it counts fans by the first two axes."""
    field = product(dims[2:])
    fan_in, fan_out = dims[1] * field, dims[0] * field
    yield Weight("weight", dims, init or TORCH_WEIGHT, fan_in=fan_in, fan_out=fan_out)
    if bias:
        yield Weight("bias", (out,), FanUniform(), fan_in=fan_in, fan_out=fan_out)
