"""Layers of one step: what stands for positions and states in a network that streams."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared
from nnc.ir.initial import Frequencies, Normal, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import (
    Case,
    Layer,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    Transform,
    layer,
    required,
)
from nnc.layers.merge import Concat
from nnc.layers.pick import Pick
from nnc.layers.streaming import Flow, Streamer
from nnc.layers.weighted import Weighted
from nnc.record import replace


def with_earlier(s: Streamer, x: Flow, count: int, start: float = 0.0) -> Flow:
    """The value with so many earlier steps before it, which are numbers `start` at first."""
    axis = required(x.axis)
    dims = [*x.type.dims]
    dims[axis] = count
    last = s.state("last", x.type.with_dims(*dims), start)
    (whole,) = s.apply(Concat(axis=axis), last, x)
    (kept,) = s.apply(Pick((*((None, None),) * axis, (1, count + 1))), whole)
    s.keep("last", kept)
    return replace(whole, axis=axis, earlier=x.earlier + count)


@layer("position_step")
class PositionStep(Weighted):
    """Adds to one step the learned vector for its place, which is counted.

    [1, C] and token[] -> [1, C], and the next place, token[]. Weights as those of `positions`.
    PyTorch: F.embedding; ONNX: Gather, Unsqueeze, Add.
    """

    max: int
    init: Declared | None = None

    hidden = True
    ports = (Port("x", ranks=(2,)), Port("step", dtype="int64"))
    results = ("y", "step")
    cases = (Case("position_step(12)", ("[1, 4]", "token[]"), ("[1, 4]", "token[]"), nodes=4),)

    def shape(self, rules: Rules, x: TensorType, step: TensorType) -> tuple[TensorType, ...]:
        return x, step

    def arrays(self, x: TensorType, *_: TensorType) -> Iterable[Weight]:
        yield Weight("weight", (self.max, x.dims[1]), self.init or Normal(0.02))

    def nodes(self, *_: TensorType) -> int:
        return 4

    def torch(self, w: TorchWriter, x: Ref, step: Ref) -> tuple[Ref, ...]:
        y = w.method(w.call("F.embedding", step, w.weight("weight")), "unsqueeze", 1)
        return w.infix("+", x, y), w.infix("+", step, 1)

    def onnx(self, w: OnnxWriter, x: Ref, step: Ref) -> tuple[Ref, ...]:
        row = TensorType((x.type.dims[1],))
        y = w.op("Gather", w.weight("weight"), step, type=row)
        y = w.op("Unsqueeze", y, w.ints(1), type=x.type)
        return (
            w.op("Add", x, y, type=x.type),
            w.op("Add", step, w.integer(1), type=step.type),
        )


@layer("wave_step")
class WaveStep(Layer):
    """Adds to one step the sines and cosines of its place, which is counted.

    [1, C] and token[] -> [1, C], and the next place, token[]. Weights as those of `positions`.
    PyTorch: torch.sin, torch.cos; ONNX: composed of 9 nodes.
    """

    hidden = True
    ports = (Port("x", ranks=(2,)), Port("step", dtype="int64"))
    results = ("y", "step")
    cases = (Case("wave_step", ("[1, 6]", "token[]"), ("[1, 6]", "token[]"), nodes=9),)

    def shape(self, rules: Rules, x: TensorType, step: TensorType) -> tuple[TensorType, ...]:
        return x, step

    def weights(self, x: TensorType, *_: TensorType) -> Iterable[Weight]:
        yield Weight("frequencies", (x.dims[1] // 2,), Frequencies(10_000.0), "frozen")

    def nodes(self, *_: TensorType) -> int:
        return 9

    def torch(self, w: TorchWriter, x: Ref, step: Ref) -> tuple[Ref, ...]:
        angles = w.infix("*", w.method(step, "unsqueeze", 1), w.weight("frequencies"))
        angles = w.let(angles, "angles")
        pair = (w.call("torch.sin", angles), w.call("torch.cos", angles))
        waves = w.method(w.call("torch.stack", pair, dim=-1), "flatten", 1)
        return w.infix("+", x, w.method(waves, "unsqueeze", 1)), w.infix("+", step, 1)

    def onnx(self, w: OnnxWriter, x: Ref, step: Ref) -> tuple[Ref, ...]:
        features = x.type.dims[1]
        type = TensorType((features // 2, 1))
        place = w.op("Unsqueeze", w.op("Cast", step, to="float32"), w.ints(1, 2))
        rates = w.weight("frequencies", Transform("reshape", (-1, 1)))
        angles = w.op("Mul", place, rates, type=type)
        pair = (w.op("Sin", angles, type=type), w.op("Cos", angles, type=type))
        both = w.op("Concat", *pair, axis=-1, type=TensorType((features // 2, 2)))
        waves = w.op("Reshape", both, w.shape(1, features), type=x.type)
        return (
            w.op("Add", x, waves, type=x.type),
            w.op("Add", step, w.integer(1), type=step.type),
        )


@layer("begin")
class Begin(Layer):
    """What a state is that starts from another value: at first that value, later what was kept.

    [...] kept, zeros at first; [...] the value; [] steps so far -> [...], and one step more, [].
    PyTorch: torch.where; ONNX: Where.
    """

    hidden = True
    ports = (Port("kept"), Port("value"), Port("steps", ranks=(0,)))
    results = ("y", "steps")
    cases = (
        Case("begin", ("[2, 3]", "[2, 3]", "[]"), ("[2, 3]", "[]"), nodes=4),
        Case("begin", ("[4]", "[4]", "[]"), ("[4]", "[]"), nodes=4),
    )

    def shape(
        self, rules: Rules, kept: TensorType, value: TensorType, steps: TensorType
    ) -> tuple[TensorType, ...]:
        return kept, steps

    def nodes(self, kept: TensorType, *_: TensorType) -> int:
        return 3 + bool(kept.rank)

    def torch(self, w: TorchWriter, kept: Ref, value: Ref, steps: Ref) -> tuple[Ref, ...]:
        begun = steps
        for _ in range(kept.type.rank):
            begun = w.method(begun, "unsqueeze", -1)
        made = w.call("torch.where", w.infix("!=", begun, 0), kept, value)
        return made, w.infix("+", steps, 1)

    def onnx(self, w: OnnxWriter, kept: Ref, value: Ref, steps: Ref) -> tuple[Ref, ...]:
        begun = w.op("Cast", steps, to="bool")
        if kept.type.rank:
            begun = w.op("Unsqueeze", begun, w.ints(*range(1, kept.type.rank + 1)))
        made = w.op("Where", begun, kept, value, type=kept.type)
        return made, w.op("Add", steps, w.floats(1.0), type=steps.type)
