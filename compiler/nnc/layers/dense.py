"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, flag, initial, size
from nnc.ir.dims import Dim
from nnc.ir.initial import TORCH_WEIGHT, FanUniform, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import (
    Along,
    Case,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    Transform,
    layer,
)
from nnc.layers.weighted import Matrix


@layer("dense")
class Dense(Matrix):
    """Fully connected: each output is a weighted sum of all inputs along the last axis.

    [C] -> [units]; the axes before the last are batch: [T, C] -> [T, units].
    PyTorch: nn.Linear; ONNX: Gemm for one axis, else MatMul and Add (tied: and Transpose).
    """

    units: Dim = size("outputs")
    bias: bool = flag("adds a learned number to each output", default=True)
    init: Declared | None = initial(default=None)

    ports = (Port("x", ranks=(1, 2, 3, 4, 5)),)
    cases = (
        Case("dense(10)", "[84]", "[10]", nodes=1),
        Case("dense(10, bias=false)", "[84]", "[10]", nodes=1),
        Case("dense(10, init=uniform(-0.1, 0.1))", "[84]", "[10]", nodes=1),
        Case("dense(5)", "[7, 12]", "[7, 5]", nodes=2),
        Case("dense(5, bias=false)", "[2, 7, 12]", "[2, 7, 5]", nodes=1),
        Case("dense(5)", "[3, H, 12]", "[3, H, 5]", nodes=2),
        Case("dense(6, spectral_norm=true)", "[7, 12]", "[7, 6]", nodes=2),
        Case("dense(6, weight_norm=true)", "[12]", "[6]", nodes=1),
        Case("dense(5)", "[]", refused="NN316"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return (x.with_dims(*x.dims[:-1], self.units),)

    def arrays(self, x: TensorType) -> Iterable[Weight]:
        features = x.dims[-1]
        init = self.init or TORCH_WEIGHT
        yield Weight("weight", (self.units, features), init, fan_in=features, fan_out=self.units)
        if self.bias:
            yield Weight("bias", (self.units,), FanUniform(), fan_in=features, fan_out=self.units)

    def macs(self, x: TensorType) -> Dim:
        return x.elements * self.units

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes" if axis == x.rank - 1 else "each"

    def nodes(self, x: TensorType) -> int:
        if x.rank == 1:
            return 1
        return 1 + self.bias + (self.tie is not None)  # a tied table is turned as it is read

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.module("nn.Linear", x.type.dims[-1], self.units, bias=self.bias)(x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        if x.type.rank == 1:
            bias = w.weight("bias") if self.bias else None
            return w.op("Gemm", x, w.weight("weight"), bias, transB=1)
        out = x.type.with_dims(*x.type.dims[:-1], self.units)
        y = w.op("MatMul", x, w.weight("weight", Transform("transpose", (1, 0))), type=out)
        return w.op("Add", y, w.weight("bias")) if self.bias else y
