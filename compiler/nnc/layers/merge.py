"""Layers that join several values: add, mul, concat."""

from __future__ import annotations

from nnc.diagnostics import Rule
from nnc.ir.arguments import axis
from nnc.ir.dims import Dim, show
from nnc.ir.types import TensorType
from nnc.layers.base import Case, Layer, OnnxWriter, Port, Ref, Rules, TorchWriter, layer
from nnc.layers.rules import BROADCAST, CONCAT
from nnc.layers.shape import known_axis


def broadcast(a: TensorType, b: TensorType) -> TensorType:
    """The shape of a + b where sizes match; where they do not, a's size."""
    if a.dims == b.dims:
        return a
    if a.rank < b.rank:
        a, b = b, a
    ahead = a.rank - b.rank
    sizes = (x if y == 1 or x != 1 else y for x, y in zip(a.dims[ahead:], b.dims))
    return a.with_dims(*a.dims[:ahead], *sizes)


def _help(a: TensorType, b: TensorType, at: int, x: Dim, y: Dim) -> str:
    """What makes axis `at` (from the end) of a and b equal, computed from their sizes."""
    if a.rank == b.rank == at and a.rank > 1:
        return f"add `conv({show(x)}, 1)` to the second, or give it {show(x)} channels"
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


class Elementwise(Layer):
    """What `add` and `mul` share: element by element, sizes of 1 and missing axes are repeated."""

    ports = (Port("x", many=True),)

    def shape(self, rules: Rules, *x: TensorType) -> tuple[TensorType, ...]:
        out = x[0]
        for other in x[1:]:
            if other.dims != out.dims:
                require_match(rules, out, other, "added" if self.word == "add" else "multiplied")
                out = broadcast(out, other)
        return (out,)


def _torch(w: TorchWriter, operator: str, x: tuple[Ref, ...]) -> Ref:
    """Joins with an infix operator; axes that are missing go behind the batch, not before it."""
    rank = max(v.type.rank for v in x)
    ones = (1,) * rank
    full = [v if v.type.rank == rank else w.view(v, *ones[v.type.rank :], *v.type.dims) for v in x]
    return full[0] if len(full) == 1 else w.infix(operator, *full)


def _onnx(w: OnnxWriter, kind: str, x: tuple[Ref, ...]) -> Ref:
    rank = max(v.type.rank for v in x)
    full = []
    for v in x:
        if v.type.rank < rank:
            dims = (*(1,) * (rank - v.type.rank), *v.type.dims)
            v = w.op("Reshape", v, w.shape(*dims), type=TensorType(dims, v.type.dtype))
        full.append(v)
    out = full[0]
    for v in full[1:]:
        out = w.op(kind, out, v, type=broadcast(out.type, v.type))
    return out


@layer("add")
class Add(Elementwise):
    """Sum, element by element.

    [...], [...] -> [...]; sizes of 1 are repeated as in PyTorch. ONNX: Add.
    """

    cases = (
        Case("add", ("[4, 5, 5]", "[4, 5, 5]"), "[4, 5, 5]", nodes=1),
        Case("add", ("[4, 5]", "[4, 5]", "[4, 5]"), "[4, 5]", nodes=2),
        Case("add", ("[4, 1, 5]", "[1, 3, 5]"), "[4, 3, 5]", nodes=1),
        Case("add", ("[4, 3, 5]", "[5]"), "[4, 3, 5]", nodes=2),
        Case("add", ("[5]", "[3, 5]", "[2, 1, 1]"), "[2, 3, 5]", nodes=4),
        Case("add", ("[4, H]", "[4, H]"), "[4, H]", nodes=1),
        Case("add", ("[4, H]", "[4, 1]"), "[4, H]", nodes=1),
        Case("add", ("[128, 28, 28]", "[256, 28, 28]"), refused="NN331"),
        Case("add", ("[64, 28, 28]", "[64, 14, 14]"), refused="NN331"),
        Case("add", ("[64]", "[32]"), refused="NN331"),
        Case("add", ("[4, H]", "[4, H + 1]"), refused="NN331"),
    )

    def torch(self, w: TorchWriter, *x: Ref) -> Ref:
        return _torch(w, "+", x)

    def onnx(self, w: OnnxWriter, *x: Ref) -> Ref:
        return _onnx(w, "Add", x)


@layer("mul")
class Mul(Elementwise):
    """Product, element by element.

    [...], [...] -> [...]; sizes of 1 are repeated as in PyTorch. ONNX: Mul.
    """

    cases = (
        Case("mul", ("[4, 5, 5]", "[4, 5, 5]"), "[4, 5, 5]", nodes=1),
        Case("mul", ("[4, H, W]", "[4, 1, 1]"), "[4, H, W]", nodes=1),
        Case("mul", ("[3, 4, 5]", "[4, 1]", "[5]"), "[3, 4, 5]", nodes=4),
        Case("mul", ("[4, 5]", "[4, 6]"), refused="NN331"),
    )

    def torch(self, w: TorchWriter, *x: Ref) -> Ref:
        return _torch(w, "*", x)

    def onnx(self, w: OnnxWriter, *x: Ref) -> Ref:
        return _onnx(w, "Mul", x)


def _joins(x: tuple[TensorType, ...], axis: int) -> bool:
    """Whether all sizes but those of one axis are equal."""
    return all(
        t.dims[:axis] + t.dims[axis + 1 :] == x[0].dims[:axis] + x[0].dims[axis + 1 :] for t in x
    )


@layer("concat")
class Concat(Layer):
    """Side by side along an axis.

    [A, ...], [B, ...] -> [A + B, ...], any element type. PyTorch: torch.cat; ONNX: Concat.
    """

    axis: int = axis("the axis along which they are joined", default=0)

    ports = (Port("x", dtype="any", many=True),)
    cases = (
        Case("concat", ("[4, 5, 5]", "[3, 5, 5]"), "[7, 5, 5]", nodes=1),
        Case("concat", ("[4]", "[3]", "[2]"), "[9]", nodes=1),
        Case("concat(axis=-1)", ("[4, 5]", "[4, 2]"), "[4, 7]", nodes=1),
        Case("concat(axis=1)", ("[4, H]", "[4, 3]"), "[4, H + 3]", nodes=1),
        Case("concat", ("[4, H, W]", "[3, H, W]"), "[7, H, W]", nodes=1),
        Case("concat", ("token[4]", "token[3]"), "token[7]", nodes=1),
        Case("concat", ("[4, 5, 5]", "[4, 5, 6]"), refused="NN332"),
        Case("concat", ("[4, 5, 5]", "[4, 5]"), refused="NN332"),
        Case("concat", ("[4]", "token[4]"), refused="NN332"),
        Case("concat(axis=2)", ("[4]", "[5]"), refused="NN308"),
    )

    def shape(self, rules: Rules, *x: TensorType) -> tuple[TensorType, ...]:
        first = x[0]
        at = known_axis(rules, self.axis, first.rank)
        total = first.dims[at]
        for other in x[1:]:
            what = "numbers of axes" if other.rank != first.rank else "element types"
            if other.rank != first.rank or other.dtype != first.dtype:
                _refuse_join(
                    rules, CONCAT, f"values of different {what} cannot be joined", first, other
                )
            for i, (a, b) in enumerate(zip(first.dims, other.dims)):
                if i != at and a != b:
                    self._require_same(rules, x, other, i)
            total = total + other.dims[at]
        return (first.with_dims(*first.dims[:at], total, *first.dims[at + 1 :]),)

    def _require_same(
        self, rules: Rules, x: tuple[TensorType, ...], other: TensorType, axis: int
    ) -> None:
        fits = [
            i for i in range(other.rank) if all(t.rank == other.rank for t in x) and _joins(x, i)
        ]
        a, b = x[0].dims[axis], other.dims[axis]
        rules.equal(
            a,
            b,
            CONCAT,
            f"these shapes cannot be joined along axis {self.axis}",
            label=f"{x[0]} and {other} differ along axis {axis}: {show(a)} is not {show(b)}",
            help=f"they join along another axis: `concat(axis={fits[0]})`"
            if fits
            else f"only axis {self.axis} may differ; `padding=same` keeps sizes",
        )

    def torch(self, w: TorchWriter, *x: Ref) -> Ref:
        return w.call("torch.cat", list(x), dim=self.axis + (self.axis >= 0))

    def onnx(self, w: OnnxWriter, *x: Ref) -> Ref:
        return w.op("Concat", *x, axis=self.axis + (self.axis >= 0))


def _refuse_join(rules: Rules, rule: Rule, message: str, a: TensorType, b: TensorType) -> None:
    rules.refuse(rule, message, label=f"{a} and {b}")
