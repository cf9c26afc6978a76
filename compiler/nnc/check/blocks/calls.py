"""Calls of blocks: checked once for each (arguments, input types).

Memoised also when they failed. A block that uses a shared step of its caller's is no graph of its
own: its steps become steps of the caller's.
"""

from __future__ import annotations

from nnc.check.blocks.handed import Handed, handed
from nnc.check.blocks.passing import Carried
from nnc.check.blocks.specialise import Specialising, expand, specialise
from nnc.check.formulas.values import BAD, SharedEntry, Value
from nnc.check.rules import LIMIT, MISPLACED, RECURSION, SEVERAL_VALUES, SHARED_SHAPES
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.check.steps.lengths import handed_on
from nnc.check.world import DEEPEST, STEPS, Made, World
from nnc.diagnostics import Diagnostic, Label, Refusal
from nnc.ir.graph import Call, Graph
from nnc.ir.known import Known, rebase
from nnc.ir.types import TensorType
from nnc.record import replace
from nnc.source import Span
from nnc.syntax import ast

LOOKED = 8
"""Blocks within each other that are read for misspelt names where their input could not be made."""


def call_block(
    body: Body, step: ast.Step, scope: Scope, label: str, shared: SharedEntry | None = None
) -> None:
    """A step that calls a block."""
    world, block = body.world, body.world.blocks[step.name.text]
    world.called.add(block.name.text)
    given = handed(body, block, step, scope)
    values = _values(body, block, step)
    if not allowed(world, block, step.span):
        body.fail()
        return
    if given is None or BAD in values:
        if len(world.trace) < LOOKED:
            specialise(world, Specialising(block, step, None, given, None))
        body.fail()
        return
    if any(passed is not None and passed.shares for passed in given.steps.values()):
        _expanded(body, block, step, given, values, label, shared)
        return
    values = (*values, *given.values.values())
    types = tuple(body.builder.types[v] for v in values)
    made_at = tuple(body.builder.made_at[v] for v in values)
    carried = Carried(body.builder.types, world.passed_keys)
    lengths = handed_on(body.builder, (*types, *carried.read(given.steps.values())), carried)
    made = specialise(world, Specialising(block, step, types, given, carried, made_at, lengths))
    if made.graph is None or made.output is None:
        body.fail()
        return
    if shared is not None and not _same_weights(world, shared, made, types[0], step.name.span):
        body.fail()
        return
    body.builder.layers += made.layers
    if body.builder.layers > STEPS:
        raise Refusal(LIMIT.at(step.span, f"the network has more than {STEPS:,} layers"))
    outer = tuple(carried.values)
    values = (*values, *(outer[i] for i in made.taken))
    types = tuple(body.builder.types[v] for v in values)
    bindings = _bindings(made, given.numbers, carried, types)
    names = {k: v for k, v in bindings if isinstance(v, int) and not isinstance(v, bool)}
    dims = (rebase(d, names) if isinstance(d, int) else d for d in made.output.dims)
    body.current = body.builder.item(
        Call(made.graph, bindings),
        values,
        (made.output.with_dims(*dims),),
        step.name.span,
        label=label,
        instance=shared,
    )
    body.several = False
    if len(made.graph.fed) < len(made.graph.inputs):
        _draw(body, made.graph, names, step.name.span)


def _draw(body: Body, graph: Graph, names: dict[str, int], span: Span) -> None:
    """The noise of a block that was called: each call draws its own, named after its place."""
    if body.states is not None:
        body.world.sink.add(
            MISPLACED.at(
                span,
                f"`{graph.name}` draws noise, and a `scan` draws none",
                help="declare the noise in the network, with an axis for the steps, and hand it in",
            )
        )
        body.fail()
        return
    builder = body.builder
    item = builder.items[-1]
    drawn = []
    for port in graph.inputs:
        if port.drawn is not None:
            type = graph.types[port.value]
            dims = (rebase(d, names) if isinstance(d, int) else d for d in type.dims)
            name = f"{item.name}_{port.name}"
            drawn.append(builder.noise(name, type.with_dims(*dims), span, port.drawn))
    builder.used.update(drawn)
    builder.items[-1] = replace(item, inputs=(*item.inputs, *drawn))


def _values(body: Body, block: ast.Block, step: ast.Step) -> tuple[int, ...]:
    """The values that a block is called on; BAD is among them after a message."""
    values = body.take(step.name.span)
    body.gathered = False
    body.builder.used.update(v for v in values or () if v != BAD)
    wanted = max(len(block.pattern), 1)
    if values is None or BAD in values:
        return (BAD,)
    if len(values) == wanted:
        return values
    body.world.sink.add(_count(block, step, wanted, len(values)))
    return (BAD,)


def _count(block: ast.Block, step: ast.Step, wanted: int, come: int) -> Diagnostic:
    takes = "one value" if wanted == 1 else f"{wanted} values"
    return SEVERAL_VALUES.at(
        step.name.span,
        f"`{block.name.text}` takes {takes}, and {come if come > 1 else 'one'} come"
        + ("s" if come == 1 else ""),
        others=(Label(block.pattern[0].span.to(block.pattern[-1].span), "its values"),)
        if block.pattern
        else (),
        help="join them first: `-> concat` or `-> add`"
        if wanted == 1
        else f"name them: `from {', '.join('abcdefgh'[:wanted])} -> {block.name.text}`",
    )


def _same_weights(
    world: World, shared: SharedEntry, made: Made, type: TensorType, span: Span
) -> bool:
    """A shared block runs one graph: all uses have the same input type."""
    if shared.made is None:
        shared.made, shared.types = made.graph, type
        return True
    if shared.made is made.graph:
        return True
    world.sink.add(
        SHARED_SHAPES.at(
            span,
            f"`{shared.name}` was used on {shared.types} before, and now on {type}",
            help="bring both values to the same shape, or use two steps",
        )
    )
    return False


def _bindings(
    made: Made, args: dict[str, Value], carried: Carried, types: tuple[TensorType, ...]
) -> tuple[tuple[str, object], ...]:
    """The callee's parameter and dimension names with the caller's values."""
    assert made.graph is not None
    given: dict[str, object] = dict(args)
    given.update(zip(made.numbers, carried.numbers.values()))
    for port, type in zip(made.graph.inputs, types):
        for have, seen in zip(type.dims, made.graph.types[port.value].dims):
            if isinstance(seen, Known) and isinstance(seen.source, str):
                given.setdefault(seen.source, have)
    return tuple((name, given.get(name, value)) for name, value in made.graph.params)


def _expanded(
    body: Body,
    block: ast.Block,
    step: ast.Step,
    given: Handed,
    values: tuple[int, ...],
    label: str,
    shared: SharedEntry | None,
) -> None:
    """A call whose steps become the caller's own, since they use its shared steps."""
    if shared is not None:
        body.world.sink.add(
            SHARED_SHAPES.at(
                shared.step.span,
                "a shared block cannot take other shared steps",
                help=f"call `{block.name.text}` without `shared`: its shared steps stay shared",
            )
        )
        body.fail()
        return
    builder = body.builder
    prefix = builder.place(block.name.text, label) + "_"
    within, builder.within = builder.within, (*builder.within, (label, block.name.text))
    expand(body, Specialising(block, step, None, given, None), values, prefix)
    builder.within = within


def allowed(world: World, block: ast.Block, span: Span) -> bool:
    """Whether the call is no recursion and not too deep."""
    name = block.name.text
    if name in world.active:
        chain = " -> ".join([*world.active[world.active.index(name) :], name])
        world.sink.add(
            RECURSION.at(
                span,
                f"`{name}` calls itself: {chain}",
                help="use `repeat` or `for`",
                trace=world.trace,
            )
        )
        return False
    if len(world.trace) >= DEEPEST:
        world.sink.add(LIMIT.at(span, f"blocks are nested more than {DEEPEST} deep"))
        return False
    return True
