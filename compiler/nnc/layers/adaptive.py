"""Adaptive pools: the size of the output is given, windows follow from the size of the input.

Window i of n over a size s reaches from i * s // n to the end (i + 1) * s / n rounded up, as in
PyTorch. ONNX has no such operator. Where all windows are alike it is a pool; where they are not,
their cells are gathered side by side into windows of one length, and pooled.
"""

from __future__ import annotations

from nnc.ir.arguments import Sizes, sizes
from nnc.ir.types import TensorType
from nnc.layers.base import (
    INPUTS,
    NOTHING,
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
from nnc.layers.rules import ADAPTIVE
from nnc.layers.window import ints, numbers
from nnc.record import Record

SPACE = (Port("x", ranks=(2, 3, 4), channels_first=True),)


class Windows(Record):
    """The windows over one axis: where each starts and ends (exclusive)."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def longest(self) -> int:
        """The number of cells of the longest window."""
        return max(e - s for s, e in zip(self.starts, self.ends))

    @property
    def uneven(self) -> bool:
        """Some windows are shorter than others."""
        return any(e - s < self.longest for s, e in zip(self.starts, self.ends))

    @property
    def step(self) -> int:
        """From start to start, where that is the same for all; 0 where windows are not alike."""
        step = self.starts[1] if len(self.starts) > 1 else 1
        even = all(s == i * step for i, s in enumerate(self.starts))
        return step if even and not self.uneven else 0

    def gathered(self, filler: int | None) -> tuple[int, ...]:
        """The cells of all windows side by side; short ones end with `filler`, or repeat a cell."""
        cells: list[int] = []
        for s, e in zip(self.starts, self.ends):
            cells.extend(range(s, e))
            cells.extend([e - 1 if filler is None else filler] * (self.longest - (e - s)))
        return tuple(cells)


def adaptive_windows(size: int, count: int) -> Windows:
    """PyTorch's windows: `count` of them over `size` cells."""
    starts = tuple(i * size // count for i in range(count))
    return Windows(starts, tuple(-(-(i + 1) * size // count) for i in range(count)))


def _adaptive_shape(rules: Rules, x: TensorType, size: Sizes) -> tuple[TensorType, ...]:
    out = numbers(rules, size, x.rank - 1, "size")
    for d, n in zip(x.dims[1:], out):
        if not isinstance(d, int) and n != 1:
            rules.refuse(
                ADAPTIVE,
                "the windows of this pool depend on the size of the input",
                at="size",
                label=f"{n} windows over an axis of {d}",
                help="fix that size in the input's type, or pool to 1",
            )
    return (x.with_dims(x.dims[0], *out),)


def _reduced(w: OnnxWriter, x: Ref, out: tuple[int, ...], kind: str) -> Ref:
    """Pools open axes to 1: their windows are the whole axis."""
    open_axes = [i for i, d in enumerate(x.type.dims) if i and not isinstance(d, int)]
    if not open_axes:
        return x
    dims = tuple(1 if i in open_axes else d for i, d in enumerate(x.type.dims))
    axes = w.ints(*(i + 1 for i in open_axes))
    return w.op(kind, x, axes, keepdims=1, type=x.type.with_dims(*dims))


def _gathered(w: OnnxWriter, x: Ref, windows: list[Windows], filler: bool) -> Ref:
    """Lays the cells of unlike windows side by side; with `filler` short windows end with zeros."""
    unlike = [i for i, one in enumerate(windows) if not one.step]
    high = tuple(int(filler and one.uneven) for one in windows)
    if any(high):
        space = (d + h for d, h in zip(x.type.dims[1:], high))
        padded = x.type.with_dims(x.type.dims[0], *space)
        zeros = (0,) * (len(windows) + 2)
        x = w.op("Pad", x, w.ints(*zeros, 0, 0, *high), type=padded)
    for i in unlike:
        cells = windows[i].gathered(windows[i].ends[-1] if high[i] else None)
        dims = (*x.type.dims[: i + 1], len(cells), *x.type.dims[i + 2 :])
        x = w.op("Gather", x, w.ints(*cells), axis=i + 2, type=x.type.with_dims(*dims))
    return x


def _shares(windows: list[Windows]) -> list[float]:
    """By how much the mean over filled windows is too small, in the order of the output's cells."""
    shares = [1.0]
    for one in windows:
        own = [1.0 if one.step else one.longest / (e - s) for s, e in zip(one.starts, one.ends)]
        shares = [a * b for a in shares for b in own]
    return shares


def _onnx(w: OnnxWriter, x: Ref, size: Sizes, kind: str, reduce: str) -> Ref:
    out = ints(size, x.type.rank - 1)
    if all(n == 1 for n in out):
        return w.op(f"Global{kind}", x)
    result = x.type.with_dims(x.type.dims[0], *out)
    x = _reduced(w, x, out, reduce)
    windows = [adaptive_windows(d, n) for d, n in zip(ints(x.type.dims[1:], 0), out)]
    mean = kind == "AveragePool"
    x = _gathered(w, x, windows, filler=mean)
    x = w.op(
        kind,
        x,
        kernel_shape=tuple(one.longest for one in windows),
        strides=tuple(one.step or one.longest for one in windows),
        type=result,
    )
    shares = _shares(windows)
    if mean and any(s != 1.0 for s in shares):
        x = w.op("Mul", x, w.floats(*shares, shape=(1, *out)), type=result)
    return x


@layer("adaptive_avg_pool")
class AdaptiveAvgPool(Layer):
    """The mean of as many windows as the output is to have.

    [C, L], [C, H, W] or [C, D, H, W] -> [C, *size]. PyTorch: F.adaptive_avg_pool1d, 2d, 3d; ONNX:
    composed.
    """

    size: Sizes = sizes("size of the output: one number, or one an axis")

    ports = SPACE
    cases = (
        Case("adaptive_avg_pool(6)", "[4, 12, 6]", "[4, 6, 6]", nodes=1),
        Case("adaptive_avg_pool(3)", "[4, 7, 7]", "[4, 3, 3]", nodes=1),
        Case("adaptive_avg_pool((4, 3))", "[4, 7, 10]", "[4, 4, 3]", nodes=4),
        Case("adaptive_avg_pool(6)", "[4, 13, 8]", "[4, 6, 6]", nodes=2),
        Case("adaptive_avg_pool(4)", "[3, 7, 10]", "[3, 4, 4]", nodes=5),
        Case("adaptive_avg_pool(5)", "[4, 3]", "[4, 5]"),
        Case("adaptive_avg_pool((2, 3, 4))", "[2, 5, 3, 7]", "[2, 2, 3, 4]"),
        Case("adaptive_avg_pool(1)", "[4, H, W]", "[4, 1, 1]", nodes=1),
        Case("adaptive_avg_pool((1, 3))", "[4, H, 8]", "[4, 1, 3]"),
        Case("adaptive_avg_pool(7)", "[4, H, W]", refused="NN335"),
        Case("adaptive_avg_pool(7x7)", "[4, 10]", refused="NN307"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return _adaptive_shape(rules, x, self.size)

    def keeps(self, x: TensorType) -> Kept:
        """Its input, but for a plain mean."""
        alone = all(n == 1 for n in ints(self.size, x.rank - 1))
        return NOTHING if alone else INPUTS

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call(f"F.adaptive_avg_pool{x.type.rank - 1}d", x, self.size)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return _onnx(w, x, self.size, "AveragePool", "ReduceMean")


@layer("adaptive_max_pool")
class AdaptiveMaxPool(Layer):
    """The largest number of as many windows as the output is to have.

    [C, L], [C, H, W] or [C, D, H, W] -> [C, *size]. PyTorch: F.adaptive_max_pool1d, 2d, 3d; ONNX:
    composed.
    """

    size: Sizes = sizes("size of the output: one number, or one an axis")

    kept = Kept(inputs=True, each=8)  # where the largest stood
    ports = SPACE
    cases = (
        Case("adaptive_max_pool(6)", "[4, 12, 6]", "[4, 6, 6]", nodes=1),
        Case("adaptive_max_pool((3, 4))", "[4, 10, 7]", "[4, 3, 4]", nodes=2),
        Case("adaptive_max_pool(4)", "[4, 10]", "[4, 4]"),
        Case("adaptive_max_pool((2, 3, 2))", "[2, 5, 4, 7]", "[2, 2, 3, 2]"),
        Case("adaptive_max_pool(1)", "[4, L]", "[4, 1]", nodes=1),
        Case("adaptive_max_pool((4, 1))", "[4, 10, W]", "[4, 4, 1]"),
        Case("adaptive_max_pool(7)", "[4, H, W]", refused="NN335"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return _adaptive_shape(rules, x, self.size)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call(f"F.adaptive_max_pool{x.type.rank - 1}d", x, self.size)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return _onnx(w, x, self.size, "MaxPool", "ReduceMax")
