"""One graph of a block: its body read with these arguments, on values of these types."""

from __future__ import annotations

from collections.abc import Collection

from nnc.check.blocks.handed import BODY, Handed, passed_step
from nnc.check.blocks.passing import Carried, Entering, forgotten
from nnc.check.formulas.types import bind_pattern, dimension_name
from nnc.check.formulas.values import BAD, UNKNOWN, LabelEntry, Value, is_whole
from nnc.check.rules import UNUSED_INPUT, WRONG_PATTERN
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.check.world import Made, World
from nnc.diagnostics import Frame, Label
from nnc.ir.dims import Dim, show
from nnc.ir.graph import Graph, Item
from nnc.ir.known import Known, named
from nnc.ir.types import TensorType
from nnc.record import Record, replace
from nnc.source import Span
from nnc.syntax import ast

AXES = {
    1: ("in_features",),
    2: ("in_channels", "length"),
    3: ("in_channels", "height", "width"),
    4: ("in_channels", "depth", "height", "width"),
}
"""What the sizes of a block's input are called when it has no pattern."""
EXPANDED = 50
"""Steps that a block costs whose steps become its caller's: it is read anew at each call."""


class Specialising(Record):
    """What a graph of a block is made for.

    Args:
        step: the call; None where nothing calls the block.
        types: of the values it is called on, then of those for its parameters; None: not known,
            names alone are looked at.
        given: the arguments; None where they are wrong.
        carried: what steps and braces read of the caller's.
        made_at: where the values come from.
        lengths: of padded sequences, by their number of steps: values of the caller's.
    """

    block: ast.Block
    step: ast.Step | None
    types: tuple[TensorType, ...] | None
    given: Handed | None
    carried: Carried | None
    made_at: tuple[Span, ...] = ()
    lengths: tuple[tuple[Dim, int], ...] = ()

    @property
    def span(self) -> Span:
        """The place that messages show."""
        return self.step.name.span if self.step is not None else self.block.span

    def key(self) -> tuple[object, ...]:
        """Equal for calls that run the same graph."""
        given, carried = self.given, self.carried
        numbers = () if given is None else tuple((k, _kind(v), v) for k, v in given.numbers.items())
        if carried is None or given is None:
            return self.block.name.text, numbers, self.types
        steps = tuple((k, p and carried.key(p)) for k, p in given.steps.items())
        return self.block.name.text, numbers, self.types, steps


def _kind(value: Value) -> str:
    """Tells 1, 1.0 and true apart in a key, and numbers with a source from others not."""
    if isinstance(value, float):
        return "float"
    return "int" if type(value) is not bool and isinstance(value, int) else type(value).__name__


def specialise(world: World, wanted: Specialising) -> Made:
    """The block's graph for these arguments and inputs."""
    key = wanted.key()
    made = world.memo.get(key)
    if made is None:
        outer = _enter(world, wanted)
        made = world.memo[key] = _made(world, wanted)
        _leave(world, outer)
    return made


def _enter(world: World, wanted: Specialising) -> tuple[Frame, ...]:
    outer, step = world.trace, wanted.step
    if step is not None:
        world.trace = (*outer, Frame(_first_line(step), step.span))
    world.active.append(wanted.block.name.text)
    return outer


def _leave(world: World, outer: tuple[Frame, ...]) -> None:
    world.active.pop()
    world.trace = outer


def _first_line(step: ast.Step) -> str:
    if step.body is None:
        return step.span.text.split("\n")[0]
    head = Span(step.span.source, step.span.start, step.body.span.start).text
    return head.split("\n")[0].rstrip() + " { ... }"


def _made(world: World, wanted: Specialising) -> Made:
    block, scope = wanted.block, Scope(world.home(wanted.block.span).scope)
    params: dict[str, object] = {}
    for param in block.params:
        name = param.name.text
        if param.type is None and not (wanted.given and name in wanted.given.steps):
            value = wanted.given.numbers.get(name, UNKNOWN) if wanted.given else UNKNOWN
            scope.declare(name, value := named(value, name), param.name.span, world.sink)
            params[name] = value
    body = Body(world, block.name.text, block.span, scope, block.body, top=False)
    known = wanted.types is not None and _inputs(body, wanted, wanted.types, params)
    if not known:
        _unknown_inputs(world, block, scope)
        body.fail()
    declared = len(body.builder.inputs)
    entering = None
    if wanted.given is not None:
        carried = wanted.carried or Carried([], {})
        taken = {p.name.text for p in block.params}
        builder = body.builder if known else None
        entering = Entering(carried, builder, params, taken, wanted.types or ())
        body.builder.lengths = {d: entering.values[v] for d, v in wanted.lengths if known}
    _steps(body, wanted, entering)
    output = body.run_block()
    if output is None:
        return Made(None, None)
    _report_unread(body, block, declared)
    if body.damaged:
        return Made(None, None)
    numbers = tuple(str(k.source) for k in entering.numbers.values()) if entering else ()
    graph = replace(
        body.builder.graph(tuple(params.items()), block.doc),
        defaults=_plain_defaults(block),
        carried=tuple(name for name in numbers if name in params),
        declared=tuple(p.name.text for p in block.params),
    )
    type = graph.types[graph.outputs[0].value]
    graph, kept = without_unread(graph, declared, body.builder.used)
    return Made(graph, type, kept, numbers, body.builder.layers)


def _unknown_inputs(world: World, block: ast.Block, scope: Scope) -> None:
    """Declares what the block's types bind, where its values are not known."""
    patterns = (*block.pattern, *(p.type for p in block.params if p.type is not None))
    for e in (e for t in patterns for e in t.dims):
        if isinstance(e, ast.Ref) and scope.clash(e.text) is None:
            scope.declare(e.text, UNKNOWN, e.span, world.sink)
    for param in block.params:
        if param.type is not None and scope.clash(param.name.text) is None:
            entry = LabelEntry(BAD, param.name.span)
            scope.declare(param.name.text, entry, param.name.span, world.sink)


def _inputs(
    body: Body, wanted: Specialising, types: tuple[TensorType, ...], params: dict[str, object]
) -> bool:
    """The inputs of the block's graph; whether its patterns fit their types."""
    block, count = wanted.block, max(len(wanted.block.pattern), 1)
    named = [p for p in block.params if p.type is not None]
    patterns = [*block.pattern, *([] if block.pattern else [None]), *(p.type for p in named)]
    seen: list[TensorType] = []
    for i, (wish, type) in enumerate(zip(patterns, types)):
        dims = _dims(wanted, type) if wish is None else _bound(body, wanted, wish, type, i)
        if dims is None:
            return False
        seen.append(type.with_dims(*dims))
        for size in dims:
            if isinstance(size, Known) and isinstance(size.source, str):
                params.setdefault(size.source, size)
    body.start(tuple(seen[:count]), block.name.span)
    for param, type in zip(named, seen[count:]):
        name = param.name
        entry = LabelEntry(body.builder.input(name.text, type, name.span), name.span)
        body.scope.declare(name.text, entry, name.span, body.world.sink)
    return True


def _dims(wanted: Specialising, type: TensorType) -> tuple[Dim, ...]:
    """The sizes of a block's input without a pattern."""
    taken = {p.name.text for p in wanted.block.params}
    if wanted.carried is not None:
        taken |= {name for name, _ in wanted.carried.numbers}
    return axes_of(type, taken)


def axes_of(type: TensorType, taken: Collection[str]) -> tuple[Dim, ...]:
    """The sizes of an only input, as numbers that know what they are."""
    names = AXES.get(type.rank, tuple(f"size{i}" for i in range(type.rank)))
    return tuple(
        Known(int(d), n if n not in taken else f"input_{n}") if isinstance(d, int) else d
        for n, d in zip(names, type.dims)
    )


def _twice(body: Body, t: ast.Type, type: TensorType) -> str:
    """What to write where a size's name stands for another size already; "" where none does."""
    if len(t.dims) != type.rank:
        return ""
    for e, have in zip(t.dims, type.dims):
        name = dimension_name(e) if isinstance(e, ast.Ref) else ""
        entry = body.scope.find(name) if name else None
        if entry is None or not is_whole(entry.value) or entry.value == have:
            continue
        other = f"{name}2"
        return (
            f"its `{name}` is {show(entry.value)} already, and this size is {show(have)}:"
            f" name it otherwise, such as `{other}`"
        )
    return ""


def _bound(
    body: Body, wanted: Specialising, t: ast.Type, type: TensorType, at: int
) -> tuple[Dim, ...] | None:
    """The sizes of an input as its pattern names them, or None after a message."""
    world, block = body.world, wanted.block
    dims = bind_pattern(t, type, body.scope, world.numbers, world.facts)
    if dims is not None and (t.kind == "token") == (type.dtype == "int64"):
        return dims
    others = [Label(t.span, "the block accepts this shape")]
    if at < len(wanted.made_at):
        others.append(Label(wanted.made_at[at], f"the value is {type} from here on"))
    world.sink.add(
        WRONG_PATTERN.at(
            wanted.span,
            f"`{block.name.text}` takes {t.span.text}, and the value is {type}",
            others=tuple(others),
            help=_twice(body, t, type)
            or "call it on such a value, or write `...` for any number of axes"
            if t.kind or dims is None
            else "these are ids: put `embedding(COUNT, WIDTH) ->` before it",
            trace=world.trace[:-1],
        )
    )
    return None


def _steps(body: Body, wanted: Specialising, entering: Entering | None) -> None:
    """Declares the steps that the block was handed, or has by default."""
    block, world = wanted.block, body.world
    steps = wanted.given.steps if wanted.given is not None else {}
    body.handed = bool(steps)
    for param in block.params:
        name = param.name.text
        if name not in steps:
            continue
        passed = steps[name]
        if passed is None:
            assert param.default is not None
            passed = passed_step(body, param.default, body.scope)
        elif entering is not None:
            passed = entering.passed(passed)
        body.scope.declare(name, passed, param.name.span, world.sink)
    braces = steps.get(BODY)
    if braces is not None:
        value: Value = entering.passed(braces) if entering is not None else braces
        body.scope.declare(BODY, value, braces.span, world.sink)
    elif BODY not in steps:
        body.scope.declare(BODY, UNKNOWN, block.name.span, world.sink)


def _plain_defaults(block: ast.Block) -> tuple[tuple[str, float], ...]:
    """The parameters whose default is a number, for readers of what is generated."""
    return tuple(
        (p.name.text, p.default.value)
        for p in block.params
        if isinstance(p.default, ast.Number)
        and isinstance(p.default.value, int | float)
        and not p.default.unit
    )


def _report_unread(body: Body, block: ast.Block, declared: int) -> None:
    """Values that a block declares and does not read."""
    named = [p.name.text for p in block.params if p.type is not None]
    for port in body.builder.inputs[:declared]:
        if port.value in body.builder.used:
            continue
        body.damaged = True
        what = f"the value `{port.name}`" if port.name in named else "the value it is called on"
        body.world.sink.add(
            UNUSED_INPUT.at(
                port.span,
                f"`{block.name.text}` does not read {what}",
                help=f"use it: `from {port.name}`, or remove it"
                if port.name in named
                else "begin with steps, before any `from`",
                trace=body.world.trace,
            )
        )


def without_unread(graph: Graph, declared: int, used: set[int]) -> tuple[Graph, tuple[int, ...]]:
    """The graph without those of the caller's values that it does not read, and which it keeps."""
    inputs = range(declared, len(graph.fed))
    kept = tuple(i - declared for i in inputs if graph.inputs[i].value in used)
    if len(kept) == len(inputs):
        return graph, kept
    gone = {graph.inputs[i].value for i in inputs if i - declared not in kept}
    rest = [v for v in range(len(graph.types)) if v not in gone]
    new = {old: at for at, old in enumerate(rest)}

    def item(one: Item) -> Item:
        reads = tuple(None if v is None else new[v] for v in one.inputs)
        return replace(one, inputs=reads, outputs=tuple(new[v] for v in one.outputs))

    ports = [p for p in graph.inputs if p.value not in gone]
    made = replace(
        graph,
        inputs=tuple(replace(p, value=new[p.value]) for p in ports),
        types=tuple(graph.types[v] for v in rest),
        items=tuple(item(one) for one in graph.items),
        outputs=tuple(replace(p, value=new[p.value]) for p in graph.outputs),
    )
    return made, kept


def expand(body: Body, wanted: Specialising, values: tuple[int, ...], prefix: str) -> None:
    """The block's steps in the graph of its caller, at places that begin with `prefix`."""
    world, block, given = body.world, wanted.block, wanted.given
    assert given is not None
    world.steps += EXPANDED
    scope, builder = Scope(world.home(block.span).scope), body.builder
    outer = _enter(world, wanted)
    for name, value in given.numbers.items():
        scope.declare(name, value, wanted.span, world.sink)
    inner = Body(world, block.name.text, block.span, scope, block.body, top=False, builder=builder)
    before, builder.prefix = builder.prefix, prefix
    fits = _expanded_inputs(inner, wanted, (*values, *given.values.values()))
    if not fits:
        _unknown_inputs(world, block, scope)
    _steps(inner, wanted, None)
    inner.current = values if fits else (BAD,)
    inner.several = len(values) > 1
    inner.damaged = not fits
    inner.run(inner.body, inner.scope)
    builder.prefix = before
    _leave(world, outer)
    body.current = inner.current
    body.several = inner.current is not None and len(inner.current) > 1
    if inner.damaged or inner.current is None or BAD in inner.current:
        body.fail()


def _expanded_inputs(inner: Body, wanted: Specialising, values: tuple[int, ...]) -> bool:
    """Names of sizes and values as the block declares them; the numbers stay the caller's."""
    block, scope = wanted.block, inner.scope
    named = [p for p in block.params if p.type is not None]
    patterns = [*block.pattern, *([] if block.pattern else [None]), *(p.type for p in named)]
    made_at = tuple(inner.builder.made_at[v] for v in values)
    wanted = replace(wanted, made_at=made_at)
    for i, (t, value) in enumerate(zip(patterns, values)):
        if t is None:
            continue
        before = {*scope.names}
        if _bound(inner, wanted, t, inner.builder.types[value], i) is None:
            return False
        for name in {*scope.names} - before:
            entry = scope.names[name]
            scope.names[name] = replace(entry, value=forgotten(entry.value))
    for param, value in zip(named, values[max(len(block.pattern), 1) :]):
        entry_value = LabelEntry(value, param.name.span)
        scope.declare(param.name.text, entry_value, param.name.span, inner.world.sink)
    return True
