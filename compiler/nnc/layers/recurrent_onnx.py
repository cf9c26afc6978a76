"""Recurrent layers as ONNX nodes: one operator a layer, both directions in it, never unrolled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nnc.ir.types import TensorType
from nnc.layers.base import OnnxWriter, Ref, Transform
from nnc.layers.window import ints

if TYPE_CHECKING:
    from nnc.layers.recurrent import Recurrent

STEPS_FIRST = (1, 0, 2)
"""[batch, T, C] and [T, batch, C] change places: the operators take the steps first."""


def lower(
    op: Recurrent, w: OnnxWriter, x: Ref, given: Sequence[Ref | None], lengths: Ref | None
) -> tuple[Ref, ...]:
    """The output, then the last states; what nothing reads is left out of the file."""
    features = op.units * op.directions
    starts = [_rows(op, w, h) for h in given if h is not None]
    counts = None if lengths is None else w.op("Cast", lengths, to="int32")
    y = w.op("Transpose", x, perm=STEPS_FIRST)
    ends: list[tuple[Ref, ...]] = []
    layers = ints(op.layers, 1)[0]
    for at in range(layers):
        rows = [f"l{at}{end}" for end in ("", "_reverse")[: op.directions]]
        order = Transform("gates", op.gates)
        y, *last = w.ops(
            op.kind,
            y,
            w.joined([[f"weight_ih_{end}"] for end in rows], order),
            w.joined([[f"weight_hh_{end}"] for end in rows], order),
            w.joined([[f"bias_ih_{end}", f"bias_hh_{end}"] for end in rows], order)
            if op.bias
            else None,
            counts,
            *(start[at] for start in starts),
            outputs=len(op.results),
            hidden_size=op.units,
            direction="bidirectional" if op.bidirectional else "forward",
            **op.attributes(),
        )
        ends.append(tuple(last))
        if at == layers - 1 and op.keep == "last":
            y = _beside(op, w, last[0])
        elif op.directions == 1:  # [T, 1, batch, units]
            y = w.op("Squeeze", y, w.ints(1))
        else:
            y = w.op("Transpose", y, perm=(0, 2, 1, 3))
            y = w.op("Reshape", y, w.ints(0, 0, features))
    if op.keep == "all":
        type = TensorType((x.type.dims[0], features), time=x.type.time)
        y = w.op("Transpose", y, perm=STEPS_FIRST, type=type)
    return (y, *(_per_sample(op, w, column) for column in zip(*ends)))


def node_count(op: Recurrent, given: Sequence[TensorType | None], measured: bool) -> int:
    """How many nodes the output takes."""
    layers = ints(op.layers, 1)[0]
    turn = 1 if op.directions == 1 else 2  # a Squeeze, or a Transpose and a Reshape
    starts = sum(1 if op.count == 1 or layers == 1 else 2 for h in given if h is not None)
    ends = turn + (op.keep == "all")
    return 1 + int(measured) + starts + layers + (layers - 1) * turn + ends


def _rows(op: Recurrent, w: OnnxWriter, h: Ref) -> tuple[Ref, ...]:
    """The states that each layer starts from, [directions, batch, units]."""
    if op.count == 1:
        return (w.op("Unsqueeze", h, w.ints(0)),)
    layers = ints(op.layers, 1)[0]
    h = w.op("Transpose", h, perm=STEPS_FIRST)
    return (h,) if layers == 1 else w.ops("Split", h, outputs=layers, axis=0, num_outputs=layers)


def _beside(op: Recurrent, w: OnnxWriter, h: Ref) -> Ref:
    """[directions, batch, units] -> [batch, directions * units]."""
    type = TensorType((op.units * op.directions,))
    if op.directions == 1:
        return w.op("Squeeze", h, w.ints(0), type=type)
    h = w.op("Transpose", h, perm=STEPS_FIRST, type=TensorType((2, op.units)))
    return w.op("Reshape", h, w.shape(*type.dims), type=type)


def _per_sample(op: Recurrent, w: OnnxWriter, ends: Sequence[Ref]) -> Ref:
    """The last states of all layers, [rows, batch, units] -> [batch, rows, units]."""
    if op.count == 1:
        return w.op("Squeeze", ends[0], w.ints(0), type=op.state())
    h = ends[0] if len(ends) == 1 else w.op("Concat", *ends, axis=0)
    return w.op("Transpose", h, perm=STEPS_FIRST, type=op.state())
