"""`repeat`, `for` and `if`: static, gone after checking."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

from nnc.check.formulas.values import BAD, UNKNOWN, Family, LabelEntry, Unknown, Value, written
from nnc.check.rules import LIMIT, NOT_A_COUNT, UNPACKING
from nnc.check.scope import Scope
from nnc.check.world import STEPS
from nnc.diagnostics import Refusal
from nnc.ir.dims import Poly
from nnc.ir.graph import Turn
from nnc.ir.known import Known
from nnc.ir.sources import counter
from nnc.source import Span
from nnc.syntax import ast

if TYPE_CHECKING:
    from nnc.check.steps.body import Body

Run = Callable[[ast.Body, Scope], None]


def run_control(
    body: Body, step: ast.Step | ast.Repeat | ast.For | ast.If, scope: Scope, run: Run
) -> None:
    """Runs the statements inside with `run`, as often as the control says."""
    if isinstance(step, ast.If):
        run_if(body, step, scope, run)
    elif isinstance(step, ast.Repeat):
        run_repeat(body, step, scope, run)
    else:
        assert isinstance(step, ast.For)
        run_for(body, step, scope, run)


def run_if(body: Body, step: ast.If, scope: Scope, run: Run) -> None:
    """The branch that holds; an unknown condition checks the first for names only."""
    decided = body.world.numbers.condition(step.condition, scope)
    text = " ".join(step.condition.span.text.split())
    if isinstance(decided, Unknown):
        body.fail()
        _inside(body, step.body, scope, "if", run)
        body.fail()
        return
    body.builder.branches.append(
        text if decided else f"not ({text})" if " " in text else f"not {text}"
    )
    if decided:
        _inside(body, step.body, scope, "if", run)
    elif isinstance(step.otherwise, ast.If):
        run_if(body, step.otherwise, scope, run)
    elif step.otherwise is not None:
        _inside(body, step.otherwise, scope, "if", run)


def _inside(body: Body, inner: ast.Body, scope: Scope, what: str, run: Run) -> None:
    names = Scope(scope, inside=what)
    run(inner, names)
    names.end()


def run_repeat(body: Body, step: ast.Repeat, scope: Scope, run: Run) -> None:
    """`repeat n { }`."""
    count = body.world.numbers.value(step.count, scope)
    if isinstance(count, Unknown):
        body.fail()
        _inside(body, step.body, scope, "loop", run)
        body.fail()
        return
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        body.world.sink.add(
            NOT_A_COUNT.at(
                step.count.span, f"`repeat` takes a whole number of turns, not {written(count)}"
            )
        )
        body.fail()
        return
    _turns(body, step.body, scope, run, count, (), [()] * min(count, STEPS + 1), step.span)


def run_for(body: Body, step: ast.For, scope: Scope, run: Run) -> None:
    """`for c in [64, 128] { }`."""
    over = body.world.numbers.value(step.over, scope)
    if isinstance(over, Unknown):
        body.fail()
        names = Scope(scope, inside="loop")
        for name in step.names:
            names.declare(name.text, UNKNOWN, name.span, body.world.sink)
        run(step.body, names)
        names.end()
        body.fail()
        return
    if not isinstance(over, (tuple, range)):
        help = "write `repeat n { }`, or `for i in 0..n { }`" if isinstance(over, int) else ""
        if isinstance(over, (LabelEntry, Family, Poly)):
            help = "`scan { STEPS }` takes its steps along the first axis"
        body.world.sink.add(
            NOT_A_COUNT.at(
                step.over.span, f"`for` takes a list or a range, not {written(over)}", help=help
            )
        )
        body.fail()
        return
    turns: list[tuple[Value, ...]] = []
    for one in over:
        values = one if isinstance(one, tuple) and len(step.names) > 1 else (one,)
        if len(values) != len(step.names):
            body.world.sink.add(
                UNPACKING.at(
                    step.over.span,
                    f"{len(step.names)} names, and {written(one)} has {len(values)} value"
                    + ("" if len(values) == 1 else "s"),
                    help="each row has a value for each name: "
                    + f"`({', '.join(n.text for n in step.names)})`",
                )
            )
            body.fail()
            return
        turns.append(values)
        if len(turns) > STEPS:
            break
    counting = over.start if isinstance(over, range) and len(step.names) == 1 else None
    count = len(turns)
    if isinstance(over, range) and isinstance(step.over, ast.Range):
        ends = [body.world.numbers.value(e, scope) for e in (step.over.start, step.over.stop)]
        if all(isinstance(end, int) for end in ends) and count:
            count = operator.sub(ends[1], ends[0])  # which knows the names of the ends
    _turns(body, step.body, scope, run, count, step.names, turns, step.span, counting)


def _turns(
    body: Body,
    inner: ast.Body,
    scope: Scope,
    run: Run,
    count: int,
    names: tuple[ast.Ident, ...],
    turns: list[tuple[Value, ...]],
    span: Span,
    counting: int | None = None,
) -> None:
    """All turns of a loop, each in a scope of its own; `counting`: its variable counts from it."""
    builder, outer = body.builder, body.builder.turns
    if body.current == (BAD,):
        turns = turns[:1]  # nothing can be built: one turn shows what is misspelt
    if body.world.steps + len(turns) > STEPS:
        raise Refusal(LIMIT.at(span, f"loops take more than {STEPS:,} turns in all"))
    builder.loops += 1
    loop = builder.loops
    for index, values in enumerate(turns):
        body.world.steps += 1
        builder.turns = (*outer, Turn(loop, index, count))
        turn = Scope(scope, inside="loop")
        for name, value in zip(names, values):
            if counting is not None:
                value = Known(counting + index, counter(loop, counting, index))
            turn.declare(name.text, value, name.span, body.world.sink)
        run(inner, turn)
        turn.end()
    builder.turns = outer
