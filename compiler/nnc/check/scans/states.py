"""States of a scan: `next h = h1`, and what each of them needs."""

from __future__ import annotations

from nnc.check.formulas.formula import formula
from nnc.check.formulas.values import BAD, Family, LabelEntry, State, Unknown, written
from nnc.check.rules import BAD_SOURCE, MISPLACED, UNKNOWN_NAME, UNUSED_INPUT
from nnc.check.scope import Scope
from nnc.check.steps.applying import per_sample
from nnc.check.steps.body import Body
from nnc.check.steps.shaperules import Stating
from nnc.diagnostics import Diagnostic, Fix, Label, Refusal, nearest, rule
from nnc.ir.graph import Port
from nnc.source import Span
from nnc.syntax import ast

NEXT = rule(
    "NN361",
    "state-without-next",
    """
Each state of a scan says once what it is at the next step: `next h = h1`. It stands in the braces
of the scan that declares the state, not in a path or a loop there.
""",
)
NEXT_TYPE = rule(
    "NN362",
    "next-of-another-type",
    """
A state has the same type at all steps: what it starts from and its next value have the sizes that
it was declared with.
""",
)


def read_next(body: Body, statement: ast.Next, scope: Scope) -> None:
    """`next h = h1`."""
    name = statement.name
    if body.states is None:
        body.damaged = True
        body.world.sink.add(
            MISPLACED.at(
                statement.span,
                "`next` stands in a `scan`, where it says what a state is at the next step",
                help=f"write `scan {{ state {name.text}: [8]; ...; {statement.span.text} }}`",
            )
        )
        return
    state = body.states.get(name.text)
    if state is None:
        body.damaged = True
        if name.text not in body.world.lost:
            body.world.sink.add(_no_state(body, name, scope))
    elif scope is not body.scope:
        body.damaged = True
        body.world.sink.add(_inside(statement, scope))
        state.next = (BAD, statement.span)
        return
    elif state.next is not None:
        body.damaged = True
        body.world.sink.add(
            NEXT.at(
                statement.span,
                f"`{name.text}` has its next value already",
                others=(Label(state.next[1], "here"),),
                help="a state has one: choose between them before",
            )
        )
        return
    value = _value(body, statement, scope, state)
    if state is not None:
        state.next = (value, statement.span)


def _no_state(body: Body, name: ast.Ident, scope: Scope) -> Diagnostic:
    assert body.states is not None
    entry = scope.find(name.text)
    guess = nearest(name.text, tuple(body.states))
    if entry is not None and isinstance(entry.value, (LabelEntry, Family)):
        return NEXT.at(
            name.span,
            f"`{name.text}` is no state of this scan",
            others=(Label(entry.span, "it is declared here"),),
            help="`next` stands in the braces that declare the state, as in `state s: [8]`",
        )
    return UNKNOWN_NAME.at(
        name.span,
        f"this scan has no state `{name.text}`",
        help=f"did you mean `{guess}`?" if guess else f"declare it: `state {name.text}: [...]`",
        fix=Fix(name.span, guess) if guess else None,
    )


def _inside(statement: ast.Next, scope: Scope) -> Diagnostic:
    name, what = statement.name.text, scope.inside
    where = f"an {what}" if what == "if" else f"a {what}"
    help = f"say once what it is: `next {name} = a if CONDITION else b`"
    if what == "loop":
        help = f"name what the loop gives, `}} as last`, and write `next {name} = last` behind it"
    elif what not in ("if", "loop"):
        help = f"write it behind the braces of this {what}"
    return NEXT.at(
        statement.span,
        f"`next` stands directly in the braces of its scan, not in {where}",
        help=help,
    )


def _value(body: Body, statement: ast.Next, scope: Scope, state: State | None) -> int:
    """The value that a state takes, of its type; BAD after a message."""
    found = formula(body, statement.value, scope)
    if isinstance(found, Unknown):
        body.damaged = True
        return BAD
    if not isinstance(found, LabelEntry):
        body.damaged = True
        what = "a family of values" if isinstance(found, Family) else written(found)
        body.world.sink.add(
            BAD_SOURCE.at(
                statement.value.span,
                f"`next` takes a value, and this is {what}",
                help="name a value with `as`, or write a formula of values",
            )
        )
        return BAD
    if found.value == BAD or state is None or state.value == BAD:
        body.damaged = body.damaged or found.value == BAD
        return found.value
    value = per_sample(body, found.value, (), statement.value.span)
    body.builder.used.add(value)
    what = f"`{state.name}` is {{}}, and its next value is {{}}"
    if value == BAD or not same_type(body, state, value, statement.value.span, what):
        body.damaged = True
        return BAD
    return value


def same_type(body: Body, state: State, value: int, span: Span, what: str) -> bool:
    """Whether a value has a state's type, in the graph at hand; False after a message."""
    builder = body.builder
    want, have = builder.types[state.value], builder.types[value]
    stating = Stating(body.world.facts, body.world.sink, span, {}, (), body.world.trace)
    message = what.format(want, have)
    help = f"make it {want}, or declare `state {state.name}: {have}`"
    try:
        if want.rank != have.rank or want.dtype != have.dtype:
            stating.refuse(NEXT_TYPE, message, help=help)
        for a, b in zip(want.dims, have.dims):
            stating.equal(a, b, NEXT_TYPE, message, help=help)
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            body.world.sink.add(diagnostic)
        return False
    return True


def close(body: Body) -> None:
    """Each state is read, and has its next value, which the graph gives after its results."""
    assert body.states is not None
    for state in body.states.values():
        if state.next is None and body.world.is_damaged(body.body.span):
            continue  # what could not be read may say it
        if state.next is None:
            body.damaged = True
            body.world.sink.add(
                NEXT.at(
                    state.span,
                    f"nothing says what `{state.name}` is at the next step",
                    help=f"add `next {state.name} = ...` to the scan",
                )
            )
        elif state.value != BAD and state.value not in body.builder.used and not body.damaged:
            body.damaged = True
            body.world.sink.add(
                UNUSED_INPUT.at(
                    state.span,
                    f"nothing reads the state `{state.name}`",
                    help=f"use it, as in `concat({state.name})`, or remove it and its `next`",
                )
            )
        else:
            body.builder.outputs.append(Port(state.name, state.next[0], state.span))
