"""The nearest cell at any size, as PyTorch finds it.

Resize divides by the factor where PyTorch multiplies by its inverse; where that falls on a whole
number the two round apart, and take neighbouring cells: 14 cells from 46, say.
"""

from __future__ import annotations

from nnc.ir.types import TensorType
from nnc.layers.base import OnnxWriter, Ref

PICKS = 10
"""Nodes for each axis along which cells are picked."""


def nearest(w: OnnxWriter, x: Ref, like: TensorType) -> Ref:
    """Picks cells along each axis of space, floor(i * (have / want)) in 32 bits."""
    type = x.type
    for axis, want in enumerate(like.dims[1:], start=1):
        have = type.dims[axis]
        if have == want:
            continue
        float_one, steps = TensorType((1,), fixed=True), TensorType((want,), fixed=True)
        ids = TensorType((want,), "int64", fixed=True)
        count = w.op("Cast", w.ints(want), to="float32", type=float_one)
        ratio = w.op(
            "Div", w.op("Cast", w.ints(have), to="float32", type=float_one), count, type=float_one
        )
        scalar = w.op("Squeeze", w.ints(want), type=TensorType((), "int64", fixed=True))
        numbers = w.op("Range", w.integer(0), scalar, w.integer(1), type=ids)
        places = w.op("Cast", numbers, to="float32", type=steps)
        found = w.op("Floor", w.op("Mul", places, ratio, type=steps), type=steps)
        at = w.op("Cast", found, to="int64", type=ids)
        type = type.with_dims(*(want if i == axis else d for i, d in enumerate(type.dims)))
        x = w.op("Gather", x, at, axis=axis + 1, type=type)
    return x
