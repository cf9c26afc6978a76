"""What a gan declares: latents that are drawn, conditions and domains of the data."""

from __future__ import annotations

from typing import Literal

from nnc.check.arguments.bind import declared, initial
from nnc.check.formulas.types import input_type
from nnc.check.formulas.values import Unknown
from nnc.check.gans.gan_rules import GAN_SOURCE
from nnc.check.scope import Scope
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Fix, Label
from nnc.ir.arguments import Declared
from nnc.ir.dims import symbols
from nnc.ir.gan import Categorical, GanSource
from nnc.ir.initial import Normal, Uniform
from nnc.ir.types import TensorType
from nnc.syntax import ast

KINDS: dict[str, Literal["latent", "condition", "domain"]] = {
    "latent": "latent",
    "condition": "condition",
    "domain": "domain",
}


def read_sources(world: World, gan: ast.Gan, scope: Scope) -> tuple[GanSource, ...]:
    """The sources of a gan; without those that were reported."""
    found: dict[str, GanSource] = {}
    for item in gan.items:
        if not isinstance(item, ast.SourceDecl):
            continue
        kind = item.kind.text
        if kind not in KINDS:
            world.sink.add(_other_kind(item))
            continue
        type = input_type(item.type, scope, world.numbers, world.facts)
        drawn = _drawn(world, item, type, scope)
        for name in item.names:
            first = found.get(name.text)
            if first is not None:
                world.sink.add(
                    GAN_SOURCE.at(
                        name.span,
                        f"there is a `{name.text}` already",
                        others=(Label(first.span, "the first"),),
                    )
                )
            elif type is not None and drawn is not False:
                assert drawn is None or isinstance(drawn, Declared)
                found[name.text] = GanSource(KINDS[kind], name.text, type, drawn, name.span)
    _domains(world, gan, found)
    return tuple(found.values())


def _other_kind(item: ast.SourceDecl) -> Diagnostic:
    kind, named = item.kind.text, item.names[0].text
    numbers = len(item.type.dims) == 1 and not item.type.kind
    meant = {"input": "latent" if numbers else "condition", "noise": "latent"}.get(kind, "")
    return GAN_SOURCE.at(
        item.kind.span,
        f"a gan declares no `{kind}`",
        help=f"write `{meant} {named}: ...`; there are `latent`, `condition` and `domain`"
        if meant
        else f"declare it inside of the player that owns `{named}`",
        fix=Fix(item.kind.span, meant) if meant else None,
    )


def _drawn(
    world: World, item: ast.SourceDecl, type: TensorType | None, scope: Scope
) -> Declared | bool | None:
    """What a latent is drawn from, None of what is of the data; False after a message."""
    kind, e, numbers = item.kind.text, item.init, world.numbers
    if kind != "latent":
        if e is None:
            return None
        message = f"a `{kind}` comes from the data and takes no `=`"
        numbers.say(GAN_SOURCE.at(e.span, message, help="leave `= ...` out"))
        return False
    if type is None:
        return False
    free = sorted({s for d in type.dims for s in symbols(d) if "." not in s})
    if free:
        numbers.say(
            GAN_SOURCE.at(
                item.type.span, "a latent states each size", help=f"write a number for `{free[0]}`"
            )
        )
        return False
    if e is None and type.dtype != "int64":
        return Normal(1.0)
    if e is None:
        numbers.say(
            GAN_SOURCE.at(
                item.span,
                "ids are drawn from a number of categories",
                help=f"write `{item.span.text} = categorical(10)`",
            )
        )
        return False
    return _distribution(world, item, e, type, scope)


def _distribution(
    world: World, item: ast.SourceDecl, e: ast.Expr, type: TensorType, scope: Scope
) -> Declared | bool:
    """What is written after `=`; False after a message."""
    word = e.name.text if isinstance(e, ast.Call) else ""
    ids, named = type.dtype == "int64", item.names[0].text
    if isinstance(e, ast.Ref) and e.text == "categorical":
        made = f"token[] = categorical({type.dims[0] if len(type.dims) == 1 else 10})"
        message = "`categorical` says how many there are"
        world.sink.add(GAN_SOURCE.at(e.span, message, help=f"write `latent {named}: {made}`"))
        return False
    if word == "categorical":
        made = declared(Categorical, word, e, scope, world.numbers)
    else:
        made = initial(e, scope, world.numbers)
    if isinstance(made, Unknown):
        return False
    if isinstance(made, (Categorical,) if ids else (Normal, Uniform)):
        assert isinstance(made, Declared)
        return made
    world.sink.add(
        GAN_SOURCE.at(
            e.span,
            "ids are drawn from `categorical(COUNT)`"
            if ids
            else "a latent is drawn from `normal(std)` or `uniform(low, high)`",
            help=f"write `latent {named}: token[] = {e.span.text}`"
            if isinstance(made, Categorical)
            else "",
        )
    )
    return False


def _domains(world: World, gan: ast.Gan, found: dict[str, GanSource]) -> None:
    """Two domains of one type, or none."""
    domains = [s for s in found.values() if s.kind == "domain"]
    if not domains:
        return
    if len(domains) != 2:
        only = domains[0]
        world.sink.add(
            GAN_SOURCE.at(
                domains[-1].span,
                f"a gan has two domains, and here {'is one' if len(domains) == 1 else 'are more'}",
                help=f"write `domain {only.name}, OTHER: {only.type}`"
                if len(domains) == 1
                else "pictures of one kind become pictures of the other",
            )
        )
    elif domains[0].type != domains[1].type:
        world.sink.add(
            GAN_SOURCE.at(
                domains[1].span,
                f"the domains differ: {domains[0].type} and {domains[1].type}",
                others=(Label(domains[0].span, "the other"),),
                help=f"declare them together: `domain {domains[0].name}, {domains[1].name}: "
                f"{domains[0].type}`",
            )
        )
