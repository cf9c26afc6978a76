"""Transposed convolutions over one, two or three axes of space."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, Sizes, flag, initial, size, sizes
from nnc.ir.dims import Dim, product, show
from nnc.ir.initial import Weight
from nnc.ir.types import TensorType
from nnc.layers import computed
from nnc.layers.base import Along, Case, OnnxWriter, Port, Ref, Rules, TorchWriter, layer
from nnc.layers.groups import conv_weights, require_groups
from nnc.layers.rules import NOTHING_LEFT, OUTPUT_PADDING
from nnc.layers.weighted import Matrix
from nnc.layers.window import Ints, extents, ints, kept, number, numbers


@layer("conv_transpose")
class ConvTranspose(Matrix):
    """Transposed convolution: each input adds a weighted window to the output.

    [C, L], [C, H, W] or [C, D, H, W] -> [channels, ...], each size
    (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1. `weight=w`
    takes a value for its weight, [C, channels / groups, kernel...].
    PyTorch: nn.ConvTranspose1d, 2d, 3d; ONNX: ConvTranspose.
    """

    channels: Dim = size("output channels")
    kernel: Sizes = sizes("size of the window: one number, or one an axis (`3x5`)")
    stride: Sizes = sizes("step from window to window, in the output", default=1)
    padding: Sizes = sizes("cells cut off on both sides of each axis", default=0, least=0)
    output_padding: Sizes = sizes("cells more at the end of each axis", default=0, least=0)
    groups: Dim = size(
        "equal parts that channels are cut into, each with its own weights", default=1
    )
    bias: bool = flag("adds a learned number to each output channel", default=True)
    dilation: Sizes = sizes("distance between the cells of a window", default=1)
    init: Declared | None = initial(default=None)

    outputs_axis = 1
    ports = (Port("x", ranks=(2, 3, 4), channels_first=True), computed.WEIGHT)
    cases = (
        Case("conv_transpose(4, 2, stride=2)", "[3, 5, 6]", "[4, 10, 12]", nodes=1),
        Case("conv_transpose(4, 4, stride=2, padding=1, bias=false)", "[3, 5]", "[4, 10]", nodes=1),
        Case("conv_transpose(2, 3, stride=2)", "[2, 2, 3, 2]", "[2, 5, 7, 5]", nodes=1),
        Case(
            "conv_transpose(4, 3x5, stride=(2, 3), padding=(1, 2), output_padding=(1, 2))",
            "[3, 5, 6]",
            "[4, 10, 18]",
            nodes=1,
        ),
        Case("conv_transpose(4, 3, dilation=2, groups=2)", "[6, 5, 5]", "[4, 9, 9]", nodes=1),
        Case("conv_transpose(4, 3, dilation=3, output_padding=2)", "[2, 5]", "[4, 13]", nodes=2),
        Case("conv_transpose(4, 2, stride=3)", "[2, 5]", "[4, 14]", nodes=1),
        Case("conv_transpose(4, 3, init=normal(0.02))", "[2, 5, 5]", "[4, 7, 7]"),
        Case("conv_transpose(4, 3, spectral_norm=true)", "[2, 5, 5]", "[4, 7, 7]", nodes=1),
        Case("conv_transpose(4, 3, weight_norm=true)", "[2, 5]", "[4, 7]", nodes=1),
        Case("conv_transpose(8, 2, stride=2)", "[3, H, W]", "[8, 2*H, 2*W]"),
        Case("conv_transpose(8, 3, padding=2)", "[3, L]", "[8, L - 2]"),
        Case(
            "conv_transpose(4, 2, stride=2, weight=x1)",
            ("[3, 5, 6]", "[3, 4, 2, 2]"),
            "[4, 10, 12]",
        ),
        Case(
            "conv_transpose(6, 3, groups=2, stride=2, padding=1, output_padding=1, weight=x1)",
            ("[4, L]", "[4, 3, 3]"),
            "[6, 2*L]",
        ),
        Case("conv_transpose(4, 1, weight=x1)", ("[3, 5, 6]", "[3, 4, 1, 1]"), "[4, 5, 6]"),
        Case("conv_transpose(4, 2, weight=x1)", ("[3, 5, 6]", "[4, 3, 2, 2]"), refused="NN387"),
        Case("conv_transpose(8, 3, groups=2)", "[3, 8, 8]", refused="NN302"),
        Case("conv_transpose(8, 3, output_padding=1)", "[3, 8, 8]", refused="NN303"),
        Case("conv_transpose(8, 3, padding=3)", "[3, 4, 4]", refused="NN334"),
        Case("conv_transpose(8, 3, stride=H)", "[3, H, 4]", refused="NN306"),
        Case("conv_transpose(8, (3, 3, 3))", "[3, 4, 4]", refused="NN307"),
    )

    def shape(
        self, rules: Rules, x: TensorType, weight: TensorType | None = None
    ) -> tuple[TensorType, ...]:
        axes = x.rank - 1
        kernel = numbers(rules, self.kernel, axes, "kernel")
        stride = numbers(rules, self.stride, axes, "stride")
        padding = numbers(rules, self.padding, axes, "padding")
        extra = numbers(rules, self.output_padding, axes, "output_padding")
        dilation = numbers(rules, self.dilation, axes, "dilation")
        require_groups(rules, x.dims[0], self.channels, number(rules, self.groups, "groups"))
        computed.require_weight(rules, self.word, weight, self._sizes(x))
        for o, s, d in zip(extra, stride, dilation):
            if o >= max(s, d):
                rules.refuse(
                    OUTPUT_PADDING,
                    "`output_padding` must be smaller than the stride",
                    at="output_padding",
                    label=f"{o}, with a stride of {s}",
                    help=f"use at most {max(s, d) - 1}" if max(s, d) > 1 else "leave it out",
                )
        for cells, e, s, p, o in zip(x.dims[1:], extents(kernel, dilation), stride, padding, extra):
            left = (cells - 1) * s + (e + o - 2 * p)
            rules.at_least(
                left,
                1,
                NOTHING_LEFT,
                "the padding cuts off the whole output",
                at="padding",
                label=f"{show(left + 2 * p)} cells without padding, {2 * p} cut off",
                help="use less padding, or a larger kernel",
            )
        return (self._out(x),)

    def _out(self, x: TensorType) -> TensorType:
        """What it gives, of arguments that are right."""
        axes = x.rank - 1
        stride, padding = kept(self.stride, axes), kept(self.padding, axes)
        reach = extents(kept(self.kernel, axes), kept(self.dilation, axes))
        more = kept(self.output_padding, axes)
        out = (
            (cells - 1) * s + (e + o - 2 * p)
            for cells, e, s, p, o in zip(x.dims[1:], reach, stride, padding, more)
        )
        return x.with_dims(self.channels, *out)

    def _sizes(self, x: TensorType) -> tuple[Dim, ...]:
        """Those of its weight."""
        groups = self.groups
        assert isinstance(groups, int)
        kernel = self.kernel if isinstance(self.kernel, tuple) else (self.kernel,) * (x.rank - 1)
        return (x.dims[0], self.channels // groups, *kernel)

    def arrays(self, x: TensorType, weight: TensorType | None = None) -> Iterable[Weight]:
        own = conv_weights(self._sizes(x), self.channels, self.bias, self.init)
        return computed.without_weight(own, weight)

    def macs(self, x: TensorType, *_: TensorType | None) -> Dim:
        per_group = self.channels // ints(self.groups, 1)[0]
        return product((*x.dims, per_group, *ints(self.kernel, x.rank - 1)))

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "masked" if axis else "mixes"

    def _does(self, x: TensorType) -> tuple[computed.Windows, Ints]:
        """What it does, and the zeros that are put behind each axis before."""
        axes = x.rank - 1
        stride, low = ints(self.stride, axes), ints(self.padding, axes)
        high, extra = low, ints(self.output_padding, axes)
        more = (0,) * axes
        if any(o >= s for o, s in zip(extra, stride)):
            # Runtimes refuse this. The same: zeros behind the input, more of the output cut off.
            more = tuple(-(-o // s) for o, s in zip(extra, stride))
            high = tuple(p + m * s - o for p, m, s, o in zip(low, more, stride, extra))
            extra = (0,) * axes
        kernel, dilation = ints(self.kernel, axes), ints(self.dilation, axes)
        channels, groups = ints(self.channels, 1)[0], ints(self.groups, 1)[0]
        made = computed.Windows(channels, kernel, stride, dilation, low, high, groups, extra)
        return made, more

    def nodes(self, x: TensorType, weight: TensorType | None = None) -> int:
        does, more = self._does(x)
        if weight is None:
            return 1 + any(more)
        out = self._out(x)
        padded = _padded(x, more)
        return any(more) + computed.transposed_nodes(padded, weight, does, self.bias, out)

    def torch(self, w: TorchWriter, x: Ref, weight: Ref | None = None) -> Ref:
        if weight is not None:
            return computed.torch_conv(
                w,
                f"F.conv_transpose{x.type.rank - 1}d",
                x,
                weight,
                w.weight("bias") if self.bias else None,
                stride=self.stride,
                padding=self.padding,
                output_padding=self.output_padding,
                groups=self.groups,
                dilation=self.dilation,
            )
        return w.module(
            f"nn.ConvTranspose{x.type.rank - 1}d",
            x.type.dims[0],
            self.channels,
            self.kernel,
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            groups=self.groups,
            bias=self.bias,
            dilation=self.dilation,
        )(x)

    def onnx(self, w: OnnxWriter, x: Ref, weight: Ref | None = None) -> Ref:
        does, more = self._does(x.type)
        out = self._out(x.type)
        if any(more):
            zeros = (0,) * len(more)
            ends = w.ints(0, 0, *zeros, 0, 0, *more)
            x = w.op("Pad", x, ends, type=_padded(x.type, more))
        if weight is not None:
            bias = computed.onnx_bias(w, self.bias, weight, out)
            return computed.onnx_transposed(w, x, weight, bias, does, out)
        own, bias = w.weight("weight"), w.weight("bias") if self.bias else None
        return w.op("ConvTranspose", x, own, bias, type=out, **does.attributes(does.groups))


def _padded(x: TensorType, more: Ints) -> TensorType:
    """With so many cells behind each axis of space."""
    return x.with_dims(x.dims[0], *(d + m for d, m in zip(x.dims[1:], more)))
