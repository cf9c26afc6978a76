"""What each statement of a body does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc.check.formulas.formula import formula
from nnc.check.formulas.values import (
    BAD,
    Family,
    LabelEntry,
    SharedEntry,
    TakenName,
    Unknown,
    written,
)
from nnc.check.rules import (
    LIMIT,
    LOOSE_PATH,
    MISPLACED,
    NO_VALUE,
    OUTPUT_NAME,
    TAKEN_NAME,
    UNKNOWN_STEP,
    UNPACKING,
    VALUE_AS_STEP,
)
from nnc.check.scans.states import read_next
from nnc.check.scope import Scope
from nnc.check.steps.applying import per_sample
from nnc.check.steps.body import Body
from nnc.check.steps.control import run_control
from nnc.check.steps.marks import read_claim, read_marks
from nnc.check.steps.sources import read_source
from nnc.check.steps.step import run_step
from nnc.check.world import COMBINATORS, STEPS, World
from nnc.diagnostics import Diagnostic, Fix, Label, Refusal
from nnc.ir.graph import Port
from nnc.source import Span
from nnc.syntax import ast


def _loose_path(body: Body, statement: ast.Path, scope: Scope) -> None:
    """A `path` outside of a join."""
    body.damaged = True
    body.world.sink.add(
        LOOSE_PATH.at(
            statement.span,
            "a `path` stands directly in `add`, `concat` or `mul`",
            help="write `add { path { ... } path { ... } }`",
        )
    )


def _chain(body: Body, statement: ast.Chain, scope: Scope) -> None:
    """`conv(6, 5) -> relu`."""
    _links(body, statement.links, scope)


def _links(body: Body, links: tuple[ast.Link, ...], scope: Scope) -> None:
    """Steps one after the other, with their marks.

    Raises:
        Refusal: they are more than a check may take; said before the first is looked at.
    """
    if body.world.steps + len(links) > STEPS:
        raise Refusal(LIMIT.at(links[0].span, f"the network has more than {STEPS:,} steps"))
    for i, link in enumerate(links):
        step = link.step
        body.first_link = i == 0
        body.aside = ()
        if isinstance(step, ast.Step):
            body.named = _most_names(link.marks)
            run_step(body, step, scope, _own_label(link))
        else:
            run_control(body, step, scope, body.run)
            body.aside = ()
        read_marks(body, link.marks, scope, link.span)


def _from(body: Body, statement: ast.From, scope: Scope) -> None:
    """`from a, b -> concat`."""
    values: list[int] = []
    gathered = False
    for e in statement.values:
        found = formula(body, e, scope, _whole_label(statement))
        gathered = gathered or isinstance(found, Family)
        if isinstance(found, LabelEntry):
            values.append(found.value)
        elif isinstance(found, Family):
            values.extend(m.value for m in found.members.values())
        else:
            if isinstance(found, SharedEntry) or not isinstance(found, Unknown):
                body.world.sink.add(
                    VALUE_AS_STEP.at(
                        e.span,
                        f"`from` wants a value, and `{e.span.text}` is "
                        + (
                            "a shared step"
                            if isinstance(found, SharedEntry)
                            else "a list"
                            if isinstance(e, (ast.List, ast.Tuple))
                            else "a number"
                        ),
                        help="write them without brackets: `from "
                        + ", ".join(i.span.text for i in e.items)
                        + "`"
                        if isinstance(e, (ast.List, ast.Tuple))
                        else "",
                    )
                )
            values.append(BAD)
    if BAD in values:
        body.fail()
        body.builder.used.update(v for v in values if v != BAD)
    else:
        body.current, body.several = tuple(values), len(values) > 1
        body.gathered, body.aside = gathered, ()
    read_marks(body, statement.marks, scope, statement.span)
    _links(body, statement.links, scope)


def _named(body: Body, statement: ast.Named, scope: Scope) -> None:
    """`as x` at the beginning of a body."""
    if body.take(statement.span) is None:
        body.fail()
    body.aside = ()
    read_marks(body, (statement.mark,), scope, statement.span)
    _links(body, statement.links, scope)


def _let(body: Body, statement: ast.Let, scope: Scope) -> None:
    """`let wide = C * expand`."""
    value = body.world.numbers.value(statement.value, scope)
    declare_let(body.world, statement, value, scope)


def _shared(body: Body, statement: ast.Shared, scope: Scope) -> None:
    """`shared words = embedding(50257, 768)`."""
    word = statement.step.name.text
    if word in COMBINATORS or word in ("add", "concat", "mul"):
        body.world.sink.add(_no_shared(statement.step.name))
        scope.declare(statement.name.text, Unknown(), statement.name.span, body.world.sink)
        return
    if word not in body.world.step_names():
        body.world.sink.add(body.world.unknown_step(statement.step.name))
        scope.declare(statement.name.text, Unknown(), statement.name.span, body.world.sink)
        return
    name = statement.name
    if name.text in body.world.step_names() and name.text not in body.world.networks:
        kind = "block" if name.text in body.world.blocks else "layer"
        help = f"call the shared step otherwise, such as `my_{name.text}`"
        body.world.sink.add(TAKEN_NAME.at(name.span, f"`{name.text}` is a {kind}", help=help))
        scope.declare(name.text, TakenName(), name.span, body.world.sink)
        return
    entry = SharedEntry(statement.name.text, statement.step, scope, body.defaults)
    scope.declare(statement.name.text, entry, statement.name.span, body.world.sink)


def _no_shared(word: ast.Ident) -> Diagnostic:
    return UNKNOWN_STEP.at(
        word.span,
        f"`shared` names a layer or a block, and `{word.text}` is neither",
        help=f"put it into a block, `block both {{ {word.text} {{ ... }} }}`, and share the block",
    )


def _output(body: Body, statement: ast.Output, scope: Scope) -> None:
    """`output digit: [10]`."""
    name = statement.name.name.text
    if not body.top or scope is not body.scope:
        body.damaged = True
        message = "`output` stands at the top of a network's body"
        help = (
            "write it behind these braces" if body.top else f"a {body.kind} gives its current value"
        )
        if not body.world.is_open(statement.span):
            body.world.sink.add(MISPLACED.at(statement.span, message, help=help))
        return
    values = body.take(statement.span)
    if statement.type is not None:
        read_claim(body, statement.type, scope)
    if values is None:
        return
    if len(values) > 1:
        body.damaged = True
        body.world.sink.add(
            NO_VALUE.at(
                statement.span,
                "several values are current; `output` gives one",
                help="join them first: `-> concat` or `-> add`",
            )
        )
        return
    body.builder.used.add(values[0])
    value = per_sample(body, values[0], (), statement.span)
    if name in body.outputs:
        body.damaged = True
        body.world.sink.add(
            TAKEN_NAME.at(
                statement.name.span,
                f"there is an output `{name}` already",
                others=(Label(body.outputs[name], "here"),),
            )
        )
        return
    entry = scope.find(name)
    if entry is not None and not _is_value(entry.value, values[0]):
        body.damaged = True
        body.world.sink.add(_other_value(statement, entry.span))
        return
    body.outputs[name] = statement.name.span
    if value != BAD:
        body.builder.used.add(value)
        body.builder.outputs.append(Port(name, value, statement.name.span))
    elif values[0] != BAD:
        body.damaged = True


def _budget(body: Body, statement: ast.Budget, scope: Scope) -> None:
    """Held against the network when that is whole."""
    top = body.top and scope is body.scope
    if top and statement.network is None:
        return
    body.world.sink.add(
        MISPLACED.at(
            statement.network.span if top and statement.network else statement.span,
            "a budget in a network is the network's own"
            if top
            else "`budget` stands at the top of a network's body",
            help="leave out the name" if top else "it bounds the network as a whole",
            fix=Fix(statement.network.span, "") if top and statement.network else None,
        )
    )


def _defaults(body: Body, statement: ast.Defaults, scope: Scope) -> None:
    """Read before the body began."""


def declare_let(world: World, statement: ast.Let, value: object, scope: Scope) -> None:
    """Gives a `let` its names."""
    names = statement.names
    values: tuple[object, ...] = (value,)
    if isinstance(value, Unknown):
        values = (value,) * len(names)
    elif len(names) > 1:
        if not isinstance(value, tuple) or len(value) != len(names):
            world.sink.add(
                UNPACKING.at(
                    statement.value.span,
                    f"{len(names)} names want a tuple of {len(names)} values",
                    label=f"this is {written(value)}",
                )
            )
            value = (Unknown(),) * len(names)
        values = value
    for name, one in zip(names, values):
        if isinstance(one, (LabelEntry, Family)):
            world.sink.add(
                VALUE_AS_STEP.at(
                    statement.value.span,
                    "`let` names numbers; values get their names by `as`",
                    help=f"write `as {name.text}` after the step that makes it",
                )
            )
            one = Unknown()
        scope.declare(name.text, one, name.span, world.sink)  # type: ignore[arg-type]


def _whole_label(statement: ast.From) -> str:
    """The plain label of what a `from` of one value gives, which names its place."""
    one = len(statement.values) == 1 and not isinstance(statement.values[0], ast.Ref)
    return _plain_label(statement.marks) if one else ""


def _own_label(link: ast.Link) -> str:
    """The plain label of a step's own value, which names its place."""
    return _plain_label(link.marks)


def _plain_label(marks: tuple[ast.Mark, ...]) -> str:
    for mark in marks:
        if isinstance(mark, ast.As) and not mark.names[0].index:
            return mark.names[0].name.text
    return ""


def _most_names(marks: tuple[ast.Mark, ...]) -> int:
    """How many values `as` names."""
    return max((len(mark.names) for mark in marks if isinstance(mark, ast.As)), default=0)


def _is_value(entry: object, value: int) -> bool:
    if isinstance(entry, Unknown):
        return True
    return isinstance(entry, LabelEntry) and (entry.value == value or BAD in (entry.value, value))


def _other_value(statement: ast.Output, span: Span) -> Diagnostic:
    name = statement.name.name.text
    return OUTPUT_NAME.at(
        statement.name.span,
        f"`{name}` names another value than the current one",
        others=(Label(span, "declared here"),),
        help=f"write `from {name}` before, or choose another name for the output",
    )


STATEMENTS: dict[type, Callable[[Body, Any, Scope], None]] = {
    ast.Chain: _chain,
    ast.From: _from,
    ast.Named: _named,
    ast.Let: _let,
    ast.Shared: _shared,
    ast.SourceDecl: read_source,
    ast.Output: _output,
    ast.Path: _loose_path,
    ast.Next: read_next,
    ast.Budget: _budget,
    ast.Defaults: _defaults,
}
