"""Padded sequences: where their lengths are known, and what a layer makes of the padding.

`input words: token[T] padded` has a second input, `words_length`. Whatever is computed of `words`
has an axis whose size is told by T; the steps behind a sequence's own may hold anything. A layer
that treats each step on its own need not know. One that mixes steps is told the lengths, or finds
zeros there; one that padding would spoil is refused.
"""

from __future__ import annotations

from nnc.check.blocks.passing import Carried
from nnc.check.formulas.expressions import Numbers
from nnc.check.formulas.types import dimension_name
from nnc.check.formulas.values import LabelEntry
from nnc.check.rules import BAD_PADDED
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.check.steps.builder import Builder
from nnc.check.steps.shaperules import Stating
from nnc.ir.dims import Dim, show, symbol, symbols
from nnc.ir.types import TensorType
from nnc.layers import LAYERS
from nnc.layers.base import Layer
from nnc.layers.lengths import HidePadding, Lengths, OwnSteps
from nnc.layers.rules import SPOILED
from nnc.source import Span
from nnc.syntax import ast

COUNT = TensorType((), "int64")


def may_pad(statement: ast.SourceDecl, numbers: Numbers) -> bool:
    """Whether an input's type says which axis differs from sample to sample."""
    dims = statement.type.dims
    if dims and dimension_name(dims[0]):
        return True
    numbers.say(
        BAD_PADDED.at(
            dims[0].span if dims else statement.type.span,
            "the first size of a padded input is a name, for the longest of a batch",
            help=f"write `{statement.type.kind}[T]`" if len(dims) < 2 else "write `[T, ...]`",
        )
    )
    return False


def measure(body: Body, statement: ast.SourceDecl, type: TensorType, scope: Scope) -> None:
    """The input that tells the lengths of the padded inputs of a statement; T has one."""
    builder, steps = body.builder, type.dims[0]
    if steps in builder.lengths:
        return
    name = statement.names[0]
    called = f"{name.text}_length"
    made = builder.input(called, COUNT, name.span, measures=name.text)
    scope.declare(called, LabelEntry(made, name.span), name.span, body.world.sink)
    builder.lengths[steps] = made
    builder.used.add(made)


def handed_on(
    builder: Builder, types: tuple[TensorType, ...], carried: Carried
) -> tuple[tuple[Dim, int], ...]:
    """The lengths that a block called on these types may need, as values that come with it."""
    if not builder.lengths:
        return ()
    told = {name for type in types for d in type.dims for name in symbols(d)}
    found = []
    for steps, value in builder.lengths.items():
        if len(told & symbols(steps)) == 1 and steps == symbol(*symbols(steps)):
            carried.values.setdefault(value, _name(builder, value))
            found.append((steps, value))
    return tuple(found)


def _name(builder: Builder, value: int) -> str:
    return next((p.name for p in builder.inputs if p.value == value), "lengths")


def sequence_axes(builder: Builder, type: TensorType) -> tuple[int, ...]:
    """The axes whose size the length of a padded sequence tells."""
    padded = {name for steps in builder.lengths for name in symbols(steps)}
    return tuple(at for at, d in enumerate(type.dims) if symbols(d) & padded)


def with_lengths(
    body: Body, op: Layer, values: tuple[int | None, ...], span: Span, rules: Stating
) -> tuple[int | None, ...]:
    """The values of a step that is about to be made, right for padded sequences.

    Raises:
        Refusal: padding would spoil what the step computes.
    """
    builder = body.builder
    if not builder.lengths:
        return values
    types = tuple(None if v is None else builder.types[v] for v in values)
    axes = {at: sequence_axes(builder, t) for at, t in enumerate(types) if t is not None}
    found = next((at for at, many in axes.items() if many), None)
    if found is None:
        return values
    if any(port.hides for port in op.ports):
        return _masked(body, op, values, span, rules)
    axis = axes[found][0]
    several = any(len(many) > 1 for many in axes.values())
    way = op.along(axis, *types)
    if way == "each" and (op.elementwise or not several):
        return values
    if way == "mixes" or several:
        _refuse(op, rules)
    steps = types[found].dims[axis]  # type: ignore[union-attr]
    if way == "masked":
        return tuple(
            hide(body, v, axes[at][0], span, op.padding_is) if v is not None and axes[at] else v
            for at, v in enumerate(values)
        )
    told = dict(zip((p.name for p in op.ports), values))
    for port in op.ports:
        if port.implied:
            first = values[found]
            assert first is not None
            told[port.name] = (
                lengths_of(body, steps, span)
                if port.name == "lengths"
                else own_steps(body, first, axis, span)
            )
    return tuple(told.values())


def _masked(
    body: Body, op: Layer, values: tuple[int | None, ...], span: Span, rules: Stating
) -> tuple[int | None, ...]:
    """Attention: what pads the steps that are seen is hidden by its mask."""
    builder = body.builder
    told = dict(zip((port.name for port in op.ports), values))
    seen = told["to"] if told.get("to") is not None else told["x"]
    assert seen is not None
    for name in ("x", "to"):
        value = told.get(name)
        type = builder.types[value] if value is not None else None
        if type is not None and any(at != type.rank - 2 for at in sequence_axes(builder, type)):
            _refuse(op, rules)
    type = builder.types[seen]
    if not sequence_axes(builder, type):
        return values
    own = own_steps(body, seen, type.rank - 2, span)
    name = next(port.name for port in op.ports if port.hides)
    mask = told[name]
    if mask is not None:
        if builder.types[mask].dtype != "float32":
            _refuse(op, rules)
        mul = LAYERS["mul"]()
        pair = (builder.types[mask], builder.types[own])
        (own,) = builder.item(mul, (mask, own), mul.shape(rules, *pair), span)
    told[name] = own
    return tuple(told.values())


def _refuse(op: Layer, rules: Stating) -> None:
    rules.refuse(
        SPOILED,
        f"{_CALLED.get(op.word, f'`{op.word}`')} would mix a sequence with what pads it",
        help=_INSTEAD.get(
            op.word, "take `lstm`, `attention`, `mean(axis=0)` or `conv`, which know of lengths"
        ),
    )


_STEPS = "use `batch_norm`, or `layer_norm(axis=0)`, which takes each step on its own"
_INSTEAD = {
    "group_norm": _STEPS,
    "instance_norm": _STEPS,
    "pick": "take `h[-1]`, the last step of each, or count from the start: `h[:3]`",
    "flatten": "make one step of all first: `mean(axis=0)`, or `keep=last` of `lstm`",
}
"""What to write for a layer that has a counterpart."""
_CALLED = {"pick": "a slice counted from the end"}
"""Layers that formulas write in signs."""


def lengths_of(body: Body, steps: Dim, span: Span) -> int:
    """The value that tells how many of `steps` are a sequence's own."""
    builder = body.builder
    found = builder.lengths.get(steps)
    if found is None:
        (name,) = (
            name for name in symbols(steps) if any(name in symbols(s) for s in builder.lengths)
        )
        base = builder.lengths[symbol(name)]
        (found,) = builder.item(Lengths(show(steps)), (base,), (COUNT,), span)
        builder.lengths[steps] = found
    return found


def own_steps(body: Body, value: int, axis: int, span: Span) -> int:
    """1 for each step that is a sequence's own, 0 for each that pads it."""
    builder = body.builder
    steps = builder.types[value].dims[axis]
    found = builder.own.get(steps)
    if found is None:
        lengths = lengths_of(body, steps, span)
        type = TensorType((steps,), time=0)
        (found,) = builder.item(OwnSteps(axis), (value, lengths), (type,), span)
        builder.own[steps] = found
    return found


def hide(body: Body, value: int, axis: int, span: Span, fill: float = 0.0) -> int:
    """The value with one number wherever there is padding."""
    builder = body.builder
    found = builder.hidden.get((value, fill))
    if found is None:
        own = own_steps(body, value, axis, span)
        op = HidePadding(axis, fill)
        (found,) = builder.item(op, (value, own), (builder.types[value],), span)
        builder.hidden[value, fill] = builder.hidden[found, fill] = found
    return found
