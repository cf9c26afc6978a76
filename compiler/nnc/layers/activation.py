"""Activations that everything uses: functions of each element, and softmax along an axis."""

from __future__ import annotations

from nnc.ir.arguments import axis, option, real
from nnc.ir.types import TensorType
from nnc.layers.base import (
    OUTPUT,
    Along,
    Case,
    Kept,
    Layer,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    layer,
)
from nnc.layers.shape import known_axis


@layer("relu")
class Relu(Layer):
    """max(0, x). Any shape. PyTorch: F.relu; ONNX: Relu."""

    elementwise = True
    kept = OUTPUT
    cases = (
        Case("relu", "[6, 5, 5]", "[6, 5, 5]", nodes=1),
        Case("relu", "[H]", "[H]", nodes=1),
        Case("relu", "[]", "[]", nodes=1),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.relu", x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Relu", x)


@layer("leaky_relu")
class LeakyRelu(Layer):
    """x where it is positive, else slope * x (Maas et al., 2013). Any shape. ONNX: LeakyRelu."""

    slope: float = real("factor of negative numbers", default=0.01)

    elementwise = True
    cases = (
        Case("leaky_relu", "[4, 5]", "[4, 5]", nodes=1),
        Case("leaky_relu(0.2)", "[4, H, W]", "[4, H, W]", nodes=1),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.leaky_relu", x, negative_slope=self.slope)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("LeakyRelu", x, alpha=float(self.slope))


@layer("gelu")
class Gelu(Layer):
    """x times the share of normal numbers below x (Hendrycks and Gimpel, 2016).

    Any shape. PyTorch: F.gelu; ONNX: Gelu.
    """

    approximate: str = option(
        "`none` is exact; `tanh` is the approximation that GPT-2 uses",
        ("none", "tanh"),
        default="none",
    )

    elementwise = True
    cases = (
        Case("gelu", "[4, 5]", "[4, 5]", nodes=1),
        Case("gelu(tanh)", "[4, 5]", "[4, 5]", nodes=1),
        Case("gelu(approximate=tanh)", "[H]", "[H]", nodes=1),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.gelu", x, approximate=self.approximate)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Gelu", x, approximate=self.approximate)


@layer("sigmoid")
class Sigmoid(Layer):
    """1 / (1 + exp(-x)), between 0 and 1. Any shape. ONNX: Sigmoid."""

    elementwise = True
    kept = OUTPUT
    cases = (Case("sigmoid", "[4, 5]", "[4, 5]", nodes=1), Case("sigmoid", "[H]", "[H]", nodes=1))

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("torch.sigmoid", x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Sigmoid", x)


@layer("tanh")
class Tanh(Layer):
    """Hyperbolic tangent, between -1 and 1. Any shape. ONNX: Tanh."""

    elementwise = True
    kept = OUTPUT
    cases = (Case("tanh", "[4, 5]", "[4, 5]", nodes=1), Case("tanh", "[H]", "[H]", nodes=1))

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("torch.tanh", x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Tanh", x)


@layer("softmax")
class Softmax(Layer):
    """exp(x) divided by its sum along an axis: positive numbers that add up to 1.

    [C], [T, C], ... -> the same shape. PyTorch: F.softmax; ONNX: Softmax.
    """

    axis: int = axis("the axis that adds up to 1", default=-1)

    padding_is = float("-inf")
    kept = OUTPUT
    ports = (Port("x", ranks=(1, 2, 3, 4, 5)),)
    cases = (
        Case("softmax", "[10]", "[10]", nodes=1),
        Case("softmax(axis=0)", "[4, 5, 6]", "[4, 5, 6]", nodes=1),
        Case("softmax(-2)", "[4, H]", "[4, H]", nodes=1),
        Case("softmax(axis=2)", "[4, 5]", refused="NN308"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        known_axis(rules, self.axis, x.rank)
        return (x,)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "masked" if axis == self.axis % x.rank else "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.softmax", x, dim=self.axis + (self.axis >= 0))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Softmax", x, axis=self.axis + (self.axis >= 0))


@layer("log_softmax")
class LogSoftmax(Layer):
    """The logarithm of `softmax`, computed without its rounding.

    [C], [T, C], ... -> the same shape. PyTorch: F.log_softmax; ONNX: LogSoftmax.
    """

    axis: int = axis("the axis along which probabilities add up to 1", default=-1)

    padding_is = float("-inf")
    kept = OUTPUT
    ports = (Port("x", ranks=(1, 2, 3, 4, 5)),)
    cases = (
        Case("log_softmax", "[10]", "[10]", nodes=1),
        Case("log_softmax(axis=0)", "[4, 5, 6]", "[4, 5, 6]", nodes=1),
        Case("log_softmax(-2)", "[4, H]", "[4, H]", nodes=1),
        Case("log_softmax(axis=2)", "[4, 5]", refused="NN308"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        known_axis(rules, self.axis, x.rank)
        return (x,)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "masked" if axis == self.axis % x.rank else "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.log_softmax", x, dim=self.axis + (self.axis >= 0))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("LogSoftmax", x, axis=self.axis + (self.axis >= 0))


@layer("softsign")
class Softsign(Layer):
    """x / (1 + |x|), between -1 and 1. Any shape. PyTorch: F.softsign; ONNX: Softsign."""

    elementwise = True
    kept = Kept(inputs=True, each=4)  # and 1 + |x|
    cases = (
        Case("softsign", "[4, 5]", "[4, 5]", nodes=1),
        Case("softsign", "[H]", "[H]", nodes=1),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.softsign", x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Softsign", x)
