"""Attention: each step of a sequence takes a weighted mean of steps."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared, flag, initial, real, size
from nnc.ir.dims import Dim, exact_div, product, show
from nnc.ir.initial import Frequencies, Weight
from nnc.ir.types import TensorType
from nnc.layers import attention_onnx, rotary, scores
from nnc.layers.attention_step import AttentionStep, attended
from nnc.layers.base import Case, Kept, OnnxWriter, Port, Ref, Rules, TorchWriter, layer
from nnc.layers.group_norm import divisors
from nnc.layers.rules import PARTS
from nnc.layers.streaming import Flow, Streamer
from nnc.layers.weighted import Normed
from nnc.layers.window import ints, number

BASE = 10_000.0
"""Of the angles of rotary positions, as in their paper."""


@layer("attention")
class Attention(Normed):
    """Each step of a sequence takes a weighted mean of all steps, in several heads side by side.

    [T, C] -> [T, C]; axes before these are batch. The mean is of the sequence's own steps, or of
    those of another one: `attention(8, to=memory)`, memory [S, M]. `mask` tells by numbers of [T,
    S] what is seen (0: not), `position_bias` [heads, T, S] is added to how well steps fit; both
    may have fewer axes, or those of the batch as well; a step that sees nothing gives 0 for its
    mean. Vaswani et al., 2017. `rotary=true` turns queries and keys by their place (Su et al.,
    2021), in pairs of features i and i + width/2 as in Llama. Weights are named and laid out as
    those of nn.MultiheadAttention. PyTorch: F.linear, F.scaled_dot_product_attention;
    ONNX: composed of at most 16 nodes, up to 6 for a mask and a bias, up to 23 for rotary.
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
    width: Dim | None = size("features of a head; by default those of x / heads", default=None)
    out_bias: bool | None = flag("adds learned numbers after; by default as `bias`", default=None)
    rotary: bool = flag("turns queries and keys by their place in the sequence", default=False)
    rotary_base: float = real("base of the angles of rotary positions", default=BASE, above=1)

    alone = False
    ports = (
        Port("x", ranks=(2, 3, 4)),
        Port("to", ranks=(2, 3, 4), optional=True),
        Port("mask", dtype="any", optional=True, fixed=True, hides=True),
        Port("position_bias", optional=True, fixed=True),
    )
    cases = (
        Case("attention(2)", "[5, 8]", "[5, 8]", nodes=14),
        Case("attention(4, causal=true)", "[5, 8]", "[5, 8]", nodes=15),
        Case("attention(heads=1, bias=false)", "[5, 8]", "[5, 8]", nodes=12),
        Case("attention(2, dropout=0.1)", "[3, 5, 8]", "[3, 5, 8]", nodes=14),
        Case("attention(2, init=normal(0.02))", "[2, 3, 5, 8]", "[2, 3, 5, 8]", nodes=14),
        Case("attention(2)", "[T, 8]", "[T, 8]", nodes=14),
        Case("attention(2, causal=true)", "[T, 8]", "[T, 8]", nodes=18),
        Case("attention(2, causal=true)", "[3, T, 8]", "[3, T, 8]", nodes=18),
        Case("attention(2, width=3)", "[5, 8]", "[5, 8]", nodes=14),
        Case("attention(2, bias=false, out_bias=true)", "[5, 8]", "[5, 8]", nodes=13),
        Case("attention(2, to=x1)", ("[5, 8]", "[7, 8]"), "[5, 8]", nodes=14),
        Case("attention(2, bias=false)", ("[5, 8]", "[7, 6]"), "[5, 8]", nodes=12),
        Case("attention(2)", ("[T, 8]", "[S, 6]"), "[T, 8]"),
        Case("attention(2, width=3)", ("[3, T, 8]", "[3, 4, 6]"), "[3, T, 8]"),
        Case("attention(2, mask=x1)", ("[5, 8]", "token[5]"), "[5, 8]", nodes=15),
        Case("attention(2, position_bias=x1)", ("[5, 8]", "[2, 5, 5]"), "[5, 8]", nodes=12),
        Case("attention(2, causal=true, position_bias=x1)", ("[T, 8]", "[2, T, T]"), "[T, 8]"),
        Case("attention(2, causal=true, mask=x1)", ("[3, 5, 8]", "[5]"), "[3, 5, 8]"),
        Case(
            "attention(2, mask=x1, position_bias=x2)",
            ("[3, 5, 8]", "[3, 1, 5, 5]", "[2, 5, 5]"),
            "[3, 5, 8]",
        ),
        Case("attention(2, rotary=true)", "[5, 8]", "[5, 8]", nodes=33),
        Case("attention(2, causal=true, rotary=true)", "[3, T, 8]", "[3, T, 8]"),
        Case("attention(2, width=6, rotary=true, rotary_base=500)", "[T, 8]", "[T, 8]"),
        Case("attention(2, rotary=true, mask=x1)", ("[T, 8]", "[T]"), "[T, 8]"),
        Case("attention(2, spectral_norm=true)", "[5, 8]", "[5, 8]", nodes=14),
        Case("attention(2, weight_norm=true, rotary=true)", ("[T, 8]"), "[T, 8]"),
        Case(
            "attention(2, bias=false, weight_norm=true)", ("[5, 8]", "[7, 6]"), "[5, 8]", nodes=12
        ),
        Case("attention(2, width=3, rotary=true)", "[5, 8]", refused="NN339"),
        Case("attention(2, to=x1, rotary=true)", ("[5, 8]", "[7, 8]"), refused="NN373"),
        Case("attention(2, rotary_base=500)", "[5, 8]", refused="NN336"),
        Case("attention(3)", "[5, 8]", refused="NN339"),
        Case("attention(T)", "[T, 8]", refused="NN306"),
        Case("attention(2)", "[8]", refused="NN316"),
        Case("attention(2, to=x1)", ("[3, 5, 8]", "[4, 5, 8]"), refused="NN373"),
        Case("attention(2, position_bias=x1)", ("[5, 8]", "[3, 5, 5]"), refused="NN374"),
        Case("attention(2, mask=x1)", ("[5, 8]", "[4]"), refused="NN374"),
    )

    def inner(self, x: TensorType) -> Dim:
        """Features of all heads together."""
        return x.dims[-1] if self.width is None else self.heads * self.width

    def shape(
        self,
        rules: Rules,
        x: TensorType,
        to: TensorType | None,
        mask: TensorType | None,
        bias: TensorType | None,
    ) -> tuple[TensorType, ...]:
        heads = number(rules, self.heads, "heads")
        features = x.dims[-1]
        if self.width is not None:
            number(rules, self.width, "width")
        else:
            rules.divisible(
                features,
                heads,
                PARTS,
                f"{heads} heads do not divide {show(features)} features",
                at="heads",
                help=divisors(features).replace("channels", "features").replace("groups", "heads"),
            )
        if self.rotary:
            rotary.require(rules, self.inner(x) // heads, to)
        else:
            rotary.require_none(rules, self.rotary_base, BASE)
        scores.require_memory(rules, x, to)
        square = scores.square(x, to, heads)
        for port, type in (("mask", mask), ("position_bias", bias)):
            if type is not None:
                scores.require_fit(rules, port, type, square)
        return (x,)

    def arrays(
        self, x: TensorType, to: TensorType | None = None, *_: TensorType | None
    ) -> Iterable[Weight]:
        memory = x.dims[-1] if to is None else to.dims[-1]
        inner = self.inner(x)
        yield from scores.head_weights(x.dims[-1], memory, inner, self.bias, self._after, self.init)
        if self.rotary:
            pairs = inner // ints(self.heads, 1)[0] // 2
            yield Weight("rotary.frequencies", (pairs,), Frequencies(self.rotary_base), "frozen")

    def stream(
        self,
        s: Streamer,
        x: Flow,
        to: Flow | None = None,
        mask: Flow | None = None,
        bias: Flow | None = None,
    ) -> tuple[Flow | None, ...]:
        steps = x.type.rank - 2
        if x.axis is not None and x.axis < steps:
            return s.same(x, to, mask, bias)  # the heads look along another axis
        if x.axis is None or x.axis > steps:
            s.refuse("`attention` has a sequence for its features, or its memory is one")
        given = to is not None and to.axis is None
        if given and not self.causal:
            return s.same(x, to, mask, bias)
        if not self.causal:
            s.refuse("`attention` sees steps that are still to come", "write `causal=true`")
        if to is not None and to.axis != steps:
            s.refuse(
                "causal attention with a `to` that is given whole does not go step by step",
                "leave out `causal`: all steps see all of the memory",
            )
        heads = ints(self.heads, 1)[0]
        width = ints(self.inner(x.type), 1)[0] // heads
        base = self.rotary_base if self.rotary else None
        norms = {"spectral_norm": self.spectral_norm, "weight_norm": self.weight_norm}
        op = AttentionStep(heads, width, self.bias, self._after, base, **norms)
        return attended(s, op, x, to, mask, bias)

    @property
    def _after(self) -> bool:
        return self.bias if self.out_bias is None else self.out_bias

    def macs(self, x: TensorType, to: TensorType | None = None, *_: TensorType | None) -> Dim:
        other, inner = to or x, self.inner(x)
        lead, steps, seen = product(x.dims[:-2]), x.dims[-2], other.dims[-2]
        made = steps * x.dims[-1] * 2 + seen * other.dims[-1] * 2
        return lead * inner * (made + steps * seen * 2)

    def keeps(self, x: TensorType, to: TensorType | None = None, *_: TensorType | None) -> Kept:
        """Its inputs, queries, keys and values, the heads' means; and a sum a head and step.

        The weights of the steps, before and after dropout, only where no kernel does all at once.
        """
        other, inner = to or x, self.inner(x)
        steps, seen = product(x.dims[:-1]), product(other.dims[:-1])
        each: Dim = 1
        if self.dropout or x.rank > 2:
            each = other.dims[-2] * (3 if self.dropout else 1)
        made = inner * (2 * steps + 2 * seen) + (
            2 * inner * steps if self.rotary and x.rank == 2 else 0
        )
        return Kept(inputs=True, other=4 * (made + steps * self.heads * each))

    def nodes(
        self,
        x: TensorType,
        to: TensorType | None = None,
        mask: TensorType | None = None,
        bias: TensorType | None = None,
    ) -> int:
        heads = ints(self.heads, 1)[0]
        made = attention_onnx.Heads(heads, 1, self.causal, self.bias)
        turned = rotary.nodes(x.dims[-2]) if self.rotary else 0
        return attention_onnx.nodes((x, to, mask, bias), made) + 1 + self._after + turned

    def _is_torchs(self, x: TensorType) -> bool:
        """Whether an nn.MultiheadAttention has just its weights."""
        return not self.rotary and self.inner(x) == x.dims[-1] and self.bias == self._after

    def torch(
        self,
        w: TorchWriter,
        x: Ref,
        to: Ref | None = None,
        mask: Ref | None = None,
        bias: Ref | None = None,
    ) -> Ref:
        assert isinstance(self.heads, int)
        heads, width = self.heads, self.inner(x.type) // self.heads
        known = self._is_torchs(x.type)
        if known:
            memory = None if to is None else to.type.dims[-1]
            memory = None if memory == x.type.dims[-1] else memory
            sizes = {"bias": self.bias, "kdim": memory, "vdim": memory, "batch_first": True}
            w.holder("nn.MultiheadAttention", x.type.dims[-1], heads, **sizes)
        q, k, v = scores.torch_parts(w, x, to, self.bias, heads, width)
        if self.rotary:
            q, k = rotary.torch_turned(w, x, q, k)
        square = scores.square(x.type, to.type if to is not None else None, heads)
        seen = scores.torch_seen(w, x, square, mask, bias, self.causal)
        y = w.call(
            "F.scaled_dot_product_attention",
            q,
            k,
            v,
            attn_mask=seen,
            dropout_p=w.infix("*", self.dropout, w.training) if self.dropout else 0.0,
            is_causal=self.causal and seen is None,
        )
        y = w.method(w.method(w.let(y, "heads"), "transpose", -3, -2), "flatten", -2)
        if known:
            return w.part("out_proj", y)
        after = w.weight("out_proj.bias") if self._after else None
        return w.call("F.linear", y, w.weight("out_proj.weight"), after)

    def onnx(
        self,
        w: OnnxWriter,
        x: Ref,
        to: Ref | None = None,
        mask: Ref | None = None,
        bias: Ref | None = None,
    ) -> Ref:
        heads = ints(self.heads, 1)[0]
        width = exact_div(self.inner(x.type), heads) or 1
        made = attention_onnx.Heads(heads, width, self.causal, self.bias, self.rotary)
        if to is None and mask is None and bias is None:
            y = attention_onnx.plain(w, x, made)
        else:
            y = attention_onnx.general(w, x, to, mask, bias, made)
        end = "out_proj.bias" if self._after else ""
        return attention_onnx.linear(w, y, "out_proj.weight", end, x.type.dims[-1])
