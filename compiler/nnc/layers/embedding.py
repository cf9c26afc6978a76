"""Vectors for ids: learned ones from a table, or all zeros but one."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, initial, size
from nnc.ir.dims import Dim, symbols
from nnc.ir.initial import Normal, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import (
    NOTHING,
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
from nnc.layers.weighted import Matrix
from nnc.layers.window import number


@layer("embedding")
class Embedding(Matrix):
    """A learned vector for each id, looked up in a table.

    token[...] -> [..., width]: token[] -> [width], token[T] -> [T, width]. For a category column
    of a table write `embedding(DATA.COLUMN.values, 4)`; id 0 is the unknown or missing value.
    PyTorch: nn.Embedding; ONNX: Gather.
    """

    count: Dim = size("how many ids there are")
    width: Dim = size("length of each vector")
    init: Declared | None = initial(default=None)

    ports = (Port("x", dtype="int64"),)
    cases = (
        Case("embedding(9, 4)", "token[]", "[4]", nodes=1),
        Case("embedding(9, 4)", "token[5]", "[5, 4]", nodes=1),
        Case("embedding(9, 4, init=normal(0.02))", "token[T]", "[T, 4]", nodes=1),
        Case("embedding(9, 4, spectral_norm=true)", "token[5]", "[5, 4]", nodes=1),
        Case("embedding(9, 4, weight_norm=true)", "token[]", "[4]", nodes=1),
        Case("embedding(9, 4)", "[5]", refused="NN317"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return (TensorType((*x.dims, self.width), "float32", x.time),)

    def arrays(self, x: TensorType) -> Iterable[Weight]:
        yield Weight("weight", (self.count, self.width), self.init or Normal(1.0))

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.module("nn.Embedding", self.count, self.width)(x)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Gather", w.weight("weight"), x, axis=0)


@layer("one_hot")
class OneHot(Layer):
    """For each id a vector of zeros with a 1 at the id's place.

    token[...] -> [..., classes]: token[T] -> [T, classes]. PyTorch: F.one_hot; ONNX: OneHot.
    """

    classes: Dim = size("how many ids there are")

    kept = NOTHING
    ports = (Port("x", dtype="int64"),)
    cases = (
        Case("one_hot(9)", "token[]", "[9]", nodes=1),
        Case("one_hot(9)", "token[5]", "[5, 9]", nodes=1),
        Case("one_hot(9)", "token[3, T]", "[3, T, 9]", nodes=1),
        Case("one_hot(9)", "[5]", refused="NN317"),
        Case("one_hot(T)", "token[T]", refused="NN306"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        if not any("." in name for name in symbols(self.classes)):  # `poems.vocab` comes later
            number(rules, self.classes, "classes")
        return (TensorType((*x.dims, self.classes), "float32", x.time),)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.method(w.call("F.one_hot", x, self.classes), "float")

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("OneHot", x, w.ints(self.classes), w.floats(0.0, 1.0), axis=-1)
