"""Activations that multiply a value by a gate between 0 and 1, and the cheap gate itself."""

from __future__ import annotations

from nnc.ir.arguments import axis
from nnc.ir.dims import show
from nnc.ir.types import TensorType
from nnc.layers.base import Along, Case, Layer, OnnxWriter, Port, Ref, Rules, TorchWriter, layer
from nnc.layers.rules import PARTS
from nnc.layers.shape import known_axis


@layer("silu")
class Silu(Layer):
    """x * sigmoid(x), also called swish (Ramachandran et al., 2017).

    Any shape. PyTorch: F.silu; ONNX: Sigmoid and Mul.
    """

    elementwise = True
    cases = (Case("silu", "[4, 5]", "[4, 5]", nodes=2), Case("silu", "[H]", "[H]", nodes=2))

    def nodes(self, x: TensorType) -> int:
        return 2

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.silu", x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Mul", x, w.op("Sigmoid", x, type=x.type))


@layer("mish")
class Mish(Layer):
    """x * tanh(softplus(x)) (Misra, 2019). Any shape. PyTorch: F.mish; ONNX: Mish."""

    elementwise = True
    cases = (Case("mish", "[4, 5]", "[4, 5]", nodes=1), Case("mish", "[H]", "[H]", nodes=1))

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.mish", x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Mish", x)


@layer("hard_sigmoid")
class HardSigmoid(Layer):
    """A sigmoid of three straight lines: x / 6 + 1 / 2, cut off at 0 and 1 (Howard et al., 2019).

    Any shape. PyTorch: F.hardsigmoid; ONNX: HardSigmoid.
    """

    elementwise = True
    cases = (
        Case("hard_sigmoid", "[4, 5]", "[4, 5]", nodes=1),
        Case("hard_sigmoid", "[H]", "[H]", nodes=1),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.hardsigmoid", x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("HardSigmoid", x, alpha=1 / 6, beta=0.5)


@layer("hard_swish")
class HardSwish(Layer):
    """x * hard_sigmoid(x) (Howard et al., 2019).

    Any shape. PyTorch: F.hardswish; ONNX: HardSwish.
    """

    elementwise = True
    cases = (
        Case("hard_swish", "[4, 5]", "[4, 5]", nodes=1),
        Case("hard_swish", "[H]", "[H]", nodes=1),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.hardswish", x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("HardSwish", x)


@layer("glu")
class Glu(Layer):
    """The first half along an axis times the sigmoid of the second (Dauphin et al., 2017).

    [..., 2*C] -> [..., C]; for channels first, `glu(axis=0)`: [2*C, L] -> [C, L]. PyTorch: F.glu;
    ONNX: Split, Sigmoid, Mul.
    """

    axis: int = axis("the axis that is cut into halves", default=-1)

    ports = (Port("x", ranks=(1, 2, 3, 4, 5)),)
    cases = (
        Case("glu", "[8]", "[4]", nodes=3),
        Case("glu", "[3, 8]", "[3, 4]", nodes=3),
        Case("glu(axis=0)", "[8, 5, 6]", "[4, 5, 6]", nodes=3),
        Case("glu(0)", "[8, H]", "[4, H]", nodes=3),
        Case("glu", "[3, 2*H]", "[3, H]", nodes=3),
        Case("glu", "[3, 7]", refused="NN339"),
        Case("glu(axis=1)", "[8]", refused="NN308"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        at = known_axis(rules, self.axis, x.rank)
        rules.divisible(
            x.dims[at],
            2,
            PARTS,
            "`glu` needs two halves",
            at="axis",
            label=f"axis {at} has {show(x.dims[at])}, an odd number",
            help=f"give it {show(x.dims[at] * 2)}: what goes through, and its gates",
        )
        return (x.with_dims(*x.dims[:at], x.dims[at] // 2, *x.dims[at + 1 :]),)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes" if axis == self.axis % x.rank else "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.glu", x, dim=self.axis + (self.axis >= 0))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        at = self.axis % x.type.rank
        half = x.type.with_dims(*x.type.dims[:at], x.type.dims[at] // 2, *x.type.dims[at + 1 :])
        y, gate = w.ops("Split", x, outputs=2, axis=at + 1, num_outputs=2)
        return w.op("Mul", y, w.op("Sigmoid", gate, type=half))
