"""Train blocks of gans: AST to TrainPlan with a GanPlan."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.gan_rules import GAN_SETTING, UNKNOWN_OBJECTIVE
from nnc.check.gancontracts import check_objective
from nnc.check.ganterms import read_terms
from nnc.check.overrides import Override
from nnc.check.settings import Found, collect, number
from nnc.check.train import (
    apply_overrides,
    option_word,
    read_data,
    read_flag,
    read_length,
    read_numbers,
)
from nnc.check.training_rules import BAD_SETTING, DOUBLED_SETTING, MISSING_SETTING
from nnc.check.updates import SELECTING, Updates, declared_call, read_updates
from nnc.check.world import World
from nnc.diagnostics import Fix, Label, nearest
from nnc.ir.gan import OBJECTIVES, Gan, GanPlan, GanPlayer, NonSaturating, Objective
from nnc.ir.graph import Network
from nnc.ir.plan import Player, TrainPlan
from nnc.record import replace
from nnc.source import Span
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
    "ema",
    "seed",
    "precision",
    "deterministic",
)
DEFAULTED = ("objective", "optimizer", "schedule", "batch", "seed")
Chosen = dict[str, list[ast.Setting]]


def check_gan_train(
    world: World,
    train: ast.Train,
    gan: Gan | None,
    networks: Mapping[str, Network | None],
    data: Mapping[str, object],
    overrides: Mapping[str, Override],
) -> TrainPlan | None:
    """The plan of a gan's train block, or None after a message; `gan` is None if it had one."""
    before = world.sink.errors
    chosen: Chosen = {word: [] for word in SELECTING}
    found = collect(world, "gan's train", train.settings, SETTINGS, (), selecting=chosen)
    apply_overrides(world, found, overrides, SETTINGS, "gan's train")
    _needed(world, train, found)
    names, given = _data(world, found.get("data"), data)
    numbers = read_numbers(world, found)
    length = read_length(world, found)
    precision = option_word(world, found.get("precision"), ("auto", "float32", "bf16"), "auto")
    deterministic = read_flag(world, found.get("deterministic"))
    plan = _plan(world, train, gan, networks, found, chosen)
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
        gan=plan,
        precision=precision,
        deterministic=deterministic,
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
) -> GanPlan | None:
    """The objective, and how each player is updated; None after a message."""
    objective = declared_call(
        world, found.get("objective"), OBJECTIVES, UNKNOWN_OBJECTIVE, NonSaturating()
    )
    ema = _ema(world, found.get("ema"))
    if gan is None:
        return None
    updates = _updates(world, gan, networks, found, chosen)
    beside = found.get("loss") if "objective" in found else None
    terms = read_terms(world, beside, gan, networks)
    if objective is not None:
        _objective(world, train, found, gan, objective, networks)
    if updates is None or objective is None:
        return None
    groups, clips = (tuple(each.groups for each in updates), tuple(each.clips for each in updates))
    return GanPlan(gan, objective, groups, (), ema, clips, terms)


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
                help="write `objective gan`; there are " + ", ".join(f"`{o}`" for o in OBJECTIVES),
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


# --- who is updated how ---------------------------------------------------------------------------


def _updates(
    world: World, gan: Gan, networks: Mapping[str, Network | None], found: Found, chosen: Chosen
) -> tuple[Updates, ...] | None:
    """The updates of each player."""
    made = []
    for word in SELECTING:
        chosen[word] = [s for s in chosen[word] if _known(world, gan, s)]
    for player in gan.players:
        own, inner = _of(world, player, found, chosen)
        updates = read_updates(world, own, inner, networks[player.network])
        if updates is not None:
            made.append(updates)
    return tuple(made) if len(made) == len(gan.players) else None


def _known(world: World, gan: Gan, setting: ast.Setting) -> bool:
    """Whether all selections begin with a player or a role."""
    known = dict.fromkeys(w for p in gan.players for w in (p.role, p.name))
    for e in setting.selectors:
        if isinstance(e, ast.Ref) and e.names[0].text in known:
            continue
        listed = ", ".join(f"`{word}`" for word in known)
        head = e.names[0].span if isinstance(e, ast.Ref) else e.span
        guess = nearest(head.text, tuple(known))
        world.sink.add(
            BAD_SETTING.at(
                e.span,
                "a selection in a gan begins with a player",
                help=f"did you mean `{guess}`?"
                if guess
                else f"write `on {next(iter(known))}.{e.span.text}`; there are {listed}",
                fix=Fix(head, guess) if guess else None,
            )
        )
        return False
    return True


def _of(world: World, player: GanPlayer, found: Found, chosen: Chosen) -> tuple[Found, Chosen]:
    """The settings as the player's network sees them: its own lines win over those of its role."""
    own: Found = {word: found[word] for word in SELECTING if word in found}
    inner: Chosen = {word: [] for word in SELECTING}
    for word in SELECTING:
        whole: dict[str, tuple[ast.Setting, Span]] = {}
        for setting in chosen[word]:
            parts = []
            for e in setting.selectors:
                assert isinstance(e, ast.Ref)
                head, rest = e.names[0].text, e.names[1:]
                if head not in (player.name, player.role):
                    continue
                if rest:
                    parts.append(replace(e, names=rest))
                elif head in whole:
                    world.sink.add(
                        DOUBLED_SETTING.at(
                            e.span,
                            f"`{head}` is selected twice",
                            others=(Label(whole[head][1], "the first"),),
                        )
                    )
                else:
                    whole[head] = setting, e.span
            if parts:
                inner[word].append(replace(setting, selectors=tuple(parts)))
        for head in (player.name, player.role):
            if head in whole:
                own[word] = replace(whole[head][0], selectors=())
                break
    return own, inner
