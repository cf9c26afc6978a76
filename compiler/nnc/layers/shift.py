"""A sequence moved along its first axis."""

from __future__ import annotations

from nnc.ir.arguments import real, size
from nnc.ir.dims import Dim, show
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
from nnc.layers.pick import Pick
from nnc.layers.rules import FILL, SHIFT
from nnc.layers.steps import with_earlier
from nnc.layers.streaming import Flow, Streamer, alone
from nnc.layers.window import number


@layer("shift")
class Shift(Layer):
    """Moves a sequence: each place gets what was some places before it, the first ones `fill`.

    [T, ...] or token[T, ...], the shape stays; a negative number moves towards the beginning, and
    `fill` comes in at the end. A decoder reads its targets so: `shift(1, fill=2)`, where 2 is
    the id that begins a text. PyTorch: F.pad; ONNX: Pad.
    """

    steps: Dim = size("how many places towards the end", least=-(2**31))
    fill: float = real("what comes in: a number, or an id", default=0.0)

    ports = (Port("x", dtype="any"),)
    cases = (
        Case("shift(1)", "[5, 3]", "[5, 3]", nodes=1),
        Case("shift(1, fill=2)", "token[7]", "token[7]", nodes=1),
        Case("shift(2, fill=-1.5)", "[T, 4]", "[T, 4]", nodes=1),
        Case("shift(-1)", "[T]", "[T]", nodes=1),
        Case("shift(-2, fill=3)", "token[T, 3]", "token[T, 3]", nodes=1),
        Case("shift(1, fill=0.5)", "token[7]", refused="NN385"),
        Case("shift(8)", "[7, 3]", refused="NN386"),
        Case("shift(0)", "[7, 3]", refused="NN386"),
        Case("shift(T)", "[T, 3]", refused="NN306"),
        Case("shift(1)", "[]", refused="NN386"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        steps = number(rules, self.steps, "steps")
        if not x.rank:
            rules.refuse(SHIFT, "`shift` moves along an axis, and this value has none")
        if not steps:
            rules.refuse(
                SHIFT, "a shift of 0 moves nothing", at="steps", help="write 1, or leave it out"
            )
        rules.at_least(
            x.dims[0] - abs(steps),
            1,
            SHIFT,
            "nothing of the sequence is left",
            at="steps",
            label=f"of {show(x.dims[0])} places",
            help="move it by less than its length",
        )
        if x.dtype != "float32" and self.fill != int(self.fill):
            rules.refuse(
                FILL, f"{self.fill:g} is no id", at="fill", help="fill ids with a whole number"
            )
        return (x,)

    kept = NOTHING

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "mixes" if axis == 0 and self._sides()[0] < 0 else "each"

    def stream(self, s: Streamer, x: Flow) -> tuple[Flow | None, ...]:
        if x.axis != 0:
            return s.same(x)
        back = self._sides()[0]
        if back < 0:
            s.refuse(
                "a shift towards the beginning reads steps that are still to come",
                f"write `shift({-back})`, which reads earlier ones",
            )
        alone(s, x, self.word)
        both = with_earlier(s, x, back, self.fill)
        (y,) = s.apply(Pick(((0, 1),)), both)
        return (y,)

    def _sides(self) -> tuple[int, int]:
        steps = self.steps
        assert isinstance(steps, int)
        return int(steps), -int(steps)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        sides = (*(0,) * (2 * (x.type.rank - 1)), *self._sides())
        value = int(self.fill) if x.type.dtype != "float32" else self.fill
        return w.call("F.pad", x, sides, value=value or None)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        low, high = self._sides()
        rest = (0,) * (x.type.rank - 1)
        pads = w.ints(0, low, *rest, 0, high, *rest)
        if x.type.dtype != "float32":
            return w.op("Pad", x, pads, w.integer(int(self.fill)))
        return w.op("Pad", x, pads, w.floats(float(self.fill)))
