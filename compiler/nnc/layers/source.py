"""Values that no step makes: learned weights and constants, and what gives them a batch axis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from nnc.ir.arguments import Declared
from nnc.ir.initial import Role, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import NOTHING, VIEW, Layer, OnnxWriter, Port, Ref, Rules, TorchWriter
from nnc.layers.streaming import Flow, Streamer


class Source(Layer):
    """`weight gamma: [C, 1, 1] = 1e-6`: an array of the module itself, called as it is declared."""

    type: TensorType
    init: Declared

    kept = NOTHING
    ports = ()
    role: ClassVar[Role] = "trained"

    def shape(self, rules: Rules, *_: Any) -> tuple[TensorType, ...]:
        return (self.type.shared(True),)

    def weights(self, *_: Any) -> Iterable[Weight]:
        return (Weight("", self.type.dims, self.init, self.role, self.type.dtype),)

    def nodes(self, *_: Any) -> int:
        return 0

    def torch(self, w: TorchWriter, *_: Any) -> Ref:
        return w.weight("")

    def onnx(self, w: OnnxWriter, *_: Any) -> Ref:
        return w.weight("")


class WeightSource(Source):
    """A learned array: nn.Parameter."""

    word = "weight"


class ConstantSource(Source):
    """An array that stays as it starts: a buffer."""

    word = "constant"
    role = "frozen"


class PerSample(Layer):
    """A value that is the same for all samples, once for each sample of another value.

    [...] without a batch axis, and any value with one -> [...]. PyTorch: expand; ONNX: Expand.
    """

    word = "per_sample"
    kept = VIEW
    ports = (Port("x", dtype="any"), Port("like", dtype="any"))

    def shape(self, rules: Rules, x: TensorType, like: TensorType) -> tuple[TensorType, ...]:
        return (x.shared(False),)

    def stream(self, s: Streamer, x: Flow, like: Flow) -> tuple[Flow | None, ...]:
        return s.same(x, like)  # of `like` only the batch counts

    def torch(self, w: TorchWriter, x: Ref, like: Ref) -> Ref:
        return w.method(x, "expand", w.batch(like), *(-1,) * x.type.rank)

    def onnx(self, w: OnnxWriter, x: Ref, like: Ref) -> Ref:
        return w.op("Expand", x, w.shape(*x.type.dims))


class OneSample(Layer):
    """A value that is the same for all samples, as the one sample of a batch.

    [...] without a batch axis -> [...]. PyTorch: unsqueeze; ONNX: Unsqueeze.
    """

    word = "one_sample"
    ports = (Port("x", dtype="any", fixed=True),)

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return (x.shared(False),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.method(x, "unsqueeze", 0)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Unsqueeze", x, w.ints(0))


class TheSample(Layer):
    """The one sample of a batch, as a value that is the same for all samples.

    [...] -> [...] without a batch axis. PyTorch: squeeze; ONNX: Squeeze.
    """

    word = "the_sample"
    ports = (Port("x", dtype="any"),)

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return (x.shared(True),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.method(x, "squeeze", 0)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Squeeze", x, w.ints(0))
