"""What has no slope: places of largest numbers, rounding, and values that gradients stop at."""

from __future__ import annotations

from nnc.ir.arguments import axis
from nnc.ir.types import TensorType
from nnc.layers.base import (
    NOTHING,
    VIEW,
    Along,
    Case,
    Layer,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    layer,
)
from nnc.layers.pointwise import Pointwise
from nnc.layers.shape import known_axes
from nnc.layers.window import ints


@layer("argmax")
class Argmax(Layer):
    """The place of the largest number along an axis, counted from 0, as an id; the first of equals.

    [..., C] -> token[...]. Of the smallest: `argmax(-x)`. PyTorch: argmax; ONNX: ArgMax.
    """

    axis: int = axis("the axis that goes", default=-1)

    kept = NOTHING
    ports = (Port("x", ranks=(1, 2, 3, 4, 5)),)
    cases = (
        Case("argmax", "[5]", "token[]", nodes=1),
        Case("argmax(0)", "[4, H]", "token[H]", nodes=1),
        Case("argmax(axis=-2)", "[4, T, 3]", "token[4, 3]", nodes=1),
        Case("argmax", "[2, 4, 5, 3]", "token[2, 4, 5]", nodes=1),
        Case("argmax(1)", "[2, 4, 5, 3, 2]", "token[2, 5, 3, 2]", nodes=1),
        Case("argmax(2)", "[4, 5]", refused="NN308"),
    )

    def _at(self, x: TensorType) -> int:
        return ints(self.axis, 1)[0] % x.rank

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        known_axes(rules, self.axis, x.rank)
        at = self._at(x)
        left = [i for i in range(x.rank) if i != at]
        time = left.index(x.time) if x.time in left else None
        return (TensorType(tuple(x.dims[i] for i in left), "int64", time),)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes" if axis == self._at(x) else "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.method(x, "argmax", dim=self._at(x.type) + 1)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("ArgMax", x, axis=self._at(x.type) + 1, keepdims=0)


@layer("stop_gradient")
class StopGradient(Layer):
    """The value as it is; what it was made of does not learn from what comes behind.

    Any shape. Straight through: `z + stop_gradient(round(z) - z)`. PyTorch: detach; ONNX: nothing.
    """

    elementwise = True
    kept = VIEW
    cases = (
        Case("stop_gradient", "[4, 5]", "[4, 5]", nodes=0),
        Case("stop_gradient", "[H]", "[H]", nodes=0),
    )

    def nodes(self, x: TensorType) -> int:
        return 0

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.method(x, "detach")

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return x


@layer("round")
class Round(Pointwise):
    """The nearest whole number; halves go to the even one. Any shape. ONNX: Round."""

    kept = NOTHING
    kind = "Round"
    cases = (Case("round", "[4, 5]", "[4, 5]", nodes=1), Case("round", "[H]", "[H]", nodes=1))


@layer("floor")
class FloorOf(Pointwise):
    """The largest whole number that is not above. Any shape. ONNX: Floor."""

    kept = NOTHING
    kind = "Floor"
    cases = (Case("floor", "[4, 5]", "[4, 5]", nodes=1), Case("floor", "[H]", "[H]", nodes=1))


@layer("sign")
class Sign(Pointwise):
    """1, 0 or -1: whether a number is above, at or below 0. Any shape. ONNX: Sign."""

    kept = NOTHING
    kind = "Sign"
    cases = (Case("sign", "[4, 5]", "[4, 5]", nodes=1), Case("sign", "[H]", "[H]", nodes=1))
