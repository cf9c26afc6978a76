"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, flag, initial, size
from nnc.ir.dims import Dim
from nnc.ir.initial import TORCH_WEIGHT, FanUniform, Weight
from nnc.ir.types import TensorType
from nnc.layers import computed
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

    [C] -> [units]; the axes before the last are batch: [T, C] -> [T, units]. `weight=w` takes a
    value for its weight, [units, C]. PyTorch: nn.Linear; ONNX: Gemm for one axis, else MatMul and
    Add (tied: and Transpose).
    """

    units: Dim = size("outputs")
    bias: bool = flag("adds a learned number to each output", default=True)
    init: Declared | None = initial(default=None)

    turns = True
    ports = (Port("x", ranks=(1, 2, 3, 4, 5)), computed.WEIGHT)
    cases = (
        Case("dense(10)", "[84]", "[10]", nodes=1),
        Case("dense(10, bias=false)", "[84]", "[10]", nodes=1),
        Case("dense(10, init=uniform(-0.1, 0.1))", "[84]", "[10]", nodes=1),
        Case("dense(5)", "[7, 12]", "[7, 5]", nodes=2),
        Case("dense(5, bias=false)", "[2, 7, 12]", "[2, 7, 5]", nodes=1),
        Case("dense(5)", "[3, H, 12]", "[3, H, 5]", nodes=2),
        Case("dense(6, spectral_norm=true)", "[7, 12]", "[7, 6]", nodes=2),
        Case("dense(6, weight_norm=true)", "[12]", "[6]", nodes=1),
        Case("dense(5, weight=x1)", ("[12]", "[5, 12]"), "[5]", nodes=4),
        Case("dense(5, bias=false, weight=x1)", ("[T, 12]", "[5, 12]"), "[T, 5]", nodes=2),
        Case("dense(5, weight=x1)", ("[3, H, 12]", "[5, 12]"), "[3, H, 5]", nodes=4),
        Case("dense(5, weight=x1)", ("[12]", "[12, 5]"), refused="NN387"),
        Case("dense(5)", "[]", refused="NN316"),
    )

    def shape(
        self, rules: Rules, x: TensorType, weight: TensorType | None = None
    ) -> tuple[TensorType, ...]:
        computed.require_weight(rules, self.word, weight, (self.units, x.dims[-1]))
        return (x.with_dims(*x.dims[:-1], self.units),)

    def arrays(self, x: TensorType, weight: TensorType | None = None) -> Iterable[Weight]:
        return computed.without_weight(self._own(x), weight)

    def _own(self, x: TensorType) -> Iterable[Weight]:
        features = x.dims[-1]
        init = self.init or TORCH_WEIGHT
        yield Weight("weight", (self.units, features), init, fan_in=features, fan_out=self.units)
        if self.bias:
            yield Weight("bias", (self.units,), FanUniform(), fan_in=features, fan_out=self.units)

    def macs(self, x: TensorType, *_: TensorType | None) -> Dim:
        return x.elements * self.units

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes" if axis == x.rank - 1 else "each"

    def nodes(self, x: TensorType, weight: TensorType | None = None) -> int:
        if weight is not None:
            return computed.dense_nodes(x, weight, self.bias)
        if x.rank == 1:
            return 1
        tied = self.tie is not None and not self.tie.turned
        return 1 + self.bias + tied  # a tied table is turned as it is read

    def torch(self, w: TorchWriter, x: Ref, weight: Ref | None = None) -> Ref:
        if weight is not None:
            return computed.torch_dense(w, x, weight, w.weight("bias") if self.bias else None)
        if self.tie is not None and self.tie.turned:
            bias = w.weight("bias") if self.bias else None
            return w.call("F.linear", x, w.weight("weight"), bias)
        return w.module("nn.Linear", x.type.dims[-1], self.units, bias=self.bias)(x)

    def onnx(self, w: OnnxWriter, x: Ref, weight: Ref | None = None) -> Ref:
        if weight is not None:
            return computed.onnx_dense(w, x, weight, w.weight("bias") if self.bias else None)
        turned = self.tie is not None and self.tie.turned
        if x.type.rank == 1:
            bias = w.weight("bias") if self.bias else None
            return w.op("Gemm", x, w.weight("weight"), bias, transB=int(not turned))
        out = x.type.with_dims(*x.type.dims[:-1], self.units)
        columns = w.weight("weight", None if turned else Transform("transpose", (1, 0)))
        y = w.op("MatMul", x, columns, type=out)
        return w.op("Add", y, w.weight("bias")) if self.bias else y
