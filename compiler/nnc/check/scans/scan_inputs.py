"""What comes to a scan: the values that it takes apart, and those that its states start from."""

from __future__ import annotations

from nnc.check.formulas.formula import formula, has_values
from nnc.check.formulas.values import BAD, Family, LabelEntry, Unknown
from nnc.check.rules import BAD_SOURCE, UNPACKING, UNUSED_INPUT
from nnc.check.scans.states import NEXT_TYPE
from nnc.check.scope import Scope
from nnc.check.steps.applying import per_sample
from nnc.check.steps.body import Body
from nnc.check.steps.shaperules import Stating
from nnc.check.world import Made
from nnc.diagnostics import Label, Refusal, rule
from nnc.syntax import ast

STEPS_OF = rule(
    "NN360",
    "no-steps",
    """
A scan runs along the first axis of the current value: `[T, C]` has T steps of `[C]`. Several values
are stepped together and have as many steps each; what is the same at all steps is named with `as`
before the scan and read in its braces by name.
""",
)

QUIET = (ast.SourceDecl, ast.Let, ast.Shared, ast.Defaults, ast.Next)
"""Statements that do not touch the current value."""


def stepped_values(body: Body, step: ast.Step) -> tuple[int, ...]:
    """The values that are taken apart; BAD is among them after a message."""
    values = body.take(step.name.span)
    body.gathered = False
    if values is None or BAD in values:
        body.builder.used.update(v for v in values or () if v != BAD)
        return (BAD,)
    values = tuple(per_sample(body, v, values, step.name.span) for v in values)
    body.builder.used.update(v for v in values if v != BAD)
    if BAD in values:
        return (BAD,)
    builder, world = body.builder, body.world
    types = tuple(builder.types[v] for v in values)
    origins = tuple((builder.made_at[v], t) for v, t in zip(values, types))
    stating = Stating(world.facts, world.sink, step.name.span, {}, origins, world.trace)
    try:
        for type in types:
            if not type.rank:
                stating.refuse(
                    STEPS_OF,
                    f"`scan` runs along the first axis, and the value {type} has none",
                    help="give it a value with an axis for the steps, such as [T, C]",
                )
        for type in types[1:]:
            stating.equal(
                types[0].dims[0],
                type.dims[0],
                STEPS_OF,
                f"{types[0]} and {type} differ in how many steps they have",
                help="name what is the same at each step with `as` before the scan, "
                "and read it inside by its name",
            )
        stating.at_least(types[0].dims[0], 1, STEPS_OF, f"{types[0]} may have no steps")
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            world.sink.add(diagnostic)
        return (BAD,)
    return values


def step_names(body: Body, step: ast.Step, values: tuple[int, ...]) -> tuple[ast.Ident, ...] | None:
    """`scan(x, u) { }`: what one step of each value is called; None after a message."""
    names = []
    for arg in step.args or ():
        e = arg.value
        if arg.name is not None or not isinstance(e, ast.Ref) or len(e.names) > 1:
            body.world.sink.add(
                STEPS_OF.at(
                    arg.span,
                    "in parentheses a `scan` names one step of each current value",
                    help="write `scan(x) { ... }`, and use `x` inside",
                )
            )
            return None
        names.append(e.names[0])
    count = len(values)
    if names and len(names) != count and BAD not in values:
        come = "one value comes" if count == 1 else f"{count} values come"
        body.world.sink.add(
            UNPACKING.at(
                step.name.span,
                f"{len(names)} names for the steps of a scan to which {come}",
                help=f"write `scan({', '.join('xyzuvw'[:count])}) {{ ... }}`",
            )
        )
        return None
    return tuple(names)


def reads_steps(body: Body, step: ast.Step, named: tuple[ast.Ident, ...] | None) -> bool:
    """Whether the braces begin with a step, or name what they take; False after a message."""
    assert step.body is not None
    first = next((s for s in step.body.statements if not isinstance(s, QUIET)), None)
    if named != () or not isinstance(first, ast.From):
        return True
    body.world.sink.add(
        UNUSED_INPUT.at(
            step.name.span,
            "this scan reads none of the steps that come to it",
            others=(Label(first.span, "what comes to the scan is left here"),),
            help="name one step, `scan(x1) { ... }`, and use `x1` inside; "
            "`scan(_)` reads none on purpose",
        )
    )
    return False


def start_values(
    body: Body, braces: ast.Body, scope: Scope, values: tuple[int, ...]
) -> tuple[dict[str, int], bool]:
    """Values that states start from, computed before the scan; False after a message."""
    found: dict[str, int] = {}
    whole = True
    for statement in braces.statements:
        if not isinstance(statement, ast.SourceDecl) or statement.kind.text != "state":
            continue
        e = statement.init
        if e is None or not has_values(e, scope):
            continue
        if isinstance(e, ast.Call) and e.name.text not in body.world.step_names():
            continue  # a distribution, say: the body tells what may stand there
        value = formula(body, e, scope)
        number = BAD
        if isinstance(value, LabelEntry):
            number = per_sample(body, value.value, values, e.span)
            body.builder.used.update(v for v in (value.value, number) if v != BAD)
        elif not isinstance(value, Unknown):
            what = "a family of values" if isinstance(value, Family) else "no value"
            body.world.sink.add(
                BAD_SOURCE.at(e.span, f"a state starts from one value, and this is {what}")
            )
        whole = whole and number != BAD
        found.update((name.text, number) for name in statement.names)
    return found, whole


def starts_fit(
    body: Body,
    made: Made,
    values: tuple[int, ...],
    kept: tuple[int, ...],
    given: tuple[int, ...],
    stepped: int,
) -> bool:
    """Whether the values that states start from have the states' types; False after a message."""
    assert made.graph is not None
    types = [made.graph.types[p.value] for p in made.graph.inputs]
    own = [s for s in made.states if s.start is None]
    ok = True
    for at, state in enumerate(made.states):
        if state.start is not None:
            continue
        want, value = types[stepped + at], given[own.index(state)]
        have = body.builder.types[value]
        stating = Stating(body.world.facts, body.world.sink, state.span, {}, (), body.world.trace)
        message = f"`{state.name}` is {want}, and starts from {have}"
        try:
            if want.rank != have.rank or want.dtype != have.dtype:
                stating.refuse(NEXT_TYPE, message, help=f"bring the value to {want} before")
            for a, b in zip(want.dims, have.dims):
                stating.equal(a, b, NEXT_TYPE, message, help=f"bring the value to {want} before")
        except Refusal as refusal:
            for diagnostic in refusal.diagnostics:
                body.world.sink.add(diagnostic)
            ok = False
    return ok
