"""An axis read backwards."""

from __future__ import annotations

from nnc.ir.arguments import axis
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
from nnc.layers.lengths import spread
from nnc.layers.shape import known_axis

LENGTHS = Port("lengths", ranks=(0,), dtype="int64", optional=True, implied=True)
FIRST = -(2**63)
"""ONNX: up to and with the first."""


@layer("flip")
class Flip(Layer):
    """Reads an axis backwards; of a padded sequence its own steps, what pads it stays behind them.

    [T, C], token[T], ... -> the same shape. PyTorch: flip; ONNX: Slice, or ReverseSequence.
    """

    axis: int = axis("the axis that is read backwards", default=0)

    counted = True
    kept = NOTHING
    ports = (Port("x", ranks=(1, 2, 3, 4, 5), dtype="any"), LENGTHS)
    cases = (
        Case("flip", "[4, 5]", "[4, 5]", nodes=1),
        Case("flip(axis=-1)", "[3, H, W]", "[3, H, W]", nodes=1),
        Case("flip", "token[T]", "token[T]", nodes=1),
        Case("flip(1)", "token[2, 5]", "token[2, 5]", nodes=1),
        Case("flip(axis=2)", "[4, 5]", refused="NN308"),
    )

    def shape(
        self, rules: Rules, x: TensorType, lengths: TensorType | None = None
    ) -> tuple[TensorType, ...]:
        known_axis(rules, self.axis, x.rank)
        return (x,)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "lengths" if axis == self.axis % x.rank else "each"

    def nodes(self, x: TensorType, lengths: TensorType | None = None) -> int:
        return 1 if lengths is None or self.axis % x.rank == 0 else 3

    def torch(self, w: TorchWriter, x: Ref, lengths: Ref | None = None) -> Ref:
        at = self.axis % x.type.rank
        if lengths is None:
            return w.method(x, "flip", at + lead(x.type))
        steps = w.let(w.call("torch.arange", x.type.dims[at], device=w.device(x)), "steps")
        back = w.infix("-", w.infix("-", w.method(lengths, "unsqueeze", 1), 1), steps)
        back = w.let(back, "back")
        own = w.infix(">=", back, 0)
        index = spread(w, w.call("torch.where", own, back, steps), at, x.type.rank)
        return w.method(x, "gather", at + 1, w.method(index, "expand_as", x))

    def onnx(self, w: OnnxWriter, x: Ref, lengths: Ref | None = None) -> Ref:
        at, rank = self.axis % x.type.rank, x.type.rank
        if lengths is None:
            first = lead(x.type)
            ends = (w.ints(-1), w.ints(FIRST), w.ints(at + first), w.ints(-1))
            return w.op("Slice", x, *ends)
        if not at:
            return w.op("ReverseSequence", x, lengths, batch_axis=0, time_axis=1)
        order = (0, at + 1, *(i for i in range(1, rank + 1) if i != at + 1))
        dims = tuple(x.type.dims[i - 1] for i in order[1:])
        x = w.op("Transpose", x, perm=order, type=TensorType(dims, x.type.dtype))
        x = w.op("ReverseSequence", x, lengths, batch_axis=0, time_axis=1, type=x.type)
        return w.op("Transpose", x, perm=[order.index(i) for i in range(rank + 1)])
