"""Layers that move elements and change sizes: flatten, reshape, pad, upsample."""

from __future__ import annotations

from nnc.ir.arguments import Sizes, dims, option, real, sizes
from nnc.ir.dims import Dim, exact_div, product, show
from nnc.ir.types import TensorType
from nnc.layers.base import (
    INPUTS,
    NOTHING,
    VIEW,
    Along,
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
from nnc.layers.rules import AXIS, COUNT, ELEMENTS, MODE, NO_EFFECT, OPEN_SIZES
from nnc.layers.window import ONNX_PADDING, Ints, ints, number, numbers, require_border

ANY = (Port("x", dtype="any"),)
SPACE = (Port("x", ranks=(2, 3, 4), channels_first=True),)


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
        return w.call("torch.flatten", x, 1) if x.type.rank else w.view(x, 1)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Flatten", x, axis=1)


@layer("reshape")
class Reshape(Layer):
    """The same elements in the same order with other sizes; one size may be -1: what remains.

    [...] -> [dims...], any element type. PyTorch: reshape; ONNX: Reshape.
    """

    dims: tuple[Dim, ...] = dims("the new sizes, one of them may be -1", least=-1)

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
        return w.op("Reshape", x, w.shape(*self._sizes(x.type)))


@layer("pad")
class Pad(Layer):
    """Adds cells around the axes of space.

    [C, L], [C, H, W] or [C, D, H, W], channels stay. PyTorch: F.pad; ONNX: Pad.
    """

    amount: Sizes = sizes(
        "cells on each side: one number, or two an axis, last first: (left, right, top, bottom)",
        least=0,
    )
    mode: str = option(
        "what the cells hold", ("constant", "reflect", "replicate", "circular"), default="constant"
    )
    value: float = real("the number that constant cells hold", default=0.0)

    ports = SPACE
    cases = (
        Case("pad(1)", "[2, 5, 6]", "[2, 7, 8]", nodes=1),
        Case("pad((1, 2, 3, 0), value=-1.5)", "[2, 5, 6]", "[2, 8, 9]", nodes=1),
        Case("pad((2, 0), reflect)", "[2, 5]", "[2, 7]", nodes=1),
        Case("pad(2, mode=replicate)", "[2, 1, 3]", "[2, 5, 7]", nodes=1),
        Case("pad((1, 0, 2, 1), mode=circular)", "[2, 3, 3]", "[2, 6, 4]", nodes=1),
        Case("pad((1, 1, 0, 0, 0, 2))", "[2, 3, 3, 3]", "[2, 5, 3, 5]", nodes=1),
        Case("pad(3, reflect)", "[1, H, W]", "[1, H + 6, W + 6]", nodes=1),
        Case("pad(5, reflect)", "[1, 5, 5]", refused="NN304"),
        Case("pad((1, 1))", "[1, 5, 5]", refused="NN307"),
        Case("pad(1, reflect, value=2)", "[1, 5, 5]", refused="NN336"),
    )

    def _sides(self, axes: int) -> tuple[Ints, Ints]:
        """Before and after, in the order of the axes."""
        both = ints(self.amount, 2 * axes)
        return both[::2][::-1], both[1::2][::-1]

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        axes = x.rank - 1
        if isinstance(self.amount, tuple):
            if len(self.amount) != 2 * axes:
                rules.refuse(
                    COUNT,
                    f"`amount` has {len(self.amount)} numbers for {2 * axes} sides",
                    at="amount",
                    help="write one number, or two an axis: (left, right, top, bottom)",
                )
            numbers(rules, self.amount, 2 * axes, "amount")
        else:
            number(rules, self.amount, "amount")
        if self.mode != "constant" and self.value:
            rules.refuse(
                NO_EFFECT,
                f"`value` has no effect with `mode={self.mode}`",
                at="value",
                help="leave it out, or use `mode=constant`",
            )
        low, high = self._sides(axes)
        require_border(rules, self.mode, x.dims[1:], map(max, low, high), at="amount")
        return (x.with_dims(x.dims[0], *(d + (a + b) for d, a, b in zip(x.dims[1:], low, high))),)

    def keeps(self, x: TensorType) -> Kept:
        """Its input where the border is mirrored or repeated."""
        return INPUTS if self.mode in ("reflect", "replicate") else NOTHING

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        if not axis or self.mode != "constant" or self.value:
            return "mixes"
        return "masked" if self._sides(x.rank - 1)[1][axis - 1] else "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        sides = (
            self.amount
            if isinstance(self.amount, tuple)
            else (self.amount,) * 2 * (x.type.rank - 1)
        )
        return w.call("F.pad", x, sides, mode=self.mode, value=self.value or None)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        low, high = self._sides(x.type.rank - 1)
        pads = w.ints(0, 0, *low, 0, 0, *high)
        if self.mode != "constant":
            return w.op("Pad", x, pads, mode=ONNX_PADDING[self.mode])
        return w.op("Pad", x, pads, w.floats(float(self.value)) if self.value else None)


MODES = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}


@layer("upsample")
class Upsample(Layer):
    """Enlarges the axes of space by whole factors, as PyTorch does with align_corners=False.

    [C, L], [C, H, W] or [C, D, H, W], channels stay. PyTorch: F.interpolate; ONNX: Resize.
    """

    scale: Sizes = sizes("factor: one number, or one an axis")
    mode: str = option("how new cells are filled", ("nearest", *MODES), default="nearest")

    kept = NOTHING
    ports = SPACE
    cases = (
        Case("upsample(2)", "[2, 3, 4]", "[2, 6, 8]", nodes=1),
        Case("upsample(3)", "[2, 4]", "[2, 12]", nodes=1),
        Case("upsample((1, 2, 3))", "[2, 2, 2, 2]", "[2, 2, 4, 6]", nodes=1),
        Case("upsample(2, mode=bilinear)", "[2, 3, 4]", "[2, 6, 8]", nodes=1),
        Case("upsample((3, 2), bilinear)", "[2, 1, 4]", "[2, 3, 8]", nodes=1),
        Case("upsample(2, linear)", "[2, 5]", "[2, 10]", nodes=1),
        Case("upsample(2, trilinear)", "[2, 2, 3, 2]", "[2, 4, 6, 4]", nodes=1),
        Case("upsample(2, bicubic)", "[2, 5, 4]", "[2, 10, 8]", nodes=1),
        Case("upsample(2, bilinear)", "[3, H, W]", "[3, 2*H, 2*W]", nodes=1),
        Case("upsample(2, bilinear)", "[3, 8]", refused="NN333"),
        Case("upsample((2, 2, 2))", "[3, 8, 8]", refused="NN307"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        axes = x.rank - 1
        scale = numbers(rules, self.scale, axes, "scale")
        if MODES.get(self.mode, axes) != axes:
            fits = [word for word, count in MODES.items() if count == axes]
            rules.refuse(
                MODE,
                f"`{self.mode}` works on {MODES[self.mode]} axes of space",
                at="mode",
                label=f"the value has {axes}",
                help=f"use `mode={fits[0]}`",
            )
        return (x.with_dims(x.dims[0], *(d * s for d, s in zip(x.dims[1:], scale))),)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "each" if axis and self.mode == "nearest" else "mixes"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call("F.interpolate", x, scale_factor=self.scale, mode=self.mode)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        scales = w.floats(1.0, 1.0, *map(float, ints(self.scale, x.type.rank - 1)))
        if self.mode == "nearest":
            return w.op(
                "Resize",
                x,
                None,
                scales,
                mode="nearest",
                coordinate_transformation_mode="asymmetric",
                nearest_mode="floor",
            )
        mode = "cubic" if self.mode == "bicubic" else "linear"
        return w.op(
            "Resize", x, None, scales, mode=mode, coordinate_transformation_mode="half_pixel"
        )
