"""One step of a recurrent layer, for the braces of a scan: lstm_cell, gru_cell, rnn_cell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from nnc.ir.arguments import Declared, flag, initial, option, size
from nnc.ir.dims import Dim
from nnc.ir.initial import FanUniform, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import (
    Case,
    Kept,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchArg,
    TorchWriter,
    layer,
)
from nnc.layers.rules import STATES
from nnc.layers.weighted import Normed


class Cell(Normed):
    """What the three share: the weights, and the two products of each step."""

    units: Dim = size("numbers that it remembers")
    bias: bool = flag("adds learned numbers", default=True)
    init: Declared | None = initial(
        "how the matrices start; by default as in PyTorch", default=None
    )

    ports: ClassVar[tuple[Port, ...]] = (Port("x"), Port("h"))
    results: ClassVar[tuple[str, ...]] = ("h",)
    aside: ClassVar[bool] = True
    gates: ClassVar[int] = 1
    module: ClassVar[str] = ""

    def shape(self, rules: Rules, x: TensorType, *states: TensorType) -> tuple[TensorType, ...]:
        if x.rank != 1:
            layer = self.word.removesuffix("_cell")
            rules.refuse(
                STATES,
                f"`{self.word}` takes one step, [C], and the value {x} has {x.rank} axes",
                help=f"write it into a `scan {{ ... }}`, or use `{layer}`, which reads all steps",
            )
        wanted = [port.name for port in self.ports[1:]]
        if len(states) < len(wanted):
            texts = ", ".join(wanted)
            rules.refuse(
                STATES,
                f"`{self.word}` takes a step and what it remembers, {' and '.join(wanted)}",
                help=f"write `{self.word}(..., {texts})` with states of a scan, "
                f"or `from x, {texts} -> {self.word}(...)`",
            )
        for name, have in zip(wanted, states):
            if have.dims != (self.units,):
                want = TensorType((self.units,))
                rules.refuse(
                    STATES,
                    f"the state {name} of this `{self.word}` is {want}, not {have}",
                    help="a number for each unit",
                )
        return tuple(TensorType((self.units,)) for _ in self.results)

    def arrays(self, x: TensorType, *_: TensorType) -> Iterable[Weight]:
        high, start = self.gates * self.units, FanUniform()
        for name, dim in (("weight_ih", x.dims[0]), ("weight_hh", self.units)):
            fans = (self.units, 0) if self.init is None else (dim, high)
            yield Weight(name, (high, dim), self.init or start, fan_in=fans[0], fan_out=fans[1])
        if self.bias:
            for name in ("bias_ih", "bias_hh"):
                yield Weight(name, (high,), start, fan_in=self.units)

    def macs(self, x: TensorType, *_: TensorType) -> Dim:
        return self.gates * self.units * (x.dims[0] + self.units)

    def options(self) -> dict[str, TorchArg]:
        """Further arguments of the module."""
        return {}

    def torch(self, w: TorchWriter, x: Ref, *states: Ref) -> Ref | tuple[Ref, ...]:
        make = w.module(self.module, x.type.dims[0], self.units, bias=self.bias, **self.options())
        if len(states) == 1:
            return make(x, states[0])
        return w.unpack(make(x, states), "{}, {}")

    def products(self, w: OnnxWriter, x: Ref, h: Ref) -> tuple[Ref, Ref]:
        """What the step and the memory give to all gates: [gates * units] each."""
        both = []
        for value, end in ((x, "ih"), (h, "hh")):
            bias = w.weight(f"bias_{end}") if self.bias else None
            type = TensorType((self.gates * self.units,))
            weight = w.weight(f"weight_{end}")
            both.append(w.op("Gemm", value, weight, bias, transB=1, type=type))
        return both[0], both[1]

    def apart(self, w: OnnxWriter, x: Ref) -> tuple[Ref, ...]:
        """The gates, each of [units]."""
        return w.ops("Split", x, outputs=self.gates, axis=1, num_outputs=self.gates)


def _normed(word: str, *states: str, nodes: int) -> tuple[Case, ...]:
    inputs = ("[3]", *states)
    return (
        Case(f"{word}(4, spectral_norm=true)", inputs, "[4]", nodes=nodes),
        Case(f"{word}(4, weight_norm=true)", inputs, "[4]", nodes=nodes),
    )


@layer("rnn_cell")
class RnnCell(Cell):
    """One step of `rnn`: the memory is bounded sums of the step and the memory before.

    [C] and the state [units] -> [units]: `rnn_cell(8, h) as h1`. PyTorch: nn.RNNCell; ONNX: two
    Gemm, Add and Tanh or Relu.
    """

    nonlinearity: str = option("what bounds the memory", ("tanh", "relu"), default="tanh")

    cases = (
        Case("rnn_cell(4)", ("[3]", "[4]"), "[4]", nodes=4),
        Case("rnn_cell(4, nonlinearity=relu)", ("[3]", "[4]"), "[4]", nodes=4),
        Case("rnn_cell(4, bias=false, init=normal(0.1))", ("[3]", "[4]"), "[4]", nodes=4),
        *_normed("rnn_cell", "[4]", nodes=4),
        Case("rnn_cell(4)", ("[3]", "[5]"), refused="NN390"),
        Case("rnn_cell(4)", "[3]", refused="NN390"),
        Case("rnn_cell(4)", ("[7, 3]", "[4]"), refused="NN390"),
    )
    module = "nn.RNNCell"

    def options(self) -> dict[str, TorchArg]:
        return {"nonlinearity": self.nonlinearity}

    def onnx(self, w: OnnxWriter, x: Ref, h: Ref) -> Ref:
        total = w.op("Add", *self.products(w, x, h))
        return w.op(self.nonlinearity.capitalize(), total)


@layer("gru_cell")
class GruCell(Cell):
    """One step of `gru`: two gates say what to forget and what to take in.

    [C] and the state [units] -> [units]: `gru_cell(8, h) as h1`. Cho et al., 2014, with the reset
    after the product as in cuDNN. PyTorch: nn.GRUCell; ONNX: Gemm, Split, Sigmoid, Tanh.
    """

    cases = (
        Case("gru_cell(4)", ("[3]", "[4]"), "[4]", nodes=14),
        Case("gru_cell(4, bias=false, init=normal(0.1))", ("[3]", "[4]"), "[4]", nodes=14),
        *_normed("gru_cell", "[4]", nodes=14),
        Case("gru_cell(4)", ("[3]", "[5]"), refused="NN390"),
        Case("gru_cell(4)", "[3]", refused="NN390"),
    )
    module, gates = "nn.GRUCell", 3
    kept = Kept(inputs=True, each=24)  # both gates, both products of the new and itself

    def onnx(self, w: OnnxWriter, x: Ref, h: Ref) -> Ref:
        from_x, from_h = self.products(w, x, h)
        (rx, zx, nx), (rh, zh, nh) = self.apart(w, from_x), self.apart(w, from_h)
        reset = w.op("Sigmoid", w.op("Add", rx, rh))
        update = w.op("Sigmoid", w.op("Add", zx, zh))
        new = w.op("Tanh", w.op("Add", nx, w.op("Mul", reset, nh)))
        return w.op("Add", new, w.op("Mul", update, w.op("Sub", h, new)))


@layer("lstm_cell")
class LstmCell(Cell):
    """One step of `lstm`: a cell whose gates say what to keep, take in and show.

    [C] and the states [units], [units] -> both states: `lstm_cell(8, h, c) as h1, c1`; h1 goes on.
    Hochreiter and Schmidhuber, 1997; Gers et al., 2000. PyTorch: nn.LSTMCell; ONNX: Gemm, Split,
    Sigmoid, Tanh.
    """

    ports = (*Cell.ports, Port("c"))
    results = ("h", "c")
    cases = (
        Case("lstm_cell(4)", ("[3]", "[4]", "[4]"), "[4]", nodes=13),
        Case("lstm_cell(4, bias=false, init=normal(0.1))", ("[3]", "[4]", "[4]"), "[4]", nodes=13),
        *_normed("lstm_cell", "[4]", "[4]", nodes=13),
        Case("lstm_cell(4)", ("[3]", "[4]", "[5]"), refused="NN390"),
        Case("lstm_cell(4)", ("[3]", "[4]"), refused="NN390"),
    )
    module, gates = "nn.LSTMCell", 4
    kept = Kept(inputs=True, each=10)  # four gates and the cell, of two outputs

    def onnx(self, w: OnnxWriter, x: Ref, h: Ref, c: Ref) -> tuple[Ref, Ref]:
        i, f, g, o = self.apart(w, w.op("Add", *self.products(w, x, h)))
        kept = w.op("Mul", w.op("Sigmoid", f), c)
        taken = w.op("Mul", w.op("Sigmoid", i), w.op("Tanh", g))
        cell = w.op("Add", kept, taken)
        return w.op("Mul", w.op("Sigmoid", o), w.op("Tanh", cell)), cell
