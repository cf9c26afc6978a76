"""What a call hands to a block: numbers, values, steps, and what stands in its braces."""

from __future__ import annotations

from nnc.check.arguments.bind import place
from nnc.check.blocks.passing import capture, names_read, nodes
from nnc.check.formulas.formula import formula
from nnc.check.formulas.values import (
    BAD,
    UNKNOWN,
    Family,
    LabelEntry,
    Passed,
    SharedEntry,
    Unknown,
    Value,
    written,
)
from nnc.check.rules import (
    MISSING_ARGUMENT,
    NO_BODY,
    STEP_AS_VALUE,
    VALUE_AS_STEP,
    WRONG_KIND,
)
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Fix, Label
from nnc.layers import LAYERS
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast

BODY = "body"


class Handed(Record):
    """The arguments of one call, by parameter.

    Args:
        numbers: and other static values.
        values: numbers of the caller's values.
        steps: steps and, as `body`, the braces; None stands for a parameter's default.
    """

    numbers: dict[str, Value]
    values: dict[str, int]
    steps: dict[str, Passed | None]


def wants_braces(world: World, block: ast.Block) -> bool:
    """Whether `body` stands in the block."""
    return used_as_step(world, block, BODY)


def handed(body: Body, block: ast.Block, step: ast.Step, scope: Scope) -> Handed | None:
    """What a call hands to a block, or None after a message."""
    world = body.world
    names = tuple(p.name.text for p in block.params)
    placed = place(block.name.text, step.name.span, names, step.args or (), world.numbers)
    found = Handed({}, {}, {})
    ok = _braces(body, block, step, scope, found) and placed.ok
    for param in block.params:
        arg = placed.values.get(param.name.text)
        if arg is None and (param.type is not None or param.default is None):
            if placed.ok:
                world.sink.add(_missing(block, param, step))
            ok = False
            found.numbers[param.name.text] = UNKNOWN
        elif arg is not None and param.type is not None:
            ok = _value(body, param, arg, scope, found) and ok
        elif arg is None:
            ok = _default(world, block, param, found) and ok
        else:
            ok = _argument(body, block, param, arg, scope, found) and ok
    return found if ok else None


def _missing(block: ast.Block, param: ast.Param, step: ast.Step) -> Diagnostic:
    name = param.name.text
    return MISSING_ARGUMENT.at(
        step.name.span,
        f"`{block.name.text}` needs `{name}`",
        others=(Label(param.span, "it has no default"),),
        help=f"add `{name}=...`" + (", the label of a value" if param.type is not None else ""),
    )


def _braces(body: Body, block: ast.Block, step: ast.Step, scope: Scope, found: Handed) -> bool:
    """What stands in braces after the call, where the block has `body`."""
    world, name = body.world, block.name.text
    wanted = wants_braces(world, block)
    if step.body is not None and wanted:
        found.steps[BODY] = capture(body, step.body, scope)
        return True
    if step.body is not None:
        world.sink.add(
            NO_BODY.at(
                step.body.span,
                f"`{name}` takes no braces",
                others=(Label(block.name.span, "its block has no `body`"),),
                help="remove the braces, or write `body` in the block, where their steps go",
            )
        )
        return False
    if wanted:
        end = Span(step.span.source, step.span.end, step.span.end)
        world.sink.add(
            NO_BODY.at(
                step.name.span,
                f"`{name}` wants braces with its steps",
                others=(Label(block.name.span, "it has a `body`"),),
                help=f"write `{step.span.text.split(chr(10))[0]} {{ ... }}`",
                fix=Fix(end, " { }"),
            )
        )
        return False
    return True


def _value(body: Body, param: ast.Param, arg: ast.Arg, scope: Scope, found: Handed) -> bool:
    """A value for `skip: [S, H, W]`."""
    name = param.name.text
    value = formula(body, arg.value, scope)
    if isinstance(value, LabelEntry):
        found.values[name] = value.value
        if value.value != BAD:
            body.builder.used.add(value.value)
        return value.value != BAD
    found.values[name] = BAD
    if not isinstance(value, Unknown):
        several = isinstance(value, Family)
        body.world.sink.add(
            VALUE_AS_STEP.at(
                arg.value.span,
                f"`{name}` takes a value"
                + (
                    ", and a family holds several" if several else f", and this is {written(value)}"
                ),
                others=(Label(param.span, "declared with a type"),),
                help=f"pick one: `{arg.value.span.text}[...]`"
                if several
                else "name the value with `as h`, and give `h`",
            )
        )
    return False


def _default(world: World, block: ast.Block, param: ast.Param, found: Handed) -> bool:
    """What a parameter is without an argument; it may use the parameters before it."""
    assert param.default is not None
    name, inner = param.name.text, Scope(world.home(block.span).scope)
    for known, v in found.numbers.items():
        inner.declare(known, v, param.span, world.sink)
    e = param.default
    if is_step(world, e, inner) or (isinstance(e, ast.Ref) and e.text in found.steps):
        found.steps[name] = None
        return True
    found.numbers[name] = value = world.numbers.value(e, inner)
    return not isinstance(value, Unknown)


def _argument(
    body: Body, block: ast.Block, param: ast.Param, arg: ast.Arg, scope: Scope, found: Handed
) -> bool:
    """A number, or a step for a parameter that is used as one."""
    world, name = body.world, param.name.text
    home = world.home(block.span).scope
    by_default = param.default is not None and is_step(world, param.default, home)
    takes = by_default or used_as_step(world, block, name)
    if is_step(world, arg.value, scope):
        if not (takes or _passes_on(world, block, name) or _tied_to(world, block, name)):
            world.sink.add(
                STEP_AS_VALUE.at(
                    arg.value.span,
                    f"`{arg.value.span.text}` is a step; `{name}` is not used as one",
                )
            )
            found.numbers[name] = UNKNOWN
            return False
        found.steps[name] = passed_step(body, arg.value, scope)
        return True
    found.numbers[name] = value = world.numbers.value(arg.value, scope)
    if isinstance(value, (LabelEntry, Family)):
        world.sink.add(
            WRONG_KIND.at(
                arg.value.span,
                f"`{name}` takes no value of the network",
                others=(Label(param.span, "a value's parameter has a type"),),
                help=f"declare it as `{name}: [C, H, W]` in the block",
            )
        )
    elif takes and not isinstance(value, Unknown):
        world.sink.add(
            WRONG_KIND.at(
                arg.value.span,
                f"`{name}` takes a step, such as `relu`",
                label=f"this is {written(value)}",
                others=(Label(param.span, "used as a step in its block"),),
                help=f"write `{value}`" if value in LAYERS else "",
                fix=Fix(arg.value.span, str(value)) if value in LAYERS else None,
            )
        )
    else:
        return not isinstance(value, Unknown)
    found.numbers[name] = UNKNOWN
    return False


def is_step(world: World, e: ast.Expr, scope: Scope) -> bool:
    """A layer or block by name, with arguments or without, or a name that stands for a step."""
    if isinstance(e, ast.Call):
        return e.name.text in world.step_names() and e.name.text not in ("min", "max")
    if not isinstance(e, ast.Ref) or len(e.names) > 1:
        return False
    entry = scope.find(e.text)
    if entry is None:
        return e.text in world.step_names()
    return isinstance(entry.value, (Passed, SharedEntry))


def passed_step(body: Body, e: ast.Expr, scope: Scope) -> Passed:
    """The step that an expression stands for."""
    assert isinstance(e, (ast.Ref, ast.Call))
    if isinstance(e, ast.Ref):
        entry = scope.find(e.text)
        if entry is not None and isinstance(entry.value, Passed):
            return entry.value
        step = body.world.steps_of.setdefault(id(e), ast.Step(e.span, e.names[0], None, None))
    else:
        step = body.world.steps_of.setdefault(id(e), ast.Step(e.span, e.name, e.args, None))
    return capture(body, step, scope)


def used_as_step(world: World, block: ast.Block, name: str) -> bool:
    """Whether a step of that name stands in the block."""
    return any(step.name.text == name for step in steps_in(world, block))


def _passes_on(world: World, block: ast.Block, name: str) -> bool:
    """Whether the block hands a parameter to another block."""
    return any(
        name in names_read(world, arg.value)
        for step in steps_in(world, block)
        if step.name.text in world.blocks
        for arg in step.args or ()
    )


def _tied_to(world: World, block: ast.Block, name: str) -> bool:
    """Whether a layer of the block has the weight of the step that a parameter stands for."""
    return any(
        arg.name is not None and arg.name.text == "tie" and name in names_read(world, arg.value)
        for step in steps_in(world, block)
        for arg in step.args or ()
    )


def steps_in(world: World, block: ast.Block) -> tuple[ast.Step, ...]:
    """All steps that stand in a block."""
    known = world.steps_within.get(id(block))
    if known is None:
        known = world.steps_within[id(block)] = tuple(
            one for one in nodes(block.body) if isinstance(one, ast.Step)
        )
    return known
