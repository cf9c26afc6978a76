"""Functions of each number alone: exp, log, sqrt, abs, sin, cos, clamp."""

from __future__ import annotations

from typing import ClassVar

from nnc.ir.arguments import real
from nnc.ir.types import TensorType
from nnc.layers.base import NOTHING, OUTPUT, Case, Layer, OnnxWriter, Ref, Rules, TorchWriter, layer
from nnc.layers.rules import NO_EFFECT, NO_INTERVAL


class Pointwise(Layer):
    """A function with a name of its own in PyTorch and in ONNX."""

    elementwise = True
    kind: ClassVar[str]  # the ONNX operator

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call(f"torch.{self.word}", x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op(self.kind, x)


@layer("exp")
class Exp(Pointwise):
    """e to the power of x. Any shape. ONNX: Exp."""

    kept = OUTPUT
    kind = "Exp"
    cases = (Case("exp", "[4, 5]", "[4, 5]", nodes=1), Case("exp", "[H]", "[H]", nodes=1))


@layer("log")
class Log(Pointwise):
    """Natural logarithm; of numbers above 0. Any shape. ONNX: Log."""

    kind = "Log"
    cases = (
        Case("log", "[4, 5]", "[4, 5]", nodes=1, positive=True),
        Case("log", "[H]", "[H]", nodes=1, positive=True),
    )


@layer("sqrt")
class Sqrt(Pointwise):
    """Square root; of numbers from 0 on. Any shape. ONNX: Sqrt."""

    kept = OUTPUT
    kind = "Sqrt"
    cases = (
        Case("sqrt", "[4, 5]", "[4, 5]", nodes=1, positive=True),
        Case("sqrt", "[H]", "[H]", nodes=1, positive=True),
    )


@layer("abs")
class Abs(Pointwise):
    """The number without its sign. Any shape. ONNX: Abs."""

    kind = "Abs"
    cases = (Case("abs", "[4, 5]", "[4, 5]", nodes=1), Case("abs", "[H]", "[H]", nodes=1))


@layer("sin")
class Sin(Pointwise):
    """Sine, of radians. Any shape. ONNX: Sin."""

    kind = "Sin"
    cases = (Case("sin", "[4, 5]", "[4, 5]", nodes=1), Case("sin", "[H]", "[H]", nodes=1))


@layer("cos")
class Cos(Pointwise):
    """Cosine, of radians. Any shape. ONNX: Cos."""

    kind = "Cos"
    cases = (Case("cos", "[4, 5]", "[4, 5]", nodes=1), Case("cos", "[H]", "[H]", nodes=1))


@layer("neg")
class Neg(Pointwise):
    """x with the other sign; a formula writes `-x`. Any shape. ONNX: Neg."""

    kept = NOTHING
    hidden = True
    kind = "Neg"
    cases = (Case("neg", "[4, H]", "[4, H]", nodes=1),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.infix("-", x)


@layer("clamp")
class Clamp(Layer):
    """Numbers below `min` become `min`, those above `max` become `max`. Any shape. ONNX: Clip."""

    min: float | None = real("the least number", default=None)
    max: float | None = real("the largest number", default=None)

    elementwise = True
    cases = (
        Case("clamp(0, 1)", "[4, 5]", "[4, 5]", nodes=1),
        Case("clamp(min=-0.5)", "[4, H]", "[4, H]", nodes=1),
        Case("clamp(max=0.5)", "[4, H]", "[4, H]", nodes=1),
        Case("clamp", "[4]", refused="NN336"),
        Case("clamp(1, 0)", "[4]", refused="NN348"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        if self.min is None and self.max is None:
            rules.refuse(
                NO_EFFECT, "`clamp` without bounds does nothing", help="write `clamp(min=0, max=1)`"
            )
        if self.min is not None and self.max is not None and self.min > self.max:
            rules.refuse(
                NO_INTERVAL,
                "no number lies between these bounds",
                at="max",
                label=f"`min` is {self.min:g}",
                help="write the smaller one first: `clamp(0, 1)`",
            )
        return (x,)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("torch.clamp", x, min=self.min, max=self.max)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        bounds = (None if v is None else w.floats(float(v)) for v in (self.min, self.max))
        return w.op("Clip", x, *bounds)
