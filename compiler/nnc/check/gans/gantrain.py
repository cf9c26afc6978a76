"""Train blocks of gans: AST to TrainPlan with a GanPlan."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.gans.gan_rules import GAN_SETTING, UNKNOWN_OBJECTIVE
from nnc.check.gans.gancontracts import check_objective
from nnc.check.gans.ganlosses import BY_UPDATE, read_lines
from nnc.check.gans.ganterms import read_terms
from nnc.check.gans.ganupdates import read_play
from nnc.check.overrides import Override
from nnc.check.training.settings import Found, collect, number
from nnc.check.training.train import (
    apply_overrides,
    read_computing,
    read_data,
    read_length,
    read_numbers,
)
from nnc.check.training.training_rules import BAD_SETTING, DOUBLED_SETTING, MISSING_SETTING
from nnc.check.training.updates import SELECTING, Chosen, declared_call
from nnc.check.world import World
from nnc.ir.gan import OBJECTIVES, Gan, GanPlan, NonSaturating, Objective, Written
from nnc.ir.graph import Network
from nnc.ir.plan import Player, TrainPlan
from nnc.syntax import ast

SETTINGS = (
    "data",
    "objective",
    "loss",
    "optimizer",
    "schedule",
    "epochs",
    "steps",
    "batch",
    "clip",
    "freeze",
    "init",
    "accumulate",
    "ema",
    "every",
    "clamp",
    "redraw",
    "seed",
    "precision",
    "deterministic",
    "compile",
)
DEFAULTED = ("objective", "optimizer", "schedule", "batch", "seed")
BY_PLAYER = (*SELECTING, "init", *BY_UPDATE)
"""Settings that may stand several times, for some of the players each."""


def check_gan_train(
    world: World,
    train: ast.Train,
    gan: Gan | None,
    networks: Mapping[str, Network | None],
    data: Mapping[str, object],
    overrides: Mapping[str, Override],
    root: str = "",
) -> TrainPlan | None:
    """The plan of a gan's train block, or None after a message; `gan` is None if it had one.

    `root`: where relative paths start.
    """
    before = world.sink.errors
    chosen: Chosen = {word: [] for word in BY_PLAYER}
    found = collect(world, "gan's train", train.settings, SETTINGS, (), selecting=chosen)
    apply_overrides(world, found, overrides, SETTINGS, "gan's train")
    _needed(world, train, found)
    names, given = _data(world, found.get("data"), data)
    numbers = read_numbers(world, found)
    length = read_length(world, found)
    precision, exact, compiled = read_computing(world, found)
    plan = _plan(world, train, gan, networks, found, chosen, root)
    if world.sink.errors > before or length is None or plan is None:
        return None
    players = plan.gan.players
    return TrainPlan(
        train.name.text if train.name else plan.gan.name,
        plan.gan.name,
        names,
        tuple(Player(p.name, p.network, plan.ema if p.role == "generator" else 0) for p in players),
        (),
        length,
        int(numbers.get("batch", 64)),
        given=given,
        seed=int(numbers.get("seed", 0)),
        accumulate=int(numbers.get("accumulate", 1)),
        gan=plan,
        precision=precision,
        deterministic=exact,
        compile=compiled,
        defaults=tuple(s for s in DEFAULTED if s not in found),
        span=train.span,
    )


def _plan(
    world: World,
    train: ast.Train,
    gan: Gan | None,
    networks: Mapping[str, Network | None],
    found: Found,
    chosen: Chosen,
    root: str,
) -> GanPlan | None:
    """The objective, and how each player is updated; None after a message."""
    free = bool(chosen["loss"]) and "objective" not in found
    default = Written() if free else NonSaturating()
    objective = declared_call(world, found.get("objective"), OBJECTIVES, UNKNOWN_OBJECTIVE, default)
    ema = _ema(world, found.get("ema"))
    if gan is None:
        return None
    play = read_play(world, gan, networks, found, chosen, root)
    beside = found.get("loss") if "objective" in found else None
    terms = read_terms(world, beside, gan, networks)
    before = world.sink.errors
    if objective is not None:
        _objective(world, train, found, gan, objective, networks)
    fitting = objective if world.sink.errors == before else None
    still = tuple(p.name for p, u in zip(gan.players, play.updates if play else ()) if not u.groups)
    lines = read_lines(world, gan, networks, found, chosen, fitting, still)
    if play is None or objective is None:
        return None
    groups, clips, frozen = zip(*((u.groups, u.clips, u.frozen) for u in play.updates))
    return GanPlan(
        gan,
        objective,
        groups,
        (),
        ema,
        clips,
        terms,
        frozen,
        play.inits,
        lines.losses,
        lines.redraw,
        lines.clamps,
    )


def _objective(
    world: World,
    train: ast.Train,
    found: Found,
    gan: Gan,
    objective: Objective,
    networks: Mapping[str, Network | None],
) -> None:
    """What the objective wants of the players."""
    setting = found.get("objective")
    span = setting.values[0].span if setting is not None else train.network.span
    whole = {k: v for k, v in networks.items() if v is not None}
    check_objective(world, span, gan, objective, whole)


def _needed(world: World, train: ast.Train, found: Found) -> None:
    """Data and a length must be there; an objective too, unless a loss stands in its place."""
    wanted = {"data": "data NAME", "epochs": "epochs 20"}
    if "steps" in found:
        del wanted["epochs"]
    loss = found.get("loss")
    if "objective" not in found and loss is not None:
        world.sink.add(
            GAN_SETTING.at(
                loss.name.span,
                "a gan learns by an `objective`, to which `loss` only adds",
                help="write `objective gan`; there are "
                + ", ".join(f"`{o}`" for o in OBJECTIVES)
                + "; or a `loss ... on` each player",
            )
        )
    missing = [line for name, line in wanted.items() if name not in found]
    if missing and not world.is_damaged(train.span):
        names = ", ".join(f"`{line.split()[0]}`" for line in missing)
        world.sink.add(
            MISSING_SETTING.at(
                train.network.span,
                f"the train block lacks {names}",
                help="add " + "; ".join(f"`{line}`" for line in missing),
            )
        )
    if "epochs" in found and "steps" in found:
        message = "a run is as long as `epochs` or `steps` say, not both"
        world.sink.add(BAD_SETTING.at(found["steps"].span, message))


def _data(
    world: World, setting: ast.Setting | None, data: Mapping[str, object]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The data blocks, and their bindings: (name in the gan, `DATA.FIELD`)."""
    names: list[str] = []
    given: list[tuple[str, str]] = []
    for e in setting.values if setting is not None else ():
        read = read_data(world, e, data)
        if read is None:
            continue
        if read[0] in names:
            message = f"`{read[0]}` stands twice"
            world.sink.add(DOUBLED_SETTING.at(e.span, message, help="write its bindings once"))
            continue
        names.append(read[0])
        given += [(name, f"{read[0]}.{field}") for name, field in read[1]]
    return tuple(names), tuple(given)


def _ema(world: World, setting: ast.Setting | None) -> float:
    if setting is None:
        return 0.0
    value = number(world, setting, "0.999", whole=False, least=0, above=True)
    if value is None:
        return 0.0
    if value >= 1:
        world.sink.add(
            BAD_SETTING.at(
                setting.values[0].span,
                "`ema` is the share of the average that stays at each step, below 1",
                help="for example `ema 0.999`",
            )
        )
    return float(value)
