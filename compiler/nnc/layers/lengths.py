"""What padded sequences need: how long each is, which steps are its own, zeros behind its end.

The checker puts these layers where a step needs them; nobody writes them.
"""

from __future__ import annotations

from collections.abc import Callable

from nnc.ir.dims import Dim, Poly
from nnc.ir.dimtext import parse
from nnc.ir.types import TensorType
from nnc.layers.base import Case, Layer, OnnxWriter, Port, Ref, Rules, TorchWriter, layer, required

LENGTHS = Port("lengths", ranks=(0,), dtype="int64")
OWN = Port("own", ranks=(1,), optional=True, implied=True)
"""1 for the steps of a padded sequence, 0 for what pads it."""


def steps(x: TensorType, own: TensorType) -> int:
    """The axis of a padded sequence's steps."""
    return x.dims.index(own.dims[0])


@layer("lengths")
class Lengths(Layer):
    """The lengths of sequences whose steps a layer made fewer or more: T//2 steps of T.

    token[] -> token[], computed from the lengths as the size is from T. PyTorch and ONNX: integer
    arithmetic.
    """

    steps: str

    hidden = True
    ports = (LENGTHS,)
    cases = (
        Case("lengths('2*T + 1')", "token[]", "token[]", nodes=2),
        Case("lengths('(T + 3)//2 + T')", "token[]", "token[]", nodes=4),
        Case("lengths('(T + 5)//2 - 2')", "token[]", "token[]", nodes=2),
    )

    def shape(self, rules: Rules, lengths: TensorType) -> tuple[TensorType, ...]:
        return (lengths,)

    def nodes(self, lengths: TensorType) -> int:
        return _count(parse(self.steps))

    def torch(self, w: TorchWriter, lengths: Ref) -> Ref:
        def plus(total: Ref | None, term: Ref | int) -> Ref:
            if total is None:
                return term if not isinstance(term, int) else w.infix("+", lengths, term)
            if isinstance(term, int) and term < 0:
                return w.infix("-", total, -term)
            return w.infix("+", total, term)

        return _computed(
            parse(self.steps),
            lengths,
            plus,
            lambda x, by: w.infix("*", x, by),
            lambda x, by: w.infix("//", x, by),
        )

    def onnx(self, w: OnnxWriter, lengths: Ref) -> Ref:
        def plus(total: Ref | None, term: Ref | int) -> Ref:
            if total is None:
                assert not isinstance(term, int)
                return term
            other = w.ints(term) if isinstance(term, int) else term
            return w.op("Add", total, other, type=lengths.type)

        return _computed(
            parse(self.steps),
            lengths,
            plus,
            lambda x, by: w.op("Mul", x, w.ints(by), type=lengths.type),
            lambda x, by: w.op("Div", x, w.ints(by), type=lengths.type),
        )


def _count(size: Dim) -> int:
    """How many operations `_computed` takes."""
    assert isinstance(size, Poly)
    total = len(size.terms) - 1 + bool(size.const)
    for (atom,), factor in size.terms:
        total += (factor != 1) + (0 if isinstance(atom, str) else _count(atom.inner) + 1)
    return total


def _computed(
    size: Dim,
    lengths: Ref,
    plus: Callable[[Ref | None, Ref | int], Ref],
    times: Callable[[Ref, int], Ref],
    floor: Callable[[Ref, int], Ref],
) -> Ref:
    """A size in one symbol, of powers no higher than one, where the symbol is each length."""
    assert isinstance(size, Poly)
    total: Ref | None = None
    for (atom,), factor in size.terms:
        if isinstance(atom, str):
            term = lengths
        else:
            term = floor(_computed(atom.inner, lengths, plus, times, floor), atom.by)
        if factor != 1:
            term = times(term, factor)
        total = plus(total, term)
    total = plus(total, size.const) if size.const else total
    return required(total)


@layer("own_steps")
class OwnSteps(Layer):
    """1 for the steps of a sequence, 0 for what pads it.

    token[] lengths and any value with that many steps at most -> [T]. PyTorch: torch.arange, <;
    ONNX: Range, Less, Cast.
    """

    axis: int

    hidden = True
    ports = (Port("x", dtype="any"), LENGTHS)
    cases = (
        Case("own_steps(0)", ("[7, 3]", "token[]"), "[7]", nodes=5),
        Case("own_steps(axis=1)", ("[3, T]", "token[]"), "[T]"),
    )

    def shape(self, rules: Rules, x: TensorType, lengths: TensorType) -> tuple[TensorType, ...]:
        return (TensorType((x.dims[self.axis],), time=0),)

    def nodes(self, x: TensorType, lengths: TensorType) -> int:
        return 5

    def torch(self, w: TorchWriter, x: Ref, lengths: Ref) -> Ref:
        steps = w.call("torch.arange", x.type.dims[self.axis], device=w.device(lengths))
        return w.method(w.infix("<", steps, w.method(lengths, "unsqueeze", 1)), "float")

    def onnx(self, w: OnnxWriter, x: Ref, lengths: Ref) -> Ref:
        (steps,) = (x.type.dims[self.axis],)
        count = w.op("Squeeze", w.ints(steps), w.ints(0), type=TensorType((), "int64", fixed=True))
        numbers = w.op("Range", w.integer(0), count, w.integer(1))
        own = w.op("Less", numbers, w.op("Unsqueeze", lengths, w.ints(1)))
        return w.op("Cast", own, to="float32")


@layer("hide_padding")
class HidePadding(Layer):
    """The value with one number in all places behind the end of its sequence.

    Any value with an axis of T steps, and [T] that tells the sequence's own. PyTorch: masked_fill;
    ONNX: Where.
    """

    axis: int
    fill: float = 0.0

    hidden = True
    ports = (Port("x"), Port("own"))
    cases = (
        Case("hide_padding(0)", ("[7, 3]", "[7]"), "[7, 3]", nodes=3),
        Case("hide_padding(axis=1, fill=-2.0)", ("[3, T, 2]", "[T]"), "[3, T, 2]", nodes=3),
    )

    def shape(self, rules: Rules, x: TensorType, own: TensorType) -> tuple[TensorType, ...]:
        return (x,)

    def nodes(self, x: TensorType, own: TensorType) -> int:
        return 3 if x.rank > 1 else 2

    def torch(self, w: TorchWriter, x: Ref, own: Ref) -> Ref:
        mask = w.infix("==", spread(w, own, self.axis, x.type.rank), 0)
        return w.method(x, "masked_fill", mask, self.fill)

    def onnx(self, w: OnnxWriter, x: Ref, own: Ref) -> Ref:
        axes = [at + 1 for at in range(x.type.rank) if at != self.axis]
        own = w.op("Cast", own, to="bool")
        if axes:
            own = w.op("Unsqueeze", own, w.ints(*axes))
        return w.op("Where", own, x, w.floats(self.fill), type=x.type)


def spread(w: TorchWriter, own: Ref, axis: int, rank: int) -> Ref:
    """[batch, T] with axes of size 1 where a value of this rank has others than the steps."""
    for at in range(rank):
        if at != axis:
            own = w.method(own, "unsqueeze", at + 1)
    return own
