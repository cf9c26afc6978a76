"""Walks the statements of a network or block and builds its graph."""

from __future__ import annotations

from nnc.check.arguments import Given
from nnc.check.control import run_control
from nnc.check.rules import (
    LATER,
    LOOSE_PATH,
    MISPLACED,
    NO_OUTPUT,
    NO_VALUE,
    OUTPUT_NAME,
    TAKEN_NAME,
    UNPACKING,
    UNUSED_INPUT,
    UNUSED_VALUE,
    VALUE_AS_STEP,
    WRONG_CLAIM,
)
from nnc.check.scope import Scope
from nnc.check.steps import run_step
from nnc.check.types import input_type, matches, padded, pattern, pattern_text
from nnc.check.values import BAD, Family, LabelEntry, SharedEntry, Unknown, written
from nnc.check.world import Defaults, Pending, World
from nnc.diagnostics import Diagnostic, Fix, Label
from nnc.ir.graph import Port
from nnc.ir.types import TensorType
from nnc.source import Span
from nnc.syntax import ast
from nnc.check.builder import Builder
from nnc.check.defaults import gather, innermost

PLANNED_SOURCES = ("weight", "constant", "noise", "state", "latent", "condition", "domain")


class Body:
    """A body in progress.

    `current` are the values that the next step takes (None: there is none); `several` says that they
    came from `from a, b`. `damaged` bodies had a mistake: they stay silent about unused values.
    """

    def __init__(
        self, world: World, name: str, span: Span, scope: Scope, body: ast.Body, *, top: bool
    ) -> None:
        self.world, self.scope, self.body, self.top = world, scope, body, top
        self.builder = Builder(name, span)
        self.current: tuple[int, ...] | None = None
        self.several = False
        self.first_link = False
        self.damaged = False
        self.outputs: dict[str, Span] = {}
        self.sole_input = sum(_inputs(s) for s in body.statements) == 1
        self.defaults: tuple[Defaults, ...] = (gather(world, body, scope), world.defaults)

    # --- current values -------------------------------------------------------------------------------

    def start(self, type: TensorType, span: Span) -> None:
        """The one input of a block."""
        self.current = (self.builder.input("x", type, span),)

    def fail(self) -> None:
        """A step failed and was reported: what follows has no value."""
        self.damaged = True
        self.current = (BAD,)
        self.several = False

    def take(self, span: Span) -> tuple[int, ...] | None:
        """The current values for a step, or None after a message."""
        if self.current is None:
            inputs = ", ".join(p.name for p in self.builder.inputs)
            self.damaged = True
            self.world.sink.add(
                NO_VALUE.at(
                    span,
                    "there is no current value here",
                    help=f"say which one to go on from: `from {self.builder.inputs[0].name}`"
                    if inputs
                    else "begin with an input: `input x: [3, 32, 32]`",
                )
            )
            return None
        return self.current

    def defaults_of(self, word: str) -> dict[str, Given] | None:
        """The default arguments that hold here for a layer."""
        return innermost(self.defaults, word)

    # --- statements -----------------------------------------------------------------------------------

    def run(self, body: ast.Body, scope: Scope) -> None:
        """All statements of a body."""
        for statement in body.statements:
            self.builder.statement += 1
            _RUN[type(statement)](self, statement, scope)
        self.damaged = self.damaged or self.world.is_damaged(body.span)

    def run_inner(
        self, body: ast.Body, scope: Scope, inside: str, start: tuple[int, ...] | None
    ) -> int | None:
        """Statements in a scope of their own, from `start`; gives their one value or None."""
        inner = Scope(scope, inside=inside)
        self.current, self.several = start, start is not None and len(start) > 1
        self.run(body, inner)
        inner.end()
        if self.current is None or len(self.current) != 1:
            self.take(body.span)
            return None
        return None if self.current[0] == BAD else self.current[0]

    def run_paths(
        self, body: ast.Body, scope: Scope, start: tuple[int, ...]
    ) -> tuple[list[int], list[Span]]:
        """The paths of a join: the value of each, and where it stands."""
        results: list[int] = []
        spans: list[Span] = []

        def paths(body: ast.Body, scope: Scope) -> None:
            for statement in body.statements:
                self.builder.statement += 1
                if isinstance(statement, ast.Path):
                    value = self.run_inner(statement.body, scope, "path", start)
                    results.append(BAD if value is None else value)
                    spans.append(statement.span)
                elif isinstance(statement, ast.Let):
                    self.let(statement, scope)
                elif _control_only(statement):
                    assert isinstance(statement, ast.Chain)
                    run_control(self, statement.links[0].step, scope, paths)
                else:
                    self.damaged = True
                    self.world.sink.add(
                        LOOSE_PATH.at(
                            statement.span,
                            "only paths stand here",
                            help="put these steps into `path { ... }`",
                        )
                    )

        paths(body, scope)
        if not results and not self.world.is_damaged(body.span):
            self.damaged = True
            self.world.sink.add(
                LOOSE_PATH.at(
                    body.span, "there are no paths to join", help="write `path { ... }` for each branch"
                )
            )
        return results, spans

    def loose_path(self, statement: ast.Path, scope: Scope) -> None:
        """A `path` outside of a join."""
        self.damaged = True
        self.world.sink.add(
            LOOSE_PATH.at(
                statement.span,
                "a `path` stands directly in `add`, `concat` or `mul`",
                help="write `add { path { ... } path { ... } }`",
            )
        )

    def chain(self, statement: ast.Chain, scope: Scope) -> None:
        """`conv(6, 5) -> relu`."""
        self.links(statement.links, scope)

    def links(self, links: tuple[ast.Link, ...], scope: Scope) -> None:
        """Steps one after the other, with their marks."""
        for i, link in enumerate(links):
            step = link.step
            self.first_link = i == 0
            if isinstance(step, ast.Step):
                run_step(self, step, scope, _own_label(link))
            else:
                run_control(self, step, scope, self.run)
            self.marks(link.marks, scope, link.span)

    def marks(self, marks: tuple[ast.Mark, ...], scope: Scope, span: Span) -> None:
        """Labels and claims on the current value."""
        for mark in marks:
            if isinstance(mark, ast.Claim):
                self.claim(mark.type, scope)
            else:
                self.label(mark, scope, span)

    def label(self, mark: ast.As, scope: Scope, span: Span) -> None:
        """`as h`, `as out, h, c`, `as skip[c]`."""
        values = self.take(span)
        if values is None:
            values = (BAD,)
        if len(mark.names) > 1 and values != (BAD,) and len(values) != len(mark.names):
            self.world.sink.add(
                UNPACKING.at(mark.span, f"{len(mark.names)} names for {_count(len(values))} of the step")
            )
            self.damaged = True
            values = (BAD,)
        if values == (BAD,):
            values = (BAD,) * len(mark.names)
        for name, value in zip(mark.names, values):
            if name.index:
                self.family_member(name, value, scope)
            else:
                scope.declare(name.name.text, LabelEntry(value, name.span), name.span, self.world.sink)

    def family_member(self, name: ast.LabelName, value: int, scope: Scope) -> None:
        """`as skip[c]`."""
        index = tuple(self.world.numbers.value(e, scope) for e in name.index)
        family = scope.family(name.name.text, name.span)
        if any(isinstance(i, Unknown) for i in index):
            return
        if family is None:
            self.world.sink.add(
                TAKEN_NAME.at(name.span, f"`{name.name.text}` is no family", help="choose another name")
            )
        elif index in family.members and value != BAD:
            self.world.sink.add(
                TAKEN_NAME.at(
                    name.span,
                    f"`{name.name.text}[{written(index)[1:-1]}]` is made twice",
                    help="give each turn of the loop its own index",
                )
            )
        else:
            family.members[index] = LabelEntry(value, name.span)

    def claim(self, t: ast.Type, scope: Scope) -> None:
        """A shape written after a step."""
        want = pattern(t, scope, self.world.numbers)
        if want is None or self.current is None or self.current[0] == BAD:
            return
        have = self.builder.types[self.current[0]]
        if matches(want, have, self.world.facts) and (t.kind == "token") == (have.dtype == "int64"):
            return
        made = self.builder.made_at[self.current[0]]
        diagnostic = WRONG_CLAIM.at(
            t.span,
            f"the value is {have}, not {pattern_text(want)}",
            others=() if made == t.span else (Label(made, f"this step makes {have}"),),
            fix=Fix(t.span, str(have)) if all(isinstance(d, int) for d in have.dims) else None,
            help=f"write `{have}`, or change the steps before it",
            trace=self.world.trace,
        )
        if have.rank == len(want) and any(not isinstance(d, int) for d in have.dims):
            self.world.pending.append(Pending(want, have, diagnostic))
        else:
            self.world.sink.add(diagnostic)

    def from_(self, statement: ast.From, scope: Scope) -> None:
        """`from a, b -> concat`."""
        values: list[int] = []
        for e in statement.values:
            if isinstance(e, ast.Call):
                found = self.world.numbers.call(e, scope, ())
            else:
                found = self.world.numbers.value(e, scope)  # type: ignore[assignment]
            if isinstance(found, LabelEntry):
                values.append(found.value)
            elif isinstance(found, Family):
                values.extend(m.value for m in found.members.values())
            else:
                if isinstance(found, SharedEntry) or not isinstance(found, Unknown):
                    self.world.sink.add(
                        VALUE_AS_STEP.at(
                            e.span,
                            f"`from` wants a value, and `{e.span.text}` is "
                            + ("a shared step" if isinstance(found, SharedEntry) else "a number"),
                        )
                    )
                values.append(BAD)
        if BAD in values:
            self.fail()
            self.builder.used.update(v for v in values if v != BAD)
        else:
            self.current, self.several = tuple(values), len(values) > 1
            self.builder.used.update(values)
        self.marks(statement.marks, scope, statement.span)
        self.links(statement.links, scope)

    def let(self, statement: ast.Let, scope: Scope) -> None:
        """`let wide = C * expand`."""
        value = self.world.numbers.value(statement.value, scope)
        declare_let(self.world, statement, value, scope)

    def shared(self, statement: ast.Shared, scope: Scope) -> None:
        """`shared words = embedding(50257, 768)`."""
        word = statement.step.name.text
        if word not in self.world.step_names() or word in ("residual", "scale", "add", "concat", "mul"):
            self.world.sink.add(self.world.unknown_step(statement.step.name))
            scope.declare(statement.name.text, Unknown(), statement.name.span, self.world.sink)
            return
        entry = SharedEntry(statement.name.text, statement.step)
        scope.declare(statement.name.text, entry, statement.name.span, self.world.sink)

    def source(self, statement: ast.SourceDecl, scope: Scope) -> None:
        """`input image: [1, 28, 28]`."""
        kind = statement.kind.text
        if kind in PLANNED_SOURCES:
            self.damaged = True
            self.world.sink.add(LATER.at(statement.span, f"`{kind}` is planned; nnc 0.1 has `input`"))
            for name in statement.names:
                scope.declare(name.text, LabelEntry(BAD, name.span), name.span, self.world.sink)
            return
        if not self.top or scope is not self.scope:
            self.damaged = True
            self.world.sink.add(
                MISPLACED.at(
                    statement.span,
                    f"`{kind}` stands at the top of a network's body",
                    help="a block's input is the value it is called on" if not self.top else "",
                )
            )
            return
        padded(statement, self.world.numbers)
        type = input_type(statement.type, scope, self.world.numbers, self.world.facts)
        for name in statement.names:
            number = BAD
            if type is None:
                self.damaged = True
            else:
                number = self.builder.input(name.text, type, name.span)
            scope.declare(name.text, LabelEntry(number, name.span), name.span, self.world.sink)
            if self.sole_input:
                self.current = (number,)

    def output(self, statement: ast.Output, scope: Scope) -> None:
        """`output digit: [10]`."""
        name = statement.name.name.text
        if not self.top or scope is not self.scope:
            self.damaged = True
            self.world.sink.add(
                MISPLACED.at(
                    statement.span,
                    "`output` stands at the top of a network's body",
                    help="a block gives its current value" if not self.top else "",
                )
            )
            return
        values = self.take(statement.span)
        if statement.type is not None:
            self.claim(statement.type, scope)
        if values is None:
            return
        if len(values) > 1:
            self.damaged = True
            self.world.sink.add(
                NO_VALUE.at(statement.span, "several values are current; `output` gives one", help="")
            )
            return
        if name in self.outputs:
            self.world.sink.add(
                TAKEN_NAME.at(
                    statement.name.span,
                    f"there is an output `{name}` already",
                    others=(Label(self.outputs[name], "here"),),
                )
            )
            return
        entry = scope.find(name)
        if entry is not None and not _is_value(entry.value, values[0]):
            self.world.sink.add(_other_value(statement, entry.span))
            return
        self.outputs[name] = statement.name.span
        self.builder.used.add(values[0])
        if values[0] != BAD:
            self.builder.outputs.append(Port(name, values[0], statement.name.span))

    def planned(self, statement: ast.Next | ast.Budget, scope: Scope) -> None:
        """Statements of later versions."""
        self.damaged = True
        word = "next" if isinstance(statement, ast.Next) else "budget"
        self.world.sink.add(LATER.at(statement.span, f"`{word}` is planned; nnc 0.1 has none"))

    def defaults_statement(self, statement: ast.Defaults, scope: Scope) -> None:
        """Read before the body began."""

    # --- ends -----------------------------------------------------------------------------------------

    def run_block(self) -> int | None:
        """A block's statements; the value that it gives, or None when it failed."""
        self.run(self.body, self.scope)
        if self.current is None or self.current == (BAD,) or self.damaged:
            return None
        if len(self.current) > 1:
            self.world.sink.add(
                NO_VALUE.at(self.builder.span, "a block gives one value", help="join the values first")
            )
            return None
        self.builder.used.add(self.current[0])
        self.builder.outputs.append(Port("y", self.current[0]))
        self.unused()
        return None if self.damaged else self.current[0]

    def run_network(self) -> bool:
        """A network's statements; whether it is whole."""
        self.run(self.body, self.scope)
        if not self.outputs and not self.damaged:
            self.damaged = True
            end = Span(self.body.span.source, self.body.span.end - 1, self.body.span.end)
            self.world.sink.add(
                NO_OUTPUT.at(
                    end,
                    f"the network `{self.builder.name}` has no output",
                    help="name what it gives at its end: `output label`",
                )
            )
        if not self.damaged:
            self.unused()
        return not self.damaged

    def unused(self) -> None:
        """Values that nothing uses."""
        for port in self.builder.inputs:
            if port.value not in self.builder.used and self.top:
                self.damaged = True
                self.world.sink.add(
                    UNUSED_INPUT.at(
                        port.span,
                        f"nothing reads the input `{port.name}`",
                        help=f"use it: `from {port.name}`, or remove it",
                    )
                )
        for item in self.builder.items:
            if not any(v in self.builder.used for v in item.outputs):
                self.damaged = True
                self.world.sink.add(
                    UNUSED_VALUE.at(
                        item.span,
                        f"nothing uses the value of this `{item.op.word}`",
                        help="a `from` after it starts elsewhere; join it, give it out, or remove it",
                        trace=self.world.trace,
                    )
                )
        for name, entry in self.scope.names.items():
            if isinstance(entry.value, SharedEntry) and entry.value.uses == 0:
                self.damaged = True
                self.world.sink.add(
                    UNUSED_VALUE.at(entry.span, f"nothing uses the shared step `{name}`")
                )


def declare_let(world: World, statement: ast.Let, value: object, scope: Scope) -> None:
    """Gives a `let` its names."""
    names = statement.names
    values: tuple[object, ...] = (value,)
    if isinstance(value, Unknown):
        values = (value,) * len(names)
    elif len(names) > 1:
        if not isinstance(value, tuple) or len(value) != len(names):
            world.sink.add(UNPACKING.at(statement.span, f"{len(names)} names want {len(names)} values"))
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


def _count(n: int) -> str:
    return "one value" if n == 1 else f"{n} values"


def _inputs(statement: ast.Statement) -> int:
    """How many inputs a statement declares."""
    return len(statement.names) if isinstance(statement, ast.SourceDecl) else 0


def _own_label(link: ast.Link) -> str:
    """The plain label of a step's own value, which names its place."""
    for mark in link.marks:
        if isinstance(mark, ast.As) and not mark.names[0].index:
            return mark.names[0].name.text
    return ""


def _control_only(statement: ast.Statement) -> bool:
    """A lone `for`, `if` or `repeat` without marks."""
    return (
        isinstance(statement, ast.Chain)
        and len(statement.links) == 1
        and not isinstance(statement.links[0].step, ast.Step)
        and not statement.links[0].marks
    )


def _is_value(entry: object, value: int) -> bool:
    return isinstance(entry, LabelEntry) and (entry.value == value or BAD in (entry.value, value))


def _other_value(statement: ast.Output, span: Span) -> Diagnostic:
    name = statement.name.name.text
    return OUTPUT_NAME.at(
        statement.name.span,
        f"`{name}` names another value than the current one",
        others=(Label(span, "declared here"),),
        help=f"write `from {name}` before, or choose another name for the output",
    )


_RUN = {
    ast.Chain: Body.chain,
    ast.From: Body.from_,
    ast.Let: Body.let,
    ast.Shared: Body.shared,
    ast.SourceDecl: Body.source,
    ast.Output: Body.output,
    ast.Path: Body.loose_path,
    ast.Next: Body.planned,
    ast.Budget: Body.planned,
    ast.Defaults: Body.defaults_statement,
}
