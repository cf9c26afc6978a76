"""Attention, and the positions that it needs."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, flag, initial, option, real, size
from nnc.ir.dims import Dim, product, show
from nnc.ir.initial import TORCH_WEIGHT, Fill, Normal, Weight, XavierUniform
from nnc.ir.types import TensorType
from nnc.layers.base import (
    NOTHING,
    Case,
    Kept,
    Layer,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    Transform,
    layer,
)
from nnc.layers.group_norm import divisors
from nnc.layers.rules import PARTS, POSITIONS
from nnc.layers.weighted import Weighted
from nnc.layers.window import ints, number

MASKED = 512
"""Sequences up to this length have their causal mask as a constant; it has length^2 numbers."""

LETTERS = "abcefghi"


@layer("attention")
class Attention(Layer):
    """Each step of a sequence takes a weighted mean of all steps, in several heads side by side.

    [T, C] -> [T, C]; axes before these are batch. Self-attention of Vaswani et al., 2017. Weights
    are named and laid out as those of nn.MultiheadAttention. PyTorch: F.linear,
    F.scaled_dot_product_attention; ONNX: composed of at most 16 nodes.
    """

    heads: Dim = size("equal parts of the features, each with its own weights of steps")
    causal: bool = flag("a step sees itself and earlier ones only", default=False)
    bias: bool = flag("adds learned numbers before and after", default=True)
    dropout: float = real(
        "share of the steps' weights that are zeroed while training", default=0.0, least=0, below=1
    )
    init: Declared | None = initial(
        "how both weights start; by default as in nn.MultiheadAttention", default=None
    )

    ports = (Port("x", ranks=(2, 3, 4)),)
    cases = (
        Case("attention(2)", "[5, 8]", "[5, 8]", nodes=14),
        Case("attention(4, causal=true)", "[5, 8]", "[5, 8]", nodes=15),
        Case("attention(heads=1, bias=false)", "[5, 8]", "[5, 8]", nodes=12),
        Case("attention(2, dropout=0.1)", "[3, 5, 8]", "[3, 5, 8]", nodes=14),
        Case("attention(2, init=normal(0.02))", "[2, 3, 5, 8]", "[2, 3, 5, 8]", nodes=14),
        Case("attention(2)", "[T, 8]", "[T, 8]", nodes=14),
        Case("attention(2, causal=true)", "[T, 8]", "[T, 8]", nodes=18),
        Case("attention(2, causal=true)", "[3, T, 8]", "[3, T, 8]", nodes=18),
        Case("attention(3)", "[5, 8]", refused="NN339"),
        Case("attention(T)", "[T, 8]", refused="NN306"),
        Case("attention(2)", "[8]", refused="NN316"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        heads = number(rules, self.heads, "heads")
        features = x.dims[-1]
        rules.divisible(
            features,
            heads,
            PARTS,
            f"{heads} heads do not divide {show(features)} features",
            at="heads",
            help=divisors(features).replace("channels", "features").replace("groups", "heads"),
        )
        return (x,)

    def weights(self, x: TensorType) -> Iterable[Weight]:
        c = x.dims[-1]
        begin, end = self.init or XavierUniform(), self.init or TORCH_WEIGHT
        yield Weight("in_proj_weight", (3 * c, c), begin, fan_in=c, fan_out=3 * c)
        if self.bias:
            yield Weight("in_proj_bias", (3 * c,), Fill(0.0))
        yield Weight("out_proj.weight", (c, c), end, fan_in=c, fan_out=c)
        if self.bias:
            yield Weight("out_proj.bias", (c,), Fill(0.0))

    def macs(self, x: TensorType) -> Dim:
        steps, features = x.dims[-2:]
        return product(x.dims) * (4 * features) + product(x.dims) * steps * 2

    def _bias(self, w: TorchWriter, name: str) -> Ref | None:
        return w.weight(name) if self.bias else None

    def keeps(self, x: TensorType) -> Kept:
        """Its input, queries, keys and values, the heads' means; and a sum a head and step.

        The weights of the steps, before and after dropout, only where no kernel does all at once.
        """
        rows = product(x.dims[:-1]) * self.heads
        each: Dim = 1
        if self.dropout or x.rank > 2:
            each = x.dims[-2] * (3 if self.dropout else 1)
        return Kept(inputs=True, other=4 * (4 * x.elements + rows * each))

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        heads = ints(self.heads, 1)[0]
        width = x.type.dims[-1] // heads
        y = w.call("F.linear", x, w.weight("in_proj_weight"), self._bias(w, "in_proj_bias"))
        y = w.method(w.method(y, "unflatten", -1, (3, heads, width)), "transpose", -4, -2)
        y = w.call(
            "F.scaled_dot_product_attention",
            *(w.method(y, "select", -3, part) for part in range(3)),
            dropout_p=w.infix("*", self.dropout, w.training) if self.dropout else 0.0,
            is_causal=self.causal,
        )
        y = w.method(w.method(y, "transpose", -3, -2), "flatten", -2)
        return w.call("F.linear", y, w.weight("out_proj.weight"), self._bias(w, "out_proj.bias"))

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        *lead, steps, features = x.type.dims
        heads = ints(self.heads, 1)[0]
        at, width = len(lead) + 1, ints(features, 1)[0] // heads
        y = _linear(w, x, "in_proj_weight", "in_proj_bias" if self.bias else "", 3 * features)
        cut = TensorType((*lead, steps, 3, heads, width))
        part = TensorType((*lead, heads, 1, steps, width))
        before = tuple(range(at))
        turn = (*before, at + 2, at + 1, at, at + 3)  # steps and heads change places
        y = w.op("Reshape", y, w.shape(*cut.dims), type=cut)
        three = TensorType((*lead, heads, 3, steps, width))
        y = w.op("Transpose", y, perm=turn, type=three)
        q, k, v = w.ops("Split", y, outputs=3, axis=at + 1, num_outputs=3)
        q = w.op("Mul", q, w.floats(float(width) ** -0.5), type=part)
        weights = w.op("Softmax", self._scores(w, q, k, part), axis=-1, type=_square(part))
        y = w.op("MatMul", weights, v, type=part)
        back = TensorType((*lead, steps, 1, heads, width))
        y = w.op("Transpose", y, perm=turn, type=back)
        y = w.op("Reshape", y, w.shape(*x.type.dims), type=x.type)
        return _linear(w, y, "out_proj.weight", "out_proj.bias" if self.bias else "", features)

    def _scores(self, w: OnnxWriter, q: Ref, k: Ref, part: TensorType) -> Ref:
        """How well each step fits each other, with those behind it masked."""
        steps, square, rank = part.dims[-2], _square(part), part.rank + 1
        small = isinstance(steps, int) and steps <= MASKED
        if self.causal and not small:
            ahead = LETTERS[: rank - 2]
            y = w.op("Einsum", q, k, equation=f"{ahead}td,{ahead}sd->{ahead}ts", type=square)
            mask = w.op("Expand", w.floats(float("-inf"), shape=(1, 1)), w.ints(steps, steps))
            return w.op("Add", y, w.op("Trilu", mask, w.ints(1), upper=1), type=square)
        turned = TensorType((*part.dims[:-2], part.dims[-1], steps))
        k = w.op("Transpose", k, perm=(*range(rank - 2), rank - 1, rank - 2), type=turned)
        y = w.op("MatMul", q, k, type=square)
        if not self.causal:
            return y
        length = ints(steps, 1)[0]
        hidden = [float("-inf") if s > t else 0.0 for t in range(length) for s in range(length)]
        return w.op("Add", y, w.floats(*hidden, shape=(length, length)), type=square)


def _square(part: TensorType) -> TensorType:
    """A number for each pair of steps."""
    return TensorType((*part.dims[:-1], part.dims[-2]))


def _linear(w: OnnxWriter, x: Ref, weight: str, bias: str, out: Dim) -> Ref:
    """A weighted sum along the last axis."""
    type = x.type.with_dims(*x.type.dims[:-1], out)
    y = w.op("MatMul", x, w.weight(weight, Transform("transpose", (1, 0))), type=type)
    return w.op("Add", y, w.weight(bias), type=type) if bias else y


@layer("positions")
class Positions(Weighted):
    """Adds to each step of a sequence a learned vector for its place.

    [T, C] -> [T, C]; T is at most `max`, which may be left out where T is a number. PyTorch: a
    table of [max, C]; ONNX: Add, after a Slice where T is less than `max`.
    """

    kind: str = option("where the vectors come from", ("learned",))
    max: Dim | None = size("the longest sequence; by default T", default=None)
    init: Declared | None = initial("how the table starts; by default normal(0.02)", default=None)

    kept = NOTHING
    ports = (Port("x", ranks=(2,)),)
    cases = (
        Case("positions(learned)", "[5, 8]", "[5, 8]", nodes=1),
        Case("positions(learned, max=9, init=normal(0.1))", "[5, 8]", "[5, 8]", nodes=2),
        Case("positions(learned, max=20)", "[T, 8]", "[T, 8]", nodes=3),
        Case("positions(learned, max=4)", "[5, 8]", refused="NN345"),
        Case("positions(learned)", "[T, 8]", refused="NN345"),
        Case("positions(learned, max=T)", "[T, 8]", refused="NN306"),
    )

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        steps = x.dims[0]
        if self.max is None:
            if not isinstance(steps, int):
                rules.refuse(
                    POSITIONS,
                    "`positions` needs the longest sequence",
                    label=f"{show(steps)} is known only when the network runs",
                    help="write `positions(learned, max=1024)`",
                )
            return (x,)
        most = number(rules, self.max, "max")
        rules.at_least(
            most - steps,
            0,
            POSITIONS,
            "the sequence is longer than `max`",
            at="max",
            label=f"{show(steps)} steps come",
            help=f"write `max={show(steps)}`",
        )
        return (x,)

    def _most(self, x: TensorType) -> Dim:
        return x.dims[0] if self.max is None else self.max

    def arrays(self, x: TensorType) -> Iterable[Weight]:
        yield Weight("weight", (self._most(x), x.dims[1]), self.init or Normal(0.02))

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        table, steps = w.weight("weight"), x.type.dims[0]
        if self._most(x.type) != steps:
            table = w.method(table, "narrow", 0, 0, steps)
        return w.infix("+", x, table)

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        table, steps = w.weight("weight"), x.type.dims[0]
        if self._most(x.type) != steps:
            table = w.op("Slice", table, w.ints(0), w.ints(steps), w.ints(0))
        return w.op("Add", x, table)
