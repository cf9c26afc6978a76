"""Positions: what tells the steps of a sequence apart."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, initial, option, size
from nnc.ir.dims import Dim, show
from nnc.ir.initial import Normal, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import NOTHING, Along, Case, OnnxWriter, Port, Ref, Rules, TorchWriter, layer
from nnc.layers.rules import POSITIONS
from nnc.layers.weighted import Weighted
from nnc.layers.window import number


@layer("positions")
class Positions(Weighted):
    """Adds to each step of a sequence a learned vector for its place.

    [T, C] -> [T, C]; T is at most `max`, which may be left out where T is a number. PyTorch: a
    table of [max, C]; ONNX: Add, after a Slice where T is less than `max`.
    """

    kind: str = option("where the vectors come from", ("learned",))
    max: Dim | None = size("the longest sequence; by default T", default=None)
    init: Declared | None = initial("how the table starts; by default normal(0.02)", default=None)

    kept = NOTHING
    ports = (Port("x", ranks=(2,)),)
    cases = (
        Case("positions(learned)", "[5, 8]", "[5, 8]", nodes=1),
        Case("positions(learned, max=9, init=normal(0.1))", "[5, 8]", "[5, 8]", nodes=2),
        Case("positions(learned, max=20)", "[T, 8]", "[T, 8]", nodes=3),
        Case("positions(learned, max=4)", "[5, 8]", refused="NN345"),
        Case("positions(learned)", "[T, 8]", refused="NN345"),
        Case("positions(learned, max=T)", "[T, 8]", refused="NN306"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        steps = x.dims[0]
        if self.max is None:
            if not isinstance(steps, int):
                rules.refuse(
                    POSITIONS,
                    "`positions` needs the longest sequence",
                    label=f"{show(steps)} is known only when the network runs",
                    help="write `positions(learned, max=1024)`",
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

    def _most(self, x: TensorType) -> Dim:
        return x.dims[0] if self.max is None else self.max

    def arrays(self, x: TensorType) -> Iterable[Weight]:
        yield Weight("weight", (self._most(x), x.dims[1]), self.init or Normal(0.02))

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "each"

    def nodes(self, x: TensorType) -> int:
        return 1 + (self._most(x) != x.dims[0])

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        table, steps = w.weight("weight"), x.type.dims[0]
        if self._most(x.type) != steps:
            table = w.method(table, "narrow", 0, 0, steps)
        return w.infix("+", x, table)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        table, steps = w.weight("weight"), x.type.dims[0]
        if self._most(x.type) != steps:
            table = w.op("Slice", table, w.ints(0), w.ints(steps), w.ints(0))
        return w.op("Add", x, table)
