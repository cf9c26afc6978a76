"""Numbers whose count or value follows the sizes of the inputs: made when the network runs."""

from __future__ import annotations

from typing import Any

from nnc.ir.dims import Dim
from nnc.ir.types import TensorType
from nnc.layers.base import NOTHING, Along, Layer, OnnxWriter, Port, Ref, Rules, TorchWriter
from nnc.layers.streaming import Flow, Streamer


class OpenConstant(Layer):
    """`constant ramp: [T] = 0..T`, or the number T itself: the same for all samples.

    Any value, which tells where numbers are kept -> the type without a batch axis. `value` is what
    all are, a number or a size; None: they count from `start`. PyTorch: new_full, torch.arange;
    ONNX: Expand, Range.
    """

    type: TensorType
    value: float | Dim | None = None
    start: int = 0

    word = "constant"
    kept = NOTHING
    ports = (Port("like", dtype="any", fixed=True),)

    def shape(self, rules: Rules, like: TensorType) -> tuple[TensorType, ...]:
        return (self.type.shared(True),)

    def along(self, axis: int, *_: Any) -> Along:
        return "each"

    def stream(self, s: Streamer, like: Flow) -> tuple[Flow | None, ...]:
        s.refuse("this constant follows the sizes of the inputs, of which a step knows its own")

    def nodes(self, like: TensorType) -> int:
        if self.value is None:
            return 2 + (self.type.dtype == "float32") + (self.start != 0)
        if isinstance(self.value, (int, float)):
            return 1
        return 2 + bool(self.type.rank)

    def torch(self, w: TorchWriter, like: Ref) -> Ref:
        if self.value is None:
            made = w.call("torch.arange", self.type.dims[0], device=w.device(like))
            made = made if not self.start else w.infix("+", made, self.start)
            return made if self.type.dtype == "int64" else w.method(made, "float")
        if like.type.dtype == self.type.dtype:
            ids = isinstance(self.value, float) and like.type.dtype == "int64"
            value = int(self.value) if ids and isinstance(self.value, float) else self.value
            return w.method(like, "new_full", self.type.dims, value)
        if not isinstance(self.value, (int, float)):  # a size, exact as a whole number
            return w.method(w.method(like, "new_full", self.type.dims, self.value), "float")
        value = int(self.value) if self.type.dtype == "int64" else float(self.value)
        return w.call("torch.full", self.type.dims, value, device=w.device(like))

    def onnx(self, w: OnnxWriter, like: Ref) -> Ref:
        dtype, whole = self.type.dtype, TensorType((), "int64", fixed=True)
        if self.value is None:
            count = w.op("Squeeze", w.ints(self.type.dims[0]), w.ints(0), type=whole)
            counted = self.type.with_dims(*self.type.dims)
            made = w.op("Range", w.integer(0), count, w.integer(1), type=counted)
            if self.start:
                made = w.op("Add", made, w.integer(self.start), type=counted)
            return made if dtype == "int64" else w.op("Cast", made, to="float32")
        if isinstance(self.value, (int, float)):
            one = w.ints(int(self.value)) if dtype == "int64" else w.floats(float(self.value))
        else:
            one = w.op("Squeeze", w.ints(self.value), w.ints(0), type=whole)
            one = w.op("Cast", one, to=dtype, type=TensorType((), dtype, fixed=True))
        return w.op("Expand", one, w.ints(*self.type.dims)) if self.type.rank else one
