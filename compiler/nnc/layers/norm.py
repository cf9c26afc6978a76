"""Normalisations over the batch, and over neighbouring channels."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, flag, initial, real, size
from nnc.ir.dims import Dim, product
from nnc.ir.initial import Fill, Weight
from nnc.ir.types import TensorType
from nnc.layers.base import (
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
)
from nnc.layers.lengths import OWN, HidePadding, spread, steps
from nnc.layers.rules import NO_EFFECT
from nnc.layers.streaming import Flow, Streamer
from nnc.layers.weighted import Weighted
from nnc.layers.window import ints, number


def require_weight(rules: Rules, weight: bool, init: Declared | None) -> None:
    """Refuses an `init` of a weight that is left out."""
    if init is not None and not weight:
        rules.refuse(
            NO_EFFECT,
            "`init` has no effect without a weight",
            at="init",
            help="leave it out, or write `weight=true`",
        )


def running(x: TensorType, *, counted: bool) -> Iterable[Weight]:
    """Averages over batches, and the counter that PyTorch's modules keep and nothing here reads."""
    yield Weight("running_mean", x.dims[:1], Fill(0.0), "state")
    yield Weight("running_var", x.dims[:1], Fill(1.0), "state")
    if counted:
        yield Weight("num_batches_tracked", (), Fill(0), "state", "int64")


def averaged(w: OnnxWriter, x: Ref, weight: bool, bias: bool, eps: float) -> Ref:
    """One node that normalises by running averages."""
    channels = ints(x.type.dims[0], 1)[0]
    return w.op(
        "BatchNormalization",
        x,
        w.weight("weight") if weight else w.floats(*(1.0,) * channels, shape=(channels,)),
        w.weight("bias") if bias else w.floats(*(0.0,) * channels, shape=(channels,)),
        w.weight("running_mean"),
        w.weight("running_var"),
        epsilon=eps,
        type=x.type,
    )


@layer("batch_norm")
class BatchNorm(Weighted):
    """Each channel to mean 0 and variance 1 over the batch, then scaled and shifted.

    [C], [C, L], [C, H, W] or [C, D, H, W], the shape stays. In use, running averages stand for the
    batch. Of padded sequences the own steps count, and what pads them becomes 0. PyTorch:
    nn.BatchNorm1d, 2d, 3d (F.batch_norm where one of scale and shift is left out); ONNX:
    BatchNormalization.
    """

    eps: float = real("added to the variance", default=1e-5, above=0)
    momentum: float = real(
        "share of a new batch in the running averages", default=0.1, least=0, most=1
    )
    weight: bool = flag("multiplies each channel by a learned number", default=True)
    bias: bool = flag("adds a learned number to each channel", default=True)
    init: Declared | None = initial("how the weight starts; by default 1", default=None)

    alone = False
    ports = (Port("x", ranks=(1, 2, 3, 4), channels_first=True), OWN)
    cases = (
        Case("batch_norm", "[4, 5, 6]", "[4, 5, 6]", nodes=1),
        Case("batch_norm", "[4]", "[4]", nodes=1),
        Case("batch_norm", "[4, 7]", "[4, 7]", nodes=1),
        Case("batch_norm", "[4, 2, 3, 2]", "[4, 2, 3, 2]", nodes=1),
        Case("batch_norm(eps=1e-3, momentum=0.01)", "[4, H, W]", "[4, H, W]", nodes=1),
        Case("batch_norm(weight=false, bias=false)", "[4, 5]", "[4, 5]", nodes=1),
        Case("batch_norm(bias=false, eps=1e-3, momentum=0.2)", "[4, 5, 6]", "[4, 5, 6]", nodes=1),
        Case("batch_norm(weight=false)", "[4]", "[4]", nodes=1),
        Case("batch_norm(init=normal(0.02, mean=1))", "[4, 5]", "[4, 5]", nodes=1),
        Case("batch_norm(weight=false, init=0.5)", "[4, 5]", refused="NN336"),
        Case("batch_norm(eps=0)", "[4, 5]", refused="NN205"),
    )

    def shape(self, rules: Rules, x: TensorType, *_: TensorType | None) -> tuple[TensorType, ...]:
        require_weight(rules, self.weight, self.init)
        return (x,)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        return "lengths" if axis else "mixes"

    def nodes(self, x: TensorType, own: TensorType | None = None) -> int:
        return 1 if own is None else 4

    def arrays(self, x: TensorType, *_: TensorType | None) -> Iterable[Weight]:
        channels = x.dims[:1]
        if self.weight:
            yield Weight("weight", channels, self.init or Fill(1.0), fan_in=1, fan_out=1)
        if self.bias:
            yield Weight("bias", channels, Fill(0.0))
        yield from running(x, counted=self.weight == self.bias)

    def stream(self, s: Streamer, x: Flow, own: Flow | None = None) -> tuple[Flow | None, ...]:
        return s.same(x, None)  # in use each number is scaled on its own

    def torch(self, w: TorchWriter, x: Ref, own: Ref | None = None) -> Ref:
        if own is None:
            return self._normal(w, x, max(x.type.rank - 1, 1))
        axis = steps(x.type, own.type) + 1
        seen = w.infix("==", spread(w, own, 0, x.type.rank), 1)
        seen = w.let(seen, "seen")
        turned = x if axis == 1 else w.let(w.method(x, "movedim", axis, 1), "steps")
        sizes = [d for at, d in enumerate(x.type.dims) if at != axis - 1]
        known = w.method(w.method(turned, "masked_select", seen), "reshape", -1, *sizes)
        known = w.let(self._normal(w, known, max(x.type.rank - 2, 1)), "known")
        zeros = w.call("torch.zeros_like", turned)
        return w.method(w.method(zeros, "masked_scatter", seen, known), "movedim", 1, axis)

    def _normal(self, w: TorchWriter, x: Ref, axes: int) -> Ref:
        """The module for so many axes of space, or the function."""
        if self.weight != self.bias:
            return w.call(
                "F.batch_norm",
                x,
                w.weight("running_mean"),
                w.weight("running_var"),
                weight=w.weight("weight") if self.weight else None,
                bias=w.weight("bias") if self.bias else None,
                training=w.training,
                momentum=self.momentum,
                eps=self.eps,
            )
        return w.module(
            f"nn.BatchNorm{axes}d",
            x.type.dims[0],
            eps=self.eps,
            momentum=self.momentum,
            affine=self.weight,
        )(x)

    def onnx(self, w: OnnxWriter, x: Ref, own: Ref | None = None) -> Ref:
        y = averaged(w, x, self.weight, self.bias, float(self.eps))
        return y if own is None else HidePadding(steps(x.type, own.type)).onnx(w, y, own)


@layer("local_response_norm")
class LocalResponseNorm(Layer):
    """Divides by the strength of neighbouring channels: x / (k + alpha * mean of squares)^beta.

    [C, L], [C, H, W] or [C, D, H, W], the shape stays. An even `size` reaches further to lower
    channels. PyTorch: F.local_response_norm; ONNX: LRN for odd sizes, else composed.
    """

    size: Dim = size("number of neighbouring channels, itself included")
    alpha: float = real("factor of the mean of squares", default=1e-4)
    beta: float = real("exponent", default=0.75)
    k: float = real("added to the sum", default=1.0)

    ports = (Port("x", ranks=(2, 3, 4), channels_first=True),)
    cases = (
        Case("local_response_norm(5)", "[8, 4, 4]", "[8, 4, 4]", nodes=1),
        Case("local_response_norm(5, alpha=0.5, beta=0.6, k=2)", "[8, H, W]", "[8, H, W]", nodes=1),
        Case("local_response_norm(3, alpha=0.5)", "[8, 5]", "[8, 5]", nodes=3),
        Case("local_response_norm(3, alpha=0.5)", "[4, 2, 3, 2]", "[4, 2, 3, 2]", nodes=3),
        Case("local_response_norm(4, alpha=0.5)", "[8, 4, 3]", "[8, 4, 3]"),
        Case("local_response_norm(2, alpha=0.5, beta=1, k=0.5)", "[5, H]", "[5, H]"),
        Case("local_response_norm(6, alpha=2)", "[4, 2, W, 2]", "[4, 2, W, 2]"),
        Case("local_response_norm(C)", "[8, C]", refused="NN306"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        number(rules, self.size, "size")
        return (x,)

    def keeps(self, x: TensorType) -> Kept:
        """Its input, the divisor and what it is a power of, the squares with their padding."""
        padded = (x.dims[0] + self.size - 1) * product(x.dims[1:])
        return Kept(inputs=True, other=4 * (2 * x.elements + padded))

    def nodes(self, x: TensorType) -> int:
        if ints(self.size, 1)[0] % 2:
            return 1 if x.rank == 3 else 3
        return 8

    def stream(self, s: Streamer, x: Flow) -> tuple[Flow | None, ...]:
        return s.same(x)  # its neighbours are channels

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        if x.type.rank == 4:  # PyTorch views it with two axes as one
            x = w.typed(w.method(x, "contiguous"), x.type)
        return w.call(
            "F.local_response_norm", x, self.size, alpha=self.alpha, beta=self.beta, k=self.k
        )

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        size = ints(self.size, 1)[0]
        return self._odd(w, x, size) if size % 2 else self._even(w, x, size)

    def _odd(self, w: OnnxWriter, x: Ref, size: int) -> Ref:
        """ONNX's LRN; runtimes take it with two axes of space only."""
        channels, *space = x.type.dims
        flat = x.type if x.type.rank == 3 else TensorType((channels, product(space), 1))
        y = x if flat is x.type else w.op("Reshape", x, w.shape(*flat.dims), type=flat)
        y = w.op(
            "LRN",
            y,
            size=size,
            alpha=float(self.alpha),
            beta=float(self.beta),
            bias=float(self.k),
            type=flat,
        )
        return y if flat is x.type else w.op("Reshape", y, w.shape(*x.type.dims), type=x.type)

    def _even(self, w: OnnxWriter, x: Ref, size: int) -> Ref:
        """Mean of squares by a pool over channels; LRN would reach to the other side."""
        channels, *space = x.type.dims
        flat = TensorType((1, channels, product(space)))
        y = w.op("Mul", x, x, type=x.type)
        y = w.op("Reshape", y, w.shape(*flat.dims), type=flat)
        y = w.op(
            "AveragePool",
            y,
            kernel_shape=(size, 1),
            pads=(size // 2, 0, (size - 1) // 2, 0),
            count_include_pad=1,
            type=flat,
        )
        y = w.op("Reshape", y, w.shape(*x.type.dims), type=x.type)
        y = w.op("Mul", y, w.floats(float(self.alpha)), type=x.type)
        y = w.op("Add", y, w.floats(float(self.k)), type=x.type)
        y = w.op("Pow", y, w.floats(float(self.beta)), type=x.type)
        return w.op("Div", x, y, type=x.type)
