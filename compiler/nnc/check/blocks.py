"""Calls of blocks: checked once for each (arguments, input type).

Memoised also when they failed.
"""

from __future__ import annotations

from nnc.check.arguments import place
from nnc.check.body import Body
from nnc.check.rules import (
    LATER,
    LIMIT,
    MISSING_ARGUMENT,
    RECURSION,
    SEVERAL_VALUES,
    SHARED_SHAPES,
    WRONG_PATTERN,
)
from nnc.check.scope import Scope
from nnc.check.types import bind_pattern
from nnc.check.values import BAD, UNKNOWN, Family, LabelEntry, SharedEntry, Unknown, Value
from nnc.check.world import DEEPEST, Made, World
from nnc.diagnostics import Frame, Label
from nnc.ir.dims import Dim
from nnc.ir.graph import Call
from nnc.ir.known import Known, rebase
from nnc.ir.types import TensorType
from nnc.record import replace
from nnc.source import Span
from nnc.syntax import ast

AXES = {
    1: ("in_features",),
    2: ("in_channels", "length"),
    3: ("in_channels", "height", "width"),
    4: ("in_channels", "depth", "height", "width"),
}
"""What the sizes of a block's input are called when it has no pattern."""
LOOKED = 8
"""Blocks within each other that are read for misspelt names where their input could not be made."""


def call_block(
    body: Body, step: ast.Step, scope: Scope, label: str, shared: SharedEntry | None = None
) -> None:
    """A step that calls a block."""
    world, block = body.world, body.world.blocks[step.name.text]
    world.called.add(block.name.text)
    args = block_arguments(world, block, step, scope)
    value = _one_value(body, block, step)
    if not allowed(world, block, step.span):
        body.fail()
        return
    if args is None or value == BAD:
        if len(world.trace) < LOOKED:
            specialise(world, block, None, args or {}, step, None)
        body.fail()
        return
    type = body.builder.types[value]
    made = specialise(world, block, type, args, step, body.builder.made_at[value])
    if made.graph is None or made.output is None:
        body.fail()
        return
    if shared is not None and not _same_weights(world, shared, made, type, step.name.span):
        body.fail()
        return
    bindings = _bindings(made, args, type)
    names = {k: v for k, v in bindings if isinstance(v, int) and not isinstance(v, bool)}
    dims = tuple(rebase(d, names) if isinstance(d, int) else d for d in made.output.dims)
    body.current = body.builder.item(
        Call(made.graph, bindings),
        (value,),
        (TensorType(dims, made.output.dtype, made.output.time),),
        step.name.span,
        label=label,
        instance=shared.name if shared is not None else "",
    )
    body.several = False


def _one_value(body: Body, block: ast.Block, step: ast.Step) -> int:
    """The value that a block is called on; BAD after a message."""
    values = body.take(step.name.span)
    body.builder.used.update(v for v in values or () if v != BAD)
    if step.body is not None:
        body.world.sink.add(
            LATER.at(step.body.span, "bodies as arguments are planned; nnc 0.1 has none")
        )
        return BAD
    if len(block.pattern) > 1:
        body.world.sink.add(
            LATER.at(
                block.pattern[1].span, "blocks of several values are planned; nnc 0.1 has none"
            )
        )
        return BAD
    if values is None or len(values) == 1:
        return BAD if values is None else values[0]
    body.world.sink.add(
        SEVERAL_VALUES.at(
            step.name.span,
            f"`{block.name.text}` takes one value, and {len(values)} come",
            help="join them first: `-> concat` or `-> add`",
        )
    )
    return BAD


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
    made: Made, args: dict[str, Value], type: TensorType
) -> tuple[tuple[str, object], ...]:
    """The callee's parameter and dimension names with the caller's values."""
    assert made.graph is not None
    given: dict[str, object] = dict(args)
    sizes = made.graph.types[0].dims
    for have, seen in zip(type.dims, sizes):
        if isinstance(seen, Known) and isinstance(seen.source, str):
            given.setdefault(seen.source, have)
    return tuple((name, given.get(name, value)) for name, value in made.graph.params)


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
    if len(world.active) >= DEEPEST:
        world.sink.add(LIMIT.at(span, f"blocks are nested more than {DEEPEST} deep"))
        return False
    return True


def block_arguments(
    world: World, block: ast.Block, step: ast.Step, scope: Scope
) -> dict[str, Value] | None:
    """The values of a block's parameters, or None after a message."""
    names = tuple(p.name.text for p in block.params)
    placed = place(block.name.text, step.name.span, names, step.args or (), world.numbers)
    values: dict[str, Value] = {}
    ok = placed.ok
    for param in block.params:
        name = param.name.text
        arg = placed.values.get(name)
        value: Value
        given = arg.value if arg is not None else param.default
        if _is_step(world, given, scope if arg is not None else world.scope):
            assert given is not None
            value = world.numbers.say(
                LATER.at(given.span, "steps as parameters of blocks are planned; nnc 0.1 has none")
            )
        elif arg is not None:
            value = world.numbers.value(arg.value, scope)
            if isinstance(value, (LabelEntry, Family, SharedEntry)):
                value = world.numbers.say(
                    LATER.at(
                        arg.span, "values as parameters of blocks are planned; nnc 0.1 has none"
                    )
                )
        elif param.default is not None:
            # A default may use the parameters before it.
            inner = Scope(world.scope)
            for known, v in values.items():
                inner.declare(known, v, param.span, world.sink)
            value = world.numbers.value(param.default, inner)
        else:
            if placed.ok:
                world.sink.add(
                    MISSING_ARGUMENT.at(
                        step.name.span,
                        f"`{block.name.text}` needs `{name}`",
                        others=(Label(param.span, "it has no default"),),
                        help=f"add `{name}=...`",
                    )
                )
            ok = False
            value = UNKNOWN
        if isinstance(value, Unknown):
            ok = False
        values[name] = value
    return values if ok else None


def _is_step(world: World, e: ast.Expr | None, scope: Scope) -> bool:
    """A bare word that is a layer or block, and no name in reach."""
    return isinstance(e, ast.Ref) and e.text in world.step_names() and scope.find(e.text) is None


def _kind(value: Value) -> str:
    """Tells 1, 1.0 and true apart in a key, and Known from int not."""
    return "int" if type(value) is not bool and isinstance(value, int) else type(value).__name__


def specialise(
    world: World,
    block: ast.Block,
    type: TensorType | None,
    args: dict[str, Value],
    step: ast.Step | None,
    made_at: Span | None,
) -> Made:
    """The block's graph for these arguments and this input.

    Unknown ones are checked for names only.
    """
    key = (block.name.text, tuple((k, _kind(v), v) for k, v in args.items()), type)
    made = world.memo.get(key)
    if made is None:
        outer = world.trace
        if step is not None:
            world.trace = (*outer, Frame(step.span.text.split("\n")[0], step.span))
        world.active.append(block.name.text)
        made = world.memo[key] = _check_block(world, block, type, args, step, made_at)
        world.active.pop()
        world.trace = outer
    return made


def _check_block(
    world: World,
    block: ast.Block,
    type: TensorType | None,
    args: dict[str, Value],
    step: ast.Step | None,
    made_at: Span | None,
) -> Made:
    scope = Scope(world.scope)
    params: dict[str, object] = {}
    for param in block.params:
        name = param.name.text
        value = args.get(name, UNKNOWN)
        if isinstance(value, int) and not isinstance(value, bool):
            value = Known(int(value), name)
        scope.declare(name, value, param.name.span, world.sink)
        params[name] = value
    seen = _input_dims(world, block, type, scope, step, made_at)
    if seen is None:
        for t in block.pattern:
            for e in t.dims:
                if isinstance(e, ast.Ref) and scope.clash(e.text) is None:
                    scope.declare(e.text, UNKNOWN, e.span, world.sink)
    body = Body(world, block.name.text, block.span, scope, block.body, top=False)
    if seen is not None and type is not None:
        for size in seen:
            if isinstance(size, Known) and isinstance(size.source, str):
                params.setdefault(size.source, size)
        body.start(TensorType(seen, type.dtype, type.time), block.name.span)
    else:
        body.fail()
    output = body.run_block()
    if output is None:
        return Made(None, None)
    graph = replace(
        body.builder.graph(tuple(params.items()), block.doc), defaults=_plain_defaults(block)
    )
    return Made(graph, body.builder.types[output])


def _plain_defaults(block: ast.Block) -> tuple[tuple[str, int], ...]:
    """The parameters whose default is a number, for readers of what is generated."""
    return tuple(
        (p.name.text, p.default.value)
        for p in block.params
        if isinstance(p.default, ast.Number) and isinstance(p.default.value, int)
    )


def _input_dims(
    world: World,
    block: ast.Block,
    type: TensorType | None,
    scope: Scope,
    step: ast.Step | None,
    made_at: Span | None,
) -> tuple[Dim, ...] | None:
    """The input's sizes as the block sees them, bound by its pattern or under plain names."""
    if type is None:
        return None
    if not block.pattern:
        taken = {p.name.text for p in block.params}
        names = AXES.get(type.rank, tuple(f"size{i}" for i in range(type.rank)))
        return tuple(
            Known(int(d), n if n not in taken else f"input_{n}") if isinstance(d, int) else d
            for n, d in zip(names, type.dims)
        )
    wanted = block.pattern[0]
    dims = bind_pattern(wanted, type, scope, world.numbers, world.facts)
    if dims is None:
        others = [Label(wanted.span, "the block accepts this shape")]
        if made_at is not None:
            others.append(Label(made_at, f"the value is {type} from here on"))
        span = step.name.span if step is not None else block.span
        world.sink.add(
            WRONG_PATTERN.at(
                span,
                f"`{block.name.text}` takes {wanted.span.text}, and the value is {type}",
                others=tuple(others),
                help="call it on such a value, or write `...` for any number of axes",
                trace=world.trace[:-1],
            )
        )
    return dims
