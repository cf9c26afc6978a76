"""`init "RUN or FILE"`: the weights that a training starts from, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from nnc.backends.arrays import Array
from nnc.backends.foreign_names import beside, read_tables
from nnc.backends.starting import Begun, begin
from nnc.backends.weights import opened
from nnc.cli import specs
from nnc.cli.failures import relative
from nnc.cli.names import stem
from nnc.diagnostics import Refusal, nearest, rule
from nnc.ir.gan import GanPlan, GanPlayer
from nnc.ir.graph import Network
from nnc.ir.plan import TrainPlan
from nnc.ir.updates import Init
from nnc.passes.by_network import by_network
from nnc.record import Record
from nnc.render.difference import either, transfer_lines
from nnc.source import Source
from nnc.train.data.profile_json import profile_from_json
from nnc.train.folder import WEIGHTS, Run, age, find_run, open_run, runs_in
from nnc.train.run_record import InitRecord

NO_START = rule(
    "NN475",
    "init-not-readable",
    """
`init` names a run, a folder of runs, or a file of weights in the form safetensors; the path is
relative to the folder of the spec. In a folder the newest finished run counts that is not of this
train block itself, and did not start from one of its runs.
""",
)
NOTHING_CARRIES = rule(
    "NN476",
    "init-carries-nothing",
    """
No layer of the network fits one of the weights that `init` names: none has the same sizes, or
several could be meant. Layers are aligned by structure and sizes, not only by name; `nnc diff A B`
shows how. A file of weights does not tell in which order its modules run: `layer1.0` stands before
`layer1.1`, but nothing tells whether `downsample` runs before `conv1`. Where they have the same
sizes a table of names beside the spec makes it certain (NN547).
""",
)
FROZEN_ANEW = rule(
    "NN477",
    "frozen-starts-anew",
    """
Weights that are frozen keep what they start from. Where `init` has nothing for them they would keep
random numbers, which no training mends. Where several layers of a file could be meant, a table of
names beside the spec makes it certain (NN547).
""",
)


class Start(Record):
    """Weights to start from by name, lines that tell of them, and what the run remembers."""

    arrays: Mapping[str, Array]
    lines: tuple[str, ...]
    record: InitRecord


def start_of(plan: TrainPlan, network: Network, spec: Source) -> Start | None:
    """What a train block's `init` carries over; None where it has none.

    Raises:
        Refusal: there is nothing, it cannot be read, or nothing of it fits.
    """
    return None if plan.init is None else start_from(plan.init, plan, network, spec)


def start_from(
    init: Init, plan: TrainPlan, network: Network, spec: Source, player: GanPlayer | None = None
) -> Start:
    """What a network takes over from a run or a file; `player`: whom of a gan it is.

    Raises:
        Refusal: there is nothing, it cannot be read, or nothing of it fits.
    """
    path = _path(init)
    run, how = _run(path, init, plan, spec)
    weights = path if run is None else run.weights
    trained, head = (None, "") if run is None else _trained(run, init, player)
    if run is None and player is not None:
        head = _head(weights, player)
    begun = _begun(weights, network, trained, init, spec, head)
    table = relative(str(beside(Path(spec.name))))
    _hold(begun, init, plan, network, table, _others(player))
    lines = _lines(begun, weights, how, table, "" if player is None else player.name)
    return Start(begun.arrays, lines, _record(begun, init, weights))


def players_start(
    plan: TrainPlan, gan: GanPlan, networks: Mapping[str, Network], spec: Source
) -> dict[str, Start]:
    """What the players of a gan take over, by name; those without an `init` start anew.

    Raises:
        Refusal: as `start_from`.
    """
    inits = gan.inits or (None,) * len(gan.gan.players)
    return {
        player.name: start_from(init, own, networks[player.network], spec, player)
        for player, init, own in zip(gan.gan.players, inits, by_network(plan))
        if init is not None
    }


def player_start(plan: TrainPlan, name: str, network: Network, spec: Source) -> Start | None:
    """What one player of a gan takes over; None where nothing says so.

    Raises:
        Refusal: as `start_from`.
    """
    if plan.gan is None or not plan.gan.inits:
        return None
    for player, init, own in zip(plan.gan.gan.players, plan.gan.inits, by_network(plan)):
        if player.name == name and init is not None:
            return start_from(init, own, network, spec, player)
    return None


def joined_start(starts: Mapping[str, Start]) -> InitRecord | None:
    """What a run of several players remembers of their starts."""
    if not starts:
        return None
    each = starts.items()
    return InitRecord(
        ", ".join(dict.fromkeys(start.record.path for start in starts.values())),
        next(iter(starts.values())).record.sha256,
        tuple((f"{name}.{mine}", theirs) for name, s in each for mine, theirs in s.record.carried),
        tuple(f"{name}.{mine}" for name, s in each for mine in s.record.anew),
    )


def _others(player: GanPlayer | None) -> str:
    """The role that a player plays against, "" where it plays against nobody."""
    if player is None:
        return ""
    return "generator" if player.role == "discriminator" else "discriminator"


def _hold(
    begun: Begun, init: Init, plan: TrainPlan, network: Network, table: str, others: str
) -> None:
    """Refuses a start that carries nothing over, or leaves frozen weights to chance.

    `others`: who else plays.
    """
    doubts = begun.transfer.doubts
    notes = tuple(f"{d.place} could be {either(d.could_be)}" for d in doubts[:4])
    names = f"a table of names, {table}, makes it certain: `nnc explain NN547`"
    if not begun.transfer.carried:
        help = "`nnc diff` compares the two networks; leave `init` out to start anew"
        if others:
            help = f'where only others fit, write `init "{init.path}" on {others}`'
        message = f"no layer of {network.name} fits the weights of `{init.path}`"
        if doubts:
            message = f"which weights of `{init.path}` are meant is not certain"
        raise Refusal(
            NOTHING_CARRIES.at(init.span, message, notes=notes, help=names if doubts else help)
        )
    frozen = set(plan.frozen.weights)
    anew = [weight.name for weight in begun.transfer.anew if weight.name in frozen]
    if not anew:
        return
    more = f" and {len(anew) - 3} more" if len(anew) > 3 else ""
    open_ = {doubt.place for doubt in doubts}
    unclear = any(name.rpartition(".")[0] in open_ for name in anew)
    raise Refusal(
        FROZEN_ANEW.at(
            init.span,
            f"frozen, though nothing carried over: {', '.join(anew[:3])}{more}",
            notes=notes if unclear else (),
            help=names if unclear else "freeze only what carries over, or let these learn",
        )
    )


def _path(init: Init) -> Path:
    path = Path(init.path).expanduser() if init.path.startswith("~") else Path(init.path)
    path = path if path.is_absolute() else Path(init.root) / path
    if not path.is_dir() and not path.is_file():
        typed = init.span.source.name == specs.COMMAND_LINE
        help = f"paths are relative to the folder {'you are in' if typed else 'of the .nn file'}"
        near = nearest(path.name, [p.name for p in _beside(path)])
        if near:
            help = f"did you mean `{(PurePosixPath(init.path).parent / near).as_posix()}`?"
        raise Refusal(NO_START.at(init.span, f"there is no `{init.path}`", help=help))
    return path


def _beside(path: Path) -> list[Path]:
    try:
        return [p for p in path.parent.iterdir() if not p.name.startswith(".")]
    except OSError:
        return []


def _run(path: Path, init: Init, plan: TrainPlan, spec: Source) -> tuple[Run | None, str]:
    """The run that a path names, or that a run's own file of weights lies in; how it was chosen."""
    how = ""
    try:
        if path.is_dir() and not (path / "run.json").is_file():
            found, how = _chosen(path, init, plan, spec)
        elif path.is_dir():
            found = open_run(path)
        elif path.name == WEIGHTS and (path.parent / "run.json").is_file():
            return open_run(path.parent), ""
        else:
            return None, ""
    except Refusal as refusal:
        first = refusal.diagnostics[0]
        help = first.help if first.code == NO_START.code else ""
        help = help or "name a run, a folder of runs, or a file of weights"
        message = f"`{init.path}`: {first.message}"
        raise Refusal(NO_START.at(init.span, message, help=help)) from None
    if not found.weights.is_file():
        message = f"the run `{init.path}` has no weights yet"
        help = "its training has not saved any; name another run"
        raise Refusal(NO_START.at(init.span, message, help=help))
    return found, how


def _chosen(path: Path, init: Init, plan: TrainPlan, spec: Source) -> tuple[Run, str]:
    """The newest finished run in a folder that is not what this train block made of one."""
    finished = [run for run in runs_in(path) if run.record.status == "finished"]
    own: set[Path] = set()
    lineage: set[str] = set()
    for run in sorted(finished, key=age):
        before = run.record.init.sha256 if run.record.init is not None else ""
        mine = run.record.block == plan.name and stem(run.record.spec) == stem(spec.name)
        if mine or before in lineage:
            own.add(run.path)
            lineage |= {_digest(run.weights)} if run.weights.is_file() else set()
    left = [run for run in finished if run.path not in own]
    if left:
        how = f"the newest in {init.path} without those of {plan.name}" if own else ""
        return max(left, key=age), how or f"the newest in {init.path}"
    if own:
        message = f"all finished runs in it are of {plan.name} itself"
        help = "name the run that is meant, such as `" + relative(str(min(own))) + "`"
        raise Refusal(NO_START.at(init.span, message, help=help))
    return find_run(path, "finished"), ""


def _begun(
    weights: Path, network: Network, trained: Network | None, init: Init, spec: Source, head: str
) -> Begun:
    names = beside(Path(spec.name))
    try:
        tables = read_tables(names, relative(str(names))) if names.is_file() else ()
        own = [table for table in tables if table.network in ("", network.name)]
        return begin(weights, network, trained, own, head)
    except Refusal as refusal:
        first = refusal.diagnostics[0]
        raise Refusal(
            NO_START.at(
                init.span, f"`{init.path}`: {first.message}", notes=first.notes, help=first.help
            )
        ) from None
    except OSError as error:
        message = f"`{init.path}` cannot be read: {error.strerror or error}"
        raise Refusal(NO_START.at(init.span, message)) from None


def _trained(run: Run, init: Init, player: GanPlayer | None) -> tuple[Network | None, str]:
    """The network of a run, and what the names of its weights begin with where it has several.

    None where its spec does not tell any more: names alone then count.
    """
    try:
        text = specs.load(str(run.path / "spec.nn")).text
        profile = profile_from_json(specs.load(str(run.path / "data.json")).text)
    except Refusal:
        return None, "" if player is None else _head(run.weights, player)
    checked = specs.check(Source("spec.nn", text), {}, {}, {profile.data: profile})
    gan = checked.gans.get(run.record.network)
    if gan is None:
        return checked.networks.get(run.record.network), ""
    alike = [p for p in gan.players if player is not None and p.role == player.role]
    same = [p for p in gan.players if player is not None and p.name == player.name]
    found = same or (alike if len(alike) == 1 else [])
    if not found:
        listed = ", ".join(f"`{p.name}`" for p in gan.players)
        whom = "one network" if player is None else f"`{player.name}`"
        message = f"`{init.path}` is a run of the players {listed}, and this is for {whom}"
        help = "`nnc build RUN --network NAME` writes one of them; name that file"
        raise Refusal(NO_START.at(init.span, message, help=help if player is None else ""))
    return checked.networks.get(found[0].network), f"{found[0].name}."


def _head(weights: Path, player: GanPlayer) -> str:
    """What the names of a player's weights begin with, in a file that holds those of several."""
    try:
        with opened(weights) as file:
            names = list(file.keys())
    except (Refusal, OSError):
        return ""  # who reads it will say so
    heads = (f"{player.name}.", f"{player.role}.")
    return next((head for head in heads if any(name.startswith(head) for name in names)), "")


def _lines(begun: Begun, weights: Path, how: str, table: str, player: str = "") -> tuple[str, ...]:
    """The plan: what is unclear, what carries over, what starts anew, what is left behind."""
    by = f"by the names of {begun.title}" if begun.title else how
    whose = f"{player} <- " if player else ""
    lines = [f"init      {whose}{relative(str(weights))}{f'   {by}' if by else ''}"]
    lines += [f"{'':<10}{line}" for line in transfer_lines(begun.transfer, most=8)]
    if begun.transfer.doubts:
        lines.append(
            f"note      what is unclear starts anew; a table of names, {table}, makes it certain:"
            " nnc explain NN547"
        )
    return tuple(lines)


def _record(begun: Begun, init: Init, weights: Path) -> InitRecord:
    plan = begun.transfer
    return InitRecord(
        init.path,
        _digest(weights),
        tuple((c.name, c.source) for c in plan.carried),
        tuple(weight.name for weight in plan.anew),
    )


def _digest(weights: Path) -> str:
    from nnc.deploy.export import file_digest  # onnx takes long to load

    return file_digest(weights)
