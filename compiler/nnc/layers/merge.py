"""Layers that lay values side by side: concat."""

from __future__ import annotations

from nnc.diagnostics import Rule
from nnc.ir.arguments import axis
from nnc.ir.dims import show
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
    lead,
)
from nnc.layers.rules import CONCAT
from nnc.layers.shape import known_axis


def _joins(x: tuple[TensorType, ...], axis: int) -> bool:
    """Whether all sizes but those of one axis are equal."""
    return all(
        t.dims[:axis] + t.dims[axis + 1 :] == x[0].dims[:axis] + x[0].dims[axis + 1 :] for t in x
    )


@layer("concat")
class Concat(Layer):
    """Side by side along an axis.

    [A, ...], [B, ...] -> [A + B, ...], any element type. PyTorch: torch.cat; ONNX: Concat.
    """

    axis: int = axis("the axis along which they are joined", default=0)

    counted = True
    kept = NOTHING
    ports = (Port("x", dtype="any", many=True),)
    cases = (
        Case("concat", ("[4, 5, 5]", "[3, 5, 5]"), "[7, 5, 5]", nodes=1),
        Case("concat", ("[4]", "[3]", "[2]"), "[9]", nodes=1),
        Case("concat(axis=-1)", ("[4, 5]", "[4, 2]"), "[4, 7]", nodes=1),
        Case("concat(axis=1)", ("[4, H]", "[4, 3]"), "[4, H + 3]", nodes=1),
        Case("concat", ("[4, H, W]", "[3, H, W]"), "[7, H, W]", nodes=1),
        Case("concat", ("token[4]", "token[3]"), "token[7]", nodes=1),
        Case("concat", ("[4, 5, 5]", "[4, 5, 6]"), refused="NN332"),
        Case("concat", ("[4, 5, 5]", "[4, 5]"), refused="NN332"),
        Case("concat", ("[4]", "token[4]"), refused="NN332"),
        Case("concat(axis=2)", ("[4]", "[5]"), refused="NN308"),
    )

    def shape(self, rules: Rules, *x: TensorType) -> tuple[TensorType, ...]:
        first = x[0]
        at = known_axis(rules, self.axis, first.rank)
        total = first.dims[at]
        for other in x[1:]:
            what = "numbers of axes" if other.rank != first.rank else "element types"
            if other.rank != first.rank or other.dtype != first.dtype:
                _refuse_join(
                    rules, CONCAT, f"values of different {what} cannot be joined", first, other
                )
            for i, (a, b) in enumerate(zip(first.dims, other.dims)):
                if i != at and a != b:
                    self._require_same(rules, x, other, i)
            total = total + other.dims[at]
        return (first.with_dims(*first.dims[:at], total, *first.dims[at + 1 :]),)

    def _require_same(
        self, rules: Rules, x: tuple[TensorType, ...], other: TensorType, axis: int
    ) -> None:
        fits = [
            i for i in range(other.rank) if all(t.rank == other.rank for t in x) and _joins(x, i)
        ]
        a, b = x[0].dims[axis], other.dims[axis]
        rules.equal(
            a,
            b,
            CONCAT,
            f"these shapes cannot be joined along axis {self.axis}",
            label=f"{x[0]} and {other} differ along axis {axis}: {show(a)} is not {show(b)}",
            help=f"they join along another axis: `concat(axis={fits[0]})`"
            if fits
            else f"only axis {self.axis} may differ; `padding=same` keeps sizes",
        )

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes" if axis == self.axis % x.rank else "each"

    def torch(self, w: TorchWriter, *x: Ref) -> Ref:
        return w.call("torch.cat", list(x), dim=self._dim(x[0].type))

    def onnx(self, w: OnnxWriter, *x: Ref) -> Ref:
        return w.op("Concat", *x, axis=self._dim(x[0].type))

    def _dim(self, x: TensorType) -> int:
        return self.axis if self.axis < 0 else self.axis + lead(x)


def _refuse_join(rules: Rules, rule: Rule, message: str, a: TensorType, b: TensorType) -> None:
    rules.refuse(rule, message, label=f"{a} and {b}")
