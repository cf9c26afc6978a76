"""Linear units: straight for positive numbers, each with its own way with the others."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, initial, real, size
from nnc.ir.dims import Dim, show
from nnc.ir.initial import Fill, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import (
    Along,
    Case,
    Layer,
    OnnxWriter,
    Ref,
    Rules,
    TorchWriter,
    Transform,
    layer,
)
from nnc.layers.rules import BOUNDS, SLOPES
from nnc.layers.weighted import Weighted
from nnc.layers.window import ints, number


@layer("relu6")
class Relu6(Layer):
    """min(max(0, x), 6) (Krizhevsky, 2010). Any shape. PyTorch: F.relu6; ONNX: Clip."""

    elementwise = True
    cases = (
        Case("relu6", "[4, 5]", "[4, 5]", nodes=1),
        Case("relu6", "[3, H, W]", "[3, H, W]", nodes=1),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.relu6", x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Clip", x, w.floats(0.0), w.floats(6.0))


@layer("prelu")
class Prelu(Weighted):
    """x where it is positive, else a learned slope times x (He et al., 2015).

    Any shape; with one slope a channel [C, ...], axis 0 is channels. PyTorch: nn.PReLU; ONNX:
    PRelu.
    """

    parameters: Dim = size("learned slopes: 1, or one a channel", default=1)
    init: Declared | None = initial("how the slopes start; by default 0.25", default=None)

    cases = (
        Case("prelu", "[4, 5, 6]", "[4, 5, 6]", nodes=1),
        Case("prelu(4)", "[4, 5, 6]", "[4, 5, 6]", nodes=1),
        Case("prelu(parameters=4)", "[4]", "[4]", nodes=1),
        Case("prelu(3, init=0.1)", "[3, H, W]", "[3, H, W]", nodes=1),
        Case("prelu", "[]", "[]", nodes=1),
        Case("prelu", "[H]", "[H]", nodes=1),
        Case("prelu(3)", "[4, 5]", refused="NN337"),
        Case("prelu(3)", "[]", refused="NN337"),
        Case("prelu(C)", "[C, 5]", refused="NN306"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        slopes = number(rules, self.parameters, "parameters")
        channels = x.dims[0] if x.rank else 1
        if slopes != 1:
            rules.equal(
                channels,
                slopes,
                SLOPES,
                f"{slopes} slopes do not fit {x}",
                at="parameters",
                label=f"axis 0 has {show(channels)} channels" if x.rank else "it has no channels",
                help=f"write `prelu({show(channels)})`, or `prelu` for one slope"
                if x.rank
                else "write `prelu`",
            )
        return (x,)

    def arrays(self, x: TensorType) -> Iterable[Weight]:
        yield Weight("weight", (self.parameters,), self.init or Fill(0.25), fan_in=1, fan_out=1)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes" if axis == 0 else "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.module("nn.PReLU", self.parameters)(x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        slopes = ints(self.parameters, 1)[0]
        if slopes == 1 or x.type.rank == 1:
            return w.op("PRelu", x, w.weight("weight"))
        behind = (1,) * (x.type.rank - 1)
        return w.op("PRelu", x, w.weight("weight", Transform("reshape", (slopes, *behind))))


@layer("elu")
class Elu(Layer):
    """x where it is positive, else alpha * (exp(x) - 1) (Clevert et al., 2015).

    Any shape. PyTorch: F.elu; ONNX: Elu.
    """

    alpha: float = real("what large negative numbers tend to, with the sign turned", default=1.0)

    elementwise = True
    cases = (
        Case("elu", "[4, 5]", "[4, 5]", nodes=1),
        Case("elu(0.5)", "[H]", "[H]", nodes=1),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.elu", x, alpha=self.alpha)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Elu", x, alpha=float(self.alpha))


@layer("selu")
class Selu(Layer):
    """The scaled ELU that keeps mean 0 and variance 1 (Klambauer et al., 2017).

    Any shape. PyTorch: F.selu; ONNX: Selu.
    """

    elementwise = True
    cases = (Case("selu", "[4, 5]", "[4, 5]", nodes=1), Case("selu", "[H]", "[H]", nodes=1))

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.selu", x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Selu", x)


@layer("hardtanh")
class Hardtanh(Layer):
    """x, cut off at two bounds. Any shape. PyTorch: F.hardtanh; ONNX: Clip."""

    min: float = real("the lower bound", default=-1.0)
    max: float = real("the upper bound", default=1.0)

    elementwise = True
    cases = (
        Case("hardtanh", "[4, 5]", "[4, 5]", nodes=1),
        Case("hardtanh(-0.5, 0.25)", "[H]", "[H]", nodes=1),
        Case("hardtanh(min=0)", "[4]", "[4]", nodes=1),
        Case("hardtanh(1, -1)", "[4]", refused="NN338"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        if self.min >= self.max:
            rules.refuse(
                BOUNDS,
                "the lower bound must be below the upper one",
                at="max" if self.min == self.max else "min",
                label=f"from {self.min:g} to {self.max:g}",
                help=f"write `hardtanh({self.max:g}, {self.min:g})`"
                if self.min > self.max
                else "use two different numbers",
            )
        return (x,)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.hardtanh", x, min_val=float(self.min), max_val=float(self.max))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Clip", x, w.floats(float(self.min)), w.floats(float(self.max)))


EXACT = 20
"""From here on, log(1 + exp(x)) is x in float32."""


@layer("softplus")
class Softplus(Layer):
    """log(1 + exp(beta * x)) / beta, a smooth ReLU; x itself where beta * x is above a threshold.

    Any shape. PyTorch: F.softplus; ONNX: Softplus.
    """

    beta: float = real("how sharp the bend is", default=1.0, above=0)
    threshold: float = real("where the straight line begins", default=20.0, most=80)

    elementwise = True
    cases = (
        Case("softplus", "[4, 5]", "[4, 5]", nodes=1),
        Case("softplus", "[H]", "[H]", nodes=1),
        Case("softplus(2)", "[4, 5]", "[4, 5]", nodes=3),
        Case("softplus(threshold=1)", "[4, 5]", "[4, 5]", nodes=3),
        Case("softplus(0.5, threshold=0.5)", "[4, H]", "[4, H]", nodes=5),
        Case("softplus(0)", "[4]", refused="NN205"),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.softplus", x, beta=float(self.beta), threshold=float(self.threshold))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        type, beta = x.type, w.floats(float(self.beta))
        scaled = x if self.beta == 1 else w.op("Mul", x, beta, type=type)
        y = w.op("Softplus", scaled, type=type)
        if self.beta != 1:
            y = w.op("Div", y, beta, type=type)
        if self.threshold >= EXACT:
            return y
        straight = w.op("Greater", scaled, w.floats(float(self.threshold)), type=type)
        return w.op("Where", straight, x, y, type=type)
