"""The paths of a join: `add { path { } path { } }`."""

from __future__ import annotations

from nnc.check.formulas.values import BAD
from nnc.check.rules import LOOSE_PATH
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.check.steps.control import run_control
from nnc.source import Span
from nnc.syntax import ast


def run_paths(
    body: Body, inside: ast.Body, scope: Scope, start: tuple[int, ...]
) -> tuple[list[int], list[Span]]:
    """The paths of a join: the value of each, and where it stands."""
    results: list[int] = []
    spans: list[Span] = []

    def paths(braces: ast.Body, scope: Scope) -> None:
        for statement in braces.statements:
            body.builder.statement += 1
            if isinstance(statement, ast.Path):
                value = body.run_inner(statement.body, scope, "path", start)
                results.append(BAD if value is None else value)
                spans.append(statement.span)
            elif isinstance(statement, ast.Let):
                body.world.actions[ast.Let](body, statement, scope)
            elif isinstance(statement, ast.Chain) and _control_only(statement):
                run_control(body, statement.links[0].step, scope, paths)
            else:
                body.damaged = True
                body.world.sink.add(
                    LOOSE_PATH.at(
                        statement.span,
                        "only paths stand here",
                        help="put these steps into `path { ... }`",
                    )
                )

    paths(inside, scope)
    if not results and not body.damaged and not body.world.is_damaged(inside.span):
        body.damaged = True
        body.world.sink.add(
            LOOSE_PATH.at(
                inside.span,
                "there are no paths to join",
                help="write `path { ... }` for each branch",
            )
        )
    return results, spans


def _control_only(chain: ast.Chain) -> bool:
    """A lone `for`, `if` or `repeat` without marks."""
    link = chain.links[0]
    return len(chain.links) == 1 and not isinstance(link.step, ast.Step) and not link.marks
