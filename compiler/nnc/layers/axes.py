"""Layers that order, add, drop, repeat, cut and turn axes."""

from __future__ import annotations

from nnc.ir.arguments import Sizes, axis, dims, size, sizes
from nnc.ir.dims import Dim, show
from nnc.ir.types import TensorType
from nnc.layers.base import (
    NOTHING,
    VIEW,
    Along,
    Case,
    Layer,
    OnnxWriter,
    Ref,
    Rules,
    TorchWriter,
    layer,
    lead,
)
from nnc.layers.rules import BROADCAST, COUNT, NOT_ONE, PERMUTATION, SLICE
from nnc.layers.shape import ANY, known_axes, known_axis
from nnc.layers.window import Ints, ints, number

FAR = 2**31
END = 2**63 - 1
"""What ONNX takes for "to the end"."""


@layer("permute")
class Permute(Layer):
    """The axes in another order: the numbers say which axis comes first, second, ...

    `permute(2, 0, 1)`: [H, W, C] -> [C, H, W], any element type. PyTorch: permute; ONNX: Transpose.
    """

    axes: tuple[Dim, ...] = dims("each axis once, in their new order", least=-FAR)

    counted = True
    kept = VIEW
    ports = ANY
    cases = (
        Case("permute(2, 0, 1)", "[4, 5, 3]", "[3, 4, 5]", nodes=1),
        Case("permute(1, 0)", "[T, 8]", "[8, T]", nodes=1),
        Case("permute(0, -1, 1)", "token[2, 3, 4]", "token[2, 4, 3]", nodes=1),
        Case("permute(0, 1)", "[2, 3, 4]", refused="NN341"),
        Case("permute(0, 0, 1)", "[2, 3, 4]", refused="NN341"),
        Case("permute(0, 3, 1)", "[2, 3, 4]", refused="NN308"),
    )

    def _order(self, rank: int) -> Ints:
        return tuple(at % rank for at in ints(self.axes, rank))

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        found = [known_axis(rules, number(rules, at, "axes"), x.rank, "axes") for at in self.axes]
        if sorted(found) != list(range(x.rank)):
            rules.refuse(
                PERMUTATION,
                "`permute` names each axis once",
                at="axes",
                label=f"{len(set(found))} of {x.rank} axes",
                help=f"write each of 0 to {x.rank - 1}, in the order that you want",
            )
        time = None if x.time is None else found.index(x.time)
        return (TensorType(tuple(x.dims[at] for at in found), x.dtype, time),)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        first = lead(x.type)
        order = (at + first for at in self._order(x.type.rank))
        return w.method(x, "permute", *range(first), *order)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        first = lead(x.type)
        order = (at + first for at in self._order(x.type.rank))
        return w.op("Transpose", x, perm=(*range(first), *order))


@layer("squeeze")
class Squeeze(Layer):
    """Drops an axis of size 1.

    `squeeze(1)`: [C, 1, L] -> [C, L], any element type. PyTorch: squeeze; ONNX: Squeeze.
    """

    axis: int = axis("the axis that goes")

    counted = True
    kept = VIEW
    ports = ANY
    cases = (
        Case("squeeze(1)", "[4, 1, 5]", "[4, 5]", nodes=1),
        Case("squeeze(axis=-1)", "[H, 1]", "[H]", nodes=1),
        Case("squeeze(0)", "token[1, T]", "token[T]", nodes=1),
        Case("squeeze(0)", "[1]", "[]", nodes=1),
        Case("squeeze(0)", "[4, 1]", refused="NN342"),
        Case("squeeze(0)", "[H, 1]", refused="NN342"),
        Case("squeeze(2)", "[4, 1]", refused="NN308"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        at = known_axis(rules, self.axis, x.rank)
        ones = [str(i) for i, d in enumerate(x.dims) if d == 1]
        rules.equal(
            x.dims[at],
            1,
            NOT_ONE,
            "`squeeze` drops an axis of size 1",
            at="axis",
            label=f"axis {at} of {x} has {show(x.dims[at])}",
            help=f"write `squeeze({ones[0]})`" if len(ones) == 1 else "no size of 1 stands there",
        )
        time = x.time if x.time is None or x.time < at else x.time - 1
        left = (*x.dims[:at], *x.dims[at + 1 :])
        return (TensorType(left, x.dtype, None if x.time == at else time),)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.method(x, "squeeze", self.axis % x.type.rank + lead(x.type))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Squeeze", x, w.ints(self.axis % x.type.rank + lead(x.type)))


@layer("unsqueeze")
class Unsqueeze(Layer):
    """Adds an axis of size 1 at a place.

    `unsqueeze(0)`: [H, W] -> [1, H, W], any element type. PyTorch: unsqueeze; ONNX: Unsqueeze.
    """

    axis: int = axis("where the new axis stands afterwards")

    counted = True
    kept = VIEW
    ports = ANY
    cases = (
        Case("unsqueeze(0)", "[4, 5]", "[1, 4, 5]", nodes=1),
        Case("unsqueeze(-1)", "[4, H]", "[4, H, 1]", nodes=1),
        Case("unsqueeze(axis=1)", "token[T]", "token[T, 1]", nodes=1),
        Case("unsqueeze(0)", "[]", "[1]", nodes=1),
        Case("unsqueeze(3)", "[4, 5]", refused="NN308"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        at = known_axis(rules, self.axis, x.rank + 1)
        time = x.time if x.time is None or x.time < at else x.time + 1
        return (TensorType((*x.dims[:at], 1, *x.dims[at:]), x.dtype, time),)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.method(x, "unsqueeze", self.axis % (x.type.rank + 1) + lead(x.type))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("Unsqueeze", x, w.ints(self.axis % (x.type.rank + 1) + lead(x.type)))


@layer("expand")
class Expand(Layer):
    """Repeats what has size 1 until it has another; -1 keeps a size, new axes stand first.

    `expand(-1, 8, 8)`: [C, 1, 1] -> [C, 8, 8], any element type. PyTorch: expand; ONNX: Expand.
    """

    sizes: tuple[Dim, ...] = dims("the new sizes; -1 keeps one", least=1)

    kept = VIEW
    ports = ANY
    cases = (
        Case("expand(4, 8, 8)", "[4, 1, 1]", "[4, 8, 8]", nodes=1),
        Case("expand(-1, 3)", "[H, 1]", "[H, 3]", nodes=1),
        Case("expand(3, -1)", "token[5]", "token[3, 5]", nodes=2),
        Case("expand(2, 3, H)", "[1, H]", "[2, 3, H]", nodes=2),
        Case("expand(8)", "[4]", refused="NN331"),
        Case("expand(8)", "[4, 1]", refused="NN307"),
        Case("expand(-1, 4)", "[4]", refused="NN307"),
    )

    def _dims(self, x: TensorType) -> tuple[Dim, ...]:
        ahead = len(self.sizes) - x.rank
        kept = (*(1,) * ahead, *x.dims)
        return tuple(d if s == -1 else s for s, d in zip(self.sizes, kept))

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        ahead = len(self.sizes) - x.rank
        if ahead < 0 or -1 in self.sizes[:ahead]:
            rules.refuse(
                COUNT,
                "`expand` takes a size for each axis" if ahead < 0 else "a new axis needs its size",
                at="sizes",
                label=f"{x} has {x.rank} axes",
                help="-1 keeps the size of an axis" if ahead < 0 else "write a number for it",
            )
        for wanted, d in zip(self.sizes[ahead:], x.dims):
            if wanted != -1 and d != 1:
                rules.equal(
                    wanted,
                    d,
                    BROADCAST,
                    "`expand` repeats sizes of 1 only",
                    at="sizes",
                    label=f"{show(d)} cannot become {show(wanted)}",
                    help="write -1 for a size that stays",
                )
        time = None if x.time is None else x.time + ahead
        return (TensorType(self._dims(x), x.dtype, time),)

    def _aligned(self, x: TensorType) -> tuple[Dim, ...]:
        return (*(1,) * (len(self.sizes) - x.rank), *x.dims)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        before, after = self._aligned(x.type), self._dims(x.type)
        y = x if len(before) == x.type.rank else w.view(x, *before)
        return w.method(y, "expand", -1, *(-1 if a == b else b for a, b in zip(before, after)))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        before, after = self._aligned(x.type), self._dims(x.type)
        y = x
        if len(before) > x.type.rank:
            new = w.ints(*range(1, len(before) - x.type.rank + 1))
            y = w.op("Unsqueeze", x, new, type=TensorType(before, x.type.dtype))
        return w.op("Expand", y, w.ints(1, *(1 if a == b else b for a, b in zip(before, after))))


@layer("slice")
class Slice(Layer):
    """Cuts a stretch out of an axis, from `start` up to but not including `stop`.

    `slice(0, 1, 3)`: [4, H, W] -> [2, H, W], any element type. Negative numbers count from the end;
    without `stop` it goes to the end. PyTorch: x[start:stop:step]; ONNX: Slice.
    """

    axis: int = axis("the axis that is cut")
    start: Dim = size("the first that stays", default=0, least=-FAR)
    stop: Dim | None = size("the first behind what stays", default=None, least=-FAR)
    step: Dim = size("every so many-th stays", default=1)

    kept = VIEW
    ports = ANY
    cases = (
        Case("slice(0, 1, 3)", "[4, 5, 6]", "[2, 5, 6]", nodes=1),
        Case("slice(1, -2)", "[4, 5]", "[4, 2]", nodes=1),
        Case("slice(-1, stop=-1)", "[4, H]", "[4, H - 1]", nodes=1),
        Case("slice(0, step=2)", "[T, 3]", "[(T + 1) // 2, 3]", nodes=1),
        Case("slice(0, 1, 8, step=3)", "token[9]", "token[3]", nodes=1),
        Case("slice(0, 2)", "[H]", "[H - 2]", nodes=1),
        Case("slice(0, 0, 5)", "[4]", refused="NN343"),
        Case("slice(0, 3, 2)", "[4]", refused="NN343"),
        Case("slice(0, -5)", "[4]", refused="NN343"),
        Case("slice(2)", "[4]", refused="NN308"),
        Case("slice(0, H)", "[H]", refused="NN306"),
    )

    def _ends(self, d: Dim) -> tuple[Dim, Dim]:
        """Start and stop counted from the beginning."""
        start = ints(self.start, 1)[0]
        stop = None if self.stop is None else ints(self.stop, 1)[0]
        first = d + start if start < 0 else start
        return first, d if stop is None else d + stop if stop < 0 else stop

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        at = known_axis(rules, self.axis, x.rank)
        step = number(rules, self.step, "step")
        number(rules, self.start, "start")
        if self.stop is not None:
            number(rules, self.stop, "stop")
        d = x.dims[at]
        start, stop = self._ends(d)
        label = f"axis {at} of {x} has {show(d)}"
        for left, low, name in ((start, 0, "start"), (d - stop, 0, "stop"), (stop - start, 1, "")):
            what = f"`{name}` lies outside of the axis" if name else "nothing is left of the axis"
            place = name or ("start" if self.stop is None else "stop")
            rules.at_least(left, low, SLICE, what, at=place, label=label)
        length = (stop - start + (step - 1)) // step
        return (x.with_dims(*x.dims[:at], length, *x.dims[at + 1 :]),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        at = self.axis % x.type.rank
        ends = (self.start or None, self.stop)
        step = () if self.step == 1 else (self.step,)
        return w.index(x, *((None, None),) * at, (*ends, *step))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        at = self.axis % x.type.rank
        stop = END if self.stop is None else self.stop
        step = () if self.step == 1 else (w.ints(self.step),)
        return w.op("Slice", x, w.ints(self.start), w.ints(stop), w.ints(at + 1), *step)


@layer("roll")
class Roll(Layer):
    """Turns an axis: what leaves it at one end comes in at the other.

    [H, W, C] -> [H, W, C]; `roll((-3, -3), (0, 1))` moves windows as Swin does. Any element type.
    PyTorch: roll; ONNX: two Slices and a Concat an axis.
    """

    shift: Sizes = sizes("places towards the end, or one number an axis", least=-FAR)
    axis: Sizes = sizes("the axis, or several", least=-FAR)

    kept = NOTHING
    ports = ANY
    cases = (
        Case("roll(1, 0)", "[4, 5]", "[4, 5]", nodes=3),
        Case("roll((-3, 2), (0, -2))", "[7, 6, 2]", "[7, 6, 2]", nodes=6),
        Case("roll(9, axis=-1)", "token[3, 4]", "token[3, 4]", nodes=3),
        Case("roll(-2, 1)", "[3, H]", "[3, H]", nodes=3),
        Case("roll(2, 0)", "[H]", "[H]", nodes=3),
        Case("roll(4, 0)", "[4]", "[4]", nodes=0),
        Case("roll((1, 2), 0)", "[4, 5]", refused="NN307"),
        Case("roll(1, 2)", "[4, 5]", refused="NN308"),
    )

    def _moves(self, rank: int) -> list[tuple[int, int]]:
        """Axis, and how far it is turned."""
        axes = [self.axis] if not isinstance(self.axis, tuple) else list(self.axis)
        return [(a % rank, s) for a, s in zip(ints(tuple(axes), 0), ints(self.shift, len(axes)))]

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        found = known_axes(rules, self.axis, x.rank)
        shifts = self.shift if isinstance(self.shift, tuple) else (self.shift,) * len(found)
        if len(shifts) != len(found):
            rules.refuse(
                COUNT,
                "`roll` takes a shift for each axis",
                at="shift",
                label=f"{len(shifts)} shifts, {len(found)} {'axes' if len(found) > 1 else 'axis'}",
                help="write as many of one as of the other",
            )
        for shift in shifts:
            number(rules, shift, "shift")
        for at, by in self._moves(x.rank):
            d = x.dims[at]
            if not isinstance(d, int):
                what = "the axis may be shorter than the shift"
                rules.at_least(d, abs(by), SLICE, what, at="shift", label=f"{show(d)} cells")
        return (x,)

    def nodes(self, x: TensorType) -> int:
        sizes = ((x.dims[at], by) for at, by in self._moves(x.rank))
        return 3 * sum(by % d != 0 if isinstance(d, int) else by != 0 for d, by in sizes)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        moves = self._moves(x.type.rank)
        axes, shifts = tuple(at + 1 for at, _ in moves), tuple(by for _, by in moves)
        if len(moves) == 1:
            return w.method(x, "roll", shifts[0], axes[0])
        return w.method(x, "roll", shifts, axes)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        type, y = x.type, x
        for at, by in self._moves(type.rank):
            d = type.dims[at]
            cut = -by % d if isinstance(d, int) else -by
            if cut == 0:
                continue
            rest = d - cut if cut > 0 else -cut
            sizes = [type.with_dims(*type.dims[:at], n, *type.dims[at + 1 :]) for n in (rest, d)]
            ahead = type.with_dims(*type.dims[:at], d - rest, *type.dims[at + 1 :])
            here = w.ints(at + 1)
            back = w.op("Slice", y, w.ints(cut), w.ints(END), here, type=sizes[0])
            front = w.op("Slice", y, w.ints(0), w.ints(cut), here, type=ahead)
            y = w.op("Concat", back, front, axis=at + 1, type=type)
        return y
