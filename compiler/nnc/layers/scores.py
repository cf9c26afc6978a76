"""How well the steps of attention fit: queries, keys and values, masks and biases, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared
from nnc.ir.dims import Dim
from nnc.ir.initial import TORCH_WEIGHT, Fill, Weight, XavierUniform
from nnc.ir.types import TensorType
from nnc.layers.base import Ref, Rules, TorchWriter
from nnc.layers.rules import MEMORY, SCORES

INFINITE = float("-inf")


def head_weights(
    features: Dim, memory: Dim, inner: Dim, bias: bool, after: bool, init: Declared | None = None
) -> Iterable[Weight]:
    """The weights of attention, named and laid out as those of nn.MultiheadAttention.

    Args:
        features: of its steps, `memory` those of the steps that are seen.
        inner: those of all heads together.
        bias: numbers are added to queries, keys and values, `after` to the result.
    """
    begin, end = init or XavierUniform(), init or TORCH_WEIGHT
    if memory == features:
        dims = (3 * inner, features)
        yield Weight("in_proj_weight", dims, begin, fan_in=features, fan_out=3 * inner)
    else:
        for name, size in (("q", features), ("k", memory), ("v", memory)):
            yield Weight(f"{name}_proj_weight", (inner, size), begin, fan_in=size, fan_out=inner)
    if bias:
        yield Weight("in_proj_bias", (3 * inner,), Fill(0.0))
    yield Weight("out_proj.weight", (features, inner), end, fan_in=inner, fan_out=features)
    if after:
        yield Weight("out_proj.bias", (features,), Fill(0.0))


def square(x: TensorType, to: TensorType | None, heads: int) -> TensorType:
    """A number for each head and pair of steps."""
    return TensorType((*x.dims[:-2], heads, x.dims[-2], (to or x).dims[-2]))


def require_memory(rules: Rules, x: TensorType, to: TensorType | None) -> None:
    """States that the other sequence has the same axes before its own two."""
    if to is None:
        return
    what = f"the axes before steps and features differ: {x} and {to}"
    help = "bring both to the same axes; `rearrange` moves and joins them"
    if x.rank != to.rank:
        rules.refuse(MEMORY, what, at="to", help=help)
    for a, b in zip(x.dims[:-2], to.dims[:-2]):
        rules.equal(a, b, MEMORY, what, at="to", help=help)


def require_fit(rules: Rules, port: str, type: TensorType, square: TensorType) -> None:
    """States that a mask or a bias can be laid over the scores."""
    over = square.dims[max(square.rank - type.rank, 0) :]
    label = f"{type} does not lie over {square}"
    help = "its last axes are [steps, steps that are seen], before them stand the heads"
    if type.rank > square.rank:
        rules.refuse(SCORES, f"`{port}` has too many axes", at=port, label=label, help=help)
    for a, b in zip(type.dims, over):
        if a != 1:
            rules.equal(a, b, SCORES, f"`{port}` does not fit", at=port, label=label, help=help)


def torch_parts(
    w: TorchWriter, x: Ref, to: Ref | None, bias: bool, heads: int, width: Dim
) -> tuple[Ref, Ref, Ref]:
    """Queries, keys and values, [..., heads, steps, width] each."""
    offsets = w.weight("in_proj_bias") if bias else None
    three = ("{}, {}, {}", "q", "k", "v")
    if to is None:
        y = w.call("F.linear", x, w.weight("in_proj_weight"), offsets)
        y = w.let(w.method(y, "unflatten", -1, (3, heads, width)), "qkv")
        q, k, v = w.unpack(w.method(w.method(y, "transpose", -4, -2), "unbind", -3), *three)
        return q, k, v
    names = ("weight_q", "weight_k", "weight_v")
    if x.type.dims[-1] == to.type.dims[-1]:
        weights = w.unpack(w.method(w.weight("in_proj_weight"), "chunk", 3), three[0], *names)
    else:
        weights = tuple(w.weight(f"{letter}_proj_weight") for letter in "qkv")
    shifts: tuple[Ref | None, ...] = (None,) * 3
    if offsets is not None:
        names = ("bias_q", "bias_k", "bias_v")
        shifts = w.unpack(w.method(offsets, "chunk", 3), three[0], *names)
    made = []
    for letter, source, weight, shift in zip("qkv", (x, to, to), weights, shifts):
        y = w.method(w.call("F.linear", source, weight, shift), "unflatten", -1, (heads, width))
        made.append(w.let(w.method(y, "transpose", -3, -2), letter))
    return made[0], made[1], made[2]


def torch_seen(
    w: TorchWriter,
    x: Ref,
    square: TensorType,
    mask: Ref | None,
    bias: Ref | None,
    causal: bool,
) -> Ref | None:
    """What F.scaled_dot_product_attention takes as its mask; None where nothing is said."""
    if mask is None and bias is None:
        return None
    if mask is not None:
        mask = _laid(w, mask, square)
    seen = None if bias is None else _laid(w, bias, square)
    if seen is None and not causal and mask is not None:
        return w.let(w.infix("!=", mask, 0), "seen")
    if causal:
        steps = square.dims[-2:]
        hidden = w.method(w.method(x, "new_full", steps, INFINITE), "triu", 1)
        seen = hidden if seen is None else w.infix("+", seen, hidden)
    if mask is not None and seen is not None:
        seen = w.method(seen, "masked_fill", w.infix("==", mask, 0), INFINITE)
    return None if seen is None else w.let(seen, "bias")


def _laid(w: TorchWriter, x: Ref, square: TensorType) -> Ref:
    """With the axes that lie between the batch and its own."""
    if x.type.fixed or x.type.rank == square.rank:
        return x
    return w.view(x, *(1,) * (square.rank - x.type.rank), *x.type.dims)
