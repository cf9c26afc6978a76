"""What `tie=words` names; the weight itself is found when the shapes are known."""

from __future__ import annotations

from nnc.check.formulas.expressions import Numbers
from nnc.check.formulas.values import Family, LabelEntry, Passed, SharedEntry, Tie, Unknown, written
from nnc.check.scope import Scope
from nnc.diagnostics import Fix, rule
from nnc.record import replace
from nnc.syntax import ast

NOT_TIED = rule(
    "NN381",
    "nothing-to-tie",
    """
`tie=` takes the name of a step with a weight that was used before: a `shared` step, a layer that
`as` names, or a `weight`. `tie=transpose(NAME)` uses it with rows as columns, in `dense`. Counted
names such as `conv1` are output, never input.
""",
)


def tie_target(e: ast.Expr, scope: Scope, numbers: Numbers) -> Tie | Unknown:
    """A step by its name: `tie=words`, `tie=encoder[2]`, `tie=transpose(code)`."""
    inside = e.args[0] if isinstance(e, ast.Call) and len(e.args) == 1 else None
    if isinstance(e, ast.Call) and e.name.text == "transpose" and inside is not None:
        found = tie_target(inside.value, scope, numbers)
        return replace(found, turned=not found.turned) if isinstance(found, Tie) else found
    name = e.text if isinstance(e, ast.Ref) else e.name.text if isinstance(e, ast.Call) else ""
    if name and scope.find(name) is None and name.rstrip("0123456789") in numbers.steps():
        counted = name not in numbers.steps()
        return numbers.say(
            NOT_TIED.at(
                e.span,
                f"`{name}` is a counted name, which a spec cannot use"
                if counted
                else f"`{name}` is a layer, and a tie wants one step of it",
                help="write `as NAME` behind the step, and `tie=NAME`; "
                "or `shared NAME = ...` before it",
            )
        )
    stated = _step_in(e)
    if stated and scope.find(stated) is not None:
        return numbers.say(
            NOT_TIED.at(
                e.span,
                "`tie` takes the name of the step alone",
                help=f"write `tie={stated}`",
                fix=Fix(e.span, stated),
            )
        )
    value = numbers.value(e, scope)
    if isinstance(value, Passed) and value.step is not None and value.step.args is None:
        entry = value.names.get(value.step.name.text)
        value = entry.value if entry is not None else value
    if isinstance(value, Unknown):
        return value
    if isinstance(value, (SharedEntry, LabelEntry)):
        return Tie(value, e.span.text)
    if isinstance(value, Family):
        help = f"pick one: `tie={e.span.text}[...]`"
        return numbers.say(NOT_TIED.at(e.span, f"`{e.span.text}` names several steps", help=help))
    return numbers.say(
        NOT_TIED.at(
            e.span,
            "`tie` takes the name of a step",
            label=f"this is {written(value)}",
            help="name the step: `shared words = embedding(50257, 768)`, and `tie=words`",
        )
    )


def _step_in(e: ast.Expr) -> str:
    """The step in `words.weight` or `"words"`, as other tools write it."""
    if isinstance(e, ast.String):
        return e.value
    return e.names[0].text if isinstance(e, ast.Ref) and len(e.names) > 1 else ""
