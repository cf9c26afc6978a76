"""Layers that add cells around the axes of space, or take them away."""

from __future__ import annotations

from nnc.ir.arguments import Sizes, option, real, sizes
from nnc.ir.dims import Dim, Poly, show
from nnc.ir.types import TensorType
from nnc.layers.base import (
    INPUTS,
    NOTHING,
    Along,
    Case,
    Kept,
    Layer,
    OnnxWriter,
    Ref,
    Rules,
    TorchArg,
    TorchWriter,
    layer,
)
from nnc.layers.rules import NO_EFFECT, NOTHING_LEFT
from nnc.layers.sides import (
    SPACE,
    Sides,
    given_sides,
    halves,
    require_one,
    require_room,
    require_sides,
    size_of,
    torch_sides,
)
from nnc.layers.steps import with_earlier
from nnc.layers.streaming import Flow, Streamer
from nnc.layers.window import ONNX_PADDING, require_border
from nnc.record import replace

FAR = 2**31 - 1
"""The end of an axis, for ONNX."""


@layer("pad")
class Pad(Layer):
    """Adds cells around the axes of space.

    [C, L], [C, H, W] or [C, D, H, W], channels stay. `pad(like=x)` comes to the sizes of another
    value, which may have other channels: as many cells on both sides, an odd one behind. PyTorch:
    F.pad; ONNX: Pad.
    """

    amount: Sizes | None = sizes(
        "cells on each side: one number, or two an axis, last first: (left, right, top, bottom)",
        least=0,
        default=None,
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
        Case("pad(like=x1)", ("[2, 5, 6]", "[3, 8, 6]"), "[2, 8, 6]", nodes=1),
        Case("pad(like=x1, value=2)", ("[2, 2*(L // 2)]", "[1, L]"), "[2, L]"),
        Case("pad(like=x1, mode=reflect)", ("[2, H, W]", "[1, H + 3, W]"), "[2, H + 3, W]"),
        Case("pad(like=x1)", ("[2, 5, 6]", "[3, 8, 5]"), refused="NN384"),
        Case("pad(like=x1)", ("[2, 5, 6]", "[3, 8]"), refused="NN384"),
        Case("pad(1, like=x1)", ("[2, 5, 6]", "[3, 8, 9]"), refused="NN384"),
        Case("pad", "[1, 5, 5]", refused="NN384"),
        Case("pad(5, reflect)", "[1, 5, 5]", refused="NN304"),
        Case("pad((1, 1))", "[1, 5, 5]", refused="NN307"),
        Case("pad(1, reflect, value=2)", "[1, 5, 5]", refused="NN336"),
    )

    def _sides(self, x: TensorType, like: TensorType | None) -> Sides:
        if like is not None:
            return halves(like, x)
        assert self.amount is not None
        return given_sides(self.amount, x.rank - 1)

    def shape(
        self, rules: Rules, x: TensorType, like: TensorType | None = None
    ) -> tuple[TensorType, ...]:
        require_one(rules, "pad", "amount", self.amount, x, like)
        if like is not None:
            help = "`crop(like=...)` takes cells away"
            require_room(rules, like, x, f"`pad` adds cells, and {x} is larger than {like}", help)
        elif self.amount is not None:
            require_sides(rules, self.amount, x.rank - 1)
        if self.mode != "constant" and self.value:
            rules.refuse(
                NO_EFFECT,
                f"`value` has no effect with `mode={self.mode}`",
                at="value",
                help="leave it out, or use `mode=constant`",
            )
        low, high = self._sides(x, like)
        at = "like" if self.amount is None else "amount"
        largest = high if like is not None else map(max, *given_sides(self.amount or 0, x.rank - 1))
        require_border(rules, self.mode, x.dims[1:], largest, at=at)
        return (x.with_dims(x.dims[0], *(d + (a + b) for d, a, b in zip(x.dims[1:], low, high))),)

    def keeps(self, x: TensorType, like: TensorType | None = None) -> Kept:
        if self.mode not in ("reflect", "replicate"):
            return NOTHING
        return INPUTS if like is None else Kept(other=x.elements * 4)  # of `like` no number

    def along(self, axis: int, x: TensorType, *like: TensorType | None) -> Along:
        if not axis or self.mode != "constant" or self.value or self.amount is None:
            return "mixes"
        return "masked" if given_sides(self.amount, x.rank - 1)[1][axis - 1] else "each"

    def stream(self, s: Streamer, x: Flow, like: Flow | None = None) -> tuple[Flow | None, ...]:
        if like is not None or not x.axis:
            s.refuse("`pad` to the sizes of another value does not go step by step")
        assert self.amount is not None
        low, high = given_sides(self.amount, x.type.rank - 1)
        at = x.axis - 1
        if high[at] or (low[at] and self.mode != "constant"):
            s.refuse(
                "`pad` behind the steps, or with copies of them, needs the whole sequence",
                f"write `pad(({low[at] + high[at]}, 0))`: cells before the first step",
            )
        y = x
        if low[at]:
            y = with_earlier(s, x, low[at], self.value)
        others = [(0, 0) if here == at else pair for here, pair in enumerate(zip(low, high))]
        if any(map(any, others)):
            amount = tuple(side for pair in reversed(others) for side in pair)
            (y,) = s.apply(replace(self, amount=amount), y)
        return (y,)

    def torch(self, w: TorchWriter, x: Ref, like: Ref | None = None) -> Ref:
        if like is not None:
            pairs = torch_sides(w, like, x)
            sides: TorchArg = tuple(side for pair in reversed(pairs) for side in pair)
        elif isinstance(self.amount, tuple):
            sides = self.amount
        else:
            sides = (self.amount,) * 2 * (x.type.rank - 1)
        return w.call("F.pad", x, sides, mode=self.mode, value=self.value or None)

    def onnx(self, w: OnnxWriter, x: Ref, like: Ref | None = None) -> Ref:
        low, high = self._sides(x.type, None if like is None else like.type)
        pads = w.ints(0, 0, *low, 0, 0, *high)
        if self.mode != "constant":
            return w.op("Pad", x, pads, mode=ONNX_PADDING[self.mode])
        return w.op("Pad", x, pads, w.floats(float(self.value)) if self.value else None)


@layer("crop")
class Crop(Layer):
    """Takes cells away around the axes of space.

    [C, L], [C, H, W] or [C, D, H, W], channels stay. `crop(like=x)` keeps the middle, in the sizes
    of another value, which may have other channels: as U-Net's paper joins its levels. PyTorch: a
    slice; ONNX: Slice.
    """

    amount: Sizes | None = sizes(
        "cells from each side: one number, or two an axis, last first: (left, right, top, bottom)",
        least=0,
        default=None,
    )

    kept = NOTHING

    ports = SPACE
    cases = (
        Case("crop(1)", "[2, 5, 6]", "[2, 3, 4]", nodes=1),
        Case("crop((1, 2, 0, 3))", "[2, 5, 6]", "[2, 2, 3]", nodes=1),
        Case("crop((2, 0))", "[2, 5]", "[2, 3]", nodes=1),
        Case("crop((0, 0, 1, 1, 0, 1))", "[2, 3, 3, 3]", "[2, 2, 1, 3]", nodes=1),
        Case("crop(2)", "[1, H, W]", "[1, H - 4, W - 4]", nodes=1),
        Case("crop(like=x1)", ("[2, 9, 8]", "[3, 4, 8]"), "[2, 4, 8]", nodes=1),
        Case("crop(like=x1)", ("[2, H, W]", "[1, H - 5, W]"), "[2, H - 5, W]", nodes=1),
        Case("crop(like=x1)", ("[2, L]", "[1, L // 2]"), "[2, L // 2]"),
        Case("crop(like=x1)", ("[2, 5, 6]", "[3, 8, 5]"), refused="NN384"),
        Case("crop(like=x1)", ("[2, 5, 6]", "[3, 2]"), refused="NN384"),
        Case("crop(1, like=x1)", ("[2, 5, 6]", "[3, 3, 4]"), refused="NN384"),
        Case("crop", "[2, 5, 6]", refused="NN384"),
        Case("crop(3)", "[2, 5, 6]", refused="NN334"),
        Case("crop((1, 1, 1))", "[2, 5, 6]", refused="NN307"),
    )

    def _sides(self, x: TensorType, like: TensorType | None) -> Sides:
        if like is not None:
            return halves(x, like)
        assert self.amount is not None
        return given_sides(self.amount, x.rank - 1)

    def shape(
        self, rules: Rules, x: TensorType, like: TensorType | None = None
    ) -> tuple[TensorType, ...]:
        require_one(rules, "crop", "amount", self.amount, x, like)
        if like is not None:
            help = "`pad(like=...)` adds cells, `upsample(like=...)` enlarges"
            require_room(
                rules, x, like, f"`crop` takes cells away, and {like} is larger than {x}", help
            )
            return (x.with_dims(x.dims[0], *like.dims[1:]),)
        assert self.amount is not None
        require_sides(rules, self.amount, x.rank - 1)
        left = [d - (a + b) for d, a, b in zip(x.dims[1:], *self._sides(x, like))]
        for d, rest in zip(x.dims[1:], left):
            rules.at_least(
                rest,
                1,
                NOTHING_LEFT,
                "nothing is left of an axis",
                at="amount",
                label=f"{show(d - rest)} of {show(d)} cells are cut off",
                help="take away less",
            )
        return (x.with_dims(x.dims[0], *left),)

    def torch(self, w: TorchWriter, x: Ref, like: Ref | None = None) -> Ref:
        low, high = self._sides(x.type, None if like is None else like.type)
        known = [(a, b) for a, b in zip(low, high) if isinstance(a, int) and isinstance(b, int)]
        if len(known) == len(low):
            return w.index(x, (None, None), *((a or None, -b if b else None) for a, b in known))
        assert like is not None
        y = x
        for at, (before, _) in enumerate(torch_sides(w, x, like), start=1):
            y = w.method(y, "narrow", at + 1, before, size_of(w, like, at))
        return y

    def onnx(self, w: OnnxWriter, x: Ref, like: Ref | None = None) -> Ref:
        low, high = self._sides(x.type, None if like is None else like.type)
        ends: list[Dim] = []
        for b, d in zip(high, x.type.dims[1:]):
            ends.append(d - b if isinstance(b, Poly) else -b if b else FAR)
        axes = w.ints(*range(2, x.type.rank + 1))
        return w.op("Slice", x, w.ints(*low), w.ints(*ends), axes)
