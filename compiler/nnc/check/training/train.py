"""Train blocks: AST to TrainPlan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from nnc.check.foreign import settingwords
from nnc.check.formulas.values import Unknown
from nnc.check.overrides import Override, expression, unknown_key
from nnc.check.rules import UNKNOWN_NETWORK
from nnc.check.training.losses import Terms, outline, read_loss
from nnc.check.training.lossformulas import Outline
from nnc.check.training.metrics import read_metrics
from nnc.check.training.settings import (
    Found,
    collect,
    number,
    one_value,
    override,
    text_of,
    with_argument,
)
from nnc.check.training.sourceargs import SOURCES
from nnc.check.training.training_rules import (
    BAD_SETTING,
    MISSING_SETTING,
    UNKNOWN_DATA,
)
from nnc.check.training.updates import SELECTING, read_updates
from nnc.check.world import World
from nnc.diagnostics import Fix, Refusal, nearest
from nnc.ir.arguments import Declared
from nnc.ir.graph import Network
from nnc.ir.plan import (
    EarlyStop,
    Length,
    Phase,
    Player,
    TrainPlan,
)
from nnc.ir.updates import Init
from nnc.syntax import ast

SETTINGS = (
    "data",
    "loss",
    "optimizer",
    "schedule",
    "epochs",
    "steps",
    "batch",
    "metric",
    "clip",
    "freeze",
    "init",
    "accumulate",
    "early_stop",
    "seed",
    "precision",
    "deterministic",
    "compile",
)
PLANNED = ("average", "bptt")
DEFAULTED = ("optimizer", "schedule", "batch", "seed", "early_stop")
D = TypeVar("D", bound=Declared)


def check_train(
    world: World,
    train: ast.Train,
    networks: Mapping[str, Network | None],
    data: Mapping[str, object],
    overrides: Mapping[str, Override],
    root: str = "",
) -> TrainPlan | None:
    """The plan of a train block, or None after a message; `root`: where relative paths start."""
    before = world.sink.errors
    chosen: dict[str, list[ast.Setting]] = {word: [] for word in SELECTING}
    found = collect(world, "train", train.settings, SETTINGS, PLANNED, selecting=chosen)
    if train.network.text not in networks:
        unknown_network(world, train, networks)
        return None
    network = networks[train.network.text]
    apply_overrides(world, found, overrides)
    _needed(world, train, found, network)
    names, given = _data(world, found.get("data"), data)
    updates = read_updates(world, found, chosen, network)
    ends = outline(network, world.networks[train.network.text], names)
    terms = _loss(world, found.get("loss"), ends)
    metrics = read_metrics(world, found.get("metric"), ends, terms.losses)
    numbers = read_numbers(world, found)
    length, init = read_length(world, found), read_init(world, found.get("init"), root)
    precision, exact, compiled = read_computing(world, found)
    if network is None or world.sink.errors > before or length is None or updates is None:
        return None
    return TrainPlan(
        train.name.text if train.name else network.name,
        network.name,
        names,
        (Player(network.name, network.name),),
        (Phase(network.name, terms.losses, updates.groups, 1, terms.formulas),),
        length,
        int(numbers.get("batch", 64)),
        metrics,
        given,
        seed=int(numbers.get("seed", 0)),
        clips=updates.clips,
        frozen=updates.frozen,
        init=init,
        accumulate=int(numbers.get("accumulate", 1)),
        early_stop=_early_stop(numbers),
        precision=precision,
        deterministic=exact,
        compile=compiled,
        monitor=metrics[0].name if metrics else "loss",
        defaults=tuple(s for s in DEFAULTED if s not in found),
        span=train.span,
    )


def competes(train: ast.Train) -> bool:
    """Whether the settings are those of a gan, under whatever name."""
    settings = train.settings.settings
    return any(isinstance(s, ast.Setting) and s.name.text == "objective" for s in settings)


def unknown_network(world: World, train: ast.Train, networks: Mapping[str, Network | None]) -> None:
    """Reports the name of a network or gan that is not there."""
    if train.name is not None and train.name.text in networks:
        made = f"{train.name.text} as {train.network.text}"
        both = train.network.span.to(train.name.span)
        message = f"no network is called `{train.network.text}`"
        help = f"the network stands first: `train {made}`"
        world.sink.add(UNKNOWN_NETWORK.at(both, message, help=help, fix=Fix(both, made)))
        return
    alone = tuple(name for name in networks if "." not in name)
    known = (*alone, *world.gans)  # players stand in their gans
    playing = train.network.text in ("generator", "discriminator", "critic") and len(world.gans)
    guess = next(iter(world.gans)) if playing else nearest(train.network.text, known)
    listed = ", ".join(known)
    world.sink.add(
        UNKNOWN_NETWORK.at(
            train.network.span,
            f"no network is called `{train.network.text}`",
            help=f"did you mean `{guess}`?" if guess else f"there are: {listed}" if listed else "",
            fix=Fix(train.network.span, guess) if guess else None,
        )
    )


def apply_overrides(
    world: World,
    found: Found,
    overrides: Mapping[str, Override],
    known: tuple[str, ...] = SETTINGS,
    what: str = "train",
) -> None:
    """Applies `--set train.*`; `known`: the settings that the block `what` has."""
    try:
        if "steps" in overrides:
            found.pop("epochs", None)
        if "epochs" in overrides:
            found.pop("steps", None)
        for path, one in override(found, overrides, known, what).items():
            head, _, argument = path.partition(".")
            value = expression(one)
            default = ast.Ref(value.span, (ast.Ident(value.span, _DEFAULT[head]),))
            old = found[head].values[0] if head in found and found[head].values else default
            name = ast.Ref(value.span, (ast.Ident(value.span, head),))
            new = with_argument(head, old, argument, value)
            if new is None:
                world.sink.add(unknown_key(one, [], f"`{head}` is no single call; set it whole"))
                continue
            found[head] = ast.Setting(new.span, name, "", (new,), (), None)
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            world.sink.add(diagnostic)


_DEFAULT = {
    "optimizer": "adam",
    "schedule": "constant",
    "loss": "cross_entropy",
    "objective": "gan",
}


def _needed(world: World, train: ast.Train, found: Found, network: Network | None) -> None:
    """Data, loss and a length must be there."""
    output = network.graph.outputs[0].name if network is not None else "OUTPUT"
    wanted = {
        "data": "data NAME",
        "loss": f"loss cross_entropy({output})",
        "epochs": "epochs 10",
    }
    if "steps" in found:
        del wanted["epochs"]
    missing = [n for n in wanted if n not in found and n not in world.doubted]
    missing = [wanted[name] for name in missing]
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
        world.sink.add(
            BAD_SETTING.at(
                found["steps"].span, "a run is as long as `epochs` or `steps` say, not both"
            )
        )


def _data(
    world: World, setting: ast.Setting | None, data: Mapping[str, object]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The data's name, and the bindings written out."""
    if setting is None:
        return (), ()
    if len(setting.values) > 1:
        world.sink.add(
            BAD_SETTING.at(
                setting.span,
                "a network learns from one data block",
                help="only a gan of two domains takes one for each",
            )
        )
        return (), ()
    e = one_value(world, setting, "digits")
    read = None if e is None else read_data(world, e, data)
    return ((read[0],), read[1]) if read is not None else ((), ())


def read_data(
    world: World, e: ast.Expr, data: Mapping[str, object]
) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """The name of a data block with its bindings, `digits(image=picture)`; None after a message."""
    name = e.name if isinstance(e, ast.Call) else e.names[0] if isinstance(e, ast.Ref) else None
    if name is None:
        world.sink.add(BAD_SETTING.at(e.span, "`data` takes the name of a data block"))
        return None
    if isinstance(e, ast.Call) and name.text in SOURCES:
        source = " ".join(e.span.text.split())
        world.sink.add(
            UNKNOWN_DATA.at(
                e.span,
                "data are declared at the top of the file, with a name",
                help=f"write `data samples = {source}` there, and `data samples` here",
            )
        )
        return None
    if name.text not in data:
        guess = nearest(name.text, tuple(data))
        world.sink.add(
            UNKNOWN_DATA.at(
                name.span,
                f"no data is called `{name.text}`",
                help=f"did you mean `{guess}`?"
                if guess
                else f'declare it: data {name.text} = bundled("mnist5k")',
                fix=Fix(name.span, guess) if guess else None,
            )
        )
    given = []
    for arg in e.args if isinstance(e, ast.Call) else ():
        if arg.name is None or not isinstance(arg.value, ast.Ref):
            world.sink.add(
                BAD_SETTING.at(
                    arg.span, "a binding is `NETWORK_NAME=FIELD`", help="data digits(image=image)"
                )
            )
        else:
            given.append((arg.name.text, arg.value.text))
    return name.text, tuple(given)


def _loss(world: World, setting: ast.Setting | None, network: Outline) -> Terms:
    if setting is None:
        return Terms()
    e = one_value(world, setting, "cross_entropy")
    return Terms() if e is None or not network.outputs else read_loss(world, e, network)


def read_numbers(world: World, found: Found) -> dict[str, float]:
    """Settings that are single numbers."""
    kinds = {"batch": ("64", 1), "seed": ("0", 0), "accumulate": ("4", 1), "early_stop": ("5", 1)}
    values: dict[str, float] = {}
    for name, (example, least) in kinds.items():
        if name in found:
            value = number(world, found[name], example, whole=True, least=least)
            if value is not None:
                values[name] = value
    batch, pieces = values.get("batch", 64), values.get("accumulate", 1)
    if pieces > batch:
        message = f"a batch of {batch} has no {pieces} pieces"
        help = f"write at most `accumulate {batch}`"
        world.sink.add(BAD_SETTING.at(found["accumulate"].span, message, help=help))
    return values


def read_init(world: World, setting: ast.Setting | None, root: str) -> Init | None:
    """The path of a run or a file; on the command line it starts from the working folder."""
    if setting is None:
        return None
    e = one_value(world, setting, '"runs/lenet/1"')
    if isinstance(e, ast.String) and e.value:
        return Init(e.value, root if e.span.source in world.homes else "", e.span)
    if e is not None:
        world.sink.add(
            BAD_SETTING.at(
                e.span,
                "`init` takes the path of a run or of a file of weights, in quotes",
                help='for example `init "runs/lenet/1"`',
            )
        )
    return None


def read_length(world: World, found: Found) -> Length | None:
    """The run's length, None after a message and where none is written."""
    for unit in ("epochs", "steps"):
        if unit in found:
            count = number(world, found[unit], "10", whole=True, least=1)
            return None if count is None else Length(unit, int(count))
    return None


def _early_stop(numbers: Mapping[str, float]) -> EarlyStop | None:
    return EarlyStop(int(numbers["early_stop"])) if "early_stop" in numbers else None


def option_word(
    world: World, setting: ast.Setting | None, words: tuple[str, ...], default: str
) -> str:
    """The word of a setting that takes one of a few."""
    if setting is None:
        return default
    e = one_value(world, setting, words[0])
    text = text_of(e) if e is not None else None
    if e is not None and text not in words:
        listed = " or ".join(f"`{w}`" for w in words)
        right = settingwords.OPTIONS.get((text or "").lower(), "")
        right = right if right in words else nearest(text or "", words)
        world.sink.add(
            BAD_SETTING.at(
                e.span,
                f"`{setting.name.text}` takes {listed}",
                help=f"write `{right}`" if right else "",
                fix=Fix(e.span, right) if right else None,
            )
        )
    return text or default


def read_computing(world: World, found: Found) -> tuple[str, bool, bool]:
    """In which numbers a run computes, whether to the bit on a GPU, and whether compiled."""
    precision = option_word(world, found.get("precision"), ("auto", "float32", "bf16"), "auto")
    exact, compiled = (read_flag(world, found.get(word)) for word in ("deterministic", "compile"))
    return precision, exact, compiled


def read_flag(world: World, setting: ast.Setting | None) -> bool:
    """Whether a setting of `true` or `false` is `true`."""
    if setting is None:
        return False
    e = one_value(world, setting, "true")
    value = world.numbers.value(e, world.scope) if e is not None else False
    if not isinstance(value, (bool, Unknown)):
        world.sink.add(
            BAD_SETTING.at(setting.span, f"`{setting.name.text}` takes `true` or `false`")
        )
    return value is True
