"""`defaults { }`: arguments that layers take unless they say otherwise, strictly lexical."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnc.check.arguments.bind import Given, place
from nnc.check.formulas.values import Defaults
from nnc.check.rules import UNNAMED_DEFAULT
from nnc.check.scope import Scope
from nnc.layers import LAYERS
from nnc.syntax import ast

if TYPE_CHECKING:
    from nnc.check.world import World


def gather(world: World, body: ast.Body, scope: Scope) -> Defaults:
    """The defaults that a body states, wherever in it they stand."""
    found: Defaults = {}
    for statement in body.statements:
        if isinstance(statement, ast.Defaults):
            read(world, statement, scope, found)
    return found


def read(world: World, statement: ast.Defaults, scope: Scope, into: Defaults) -> None:
    """Adds one `defaults` statement; unknown layers and arguments are reported here, once."""
    for call in statement.calls:
        word = call.name.text
        layer = LAYERS.get(word)
        if layer is None or layer.hidden:
            world.sink.add(world.unknown_step(call.name))
            continue
        args = layer.args
        if _positional(world, call):
            continue
        placed = place(word, call.name.span, tuple(args), call.args, world.numbers)
        for name, arg in placed.values.items():
            given = Given(arg, scope)
            into.setdefault(word, {})[name] = given


def _positional(world: World, call: ast.Call) -> bool:
    """Whether an argument stands without its name, which is reported."""
    for arg in call.args:
        if arg.name is None:
            world.sink.add(
                UNNAMED_DEFAULT.at(
                    arg.span, "defaults name their arguments", help="write `NAME=VALUE`"
                )
            )
            return True
    return False


def innermost(levels: tuple[Defaults, ...], word: str) -> dict[str, Given] | None:
    """The defaults of a layer, the inner ones winning argument by argument."""
    found: dict[str, Given] | None = None
    for level in levels:
        here = level.get(word)
        if here:
            found = {**here, **found} if found else here
    return found
