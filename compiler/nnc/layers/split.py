"""split: one value becomes several."""

from __future__ import annotations

from nnc.ir.arguments import Sizes, axis, sizes
from nnc.ir.dims import Dim, show
from nnc.ir.types import TensorType
from nnc.layers.base import (
    VIEW,
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
from nnc.layers.rules import PARTS, SPLIT_SIZES
from nnc.layers.shape import known_axis
from nnc.layers.window import number


@layer("split")
class Split(Layer):
    """Cuts a value along an axis, into equal parts or parts of these sizes.

    `split(3) as q, k, v`: [3*C, L] -> three times [C, L]; `split([1, 2]) as a, b`: [3, L] ->
    [1, L] and [2, L]. Any element type. PyTorch: chunk, or split; ONNX: Split.
    """

    into: Sizes = sizes("so many equal parts, or the size of each")
    axis: int = axis("the axis that is cut", default=0)

    elementwise = True  # its axes are counted without the batch, whether there is one or not
    kept = VIEW
    parts = True
    ports = (Port("x", dtype="any"),)
    cases = (
        Case("split(3)", "[6, 5]", ("[2, 5]", "[2, 5]", "[2, 5]"), nodes=1),
        Case("split([1, 3, 2])", "[6, 5]", ("[1, 5]", "[3, 5]", "[2, 5]"), nodes=1),
        Case("split(2, axis=-1)", "[T, 6]", ("[T, 3]", "[T, 3]"), nodes=1),
        Case("split((4, 2), axis=1)", "token[3, 6]", ("token[3, 4]", "token[3, 2]"), nodes=1),
        Case("split(2, 1)", "[3, W]", ("[3, W // 2]", "[3, W // 2]"), nodes=1),
        Case("split(4)", "[6, 5]", refused="NN339"),
        Case("split([2, 3])", "[6, 5]", refused="NN372"),
        Case("split(1)", "[6, 5]", refused="NN372"),
        Case("split([2, 3])", "[H, 5]", refused="NN372"),
        Case("split(2, axis=2)", "[6, 5]", refused="NN308"),
        Case("split(H)", "[H, 5]", refused="NN306"),
    )

    def _sizes(self, d: Dim) -> tuple[Dim, ...]:
        """The size of each part."""
        if isinstance(self.into, tuple):
            return self.into
        count = int(self.into) if isinstance(self.into, int) else 1
        return (d // count,) * count

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        at = known_axis(rules, self.axis, x.rank)
        d, label = x.dims[at], f"axis {at} of {x} has {show(x.dims[at])}"
        if isinstance(self.into, tuple):
            total: Dim = 0
            for size in self.into:
                total = total + size
            rules.equal(
                total,
                d,
                SPLIT_SIZES,
                f"the sizes add up to {show(total)}",
                at="into",
                label=label,
                help="write sizes that add up to it",
            )
        else:
            count = number(rules, self.into, "into")
            if count < 2:
                rules.refuse(SPLIT_SIZES, "one part is no split", at="into", help="write 2 or more")
            what = f"{count} equal parts do not fit"
            rules.divisible(
                d, count, PARTS, what, at="into", label=label, help="or write the size of each part"
            )
        return tuple(x.with_dims(*x.dims[:at], size, *x.dims[at + 1 :]) for size in self._sizes(d))

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes" if axis == self.axis % x.rank else "each"

    def torch(self, w: TorchWriter, x: Ref) -> tuple[Ref, ...]:
        dim = self.axis if self.axis < 0 or x.type.fixed else self.axis + 1
        if isinstance(self.into, tuple):
            return w.unpack(w.method(x, "split", list(self.into), dim=dim), _names(len(self.into)))
        count = len(self._sizes(1))
        return w.unpack(w.method(x, "chunk", count, dim=dim), _names(count))

    def onnx(self, w: OnnxWriter, x: Ref) -> tuple[Ref, ...]:
        dim = self.axis if self.axis < 0 or x.type.fixed else self.axis + 1
        parts = self._sizes(x.type.dims[self.axis])
        if isinstance(self.into, tuple):
            return w.ops("Split", x, w.ints(*parts), outputs=len(parts), axis=dim)
        return w.ops("Split", x, outputs=len(parts), axis=dim, num_outputs=len(parts))


def _names(count: int) -> str:
    """Before the equals sign: `q, k, v =`."""
    return ", ".join(["{}"] * count)
