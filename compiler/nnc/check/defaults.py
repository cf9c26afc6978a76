"""`defaults { }`: arguments that layers take unless they say otherwise, strictly lexical."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnc.check.arguments import Given, place
from nnc.check.rules import AFTER_NAMED
from nnc.check.scope import Scope
from nnc.check.world import Defaults
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
        placed = place(word, call.name.span, tuple(args), call.args, world.numbers)
        for name, arg in placed.values.items():
            if arg.name is None:
                continue
            given = Given(arg, scope)
            into.setdefault(word, {})[name] = given
    for call in statement.calls:
        _positional(world, call)


def _positional(world: World, call: ast.Call) -> None:
    for arg in call.args:
        if arg.name is None:
            world.sink.add(
                AFTER_NAMED.at(arg.span, "defaults name their arguments", help="write `NAME=VALUE`")
            )
            return


def innermost(levels: tuple[Defaults, ...], word: str) -> dict[str, Given] | None:
    """The defaults of a layer, the inner ones winning argument by argument."""
    found: dict[str, Given] | None = None
    for level in levels:
        here = level.get(word)
        if here:
            found = {**here, **found} if found else here
    return found
