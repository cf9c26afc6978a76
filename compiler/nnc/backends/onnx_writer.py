"""The writer that layers speak to when they become ONNX nodes; checks each node at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np

from nnc.backends.arrays import DTYPES, Array
from nnc.backends.computed import computed_weight
from nnc.backends.fourier import fourier_basis
from nnc.backends.onnx_schema import attribute, check_node, operator, result_type
from nnc.backends.onnx_sizes import BATCH, Sizes
from nnc.backends.onnx_values import BATCH_NAME, Body, Node, Place, Shape, Tensor, Value
from nnc.ir.dims import Dim
from nnc.ir.initial import FourierBasis
from nnc.ir.types import DType, TensorType
from nnc.ir.walk import full_name
from nnc.layers.base import Ref, Transform


class Writer:
    """Collects the nodes and tensors of one model, layer by layer.

    Args:
        weights: arrays by name, `place.weight`.
        opset: of the default domain.
        inputs: the graph's inputs.
    """

    def __init__(self, weights: Mapping[str, Array], opset: int, inputs: Sequence[Value]) -> None:
        self.arrays = weights
        self.opset = opset
        self.nodes: list[Node] = []

        self.domains: set[str] = set()
        self.layer = Place("", "", "")
        self.started = 0
        self.home = self.nodes  # where sizes are computed: once for all steps of a scan
        self.samples = BATCH_NAME
        self._sizes = Sizes(self._size_node, self._ints, inputs)
        self._weights: dict[tuple[str, Transform | None], Tensor] = {}
        self._joined: dict[tuple[str, tuple[tuple[str, ...], ...], Transform | None], Tensor] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Tensor] = {}

    def op(
        self,
        kind: str,
        *x: Ref | None,
        type: TensorType | None = None,
        **attributes: object,
    ) -> Value:
        """One node with one output."""
        value = self._node(kind, x, 1, attributes).outputs[0]
        if type is not None:
            value.become(type, value.dtype)
        return value

    def ops(
        self, kind: str, *x: Ref | None, outputs: int, **attributes: object
    ) -> tuple[Value, ...]:
        """One node with several outputs."""
        return self._node(kind, x, outputs, attributes).outputs

    def weight(self, name: str, transform: Transform | None = None) -> Value:
        """An array of this layer as an initializer; used twice, it is stored once."""
        full = full_name(self.layer.owner, name)
        if name == "weight" and self.layer.tied:
            full = self.layer.tied
        key = (full, transform)
        if full == self.layer.tied and transform is not None and key not in self._weights:
            return self._turned(self._weight(full, None), transform)
        return self._weight(full, transform)

    def _turned(self, weight: Tensor, transform: Transform) -> Value:
        """Another layer's weight in another layout: a node, so that the file holds it once."""
        dims = weight.type.dims
        if transform.kind == "transpose":
            type = TensorType(tuple(dims[at] for at in transform.values), "float32", fixed=True)
            return self.op("Transpose", weight, type=type, perm=transform.values)
        type = TensorType(transform.values, "float32", fixed=True)
        return self.op("Reshape", weight, self._ints(transform.values), type=type)

    def _weight(self, full: str, transform: Transform | None) -> Tensor:
        key = (full, transform)
        if key not in self._weights:
            array = self._array(full)
            if transform is None:
                made = Tensor(
                    full, array, _dtype(array), weight=full if full in self.arrays else ""
                )
            else:
                changed = _TRANSFORMS[transform.kind](array, transform.values)
                text = "_".join(str(v) for v in transform.values)
                made = Tensor(f"{full}/{transform.kind}_{text}", changed, _dtype(array))
            self._weights[key] = made
        return self._weights[key]

    def _array(self, full: str) -> Array:
        """A weight as it is stored, or as it is computed."""
        norm = self.layer.norm
        if norm is None or full in self.arrays:
            return self.arrays[full]
        return computed_weight(self.arrays, full, *norm)

    def joined(self, rows: Sequence[Sequence[str]], transform: Transform | None = None) -> Value:
        """Arrays of this layer as one initializer: each row's end to end, the rows stacked."""
        names = tuple(tuple(row) for row in rows)
        key = (self.layer.owner, names, transform)
        if key not in self._joined:
            change = _TRANSFORMS[transform.kind] if transform is not None else None
            stack = []
            for row in names:
                found = [self._array(full_name(self.layer.owner, name)) for name in row]
                if change is not None and transform is not None:
                    found = [change(array, transform.values) for array in found]
                stack.append(np.concatenate(found))
            wish = f"{full_name(self.layer.owner, names[0][0])}/joined"
            self._joined[key] = Tensor(wish, np.stack(stack), _dtype(stack[0]))
        return self._joined[key]

    def ints(self, *values: Dim) -> Value:
        """A one-dimensional int64 tensor; symbolic sizes are computed from the inputs' shapes."""
        return self._sizes.many(values)

    def shape(self, *dims: Dim) -> Value:
        """The shape [batch, *dims] for the node that takes it."""
        return Shape(dims)

    def floats(self, *values: float, shape: tuple[int, ...] | None = None) -> Value:
        """A float32 constant: a scalar for one value without a shape, else [n] or that shape."""
        if shape is None:
            shape = () if len(values) == 1 else (len(values),)
        array = np.array([float(v) for v in values], np.float32)
        if array.size == 1:
            array = np.full(shape, array[0], np.float32)
        return self._constant(array.reshape(shape), "float32")

    def table(self, made: FourierBasis, *dims: int) -> Value:
        """A float32 constant of many numbers."""
        return self._constant(fourier_basis(made).reshape(dims), "float32")

    def integer(self, value: int) -> Value:
        """An int64 scalar."""
        return self._constant(np.array(int(value), np.int64), "int64")

    def finish(
        self, results: Sequence[Value], types: Sequence[TensorType], words: Sequence[str]
    ) -> None:
        """Ends a layer: its results get their types, its nodes and values their names."""
        place = self.layer.place
        made = self.nodes[self.started :]
        own = {id(value) for node in made for value in node.outputs}
        for number, (value, type) in enumerate(zip(results, types)):
            if id(value) not in own:
                continue
            value.become(type, value.dtype)
            word = words[number] if number < len(words) else str(number)
            value.wish = f"{place}/{word}" if number else place
        for node in made:
            if node.name:
                continue
            last = bool(results) and results[0] in node.outputs
            node.name = place if last else f"{place}/{node.op.kind}"
            node.doc = self.layer.doc
            for number, value in enumerate(node.outputs):
                if not value.wish:
                    value.wish = node.name + (f"/{number}" if number or last else "")
        self.started = len(self.nodes)

    # --- scans -----------------------------------------------------------------------------------

    def value(self, wish: str, type: TensorType) -> Value:
        """An input of a body."""
        made = Value(wish, type, batched=not type.fixed)
        made.samples = self.samples
        return made

    def begin(self) -> tuple[list[Node], int]:
        """Writes a body from here on; `end` takes what this returns, and gives the nodes."""
        kept = self.nodes, self.started
        self.nodes, self.started = [], 0
        return kept

    def end(self, kept: tuple[list[Node], int]) -> list[Node]:
        """Ends a body."""
        nodes, (self.nodes, self.started) = self.nodes, kept
        return nodes

    def enter(self, inputs: Sequence[Value], samples: str) -> tuple[Sizes, list[Node], str]:
        """From here on there are as many samples as in these values; `leave` ends that."""
        kept = self._sizes, self.home, self.samples
        self._sizes, self.home, self.samples = self._sizes.inside(inputs), self.nodes, samples
        return kept

    def leave(self, kept: tuple[Sizes, list[Node], str]) -> None:
        """Ends what `enter` began."""
        self._sizes, self.home, self.samples = kept

    def scan(self, inputs: list[Value | None], body: Body, apart: int) -> tuple[Value, ...]:
        """The operator Scan with steps along axis 1; states first, in and out."""
        op = operator("Scan", self.opset)
        results = len(body.outputs) - (len(body.inputs) - apart)
        given = {
            "num_scan_inputs": apart,
            "scan_input_axes": (1,) * apart,
            "scan_output_axes": (1,) * results,
        }
        made = tuple(Value("", None) for _ in body.outputs)
        for value in made:
            value.samples = self.samples
        written = [attribute(op, name, given[name]) for name in sorted(given)]
        node = Node(op, inputs, made, written)
        node.body = body
        self.nodes.append(node)
        return made

    def _node(
        self, kind: str, x: Sequence[Ref | None], outputs: int, attributes: dict[str, object]
    ) -> Node:
        op = operator(kind, self.opset)
        inputs = [self._input(kind, x, number) for number in range(len(x))]
        while inputs and inputs[-1] is None:
            inputs.pop()
        given = {name: value for name, value in attributes.items() if value is not None}
        dtypes = [None if v is None else v.dtype for v in inputs]
        check_node(op, dtypes, outputs, given)
        made = tuple(
            Value("", None, result_type(op, number, dtypes, given)) for number in range(outputs)
        )
        for value in made:
            value.samples = self.samples
        written = [attribute(op, name, given[name]) for name in sorted(given)]
        node = Node(op, inputs, made, written)
        self.domains.add(op.domain)
        self.nodes.append(node)
        return node

    def _input(self, kind: str, x: Sequence[Ref | None], number: int) -> Value | None:
        value = cast("Value | None", x[number])  # every Ref that a layer holds was made here
        if not isinstance(value, Shape):
            return value
        if kind == "Reshape":
            return self._sizes.reshape(cast("Value | None", x[0]), value)
        return self._sizes.many([BATCH, *value.dims])

    def _size_node(
        self, kind: str, inputs: Sequence[Value], wish: str, **attributes: object
    ) -> Value:
        nodes, self.nodes = self.nodes, self.home
        node = self._node(kind, inputs, 1, attributes)
        self.nodes = nodes
        node.name = wish
        value = node.outputs[0]
        value.wish, value.batched = wish, False
        count = sum(v.type.dims[0] for v in inputs) if kind == "Concat" else 1
        value.known, value.dtype = TensorType((count,), "int64"), "int64"
        return value

    def _ints(self, values: Sequence[int]) -> Tensor:
        return self._constant(np.array([int(v) for v in values], np.int64), "int64")

    def _constant(self, array: Array, dtype: DType) -> Tensor:
        key = (dtype, array.shape, array.tobytes())
        if key not in self._constants:
            short = array.size <= 6
            text = "_".join(f"{v:g}" for v in array.reshape(-1).tolist()) if short else "many"
            sizes = "x".join(str(n) for n in array.shape) or "scalar"
            made = Tensor(f"constant/{dtype}_{sizes}_{text}", array, dtype)
            self._constants[key] = made
        return self._constants[key]


def _dtype(array: Array) -> DType:
    return next(name for name, kind in DTYPES.items() if array.dtype == kind)


def _transpose(array: Array, axes: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(array.transpose([int(a) for a in axes]))


def _reshape(array: Array, sizes: tuple[int, ...]) -> Array:
    return array.reshape([int(n) for n in sizes])


def _gates(array: Array, order: tuple[int, ...]) -> Array:
    parts = np.split(array, len(order))
    return np.concatenate([parts[int(at)] for at in order])


def _rows(array: Array, stretch: tuple[int, ...]) -> Array:
    start, count = (int(n) for n in stretch)
    return np.ascontiguousarray(array[start : start + count])


def _columns(array: Array, stretch: tuple[int, ...]) -> Array:
    """Rows as columns."""
    return np.ascontiguousarray(_rows(array, stretch).T)


_TRANSFORMS: dict[str, Callable[[Array, tuple[int, ...]], Array]] = {
    "transpose": _transpose,
    "reshape": _reshape,
    "gates": _gates,
    "rows": _rows,
    "columns": _columns,
}
