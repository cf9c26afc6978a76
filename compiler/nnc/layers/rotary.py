"""Rotary positions (Su et al., 2021): queries and keys are turned by their place.

Pair i of a head's features, i and i + width/2, is turned by the angle t / base^(2i / width) at step
t: the half-split form of GPT-NeoX and Llama. How well two steps fit then depends on how far apart
they are.
"""

from __future__ import annotations

from nnc.ir.dims import Dim, show
from nnc.ir.types import TensorType
from nnc.layers.base import OnnxWriter, Ref, Rules, TorchWriter, Transform
from nnc.layers.rules import MEMORY, NO_EFFECT, PARTS

FLOAT = 1
"""TensorProto.FLOAT."""


def require(rules: Rules, width: Dim, to: TensorType | None) -> None:
    """States that queries and keys can be turned."""
    if to is not None:
        rules.refuse(
            MEMORY,
            "rotary positions are those of one sequence, and `to` is another",
            at="rotary",
            help="leave out `rotary` where attention looks at another sequence",
        )
    rules.divisible(
        width,
        2,
        PARTS,
        "rotary positions turn features in pairs",
        at="rotary",
        label=f"a head has {show(width)} features",
        help="use fewer heads, or give an even `width`",
    )


def require_none(rules: Rules, base: float, default: float) -> None:
    """Refuses a base without rotary positions."""
    if base != default:
        rules.refuse(
            NO_EFFECT,
            "`rotary_base` has no effect without `rotary`",
            at="rotary_base",
            help=f"write `rotary=true, rotary_base={base:g}`",
        )


def torch_turned(
    w: TorchWriter, x: Ref, q: Ref, k: Ref, past: Dim | None = None
) -> tuple[Ref, Ref]:
    """Queries and keys [..., steps, width], turned by the angles of their steps.

    `past`: so many steps were before the one that is here; by default all are here.
    """
    count = x.type.dims[-2] if past is None else past + 1
    steps = w.call("torch.arange", count, device=w.device(x))
    if past is not None:
        steps = w.method(steps, "narrow", 0, past, 1)
    angles = w.infix("*", w.method(steps, "unsqueeze", 1), w.weight("rotary.frequencies"))
    angles = w.let(angles, "angles")
    cos, sin = w.let(w.call("torch.cos", angles), "cos"), w.let(w.call("torch.sin", angles), "sin")

    def turned(y: Ref, wish: str) -> Ref:
        a, b = w.unpack(w.method(y, "chunk", 2, dim=-1), "{}, {}", f"{wish}1", f"{wish}2")
        first = w.infix("-", w.infix("*", a, cos), w.infix("*", b, sin))
        second = w.infix("+", w.infix("*", b, cos), w.infix("*", a, sin))
        return w.let(w.call("torch.cat", (first, second), dim=-1), wish)

    return turned(q, "q"), turned(k, "k")


def onnx_angles(w: OnnxWriter, steps: Dim, width: int, axes: int) -> tuple[Ref, Ref]:
    """Cosines and sines [steps, 1, ..., width/2], so many axes of 1 between: 3 nodes, or 7."""
    between = (1,) * axes
    type = TensorType((steps, *between, width // 2), fixed=True)
    if isinstance(steps, int):
        place = w.floats(*map(float, range(steps)), shape=(steps, *between, 1))
    else:
        scalar = TensorType((), "int64", fixed=True)
        count = w.op("Squeeze", w.ints(steps), w.ints(0), type=scalar)
        place = w.op("Range", w.integer(0), count, w.integer(1))
        place = w.op("Cast", place, to=FLOAT)
        shape = w.ints(-1, *between, 1)
        place = w.op("Reshape", place, shape, type=type.with_dims(steps, *between, 1))
    return _cos_sin(w, place, type)


def onnx_angles_now(w: OnnxWriter, past: Dim, width: int) -> tuple[Ref, Ref]:
    """Cosines and sines [width/2] of the step that comes after `past` others: 3 nodes, or 4."""
    type = TensorType((width // 2,), fixed=True)
    if isinstance(past, int):
        place = w.floats(float(past), shape=(1,))
    else:
        place = w.op("Cast", w.ints(past), to=FLOAT, type=TensorType((1,), fixed=True))
    return _cos_sin(w, place, type)


def _cos_sin(w: OnnxWriter, place: Ref, type: TensorType) -> tuple[Ref, Ref]:
    rates = w.weight("rotary.frequencies", Transform("reshape", (-1,)))
    angles = w.op("Mul", place, rates, type=type)
    return w.op("Cos", angles, type=type), w.op("Sin", angles, type=type)


def onnx_turned(w: OnnxWriter, x: Ref, angles: tuple[Ref, Ref], type: TensorType) -> Ref:
    """Queries or keys, turned: 8 nodes. `type` is theirs, features last."""
    cos, sin = angles
    half = type.with_dims(*type.dims[:-1], type.dims[-1] // 2)
    a, b = w.ops("Split", x, outputs=2, axis=-1, num_outputs=2)

    def times(y: Ref, by: Ref) -> Ref:
        return w.op("Mul", y, by, type=half)

    first = w.op("Sub", times(a, cos), times(b, sin), type=half)
    second = w.op("Add", times(b, cos), times(a, sin), type=half)
    return w.op("Concat", first, second, axis=-1, type=type)


def nodes(steps: Dim) -> int:
    """How many ONNX nodes it becomes."""
    return 16 + (3 if isinstance(steps, int) else 7)
