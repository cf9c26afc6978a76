"""The IR: a graph of graphs. A block is checked once for each (arguments.

Input types) and referred to by calls.

Values of a graph are numbered: first its inputs, then the outputs of its items in order. Items are
in
an order in which they can run. Numbers inside a block's graph may be `Known`: they remember the
expression
over the block's own parameters and dimensions that made them; `Call.bindings` gives the caller's
numbers
for those names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, Union

from nnc.ir.arguments import Declared, Tied
from nnc.ir.dims import Dim
from nnc.ir.initial import Weight
from nnc.ir.types import TensorType
from nnc.record import Record
from nnc.source import NOWHERE, Span


class Operation(Protocol):
    """What the IR knows of a layer; layers/base.py has the rest."""

    @property
    def word(self) -> str:
        """The layer's name in the language."""
        ...

    def weights(self, *x: TensorType | None) -> Iterable[Weight]:
        """The arrays that it owns, in PyTorch's order."""
        ...

    def arrays(self, *x: TensorType | None) -> Iterable[Weight]:
        """The same, and the weight of another layer that it uses."""
        ...

    @property
    def tied(self) -> Tied | None:
        """The weight of another layer that stands for its own `weight`."""
        ...

    def macs(self, *x: TensorType | None) -> Dim:
        """Multiply-adds a sample."""
        ...


class Turn(Record):
    """An item made in turn `index` of a loop.

    `loop` numbers the loop in its graph, `count` is its length.
    """

    loop: int
    index: int
    count: int


class Call(Record):
    """A step that runs another graph. `bindings`.

    The callee's parameter and dimension names, and the
    caller's values for them (numbers may be Known in the caller's terms).
    """

    graph: Graph
    bindings: tuple[tuple[str, object], ...]

    @property
    def word(self) -> str:
        """The block's name."""
        return self.graph.name


class Scan(Call):
    """A step that runs a graph once for each step of its inputs' first axis.

    The item's inputs are the values that are taken apart, an initial value for each state whose
    start is None, then what the body reads of outside, the same at every step. The body's inputs
    are one step of the first, all states, and the last. The body gives its results, then what each
    state is at the next step; the item gives the results stacked along a new first axis, then,
    where `gives`, what the states are in the end.

    Args:
        length: how many steps there are.
        stepped: how many of its inputs are taken apart.
        starts: for each state the number that it starts from, None where an input gives it.
        gives: the last values of the states are outputs.
        carries: in training, states that start from a number go on from window to window of a text.
    """

    length: Dim
    stepped: int
    starts: tuple[float | None, ...] = ()
    gives: bool = False
    carries: bool = False

    @property
    def begun(self) -> int:
        """How many states start from a number."""
        return sum(start is not None for start in self.starts)

    @property
    def state_ports(self) -> tuple[Port, ...]:
        """The body's inputs that are states."""
        return self.graph.inputs[self.stepped : self.stepped + len(self.starts)]

    @property
    def results(self) -> int:
        """How many values the body gives besides its states."""
        return len(self.graph.outputs) - len(self.starts)

    def step_of(self, type: TensorType) -> TensorType:
        """What one step of a value is."""
        return TensorType(type.dims[1:], type.dtype)

    def stacked(self, type: TensorType, time: int | None = None) -> TensorType:
        """The steps' values as one."""
        return TensorType((self.length, *type.dims), type.dtype, time)


class Item(Record):
    """One step of a graph.

    Args:
        name: its place within the graph (`conv1`, `stem`), unique in it.
        op: a layer, or a call of another graph.
        inputs: a value number for each port, None for an optional port left open; a port that takes
        many
            is last and takes the rest.
        outputs: the numbers of the values that it makes.
        span: the step in the source.
        statement: number of the source statement it belongs to; steps of one chain share it.
        instance: name that owns the weights; differs from `name` at the second use of a shared
        step.
        label: the name that `as` gives to its (first) output, or "".
        labels: the names of all outputs, where `as` gives several.
        turns: the loops it was made in, outermost first.
        shared: the name of the `shared` step that it is a use of, or "".
        within: the calls, each a label or "" and a block, whose steps stand in this graph itself.
    """

    name: str
    op: Operation | Call
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]
    span: Span = NOWHERE
    statement: int = 0
    instance: str = ""
    label: str = ""
    turns: tuple[Turn, ...] = ()
    shared: str = ""
    within: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()


class Port(Record):
    """A named input or output of a graph.

    `drawn`: what a noise input is drawn from. `measures`: the padded input whose lengths these are.
    """

    name: str
    value: int
    span: Span = NOWHERE
    drawn: Declared | None = None
    measures: str = ""


class Graph(Record):
    """A network, or a block specialised on its arguments and input types.

    Args:
        name: the block's or network's name.
        params: its parameters and bound dimension names with their values, in order of declaration.
        inputs: ports of the values 0, 1, ..., noise last; a block's single input is named "x".
        types: the type of each value, by number.
        items: the steps.
        outputs: what it gives; a block gives one value named "y".
        branches: the conditions that were taken or not, as written ("stride != 1"), for its
        docstring.
        doc: the comment above it.
        defaults: plain numbers that parameters have unless a call says otherwise, as written.
        carried: parameters that nobody declared, read by steps and braces that a call hands over.
        declared: the parameters that its head declares, in order.
    """

    name: str
    params: tuple[tuple[str, object], ...]
    inputs: tuple[Port, ...]
    types: tuple[TensorType, ...]
    items: tuple[Item, ...]
    outputs: tuple[Port, ...]
    branches: tuple[str, ...] = ()
    doc: str = ""
    span: Span = NOWHERE
    defaults: tuple[tuple[str, float], ...] = ()
    carried: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()

    @property
    def fed(self) -> tuple[Port, ...]:
        """The inputs that a caller must give: all but noise."""
        return tuple(port for port in self.inputs if port.drawn is None)

    def types_of(self, values: tuple[int | None, ...]) -> tuple[TensorType | None, ...]:
        """The types of an item's inputs."""
        return tuple(None if v is None else self.types[v] for v in values)


class Network(Record):
    """A checked network.

    Args:
        graph: its top graph; params carry the values used.
        conditions: what its sizes must satisfy, in words ("H must be a multiple of 16").
        facts: the same, for machines (see ir/facts.py).
        symbols: names of symbolic sizes, in order of appearance.
        kind: "network", or the role of a gan's player.
        offered: parameters that its PyTorch class takes, since other values of them are known to
        give the class of the network that has these values; the others are written as numbers.
    """

    graph: Graph
    conditions: tuple[str, ...] = ()
    facts: tuple[Record, ...] = ()
    symbols: tuple[str, ...] = ()
    kind: str = "network"
    offered: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name in the spec."""
        return self.graph.name


Op = Union[Operation, Call]
