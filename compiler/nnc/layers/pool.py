"""Pools: the largest or the mean of each window, channel by channel."""

from __future__ import annotations

from nnc.ir.arguments import Sizes, flag, sizes
from nnc.ir.types import TensorType
from nnc.layers.base import (
    NOTHING,
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
    required,
)
from nnc.layers.rules import PADDING
from nnc.layers.streaming import Flow, Streamer, window
from nnc.layers.window import Ints, extents, ints, numbers, require_fit, windows

SPACE = (Port("x", ranks=(2, 3, 4), channels_first=True),)


def room_behind(extent: Ints, stride: Ints, padding: Ints, ceil: bool) -> Ints:
    """The padding behind each axis with which rounding down gives as many windows as PyTorch makes.

    With ceil_mode PyTorch rounds up, but drops a last window that would start in the padding
    behind. Both are one floor division: the padding behind is then the smaller of padding + stride
    - 1 and extent - 1.
    """
    if not ceil:
        return padding
    return tuple(min(p + s - 1, e - 1) for e, s, p in zip(extent, stride, padding))


def _pool_shape(
    rules: Rules,
    x: TensorType,
    given: tuple[Sizes, Sizes | None, Sizes, Sizes],
    ceil: bool,
) -> tuple[TensorType, ...]:
    """Checks kernel, stride, padding, dilation (`given`) and counts the windows."""
    axes, space = x.rank - 1, x.dims[1:]
    kernel = numbers(rules, given[0], axes, "kernel")
    stride = kernel if given[1] is None else numbers(rules, given[1], axes, "stride")
    padding = numbers(rules, given[2], axes, "padding")
    dilation = numbers(rules, given[3], axes, "dilation")
    extent = extents(kernel, dilation)
    for p, k in zip(padding, kernel):
        if 2 * p > k:
            rules.refuse(
                PADDING,
                "the padding of a pool is at most half its kernel",
                at="padding",
                label=f"{p} cells beside a kernel of {k}",
                help=f"use at most {k // 2}",
            )
    behind = room_behind(extent, stride, padding, ceil)
    both = tuple(p + b for p, b in zip(padding, behind))
    require_fit(rules, space, kernel, dilation, both, most=min(kernel) // 2)
    return (x.with_dims(x.dims[0], *windows(space, extent, stride, both)),)


@layer("max_pool")
class MaxPool(Layer):
    """The largest number of each window.

    [C, L], [C, H, W] or [C, D, H, W], channels stay, each size (size + 2 * padding - dilation *
    (kernel - 1) - 1) // stride + 1. PyTorch: F.max_pool1d, 2d, 3d; ONNX: MaxPool.
    """

    kernel: Sizes = sizes("size of the window: one number, or one an axis")
    stride: Sizes | None = sizes("step from window to window; by default the kernel", default=None)
    padding: Sizes = sizes("cells on both sides that never win", default=0, least=0)
    dilation: Sizes = sizes("distance between the cells of a window", default=1)
    ceil_mode: bool = flag("keeps a last window that reaches over the end", default=False)

    kept = Kept(inputs=True, each=8)  # where the largest stood
    ports = SPACE
    cases = (
        Case("max_pool(2)", "[6, 28, 28]", "[6, 14, 14]", nodes=1),
        Case("max_pool(3, stride=2, padding=1)", "[4, 9, 8]", "[4, 5, 4]", nodes=1),
        Case("max_pool(2)", "[4, 9]", "[4, 4]", nodes=1),
        Case("max_pool((1, 2, 2))", "[4, 2, 5, 4]", "[4, 2, 2, 2]", nodes=1),
        Case("max_pool(3, stride=1, dilation=2)", "[4, 8, 9]", "[4, 4, 5]", nodes=1),
        Case("max_pool(4, dilation=2, padding=2, stride=1)", "[2, 5, 6]", "[2, 3, 4]", nodes=1),
        Case("max_pool(3, stride=2, ceil_mode=true)", "[4, 2]", "[4, 1]", nodes=1),
        Case("max_pool(3, stride=2, ceil_mode=true)", "[4, 6, 7]", "[4, 3, 3]", nodes=1),
        Case("max_pool(2, stride=4, padding=1, ceil_mode=true)", "[4, 5]", "[4, 2]", nodes=1),
        Case("max_pool(2, stride=3, padding=1, ceil_mode=true)", "[4, 5, 6]", "[4, 2, 3]", nodes=1),
        Case("max_pool(2, stride=7, dilation=3, ceil_mode=true)", "[4, 10]", "[4, 2]", nodes=2),
        Case("max_pool(2)", "[8, H, W]", "[8, H // 2, W // 2]", nodes=1),
        Case("max_pool(3, stride=2, ceil_mode=true)", "[8, H, 9]", "[8, H // 2, 4]", nodes=1),
        Case("max_pool(5)", "[8, 4, 4]", refused="NN301"),
        Case("max_pool(3, padding=2)", "[8, 4, 4]", refused="NN304"),
        Case("max_pool(H)", "[8, H, H]", refused="NN306"),
        Case("max_pool(2x2)", "[8, 4]", refused="NN307"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        given = (self.kernel, self.stride, self.padding, self.dilation)
        return _pool_shape(rules, x, given, self.ceil_mode)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        # windows that count lie within the sequence, unless they reach over its end
        return "mixes" if not axis or self.padding or self.ceil_mode else "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call(
            f"F.max_pool{x.type.rank - 1}d",
            x,
            self.kernel,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            ceil_mode=self.ceil_mode,
        )

    def stream(self, s: Streamer, x: Flow) -> tuple[Flow | None, ...]:
        axes, at = x.type.rank - 1, required(x.axis) - 1
        low, high, _ = self._padded(axes)
        kernel = ints(self.kernel, axes)
        stride = kernel if self.stride is None else ints(self.stride, axes)
        reach = extents(kernel, ints(self.dilation, axes))[at] - 1
        window(s, x, self.word, reach, stride[at], low[at] + high[at] > 0)
        return s.same(x)

    def _padded(self, axes: int) -> tuple[Ints, Ints, bool]:
        """Cells before and behind, and whether a node of its own must add them."""
        kernel, low = ints(self.kernel, axes), ints(self.padding, axes)
        stride = kernel if self.stride is None else ints(self.stride, axes)
        high = room_behind(extents(kernel, ints(self.dilation, axes)), stride, low, self.ceil_mode)
        return low, high, any(p >= k for p, k in zip(low + high, kernel * 2))

    def nodes(self, x: TensorType) -> int:
        return 1 + self._padded(x.rank - 1)[2]

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        axes = x.type.rank - 1
        kernel, dilation = ints(self.kernel, axes), ints(self.dilation, axes)
        stride = kernel if self.stride is None else ints(self.stride, axes)
        low, high, beyond = self._padded(axes)
        if beyond:
            # Runtimes take less padding than the kernel only, and forget that dilation widens it.
            space = tuple(d + a + b for d, a, b in zip(x.type.dims[1:], low, high))
            x = w.op(
                "Pad",
                x,
                w.ints(0, 0, *low, 0, 0, *high),
                w.floats(float("-inf")),
                type=x.type.with_dims(x.type.dims[0], *space),
            )
            low = high = (0,) * axes
        return w.op(
            "MaxPool", x, kernel_shape=kernel, strides=stride, pads=low + high, dilations=dilation
        )


@layer("avg_pool")
class AvgPool(Layer):
    """The mean of each window.

    [C, L], [C, H, W] or [C, D, H, W], channels stay, each size (size + 2 * padding - kernel) //
    stride + 1. PyTorch: F.avg_pool1d, 2d, 3d; ONNX: AveragePool.
    """

    kernel: Sizes = sizes("size of the window: one number, or one an axis")
    stride: Sizes | None = sizes("step from window to window; by default the kernel", default=None)
    padding: Sizes = sizes("cells of 0 on both sides", default=0, least=0)
    ceil_mode: bool = flag("keeps a last window that reaches over the end", default=False)
    count_include_pad: bool = flag("the mean counts cells of padding", default=True)

    ports = SPACE
    cases = (
        Case("avg_pool(2)", "[6, 8, 9]", "[6, 4, 4]", nodes=1),
        Case("avg_pool(3, stride=2, padding=1)", "[4, 9, 8]", "[4, 5, 4]", nodes=1),
        Case("avg_pool(3, padding=1, count_include_pad=false)", "[4, 9]", "[4, 3]", nodes=1),
        Case("avg_pool((1, 2, 2), stride=(1, 1, 2))", "[4, 2, 5, 4]", "[4, 2, 4, 2]", nodes=1),
        Case("avg_pool(3, stride=2, ceil_mode=true)", "[4, 6, 8]", "[4, 3, 4]", nodes=1),
        Case("avg_pool(3, stride=2, padding=1, ceil_mode=true)", "[4, 6, 7]", "[4, 4, 4]", nodes=2),
        Case(
            "avg_pool(3, stride=2, padding=1, ceil_mode=true, count_include_pad=false)",
            "[4, 6, 7]",
            "[4, 4, 4]",
            nodes=1,
        ),
        Case("avg_pool(2, stride=3, padding=1, ceil_mode=true)", "[4, 5, 6]", "[4, 2, 3]", nodes=1),
        Case("avg_pool(2)", "[8, H, W]", "[8, H // 2, W // 2]", nodes=1),
        Case("avg_pool(2, stride=2, ceil_mode=true)", "[8, H]", "[8, (H + 1) // 2]", nodes=1),
        Case("avg_pool(5)", "[8, 4, 4]", refused="NN301"),
        Case("avg_pool(2, ceil_mode=true)", "[8, 4, 1, 4]", refused="NN301"),
        Case("avg_pool(3, padding=1)", "[8, 4, 2, 4]", refused="NN301"),
        Case("avg_pool(3, padding=2)", "[8, 4, 4]", refused="NN304"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        if x.rank == 4:  # PyTorch's avg_pool3d does not count on padding there
            kernel = numbers(rules, self.kernel, 3, "kernel")
            require_fit(rules, x.dims[1:], kernel, (1, 1, 1), (0, 0, 0), most=-1)
        return _pool_shape(rules, x, (self.kernel, self.stride, self.padding, 1), self.ceil_mode)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        if not axis or self.ceil_mode:
            return "mixes"
        if self.padding:
            return "masked" if self.count_include_pad else "mixes"
        return "each"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call(
            f"F.avg_pool{x.type.rank - 1}d",
            x,
            self.kernel,
            stride=self.stride,
            padding=self.padding,
            ceil_mode=self.ceil_mode,
            count_include_pad=self.count_include_pad,
        )

    def stream(self, s: Streamer, x: Flow) -> tuple[Flow | None, ...]:
        axes, at = x.type.rank - 1, required(x.axis) - 1
        low, high, _ = self._padded(axes)
        kernel = ints(self.kernel, axes)
        stride = kernel if self.stride is None else ints(self.stride, axes)
        reach = extents(kernel, (1,) * axes)[at] - 1
        window(s, x, self.word, reach, stride[at], low[at] + high[at] > 0)
        return s.same(x)

    def _padded(self, axes: int) -> tuple[Ints, Ints, bool]:
        """Cells before and behind, and whether a node of its own must add them."""
        kernel, low = ints(self.kernel, axes), ints(self.padding, axes)
        stride = kernel if self.stride is None else ints(self.stride, axes)
        high = room_behind(kernel, stride, low, self.ceil_mode)
        return low, high, self.count_include_pad and max(low) > 0 and high != low

    def nodes(self, x: TensorType) -> int:
        return 1 + self._padded(x.rank - 1)[2]

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        axes = x.type.rank - 1
        kernel = ints(self.kernel, axes)
        stride = kernel if self.stride is None else ints(self.stride, axes)
        low, high, beyond = self._padded(axes)
        count = self.count_include_pad and max(low) > 0
        if beyond:
            # PyTorch counts the padding, but not what a last window reaches over beyond it.
            space = tuple(d + 2 * p for d, p in zip(x.type.dims[1:], low))
            padded = x.type.with_dims(x.type.dims[0], *space)
            x = w.op("Pad", x, w.ints(0, 0, *low, 0, 0, *low), type=padded)
            high = tuple(h - p for h, p in zip(high, low))
            low, count = (0,) * axes, False
        return w.op(
            "AveragePool",
            x,
            kernel_shape=kernel,
            strides=stride,
            pads=low + high,
            count_include_pad=int(count),
        )


@layer("global_avg_pool")
class GlobalAvgPool(Layer):
    """The mean of each channel.

    [C, L] -> [C, 1], [C, H, W] -> [C, 1, 1], [C, D, H, W] -> [C, 1, 1, 1].
    PyTorch: F.adaptive_avg_pool1d, 2d, 3d; ONNX: GlobalAveragePool.
    """

    kept = NOTHING
    ports = SPACE
    cases = (
        Case("global_avg_pool", "[8, 7, 7]", "[8, 1, 1]", nodes=1),
        Case("global_avg_pool", "[8, 5]", "[8, 1]", nodes=1),
        Case("global_avg_pool", "[8, 2, H, W]", "[8, 1, 1, 1]", nodes=1),
        Case("global_avg_pool", "[8]", refused="NN316"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return (TensorType((x.dims[0], *(1,) * (x.rank - 1)), x.dtype),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call(f"F.adaptive_avg_pool{x.type.rank - 1}d", x, 1)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("GlobalAveragePool", x)


@layer("global_max_pool")
class GlobalMaxPool(Layer):
    """The largest number of each channel.

    [C, L] -> [C, 1], [C, H, W] -> [C, 1, 1], [C, D, H, W] -> [C, 1, 1, 1].
    PyTorch: F.adaptive_max_pool1d, 2d, 3d; ONNX: GlobalMaxPool.
    """

    kept = Kept(inputs=True, each=8)  # where the largest stood
    ports = SPACE
    cases = (
        Case("global_max_pool", "[8, 7, 7]", "[8, 1, 1]", nodes=1),
        Case("global_max_pool", "[8, L]", "[8, 1]", nodes=1),
        Case("global_max_pool", "[8, 2, 3, 3]", "[8, 1, 1, 1]", nodes=1),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return (TensorType((x.dims[0], *(1,) * (x.rank - 1)), x.dtype),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.call(f"F.adaptive_max_pool{x.type.rank - 1}d", x, 1)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        return w.op("GlobalMaxPool", x)
