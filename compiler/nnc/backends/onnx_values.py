"""What the ONNX writer holds until names are settled: values, nodes and tensors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onnx import AttributeProto

from nnc.backends.arrays import Array
from nnc.backends.onnx_schema import Operator
from nnc.ir.dims import Dim
from nnc.ir.types import DType, TensorType
from nnc.layers.weighted import Norm
from nnc.record import Record

BATCH_NAME = "batch"


class Value:
    """A tensor of the graph under construction; layers hold it as an opaque `Ref`.

    `wish` is the name it would like, `name` the one it got. `known` is its type per sample once
    that is known; `batched`: a batch axis stands before those sizes; `dtype` is "" where nobody
    said; `samples` is what the size of the batch axis is called.
    """

    __slots__ = ("batched", "dtype", "known", "name", "samples", "wish")

    def __init__(
        self, wish: str, known: TensorType | None, dtype: str = "", *, batched: bool = True
    ) -> None:
        self.wish = wish
        self.name = ""
        self.known = known
        self.batched = batched
        self.samples = BATCH_NAME
        self.dtype = known.dtype if known is not None else dtype

    @property
    def type(self) -> TensorType:
        """Sizes per sample and element type.

        Raises:
            TypeError: the layer asks for the type of an inner node that it gave none.
        """
        if self.known is None:
            raise TypeError("give this node a type, `w.op(..., type=...)`, before asking for it")
        return self.known

    def become(self, type: TensorType, dtype: str) -> None:
        """Takes a type per sample; `dtype`, if the operator fixes it, counts (it may be bool)."""
        self.known, self.dtype, self.batched = type, dtype or type.dtype, not type.fixed


class Shape(Value):
    """The int64 shape [batch, *dims]; made into a tensor by the node that takes it."""

    __slots__ = ("dims",)

    def __init__(self, dims: tuple[Dim, ...]) -> None:
        super().__init__("", TensorType((len(dims) + 1,), "int64"), batched=False)
        self.dims = dims


class Tensor(Value):
    """An initializer. `weight` is its name in the file of weights, "" if it is made or changed."""

    __slots__ = ("array", "weight")

    def __init__(self, wish: str, array: Array, dtype: DType, weight: str = "") -> None:
        known = TensorType(array.shape, dtype, fixed=True)
        super().__init__(wish, known, batched=False)
        self.array = array
        self.weight = weight


class Node:
    """One ONNX node before it is written.

    `doc` is the line of the spec that it comes from; `unread` the outputs that nothing reads.
    """

    __slots__ = ("attributes", "body", "doc", "inputs", "name", "op", "outputs", "unread")

    def __init__(
        self,
        op: Operator,
        inputs: list[Value | None],
        outputs: tuple[Value, ...],
        attributes: list[AttributeProto],
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
        self.name = ""
        self.doc = ""
        self.unread: set[int] = set()
        self.body: Body | None = None

    def within(self) -> Iterator[Node]:
        """The node and those of its body."""
        yield self
        for node in self.body.nodes if self.body is not None else ():
            yield from node.within()

    def reads(self) -> Iterator[Value]:
        """The values that it reads, those of its body included."""
        for node in self.within():
            yield from (value for value in node.inputs if value is not None)


class Body:
    """The graph inside of a node; it may read values of the graph around it."""

    __slots__ = ("inputs", "nodes", "outputs")

    def __init__(self, inputs: list[Value], outputs: list[Value], nodes: list[Node]) -> None:
        self.inputs, self.outputs, self.nodes = inputs, outputs, nodes


class Names:
    """Gives out names that are used once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        self.next: dict[str, int] = {}

    def unique(self, wish: str) -> str:
        """The name itself, or with the first free number after it."""
        name = wish
        if wish in self.taken:
            number = self.next.get(wish, 2)
            while (name := f"{wish}_{number}") in self.taken:
                number += 1
            self.next[wish] = number + 1
        self.taken.add(name)
        return name


class Place(Record):
    """The layer that is being written: where it stands, who owns its weights, its line.

    `tied`: the full name of the weight of another layer that stands for its own `weight`; `norm`:
    how its own is computed, with the axis of its outputs.
    """

    place: str
    owner: str
    doc: str
    tied: str = ""
    norm: tuple[Norm, int] | None = None
