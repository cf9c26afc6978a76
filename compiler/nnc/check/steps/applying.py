"""A layer on values: what it asks of them, the shapes it gives, the step it becomes."""

from __future__ import annotations

from nnc.check.arguments.bind import Bound
from nnc.check.formulas.values import BAD, SharedEntry
from nnc.check.rules import NO_SAMPLES
from nnc.check.steps.body import Body
from nnc.check.steps.lengths import with_lengths
from nnc.check.steps.ports import check_ports, check_shared, check_weights
from nnc.check.steps.shaperules import Stating
from nnc.check.steps.ties import tied_layer
from nnc.diagnostics import Refusal
from nnc.ir.dims import DimTooLarge
from nnc.ir.types import TensorType
from nnc.layers.base import Layer
from nnc.layers.source import OneSample, PerSample, TheSample
from nnc.source import Span


def apply(
    body: Body,
    op: Layer,
    values: tuple[int | None, ...],
    span: Span,
    bound: Bound,
    label: str,
    shared: SharedEntry | None = None,
) -> None:
    """Checks ports and shapes, and adds the item."""
    if BAD in values:
        body.builder.used.update(v for v in values if v is not None and v != BAD)
        body.fail()
        return
    builder, world = body.builder, body.world
    alone, values = _with_batch(body, op, values, span)
    if BAD in values:
        body.fail()
        return
    come = tuple(v for v in values if v is not None)
    origins = tuple((builder.made_at[v], builder.types[v]) for v in come)
    given = (*values, *_left_open(op, values))
    rules = Stating(world.facts, world.sink, span, bound.spans, origins, world.trace)
    try:
        op, given, outputs = _checked(body, op, given, bound, rules, shared)
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            world.sink.add(diagnostic)
        body.builder.used.update(come)
        body.fail()
        return
    except DimTooLarge:
        world.sink.add(rules.too_large())
        body.fail()
        return
    made = builder.item(op, given, outputs, span, label=label, instance=shared)
    made = tuple(_the_sample(body, v) for v in made) if alone else made
    body.current = made
    if op.aside:
        body.current, body.aside = made[:1], made
    body.several = op.parts and len(made) > 1


def _checked(
    body: Body,
    op: Layer,
    given: tuple[int | None, ...],
    bound: Bound,
    rules: Stating,
    shared: SharedEntry | None,
) -> tuple[Layer, tuple[int | None, ...], tuple[TensorType, ...]]:
    """The layer with its ties, its inputs right for padded sequences, and the types it makes.

    Raises:
        Refusal: its inputs or shapes do not fit.
    """
    types = tuple(None if v is None else body.builder.types[v] for v in given)
    come = tuple(t for t in types if t is not None)
    check_ports(rules, op, types[: len(op.written_ports())] if None in types else types)
    outputs = op.shape(rules, *types)
    fixed = all(t.fixed for t in come)
    if any(not isinstance(d, int) for t in come for d in t.dims):
        check_weights(rules, op, types)
    if shared is not None:
        check_shared(rules, op, types, shared)
    op = tied_layer(body, op, types, bound, rules)
    given = with_lengths(body, op, given, rules.span, rules)
    return op, given, tuple(t.shared(fixed) for t in outputs)


def _with_batch(
    body: Body, op: Layer, values: tuple[int | None, ...], span: Span
) -> tuple[bool, tuple[int | None, ...]]:
    """The values as the layer takes them, with a batch axis where it knows of batches.

    True: they are a batch of one, made of values that are the same for all samples.
    """
    fixed = all(body.builder.types[v].fixed for v in values if v is not None)
    if op.elementwise or (op.counted and fixed):
        return False, values
    if fixed and op.alone and values:
        return True, tuple(None if v is None else _one_sample(body, v) for v in values)
    return False, tuple(_batched(body, op, at, values, span) for at in range(len(values)))


def _one_sample(body: Body, value: int) -> int:
    """A weight or a constant as a batch of one, for a layer that knows of batches."""
    builder = body.builder
    type = builder.types[value].shared(False)
    (made,) = builder.item(OneSample(), (value,), (type,), builder.made_at[value])
    return made


def _the_sample(body: Body, value: int) -> int:
    builder = body.builder
    type = builder.types[value].shared(True)
    (made,) = builder.item(TheSample(), (value,), (type,), builder.made_at[value])
    return made


def _batched(
    body: Body, op: Layer, at: int, values: tuple[int | None, ...], span: Span
) -> int | None:
    """The value at an input, with a batch axis unless the input does without."""
    value = values[at]
    if value is None or (op.ports[min(at, len(op.ports) - 1)].fixed and at < len(op.ports)):
        return value
    return per_sample(body, value, tuple(v for v in values if v is not None), span)


def _left_open(op: Layer, values: tuple[int | None, ...]) -> tuple[None, ...]:
    """For each optional port behind the values that come."""
    ports = op.ports[len(values) :]
    return () if any(port.many for port in ports) else tuple(None for p in ports if p.optional)


def per_sample(body: Body, value: int, beside: tuple[int, ...], span: Span) -> int:
    """The value with a batch axis: a weight or a constant is repeated for each sample.

    Args:
        beside: other values of the step, which tell the number of samples.
    """
    builder = body.builder
    if value == BAD or not builder.types[value].fixed:
        return value
    among = (*beside, *(port.value for port in builder.inputs))
    like = next((v for v in among if v != BAD and not builder.types[v].fixed), None)
    if like is None:
        body.world.sink.add(
            NO_SAMPLES.at(
                span,
                "this value is the same for all samples, and nothing tells how many there are",
                help="declare the inputs first, or join it with a value that comes from one",
            )
        )
        return BAD
    read = like in builder.used
    type = builder.types[value].shared(False)
    (made,) = builder.item(PerSample(), (value, like), (type,), builder.made_at[value])
    if not read:  # to tell the number of samples is no use of an input
        builder.used.discard(like)
    return made
