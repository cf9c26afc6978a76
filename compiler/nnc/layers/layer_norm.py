"""Normalisations of each sample over its features: layer_norm and rms_norm."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, Sizes, flag, initial, real, sizes
from nnc.ir.initial import Fill, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import (
    Along,
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
from nnc.layers.norm import require_weight
from nnc.layers.rules import AXIS
from nnc.layers.shape import known_axes
from nnc.layers.weighted import Weighted
from nnc.layers.window import Ints, number


def normed_axes(rules: Rules, axis: Sizes, x: TensorType) -> Ints:
    """The axes over which numbers are taken together: one, or the last few; their sizes known."""
    found = known_axes(rules, axis, x.rank)
    if len(found) > 1 and found[0] != x.rank - len(found):
        rules.refuse(
            AXIS,
            "several axes must be the last ones",
            at="axis",
            label=f"{found} of {x.rank} axes",
            help=f"write `axis={tuple(range(x.rank - len(found), x.rank))}`, or one axis",
        )
    for at in found:
        number(rules, x.dims[at], "axis")
    return found


def axes_of(axis: Sizes, rank: int) -> Ints:
    """The same in a lowering, in order."""
    values = axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(int(v) % rank for v in values if isinstance(v, int)))


class FeatureNorm(Weighted):
    """What `layer_norm` and `rms_norm` share: axes, and weights of their sizes."""

    def features(self, x: TensorType, axis: Sizes) -> Ints:
        """The sizes of the axes that are taken together, with the expressions they came from."""
        sizes = (x.dims[at] for at in axes_of(axis, x.rank))
        return tuple(d for d in sizes if isinstance(d, int))


def swapped(x: TensorType, at: int) -> tuple[TensorType, Ints]:
    """The type with axis `at` and the last exchanged, and the permutation, batch included."""
    order = list(range(x.rank))
    order[at], order[-1] = order[-1], order[at]
    return TensorType(tuple(x.dims[i] for i in order), x.dtype), (0, *(i + 1 for i in order))


@layer("layer_norm")
class LayerNorm(FeatureNorm):
    """Each sample's features to mean 0 and variance 1, then scaled and shifted (Ba et al., 2016).

    Features are the last axis, the others are batch: [C], [T, C], ..., the shape stays. Channels
    first (ConvNeXt): `layer_norm(axis=0)`; all of [C, H, W]: `layer_norm(axis=(0, 1, 2))`.
    PyTorch: nn.LayerNorm (F.layer_norm where there is a shift alone, or nothing); ONNX:
    LayerNormalization, between two Transposes for an axis before the last.
    """

    axis: Sizes = sizes("the axis of features, or several: the last ones", default=-1, least=-5)
    eps: float = real("added to the variance", default=1e-5, above=0)
    weight: bool = flag("multiplies each feature by a learned number", default=True)
    bias: bool = flag("adds a learned number to each feature", default=True)
    init: Declared | None = initial("how the weight starts; by default 1", default=None)

    ports = (Port("x", ranks=(1, 2, 3, 4, 5)),)
    cases = (
        Case("layer_norm", "[8]", "[8]", nodes=1),
        Case("layer_norm", "[7, 8]", "[7, 8]", nodes=1),
        Case("layer_norm(eps=1e-3)", "[2, H, 8]", "[2, H, 8]", nodes=1),
        Case("layer_norm(axis=0, eps=1e-6)", "[8, 4, 5]", "[8, 4, 5]", nodes=3),
        Case("layer_norm(axis=0)", "[8, H, W]", "[8, H, W]", nodes=3),
        Case("layer_norm(axis=1)", "[3, 8, 4, 2]", "[3, 8, 4, 2]", nodes=3),
        Case("layer_norm(axis=0)", "[8]", "[8]", nodes=1),
        Case("layer_norm(axis=(0, 1, 2))", "[2, 3, 4]", "[2, 3, 4]", nodes=1),
        Case("layer_norm(axis=(-2, -1), bias=false)", "[H, 3, 4]", "[H, 3, 4]", nodes=1),
        Case("layer_norm(bias=false)", "[7, 8]", "[7, 8]", nodes=1),
        Case("layer_norm(weight=false)", "[7, 8]", "[7, 8]", nodes=1),
        Case("layer_norm(weight=false, bias=false)", "[7, 8]", "[7, 8]", nodes=1),
        Case("layer_norm(axis=0, weight=false)", "[8, 4, 5]", "[8, 4, 5]", nodes=3),
        Case("layer_norm(init=0.5)", "[8]", "[8]", nodes=1),
        Case("layer_norm(axis=(0, 1))", "[2, 3, 4]", refused="NN308"),
        Case("layer_norm(axis=(2, 2))", "[2, 3, 4]", refused="NN308"),
        Case("layer_norm(axis=2)", "[7, 8]", refused="NN308"),
        Case("layer_norm", "[7, H]", refused="NN306"),
        Case("layer_norm(weight=false, init=1)", "[8]", refused="NN336"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        normed_axes(rules, self.axis, x)
        require_weight(rules, self.weight, self.init)
        return (x,)

    def arrays(self, x: TensorType) -> Iterable[Weight]:
        features = self.features(x, self.axis)
        if self.weight:
            yield Weight("weight", features, self.init or Fill(1.0), fan_in=1, fan_out=1)
        if self.bias:
            yield Weight("bias", features, Fill(0.0))

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes" if axis in axes_of(self.axis, x.rank) else "each"

    def nodes(self, x: TensorType) -> int:
        axes = axes_of(self.axis, x.rank)
        return 1 if len(axes) > 1 or axes[0] == x.rank - 1 else 3

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        features = self.features(x.type, self.axis)
        at = axes_of(self.axis, x.type.rank)[0]
        moved = len(features) == 1 and at != x.type.rank - 1
        y = w.method(x, "transpose", at + 1, -1) if moved else x
        if self.weight:
            sizes = features[0] if len(features) == 1 else features
            y = w.module("nn.LayerNorm", sizes, eps=self.eps, bias=self.bias)(y)
        else:
            bias = w.weight("bias") if self.bias else None
            y = w.call("F.layer_norm", y, features, bias=bias, eps=self.eps)
        return w.method(y, "transpose", at + 1, -1) if moved else y

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        features = self.features(x.type, self.axis)
        at = axes_of(self.axis, x.type.rank)[0]
        ones = (1.0,) * product_of(features)
        scale = w.weight("weight") if self.weight else w.floats(*ones, shape=features)
        bias = w.weight("bias") if self.bias else None
        eps = float(self.eps)
        if len(features) > 1 or at == x.type.rank - 1:
            return w.op(
                "LayerNormalization", x, scale, bias, axis=-len(features), epsilon=eps, type=x.type
            )
        type, order = swapped(x.type, at)
        y = w.op("Transpose", x, perm=order, type=type)
        y = w.op("LayerNormalization", y, scale, bias, axis=-1, epsilon=eps, type=type)
        return w.op("Transpose", y, perm=order, type=x.type)


def product_of(sizes: Ints) -> int:
    """How many numbers there are."""
    count = 1
    for n in sizes:
        count *= n
    return count


FINEST = 2.0**-23
"""The step from 1 to the next float32, which PyTorch adds unless told otherwise."""


@layer("rms_norm")
class RmsNorm(FeatureNorm):
    """Each sample's features divided by their root mean square, then scaled.

    Features are the last axis, the others are batch: [C], [T, C], ..., the shape stays; axes as in
    `layer_norm`. Zhang and Sennrich, 2019. PyTorch: nn.RMSNorm; ONNX: composed.
    """

    axis: Sizes = sizes("the axis of features, or several: the last ones", default=-1, least=-5)
    eps: float = real("added to the mean of squares", default=FINEST, above=0)
    weight: bool = flag("multiplies each feature by a learned number", default=True)
    init: Declared | None = initial("how the weight starts; by default 1", default=None)

    ports = (Port("x", ranks=(1, 2, 3, 4, 5)),)
    cases = (
        Case("rms_norm", "[8]", "[8]", nodes=6),
        Case("rms_norm(eps=1e-3)", "[7, 8]", "[7, 8]", nodes=6),
        Case("rms_norm(weight=false)", "[H, 8]", "[H, 8]", nodes=5),
        Case("rms_norm(axis=0)", "[8, 4, 5]", "[8, 4, 5]", nodes=6),
        Case("rms_norm(axis=(-2, -1))", "[H, 3, 4]", "[H, 3, 4]", nodes=6),
        Case("rms_norm(axis=0, weight=false)", "[8, H, W]", "[8, H, W]", nodes=5),
        Case("rms_norm(init=0.5)", "[8]", "[8]", nodes=6),
        Case("rms_norm(axis=3)", "[7, 8]", refused="NN308"),
        Case("rms_norm", "[7, H]", refused="NN306"),
        Case("rms_norm(weight=false, init=1)", "[8]", refused="NN336"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        normed_axes(rules, self.axis, x)
        require_weight(rules, self.weight, self.init)
        return (x,)

    def arrays(self, x: TensorType) -> Iterable[Weight]:
        if self.weight:
            features = self.features(x, self.axis)
            yield Weight("weight", features, self.init or Fill(1.0), fan_in=1, fan_out=1)

    def keeps(self, x: TensorType) -> Kept:
        """Its input, and what the weight multiplies."""
        return Kept(inputs=True, each=4 if self.weight else 0)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes" if axis in axes_of(self.axis, x.rank) else "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        features = self.features(x.type, self.axis)
        eps = None if self.eps == FINEST else self.eps
        at = axes_of(self.axis, x.type.rank)[0]
        moved = len(features) == 1 and at != x.type.rank - 1
        y = w.method(x, "transpose", at + 1, -1) if moved else x
        if self.weight:
            y = w.module("nn.RMSNorm", features[0] if len(features) == 1 else features, eps=eps)(y)
        else:
            y = w.call("F.rms_norm", y, features, eps=eps)
        return w.method(y, "transpose", at + 1, -1) if moved else y

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        axes = axes_of(self.axis, x.type.rank)
        features = self.features(x.type, self.axis)
        kept = x.type.with_dims(*(1 if i in axes else d for i, d in enumerate(x.type.dims)))
        y = w.op("Mul", x, x, type=x.type)
        y = w.op("ReduceMean", y, w.ints(*(at + 1 for at in axes)), type=kept)
        y = w.op("Sqrt", w.op("Add", y, w.floats(float(self.eps)), type=kept), type=kept)
        y = w.op("Div", x, y, type=x.type)
        if not self.weight:
            return y
        behind = (1,) * (x.type.rank - 1 - axes[-1])
        shaped = Transform("reshape", (*features, *behind)) if behind else None
        return w.op("Mul", y, w.weight("weight", shaped), type=x.type)
