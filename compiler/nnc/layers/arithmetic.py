"""Arithmetic, element by element: what formulas are made of, and the joins add and mul."""

from __future__ import annotations

from typing import ClassVar

from nnc.ir.arguments import real
from nnc.ir.dims import Dim, Poly, show
from nnc.ir.types import TensorType
from nnc.layers.base import (
    INPUTS,
    NOTHING,
    OUTPUT,
    Case,
    Kept,
    Layer,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    layer,
)
from nnc.layers.rules import BROADCAST


def broadcast(a: TensorType, b: TensorType) -> TensorType:
    """The type of a + b where sizes match; where they do not, a's size."""
    fixed = a.fixed and b.fixed
    if a.dims == b.dims:
        return a.shared(fixed)
    if a.rank < b.rank:
        a, b = b, a
    ahead = a.rank - b.rank
    sizes = (x if y == 1 or x != 1 else y for x, y in zip(a.dims[ahead:], b.dims))
    return a.with_dims(*a.dims[:ahead], *sizes).shared(fixed)


def _help(a: TensorType, b: TensorType, at: int, x: Dim, y: Dim) -> str:
    """What makes axis `at` (from the end) of a and b equal, computed from their sizes."""
    if a.rank == b.rank == at and a.rank > 1:
        return f"add `conv({show(x)}, 1)` to the second, or give it {show(x)} channels"
    if a.rank != b.rank or (a.rank == 3 and (a.dims[1:] == (1, 1)) != (b.dims[1:] == (1, 1))):
        return "give one side size 1 where the other has its own; `dense` acts on the last axis"
    if a.rank == b.rank == 3 and (a.dims[1] == 1) != (b.dims[1] == 1):
        return "`dense` acts on the last axis; behind a global pool write `conv(CHANNELS, 1)`"
    if a.rank == b.rank == 2 and at == 1:
        return f"add `dense({show(x)})` to the second, or give it {show(x)} features"
    if a.rank == b.rank == 1:
        return f"add `dense({show(x)})` to the second, or give it {show(x)} units"
    if isinstance(x, int) and isinstance(y, int) and max(x, y) % min(x, y) == 0:
        return (
            f"one is {max(x, y) // min(x, y)} times the other: a stride or pool is on one side only"
        )
    return "make both sides shrink alike: same kernels, strides and padding"


def require_match(rules: Rules, a: TensorType, b: TensorType, verb: str) -> None:
    """States that two shapes match from the last axis on."""
    for at, (x, y) in enumerate(zip(reversed(a.dims), reversed(b.dims)), 1):
        if x == y or x == 1 or y == 1:
            continue
        rules.equal(
            x,
            y,
            BROADCAST,
            f"these shapes cannot be {verb}",
            label=f"{a} and {b} differ: {show(x)} is not {show(y)}",
            help=_help(a, b, at, x, y),
        )


FLOAT = 1
"""TensorProto.FLOAT."""


class Elementwise(Layer):
    """What joins share: element by element, sizes of 1 and missing axes are repeated.

    A number may take part too, behind the values or `ahead` of them.
    """

    number: float | Poly | None = real("a number that takes part too", default=None)
    ahead: bool = False

    elementwise = True
    verb: ClassVar[str]
    kind: ClassVar[str]  # the ONNX operator
    ports = (Port("x", many=True),)

    def shape(self, rules: Rules, *x: TensorType) -> tuple[TensorType, ...]:
        out = x[0]
        for other in x[1:]:
            if other.dims != out.dims:
                require_match(rules, out, other, self.verb)
            out = broadcast(out, other)
        return (out,)

    def keeps(self, *x: TensorType) -> Kept:
        """The values, and what was made of the first ones; for a value and a number see each."""
        if self.kept == NOTHING or (len(x) == 1 and self.number is None):
            return NOTHING
        if len(x) == 1:
            return self.kept_beside_number()
        inner: Dim = 0
        out = x[0]
        for other in x[1:-1]:
            out = broadcast(out, other)
            inner = inner + 4 * out.elements
        return Kept(inputs=True, other=inner)

    def kept_beside_number(self) -> Kept:
        """What one value and a number keep."""
        return INPUTS

    def joined(self, w: TorchWriter, x: tuple[Ref | float | Poly, ...]) -> Ref:
        """The PyTorch form of values that have equally many axes, and perhaps a number."""
        return w.infix(_SIGNS[self.word], *x)

    def nodes(self, *x: TensorType) -> int:
        rank = max(v.rank for v in x)
        raised = sum(v.rank < rank and not v.fixed for v in x)
        return raised + len(x) - 1 + (self.number is not None) + isinstance(self.number, Poly)

    def torch(self, w: TorchWriter, *x: Ref) -> Ref:
        rank = max(v.type.rank for v in x)
        full = [_raised(w, v, rank) for v in x]
        if self.number is None:
            return full[0] if len(full) == 1 else self.joined(w, tuple(full))
        number: tuple[Ref | float | Poly, ...] = (self.number,)
        return self.joined(w, (*number, *full) if self.ahead else (*full, *number))

    def onnx(self, w: OnnxWriter, *x: Ref) -> Ref:
        rank = max(v.type.rank for v in x)
        full = []
        for v in x:
            if v.type.rank < rank and not v.type.fixed:
                dims = (*(1,) * (rank - v.type.rank), *v.type.dims)
                v = w.op("Reshape", v, w.shape(*dims), type=v.type.with_dims(*dims))
            full.append(v)
        out = full[0]
        for v in full[1:]:
            out = w.op(self.kind, out, v, type=broadcast(out.type, v.type))
        if self.number is None:
            return out
        if isinstance(self.number, Poly):  # a size that is known when the network runs
            number = w.op("Cast", w.ints(self.number), to=FLOAT)
        else:
            number = w.floats(float(self.number))
        pair = (number, out) if self.ahead else (out, number)
        return w.op(self.kind, *pair, type=out.type)


_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}


def _raised(w: TorchWriter, v: Ref, rank: int) -> Ref:
    """The value with so many axes; those that are missing go behind the batch, not before it."""
    if v.type.rank == rank or v.type.fixed:
        return v
    return w.view(v, *(1,) * (rank - v.type.rank), *v.type.dims)


@layer("add")
class Add(Elementwise):
    """Sum, element by element; of values, or of a value and a number.

    [...], [...] -> [...]; sizes of 1 are repeated as in PyTorch. ONNX: Add.
    """

    kept = NOTHING
    verb, kind = "added", "Add"
    cases = (
        Case("add", ("[4, 5, 5]", "[4, 5, 5]"), "[4, 5, 5]", nodes=1),
        Case("add", ("[4, 5]", "[4, 5]", "[4, 5]"), "[4, 5]", nodes=2),
        Case("add", ("[4, 1, 5]", "[1, 3, 5]"), "[4, 3, 5]", nodes=1),
        Case("add", ("[4, 3, 5]", "[5]"), "[4, 3, 5]", nodes=2),
        Case("add", ("[5]", "[3, 5]", "[2, 1, 1]"), "[2, 3, 5]", nodes=4),
        Case("add", ("[4, H]", "[4, H]"), "[4, H]", nodes=1),
        Case("add", ("[4, H]", "[4, 1]"), "[4, H]", nodes=1),
        Case("add(-0.5)", "[4, H]", "[4, H]", nodes=1),
        Case("add", ("[128, 28, 28]", "[256, 28, 28]"), refused="NN331"),
        Case("add", ("[64, 28, 28]", "[64, 14, 14]"), refused="NN331"),
        Case("add", ("[64]", "[32]"), refused="NN331"),
        Case("add", ("[4, H]", "[4, H + 1]"), refused="NN331"),
    )


@layer("mul")
class Mul(Elementwise):
    """Product, element by element; of values, or of a value and a number.

    [...], [...] -> [...]; sizes of 1 are repeated as in PyTorch. ONNX: Mul.
    """

    verb, kind = "multiplied", "Mul"
    cases = (
        Case("mul", ("[4, 5, 5]", "[4, 5, 5]"), "[4, 5, 5]", nodes=1),
        Case("mul", ("[4, H, W]", "[4, 1, 1]"), "[4, H, W]", nodes=1),
        Case("mul", ("[3, 4, 5]", "[4, 1]", "[5]"), "[3, 4, 5]", nodes=4),
        Case("mul(1.0 / 9)", "[4, 5]", "[4, 5]", nodes=1),
        Case("mul(2)", ("[4, 5]", "[4, 1]"), "[4, 5]", nodes=2),
        Case("mul", ("[4, 5]", "[4, 6]"), refused="NN331"),
    )

    def kept_beside_number(self) -> Kept:
        """What one value and a number keep."""
        return NOTHING


@layer("sub")
class Sub(Elementwise):
    """Difference, element by element; a formula writes `a - b`. [...] -> [...]. ONNX: Sub."""

    kept = NOTHING
    hidden = True
    verb, kind = "subtracted", "Sub"
    cases = (
        Case("sub", ("[4, 1, 5]", "[3, 1]"), "[4, 3, 5]", nodes=2),
        Case("sub(1.5)", "[4, H]", "[4, H]", nodes=1),
        Case("sub(1, True)", "[4, 5]", "[4, 5]", nodes=1),
    )


@layer("div")
class Div(Elementwise):
    """Quotient, element by element; a formula writes `a / b`. [...] -> [...]. ONNX: Div."""

    hidden = True
    verb, kind = "divided", "Div"
    cases = (
        Case("div", ("[4, 5]", "[4, 1]"), "[4, 5]", nodes=1, positive=True),
        Case("div(9)", "[4, H]", "[4, H]", nodes=1),
        Case("div(1, True)", "[4, 5]", "[4, 5]", nodes=1, positive=True),
    )

    def kept_beside_number(self) -> Kept:
        """What one value and a number keep."""
        return OUTPUT if self.ahead else NOTHING


@layer("pow")
class Pow(Elementwise):
    """Power, element by element; a formula writes `a ** b`. [...] -> [...]. ONNX: Pow."""

    hidden = True
    verb, kind = "combined", "Pow"
    cases = (
        Case("pow", ("[4, 5]", "[4, 1]"), "[4, 5]", nodes=1, positive=True),
        Case("pow(3)", "[4, H]", "[4, H]", nodes=1),
        Case("pow(2, True)", "[4, 5]", "[4, 5]", nodes=1),
    )

    def kept_beside_number(self) -> Kept:
        """What one value and a number keep."""
        return OUTPUT if self.ahead else INPUTS


@layer("maximum")
class Maximum(Elementwise):
    """The larger one, element by element; of values, or of a value and a number.

    [...], [...] -> [...]; sizes of 1 are repeated. PyTorch: torch.maximum; ONNX: Max.
    """

    verb, kind = "compared", "Max"
    cases = (
        Case("maximum", ("[4, 5]", "[4, 1]"), "[4, 5]", nodes=1),
        Case("maximum", ("[4]", "[4]", "[4]"), "[4]", nodes=2),
        Case("maximum(0.5)", "[4, H]", "[4, H]", nodes=1),
        Case("maximum", ("[4, 5]", "[4, 6]"), refused="NN331"),
    )

    def joined(self, w: TorchWriter, x: tuple[Ref | float | Poly, ...]) -> Ref:
        return _folded(w, "torch.maximum", "min", x)


@layer("minimum")
class Minimum(Elementwise):
    """The smaller one, element by element; of values, or of a value and a number.

    [...], [...] -> [...]; sizes of 1 are repeated. PyTorch: torch.minimum; ONNX: Min.
    """

    verb, kind = "compared", "Min"
    cases = (
        Case("minimum", ("[4, 5]", "[4, 1]"), "[4, 5]", nodes=1),
        Case("minimum(0.5)", "[4, H]", "[4, H]", nodes=1),
        Case("minimum", ("[4, 5]", "[4, 6]"), refused="NN331"),
    )

    def joined(self, w: TorchWriter, x: tuple[Ref | float | Poly, ...]) -> Ref:
        return _folded(w, "torch.minimum", "max", x)


def _folded(w: TorchWriter, function: str, bound: str, x: tuple[Ref | float | Poly, ...]) -> Ref:
    """`torch.maximum(torch.maximum(a, b), c)`; a number is a bound of `torch.clamp`."""
    values = [v for v in x if not isinstance(v, (int, float, Poly))]
    out = values[0]
    for v in values[1:]:
        out = w.call(function, out, v)
    for number in x:
        if isinstance(number, (int, float)):
            out = w.call("torch.clamp", out, **{bound: number})
    return out
