"""Normalisations of each sample by groups of its channels: group_norm and instance_norm."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, flag, initial, real, size
from nnc.ir.dims import Dim, product, show
from nnc.ir.initial import Fill, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import (
    Case,
    Kept,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    Transform,
    layer,
)
from nnc.layers.norm import averaged, require_weight, running
from nnc.layers.rules import NO_EFFECT, ONE_CELL, PARTS
from nnc.layers.weighted import Weighted
from nnc.layers.window import ints, number


def channel_weights(
    x: TensorType, weight: bool, bias: bool, init: Declared | None
) -> Iterable[Weight]:
    """A factor and a summand for each channel."""
    if weight:
        yield Weight("weight", x.dims[:1], init or Fill(1.0), fan_in=1, fan_out=1)
    if bias:
        yield Weight("bias", x.dims[:1], Fill(0.0))


def divisors(n: Dim) -> str:
    """The numbers of groups that n channels can have, the last few."""
    fits = [str(k) for k in range(1, min(n, 4096) + 1) if n % k == 0] if isinstance(n, int) else []
    return f"{show(n)} channels make {', '.join(fits[-8:])} groups" if fits else ""


@layer("group_norm")
class GroupNorm(Weighted):
    """Each group of channels to mean 0 and variance 1, then each channel scaled and shifted.

    [C], [C, L], [C, H, W] or [C, D, H, W], the shape stays (Wu and He, 2018). PyTorch: nn.GroupNorm
    (F.group_norm where one of scale and shift is left out); ONNX: InstanceNormalization of the
    groups, then Mul and Add.
    """

    groups: Dim = size("equal parts that channels are cut into")
    eps: float = real("added to the variance", default=1e-5, above=0)
    weight: bool = flag("multiplies each channel by a learned number", default=True)
    bias: bool = flag("adds a learned number to each channel", default=True)
    init: Declared | None = initial("how the weight starts; by default 1", default=None)

    ports = (Port("x", ranks=(1, 2, 3, 4), channels_first=True),)
    cases = (
        Case("group_norm(2)", "[6, 4, 5]", "[6, 4, 5]", nodes=5),
        Case("group_norm(1, eps=1e-3)", "[6, H, W]", "[6, H, W]", nodes=7),
        Case("group_norm(2)", "[6]", "[6]", nodes=5),
        Case("group_norm(3)", "[6, 7]", "[6, 7]", nodes=5),
        Case("group_norm(6)", "[6, 7]", "[6, 7]", nodes=1),
        Case("group_norm(2)", "[4, 2, 3, 2]", "[4, 2, 3, 2]", nodes=5),
        Case("group_norm(2, bias=false)", "[4, 5]", "[4, 5]", nodes=4),
        Case("group_norm(2, weight=false)", "[4, 5]", "[4, 5]", nodes=4),
        Case("group_norm(2, weight=false, bias=false)", "[4, 5]", "[4, 5]", nodes=3),
        Case("group_norm(2, init=0.5)", "[4, 5]", "[4, 5]", nodes=5),
        Case("group_norm(4)", "[6, 8, 8]", refused="NN339"),
        Case("group_norm(6)", "[6, 1, 1]", refused="NN340"),
        Case("group_norm(2)", "[2]", refused="NN340"),
        Case("group_norm(H)", "[6, H, 8]", refused="NN306"),
        Case("group_norm(2, weight=false, init=1)", "[6, 8]", refused="NN336"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        groups = number(rules, self.groups, "groups")
        rules.divisible(
            x.dims[0],
            groups,
            PARTS,
            f"{groups} groups do not divide {show(x.dims[0])} channels",
            at="groups",
            help=divisors(x.dims[0]),
        )
        if x.dims[0] == groups:  # where a group is a channel, the channel has two numbers or more
            rules.at_least(
                sum(x.dims[1:], 2 - x.rank),
                2,
                ONE_CELL,
                "`group_norm` of one number is always 0",
                at="groups",
                label=f"each group of {x} has one number",
                help="use fewer groups, or leave it out here",
            )
        require_weight(rules, self.weight, self.init)
        return (x,)

    def arrays(self, x: TensorType) -> Iterable[Weight]:
        return channel_weights(x, self.weight, self.bias, self.init)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        if self.weight and self.bias:
            return w.module("nn.GroupNorm", self.groups, x.type.dims[0], eps=self.eps)(x)
        return w.call(
            "F.group_norm",
            x,
            self.groups,
            weight=w.weight("weight") if self.weight else None,
            bias=w.weight("bias") if self.bias else None,
            eps=self.eps,
        )

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        groups = ints(self.groups, 1)[0]
        if x.type.dims[0] == groups and x.type.rank > 1:
            return instance_norm(w, x, self.weight, self.bias, float(self.eps))
        grouped = TensorType((groups, product(x.type.dims) // groups))
        y = w.op("Reshape", x, w.shape(*grouped.dims), type=grouped)
        y = w.op(
            "InstanceNormalization",
            y,
            w.floats(*(1.0,) * groups, shape=(groups,)),
            w.floats(*(0.0,) * groups, shape=(groups,)),
            epsilon=float(self.eps),
            type=grouped,
        )
        y = w.op("Reshape", y, w.shape(*x.type.dims), type=x.type)
        along = Transform("reshape", (*ints(x.type.dims[0], 1), *(1,) * (x.type.rank - 1)))
        if self.weight:
            y = w.op("Mul", y, w.weight("weight", along), type=x.type)
        return w.op("Add", y, w.weight("bias", along), type=x.type) if self.bias else y


def instance_norm(w: OnnxWriter, x: Ref, weight: bool, bias: bool, eps: float) -> Ref:
    """One node that normalises each channel of each sample."""
    channels = ints(x.type.dims[0], 1)[0]
    return w.op(
        "InstanceNormalization",
        x,
        w.weight("weight") if weight else w.floats(*(1.0,) * channels, shape=(channels,)),
        w.weight("bias") if bias else w.floats(*(0.0,) * channels, shape=(channels,)),
        epsilon=eps,
        type=x.type,
    )


@layer("instance_norm")
class InstanceNorm(Weighted):
    """Each channel of each sample to mean 0 and variance 1 over its space (Ulyanov et al., 2016).

    [C, L], [C, H, W] or [C, D, H, W], the shape stays. As in PyTorch nothing is learned unless
    asked for, and no running averages are kept; with `track_running_stats`, they stand for the
    sample in use, as in batch_norm. PyTorch: nn.InstanceNorm1d, 2d, 3d (F.instance_norm where one
    of scale and shift is left out); ONNX: InstanceNormalization, or BatchNormalization.
    """

    eps: float = real("added to the variance", default=1e-5, above=0)
    weight: bool = flag("multiplies each channel by a learned number", default=False)
    bias: bool = flag("adds a learned number to each channel", default=False)
    init: Declared | None = initial("how the weight starts; by default 1", default=None)
    track_running_stats: bool = flag(
        "in use, running averages tell mean and variance", default=False
    )
    momentum: float = real(
        "share of a new batch in the running averages", default=0.1, least=0, most=1
    )

    ports = (Port("x", ranks=(2, 3, 4), channels_first=True),)
    cases = (
        Case("instance_norm", "[4, 5, 6]", "[4, 5, 6]", nodes=1),
        Case("instance_norm(eps=1e-3)", "[4, 7]", "[4, 7]", nodes=1),
        Case("instance_norm(weight=true, bias=true)", "[4, H, W]", "[4, H, W]", nodes=1),
        Case("instance_norm(weight=true)", "[4, 2, 3, 2]", "[4, 2, 3, 2]", nodes=1),
        Case("instance_norm(bias=true)", "[4, 7]", "[4, 7]", nodes=1),
        Case("instance_norm(weight=true, init=0.5)", "[4, 7]", "[4, 7]", nodes=1),
        Case("instance_norm(track_running_stats=true)", "[4, 5, 6]", "[4, 5, 6]", nodes=1),
        Case(
            "instance_norm(weight=true, bias=true, track_running_stats=true, momentum=0.3)",
            "[4, H]",
            "[4, H]",
            nodes=1,
        ),
        Case("instance_norm(bias=true, track_running_stats=true)", "[4, 7]", "[4, 7]", nodes=1),
        Case("instance_norm(momentum=0.3)", "[4, 7]", refused="NN336"),
        Case("instance_norm", "[64, 1, 1]", refused="NN340"),
        Case("instance_norm(init=1)", "[4, 7]", refused="NN336"),
        Case("instance_norm", "[C, 7]", refused="NN306"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        number(rules, x.dims[0], "channels")
        cells = sum(x.dims[1:], 2 - x.rank)  # at least 2, where their product is
        rules.at_least(
            cells,
            2,
            ONE_CELL,
            "`instance_norm` of one cell is always 0",
            label=f"{x} has one number a channel",
            help="leave it out here, or use `layer_norm(axis=0)`",
        )
        require_weight(rules, self.weight, self.init)
        if not self.track_running_stats and self.momentum != 0.1:
            rules.refuse(
                NO_EFFECT,
                "`momentum` has no effect without running averages",
                at="momentum",
                help="leave it out, or write `track_running_stats=true`",
            )
        return (x,)

    def arrays(self, x: TensorType) -> Iterable[Weight]:
        yield from channel_weights(x, self.weight, self.bias, self.init)
        if self.track_running_stats:
            yield from running(x, counted=self.weight == self.bias)

    def keeps(self, x: TensorType) -> Kept:
        """Its input; running averages are repeated for each sample."""
        return Kept(inputs=True, other=8 * x.dims[0] * self.track_running_stats)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        tracks = self.track_running_stats
        if self.weight == self.bias and (self.weight or tracks):
            return w.module(
                f"nn.InstanceNorm{x.type.rank - 1}d",
                x.type.dims[0],
                eps=self.eps,
                momentum=self.momentum,
                affine=self.weight,
                track_running_stats=tracks,
            )(x)
        return w.call(
            "F.instance_norm",
            x,
            running_mean=w.weight("running_mean") if tracks else None,
            running_var=w.weight("running_var") if tracks else None,
            weight=w.weight("weight") if self.weight else None,
            bias=w.weight("bias") if self.bias else None,
            use_input_stats=w.training if tracks else True,
            momentum=self.momentum,
            eps=self.eps,
        )

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        if self.track_running_stats:
            return averaged(w, x, self.weight, self.bias, float(self.eps))
        return instance_norm(w, x, self.weight, self.bias, float(self.eps))
