"""Going on with a run: the same spec, the same data, from its newest checkpoint."""

from __future__ import annotations

from pathlib import Path

from nnc.backends.torch_source import torch_source
from nnc.check import Checked
from nnc.cli import gans, specs
from nnc.cli.console import Console
from nnc.cli.failures import unusable
from nnc.cli.places import run_at
from nnc.cli.prepare import Prepared
from nnc.diagnostics import Refusal
from nnc.ir.plan import DataPlan, TrainPlan
from nnc.record import Record
from nnc.source import Source
from nnc.train.changes import Spec, refuse_data_changes, refuse_spec_changes, spec_changes
from nnc.train.folder import Run, find_run


class Resumed(Record):
    """A run to go on with: its spec as it was resolved, and where its data paths start."""

    run: Run
    source: Source
    root: str
    moved: dict[str, str]


def find(
    spec: str | None, asked: str, runs: Path, console: Console, block: str = ""
) -> Resumed | None:
    """The run that `--resume` means; None where `auto` finds none.

    Args:
        spec: of the command line; `auto` needs it.
        asked: a RUN, or `auto`: the newest unfinished run of the spec in `runs`.
        block: of this train block alone, where it is named.

    Raises:
        Refusal: there is none.
    """
    if asked != "auto":
        run = run_at(asked, "unfinished", console)
    else:
        if spec is None:
            raise unusable("`--resume auto` needs a SPEC", help="or name the run: --resume RUN")
        try:
            run = find_run(runs, "unfinished", block)
        except Refusal:
            return None
    text = specs.load(str(run.path / "spec.nn")).text
    source = Source(run.record.spec or "spec.nn", text)
    return Resumed(run, source, root_of(run), moved_of(run))


def unchanged(found: Resumed, prepared: Prepared, accept_data: bool) -> None:
    """Holds what is to be trained now to what the run began with.

    Raises:
        Refusal: the spec, or (unless accepted) the data differ.
    """
    run = found.run
    profiles = {profile.data: profile for profile in prepared.profiles}
    before = specs.check(found.source, {}, found.moved, profiles, found.root)
    plan = before.trains.get(prepared.plan.name)
    if plan is None:
        raise Refusal(*before.diagnostics) if before.errors else _other_block(prepared.plan.name)
    then = Spec(plan, _data(before, plan), _sources(before, plan))
    now = Spec(
        prepared.plan, _data(prepared.checked, prepared.plan), _sources(prepared.checked, plan)
    )
    refuse_spec_changes(run.path, spec_changes(then, now))
    if not accept_data:
        refuse_data_changes(run.path, run.record.data, prepared.profiles)


def _data(checked: Checked, plan: TrainPlan) -> tuple[DataPlan, ...]:
    return tuple(checked.data[name] for name in plan.data)


def _sources(checked: Checked, plan: TrainPlan) -> dict[str, str]:
    if plan.gan is not None:
        players = gans.players_of(plan.gan.gan, checked.networks)
        return {name: torch_source(network) for name, network in players.items()}
    network = checked.networks.get(plan.network)
    return {} if network is None else {network.name: torch_source(network)}


def _other_block(name: str) -> Refusal:
    return unusable(f"the run was not made of a train block `{name}`")


def moved_of(run: Run) -> dict[str, str]:
    """The data paths that the run was given on its command line."""
    return dict(
        item.removeprefix("--data ").split("=", 1)
        for item in run.record.overrides
        if item.startswith("--data ") and "=" in item
    )


def root_of(run: Run) -> str:
    """The folder that the spec stood in, searched upwards from the run where it has moved."""
    spec = Path(run.record.spec)
    if not spec.is_absolute():
        for base in (Path(), *run.path.resolve().parents):
            if (base / spec).is_file():
                return str((base / spec).parent)
    return str(spec.parent)
