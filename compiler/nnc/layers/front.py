"""Layers that passes put before a network and behind it, so that the exported file takes raw data.

They are not written in specs. PyTorch gets the same raw numbers, so that both sides can be
compared; only strings it does not have: there category ids come in as ids.
"""

from __future__ import annotations

from nnc.ir.arguments import reals, size, text
from nnc.ir.dims import Dim
from nnc.ir.types import TensorType
from nnc.layers.base import Case, Layer, OnnxWriter, Port, Ref, Rules, TorchWriter, layer

Numbers = float | tuple[float, ...]


def _torch_constant(w: TorchWriter, like: Ref, value: Numbers, *dims: int) -> Ref | float:
    """One number as it is; several as a tensor of float32 on the device of `like`."""
    if not isinstance(value, tuple):
        return value
    made = w.method(like, "new_tensor", value)
    return w.method(made, "reshape", *dims) if dims else made


def _onnx_constant(w: OnnxWriter, value: Numbers, *dims: int) -> Ref:
    if not isinstance(value, tuple):
        return w.floats(value)
    return w.floats(*value, shape=dims or (len(value),))


@layer("scale_pixels")
class ScalePixels(Layer):
    """Pixels to numbers: (x / 255 - mean) / std.

    uint8[C, H, W] -> [C, H, W]. ONNX: Cast, Div, Sub, Div.
    """

    mean: Numbers = reals(
        "taken away after the division by 255; one number, or one a channel", default=0.0
    )
    std: Numbers = reals("divided by at last; one number, or one a channel", default=1.0)

    hidden = True
    ports = (Port("x", ranks=(3,), dtype="uint8", channels_first=True),)
    cases = (
        Case("scale_pixels", "uint8[1, 4, 5]", "[1, 4, 5]", nodes=2),
        Case("scale_pixels(0.5, 0.25)", "uint8[3, H, W]", "[3, H, W]", nodes=4),
        Case(
            "scale_pixels((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))", "uint8[3, 4, 5]", "[3, 4, 5]", nodes=4
        ),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return (TensorType(x.dims),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        out = TensorType(x.type.dims)
        y = w.typed(w.infix("/", w.typed(w.method(x, "float"), out), 255), out)
        if self.mean != 0.0:
            y = w.typed(w.infix("-", y, _torch_constant(w, y, self.mean, -1, 1, 1)), out)
        if self.std != 1.0:
            y = w.typed(w.infix("/", y, _torch_constant(w, y, self.std, -1, 1, 1)), out)
        return y

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        out = TensorType(x.type.dims)
        channels = x.type.dims[0]
        assert isinstance(channels, int)
        y = w.op("Cast", x, to=1, type=out)  # 1 is float32
        y = w.op("Div", y, w.floats(255.0), type=out)
        if self.mean != 0.0:
            y = w.op("Sub", y, _onnx_constant(w, self.mean, channels, 1, 1), type=out)
        if self.std != 1.0:
            y = w.op("Div", y, _onnx_constant(w, self.std, channels, 1, 1), type=out)
        return y


@layer("standardize")
class Standardize(Layer):
    """Columns to mean 0 and deviation 1; what is missing (NaN) becomes the median.

    [..., N] -> the same shape. ONNX: IsNaN, Where, Sub, Div.
    """

    median: Numbers = reals("what stands for missing numbers; one, or one a column", default=0.0)
    mean: Numbers = reals("taken away; one number, or one a column", default=0.0)
    std: Numbers = reals("divided by; one number, or one a column", default=1.0)

    hidden = True
    ports = (Port("x", ranks=(1, 2)),)
    cases = (
        Case("standardize(1.0, 2.0, 3.0)", "[4]", "[4]", nodes=4),
        Case("standardize((1.0, 2.0), (0.5, 1.5), (2.0, 3.0))", "[T, 2]", "[T, 2]", nodes=4),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        missing = w.call("torch.isnan", x)
        y = w.call("torch.where", missing, _torch_constant(w, x, self.median), x)
        y = w.typed(y, x.type)
        y = w.typed(w.infix("-", y, _torch_constant(w, x, self.mean)), x.type)
        return w.infix("/", y, _torch_constant(w, x, self.std))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        missing = w.op("IsNaN", x, type=x.type)
        y = w.op("Where", missing, _onnx_constant(w, self.median), x, type=x.type)
        y = w.op("Sub", y, _onnx_constant(w, self.mean), type=x.type)
        return w.op("Div", y, _onnx_constant(w, self.std), type=x.type)


@layer("unscale")
class Unscale(Layer):
    """Numbers back in the user's units: x * std + mean. [..., N] -> [..., N]. ONNX: Mul, Add."""

    mean: Numbers = reals("added; one number, or one a column", default=0.0)
    std: Numbers = reals("multiplied by; one number, or one a column", default=1.0)

    hidden = True
    cases = (
        Case("unscale(2.5, 10.0)", "[1]", "[1]", nodes=2),
        Case("unscale((2.5, 1.0), (10.0, 0.5))", "[H, 2]", "[H, 2]", nodes=2),
    )

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        y = w.typed(w.infix("*", x, _torch_constant(w, x, self.std)), x.type)
        return w.infix("+", y, _torch_constant(w, x, self.mean))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        y = w.op("Mul", x, _onnx_constant(w, self.std), type=x.type)
        return w.op("Add", y, _onnx_constant(w, self.mean))


@layer("to_pixels")
class ToPixels(Layer):
    """Numbers to pixels: (x * std + mean) * 255, rounded, 0 to 255: what undoes `scale_pixels`.

    [C, H, W] -> uint8 of the same shape. ONNX: Mul, Add, Round, Clip, Cast.
    """

    mean: Numbers = reals("added; one number, or one a channel", default=0.0)
    std: Numbers = reals("multiplied by; one number, or one a channel", default=1.0)

    hidden = True
    ports = (Port("x", ranks=(3,), channels_first=True),)
    cases = (
        Case("to_pixels(0.5, 0.5)", "[1, 4, 5]", "uint8[1, 4, 5]", nodes=5),
        Case("to_pixels((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))", "[3, H, W]", "uint8[3, H, W]", nodes=5),
    )

    def _scaled(self) -> tuple[Numbers, Numbers]:
        gain, shift = (
            tuple(v * 255 for v in value) if isinstance(value, tuple) else value * 255
            for value in (self.std, self.mean)
        )
        return gain, shift

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return (TensorType(x.dims, "uint8"),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        gain, shift = self._scaled()
        y = w.typed(w.infix("*", x, _torch_constant(w, x, gain, -1, 1, 1)), x.type)
        y = w.typed(w.infix("+", y, _torch_constant(w, y, shift, -1, 1, 1)), x.type)
        y = w.call("torch.clamp", w.call("torch.round", y), min=0.0, max=255.0)
        return w.typed(w.method(y, "byte"), TensorType(x.type.dims, "uint8"))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        channels = x.type.dims[0]
        assert isinstance(channels, int)
        gain, shift = self._scaled()
        y = w.op("Mul", x, _onnx_constant(w, gain, channels, 1, 1), type=x.type)
        y = w.op("Add", y, _onnx_constant(w, shift, channels, 1, 1), type=x.type)
        y = w.op("Clip", w.op("Round", y, type=x.type), w.floats(0.0), w.floats(255.0), type=x.type)
        return w.op("Cast", y, to=2, type=TensorType(x.type.dims, "uint8"))  # 2 is uint8


@layer("category_ids")
class CategoryIds(Layer):
    """Words to ids, one table a column. string [] or [K] -> token of the same shape.

    The words of a column have the ids first, first + 1, ...; all other strings have `unknown`.
    ONNX: ai.onnx.ml LabelEncoder. PyTorch has no strings: there ids come in, and pass.
    """

    columns: tuple[tuple[str, ...], ...] = text(
        "the words of each column, in the order of their ids"
    )
    first: int = size("the id of a column's first word", default=1, least=0)
    unknown: int = size("the id of all other strings", default=0, least=0)

    hidden = True
    ports = (Port("x", ranks=(0, 1), dtype="string"),)
    cases = (
        Case('category_ids((("red", "green"),))', "string[]", "token[]", nodes=1),
        Case(
            'category_ids((("a", "b"), ("x",)), first=0, unknown=9)',
            "string[2]",
            "token[2]",
            nodes=4,
        ),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        return (TensorType(x.dims, "int64"),)

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.typed(x, TensorType(x.type.dims, "int64"))

    def _encoded(self, w: OnnxWriter, x: Ref, words: tuple[str, ...], *dims: Dim) -> Ref:
        return w.op(
            "LabelEncoder",
            x,
            keys_strings=words,
            values_int64s=tuple(range(self.first, self.first + len(words))),
            default_int64=self.unknown,
            type=TensorType(dims, "int64"),
        )

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        if len(self.columns) == 1:
            return self._encoded(w, x, self.columns[0], *x.type.dims)
        parts = w.ops("Split", x, outputs=len(self.columns), axis=1, num_outputs=len(self.columns))
        ids = [self._encoded(w, part, words, 1) for part, words in zip(parts, self.columns)]
        return w.op("Concat", *ids, axis=1)
