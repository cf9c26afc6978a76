"""Positions: what tells the steps of a sequence apart."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, initial, option, size
from nnc.ir.dims import Dim, show
from nnc.ir.initial import Frequencies, Normal, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import (
    NOTHING,
    Along,
    Case,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    Transform,
    layer,
)
from nnc.layers.rules import NO_EFFECT, PARTS, POSITIONS
from nnc.layers.steps import PositionStep, WaveStep
from nnc.layers.streaming import Flow, Streamer, alone
from nnc.layers.weighted import Weighted
from nnc.layers.window import number

FLOAT = 1
"""TensorProto.FLOAT."""


@layer("positions")
class Positions(Weighted):
    """Adds to each step of a sequence a vector for its place, learned or made of waves.

    [T, C] -> [T, C]. Learned vectors are for `max` places at most, which may be left out where T is
    a number. Waves need no bound: step t has sin(t / 10000^(2i / C)) at 2i and the cosine at 2i + 1
    (Vaswani et al., 2017, 3.5). PyTorch: a table of [max, C], or the frequencies as a buffer; ONNX:
    Add, after a Slice where T is less than `max`; waves are composed.
    """

    kind: str = option("where the vectors come from", ("learned", "sinusoidal"))
    max: Dim | None = size("the longest sequence that is learned; by default T", default=None)
    init: Declared | None = initial("how the table starts; by default normal(0.02)", default=None)

    kept = NOTHING
    ports = (Port("x", ranks=(2,)),)
    cases = (
        Case("positions(learned)", "[5, 8]", "[5, 8]", nodes=1),
        Case("positions(learned, max=9, init=normal(0.1))", "[5, 8]", "[5, 8]", nodes=2),
        Case("positions(learned, max=20)", "[T, 8]", "[T, 8]", nodes=3),
        Case("positions(sinusoidal)", "[300, 8]", "[300, 8]", nodes=6),
        Case("positions(sinusoidal)", "[T, 64]", "[T, 64]", nodes=11),
        Case("positions(learned, max=4)", "[5, 8]", refused="NN345"),
        Case("positions(learned)", "[T, 8]", refused="NN345"),
        Case("positions(learned, max=T)", "[T, 8]", refused="NN306"),
        Case("positions(sinusoidal)", "[5, 7]", refused="NN339"),
        Case("positions(sinusoidal, max=9)", "[5, 8]", refused="NN336"),
        Case("positions(sinusoidal, init=0.1)", "[5, 8]", refused="NN336"),
    )

    @property
    def waves(self) -> bool:
        """Whether nothing is learned."""
        return self.kind == "sinusoidal"

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        if self.waves:
            return self._waves_shape(rules, x)
        steps = x.dims[0]
        if self.max is None:
            if not isinstance(steps, int):
                rules.refuse(
                    POSITIONS,
                    "`positions` needs the longest sequence",
                    label=f"{show(steps)} is known only when the network runs",
                    help="write `positions(learned, max=1024)`, or `positions(sinusoidal)`",
                )
            return (x,)
        most = number(rules, self.max, "max")
        rules.at_least(
            most - steps,
            0,
            POSITIONS,
            "the sequence is longer than `max`",
            at="max",
            label=f"{show(steps)} steps come",
            help=f"write `max={show(steps)}`",
        )
        return (x,)

    def _waves_shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        for name, value in (("max", self.max), ("init", self.init), ("tie", self.tie)):
            if value is not None:
                rules.refuse(
                    NO_EFFECT,
                    f"`{name}` has no effect: sinusoidal positions have no table",
                    at=name,
                    help="leave it out, or write `positions(learned)`",
                )
        rules.divisible(
            x.dims[1],
            2,
            PARTS,
            "sinusoidal positions need an even number of features",
            label=f"{show(x.dims[1])} features come: a sine and a cosine for each frequency",
            help="add one feature before, or use `positions(learned)`",
        )
        return (x,)

    def _most(self, x: TensorType) -> Dim:
        return x.dims[0] if self.max is None else self.max

    def arrays(self, x: TensorType) -> Iterable[Weight]:
        if self.waves:
            yield Weight("frequencies", (x.dims[1] // 2,), Frequencies(10_000.0), "frozen")
        else:
            yield Weight("weight", (self._most(x), x.dims[1]), self.init or Normal(0.02))

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "each"

    def stream(self, s: Streamer, x: Flow) -> tuple[Flow | None, ...]:
        if x.axis != 0:
            s.refuse("`positions` tells the steps of axis 0 apart, and time is another axis")
        alone(s, x, self.word)
        place = s.state("step", TensorType((), "int64"))
        if self.waves:
            y, place = s.apply(WaveStep(), x, place)
        else:
            assert isinstance(self.max, int), "where time has no number `max` is given"
            y, place = s.apply(PositionStep(self.max, self.init, tie=self.tie), x, place)
        s.keep("step", place)
        return (y,)

    def nodes(self, x: TensorType) -> int:
        if self.waves:
            return 6 if isinstance(x.dims[0], int) else 10
        return 1 + (self._most(x) != x.dims[0])

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        if self.waves:
            return self._torch_waves(w, x)
        table, steps = w.weight("weight"), x.type.dims[0]
        if self._most(x.type) != steps:
            table = w.method(table, "narrow", 0, 0, steps)
        return w.infix("+", x, table)

    def _torch_waves(self, w: TorchWriter, x: Ref) -> Ref:
        steps = w.call("torch.arange", x.type.dims[0], device=w.device(x))
        angles = w.infix("*", w.method(steps, "unsqueeze", 1), w.weight("frequencies"))
        angles = w.let(angles, "angles")
        pair = (w.call("torch.sin", angles), w.call("torch.cos", angles))
        return w.infix("+", x, w.method(w.call("torch.stack", pair, dim=-1), "flatten", 1))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        if self.waves:
            return self._onnx_waves(w, x)
        table, steps = w.weight("weight"), x.type.dims[0]
        if self._most(x.type) != steps:
            table = w.op("Slice", table, w.ints(0), w.ints(steps), w.ints(0))
        return w.op("Add", x, table)

    def _onnx_waves(self, w: OnnxWriter, x: Ref) -> Ref:
        """Sines and cosines side by side along an axis of their own, which then vanishes."""
        steps, features = x.type.dims
        type = TensorType((steps, features // 2, 1)).shared(True)
        if isinstance(steps, int):
            place = w.floats(*map(float, range(steps)), shape=(steps, 1, 1))
        else:
            count = w.op("Squeeze", w.ints(steps), w.ints(0))
            place = w.op("Range", w.integer(0), count, w.integer(1))
            place = w.op("Cast", place, to=FLOAT)
            place = w.op("Reshape", place, w.ints(-1, 1, 1))
        rates = w.weight("frequencies", Transform("reshape", (-1, 1)))
        angles = w.op("Mul", place, rates, type=type)
        pair = (w.op("Sin", angles, type=type), w.op("Cos", angles, type=type))
        both = w.op("Concat", *pair, axis=-1, type=type.with_dims(*type.dims[:2], 2))
        table = w.op("Reshape", both, w.ints(-1, features), type=x.type.shared(True))
        return w.op("Add", x, table, type=x.type)
