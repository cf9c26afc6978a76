"""A network's or block's body in progress.

The current values, and the graph that they grow into.
"""

from __future__ import annotations

import re

from nnc.check.arguments.bind import Given
from nnc.check.arguments.defaults import gather, innermost
from nnc.check.formulas.values import BAD, Defaults, State
from nnc.check.rules import NO_INPUT, NO_OUTPUT, NO_VALUE
from nnc.check.scope import Scope
from nnc.check.steps.builder import Builder
from nnc.check.steps.unused import report_unused
from nnc.check.world import World
from nnc.ir.graph import Port
from nnc.ir.types import TensorType
from nnc.source import Span
from nnc.syntax import ast


class Body:
    """A body in progress.

    `current` are the values that the next step takes (None: there is none); `several` says that
    they came from `from a, b`, `gathered` that they are the members of a family. `aside` are all
    values that the step at hand gives, of which the first are current: `as` may name the others.
    `named`: how many names stand behind it. `handed`: the block was given steps or braces.
    `states` are those of a scan; None where the body is of none. `damaged` bodies had a mistake:
    they stay silent about unused values.
    """

    def __init__(
        self,
        world: World,
        name: str,
        span: Span,
        scope: Scope,
        body: ast.Body,
        *,
        top: bool,
        builder: Builder | None = None,
    ) -> None:
        """`builder`: of the caller, where the body's steps become steps of the caller's graph."""
        self.world, self.scope, self.body, self.top = world, scope, body, top
        self.builder = builder or Builder(name, span)
        self.current: tuple[int, ...] | None = None
        self.several = False
        self.aside: tuple[int, ...] = ()  # the results of a step of which the first went on
        self.gathered = False
        self.named = 0
        self.states: dict[str, State] | None = None
        self.given: dict[str, int] = {}  # values of the caller that its states start from
        self.first_link = False
        self.damaged = False
        self.handed = False
        self.outputs: dict[str, Span] = {}
        self.sole_input = sum(_inputs(s) for s in body.statements) == 1
        self.defaults: tuple[Defaults, ...] = (
            gather(world, body, scope),
            world.home(span).defaults,
        )

    def start(self, types: tuple[TensorType, ...], span: Span) -> None:
        """The values that a block is called on."""
        inputs = (self.builder.input(n, t, span) for n, t in zip(input_names(len(types)), types))
        self.current = tuple(inputs)
        self.several = len(self.current) > 1

    @property
    def kind(self) -> str:
        """What it is the body of."""
        return "network" if self.top else "block" if self.states is None else "scan"

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
            rule = NO_VALUE if inputs else NO_INPUT
            self.world.sink.add(
                rule.at(
                    span,
                    "there is no current value here",
                    help=f"say which one to go on from: `from {self.builder.inputs[0].name}`"
                    if inputs
                    else "the input stands first: move it to the top"
                    if re.search(r"^[^{}]*\binput\s+\w+", span.source.text[span.end :])
                    else "begin with an input: `input x: [3, 32, 32]`",
                )
            )
            return None
        return self.current

    def defaults_of(self, word: str) -> dict[str, Given] | None:
        """The default arguments that hold here for a layer."""
        return innermost(self.defaults, word)

    def run(self, body: ast.Body, scope: Scope) -> None:
        """All statements of a body."""
        end = body.span.start
        gaps = self.world.home(body.span).file.gaps
        for statement in body.statements:
            if gaps and self.world.home(body.span).file.left_out(end, statement.span.start):
                self.fail()  # what flows here is unknown
            end = statement.span.end
            self.builder.statement += 1
            self.world.actions[type(statement)](self, statement, scope)
        self.damaged = self.damaged or self.world.is_damaged(body.span)

    def run_inner(
        self, body: ast.Body, scope: Scope, inside: str, start: tuple[int, ...] | None
    ) -> int | None:
        """Statements in a scope of their own, from `start`; gives their one value or None."""
        inner = Scope(scope, inside=inside)
        self.current, self.several = start, start is not None and len(start) > 1
        self.run(body, inner)
        inner.end()
        if self.current is None:
            self.take(body.span)
            return None
        if len(self.current) != 1:
            self.world.sink.add(
                NO_VALUE.at(
                    body.span, f"{len(self.current)} values come out here", help="join them first"
                )
            )
            return None
        return None if self.current[0] == BAD else self.current[0]

    def run_block(self) -> int | None:
        """A block's statements; the value that it gives, or None when it failed."""
        self.run(self.body, self.scope)
        if self.current is None or self.current == (BAD,) or self.damaged:
            return None
        if len(self.current) > 1:
            self.world.sink.add(
                NO_VALUE.at(
                    self.builder.span, "a block gives one value", help="join the values first"
                )
            )
            return None
        self.builder.used.add(self.current[0])
        self.builder.outputs.append(Port("y", self.current[0]))
        report_unused(self)
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
            report_unused(self)
        return not self.damaged


def input_names(count: int) -> tuple[str, ...]:
    """What the values are called that a block is called on."""
    return ("x",) if count == 1 else tuple(f"x{i + 1}" for i in range(count))


def _inputs(statement: ast.Statement) -> int:
    """How many inputs a statement declares."""
    if isinstance(statement, ast.SourceDecl) and statement.kind.text == "input":
        return len(statement.names)
    return 0
