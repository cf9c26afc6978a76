"""Convolutions and transposed convolutions over one, two or three axes of space."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, Sizes, flag, initial, option, size, sizes
from nnc.ir.dims import Dim, product
from nnc.ir.initial import Weight
from nnc.ir.types import TensorType
from nnc.layers import computed
from nnc.layers.base import (
    INPUTS,
    Along,
    Case,
    Kept,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    layer,
    required,
)
from nnc.layers.groups import conv_weights, require_groups
from nnc.layers.rules import CAUSAL, SAME_STRIDE
from nnc.layers.steps import with_earlier
from nnc.layers.streaming import Flow, Streamer, window
from nnc.layers.weighted import Matrix
from nnc.layers.window import (
    ONNX_PADDING,
    Ints,
    by,
    extents,
    ints,
    kept,
    number,
    numbers,
    require_border,
    require_fit,
    windows,
)
from nnc.record import replace


@layer("conv")
class Conv(Matrix):
    """Convolution: each output is a weighted sum over a window of the input.

    [C, L] -> [channels, L'], [C, H, W] -> [channels, H', W'], [C, D, H, W] -> [channels, D', H',
    W'], each size (size + padding - dilation * (kernel - 1) - 1) // stride + 1. `weight=w` takes a
    value for its weight, [channels, C / groups, kernel...]. PyTorch: nn.Conv1d, 2d, 3d; ONNX: Conv.
    """

    channels: Dim = size("output channels")
    kernel: Sizes = sizes("size of the window: one number, or one an axis (`3x5`)")
    stride: Sizes = sizes("step from window to window", default=1)
    padding: Sizes | str = sizes(
        "cells added on both sides of each axis; `same` keeps the size, `valid` is 0, `causal` pads"
        " a sequence before its start alone, so that no step sees a later one",
        default=0,
        least=0,
        options=("same", "valid", "causal"),
    )
    dilation: Sizes = sizes("distance between the cells of a window", default=1)
    groups: Dim = size(
        "equal parts that channels are cut into, each with its own weights", default=1
    )
    bias: bool = flag("adds a learned number to each output channel", default=True)
    padding_mode: str = option(
        "what padding holds", ("zeros", "reflect", "replicate", "circular"), default="zeros"
    )
    init: Declared | None = initial(default=None)

    ports = (Port("x", ranks=(2, 3, 4), channels_first=True), computed.WEIGHT)
    cases = (
        Case("conv(6, 5, padding=2)", "[1, 28, 28]", "[6, 28, 28]", nodes=1),
        Case("conv(4, 3)", "[2, 9]", "[4, 7]", nodes=1),
        Case("conv(4, (3, 1, 2), stride=(1, 2, 1))", "[2, 5, 4, 3]", "[4, 3, 2, 2]", nodes=1),
        Case("conv(3, 3x5, stride=(2, 1), padding=(1, 0), bias=false)", "[2, 7, 8]", "[3, 4, 4]"),
        Case("conv(4, 3, dilation=2, groups=2)", "[2, 9, 9]", "[4, 5, 5]", nodes=1),
        Case("conv(3, 4, padding=same)", "[2, 6, 7]", "[3, 6, 7]", nodes=1),
        Case("conv(3, 2, padding=same, dilation=3)", "[2, 6]", "[3, 6]", nodes=1),
        Case("conv(3, 3, padding=valid)", "[2, 6, 6]", "[3, 4, 4]", nodes=1),
        Case("conv(4, 3, padding=causal)", "[2, 9]", "[4, 9]", nodes=1),
        Case("conv(4, 2, padding=causal, dilation=4, stride=2)", "[2, L]", "[4, (L + 1)//2]"),
        Case("conv(4, 3, padding=causal, padding_mode=replicate)", "[2, 9]", "[4, 9]", nodes=2),
        Case("conv(4, 3, padding=causal, weight_norm=true)", "[2, 9]", "[4, 9]", nodes=1),
        Case("conv(3, 3, padding=1, padding_mode=reflect)", "[2, 5, 6]", "[3, 5, 6]", nodes=2),
        Case("conv(3, 3, padding=(2, 1), padding_mode=replicate)", "[2, 5, 6]", "[3, 7, 6]"),
        Case("conv(3, 3, padding=2, padding_mode=circular)", "[2, 5]", "[3, 7]", nodes=2),
        Case("conv(3, 4, padding=same, padding_mode=circular)", "[2, 5, 5]", "[3, 5, 5]"),
        Case("conv(2, 3, padding=1, padding_mode=reflect)", "[1, 3, 3, 3]", "[2, 3, 3, 3]"),
        Case("conv(3, 1, padding_mode=reflect)", "[2, 5, 5]", "[3, 5, 5]", nodes=1),
        Case("conv(3, 3, init=normal(0.02))", "[2, 5, 5]", "[3, 3, 3]"),
        Case("conv(8, 3, stride=2, padding=1)", "[3, H, W]", "[8, (H + 1) // 2, (W + 1) // 2]"),
        Case("conv(8, 5)", "[3, L]", "[8, L - 4]"),
        Case("conv(4, 3, spectral_norm=true)", "[2, 5, 5]", "[4, 3, 3]", nodes=1),
        Case("conv(4, 3, groups=2, weight_norm=true)", "[2, 5]", "[4, 3]", nodes=1),
        Case("conv(4, 3, weight=x1)", ("[2, 5, 6]", "[4, 2, 3, 3]"), "[4, 3, 4]", nodes=6),
        Case("conv(4, 1, bias=false, weight=x1)", ("[2, 5]", "[4, 2, 1]"), "[4, 5]", nodes=2),
        Case(
            "conv(4, 3x2, groups=2, stride=2, padding=same, weight=x1)",
            ("[4, H, 6]", "[4, 2, 3, 2]"),
            refused="NN305",
        ),
        Case(
            "conv(6, 3x2, groups=2, stride=(2, 1), padding=1, padding_mode=reflect, weight=x1)",
            ("[4, H, 6]", "[6, 2, 3, 2]"),
            "[6, (H + 1)//2, 7]",
        ),
        Case("conv(4, 3, groups=4, padding=causal, weight=x1)", ("[4, L]", "[4, 1, 3]"), "[4, L]"),
        Case("conv(4, 3, weight=x1)", ("[2, 5, 6]", "[4, 3, 3]"), refused="NN387"),
        Case("conv(4, 3, weight=x1)", ("[2, 5, 6]", "[4, 2, 5, 5]"), refused="NN387"),
        Case("conv(8, 5)", "[16, 3, 3]", refused="NN301"),
        Case("conv(8, 3, dilation=4)", "[1, 8]", refused="NN301"),
        Case("conv(8, 3, groups=2)", "[3, 8, 8]", refused="NN302"),
        Case("conv(9, 3, groups=2)", "[4, 8, 8]", refused="NN302"),
        Case("conv(8, 3, padding=3, padding_mode=reflect)", "[1, 3, 3]", refused="NN304"),
        Case("conv(8, 3, padding=same, stride=2)", "[1, 8, 8]", refused="NN305"),
        Case("conv(8, 3, padding=causal)", "[1, 8, 8]", refused="NN398"),
        Case("conv(8, H)", "[1, H, H]", refused="NN306"),
        Case("conv(8, 3x3)", "[1, 8]", refused="NN307"),
    )

    def _pads(self, axes: int) -> tuple[Ints, Ints]:
        if not isinstance(self.padding, str):
            pads = ints(self.padding, axes)
            return pads, pads
        if self.padding == "valid":
            return (0,) * axes, (0,) * axes
        kernel, dilation = ints(self.kernel, axes), ints(self.dilation, axes)
        total = tuple(d * (k - 1) for k, d in zip(kernel, dilation))
        if self.padding == "causal":
            return total, (0,) * axes
        return tuple(t // 2 for t in total), tuple(
            t - t // 2 for t in total
        )  # as PyTorch: more behind

    @property
    def _before(self) -> Dim:
        """Cells before the start of a sequence, computed so that numbers keep their source."""
        (kernel,) = self.kernel if isinstance(self.kernel, tuple) else (self.kernel,)
        (dilation,) = self.dilation if isinstance(self.dilation, tuple) else (self.dilation,)
        return (kernel - 1) * dilation

    def shape(
        self, rules: Rules, x: TensorType, weight: TensorType | None = None
    ) -> tuple[TensorType, ...]:
        axes, space = x.rank - 1, x.dims[1:]
        kernel = numbers(rules, self.kernel, axes, "kernel")
        stride = numbers(rules, self.stride, axes, "stride")
        dilation = numbers(rules, self.dilation, axes, "dilation")
        if not isinstance(self.padding, str):
            numbers(rules, self.padding, axes, "padding")
        elif self.padding == "same" and max(stride) > 1:
            rules.refuse(
                SAME_STRIDE,
                "`padding=same` needs a stride of 1",
                at="padding",
                label=f"the stride is {by(stride)}",
                help=f"write `padding={max(kernel) // 2}`",
            )
        elif self.padding == "causal" and axes > 1:
            rules.refuse(
                CAUSAL,
                "`padding=causal` is for sequences, which have one axis besides channels",
                at="padding",
                label=f"the value is {x}",
                help="write the padding as numbers, or put `pad((left, right, top, bottom)) ->`"
                " before it",
            )
        require_groups(rules, x.dims[0], self.channels, number(rules, self.groups, "groups"))
        computed.require_weight(rules, self.word, weight, self._sizes(x))
        low, high = self._pads(axes)
        if self.padding_mode != "zeros":
            require_border(rules, self.padding_mode, space, map(max, low, high))
        both = tuple(a + b for a, b in zip(low, high))
        require_fit(rules, space, kernel, dilation, both)
        return (self._out(x),)

    def _out(self, x: TensorType) -> TensorType:
        """What it gives, of arguments that are right."""
        axes, space = x.rank - 1, x.dims[1:]
        stride = kept(self.stride, axes)
        if self.padding == "causal":
            return x.with_dims(self.channels, *windows(space, (1,), stride, (0,)))
        low, high = self._pads(axes)
        both = tuple(a + b for a, b in zip(low, high))
        reach = extents(kept(self.kernel, axes), kept(self.dilation, axes))
        return x.with_dims(self.channels, *windows(space, reach, stride, both))

    def _sizes(self, x: TensorType) -> tuple[Dim, ...]:
        """Those of its weight."""
        groups = self.groups
        assert isinstance(groups, int)
        kernel = self.kernel if isinstance(self.kernel, tuple) else (self.kernel,) * (x.rank - 1)
        return (self.channels, x.dims[0] // groups, *kernel)

    def arrays(self, x: TensorType, weight: TensorType | None = None) -> Iterable[Weight]:
        own = conv_weights(self._sizes(x), self.channels, self.bias, self.init)
        return computed.without_weight(own, weight)

    def macs(self, x: TensorType, *_: TensorType | None) -> Dim:
        kernel = ints(self.kernel, x.rank - 1)
        return product((*self._out(x).dims, *kernel)) * (x.dims[0] // ints(self.groups, 1)[0])

    def keeps(self, x: TensorType, *_: TensorType | None) -> Kept:
        """Its input; where it is padded ahead, the padded one."""
        low, high = self._pads(x.rank - 1)
        padded = product(d + a + b for d, a, b in zip(x.dims[1:], low, high))
        if self.padding_mode == "zeros":
            before = self.padding == "causal" and max(low) > 0
            return Kept(other=4 * x.dims[0] * padded) if before else INPUTS
        return Kept(inputs=self.padding_mode != "circular", other=4 * x.dims[0] * padded)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        if not axis or self.padding_mode != "zeros":
            return "mixes"
        return "each" if self.padding in (0, "valid", "causal") else "masked"

    def stream(self, s: Streamer, x: Flow, weight: Flow | None = None) -> tuple[Flow | None, ...]:
        axes, at = x.type.rank - 1, required(x.axis) - 1
        low, high = self._pads(axes)
        reach = extents(ints(self.kernel, axes), ints(self.dilation, axes))[at] - 1
        stride = ints(self.stride, axes)[at]
        if self.padding == "causal" and self.padding_mode == "zeros" and reach:
            y = with_earlier(s, x, reach)
            window(s, y, self.word, reach, stride, padded=False)
            return s.apply(replace(self, padding=0), y, *self._given(s, weight))
        window(s, x, self.word, reach, stride, low[at] + high[at] > 0)
        return s.same(x, *self._given(s, weight))

    def _given(self, s: Streamer, weight: Flow | None) -> tuple[Flow | None, ...]:
        """Its computed weight, where it has one."""
        if weight is not None and weight.axis is not None:
            s.refuse(f"the weight of this `{self.word}` is computed of steps")
        return () if weight is None else (weight,)

    def _does(self, x: TensorType) -> computed.Windows:
        """What it does behind its own padding."""
        axes = x.rank - 1
        low, high = self._pads(axes)
        if self.padding_mode != "zeros":
            low = high = (0,) * axes
        kernel, stride = ints(self.kernel, axes), ints(self.stride, axes)
        channels, groups = ints(self.channels, 1)[0], ints(self.groups, 1)[0]
        dilation = ints(self.dilation, axes)
        return computed.Windows(channels, kernel, stride, dilation, low, high, groups)

    def nodes(self, x: TensorType, weight: TensorType | None = None) -> int:
        low, high = self._pads(x.rank - 1)
        padded = self.padding_mode != "zeros" and max(low + high) > 0
        if weight is None:
            return 1 + padded
        out = self._out(x)
        return padded + computed.conv_nodes(x, weight, self._does(x), self.bias, out)

    def torch(self, w: TorchWriter, x: Ref, weight: Ref | None = None) -> Ref:
        padding, mode = self.padding, self.padding_mode
        if padding == "causal":
            before = self._before
            if before:
                mode = {"zeros": "constant"}.get(mode, mode)
                x = w.call("F.pad", x, (before, 0), mode=mode)
            padding, mode = 0, "zeros"
        if weight is not None:
            if mode != "zeros":
                low, high = self._pads(x.type.rank - 1)
                ends = [end for pair in zip(low[::-1], high[::-1]) for end in pair]
                x, padding = w.call("F.pad", x, tuple(ends), mode=mode), 0
            return computed.torch_conv(
                w,
                f"F.conv{x.type.rank - 1}d",
                x,
                weight,
                w.weight("bias") if self.bias else None,
                stride=self.stride,
                padding=padding,
                dilation=self.dilation,
                groups=self.groups,
            )
        return w.module(
            f"nn.Conv{x.type.rank - 1}d",
            x.type.dims[0],
            self.channels,
            self.kernel,
            stride=self.stride,
            padding=padding,
            dilation=self.dilation,
            groups=self.groups,
            bias=self.bias,
            padding_mode=mode,
        )(x)

    def onnx(self, w: OnnxWriter, x: Ref, weight: Ref | None = None) -> Ref:
        axes, does = x.type.rank - 1, self._does(x.type)
        out = self._out(x.type)
        low, high = self._pads(axes)
        if self.padding_mode != "zeros" and max(low + high) > 0:
            space = tuple(d + a + b for d, a, b in zip(x.type.dims[1:], low, high))
            x = w.op(
                "Pad",
                x,
                w.ints(0, 0, *low, 0, 0, *high),
                mode=ONNX_PADDING[self.padding_mode],
                type=x.type.with_dims(x.type.dims[0], *space),
            )
        if weight is not None:
            bias = computed.onnx_bias(w, self.bias, weight, out)
            return computed.onnx_conv(w, x, weight, bias, does, out)
        bias = w.weight("bias") if self.bias else None
        own = w.weight("weight")
        return w.op("Conv", x, own, bias, type=out, **does.attributes(does.groups))
