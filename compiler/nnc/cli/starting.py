"""`init "RUN or FILE"`: the weights that a training starts from, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from nnc.backends.arrays import Array
from nnc.backends.foreign_names import beside, read_tables
from nnc.backends.starting import Begun, begin
from nnc.cli import specs
from nnc.cli.failures import relative
from nnc.diagnostics import Refusal, nearest, rule
from nnc.ir.graph import Network
from nnc.ir.plan import TrainPlan
from nnc.ir.updates import Init
from nnc.record import Record
from nnc.render.difference import transfer_lines
from nnc.source import Source
from nnc.train.data.profile_json import profile_from_json
from nnc.train.folder import WEIGHTS, Run, find_run, open_run
from nnc.train.run_record import InitRecord

NO_START = rule(
    "NN475",
    "init-not-readable",
    """
`init` names a run, a folder of runs (its newest finished one counts), or a file of weights in the
form safetensors; the path is relative to the folder of the spec.
""",
)
NOTHING_CARRIES = rule(
    "NN476",
    "init-carries-nothing",
    """
No layer of the network fits one of the weights that `init` names: none has the same sizes. Layers
are aligned by structure and sizes, not only by name; `nnc diff A B` shows how.
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
    if plan.init is None:
        return None
    init = plan.init
    path = _path(init)
    run = _run(path, init)
    weights = path if run is None else run.weights
    begun = _begun(weights, network, run, init, spec)
    if not begun.transfer.carried:
        raise Refusal(
            NOTHING_CARRIES.at(
                init.span,
                f"no layer of {network.name} fits the weights of `{init.path}`",
                help="`nnc diff` compares the two networks; leave `init` out to start anew",
            )
        )
    return Start(begun.arrays, _lines(begun, weights, plan), _record(begun, init, weights))


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


def _run(path: Path, init: Init) -> Run | None:
    """The run that a path names, or that a run's own file of weights lies in."""
    try:
        if path.is_dir():
            found = open_run(path) if (path / "run.json").is_file() else find_run(path, "finished")
        elif path.name == WEIGHTS and (path.parent / "run.json").is_file():
            return open_run(path.parent)
        else:
            return None
    except Refusal as refusal:
        first = refusal.diagnostics[0]
        help = "name a run, a folder of runs, or a file of weights"
        message = f"`{init.path}`: {first.message}"
        raise Refusal(NO_START.at(init.span, message, help=help)) from None
    if not found.weights.is_file():
        message = f"the run `{init.path}` has no weights yet"
        help = "its training has not saved any; name another run"
        raise Refusal(NO_START.at(init.span, message, help=help))
    return found


def _begun(weights: Path, network: Network, run: Run | None, init: Init, spec: Source) -> Begun:
    trained = None if run is None else _trained(run)
    names = beside(Path(spec.name))
    try:
        tables = read_tables(names, relative(str(names))) if names.is_file() else ()
        own = [table for table in tables if table.network in ("", network.name)]
        return begin(weights, network, trained, own)
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


def _trained(run: Run) -> Network | None:
    """The network of a run; None where its spec does not tell any more: names alone then count."""
    try:
        text = specs.load(str(run.path / "spec.nn")).text
        profile = profile_from_json(specs.load(str(run.path / "data.json")).text)
    except Refusal:
        return None
    checked = specs.check(Source("spec.nn", text), {}, {}, {profile.data: profile})
    return checked.networks.get(run.record.network)


def _lines(begun: Begun, weights: Path, plan: TrainPlan) -> tuple[str, ...]:
    """The plan: what carries over, what starts anew, what is left behind."""
    by = f"   by the names of {begun.title}" if begun.title else ""
    lines = [f"init      {relative(str(weights))}{by}"]
    lines += [f"{'':<10}{line}" for line in transfer_lines(begun.transfer, most=8)]
    frozen = set(plan.frozen.weights)
    anew = [weight.name for weight in begun.transfer.anew if weight.name in frozen]
    if anew:
        more = f" and {len(anew) - 3} more" if len(anew) > 3 else ""
        lines.append(f"note      frozen, though nothing carried over: {', '.join(anew[:3])}{more}")
    return tuple(lines)


def _record(begun: Begun, init: Init, weights: Path) -> InitRecord:
    from nnc.deploy.export import file_digest  # onnx takes long to load

    plan = begun.transfer
    return InitRecord(
        init.path,
        file_digest(weights),
        tuple((c.name, c.source) for c in plan.carried),
        tuple(weight.name for weight in plan.anew),
    )
