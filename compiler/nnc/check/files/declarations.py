"""Declarations of a spec and the files that it uses: one space of names, in any order."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.arguments.defaults import read as read_defaults
from nnc.check.overrides import Override, Routed, override_value
from nnc.check.rules import TAKEN_NAME
from nnc.check.steps.statements import declare_let
from nnc.check.world import World
from nnc.diagnostics import Label
from nnc.layers import LAYERS
from nnc.syntax import ast


def declare(world: World, files: tuple[ast.File, ...], routed: Routed) -> None:
    """Names of blocks and networks, then parameters, `let` and defaults of each file."""
    seen: dict[str, ast.Ident] = {}
    networks: dict[str, ast.Network] = {}
    for file in (*files[1:], files[0]):
        for d in file.declarations:
            if isinstance(d, (ast.Block, ast.Network, ast.Gan)):
                free = _declare_step(world, d.name, seen)
                if free and isinstance(d, ast.Block):
                    world.blocks[d.name.text] = d
                elif free and isinstance(d, ast.Network):
                    networks[d.name.text] = d
                elif free and isinstance(d, ast.Gan):
                    world.gans[d.name.text] = d
    world.callable = networks
    wanted = _wanted(files[0])
    for name, network in networks.items():
        own = network.span.source is files[0].source
        if own or wanted is None or name in wanted:
            world.networks[name] = network
    _declare_data(world, files[0])
    for file in files:
        _declare_numbers(world, file, routed.params if file is files[0] else {})


def _wanted(file: ast.File) -> set[str] | None:
    """The networks of used files that the spec speaks of; None: all, since it has none itself."""
    named = {d.network.text for d in file.declarations if isinstance(d, (ast.Train, ast.Export))}
    own = any(isinstance(d, (ast.Network, ast.Block, ast.Gan)) for d in file.declarations)
    return named if own or named else None


def _declare_numbers(world: World, file: ast.File, overrides: Mapping[str, Override]) -> None:
    """Parameters, `let` and defaults of a file; only its own text sees them."""
    home = world.homes[file.source]
    for d in file.declarations:
        if isinstance(d, ast.FileParam):
            if d.name.text in overrides:
                override = overrides[d.name.text]
                value = override_value(world.numbers, override, home.scope, d.value)
            else:
                value = world.numbers.value(d.value, home.scope)
            home.scope.declare(d.name.text, value, d.name.span, world.sink)
        elif isinstance(d, ast.Let):
            declare_let(world, d, world.numbers.value(d.value, home.scope), home.scope)
    for d in file.declarations:
        if isinstance(d, ast.Defaults):
            read_defaults(world, d, home.scope, home.defaults)


def _declare_data(world: World, file: ast.File) -> None:
    """Names of data blocks are a space of their own."""
    seen: dict[str, ast.Ident] = {}
    for d in file.declarations:
        if isinstance(d, ast.Data):
            first = seen.setdefault(d.name.text, d.name)
            if first is not d.name:
                world.sink.add(
                    TAKEN_NAME.at(
                        d.name.span,
                        f"there is data `{d.name.text}` already",
                        others=(Label(first.span, "the first"),),
                        help="choose another name",
                    )
                )


def _declare_step(world: World, name: ast.Ident, seen: dict[str, ast.Ident]) -> bool:
    """One space of names: layers, blocks, networks; whether the name was free."""
    free = name.text not in seen
    layer = name.text in LAYERS and not LAYERS[name.text].hidden
    if layer or name.text in ("residual", "scale", "scan", "rearrange"):
        free = False
        world.sink.add(
            TAKEN_NAME.at(
                name.span, f"`{name.text}` is a layer", help=f"call it `my_{name.text}`, say"
            )
        )
    elif name.text in seen:
        world.sink.add(
            TAKEN_NAME.at(
                name.span,
                f"`{name.text}` is declared twice",
                others=(Label(seen[name.text].span, "the first"),),
                help="blocks and networks of all files in use are one space of names"
                if seen[name.text].span.source is not name.span.source
                else "",
            )
        )
    seen.setdefault(name.text, name)
    return free
