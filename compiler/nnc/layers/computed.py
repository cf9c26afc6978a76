"""Layers whose weight is a value of the network: hypernetworks, dynamic and modulated convolutions.

A value that is the same for all samples stands in the weight's place. Where each sample has a
weight of its own, a convolution in PyTorch takes the samples as groups; ONNX, whose groups are
numbers, multiplies the windows as matrices.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from nnc.diagnostics import rule
from nnc.ir.dims import Dim, product
from nnc.ir.initial import Weight
from nnc.ir.types import TensorType
from nnc.layers.base import OnnxWriter, Port, Ref, Rules, TorchArg, TorchWriter, Transform
from nnc.layers.window import Ints, by
from nnc.record import Record

WEIGHT = Port("weight", optional=True, fixed=True, named=True)
"""The port of a layer that takes its weight as a value."""

COMPUTED = rule(
    "NN387",
    "computed-weight",
    """
`weight=VALUE` gives a layer its weight, which is then computed or declared elsewhere and not
learned by the layer; a bias still is its own. The value has the sizes of the layer's own weight:
[units, inputs] for `dense`, [channels, inputs / groups, kernel...] for `conv`, [inputs, channels /
groups, kernel...] for `conv_transpose`. It may be another one for each sample.
""",
)


def require_weight(
    rules: Rules, word: str, weight: TensorType | None, wanted: tuple[Dim, ...]
) -> None:
    """States that a computed weight has the sizes that the layer needs."""
    if weight is None:
        return
    text = by(wanted).replace("x", ", ")
    message = f"the weight of this `{word}` is [{text}], and the value is {weight}"
    help = "make a value of these sizes, or change the layer's arguments"
    if weight.dims == wanted[::-1]:
        axes = ", ".join(str(at) for at in reversed(range(weight.rank)))
        help = f"it is turned over: `permute({axes})` before"
    elif weight.elements == product(wanted):
        help = f"it has as many numbers: `reshape({text})` before"
    if len(wanted) != weight.rank:
        rules.refuse(COMPUTED, message, at="weight", help=help)
    for have, want in zip(weight.dims, wanted):
        rules.equal(have, want, COMPUTED, message, at="weight", help=help)


def without_weight(own: Iterable[Weight], weight: TensorType | None) -> Iterable[Weight]:
    """The arrays of a layer whose weight may be a value."""
    return (array for array in own if weight is None or array.name != "weight")


class Windows(Record):
    """What a convolution with a computed weight does.

    Args:
        channels: it gives.
        kernel, stride, dilation: for each axis of space.
        low, high: cells before and behind each axis.
        groups: of channels.
        extra: `output_padding` of a transposed one.
    """

    channels: int
    kernel: Ints
    stride: Ints
    dilation: Ints
    low: Ints
    high: Ints
    groups: int
    extra: Ints = ()

    @property
    def cells(self) -> int:
        """Cells of a window."""
        return prod(self.kernel)

    @property
    def plain(self) -> bool:
        """Each window is one cell of the input."""
        both = (*self.low, *self.high, *self.extra)
        return self.cells == 1 and set(self.stride) == {1} and not any(both)

    def attributes(self, groups: int) -> dict[str, object]:
        """Of the operator."""
        given: dict[str, object] = {"output_padding": self.extra} if self.extra else {}
        return {
            "kernel_shape": self.kernel,
            "strides": self.stride,
            "pads": self.low + self.high,
            "dilations": self.dilation,
            "group": groups,
            **given,
        }


# --- PyTorch -------------------------------------------------------------------------------------


def torch_conv(
    w: TorchWriter, function: str, x: Ref, weight: Ref, bias: Ref | None, **options: TorchArg
) -> Ref:
    """`F.conv2d` and its like, with one weight for all samples or one for each."""
    if weight.type.fixed:
        return w.call(function, x, weight, bias, **options)
    groups = options["groups"]
    each = w.batch(x) if groups == 1 else w.infix("*", w.batch(x), groups)
    joined = w.let(w.method(w.method(x, "flatten", 0, 1), "unsqueeze", 0), "joined")
    options = {**options, "groups": each}
    y = w.let(w.call(function, joined, w.method(weight, "flatten", 0, 1), **options), "joined")
    y = w.method(w.method(y, "squeeze", 0), "unflatten", 0, (w.batch(x), -1))
    if bias is None:
        return y
    return w.infix("+", y, w.method(bias, "reshape", -1, *(1,) * (x.type.rank - 1)))


def torch_dense(w: TorchWriter, x: Ref, weight: Ref, bias: Ref | None) -> Ref:
    """`F.linear`, with one weight for all samples or one for each."""
    if weight.type.fixed:
        return w.call("F.linear", x, weight, bias)
    rank = x.type.rank
    if rank == 1:
        column = w.method(x, "unsqueeze", -1)
        y = w.method(w.infix("@", weight, column), "squeeze", -1)
    else:
        turned = w.method(weight, "transpose", -2, -1)
        for _ in range(rank - 2):
            turned = w.method(turned, "unsqueeze", 1)
        y = w.infix("@", x, turned)
    return y if bias is None else w.infix("+", y, bias)


# --- ONNX ----------------------------------------------------------------------------------------


def dense_nodes(x: TensorType, weight: TensorType, bias: bool) -> int:
    """How many nodes a weighted sum becomes."""
    if weight.fixed:
        return 1 if x.rank == 1 else 2 + bias
    return (3 if x.rank == 1 else 2 + (x.rank > 2)) + bias


def onnx_dense(w: OnnxWriter, x: Ref, weight: Ref, bias: Ref | None) -> Ref:
    """A weighted sum along the last axis."""
    type = weight.type
    units, inputs = type.dims
    out = x.type.with_dims(*x.type.dims[:-1], units)
    turned = type.with_dims(inputs, units)
    if type.fixed:
        if x.type.rank == 1:
            return w.op("Gemm", x, weight, bias, transB=1, type=out)
        y = w.op("MatMul", x, w.op("Transpose", weight, perm=(1, 0), type=turned), type=out)
    elif x.type.rank == 1:
        column = w.op("Unsqueeze", x, w.ints(-1), type=x.type.with_dims(inputs, 1))
        y = w.op("MatMul", weight, column, type=x.type.with_dims(units, 1))
        y = w.op("Squeeze", y, w.ints(-1), type=out)
    else:
        right = w.op("Transpose", weight, perm=(0, 2, 1), type=turned)
        if x.type.rank > 2:
            ones = (1,) * (x.type.rank - 2)
            spread = type.with_dims(*ones, inputs, units)
            right = w.op("Unsqueeze", right, w.ints(*range(1, x.type.rank - 1)), type=spread)
        y = w.op("MatMul", x, right, type=out)
    return y if bias is None else w.op("Add", y, bias, type=out)


def conv_nodes(
    x: TensorType, weight: TensorType, does: Windows, bias: bool, out: TensorType
) -> int:
    """How many nodes a convolution becomes, ahead of which nothing is padded."""
    if weight.fixed:
        return 1
    inputs, length = _known(x.dims[0]), product(out.dims[1:])
    within = inputs // does.groups * does.cells
    each = does.channels // does.groups
    windows = (inputs * does.cells, *out.dims[1:])
    changes = (
        (windows, _matrix(does, within, length)),
        (weight.dims, _matrix(does, each, within)),
        (_matrix(does, each, length), out.dims),
    )
    return 1 + (not does.plain) + sum(before != after for before, after in changes) + bias


def transposed_nodes(
    x: TensorType, weight: TensorType, does: Windows, bias: bool, out: TensorType
) -> int:
    """How many nodes a transposed convolution becomes, ahead of which nothing is padded."""
    if weight.fixed:
        return 1
    inputs, length = _known(x.dims[0]) // does.groups, product(x.dims[1:])
    each = does.channels // does.groups * does.cells
    windows = out.dims if does.plain else (does.channels * does.cells, *x.dims[1:])
    changes = (
        (weight.dims, _matrix(does, inputs, each)),
        (x.dims, _matrix(does, inputs, length)),
        (_matrix(does, each, length), windows),
    )
    return 2 + (not does.plain) + sum(before != after for before, after in changes) + bias


def onnx_conv(
    w: OnnxWriter, x: Ref, weight: Ref, bias: Ref | None, does: Windows, out: TensorType
) -> Ref:
    """Conv, or windows as columns that each sample's weight is multiplied with."""
    if weight.type.fixed:
        return w.op("Conv", x, weight, bias, type=out, **does.attributes(does.groups))
    inputs = _known(x.type.dims[0])
    y, within = x, inputs // does.groups * does.cells
    if not does.plain:
        type = x.type.with_dims(inputs * does.cells, *out.dims[1:])
        y = w.op("Conv", x, _cells(w, inputs, does), type=type, **does.attributes(inputs))
    length, each = product(out.dims[1:]), does.channels // does.groups
    columns = _reshaped(w, y, *_matrix(does, within, length))
    rows = _reshaped(w, weight, *_matrix(does, each, within))
    made = columns.type.with_dims(*columns.type.dims[:-2], each, length)
    return _ended(w, w.op("MatMul", rows, columns, type=made), bias, out)


def onnx_transposed(
    w: OnnxWriter, x: Ref, weight: Ref, bias: Ref | None, does: Windows, out: TensorType
) -> Ref:
    """ConvTranspose, or windows that each sample's weight makes, laid over each other."""
    if weight.type.fixed:
        kind = "ConvTranspose"
        return w.op(kind, x, weight, bias, type=out, **does.attributes(does.groups))
    groups, inputs = does.groups, _known(x.type.dims[0])
    each = does.channels // groups * does.cells
    space = x.type.dims[1:]
    rows = _reshaped(w, weight, *_matrix(does, inputs // groups, each))
    lead = rows.type.dims[:-2]
    axes = (*range(len(lead) + 1), len(lead) + 2, len(lead) + 1)
    turned = rows.type.with_dims(*lead, each, inputs // groups)
    rows = w.op("Transpose", rows, perm=axes, type=turned)
    columns = _reshaped(w, x, *_matrix(does, inputs // groups, product(space)))
    y = w.op("MatMul", rows, columns, type=x.type.with_dims(*lead, each, product(space)))
    if does.plain:
        return _ended(w, y, bias, out)
    wide = does.channels * does.cells
    y = _reshaped(w, y, wide, *space)
    cells = _cells(w, does.channels, does)
    y = w.op("ConvTranspose", y, cells, type=out, **does.attributes(does.channels))
    return _ended(w, y, bias, out)


def _known(channels: Dim) -> int:
    assert isinstance(channels, int)
    return int(channels)


def _cells(w: OnnxWriter, channels: int, does: Windows) -> Ref:
    """For each channel and cell of a window, a kernel that is 1 there alone."""
    many = does.cells
    one = [float(at == cell) for cell in range(many) for at in range(many)]
    return w.floats(*(one * channels), shape=(channels * many, 1, *does.kernel))


def _matrix(does: Windows, rows: int, columns: Dim) -> tuple[Dim, ...]:
    """A matrix for each group."""
    return (*((does.groups,) if does.groups > 1 else ()), rows, columns)


def _reshaped(w: OnnxWriter, x: Ref, *dims: Dim) -> Ref:
    if x.type.dims == dims:
        return x
    return w.op("Reshape", x, w.shape(*dims), type=x.type.with_dims(*dims))


def _ended(w: OnnxWriter, y: Ref, bias: Ref | None, out: TensorType) -> Ref:
    y = _reshaped(w, y, *out.dims)
    return y if bias is None else w.op("Add", y, bias, type=out)


def onnx_bias(w: OnnxWriter, own: bool, weight: Ref, out: TensorType) -> Ref | None:
    """A layer's bias, with an axis for each of the space where it is added by itself."""
    if not own:
        return None
    if weight.type.fixed:
        return w.weight("bias")
    return w.weight("bias", Transform("reshape", (-1, *(1,) * (out.rank - 1))))
