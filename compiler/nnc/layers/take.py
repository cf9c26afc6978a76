"""Rows of a table by numbers that the network computes: what a formula writes as `table[index]`."""

from __future__ import annotations

from nnc.ir.types import TensorType
from nnc.layers.base import (
    INPUTS,
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
from nnc.layers.rules import OUTSIDE

INT64 = 7
"""TensorProto.INT64."""


@layer("take")
class Take(Layer):
    """Places along axis 0, chosen by another value; a formula writes `table[index]`.

    [N, ...] and whole numbers below N, [...] -> [..., ...]: the axes of the numbers, then those of
    a row. Numbers that are no ids are cut to whole ones. PyTorch: an index; ONNX: Gather, or
    GatherND where each sample has a table and numbers of its own.
    """

    hidden = True
    elementwise = True  # table and numbers may be the same for all samples, or not
    kept = INPUTS
    ports = (Port("x", dtype="any"), Port("index", dtype="any"))
    cases = (
        Case("take", ("[9, 4]", "token[5]"), "[5, 4]", nodes=2),
        Case("take", ("[9]", "token[2, 3]"), "[2, 3]", nodes=2),
        Case("take", ("[9, H]", "token[]"), "[H]", nodes=2),
    )

    def shape(self, rules: Rules, x: TensorType, index: TensorType) -> tuple[TensorType, ...]:
        if not x.rank:
            rules.refuse(OUTSIDE, "one number has no positions", label=f"the value is {x}")
        return (TensorType((*index.dims, *x.dims[1:]), x.dtype),)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes"

    def nodes(self, x: TensorType, index: TensorType) -> int:
        return 1 + (index.dtype != "int64") + (not x.fixed and not index.fixed)

    def torch(self, w: TorchWriter, x: Ref, index: Ref) -> Ref:
        whole = index if index.type.dtype == "int64" else w.method(index, "long")
        return w.take(x, whole)

    def onnx(self, w: OnnxWriter, x: Ref, index: Ref) -> Ref:
        type, whole = index.type, index
        if type.dtype != "int64":
            whole = w.op("Cast", index, to=INT64, type=type)
        if x.type.fixed or type.fixed:
            return w.op("Gather", x, whole, axis=0 if x.type.fixed else 1)
        deep = TensorType((*type.dims, 1), "int64")
        return w.op("GatherND", x, w.op("Unsqueeze", whole, w.ints(-1), type=deep), batch_dims=1)
