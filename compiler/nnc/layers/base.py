"""What a layer is. One small class says everything about it; the rest of nnc derives from that.

A layer declares its arguments (fields), `ports`, `shape`, `weights`, `macs`, `torch`, `onnx` and
`cases`. Layers handle opaque `Ref`s, never text or protobuf, and import neither torch nor onnx nor
numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Literal, NoReturn, Protocol, TypeVar, Union

from nnc.diagnostics import Rule
from nnc.ir.arguments import Declared, Sizes, Tied
from nnc.ir.dims import Dim
from nnc.ir.initial import FourierBasis, Weight
from nnc.ir.types import TensorType
from nnc.layers.described import Case as Case
from nnc.layers.described import Port as Port
from nnc.layers.kept import INPUTS as INPUTS
from nnc.layers.kept import NOTHING as NOTHING
from nnc.layers.kept import OUTPUT as OUTPUT
from nnc.layers.kept import VIEW as VIEW
from nnc.layers.kept import Kept as Kept
from nnc.layers.streaming import Flow, Streamer, each
from nnc.record import Record

LAYERS: dict[str, type[Layer]] = {}

Along = Literal["each", "masked", "lengths", "mixes"]
"""How a layer treats the steps of a padded sequence.

Each on its own, what pads it may be anything; mixed, right where one number pads it ("masked") or
where it is told the lengths; or mixed in a way that padding spoils.
"""


class Ref(Protocol):
    """A value in a writer's hands: opaque, but its type (per sample) is known."""

    @property
    def type(self) -> TensorType:
        """Sizes per sample and element type."""
        ...


Scalar = Union[int, float, bool, str, None, Dim]
TorchArg = Union[Ref, Scalar, Sequence["TorchArg"]]


class Rules(Protocol):
    """The checker as a shape rule sees it: it proves, assumes or refuses what rules state.

    `at` is the name of the argument that the message points at ("" for the layer's name).
    """

    def equal(
        self,
        a: Dim,
        b: Dim,
        rule: Rule,
        message: str,
        *,
        at: str = "",
        label: str = "",
        help: str = "",
    ) -> None:
        """States a == b."""
        ...

    def at_least(
        self,
        a: Dim,
        low: int,
        rule: Rule,
        message: str,
        *,
        at: str = "",
        label: str = "",
        help: str = "",
    ) -> None:
        """States a >= low."""
        ...

    def divisible(
        self,
        a: Dim,
        by: int,
        rule: Rule,
        message: str,
        *,
        at: str = "",
        label: str = "",
        help: str = "",
    ) -> None:
        """States that `by` divides `a`."""
        ...

    def refuse(
        self, rule: Rule, message: str, *, at: str = "", label: str = "", help: str = ""
    ) -> NoReturn:
        """Stops this step with a message; what follows it stays silent."""
        ...


class TorchWriter(Protocol):
    """Writes one layer into the generated PyTorch module.

    What may be printed is on a list (backends/torch_names.py), with PyTorch's defaults: arguments
    equal to them are left out.
    """

    @property
    def training(self) -> TorchArg:
        """`self.training`, as an argument."""
        ...

    def module(self, kind: str, *args: TorchArg, **kwargs: TorchArg) -> Callable[..., Ref]:
        """Makes `self.<place> = kind(args)` in the constructor; call the result on refs."""
        ...

    def holder(self, kind: str, *args: TorchArg, **kwargs: TorchArg) -> None:
        """Makes `self.<place> = kind(args)` for `weight` and `part` alone."""
        ...

    def part(self, name: str, x: Ref) -> Ref:
        """`self.<place>.<name>(x)`, a module within that of this layer."""
        ...

    def call(self, function: str, *args: TorchArg, **kwargs: TorchArg) -> Ref:
        """`F.relu(x)`, `torch.flatten(x, 1)`."""
        ...

    def method(self, x: Ref, name: str, *args: TorchArg, **kwargs: TorchArg) -> Ref:
        """`x.reshape(-1, 784)`, `x.mean(dim=1)`."""
        ...

    def infix(self, operator: str, *x: TorchArg) -> Ref:
        """`x + y`."""
        ...

    def unpack(self, call: Ref, nest: str, *wishes: str) -> tuple[Ref, ...]:
        """The values of a call that gives several: `nest` is "{}, ({}, {})", `wishes` names."""
        ...

    def let(self, x: Ref, wish: str) -> Ref:
        """The value in a line of its own, `wish = ...` where that name is free."""
        ...

    def weight(self, name: str) -> Ref:
        """An array of this layer that is no part of a module: `self.<place>.<name>`."""
        ...

    def view(self, x: Ref, *dims: Dim) -> Ref:
        """`x.reshape(batch, *dims)`; symbolic sizes are computed from the input's shape."""
        ...

    def size(self, x: Ref, axis: int | None = None) -> Ref:
        """`x.shape[2]`, the size of an axis of a sample; all of space, `x.shape[2:]`, for None."""
        ...

    def index(self, x: Ref, *items: int | tuple[Dim | None, ...]) -> Ref:
        """`x[:, 0, 1:]`: an index or a slice for each of the first axes of a sample."""
        ...

    def take(self, x: Ref, index: Ref) -> Ref:
        """`x[index]`: positions of the first axis of a sample, by whole numbers."""
        ...

    def batch(self, x: Ref) -> Ref:
        """`x.shape[0]`, the number of samples, as an argument."""
        ...

    def device(self, x: Ref) -> Ref:
        """`x.device`, as an argument."""
        ...

    def typed(self, x: Ref, type: TensorType) -> Ref:
        """The same value, known to have this type (between two calls of one layer)."""
        ...


class Transform(Record):
    """What is done to a weight on its way into ONNX; frozen data, reversible.

    kind "transpose" with a permutation, "reshape" with sizes, "gates" with the order of the equal
    parts along axis 0, "rows" with the first along axis 0 and how many, "columns" the same, turned.
    """

    kind: str
    values: tuple[int, ...] = ()


class OnnxWriter(Protocol):
    """Writes one layer as ONNX nodes, for inference. Node names come from the layer's place."""

    def op(
        self, kind: str, *x: Ref | None, type: TensorType | None = None, **attributes: object
    ) -> Ref:
        """One node with one output; operators and attributes are checked against the opset at once.

        `type`: the output's, per sample; by default the layer's output type for the last node, else
        inferred.
        """
        ...

    def ops(self, kind: str, *x: Ref | None, outputs: int, **attributes: object) -> tuple[Ref, ...]:
        """One node with several outputs."""
        ...

    def weight(self, name: str, transform: Transform | None = None) -> Ref:
        """An array of this layer as an initializer."""
        ...

    def joined(self, rows: Sequence[Sequence[str]], transform: Transform | None = None) -> Ref:
        """Arrays of this layer as one initializer: each row's end to end, the rows stacked.

        `transform` is done to each array before.
        """
        ...

    def ints(self, *values: Dim) -> Ref:
        """A one-dimensional int64 tensor; symbolic sizes are computed from the inputs' shapes."""
        ...

    def shape(self, *dims: Dim) -> Ref:
        """The int64 shape [batch, *dims] for Reshape or Expand; what is symbolic is computed."""
        ...

    def integer(self, value: int) -> Ref:
        """An int64 scalar, as Gather takes it to drop an axis."""
        ...

    def floats(self, *values: float, shape: tuple[int, ...] | None = None) -> Ref:
        """A float32 constant: one value without a shape is a scalar, several are [n]."""
        ...

    def table(self, made: FourierBasis, *dims: int) -> Ref:
        """A float32 constant of many numbers, computed from what is declared."""
        ...


class Layer(Declared):
    """Base of layers: one sentence about it, then its shapes and source, in the docstring.

    Defaults: one float32 input, the output has the input's type, no weights, no multiply-adds.

    A layer names its ports in the methods' signatures: `def shape(self, rules: Rules, x:
    TensorType)`; an optional port is `TensorType | None`, a port that takes many is `*x`. (`Any`
    below is what lets a type checker accept these narrower signatures; nothing else is untyped.)
    """

    ports: ClassVar[tuple[Port, ...]] = (Port("x"),)
    cases: ClassVar[tuple[Case, ...]] = ()
    hidden: ClassVar[bool] = False  # made by passes only, not written in specs
    parts: ClassVar[bool] = False  # its results count alike: a join takes all of them
    elementwise: ClassVar[bool] = False  # knows of no axes: also takes values without a batch axis
    counted: ClassVar[bool] = False  # counts axes from its own first where no batch axis stands
    alone: ClassVar[bool] = True  # what a sample becomes depends on it alone, and on no chance
    results: ClassVar[tuple[str, ...]] = ("y",)
    aside: ClassVar[bool] = False  # only the first result goes on; `as` may name the others
    padding_is: ClassVar[float] = 0.0  # the number that pads a sequence where it is "masked"
    kept: ClassVar[Kept] = INPUTS  # for its backward; most functions need what they were given

    @classmethod
    def named_inputs(cls) -> tuple[str, ...]:
        """The inputs that a call may name: all but the one that flows in."""
        return tuple(p.name for p in cls.ports[1:] if not p.many and not p.implied)

    @classmethod
    def written_ports(cls) -> tuple[Port, ...]:
        """The ports that a spec may give values for."""
        return tuple(port for port in cls.ports if not port.implied)

    def shape(self, rules: Rules, *x: Any, **_: Any) -> tuple[TensorType, ...]:
        """The types of the outputs; states what must hold to `rules`."""
        return (required(x[0]),)

    def along(self, axis: int, *x: Any, **_: Any) -> Along:
        """How it treats the steps along `axis` of its inputs; shapes are known to be right."""
        return "each" if self.elementwise else "mixes"

    def stream(self, s: Streamer, *x: Any) -> tuple[Flow | None, ...]:
        """Its outputs of one step of a sequence, None for one that only the last step has."""
        return each(self, s, *x)

    def weights(self, *x: Any, **_: Any) -> Iterable[Weight]:
        """The arrays that it owns, in PyTorch's order; shapes are known to be right."""
        return ()

    def arrays(self, *x: Any, **_: Any) -> Iterable[Weight]:
        """The arrays that it computes with: its own, and one that is tied to another layer's."""
        return self.weights(*x)

    @property
    def tied(self) -> Tied | None:
        """The weight of another layer that stands for its own `weight`."""
        return None

    def macs(self, *x: Any, **_: Any) -> Dim:
        """Multiply-adds a sample."""
        return 0

    def nodes(self, *x: Any, **_: Any) -> int:
        """How many ONNX nodes it becomes: 1 where opset 20 has it as an operator."""
        return 1

    def keeps(self, *x: Any, **_: Any) -> Kept:
        """What stays in memory for its backward."""
        return self.kept

    def torch(self, w: TorchWriter, *x: Any, **_: Any) -> Ref | tuple[Ref, ...]:
        """Its PyTorch form."""
        raise TypeError(f"{self.word} has no PyTorch form")

    def onnx(self, w: OnnxWriter, *x: Any, **_: Any) -> Ref | tuple[Ref, ...]:
        """Its ONNX form at inference."""
        raise TypeError(f"{self.word} has no ONNX form")


L = TypeVar("L", bound=type[Layer])


def layer(word: str) -> Callable[[L], L]:
    """Declares a layer under its word; a ValueError where it is taken or a form is missing."""

    def declare(cls: L) -> L:
        if word in LAYERS:
            raise ValueError(f"layer {word} is declared twice")
        if cls.torch is Layer.torch or cls.onnx is Layer.onnx:
            raise ValueError(f"layer {word} needs its torch and onnx forms")
        cls.word = word
        LAYERS[word] = cls
        return cls

    return declare


X = TypeVar("X")


def required(x: X | None) -> X:
    """The value of a port that is never open."""
    assert x is not None, "an input that the checker guarantees is missing"
    return x


def lead(x: TensorType) -> int:
    """How many axes stand before those of a sample: that of the batch, or none."""
    return 0 if x.fixed else 1


def per_axis(value: Sizes, axes: int) -> tuple[Dim, ...]:
    """One size for each axis."""
    return value if isinstance(value, tuple) else (value,) * axes
