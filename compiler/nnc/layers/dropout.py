"""Layers that act while training only."""

from __future__ import annotations

from nnc.ir.arguments import option, real
from nnc.ir.types import TensorType
from nnc.layers.base import (
    Along,
    Case,
    Kept,
    Layer,
    OnnxWriter,
    Port,
    Ref,
    TorchWriter,
    layer,
)

MOST_SPACE = 3
"""PyTorch drops channels of values with up to so many axes of space."""


@layer("dropout")
class Dropout(Layer):
    """While training, zeroes elements at random and scales up the others; else passes its input on.

    Any shape. Srivastava et al., 2014. PyTorch: F.dropout; ONNX: nothing.
    """

    p: float = real("share of elements that are zeroed", default=0.5, least=0, most=1)

    alone = False
    kept = Kept(each=4)  # which were zeroed
    cases = (
        Case("dropout", "[4, 5]", "[4, 5]"),
        Case("dropout(0.1)", "[3, H]", "[3, H]"),
        Case("dropout(1.5)", "[4]", refused="NN205"),
    )

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "each"

    def nodes(self, x: TensorType) -> int:
        return 0

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.dropout", x, self.p, training=w.training)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return x


@layer("channel_dropout")
class ChannelDropout(Layer):
    """While training, zeroes whole channels at random and scales up the others.

    [C, L], [C, H, W] or [C, D, H, W], the shape stays. Tompson et al., 2015. PyTorch: F.dropout1d,
    2d, 3d; ONNX: nothing.
    """

    p: float = real("share of channels that are zeroed", default=0.5, least=0, most=1)

    alone = False
    ports = (Port("x", ranks=(2, 3, 4), channels_first=True),)
    cases = (
        Case("channel_dropout", "[4, 5]", "[4, 5]", nodes=0),
        Case("channel_dropout(0.1)", "[3, H, W]", "[3, H, W]", nodes=0),
        Case("channel_dropout", "[4, 2, 3, 2]", "[4, 2, 3, 2]", nodes=0),
        Case("channel_dropout(1.5)", "[4, 5]", refused="NN205"),
    )

    def keeps(self, x: TensorType) -> Kept:
        return Kept(other=4 * x.dims[0])  # which were zeroed

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes" if axis == 0 else "each"

    def nodes(self, x: TensorType) -> int:
        return 0

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call(f"F.dropout{x.type.rank - 1}d", x, self.p, training=w.training)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return x


@layer("stochastic_depth")
class StochasticDepth(Layer):
    """While training, zeroes whole samples (or the whole batch) at random and scales up the others.

    [C], [T, C], [C, H, W], ...: the shape stays. At the end of `residual { }` it skips the residue
    (Huang et al., 2016), as torchvision's StochasticDepth does. PyTorch: F.dropout1d, 2d, 3d, for
    which samples are channels; ONNX: nothing.
    """

    p: float = real("chance to be zeroed", least=0, most=1)
    mode: str = option(
        "zeroes each `row` of the batch alone, or all of it", ("row", "batch"), default="row"
    )

    alone = False
    kept = Kept(other=4)  # whether it was zeroed
    ports = (Port("x", ranks=(1, 2, 3, 4)),)
    cases = (
        Case("stochastic_depth(0.2)", "[4]", "[4]", nodes=0),
        Case("stochastic_depth(0.2)", "[3, H]", "[3, H]", nodes=0),
        Case("stochastic_depth(0.2)", "[4, 5, 6]", "[4, 5, 6]", nodes=0),
        Case("stochastic_depth(0.2)", "[4, 2, W, 2]", "[4, 2, W, 2]", nodes=0),
        Case("stochastic_depth(0.2, mode=row)", "[4]", "[4]", nodes=0),
        Case("stochastic_depth(0.1, batch)", "[4]", "[4]", nodes=0),
        Case("stochastic_depth(0.1, batch)", "[3, H, W]", "[3, H, W]", nodes=0),
        Case("stochastic_depth(2)", "[4]", refused="NN205"),
    )

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "each"

    def nodes(self, x: TensorType) -> int:
        return 0

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        ahead = 1 if self.mode == "row" else 2
        axes = x.type.rank + ahead - 1  # of what PyTorch takes for space
        y = x if axes <= MOST_SPACE else w.method(x, "flatten", 1)
        for _ in range(ahead):
            y = w.method(y, "unsqueeze", 0)
        y = w.call(
            f"F.dropout{axes if axes <= MOST_SPACE else ahead}d", y, self.p, training=w.training
        )
        for _ in range(ahead):
            y = w.method(y, "squeeze", 0)
        return y if axes <= MOST_SPACE else w.view(y, *x.type.dims)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return x
