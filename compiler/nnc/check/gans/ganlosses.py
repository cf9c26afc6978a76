"""Losses of a gan that are written out: `loss -mean(critic(sample)) on generator`."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.gans.gan_rules import GAN_SETTING
from nnc.check.gans.ganstage import Stage, check_scores
from nnc.check.gans.ganupdates import known_players
from nnc.check.training.lossformulas import read
from nnc.check.training.settings import Found, number, one_value
from nnc.check.training.train import read_flag
from nnc.check.training.training_rules import (
    BAD_LOSS,
    BAD_SETTING,
    DOUBLED_SETTING,
    MISSING_SETTING,
)
from nnc.check.training.updates import Chosen
from nnc.check.world import World
from nnc.diagnostics import Fix, Label
from nnc.ir.gan import Gan, GanLoss, Objective, Written
from nnc.ir.ganformula import lowered, players_in
from nnc.ir.graph import Network
from nnc.record import Record, replace
from nnc.source import Span
from nnc.syntax import ast

Networks = Mapping[str, Network | None]
BY_UPDATE = ("loss", "every", "clamp")
"""Settings of losses that are written out, `on` some of the players."""
IN_OBJECTIVE = {
    "every": "how often the discriminator learns: `objective wgan(critic=5)`",
    "clamp": "how large weights may be: `objective wgan(clip=0.01)`",
    "redraw": "whether latents are drawn anew",
}


class Lines(Record):
    """What is written out: the losses in the order of their updates, and how they are done."""

    losses: tuple[GanLoss, ...] = ()
    redraw: bool = False
    clamps: tuple[tuple[str, float], ...] = ()


def read_lines(
    world: World,
    gan: Gan,
    networks: Networks,
    found: Found,
    chosen: Chosen,
    objective: Objective | None,
    still: tuple[str, ...],
) -> Lines:
    """The losses of some players; mistakes are reported.

    Args:
        objective: `Written` where there is none, None where it does not fit.
        still: players that do not learn.
    """
    before = world.sink.errors
    alone = isinstance(objective, Written)
    for word in BY_UPDATE:
        chosen[word] = [s for s in chosen[word] if known_players(world, gan, s.selectors, "")]
    seen: dict[str, Span] = {}
    losses = []
    for setting in chosen["loss"]:
        line = _line(world, gan, networks, setting, seen)
        if line is not None:
            losses.append(line)
    if not alone:
        _of_objective(world, found, chosen, objective)
        if objective is not None and losses and world.sink.errors == before:
            _joined(world, gan, objective, losses)
        return Lines(tuple(losses))
    every = {p: int(n) for p, n in _numbers(world, gan, found, chosen, "every", "5")}
    clamps = tuple(_numbers(world, gan, found, chosen, "clamp", "0.01"))
    redraw = read_flag(world, found.get("redraw"))
    if world.sink.errors == before:
        _all_lose(world, gan, chosen["loss"], seen, still)
    timed = tuple(
        replace(line, every=max(every.get(name, 1) for name in line.players)) for line in losses
    )
    return Lines(timed, redraw, clamps)


def _line(
    world: World, gan: Gan, networks: Networks, setting: ast.Setting, seen: dict[str, Span]
) -> GanLoss | None:
    """One loss, None after a message."""
    players = _players(world, gan, setting)
    e = one_value(world, setting, "-mean(discriminator(sample))")
    if e is None or not players:
        return None
    for name in players:
        if name in seen:
            world.sink.add(
                DOUBLED_SETTING.at(
                    setting.span,
                    f"`{name}` has a loss already",
                    others=(Label(seen[name], "the first"),),
                    help="add the terms up in one line: `loss A + B on ...`",
                )
            )
            return None
        seen[name] = setting.span
    before = world.sink.errors
    stage = Stage((), (), None, "", gan, networks)
    tree, _ = read(world, e, stage)
    if world.sink.errors > before:
        return None
    check_scores(world, e.span, tree, gan, networks)
    idle = [name for name in players if name not in players_in(tree)]
    if idle:
        world.sink.add(
            BAD_LOSS.at(
                e.span,
                f"this loss does not depend on `{idle[0]}`, so it learns nothing",
                help=_depends(gan, idle[0]),
            )
        )
        return None
    return GanLoss(players, tree, " ".join(e.span.text.split()), 1, setting.span)


def _depends(gan: Gan, name: str) -> str:
    """How a loss comes to depend on a player."""
    player, judge = gan.player(name), gan.discriminators[0].name
    if player.role == "discriminator":
        return f"it judges: `{name}(real)`, `{name}({gan.generators[0].output})`"
    return f"it makes `{player.output}`: `{judge}({player.output})`"


def _players(world: World, gan: Gan, setting: ast.Setting) -> tuple[str, ...]:
    """The players that a line is `on`, () after a message."""
    words = []
    for e in setting.selectors:
        assert isinstance(e, ast.Ref)
        if len(e.names) > 1:
            word = setting.name.text
            world.sink.add(
                BAD_SETTING.at(
                    e.span,
                    f"a `{word}` is of a whole player",
                    help=f"write `on {e.names[0].text}`; `freeze` keeps some of its weights",
                    fix=Fix(e.span, e.names[0].text),
                )
            )
            return ()
        words.append(e.text)
    return tuple(p.name for p in gan.players if {p.name, p.role} & {*words})


def _numbers(
    world: World, gan: Gan, found: Found, chosen: Chosen, word: str, example: str
) -> list[tuple[str, float]]:
    """The numbers that a setting has for players."""
    alone = found.get(word)
    if alone is not None:
        said = alone.values[0].span.text if len(alone.values) == 1 else example
        whose = gan.generators[0].name if word == "every" else gan.discriminators[0].name
        world.sink.add(
            BAD_SETTING.at(
                alone.span,
                f"`{word}` does not say of whom",
                help=f"write `{word} {said} on {whose}`",
                fix=Fix(alone.span, f"{word} {said} on {whose}"),
            )
        )
    made = []
    for setting in chosen[word]:
        whole = word == "every"
        value = number(world, setting, example, whole=whole, least=int(whole), above=not whole)
        if value is not None:
            made += [(name, float(value)) for name in _players(world, gan, setting)]
    return made


def _of_objective(world: World, found: Found, chosen: Chosen, objective: Objective | None) -> None:
    """Settings of written losses that an objective says itself."""
    word = "" if objective is None else objective.word
    for name, what in IN_OBJECTIVE.items():
        for setting in [*chosen.get(name, []), *([found[name]] if name in found else [])]:
            world.sink.add(
                GAN_SETTING.at(
                    setting.name.span,
                    f"`{name}` is of losses that are written out, and here is an objective",
                    help=f"`{word}` says {what}",
                )
            )


def _joined(world: World, gan: Gan, objective: Objective, losses: list[GanLoss]) -> None:
    """Each line is added to one update of the objective."""
    updates = lowered(gan, objective)
    for line in losses:
        if not any({*line.players} <= {*update.players} for update in updates):
            names = " and ".join(f"`{name}`" for name in line.players)
            world.sink.add(
                BAD_SETTING.at(
                    line.span,
                    f"`{objective.word}` updates {names} apart",
                    help="write a line for each: `loss ... on " + line.players[0] + "`",
                )
            )


def _all_lose(
    world: World,
    gan: Gan,
    lines: list[ast.Setting],
    seen: Mapping[str, Span],
    still: tuple[str, ...],
) -> None:
    """Without an objective each player that learns has a loss."""
    for player in gan.players:
        if player.name in seen or player.name in still or not lines:
            continue
        made = gan.generators[0].output
        example = f"-mean({gan.discriminators[0].name}({made}))"
        if player.role == "discriminator":
            example = f"mean({player.name}({made})) - mean({player.name}(real))"
        world.sink.add(
            MISSING_SETTING.at(
                lines[0].name.span,
                f"`{player.name}` has no loss",
                help=f"add `loss {example} on {player.name}`, `freeze {player.name}`, "
                "or an `objective`",
            )
        )
