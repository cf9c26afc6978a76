"""How large the ONNX file of a network will be, without onnx: its layers write into a measure.

Weights are exact. Nodes, names, types and constants are counted as protobuf stores them, so that
the sum is within 2% of the file; https://protobuf.dev/programming-guides/encoding/ has the format.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from math import prod

from nnc.ir.dims import Dim, Poly, evaluate, show
from nnc.ir.graph import Network, Scan
from nnc.ir.initial import FourierBasis
from nnc.ir.types import TensorType
from nnc.ir.walk import Step, full_name, walk, walk_graph
from nnc.layers.base import Layer, Ref, Transform
from nnc.record import Record

BYTES = {"float32": 4, "int64": 8, "uint8": 1, "string": 8}
AROUND = 900
"""Versions, hashes, inputs and outputs in words: what every file says about itself."""
BODY = "x" * 60
"""As long as the other attributes of a scan, and the name of its body."""
COMPUTED = 330
"""The nodes that compute a symbolic size from the shape of an input."""


class OnnxSize(Record):
    """Bytes of a file: all of it, and by step with its weights."""

    total: int
    steps: tuple[tuple[Step, int], ...]


def onnx_size(network: Network, sizes: Mapping[str, int], spec: int) -> OnnxSize:
    """The size of the ONNX file of a network.

    Args:
        network: checked.
        sizes: numbers for the symbols that sizes of weights depend on.
        spec: characters of the text that the file carries with it.

    Raises:
        KeyError: a weight has a size without a number.
    """
    measure = Measure(sizes)
    graph = network.graph
    values: dict[int, Value] = {
        n: Value(port.name, graph.types[port.value]) for n, port in enumerate(graph.inputs)
    }
    steps: list[tuple[Step, int]] = []
    for value in values.values():
        measure.describe(value)
    _steps(measure, walk(network), values, steps)
    return OnnxSize(measure.bytes + AROUND + spec, tuple(steps))


def _steps(
    measure: Measure,
    walker: Generator[Step, None, tuple[int, ...]],
    values: dict[int, Value],
    steps: list[tuple[Step, int]],
) -> tuple[int, ...]:
    """Takes in all steps; returns the numbers of what they give."""
    while True:
        try:
            step = next(walker)
        except StopIteration as stop:
            found: tuple[int, ...] = stop.value
            return found
        before, op = measure.bytes, step.item.op
        given = [None if n is None else values[n] for n in step.inputs]
        if isinstance(op, Scan):
            results = _scan(measure, step, op, [v for v in given if v is not None], steps)
        else:
            assert isinstance(op, Layer)
            measure.begin(step)
            made = op.onnx(measure, *given)
            results = measure.finish(made if isinstance(made, tuple) else (made,), step)
        values.update(zip(step.outputs, results))
        if not isinstance(op, Scan):
            steps.append((step, measure.bytes - before))


def _scan(
    measure: Measure, step: Step, op: Scan, given: list[Value], steps: list[tuple[Step, int]]
) -> tuple[Value, ...]:
    """A scan: the operator with its body, or the steps as samples between two Reshape."""
    graph, states = op.graph, len(op.starts)
    measure.begin(step)
    types = [graph.types[port.value] for port in graph.inputs]
    if states:
        inner = [
            Value(f"{step.place}/{port.name}", type)
            for port, type in zip(graph.inputs[: op.stepped + states], types)
        ]
        for value in inner:
            measure.describe(value)
        firsts = [measure.op("Expand", measure.floats(s)) for s in op.starts if s is not None]
        given_states = sum(start is None for start in op.starts)
        read = [*firsts, *given[: op.stepped + given_states]]
        inner += given[op.stepped + given_states :]
    else:
        inner = [
            measure.op("Reshape", value, measure.shape(*type.dims), type=type)
            for value, type in zip(given, types)
        ]
        read = []
    measure.finish((), step)
    made = _steps(
        measure,
        walk_graph(graph, f"{step.place}.", f"{step.owner}."),
        dict(enumerate(inner)),
        steps,
    )
    measure.begin(step)
    if states:
        results = measure.ops("Scan", *read, outputs=len(made), body=BODY)
    else:
        results = tuple(measure.op("Reshape", measure.shape(*t.dims)) for t in step.output_types)
    return measure.finish(results[: len(step.output_types)], step)


class Value:
    """A tensor of the graph: the name that it will have, and its type once that is known."""

    __slots__ = ("known", "made", "name")

    def __init__(self, name: str, known: TensorType | None, made: bool = False) -> None:
        self.name, self.known, self.made = name, known, made

    @property
    def type(self) -> TensorType:
        """Sizes per sample and element type."""
        assert self.known is not None, "a layer asks for a type that it did not tell"
        return self.known


class Node:
    """A node until its names are known."""

    __slots__ = ("inputs", "kind", "more", "outputs")

    def __init__(
        self, kind: str, inputs: tuple[Value, ...], outputs: tuple[Value, ...], more: int
    ) -> None:
        self.kind, self.inputs, self.outputs, self.more = kind, inputs, outputs, more


class Measure:
    """Takes what layers write for ONNX, and counts bytes.

    Args:
        sizes: numbers for the symbols that sizes of weights depend on.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.bytes = 0
        self.nodes: list[Node] = []
        self.tensors: dict[object, Value] = {}
        self.place = self.owner = self.tied = ""
        self.doc = 0
        self.arrays: dict[str, tuple[int, ...]] = {}
        self.dtypes: dict[str, str] = {}

    # --- what layers say --------------------------------------------------------------------------

    def op(
        self, kind: str, *x: Ref | None, type: TensorType | None = None, **attributes: object
    ) -> Value:
        """One node with one output."""
        return self._node(kind, x, (Value("", type, True),), attributes)[0]

    def ops(
        self, kind: str, *x: Ref | None, outputs: int, **attributes: object
    ) -> tuple[Value, ...]:
        """One node with several outputs."""
        made = tuple(Value("", None, True) for _ in range(outputs))
        return self._node(kind, x, made, attributes)

    def weight(self, name: str, transform: Transform | None = None) -> Value:
        """An array of this layer."""
        dims, dtype = self.arrays[name], self.dtypes[name]
        full = self.tied if name == "weight" and self.tied else full_name(self.owner, name)
        if full == self.tied and transform is not None:
            type = TensorType(transform.values, "float32", fixed=True)
            return self.op(transform.kind, self._tensor((full, None), full, dims, dtype), type=type)
        text = full
        if transform is not None:
            text += f"/{transform.kind}_{'_'.join(str(v) for v in transform.values)}"
            if transform.kind in ("rows", "columns"):  # a stretch of the rows
                dims = (transform.values[1], *dims[1:])
        return self._tensor((full, transform), text, dims, dtype)

    def joined(self, rows: Sequence[Sequence[str]], transform: Transform | None = None) -> Value:
        """Several arrays of this layer as one."""
        names = tuple(tuple(row) for row in rows)
        cells = sum(prod(self.arrays[name]) for row in names for name in row)
        first = names[0][0]
        dims = (len(names), cells // len(names))
        text = f"{full_name(self.owner, first)}/joined"
        return self._tensor((self.owner, names, transform), text, dims, self.dtypes[first])

    def ints(self, *values: Dim) -> Value:
        """A one-dimensional int64 tensor; sizes that are symbolic are computed by nodes."""
        unknown = [d for d in values if isinstance(d, Poly)]
        if not unknown:
            return self._constant(values, "int64", (len(values),))
        for d in unknown:
            self._computed(d)
        if len(values) > 1:
            key = tuple(values)
            if key not in self.tensors:
                self.tensors[key] = Value("sizes/" + ",".join(show(d) for d in values), None)
                self.bytes += COMPUTED // 2
            return self.tensors[key]
        return Value(f"sizes/{show(values[0])}", None)

    def shape(self, *dims: Dim) -> Value:
        """The shape [batch, *dims]; at most one size of it is computed by nobody."""
        unknown = [d for d in dims if isinstance(d, Poly)]
        for d in unknown[1:]:
            self._computed(d)
        return self._constant((-1, *dims), "int64", (len(dims) + 1,))

    def integer(self, value: int) -> Value:
        """An int64 scalar."""
        return self._constant((value,), "int64", ())

    def floats(self, *values: float, shape: tuple[int, ...] | None = None) -> Value:
        """A float32 constant."""
        if shape is None:
            shape = () if len(values) == 1 else (len(values),)
        return self._constant(values, "float32", shape)

    def table(self, made: FourierBasis, *dims: int) -> Value:
        """A float32 constant of many numbers."""
        return self._tensor((made, dims), f"constant/float32_{dims}_many", dims, "float32")

    # --- steps ------------------------------------------------------------------------------------

    def begin(self, step: Step) -> None:
        """What is written now belongs to this step."""
        self.place, self.owner, self.tied = step.place, step.owner, step.tied
        span, op = step.item.span, step.item.op
        self.doc = len(f"{span.source.name}:{span.line} {op.word}" if span.end else op.word)
        self.nodes = []
        weights = tuple(op.arrays(*step.input_types)) if isinstance(op, Layer) else ()
        self.arrays = {w.name: tuple(evaluate(d, self.sizes) for d in w.dims) for w in weights}
        self.dtypes = {w.name: w.dtype for w in weights}

    def finish(self, results: Sequence[object], step: Step) -> tuple[Value, ...]:
        """Names what the step made, and counts its nodes; returns its results with their types."""
        found = tuple(value for value in results if isinstance(value, Value))
        own = {id(value) for node in self.nodes for value in node.outputs}
        words = step.item.op.results if isinstance(step.item.op, Layer) else ()
        named = []
        for number, (value, type) in enumerate(zip(found, step.output_types)):
            if id(value) in own:
                value.known = type
                word = words[number] if number < len(words) else str(number)
                value.name = f"{self.place}/{word}" if number else self.place
                named.append(value)
            else:
                named.append(Value(value.name, type))
        for node in self.nodes:
            self._count(node, last=bool(found) and found[0] in node.outputs)
        return tuple(named)

    def describe(self, value: Value) -> None:
        """Counts the name and type of a value."""
        dims = value.known.dims if value.known is not None else (1, 1)
        sizes = 7 + sum(
            4 + (len(show(d)) if isinstance(d, Poly) else _varint(max(int(d), 0))) for d in dims
        )
        self.bytes += _field(_text(value.name) + 2 + 2 + 2 + 2 + sizes)

    # --- bytes ------------------------------------------------------------------------------------

    def _node(
        self,
        kind: str,
        x: Sequence[Ref | None],
        made: tuple[Value, ...],
        attributes: Mapping[str, object],
    ) -> tuple[Value, ...]:
        more = sum(_attribute(name, v) for name, v in attributes.items() if v is not None)
        inputs = tuple(v if isinstance(v, Value) else Value("", None) for v in x)
        self.nodes.append(Node(kind, inputs, made, more))
        return made

    def _count(self, node: Node, *, last: bool) -> None:
        name = self.place if last else f"{self.place}/{node.kind}"
        for number, value in enumerate(node.outputs):
            if not value.name:
                value.name = name + (f"/{number}" if number or last else "")
            self.describe(value)
        texts = sum(_text(value.name) for value in (*node.inputs, *node.outputs))
        said = _text(name) + _text(node.kind) + 2 + self.doc + texts + node.more
        self.bytes += _field(said)

    def _computed(self, d: Poly) -> None:
        if d not in self.tensors:
            self.tensors[d] = Value(f"sizes/{show(d)}", None)
            self.bytes += COMPUTED

    def _constant(self, values: Sequence[object], dtype: str, dims: tuple[int, ...]) -> Value:
        numbers = tuple(values) if len(values) <= 64 else (len(values), hash(tuple(values)))
        text = "_".join(str(v) for v in values) if len(values) <= 6 else "many"
        sizes = "x".join(str(n) for n in dims) or "scalar"
        return self._tensor((dtype, dims, numbers), f"constant/{dtype}_{sizes}_{text}", dims, dtype)

    def _tensor(self, key: object, name: str, dims: tuple[int, ...], dtype: str) -> Value:
        """An initializer; asked for twice, it is stored once."""
        if key not in self.tensors:
            known = TensorType(dims, "float32" if dtype == "float32" else "int64", fixed=True)
            self.tensors[key] = Value(name, known)
            raw = prod(int(n) for n in dims) * BYTES[dtype]
            head = sum(1 + _varint(int(d)) for d in dims) + 2 + _text(name)
            self.bytes += _field(head + _field(raw))
        return self.tensors[key]


def _varint(number: int) -> int:
    """Bytes of an integer."""
    return max(1, -(-number.bit_length() // 7))


def _field(length: int) -> int:
    """Bytes of a field of so many bytes, with its tag and length."""
    return 1 + _varint(length) + length


def _text(text: str) -> int:
    return _field(len(text))


def _attribute(name: str, value: object) -> int:
    """Bytes of an attribute: its name, its kind, its value."""
    items = value if isinstance(value, (tuple, list)) else (value,)
    held = sum(_text(v) if isinstance(v, str) else 5 if isinstance(v, float) else 2 for v in items)
    return _field(_text(name) + 3 + held)
