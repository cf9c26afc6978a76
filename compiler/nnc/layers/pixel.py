"""Layers that trade channels for space: pixel_shuffle and pixel_unshuffle."""

from __future__ import annotations

from nnc.ir.arguments import size
from nnc.ir.dims import Dim, show
from nnc.ir.types import TensorType
from nnc.layers.base import NOTHING, Case, Layer, OnnxWriter, Port, Ref, Rules, TorchWriter, layer
from nnc.layers.rules import PARTS
from nnc.layers.window import ints, number

IMAGE = (Port("x", ranks=(3,), channels_first=True),)


@layer("pixel_shuffle")
class PixelShuffle(Layer):
    """Enlarges images by whole factors with numbers that lie in their channels.

    [C*factor*factor, H, W] -> [C, H*factor, W*factor] (Shi et al., 2016). PyTorch: F.pixel_shuffle;
    ONNX: DepthToSpace.
    """

    factor: Dim = size("how many times larger")

    kept = NOTHING
    ports = IMAGE
    cases = (
        Case("pixel_shuffle(2)", "[12, 3, 4]", "[3, 6, 8]", nodes=1),
        Case("pixel_shuffle(3)", "[9, H, W]", "[1, 3*H, 3*W]", nodes=1),
        Case("pixel_shuffle(2)", "[6, 4, 4]", refused="NN339"),
        Case("pixel_shuffle(H)", "[4, H, 4]", refused="NN306"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        factor = number(rules, self.factor, "factor")
        channels, height, width = x.dims
        rules.divisible(
            channels,
            factor * factor,
            PARTS,
            f"`pixel_shuffle({factor})` needs a multiple of {factor * factor} channels",
            at="factor",
            label=f"{show(channels)} come",
            help=f"for 3 channels afterwards put `conv({3 * factor * factor}, 1) ->` before it",
        )
        return (x.with_dims(channels // (factor * factor), height * factor, width * factor),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.pixel_shuffle", x, self.factor)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("DepthToSpace", x, blocksize=ints(self.factor, 1)[0], mode="CRD")


@layer("pixel_unshuffle")
class PixelUnshuffle(Layer):
    """Undoes `pixel_shuffle`: squares of pixels become channels, nothing is lost.

    [C, H, W] -> [C*factor*factor, H // factor, W // factor]. PyTorch: F.pixel_unshuffle; ONNX:
    SpaceToDepth for one channel, else Reshape, Transpose, Reshape.
    """

    factor: Dim = size("how many times smaller")

    kept = NOTHING
    ports = IMAGE
    cases = (
        Case("pixel_unshuffle(2)", "[3, 4, 6]", "[12, 2, 3]", nodes=3),
        Case("pixel_unshuffle(3)", "[1, 6, 9]", "[9, 2, 3]", nodes=1),
        Case("pixel_unshuffle(2)", "[1, H, W]", "[4, H // 2, W // 2]", nodes=1),
        Case("pixel_unshuffle(2)", "[3, H, W]", "[12, H // 2, W // 2]"),
        Case("pixel_unshuffle(2)", "[3, 5, 6]", refused="NN339"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        factor = number(rules, self.factor, "factor")
        channels, *space = x.dims
        for d in space:
            rules.divisible(
                d,
                factor,
                PARTS,
                f"`pixel_unshuffle({factor})` needs sizes that {factor} divides",
                at="factor",
                label=f"{show(d)} is no multiple of {factor}",
                help="pad the image, or resize it before",
            )
        return (x.with_dims(channels * (factor * factor), *(d // factor for d in space)),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.pixel_unshuffle", x, self.factor)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        factor = ints(self.factor, 1)[0]
        channels, height, width = x.type.dims
        if channels == 1:
            return w.op("SpaceToDepth", x, blocksize=factor)
        rows, columns = height // factor, width // factor
        cut = TensorType((channels, rows, factor, columns, factor))
        moved = TensorType((channels, factor, factor, rows, columns))
        y = w.op("Reshape", x, w.shape(*cut.dims), type=cut)
        y = w.op("Transpose", y, perm=(0, 1, 3, 5, 2, 4), type=moved)
        return w.op("Reshape", y, w.shape(channels * (factor * factor), rows, columns))
