"""What to say of a name that nothing declares: a habit, an ended label, a step, a misspelling."""

from __future__ import annotations

from nnc.check.rules import ENDED_LABEL, STEP_AS_VALUE, UNKNOWN_NAME
from nnc.check.scope import Scope
from nnc.diagnostics import Diagnostic, Fix, Label, nearest
from nnc.syntax import ast

HABITS = {"True": "true", "False": "false", "None": "", "null": "", "yes": "true", "no": "false"}


def unknown_name(
    e: ast.Ref,
    scope: Scope,
    options: tuple[str, ...],
    steps: list[str],
    data: frozenset[str] = frozenset(),
) -> Diagnostic:
    """Reports a name that nothing declares, as helpfully as it can."""
    name = e.names[0].text
    if name in HABITS:
        right = HABITS[name]
        return UNKNOWN_NAME.at(
            e.span,
            f"`{name}` is written `{right}` here" if right else f"there is no `{name}` here",
            help=f"write `{right}`" if right else "leave the argument out for its default",
            fix=Fix(e.span, right) if right else None,
        )
    ended = scope.root.ended.get(name)
    if ended is not None:
        return ENDED_LABEL.at(
            e.span,
            f"the label `{name}` ended with its {ended.inside}",
            others=(Label(ended.span, f"made here, inside this {ended.inside}"),),
            help=f"keep the values of a loop as a family: `as {name}[i]`"
            if ended.inside == "loop"
            else f"label what the whole `{ended.inside}` gives: `}} as {name}`",
        )
    if name in steps:
        return STEP_AS_VALUE.at(e.span, f"`{name}` is a step; a value is wanted here")
    if name in data:
        return STEP_AS_VALUE.at(
            e.span,
            f"`{name}` is data; a value is wanted here",
            help=f"the numbers of data are such as `{name}.classes`",
        )
    known = [*options, *scope.words()]
    guess = nearest(name, known)
    hint = f"did you mean `{guess}`?" if guess else ""
    if options and not guess:
        hint = "options: " + ", ".join(f"`{o}`" for o in options)
    return UNKNOWN_NAME.at(
        e.span,
        f"nothing here is called `{name}`",
        help=hint,
        fix=Fix(e.span, guess) if guess else None,
    )
