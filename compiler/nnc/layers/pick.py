"""Parts of a value by position: what a formula writes as `h[0]`, `h[1:, 0]`."""

from __future__ import annotations

from nnc.ir.dims import Dim, show
from nnc.ir.types import TensorType
from nnc.layers.base import (
    VIEW,
    Along,
    Case,
    Layer,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    layer,
)
from nnc.layers.lengths import LENGTHS
from nnc.layers.rules import OUTSIDE
from nnc.record import replace

Item = int | tuple[int | None, int | None]
"""An index, which drops its axis, or a slice from one position up to another."""

END = 2**63 - 1
"""The end of any axis, as ONNX's Slice writes it."""


@layer("pick")
class Pick(Layer):
    """An index or a slice for each of the first axes; a formula writes `h[1:, 0]`.

    [T, C] -> [C] for `h[0]`; `h[-1]` of a padded sequence is the last step of its own. Any element
    type. ONNX: Slice for all slices, Gather for each index, GatherND where lengths tell it.
    """

    items: tuple[Item, ...]

    kept = VIEW
    hidden = True
    elementwise = True  # its axes are counted without the batch, whether there is one or not
    ports = (Port("x", dtype="any"), replace(LENGTHS, optional=True, implied=True))
    cases = (
        Case("pick((0,))", "[4, 5]", "[5]", nodes=1),
        Case("pick((-1,))", "[4]", "[]", nodes=1),
        Case("pick(((1, None), 0))", "[4, 5, 6]", "[3, 6]", nodes=2),
        Case("pick((2, 1))", "[4, 5, 6]", "[6]", nodes=2),
        Case("pick(((None, -1),))", "[T, 5]", "[T - 1, 5]", nodes=1),
        Case("pick(((-3, None), (0, 1)))", "[8, W]", "[3, 1]", nodes=1),
        Case("pick(((None, None), -1))", "[8, W]", "[8]", nodes=1),
    )

    def shape(self, rules: Rules, x: TensorType, *_: TensorType | None) -> tuple[TensorType, ...]:
        if len(self.items) > x.rank:
            axes = "axis" if x.rank == 1 else "axes"
            rules.refuse(
                OUTSIDE,
                f"there are {len(self.items)} positions, and the value has {x.rank} {axes}",
                label=f"the value is {x}",
                help="write one index or slice an axis, the batch is not counted",
            )
        dims: list[Dim] = []
        for axis, (item, d) in enumerate(zip(self.items, x.dims)):
            if isinstance(item, tuple):
                dims.append(_length(rules, item, d, axis, x))
            else:
                _require(rules, d, item + 1 if item >= 0 else -item, axis, x)
        time = 0 if x.time == 0 and isinstance(self.items[0], tuple) else None
        return (TensorType((*dims, *x.dims[len(self.items) :]), x.dtype, time),)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        item = self.items[axis] if axis < len(self.items) else 0
        if isinstance(item, tuple):  # `h[1:]` and `h[:-1]` begin with own steps, `h[-2:]` does not
            return "mixes" if (item[0] or 0) < 0 else "each"
        return "lengths" if item < 0 else "each"

    def _counted(self, x: TensorType) -> tuple[int, int]:
        """Of a padded sequence: the axis of its steps, and which one is taken from its end."""
        return next(
            (axis, item)
            for axis, (item, d) in enumerate(zip(self.items, x.dims))
            if isinstance(item, int) and item < 0 and not isinstance(d, int)
        )

    def _rest(self, axis: int) -> Pick | None:
        """What is picked along the other axes."""
        rest = (*self.items[:axis], *self.items[axis + 1 :])
        return Pick(rest) if any(item != (None, None) for item in rest) else None

    def nodes(self, x: TensorType, lengths: TensorType | None = None) -> int:
        if lengths is not None:
            axis, _ = self._counted(x)
            rest = self._rest(axis)
            return 3 + (axis > 0) + (0 if rest is None else rest.nodes(x))
        cut = any(isinstance(item, tuple) and item != (None, None) for item in self.items)
        return cut + sum(isinstance(item, int) for item in self.items)

    def torch(self, w: TorchWriter, x: Ref, lengths: Ref | None = None) -> Ref:
        if lengths is None:
            return w.index(x, *self.items)
        axis, item = self._counted(x.type)
        dims = list(x.type.dims)
        steps = dims.pop(axis)
        turned = x
        if axis:
            moved = w.method(x, "movedim", axis + 1, 1)
            turned = w.typed(moved, TensorType((steps, *dims), x.type.dtype))
        last = w.typed(w.infix("-", lengths, -item), lengths.type)
        y = w.typed(w.take(turned, last), TensorType(tuple(dims), x.type.dtype))
        rest = self._rest(axis)
        return y if rest is None else rest.torch(w, y)

    def _onnx_counted(self, w: OnnxWriter, x: Ref, lengths: Ref) -> Ref:
        axis, item = self._counted(x.type)
        dims = list(x.type.dims)
        steps = dims.pop(axis)
        if axis:
            turn = [at for at in range(x.type.rank + 1) if at != axis + 1]
            type = TensorType((steps, *dims), x.type.dtype)
            x = w.op("Transpose", x, perm=(0, axis + 1, *turn[1:]), type=type)
        last = w.op("Add", lengths, w.ints(item), type=lengths.type)
        last = w.op("Unsqueeze", last, w.ints(1), type=TensorType((1,), "int64"))
        type = TensorType(tuple(dims), x.type.dtype)
        y = w.op("GatherND", x, last, batch_dims=1, type=type)
        rest = self._rest(axis)
        return y if rest is None else rest.onnx(w, y)

    def onnx(self, w: OnnxWriter, x: Ref, lengths: Ref | None = None) -> Ref:
        if lengths is not None:
            return self._onnx_counted(w, x, lengths)
        first = 0 if x.type.fixed else 1
        cut = [
            (axis + first, start or 0, END if stop is None else stop)
            for axis, item in enumerate(self.items)
            if isinstance(item, tuple) and item != (None, None)
            for start, stop in (item,)
        ]
        if cut:
            axes, starts, stops = (w.ints(*column) for column in zip(*cut))
            x = w.op("Slice", x, starts, stops, axes)
        indices = [(axis, item) for axis, item in enumerate(self.items) if isinstance(item, int)]
        for axis, index in reversed(indices):
            x = w.op("Gather", x, w.integer(index), axis=axis + first)
        return x


def _require(rules: Rules, d: Dim, least: int, axis: int, x: TensorType) -> None:
    rules.at_least(
        d,
        least,
        OUTSIDE,
        f"axis {axis} has no such position",
        label=f"the value is {x}, positions of axis {axis} are 0 to {show(d - 1)}",
        help="negative positions count from the end: -1 is the last",
    )


def _length(
    rules: Rules, item: tuple[int | None, int | None], d: Dim, axis: int, x: TensorType
) -> Dim:
    """The size of a slice, which holds at least one position."""
    ends: list[Dim] = []
    for value, left_out in zip(item, (0, d)):
        if value is None:
            ends.append(left_out)
            continue
        _require(rules, d, abs(value), axis, x)
        ends.append(value if value >= 0 else d + value)
    length = ends[1] - ends[0]
    rules.at_least(
        length,
        1,
        OUTSIDE,
        f"the slice of axis {axis} is empty",
        label=f"it runs from {show(ends[0])} up to {show(ends[1])}",
        help="the end of a slice is not part of it: `h[0:1]` is the first position",
    )
    return length
