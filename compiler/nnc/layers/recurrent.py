"""Layers that read a sequence step by step and remember: rnn, gru, lstm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from nnc.ir.arguments import Declared, flag, initial, option, real, size
from nnc.ir.dims import Dim
from nnc.ir.initial import FanUniform, ForgetGate, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import (
    Along,
    Case,
    Kept,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchArg,
    TorchWriter,
    layer,
    required,
)
from nnc.layers.recurrent_onnx import lower, node_count
from nnc.layers.rules import NO_EFFECT, STATES
from nnc.layers.streaming import Flow, Streamer, alone
from nnc.layers.weighted import Normed
from nnc.layers.window import ints, number

PACK, UNPACK = "nn.utils.rnn.pack_padded_sequence", "nn.utils.rnn.pad_packed_sequence"
SEQUENCE = Port("x", ranks=(2,))
LENGTHS = Port("lengths", ranks=(0,), dtype="int64", optional=True, implied=True)


class Recurrent(Normed):
    """What the three share: layers on top of each other, both directions, states in and out.

    A norm of weights is one of each matrix.
    """

    units: Dim = size("numbers that it remembers")
    layers: Dim = size("layers on top of each other", default=1)
    bidirectional: bool = flag("a second reader goes from the end to the start", default=False)
    dropout: float = real(
        "share of the numbers between layers that is zeroed while training",
        default=0.0,
        least=0,
        below=1,
    )
    bias: bool = flag("adds learned numbers", default=True)
    keep: str = option("the output of all steps, or of the last", ("all", "last"), default="all")
    init: Declared | None = initial(
        "how the matrices start; by default as in PyTorch", default=None
    )

    ports: ClassVar[tuple[Port, ...]] = (SEQUENCE, Port("h", optional=True), LENGTHS)
    results: ClassVar[tuple[str, ...]] = ("y", "h")
    aside = True
    module: ClassVar[str] = ""
    kind: ClassVar[str] = ""
    inner: ClassVar[int] = 1  # numbers a unit that are kept at each step
    gates: ClassVar[tuple[int, ...]] = (0,)  # where PyTorch has the gates that ONNX wants

    @property
    def directions(self) -> int:
        """1, or 2 where it reads both ways."""
        return 2 if self.bidirectional else 1

    @property
    def count(self) -> int:
        """How many states of `units` numbers it keeps."""
        return ints(self.layers, 1)[0] * self.directions

    def state(self) -> TensorType:
        """[units], or one for each layer and direction, in PyTorch's order."""
        return TensorType((self.units,) if self.count == 1 else (self.count, self.units))

    def shape(
        self, rules: Rules, x: TensorType, *states: TensorType | None
    ) -> tuple[TensorType, ...]:
        number(rules, self.layers, "layers")
        if self.dropout and number(rules, self.layers, "layers") == 1:
            rules.refuse(
                NO_EFFECT,
                "`dropout` acts between layers, and there is one",
                at="dropout",
                help=f"write `layers=2`, or `-> dropout({self.dropout:g})` after it",
            )
        given = states[: len(self.results) - 1]
        if any(given) and not all(given):
            rules.refuse(
                STATES,
                f"`{self.word}` starts from h and c together, and one comes",
                help=f"give both: `{self.word}(units, h, c)`; or none, to start from zeros",
            )
        for name, have in zip(self.results[1:], given):
            want = self.state()
            if have is not None and have.dims != want.dims:
                rules.refuse(
                    STATES,
                    f"the state {name} of this `{self.word}` is {want}, not {have}",
                    help="a number for each unit; with several layers or directions, a row each",
                )
        features = self.units * self.directions
        if self.keep == "last":
            y = TensorType((features,))
        else:
            y = x.with_dims(x.dims[0], features)
        return (y, *(self.state() for _ in self.results[1:]))

    def rows(self, x: TensorType) -> Iterator[tuple[str, Dim]]:
        """The ending of the weights' names, and the inputs, of each layer and direction."""
        for at in range(ints(self.layers, 1)[0]):
            for end in ("", "_reverse")[: self.directions]:
                yield f"l{at}{end}", self.units * self.directions if at else x.dims[-1]

    def arrays(self, x: TensorType, *_: TensorType | None) -> Iterable[Weight]:
        start, high = FanUniform(), len(self.gates) * self.units
        for end, inputs in self.rows(x):
            for name, dim in (("weight_ih", inputs), ("weight_hh", self.units)):
                fans = (self.units, 0) if self.init is None else (dim, high)
                init = self.init or start
                yield Weight(f"{name}_{end}", (high, dim), init, fan_in=fans[0], fan_out=fans[1])
            if self.bias:
                for name in ("bias_ih", "bias_hh"):
                    begin = self.begin(name) or start
                    yield Weight(f"{name}_{end}", (high,), begin, fan_in=self.units)

    def begin(self, bias: str) -> Declared | None:
        """How a bias starts, if not as in PyTorch."""
        return None

    def macs(self, x: TensorType, *_: TensorType | None) -> Dim:
        high = len(self.gates) * self.units
        return sum((high * (n + self.units) for _, n in self.rows(x)), 0) * x.dims[0]

    def keeps(self, x: TensorType, *states: TensorType | None) -> Kept:
        """Of each layer and direction, at each step, its input, gates and memories.

        So PyTorch itself does it; oneDNN, which reads an `lstm` on a CPU, keeps twice as much.
        """
        between = ints(self.layers, 1)[0] - 1
        features = self.units * self.directions
        cells = x.dims[-1] * self.directions + between * features  # a copy for each reader
        cells = cells + self.count * self.units * self.inner
        if self.dropout:
            cells = cells + between * features
        return Kept(other=4 * cells * x.dims[0])

    # --- PyTorch ---------------------------------------------------------------------------------

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "lengths" if axis == 0 else "mixes"

    def stream(self, s: Streamer, x: Flow, *given: Flow | None) -> tuple[Flow | None, ...]:
        if x.axis != 0:
            s.refuse(f"`{self.word}` reads the steps of axis 0, and time is another axis")
        if self.bidirectional:
            s.refuse(
                f"a bidirectional `{self.word}` reads from the end, which has not come yet",
                "leave out `bidirectional=true`",
            )
        if self.keep == "last":
            s.refuse(
                "`keep=last` waits for the end of the sequence",
                "leave it out: then each step has an output",
            )
        alone(s, x, self.word)
        names = self.results[1:]
        starts = given[: len(names)]
        states = tuple(s.state(name, self.state(), given=h) for name, h in zip(names, starts))
        y, *after = s.same(x, *states, None)
        for name, value in zip(names, after):
            s.keep(name, required(value))
        return (y, *(None for _ in names))

    def torch(self, w: TorchWriter, x: Ref, *states: Ref | None) -> tuple[Ref, ...]:
        *given, lengths = states
        make = w.module(
            self.module,
            x.type.dims[-1],
            self.units,
            num_layers=self.layers,
            bias=self.bias,
            batch_first=True,
            dropout=self.dropout,
            bidirectional=self.bidirectional,
            **dict(self._options()),
        )
        read, steps = x, x.type.dims[0]
        if lengths is not None:
            on_cpu = w.method(lengths, "cpu")
            read = w.call(
                "nn.utils.rnn.pack_padded_sequence",
                x,
                on_cpu,
                batch_first=True,
                enforce_sorted=False,
            )
        first = tuple(self._stacked(w, h) for h in given if h is not None)
        start: tuple[TorchArg, ...] = () if not first else (first if len(first) > 1 else first[0],)
        nest = "{}, ({}, {})" if len(self.results) > 2 else "{}, {}"
        y, *last = w.unpack(make(read, *start), nest)
        if self.keep == "last":
            y = self._ends(w, last[0])
        elif lengths is not None:
            y, _ = w.unpack(
                w.call("nn.utils.rnn.pad_packed_sequence", y, batch_first=True, total_length=steps),
                "{}, {}",
            )
        return (y, *(self._per_sample(w, h) for h in last))

    def _options(self) -> Iterator[tuple[str, TorchArg]]:
        """Further arguments of the module."""
        return iter(())

    def _stacked(self, w: TorchWriter, h: Ref) -> Ref:
        """[batch, rows, units] -> [rows, batch, units]."""
        if self.count == 1:
            return w.method(h, "unsqueeze", 0)
        return w.method(w.method(h, "transpose", 0, 1), "contiguous")

    def _per_sample(self, w: TorchWriter, h: Ref) -> Ref:
        return w.method(h, "squeeze", 0) if self.count == 1 else w.method(h, "transpose", 0, 1)

    def _ends(self, w: TorchWriter, h: Ref) -> Ref:
        """The last memories of the topmost layer, of [rows, batch, units]."""
        rows = w.typed(h, TensorType((), fixed=True))
        if self.directions == 1:
            return w.index(rows, -1)
        return w.call("torch.cat", (w.index(rows, -2), w.index(rows, -1)), dim=1)

    def nodes(self, x: TensorType, *states: TensorType | None) -> int:
        """For the output alone: what gives the last states is left out where nothing reads it."""
        return node_count(self, states[:-1], states[-1] is not None)

    # --- ONNX ------------------------------------------------------------------------------------

    def attributes(self) -> dict[str, object]:
        """Further attributes of the operator."""
        return {}

    def onnx(self, w: OnnxWriter, x: Ref, *states: Ref | None) -> tuple[Ref, ...]:
        return lower(self, w, x, states[:-1], states[-1])


def _cases(word: str) -> tuple[Case, ...]:
    return (
        Case(f"{word}(4)", "[5, 3]", "[5, 4]", nodes=4),
        Case(f"{word}(4)", "[T, 3]", "[T, 4]", nodes=4),
        Case(f"{word}(4, keep=last)", "[5, 3]", "[4]", nodes=3),
        Case(f"{word}(4, layers=2)", "[5, 3]", "[5, 4]", nodes=6),
        Case(f"{word}(4, layers=3, dropout=0.5, keep=last)", "[T, 3]", "[4]", nodes=7),
        Case(f"{word}(4, bidirectional=true)", "[5, 3]", "[5, 8]", nodes=5),
        Case(f"{word}(4, bidirectional=true, keep=last)", "[T, 3]", "[8]", nodes=4),
        Case(f"{word}(4, layers=3, bidirectional=true)", "[T, 3]", "[T, 8]", nodes=11),
        Case(f"{word}(4, bias=false, init=normal(0.1))", "[5, 3]", "[5, 4]", nodes=4),
        Case(f"{word}(4, layers=2, weight_norm=true)", "[5, 3]", "[5, 4]", nodes=6),
        Case(f"{word}(4, bidirectional=true, spectral_norm=true)", "[T, 3]", "[T, 8]", nodes=5),
        Case(f"{word}(layers=T, units=4)", "[T, 3]", refused="NN306"),
        Case(f"{word}(4)", "[3]", refused="NN316"),
        Case(f"{word}(4)", "[3, 8, 8]", refused="NN316"),
    )


@layer("rnn")
class Rnn(Recurrent):
    """Reads a sequence step by step; each step's output is its memory at the next (Elman, 1990).

    [T, C] -> [T, units], or [units] with `keep=last`; both directions stand beside each other:
    [T, 2*units]. `rnn(8) as out, h` names the last memory too, `rnn(8, h)` starts from one.
    PyTorch: nn.RNN; ONNX: RNN.
    """

    nonlinearity: str = option("what bounds the memory", ("tanh", "relu"), default="tanh")

    cases = (
        *_cases("rnn"),
        Case("rnn(4, nonlinearity=relu)", "[5, 3]", "[5, 4]", nodes=4),
        Case("rnn(4)", ("[5, 3]", "[4]"), "[5, 4]", nodes=5),
        Case("rnn(4)", ("[5, 3]", "[5]"), refused="NN390"),
        Case("rnn(4, dropout=0.5)", "[5, 3]", refused="NN336"),
    )
    module, kind = "nn.RNN", "RNN"

    def _options(self) -> Iterator[tuple[str, TorchArg]]:
        yield "nonlinearity", self.nonlinearity

    def attributes(self) -> dict[str, object]:
        return {"activations": (self.nonlinearity.capitalize(),) * self.directions}


@layer("gru")
class Gru(Recurrent):
    """Reads a sequence step by step with two gates: what to forget and what to take in.

    [T, C] -> [T, units], or [units] with `keep=last`; both directions stand beside each other:
    [T, 2*units]. `gru(8) as out, h` names the last memory too, `gru(8, h)` starts from one. Cho et
    al., 2014, with the reset after the product as in cuDNN. PyTorch: nn.GRU; ONNX: GRU.
    """

    cases = (
        *_cases("gru"),
        Case("gru(4)", ("[5, 3]", "[4]"), "[5, 4]", nodes=5),
        Case("gru(4, layers=2)", ("[T, 3]", "[2, 4]"), "[T, 4]", nodes=8),
        Case("gru(4)", ("[5, 3]", "[2, 4]"), refused="NN390"),
    )
    module, kind = "nn.GRU", "GRU"
    inner = 7
    gates = (1, 0, 2)

    def attributes(self) -> dict[str, object]:
        return {"linear_before_reset": 1}


@layer("lstm")
class Lstm(Recurrent):
    """Reads a sequence step by step with a cell whose gates say what to keep, take in and show.

    [T, C] -> [T, units], or [units] with `keep=last`; both directions stand beside each other:
    [T, 2*units]. `lstm(8) as out, h, c` names the last states too, `lstm(8, h, c)` starts from
    them. Hochreiter and Schmidhuber, 1997; Gers et al., 2000. PyTorch: nn.LSTM; ONNX: LSTM.
    """

    forget_bias: float | None = real(
        "where the biases of the forget gate start together; by default drawn as the others",
        default=None,
    )

    ports = (SEQUENCE, Port("h", optional=True), Port("c", optional=True), LENGTHS)
    results = ("y", "h", "c")
    cases = (
        *_cases("lstm"),
        Case("lstm(4, forget_bias=1)", "[5, 3]", "[5, 4]", nodes=4),
        Case("lstm(4)", ("[5, 3]", "[4]", "[4]"), "[5, 4]", nodes=6),
        Case(
            "lstm(4, layers=2, bidirectional=true)",
            ("[T, 3]", "[4, 4]", "[4, 4]"),
            "[T, 8]",
            nodes=12,
        ),
        Case("lstm(4)", ("[5, 3]", "[4]"), refused="NN390"),
        Case("lstm(4)", ("[5, 3]", "[4]", "[5]"), refused="NN390"),
    )
    module, kind = "nn.LSTM", "LSTM"
    inner = 7
    gates = (0, 3, 1, 2)

    def begin(self, bias: str) -> Declared | None:
        if self.forget_bias is None:
            return None
        return ForgetGate(4, self.forget_bias if bias == "bias_ih" else 0.0)
