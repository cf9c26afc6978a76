"""Enlarging the axes of space: nearest cells, or what lies between them."""

from __future__ import annotations

from nnc.ir.arguments import Sizes, flag, option, sizes
from nnc.ir.types import TensorType
from nnc.layers.base import NOTHING, Along, Case, Layer, OnnxWriter, Ref, Rules, TorchWriter, layer
from nnc.layers.nearest import PICKS, nearest
from nnc.layers.rules import LIKE, MODE, NO_EFFECT
from nnc.layers.sides import SPACE, require_one
from nnc.layers.window import Ints, ints, numbers

MODES = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}


@layer("upsample")
class Upsample(Layer):
    """Enlarges the axes of space by whole factors, or to the sizes of another value.

    [C, L], [C, H, W] or [C, D, H, W], channels stay; `upsample(like=x)` takes the sizes of `x`,
    which may have other channels. PyTorch: F.interpolate; ONNX: Resize, and to a size that is no
    multiple, for the nearest cell, a Gather an axis.
    """

    scale: Sizes | None = sizes("factor: one number, or one an axis", default=None)
    mode: str = option("how new cells are filled", ("nearest", *MODES), default="nearest")
    align_corners: bool = flag(
        "the first and last cells stay where they are; not for nearest", default=False
    )

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
        Case("upsample(2, bilinear, align_corners=true)", "[3, H, 1]", "[3, 2*H, 2]", nodes=1),
        Case("upsample(3, bicubic, align_corners=true)", "[2, 5, 4]", "[2, 15, 12]", nodes=1),
        Case("upsample(like=x1)", ("[2, 3, 4]", "[5, 6, 8]"), "[2, 6, 8]", nodes=1),
        Case("upsample(like=x1)", ("[2, 14]", "[5, 46]"), "[2, 46]", nodes=10),
        Case("upsample(like=x1)", ("[2, L // 2]", "[1, L]"), "[2, L]"),
        Case("upsample(like=x1, mode=bilinear)", ("[2, 3, 4]", "[5, 7, 4]"), "[2, 7, 4]", nodes=1),
        Case(
            "upsample(like=x1, mode=bicubic)",
            ("[2, H // 2, W]", "[1, H, W]"),
            "[2, H, W]",
        ),
        Case("upsample(like=x1)", ("[2, 5, 6]", "[3, 8, 5]"), refused="NN384"),
        Case("upsample(2, like=x1)", ("[2, 5, 6]", "[3, 8, 8]"), refused="NN384"),
        Case("upsample(like=x1)", ("[2, 5, 6]", "[3, 8]"), refused="NN384"),
        Case("upsample", "[2, 5, 6]", refused="NN384"),
        Case("upsample(2, align_corners=true)", "[2, 5, 6]", refused="NN336"),
        Case("upsample(2, bilinear)", "[3, 8]", refused="NN333"),
        Case("upsample((2, 2, 2))", "[3, 8, 8]", refused="NN307"),
    )

    kept = NOTHING

    def shape(
        self, rules: Rules, x: TensorType, like: TensorType | None = None
    ) -> tuple[TensorType, ...]:
        axes = x.rank - 1
        require_one(rules, "upsample", "scale", self.scale, x, like)
        if MODES.get(self.mode, axes) != axes:
            fits = [word for word, count in MODES.items() if count == axes]
            rules.refuse(
                MODE,
                f"`{self.mode}` works on {MODES[self.mode]} axes of space",
                at="mode",
                label=f"the value has {axes}",
                help=f"use `mode={fits[0]}`",
            )
        if self.mode == "nearest" and self.align_corners:
            rules.refuse(
                NO_EFFECT,
                "`align_corners` has no effect with `mode=nearest`",
                at="align_corners",
                help="leave it out, or use `mode=bilinear`",
            )
        if like is not None:
            help = "`crop(like=...)` takes cells away, a pooling or a stride makes smaller"
            for a, b in zip(like.dims[1:], x.dims[1:]):
                if isinstance(a, int) and isinstance(b, int):
                    message = f"`upsample` enlarges, and {x} is larger than {like}"
                    rules.at_least(a - b, 0, LIKE, message, at="like", help=help)
            return (x.with_dims(x.dims[0], *like.dims[1:]),)
        assert self.scale is not None
        scale = numbers(rules, self.scale, axes, "scale")
        return (x.with_dims(x.dims[0], *(d * s for d, s in zip(x.dims[1:], scale))),)

    def along(self, axis: int, x: TensorType, *like: TensorType | None) -> Along:
        return "each" if axis and self.mode == "nearest" and self.scale is not None else "mixes"

    def nodes(self, x: TensorType, like: TensorType | None = None) -> int:
        if like is None or self.mode != "nearest" or _factors(x, like) is not None:
            return 1
        return PICKS * sum(a != b for a, b in zip(x.dims[1:], like.dims[1:]))

    def torch(self, w: TorchWriter, x: Ref, like: Ref | None = None) -> Ref:
        return w.call(
            "F.interpolate",
            x,
            size=None if like is None else w.size(like),
            scale_factor=self.scale,
            mode=self.mode,
            align_corners=self.align_corners or None,
        )

    def onnx(self, w: OnnxWriter, x: Ref, like: Ref | None = None) -> Ref:
        if like is None:
            assert self.scale is not None
            factors: Ints | None = ints(self.scale, x.type.rank - 1)
        else:
            factors = _factors(x.type, like.type)
            if factors is None and self.mode == "nearest":
                return nearest(w, x, like.type)
        scales = sizes = None
        if factors is not None:
            scales = w.floats(1.0, 1.0, *map(float, factors))
        elif like is not None:
            sizes = w.ints(*like.type.dims[1:])
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
        return w.op(
            "Resize",
            x,
            None,
            scales,
            sizes,
            axes=None if sizes is None else tuple(range(2, x.type.rank + 1)),
            mode="cubic" if self.mode == "bicubic" else "linear",
            coordinate_transformation_mode="align_corners" if self.align_corners else "half_pixel",
        )


def _factors(x: TensorType, like: TensorType) -> Ints | None:
    """The whole factors between two values' axes of space; None where there are none."""
    found: list[int] = []
    for have, want in zip(x.dims[1:], like.dims[1:]):
        if isinstance(have, int) and isinstance(want, int):
            factor = int(want) // int(have) if want % have == 0 else 0
        else:
            factor = next((k for k in range(1, 65) if have * k == want), 0)
        if not factor:
            return None
        found.append(factor)
    return tuple(found)
