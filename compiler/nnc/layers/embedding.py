"""Vectors for ids: learned ones from a table, or all zeros but one."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, Sizes, initial, size, sizes
from nnc.ir.dims import Dim, show, symbols
from nnc.ir.initial import Normal, Weight, ZeroRow
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
from nnc.layers.rules import COUNT, PADDING_ID
from nnc.layers.weighted import Matrix
from nnc.layers.window import number


@layer("embedding")
class Embedding(Matrix):
    """A learned vector for each id, looked up in a table.

    token[...] -> [..., width]: token[] -> [width], token[T] -> [T, width]. For a category column
    of a table write `embedding(DATA.COLUMN.values, 4)`; id 0 is the unknown or missing value. With
    a list of counts each column of token[..., n] has a table of its own; all lie in one weight, the
    first column's on top, so an id that its column does not have is another's. PyTorch:
    nn.Embedding; ONNX: Gather, after an Add for columns.
    """

    count: Sizes = sizes("how many ids there are; a list: one table a column")
    width: Dim = size("length of each vector")
    padding: Dim | None = size(
        "an id whose vector starts as zeros and stays so", default=None, least=0
    )
    init: Declared | None = initial(default=None)

    ports = (Port("x", dtype="int64"),)
    cases = (
        Case("embedding(9, 4)", "token[]", "[4]", nodes=1),
        Case("embedding(9, 4)", "token[5]", "[5, 4]", nodes=1),
        Case("embedding(9, 4, init=normal(0.02))", "token[T]", "[T, 4]", nodes=1),
        Case("embedding(9, 4, padding=0)", "token[T]", "[T, 4]", nodes=1),
        Case("embedding([9, 16, 12], 4)", "token[3]", "[3, 4]", nodes=2),
        Case("embedding([9, 16], 4)", "token[T, 2]", "[T, 2, 4]", nodes=2),
        Case("embedding(9, 4, spectral_norm=true)", "token[5]", "[5, 4]", nodes=1),
        Case("embedding(9, 4, weight_norm=true)", "token[]", "[4]", nodes=1),
        Case("embedding(9, 4)", "[5]", refused="NN317"),
        Case("embedding([9, 16], 4)", "token[3]", refused="NN307"),
        Case("embedding([9, 16], 4)", "token[]", refused="NN307"),
        Case("embedding(9, 4, padding=9)", "token[3]", refused="NN383"),
        Case("embedding([9, 16], 4, padding=0)", "token[2]", refused="NN383"),
        Case("embedding(9, 4, padding=0, weight_norm=true)", "token[3]", refused="NN383"),
    )

    def _counts(self) -> tuple[Dim, ...]:
        return self.count if isinstance(self.count, tuple) else (self.count,)

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        if isinstance(self.count, tuple):
            tables = len(self.count)
            columns = f"{show(x.dims[-1])} columns" if x.rank else "no columns"
            message = f"there are {tables} tables, and {x} has {columns}"
            help = "write one count a column, or one number for ids of one kind"
            if not x.rank:
                rules.refuse(COUNT, message, at="count", help=help)
            rules.equal(x.dims[-1], tables, COUNT, message, at="count", help=help)
        if self.padding is not None:
            self._require_padding(rules, number(rules, self.padding, "padding"))
        return (TensorType((*x.dims, self.width), "float32", x.time),)

    def _require_padding(self, rules: Rules, padding: int) -> None:
        """States that one table has the id, and that its vector may be zeros."""
        problem, help = "", "leave out `padding`"
        if isinstance(self.count, tuple):
            problem = "`padding` is an id of one table, and here are several"
        elif isinstance(self.count, int) and padding >= self.count:
            problem = f"there is no id {padding}: ids go from 0 to {self.count - 1}"
            help = f"write an id below {self.count}, or `count={padding + 1}`"
        elif self.weight_norm:
            problem = "a vector of zeros has no direction, which `weight_norm` learns"
            help = "leave out one of the two"
        if problem:
            rules.refuse(PADDING_ID, problem, at="padding", help=help)

    def arrays(self, x: TensorType) -> Iterable[Weight]:
        init = self.init or Normal(1.0)
        if isinstance(self.padding, int):
            init = ZeroRow(init, self.padding)
        yield Weight("weight", (sum(self._counts()), self.width), init)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "each"

    def nodes(self, x: TensorType) -> int:
        return 2 if isinstance(self.count, tuple) else 1

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        rows = sum(self._counts())
        table = w.module("nn.Embedding", rows, self.width, padding_idx=self.padding)
        if not isinstance(self.count, tuple):
            return table(x)
        return table(w.infix("+", x, w.method(x, "new_tensor", self._starts())))

    def _starts(self) -> list[Dim]:
        """The row where each column's table begins."""
        counts = self._counts()
        return [sum(counts[:at]) for at in range(len(counts))]

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        if isinstance(self.count, tuple):
            x = w.op("Add", x, w.ints(*self._starts()), type=x.type)
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
