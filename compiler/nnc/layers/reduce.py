"""Layers that take the numbers along axes together: mean, sum, max, min, std."""

from __future__ import annotations

from typing import ClassVar

from nnc.ir.arguments import Sizes, flag, size, sizes
from nnc.ir.dims import Dim, product, show
from nnc.ir.types import TensorType
from nnc.layers.base import (
    NOTHING,
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
from nnc.layers.lengths import OWN, HidePadding, steps
from nnc.layers.rules import TOO_FEW
from nnc.layers.shape import known_axes
from nnc.layers.window import Ints, ints

SOME = (Port("x", ranks=(1, 2, 3, 4, 5)),)


class Reduction(Layer):
    """What reductions share: some axes, or all of a sample, become one number or size 1.

    Of a padded sequence the steps count that are its own.
    """

    axis: Sizes | None = sizes("the axis, or several; without it all", default=None, least=-5)
    keep: bool = flag("the axes stay, with size 1", default=False)

    ports: ClassVar[tuple[Port, ...]] = (*SOME, OWN)
    method: ClassVar[str] = ""
    kind: ClassVar[str] = ""
    neutral: ClassVar[float] = 0.0  # the number that padding holds

    def axes(self, rank: int) -> Ints:
        """The axes in order, counted from 0."""
        if self.axis is None:
            return tuple(range(rank))
        several = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        return tuple(sorted(at % rank for at in ints(several, rank)))

    def reduced(self, x: TensorType, keep: bool) -> TensorType:
        """The type without these axes, or with size 1 there."""
        axes = self.axes(x.rank)
        if keep:
            return x.with_dims(*(1 if at in axes else d for at, d in enumerate(x.dims)))
        left = [at for at in range(x.rank) if at not in axes]
        time = left.index(x.time) if x.time in left else None
        return TensorType(tuple(x.dims[at] for at in left), x.dtype, time)

    def shape(self, rules: Rules, x: TensorType, *_: TensorType | None) -> tuple[TensorType, ...]:
        if self.axis is not None:
            known_axes(rules, self.axis, x.rank)
        return (self.reduced(x, self.keep),)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "lengths" if axis in self.axes(x.rank) else "each"

    def dim(self, x: TensorType) -> int | tuple[int, ...]:
        """PyTorch's axes, the batch counted."""
        axes = tuple(at + 1 for at in self.axes(x.rank))
        return axes[0] if len(axes) == 1 else axes

    def torch(self, w: TorchWriter, x: Ref, own: Ref | None) -> Ref:
        if own is not None:
            x = self._hiding(x, own).torch(w, x, own)
        return w.method(x, self.method, dim=self.dim(x.type), keepdim=self.keep)

    def onnx(self, w: OnnxWriter, x: Ref, own: Ref | None) -> Ref:
        if own is not None:
            x = self._hiding(x, own).onnx(w, x, own)
        return self.reduce(w, self.kind, x, self.keep)

    def torch_count(self, w: TorchWriter, x: Ref, own: Ref, rank: int) -> Ref:
        """How many own numbers of a padded sequence are taken together, of this rank."""
        count = w.method(own, "sum", dim=1)
        for at in range(rank):
            count = w.method(count, "unsqueeze", at + 1)
        others = self._others(x.type, own.type)
        return count if others == 1 else w.infix("*", count, others)

    def onnx_count(self, w: OnnxWriter, x: Ref, own: Ref, rank: int) -> Ref:
        """As `torch_count`."""
        count = w.op("ReduceSum", own, w.ints(1), keepdims=0, type=TensorType(()))
        if rank:
            count = w.op("Unsqueeze", count, w.ints(*(at + 1 for at in range(rank))))
        others = self._others(x.type, own.type)
        if others != 1:
            number = w.op("Cast", w.ints(others), to="float32")
            count = w.op("Mul", count, number)
        return count

    def _others(self, x: TensorType, own: TensorType) -> Dim:
        """How many numbers one step holds of those that are taken together."""
        step_axis = steps(x, own)
        return product(x.dims[at] for at in self.axes(x.rank) if at != step_axis)

    def _hiding(self, x: Ref, own: Ref) -> HidePadding:
        return HidePadding(steps(x.type, own.type), self.neutral)

    def reduce(self, w: OnnxWriter, kind: str, x: Ref, keep: bool) -> Ref:
        """One node that reduces these axes."""
        axes = w.ints(*(at + 1 for at in self.axes(x.type.rank)))
        return w.op(kind, x, axes, keepdims=int(keep), type=self.reduced(x.type, keep))


def _cases(word: str) -> tuple[Case, ...]:
    return (
        Case(word, "[4, 5, 6]", "[]", nodes=1),
        Case(f"{word}(axis=0)", "[4, 5]", "[5]", nodes=1),
        Case(f"{word}(axis=-1, keep=true)", "[4]", "[1]", nodes=1),
        Case(f"{word}(axis=(1, 2))", "[4, H, W]", "[4]", nodes=1),
        Case(f"{word}((0, -1), keep=true)", "[T, 3, 4]", "[1, 3, 1]", nodes=1),
        Case(f"{word}(axis=3)", "[4, 5]", refused="NN308"),
        Case(f"{word}(axis=(0, -2))", "[4, 5]", refused="NN308"),
    )


@layer("mean")
class Mean(Reduction):
    """The mean along axes.

    `mean(axis=0)`: [T, C] -> [C]; `mean`: [C, H, W] -> []. PyTorch: mean; ONNX: ReduceMean.
    """

    kept = NOTHING
    cases = _cases("mean")
    method, kind = "mean", "ReduceMean"

    def torch(self, w: TorchWriter, x: Ref, own: Ref | None) -> Ref:
        if own is None:
            return super().torch(w, x, own)
        total = Sum(self.axis, self.keep).torch(w, x, own)
        rank = self.reduced(x.type, self.keep).rank
        return w.infix("/", total, self.torch_count(w, x, own, rank))

    def onnx(self, w: OnnxWriter, x: Ref, own: Ref | None) -> Ref:
        if own is None:
            return super().onnx(w, x, own)
        reduced = self.reduced(x.type, self.keep)
        total = Sum(self.axis, self.keep).onnx(w, x, own)
        return w.op("Div", total, self.onnx_count(w, x, own, reduced.rank), type=reduced)


@layer("sum")
class Sum(Reduction):
    """The sum along axes; values are summed by `add`.

    `sum(axis=0)`: [T, C] -> [C]; `sum`: [C, H, W] -> []. PyTorch: sum; ONNX: ReduceSum.
    """

    kept = NOTHING
    cases = _cases("sum")
    method, kind = "sum", "ReduceSum"


@layer("max")
class Max(Reduction):
    """The largest number along axes.

    `max(axis=0)`: [T, C] -> [C]; `max`: [C, H, W] -> []. PyTorch: amax; ONNX: ReduceMax.
    """

    kept = Kept(inputs=True, output=True)
    cases = _cases("max")
    method, kind, neutral = "amax", "ReduceMax", float("-inf")


@layer("min")
class Min(Reduction):
    """The smallest number along axes.

    `min(axis=0)`: [T, C] -> [C]; `min`: [C, H, W] -> []. PyTorch: amin; ONNX: ReduceMin.
    """

    kept = Kept(inputs=True, output=True)
    cases = _cases("min")
    method, kind, neutral = "amin", "ReduceMin", float("inf")


@layer("std")
class Std(Reduction):
    """The standard deviation along axes; as in PyTorch, the sum of squares is divided by n - 1.

    `std(axis=0)`: [T, C] -> [C]; `std`: [C, H, W] -> []. PyTorch: std; ONNX: composed.
    """

    correction: Dim = size("what is taken off n; 0 for the biased form", default=1, least=0)

    kept = Kept(inputs=True, output=True)
    cases = (
        Case("std", "[4, 5, 6]", "[]", nodes=4),
        Case("std(axis=0)", "[4, 5]", "[5]", nodes=4),
        Case("std(axis=-1, keep=true)", "[4]", "[1]", nodes=4),
        Case("std(axis=0, correction=0)", "[4, 5]", "[5]", nodes=4),
        Case("std(axis=(1, 2))", "[4, H, W]", "[4]"),
        Case("std(axis=0)", "[1, 5]", refused="NN344"),
        Case("std(axis=3)", "[4, 5]", refused="NN308"),
    )

    def _count(self, x: TensorType) -> Dim:
        return product(x.dims[at] for at in self.axes(x.rank)) - self.correction

    def shape(self, rules: Rules, x: TensorType, *_: TensorType | None) -> tuple[TensorType, ...]:
        out = super().shape(rules, x)
        rules.at_least(
            sum((x.dims[at] - 1 for at in self.axes(x.rank)), 1) - self.correction,
            1,
            TOO_FEW,
            "these are too few numbers for a deviation",
            at="axis",
            label=f"{show(self._count(x) + self.correction)} of them, {self.correction} taken off",
            help="name longer axes, or write `correction=0`",
        )
        return out

    def torch(self, w: TorchWriter, x: Ref, own: Ref | None) -> Ref:
        if own is not None:
            mean = w.let(Mean(self.axis, keep=True).torch(w, x, own), "mean")
            squares = w.method(w.typed(w.infix("-", x, mean), x.type), "square")
            total = Sum(self.axis, self.keep).torch(w, w.typed(squares, x.type), own)
            shape = self.reduced(x.type, self.keep)
            count = w.infix("-", self.torch_count(w, x, own, shape.rank), self.correction)
            return w.method(w.infix("/", total, count), "sqrt")
        kept = {"correction": self.correction, "keepdim": self.keep}
        return w.method(x, "std", dim=self.dim(x.type), **kept)

    def onnx(self, w: OnnxWriter, x: Ref, own: Ref | None) -> Ref:
        if own is not None:
            mean = Mean(self.axis, keep=True).onnx(w, x, own)
            centred = w.op("Sub", x, mean, type=x.type)
            centred = self._hiding(x, own).onnx(w, centred, own)
            length = self.reduce(w, "ReduceL2", centred, self.keep)
            shape = self.reduced(x.type, self.keep)
            own_count = self.onnx_count(w, x, own, shape.rank)
            taken_off = w.floats(float(ints(self.correction, 1)[0]))
            root = w.op("Sqrt", w.op("Sub", own_count, taken_off))
            return w.op("Div", length, root, type=shape)
        centred = w.op("Sub", x, self.reduce(w, "ReduceMean", x, True), type=x.type)
        length = self.reduce(w, "ReduceL2", centred, self.keep)
        count = self._count(x.type)
        if isinstance(count, int):
            root = w.floats(float(count) ** 0.5)
        else:
            root = w.op("Sqrt", w.op("Cast", w.ints(count), to="float32"))
        return w.op("Div", length, root, type=self.reduced(x.type, self.keep))
