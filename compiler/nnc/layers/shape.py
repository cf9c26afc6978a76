"""Layers that keep all elements and change axes: flatten and reshape."""

from __future__ import annotations

from nnc.ir.arguments import Sizes, dims
from nnc.ir.dims import Dim, exact_div, product, show
from nnc.ir.types import TensorType
from nnc.layers.base import (
    VIEW,
    Case,
    Layer,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    layer,
    lead,
)
from nnc.layers.rules import AXIS, ELEMENTS, OPEN_SIZES
from nnc.layers.window import Ints, number

ANY = (Port("x", dtype="any"),)


def known_axis(rules: Rules, axis: int, rank: int, at: str = "axis") -> int:
    """The axis counted from 0; refuses one that the value does not have."""
    if not -rank <= axis < rank:
        rules.refuse(
            AXIS,
            f"there is no axis {axis}",
            at=at,
            label=f"the value has {rank} {'axes' if rank != 1 else 'axis'}",
            help=f"use 0 to {rank - 1}, or -1 to {-rank} from the end" if rank > 1 else "use 0",
        )
    return axis % rank


def known_axes(rules: Rules, axis: Sizes, rank: int) -> Ints:
    """One axis or several, counted from 0 and in order; refuses doubled and missing ones."""
    values = axis if isinstance(axis, tuple) else (axis,)
    found = [known_axis(rules, number(rules, value, "axis"), rank) for value in values]
    if len(set(found)) < len(found):
        rules.refuse(AXIS, "an axis is named twice", at="axis", help="name each axis once")
    return tuple(sorted(found))


@layer("flatten")
class Flatten(Layer):
    """All axes become one.

    [C, H, W] -> [C*H*W], any shape and element type. PyTorch: torch.flatten; ONNX: Flatten.
    """

    counted = True
    kept = VIEW
    ports = ANY
    cases = (
        Case("flatten", "[16, 5, 5]", "[400]", nodes=1),
        Case("flatten", "[7]", "[7]", nodes=1),
        Case("flatten", "[]", "[1]", nodes=1),
        Case("flatten", "[2, H, W]", "[2*H*W]", nodes=1),
        Case("flatten", "token[3, 4]", "token[12]", nodes=1),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return (TensorType((x.elements,), x.dtype),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("torch.flatten", x, lead(x.type)) if x.type.rank else w.view(x, 1)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        if x.type.fixed:
            return w.op("Reshape", x, w.ints(x.type.elements))
        return w.op("Flatten", x, axis=1)


@layer("reshape")
class Reshape(Layer):
    """The same elements in the same order with other sizes; one size may be -1: what remains.

    [...] -> [dims...], any element type. PyTorch: reshape; ONNX: Reshape.
    """

    dims: tuple[Dim, ...] = dims("the new sizes, one of them may be -1", least=-1)

    counted = True
    kept = VIEW
    ports = ANY
    cases = (
        Case("reshape(100, 1, 1)", "[100]", "[100, 1, 1]", nodes=1),
        Case("reshape(4, -1)", "[2, 6, 3]", "[4, 9]", nodes=1),
        Case("reshape(-1)", "[2, 6]", "[12]", nodes=1),
        Case("reshape(3, 4)", "token[12]", "token[3, 4]", nodes=1),
        Case("reshape(H, 6)", "[2, 3, H]", "[H, 6]", nodes=1),
        Case("reshape(2, -1)", "[4, H, 3]", "[2, 6*H]", nodes=1),
        Case("reshape(-1, H)", "[3, H, W]", "[3*W, H]", nodes=1),
        Case("reshape(3, 2, -1)", "[3, H]", "[3, 2, H // 2]", nodes=1),
        Case("reshape(28, 28)", "[100]", refused="NN309"),
        Case("reshape(7, -1)", "[100]", refused="NN309"),
        Case("reshape(-1, -1)", "[100]", refused="NN330"),
        Case("reshape(0, 5)", "[100]", refused="NN330"),
        Case("reshape(H, W)", "[H, W, 2]", refused="NN309"),
    )

    def _sizes(self, x: TensorType) -> tuple[Dim, ...]:
        """The new sizes with -1 replaced; what divides with a remainder is rounded down."""
        rest = product(d for d in self.dims if d != -1)
        left = exact_div(x.elements, rest)
        if left is None:
            left = x.elements // rest if isinstance(rest, int) else 1
        return tuple(left if d == -1 else d for d in self.dims)

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        bad = [d for d in self.dims if isinstance(d, int) and d < 1 and d != -1]
        if bad or self.dims.count(-1) > 1:
            rules.refuse(
                OPEN_SIZES,
                f"a size cannot be {bad[0]}" if bad else "only one size may be -1",
                at="dims",
                help="write the sizes as numbers of at least 1, one of them may be -1",
            )
        rest = product(d for d in self.dims if d != -1)
        have = f"{show(x.elements)} elements come in"
        if -1 not in self.dims:
            rules.equal(
                rest,
                x.elements,
                ELEMENTS,
                "`reshape` cannot change the number of elements",
                at="dims",
                label=f"{show(rest)} here, {have}",
                help=self._help(x.elements),
            )
        elif isinstance(rest, int):
            rules.divisible(
                x.elements,
                rest,
                ELEMENTS,
                "the other sizes must divide the number of elements",
                at="dims",
                label=f"{rest} here, {have}",
                help=f"use sizes whose product divides {show(x.elements)}",
            )
        elif exact_div(x.elements, rest) is None:
            rules.refuse(
                ELEMENTS,
                "the size of -1 cannot be told",
                at="dims",
                label=f"{show(rest)} here, {have}",
                help="write the size instead of -1",
            )
        return (TensorType(self._sizes(x), x.dtype),)

    def _help(self, elements: Dim) -> str:
        """The same `reshape` with one size corrected, the last that can be."""
        for at in reversed(range(len(self.dims))):
            others = (*self.dims[:at], *self.dims[at + 1 :])
            rest = exact_div(elements, product(others))
            if rest is not None:
                fixed = ", ".join(show(d) for d in (*self.dims[:at], rest, *self.dims[at + 1 :]))
                return f"write `reshape({fixed})`, or -1 for the size that becomes what remains"
        return f"use sizes whose product is {show(elements)}"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.view(x, *self._sizes(x.type))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        sizes = self._sizes(x.type)
        return w.op("Reshape", x, w.ints(*sizes) if x.type.fixed else w.shape(*sizes))
