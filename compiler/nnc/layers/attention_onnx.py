"""Attention as ONNX nodes."""

from __future__ import annotations

import math

from nnc.ir.dims import Dim
from nnc.ir.types import TensorType
from nnc.layers.base import OnnxWriter, Ref, Transform
from nnc.layers.rotary import onnx_angles, onnx_turned
from nnc.layers.scores import INFINITE, square
from nnc.layers.window import ints
from nnc.record import Record

MASKED = 512
"""Sequences up to this length have their causal mask as a constant; it has length^2 numbers."""

LETTERS = "abcefgij"

BOOL = 9
"""TensorProto.BOOL."""


class Heads(Record):
    """How many heads there are, their features, what they see, the bias, rotary positions."""

    count: int
    width: Dim
    causal: bool
    bias: bool
    rotary: bool = False


def linear(w: OnnxWriter, x: Ref, weight: str, bias: str, out: Dim) -> Ref:
    """A weighted sum along the last axis."""
    type = x.type.with_dims(*x.type.dims[:-1], out)
    y = w.op("MatMul", x, w.weight(weight, Transform("transpose", (1, 0))), type=type)
    return w.op("Add", y, w.weight(bias), type=type) if bias else y


def nodes(x: tuple[TensorType | None, ...], heads: Heads) -> int:
    """How many nodes it becomes, up to the sum over heads; `x`: values, memory, mask, bias."""
    own, to, mask, bias = x
    assert own is not None
    fit = square(own, to, heads.count)
    hidden = 0 if not heads.causal else 1 if _small(fit) else 3
    if to is None and mask is None and bias is None:
        apart = heads.causal and not _small(fit)  # one Einsum for a Transpose and a MatMul
        return 11 + heads.bias - apart + hidden
    laid = sum(t is not None and not t.fixed and t.rank < fit.rank for t in (mask, bias))
    asked = (mask is not None) * (4 if heads.causal else 3) + (bias is not None)
    if to is None:
        first = 3 + heads.bias
    else:
        alike = own.dims[-1] == to.dims[-1]
        first = 5 + 2 * heads.bias if alike else 6 + 3 * heads.bias
    return first + 2 + asked + laid + hidden + 3


def plain(w: OnnxWriter, x: Ref, heads: Heads) -> Ref:
    """Self-attention without masks, up to the sum over heads: 10 nodes, 12 with the weights."""
    *lead, steps, _ = x.type.dims
    at, inner = len(lead) + 1, heads.count * heads.width
    y = linear(w, x, "in_proj_weight", "in_proj_bias" if heads.bias else "", 3 * inner)
    cut = TensorType((*lead, steps, 3, heads.count, heads.width))
    part = TensorType((*lead, heads.count, 1, steps, heads.width))
    before = tuple(range(at))
    turn = (*before, at + 2, at + 1, at, at + 3)  # steps and heads change places
    y = w.op("Reshape", y, w.shape(*cut.dims), type=cut)
    three = TensorType((*lead, heads.count, 3, steps, heads.width))
    y = w.op("Transpose", y, perm=turn, type=three)
    q, k, v = w.ops("Split", y, outputs=3, axis=at + 1, num_outputs=3)
    if heads.rotary:
        angles = onnx_angles(w, steps, ints(heads.width, 1)[0], 0)
        q, k = onnx_turned(w, q, angles, part), onnx_turned(w, k, angles, part)
    q = w.op("Mul", q, w.floats(_scale(heads)), type=part)
    fit = TensorType((*part.dims[:-1], steps))
    weights = w.op("Softmax", _scores(w, q, k, part, heads.causal), axis=-1, type=fit)
    y = w.op("MatMul", weights, v, type=part)
    back = TensorType((*lead, steps, 1, heads.count, heads.width))
    y = w.op("Transpose", y, perm=turn, type=back)
    type = x.type.with_dims(*lead, steps, inner)
    return w.op("Reshape", y, w.shape(*type.dims), type=type)


def _scale(heads: Heads) -> float:
    return math.sqrt(1 / ints(heads.width, 1)[0])


def _scores(w: OnnxWriter, q: Ref, k: Ref, part: TensorType, causal: bool) -> Ref:
    """How well each step fits each other, with those behind it masked."""
    steps, rank = part.dims[-2], part.rank + 1
    type = TensorType((*part.dims[:-1], steps))
    if causal and not _small(type):
        ahead = LETTERS[: rank - 2]
        y = w.op("Einsum", q, k, equation=f"{ahead}td,{ahead}sd->{ahead}ts", type=type)
    else:
        turned = TensorType((*part.dims[:-2], part.dims[-1], steps))
        k = w.op("Transpose", k, perm=(*range(rank - 2), rank - 1, rank - 2), type=turned)
        y = w.op("MatMul", q, k, type=type)
    return _causal(w, y, type) if causal else y


def _small(fit: TensorType) -> bool:
    """Whether a causal mask is a constant."""
    return all(isinstance(d, int) and d <= MASKED for d in fit.dims[-2:])


def _causal(w: OnnxWriter, y: Ref, fit: TensorType) -> Ref:
    """Hides the steps behind each."""
    steps, seen = fit.dims[-2:]
    if not _small(fit):
        hidden = w.op("Expand", w.floats(INFINITE, shape=(1, 1)), w.ints(steps, seen))
        return w.op("Add", y, w.op("Trilu", hidden, w.ints(1), upper=1), type=fit)
    rows, columns = ints((steps, seen), 2)
    values = [INFINITE if s > t else 0.0 for t in range(rows) for s in range(columns)]
    return w.op("Add", y, w.floats(*values, shape=(rows, columns)), type=fit)


def general(
    w: OnnxWriter, x: Ref, to: Ref | None, mask: Ref | None, bias: Ref | None, heads: Heads
) -> Ref:
    """Attention to another sequence, or with masks, up to the sum over heads."""
    *lead, steps, _ = x.type.dims
    ahead, inner = LETTERS[: len(lead) + 1], heads.count * heads.width
    fit = square(x.type, to.type if to is not None else None, heads.count)
    q, k, v = _own(w, x, heads) if to is None else of_other(w, x, to, heads)
    if heads.rotary:
        angles = onnx_angles(w, steps, ints(heads.width, 1)[0], 2)
        one = _one(x.type, heads)
        q, k = onnx_turned(w, q, angles, one), onnx_turned(w, k, angles, one)
    q = w.op("Mul", q, w.floats(_scale(heads)), type=_one(x.type, heads))
    # `o` and `p` are axes of 1, at which queries, keys and values were told apart.
    y = w.op("Einsum", q, k, equation=f"{ahead}tohd,{ahead}sphd->{ahead}hts", type=fit)
    weights = shares(w, y, mask, bias, fit, causal=heads.causal)
    type = TensorType((*lead, steps, heads.count, heads.width))
    equation = f"{ahead}hts,{ahead}sphd->{ahead}thd"
    y = w.op("Einsum", weights, v, equation=equation, type=type)
    flat = x.type.with_dims(*lead, steps, inner)
    return w.op("Reshape", y, w.shape(*flat.dims), type=flat)


def shares(
    w: OnnxWriter,
    y: Ref,
    mask: Ref | None,
    bias: Ref | None,
    fit: TensorType,
    causal: bool = False,
) -> Ref:
    """How much of each step is taken, from how well they fit: 1 node, up to 6 for mask and bias."""
    if bias is not None:
        y = w.op("Add", y, _laid(w, bias, fit), type=fit)
    if causal:
        y = _causal(w, y, fit)
    seen = None if mask is None else _seen(w, mask, fit)
    if seen is not None:
        y = w.op("Where", seen, y, w.floats(INFINITE), type=fit)
    weights = w.op("Softmax", y, axis=-1, type=fit)
    if seen is not None:  # where nothing is seen the weights are 0, as in PyTorch, not 0 / 0
        shown = (seen, weights, w.floats(0.0))
        if causal:
            shown = (w.op("IsNaN", weights), w.floats(0.0), weights)
        weights = w.op("Where", *shown, type=fit)
    return weights


def _own(w: OnnxWriter, x: Ref, heads: Heads) -> tuple[Ref, ...]:
    """Queries, keys and values of one sequence."""
    inner = heads.count * heads.width
    y = linear(w, x, "in_proj_weight", "in_proj_bias" if heads.bias else "", 3 * inner)
    return _cut(w, y, 3, heads)


def of_other(w: OnnxWriter, x: Ref, to: Ref, heads: Heads) -> tuple[Ref, ...]:
    """Queries of one sequence, keys and values of another, an axis of 1 before their heads."""
    inner = ints(heads.count * heads.width, 1)[0]

    def projected(source: Ref, matrix: Ref, first: int, count: int) -> tuple[Ref, ...]:
        """Those of queries, keys, values from `first` on; `matrix` has a column for each."""
        type = source.type.with_dims(*source.type.dims[:-1], count * inner)
        y = w.op("MatMul", source, matrix, type=type)
        if heads.bias:
            part = Transform("rows", (first * inner, count * inner))
            y = w.op("Add", y, w.weight("in_proj_bias", part), type=type)
        return _cut(w, y, count, heads)

    if x.type.dims[-1] == to.type.dims[-1]:
        q, kv = (
            w.weight("in_proj_weight", Transform("columns", (first * inner, count * inner)))
            for first, count in ((0, 1), (1, 2))
        )
        return (*projected(x, q, 0, 1), *projected(to, kv, 1, 2))
    made: list[Ref] = []
    for number, (letter, source) in enumerate(zip("qkv", (x, to, to))):
        matrix = w.weight(f"{letter}_proj_weight", Transform("transpose", (1, 0)))
        made += projected(source, matrix, number, 1)
    return tuple(made)


def _cut(w: OnnxWriter, y: Ref, count: int, heads: Heads) -> tuple[Ref, ...]:
    """Told apart along an axis of their own, before the heads."""
    *lead, _ = y.type.dims
    cut = TensorType((*lead, count, heads.count, heads.width))
    y = w.op("Reshape", y, w.shape(*cut.dims), type=cut)
    if count == 1:
        return (y,)
    return w.ops("Split", y, outputs=count, axis=len(lead) + 1, num_outputs=count)


def _one(x: TensorType, heads: Heads) -> TensorType:
    """Queries, with their axis of 1."""
    return TensorType((*x.dims[:-1], 1, heads.count, heads.width))


def _laid(w: OnnxWriter, x: Ref, fit: TensorType) -> Ref:
    """With the axes that lie between the batch and its own."""
    missing = fit.rank - x.type.rank
    if x.type.fixed or not missing:
        return x
    type = TensorType((*(1,) * missing, *x.type.dims), x.type.dtype)
    return w.op("Unsqueeze", x, w.ints(*range(1, missing + 1)), type=type)


def _seen(w: OnnxWriter, mask: Ref, fit: TensorType) -> Ref:
    """A mask as truth values."""
    laid = _laid(w, mask, fit)
    return w.op("Cast", laid, to=BOOL, type=laid.type)
