"""One step of causal attention, with the keys and values of the steps before."""

from __future__ import annotations

import math
from collections.abc import Iterable

from nnc.ir.dims import Dim
from nnc.ir.initial import Frequencies, Weight
from nnc.ir.types import TensorType
from nnc.layers import attention_onnx, rotary, scores
from nnc.layers.base import Case, OnnxWriter, Port, Ref, Rules, TorchWriter, layer
from nnc.layers.merge import Concat
from nnc.layers.streaming import Flow, Streamer, alone
from nnc.layers.weighted import Normed
from nnc.record import replace


@layer("attention_step")
class AttentionStep(Normed):
    """One step of causal attention: it sees itself, and the keys and values of all steps before.

    [1, C], and twice [heads, P, width] -> [1, C], and twice [heads, P + 1, width]; axes before
    those of x stand before the heads too. `to` is a step of another sequence, whose keys and values
    they are; `mask` and `position_bias` lie over [heads, 1, P + 1]. Weights as those of
    `attention`; the keys that are kept are turned already where positions are rotary. PyTorch:
    F.linear, torch.cat, F.scaled_dot_product_attention; ONNX: composed of at most 15 nodes, of 22
    more for a memory, a mask, a bias, rotary positions.
    """

    heads: int
    width: int
    bias: bool = True
    after: bool = True
    base: float | None = None

    hidden = True
    alone = False
    ports = (
        Port("x"),
        Port("keys"),
        Port("values"),
        Port("to", optional=True),
        Port("mask", dtype="any", optional=True, fixed=True),
        Port("position_bias", optional=True, fixed=True),
    )
    results = ("y", "keys", "values")
    cases = (
        Case(
            "attention_step(2, 4)",
            ("[1, 8]", "[2, P, 4]", "[2, P, 4]"),
            ("[1, 8]", "[2, P + 1, 4]", "[2, P + 1, 4]"),
            nodes=14,
        ),
        Case(
            "attention_step(2, 3, bias=False, after=False)",
            ("[3, 1, 8]", "[3, 2, 5, 3]", "[3, 2, 5, 3]"),
            ("[3, 1, 8]", "[3, 2, 6, 3]", "[3, 2, 6, 3]"),
            nodes=12,
        ),
        Case(
            "attention_step(2, 4, spectral_norm=True)",
            ("[1, 8]", "[2, P, 4]", "[2, P, 4]"),
            ("[1, 8]", "[2, P + 1, 4]", "[2, P + 1, 4]"),
        ),
        Case(
            "attention_step(2, 4, weight_norm=True)",
            ("[1, 8]", "[2, P, 4]", "[2, P, 4]", "[1, 6]"),
            ("[1, 8]", "[2, P + 1, 4]", "[2, P + 1, 4]"),
        ),
        Case(
            "attention_step(2, 4, base=500.0)",
            ("[1, 8]", "[2, P, 4]", "[2, P, 4]"),
            ("[1, 8]", "[2, P + 1, 4]", "[2, P + 1, 4]"),
        ),
        Case(
            "attention_step(2, 4)",
            ("[1, 8]", "[2, P, 4]", "[2, P, 4]", "[1, 6]"),
            ("[1, 8]", "[2, P + 1, 4]", "[2, P + 1, 4]"),
        ),
        Case(
            "attention_step(2, 4)",
            ("[3, 1, 8]", "[3, 2, 5, 4]", "[3, 2, 5, 4]", "[3, 1, 8]", "[6]", "[2, 1, 6]"),
            ("[3, 1, 8]", "[3, 2, 6, 4]", "[3, 2, 6, 4]"),
        ),
    )

    def shape(
        self, rules: Rules, x: TensorType, keys: TensorType, *_: TensorType | None
    ) -> tuple[TensorType, ...]:
        *lead, heads, past, width = keys.dims
        longer = keys.with_dims(*lead, heads, past + 1, width)
        return x, longer, longer

    def arrays(
        self,
        x: TensorType,
        keys: TensorType | None = None,
        values: TensorType | None = None,
        to: TensorType | None = None,
        *_: TensorType | None,
    ) -> Iterable[Weight]:
        features, inner = x.dims[-1], self.heads * self.width
        seen = features if to is None else to.dims[-1]
        yield from scores.head_weights(features, seen, inner, self.bias, self.after)
        if self.base is not None:
            yield Weight("rotary.frequencies", (self.width // 2,), Frequencies(self.base), "frozen")

    def macs(
        self,
        x: TensorType,
        keys: TensorType,
        values: TensorType,
        to: TensorType | None = None,
        *_: TensorType | None,
    ) -> Dim:
        inner = self.heads * self.width
        lead = 1 if x.rank < 3 else x.dims[0]
        seen = x.dims[-1] if to is None else to.dims[-1]
        return lead * inner * (2 * x.dims[-1] + 2 * seen + 2 * (keys.dims[-2] + 1))

    def torch(
        self,
        w: TorchWriter,
        x: Ref,
        keys: Ref,
        values: Ref,
        to: Ref | None = None,
        mask: Ref | None = None,
        bias: Ref | None = None,
    ) -> tuple[Ref, ...]:
        q, k, v = scores.torch_parts(w, x, to, self.bias, self.heads, self.width)
        if self.base is not None:
            q, k = rotary.torch_turned(w, x, q, k, keys.type.dims[-2])
        k = w.let(w.call("torch.cat", [keys, k], dim=-2), "keys")
        v = w.let(w.call("torch.cat", [values, v], dim=-2), "values")
        seen = scores.torch_seen(w, x, self._square(keys.type), mask, bias, causal=False)
        y = w.call("F.scaled_dot_product_attention", q, k, v, attn_mask=seen)
        y = w.method(w.method(w.let(y, "heads"), "transpose", -3, -2), "flatten", -2)
        after = w.weight("out_proj.bias") if self.after else None
        return w.call("F.linear", y, w.weight("out_proj.weight"), after), k, v

    def _square(self, keys: TensorType) -> TensorType:
        """How well the one step fits each that it sees."""
        return keys.with_dims(*keys.dims[:-2], 1, keys.dims[-2] + 1)

    def nodes(
        self,
        x: TensorType,
        keys: TensorType,
        values: TensorType,
        to: TensorType | None = None,
        mask: TensorType | None = None,
        bias: TensorType | None = None,
    ) -> int:
        made = 12 + self.bias + self.after
        if to is not None:
            alike = to.dims[-1] == x.dims[-1]
            made += 2 + self.bias if alike else 3 + 2 * self.bias
        rank = self._square(keys).rank
        laid = sum(t is not None and not t.fixed and t.rank < rank for t in (mask, bias))
        turned = 0 if self.base is None else 19 + (not isinstance(keys.dims[-2], int))
        return made + laid + (bias is not None) + 4 * (mask is not None) + turned

    def onnx(
        self,
        w: OnnxWriter,
        x: Ref,
        keys: Ref,
        values: Ref,
        to: Ref | None = None,
        mask: Ref | None = None,
        bias: Ref | None = None,
    ) -> tuple[Ref, ...]:
        *lead, past, width = keys.type.dims
        head = TensorType((*lead, 1, width))
        q, k, v = self._parts(w, x, to, head)
        if self.base is not None:
            angles = rotary.onnx_angles_now(w, past, self.width)
            q, k = (rotary.onnx_turned(w, y, angles, head) for y in (q, k))
        q = w.op("Mul", q, w.floats(math.sqrt(1 / self.width)), type=head)
        at = len(lead) + 1
        longer = keys.type.with_dims(*lead, past + 1, width)
        k = w.op("Concat", keys, k, axis=at, type=longer)
        v = w.op("Concat", values, v, axis=at, type=longer)
        turned = keys.type.with_dims(*lead, width, past + 1)
        fit = self._square(keys.type)
        order = (*range(at), at + 1, at)
        y = w.op("MatMul", q, w.op("Transpose", k, perm=order, type=turned), type=fit)
        y = w.op("MatMul", attention_onnx.shares(w, y, mask, bias, fit), v, type=head)
        flat = x.type.with_dims(*lead[:-1], 1, self.heads * self.width)
        y = w.op("Reshape", y, w.shape(*flat.dims), type=flat)
        end = "out_proj.bias" if self.after else ""
        return attention_onnx.linear(w, y, "out_proj.weight", end, x.type.dims[-1]), k, v

    def _parts(
        self, w: OnnxWriter, x: Ref, to: Ref | None, head: TensorType
    ) -> tuple[Ref, Ref, Ref]:
        """The query, the key and the value of this step; steps and heads are one axis then."""
        heads = attention_onnx.Heads(self.heads, self.width, False, self.bias)
        if to is not None:
            parts = attention_onnx.of_other(w, x, to, heads)
            q, k, v = (w.op("Reshape", y, w.shape(*head.dims), type=head) for y in parts)
            return q, k, v
        *lead, _, one, width = head.dims
        start = "in_proj_bias" if self.bias else ""
        y = attention_onnx.linear(w, x, "in_proj_weight", start, 3 * self.heads * self.width)
        cut = TensorType((*lead, 3 * self.heads, one, width))
        y = w.op("Reshape", y, w.shape(*cut.dims), type=cut)
        q, k, v = w.ops("Split", y, outputs=3, axis=len(lead) + 1, num_outputs=3)
        return q, k, v


def attended(
    s: Streamer,
    op: AttentionStep,
    x: Flow,
    to: Flow | None,
    mask: Flow | None,
    bias: Flow | None,
) -> tuple[Flow | None, ...]:
    """Attention of this step to all so far, whose keys, values, masks and biases are states."""
    word = "attention"
    alone(s, x, word)
    if to is not None:
        alone(s, to, word)
    state = TensorType((*x.type.dims[:-2], op.heads, s.past, op.width))
    keys, values = s.state("keys", state), s.state("values", state)
    mask, bias = _seen(s, "mask", mask), _seen(s, "position_bias", bias)
    y, keys, values = s.apply(op, x, keys, values, to, mask, bias)
    s.keep("keys", keys)
    s.keep("values", values)
    return (y,)


def _seen(s: Streamer, name: str, told: Flow | None) -> Flow | None:
    """A mask or a bias of all steps so far, where it tells of those that are seen."""
    if told is None or told.axis is None:
        return told
    alone(s, told, "attention")
    last = told.type.rank - 1
    if told.axis == last - 1:
        return told
    if told.axis != last:
        s.refuse(
            f"`{name}` has a sequence for its heads",
            "its last axes are [steps, steps that are seen]; `rearrange` moves axes",
        )
    before = s.state(name, told.type.with_dims(*told.type.dims[:-1], s.past))
    (whole,) = s.apply(Concat(axis=last), before, told)
    s.keep(name, whole)
    return replace(whole, axis=None)
