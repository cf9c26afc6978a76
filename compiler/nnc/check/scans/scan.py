"""`scan { }`: its braces are a graph of their own, which runs once for each step.

What they read of outside comes with them as what is handed to a block does: values become inputs
that are the same at each step, numbers become parameters.
"""

from __future__ import annotations

from nnc.check.blocks.passing import Carried, Entering, capture, nodes, opened, sized
from nnc.check.blocks.specialise import axes_of, without_unread
from nnc.check.formulas.values import (
    BAD,
    Family,
    LabelEntry,
    Passed,
    SharedEntry,
)
from nnc.check.rules import LIMIT, NO_BODY, UNUSED_INPUT
from nnc.check.scans.scan_inputs import (
    reads_steps,
    start_values,
    starts_fit,
    step_names,
    stepped_values,
)
from nnc.check.scans.states import close
from nnc.check.scope import Ended, Scope
from nnc.check.steps.applying import per_sample
from nnc.check.steps.body import Body, input_names
from nnc.check.steps.builder import Builder
from nnc.check.steps.lengths import handed_on, sequence_axes
from nnc.check.steps.unused import report_unused
from nnc.check.world import STEPS, Made
from nnc.diagnostics import Fix, Label, Refusal, rule
from nnc.ir.dims import Dim
from nnc.ir.graph import Port, Scan
from nnc.ir.known import Known, rebase
from nnc.ir.types import TensorType
from nnc.layers.rules import SPOILED
from nnc.source import Span
from nnc.syntax import ast

Declared = tuple[dict[str, int], tuple[ast.Ident, ...] | None]
"""What states start from, and what one step of each value is called (None: not known)."""

UNREAD = "_"
"""`scan(_) { }`: as many steps as the value has, which is not read."""

SHARED_OUTSIDE = rule(
    "NN363",
    "shared-outside-scan",
    """
The braces of a scan are a network of their own with its own weights, which are the same at all
steps. They cannot take part in weights that steps outside of the scan have.
""",
)


def run_scan(body: Body, step: ast.Step, scope: Scope, label: str) -> None:
    """A step that runs its braces once for each step of the current values."""
    world, gives = body.world, body.named
    values = stepped_values(body, step)
    named = step_names(body, step, values)
    if step.body is None:
        end = Span(step.span.source, step.span.end, step.span.end)
        world.sink.add(
            NO_BODY.at(
                step.span,
                "`scan` wants braces with what happens at each step",
                help="write `scan { ... }`",
                fix=Fix(end, " { }") if step.args is None else None,
            )
        )
        body.fail()
        return
    if not reads_steps(body, step, named):
        body.fail()
        return
    passed = capture(body, step.body, scope)
    starts, whole = start_values(body, step.body, scope, values)
    if not _own_weights(body, step.body, passed):
        body.fail()
        return
    carried = Carried(body.builder.types, world.passed_keys)
    types = None if BAD in values else tuple(body.builder.types[v] for v in values)
    made = _specialised(body, step, passed, carried, types, (starts, named))
    if made.graph is None or types is None or not whole or named is None:
        body.fail()
        return
    outer = tuple(carried.values)
    kept = tuple(outer[i] for i in made.taken)
    given = tuple(starts[s.name] for s in made.states if s.start is None)
    if not starts_fit(body, made, values, kept, given, len(types)):
        body.fail()
        return
    _add(body, step, made, carried, (values, given, kept), gives, label)


def _own_weights(body: Body, braces: ast.Body, passed: Passed) -> bool:
    """Whether the braces use no shared step of outside; False after a message."""
    if not passed.shares:
        return True
    name = next(
        n
        for n, e in passed.names.items()
        if isinstance(e.value, SharedEntry) or (isinstance(e.value, Passed) and e.value.shares)
    )
    entry = passed.names[name]
    uses = [one for one in nodes(braces) if isinstance(one, ast.Step) and one.name.text == name]
    span = uses[0].name.span if uses else braces.span
    if isinstance(entry.value, SharedEntry):
        entry.value.uses += 1
        message = f"`{name}` is shared outside of this scan, which has weights of its own"
        help = f"declare `{name}` inside the scan, or use it before or behind it"
    else:
        message = f"`{name}` uses a shared step of outside, and a scan has weights of its own"
        help = "declare the shared step inside the scan, or use it before or behind it"
    others = (Label(entry.span, "it is declared here"),)
    body.world.sink.add(SHARED_OUTSIDE.at(span, message, others=others, help=help))
    return False


def _specialised(
    body: Body,
    step: ast.Step,
    passed: Passed,
    carried: Carried,
    types: tuple[TensorType, ...] | None,
    declared: Declared,
) -> Made:
    """The graph of the braces, made once for what they mean and the types of a step."""
    assert step.body is not None
    seen = None if types is None else tuple(TensorType(t.dims[1:], t.dtype) for t in types)
    length = None if types is None else types[0].dims[0]
    starts, named = declared
    names = None if named is None else tuple(name.text for name in named)
    read, builder = carried.key(passed), body.builder
    known = (*(seen or ()), *(builder.types[v] for v in carried.values))
    lengths = handed_on(builder, known, carried)
    key = ("scan", read, seen, length, tuple(starts), names, tuple(d for d, _ in lengths))
    made = body.world.memo.get(key)
    if made is None:
        made = body.world.memo[key] = _made(body, step, passed, carried, seen, declared, lengths)
    return made


def _made(
    body: Body,
    step: ast.Step,
    passed: Passed,
    carried: Carried,
    types: tuple[TensorType, ...] | None,
    declared: Declared,
    lengths: tuple[tuple[Dim, int], ...],
) -> Made:
    assert step.body is not None
    world, span = body.world, step.name.span
    builder, params = Builder("scan", span), dict[str, object]()
    idle = [ident.text == UNREAD for ident in declared[1] or ()]
    stepped = _steps(builder, types or (), params, span, idle)
    known = builder if types is not None else None
    entering = Entering(carried, known, params, set(), types or ())
    if known is not None:
        builder.lengths = {d: entering.values[v] for d, v in lengths}
    names = entering.passed(passed)
    scope, levels = opened(names)
    inner = Body(world, "scan", span, scope, step.body, top=False, builder=builder)
    inner.defaults = (inner.defaults[0], *levels)
    inner.handed = any(isinstance(e.value, Passed) for e in names.names.values())
    inner.states, inner.given = {}, declared[0]
    inner.current, inner.several = stepped or (BAD,), len(stepped) > 1
    inner.damaged = types is None or declared[1] is None
    one = (*stepped, *(BAD for _ in declared[1] or ()))
    for ident, value in zip(declared[1] or (), one):
        if ident.text == UNREAD:
            builder.used.add(value)
            continue
        scope.declare(ident.text, LabelEntry(value, ident.span), ident.span, world.sink)
    inner.run(step.body, scope)
    for name, entry in scope.names.items():
        if name not in names.names and isinstance(entry.value, (LabelEntry, Family)):
            passed.outer.root.ended.setdefault(name, Ended(entry.span, "scan"))
    return _finished(inner, params, entering, len(stepped))


def _steps(
    builder: Builder,
    types: tuple[TensorType, ...],
    params: dict[str, object],
    span: Span,
    idle: list[bool],
) -> tuple[int, ...]:
    """The body's inputs for one step of each value; their sizes are parameters."""
    made = []
    for at, (name, type) in enumerate(zip(input_names(len(types)), types)):
        if at < len(idle) and idle[at]:
            name = f"_{name}"  # which nothing reads: it tells how many steps there are
        seen = axes_of(type, ()) if len(types) == 1 else sized(type, name, set()).dims
        params.update((d.source, d) for d in seen if isinstance(d, Known))  # type: ignore[misc]
        made.append(builder.input(name, type.with_dims(*seen), span))
    return tuple(made)


def _finished(inner: Body, params: dict[str, object], entering: Entering, stepped: int) -> Made:
    """The graph with its results and next states, or nothing after a message."""
    builder, states = inner.builder, inner.states or {}
    values = inner.take(builder.span)
    results = tuple(
        BAD if v == BAD else per_sample(inner, v, (), builder.made_at[v]) for v in values or (BAD,)
    )
    if BAD in results:
        inner.damaged = True
    else:
        builder.used.update(results)
    taken = set(states)
    for at, value in enumerate(results):
        name = "y" if len(results) == 1 else f"y{at + 1}"
        while name in taken:
            name += "_"
        builder.outputs.append(Port(name, value))
    close(inner)
    if not inner.damaged:
        _report_unread(inner, stepped)
        report_unused(inner)
    if inner.damaged:
        return Made(None, None)
    own = {s.value for s in states.values()}
    first, rest = builder.inputs[:stepped], builder.inputs[stepped:]
    builder.inputs = [
        *first,
        *(p for p in rest if p.value in own),
        *(p for p in rest if p.value not in own),
    ]
    graph = builder.graph(tuple(params.items()), "")
    graph, kept = without_unread(graph, stepped + len(states), builder.used)
    numbers = tuple(str(k.source) for k in entering.numbers.values())
    return Made(graph, None, kept, numbers, builder.layers, tuple(states.values()))


def _report_unread(inner: Body, stepped: int) -> None:
    """Values that are taken apart and not read."""
    for port in inner.builder.inputs[:stepped]:
        if port.value not in inner.builder.used:
            inner.damaged = True
            inner.world.sink.add(
                UNUSED_INPUT.at(
                    port.span,
                    "the scan does not read the current value"
                    + ("" if stepped == 1 else f" number {port.value + 1} of {stepped}"),
                    help="begin with steps, before any `from`; or name it, `scan(x) { ... }`, "
                    "and use `x`",
                    trace=inner.world.trace,
                )
            )


def _add(
    body: Body,
    step: ast.Step,
    made: Made,
    carried: Carried,
    values: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]],
    named: int,
    label: str,
) -> None:
    """The scan as a step of its caller's graph."""
    builder, graph = body.builder, made.graph
    assert graph is not None
    stepped, given, kept = values
    builder.layers += made.layers
    if builder.layers > STEPS:
        raise Refusal(LIMIT.at(step.span, f"the network has more than {STEPS:,} layers"))
    bindings = _bindings(made, carried, builder.types, stepped, kept)
    length: Dim = builder.types[stepped[0]].dims[0]
    results = len(graph.outputs) - len(made.states)
    if named > results and 0 in sequence_axes(builder, builder.types[stepped[0]]):
        body.world.sink.add(
            SPOILED.at(
                step.name.span,
                "the last states of this scan are those behind the padding",
                help="name its results alone; `lstm` and `gru` know where each sequence ends",
            )
        )
        body.fail()
        return
    op = Scan(
        graph,
        bindings,
        length,
        len(stepped),
        tuple(s.start for s in made.states),
        named > results,
    )
    names = {k: v for k, v in bindings if isinstance(v, int) and not isinstance(v, bool)}
    time = 0 if builder.types[stepped[0]].time == 0 else None
    types = []
    for at, port in enumerate(graph.outputs):
        type = graph.types[port.value]
        type = type.with_dims(*(rebase(d, names) if isinstance(d, int) else d for d in type.dims))
        if at < results:
            types.append(op.stacked(type, time))
        elif op.gives:
            types.append(type)
    inputs = (*stepped, *given, *kept)
    outputs = builder.item(op, inputs, tuple(types), step.name.span, label=label)
    body.current, body.aside = outputs[:results], outputs
    body.several = results > 1


def _bindings(
    made: Made,
    carried: Carried,
    types: list[TensorType],
    stepped: tuple[int, ...],
    kept: tuple[int, ...],
) -> tuple[tuple[str, object], ...]:
    """The body's parameters and sizes with the caller's values."""
    assert made.graph is not None
    given: dict[str, object] = dict(zip(made.numbers, carried.numbers.values()))
    seen = [made.graph.types[p.value] for p in made.graph.inputs]
    apart = [types[v].dims[1:] for v in stepped]
    whole = [types[v].dims for v in kept]
    own = [*seen[: len(stepped)], *seen[len(stepped) + len(made.states) :]]
    for have, want in zip([*apart, *whole], own):
        for theirs, ours in zip(have, want.dims):
            if isinstance(ours, Known) and isinstance(ours.source, str):
                given.setdefault(ours.source, theirs)
    return tuple((name, given.get(name, value)) for name, value in made.graph.params)
