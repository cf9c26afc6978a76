"""`nnc train SPEC`: check, open the data, train, prove and export, all into a run folder."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from nnc import __version__
from nnc.cli import gans, prepare, resume, specs
from nnc.cli.console import Console
from nnc.cli.failures import FAILED_CHECK, FAILED_TRAINING, UNTRAINED, relative
from nnc.cli.folders import runs_folder
from nnc.cli.names import stem
from nnc.cli.prepare import Prepared
from nnc.cli.starting import Start, joined_start, players_start, start_of
from nnc.cli.verb import FILE, data_option, network_option, set_option, verb
from nnc.deploy.about import STEPS
from nnc.deploy.exporter import OnnxExporter
from nnc.ir.walk import macs
from nnc.record import Record, replace
from nnc.render.header import binding_lines, data_line, network_line, split_line
from nnc.render.updates import update_lines
from nnc.source import NOWHERE, Source
from nnc.train.checkpoints import checkpoints
from nnc.train.device import refuse_unusable
from nnc.train.engine import train
from nnc.train.folder import RunFolder, new_folder
from nnc.train.job import Exporter, Job, Outcome
from nnc.train.report import PlainReport, Report


class Wish(Record):
    """What the options ask of a run."""

    spec: str | None
    resume: str | None
    network: str | None
    sets: dict[str, str]
    moved: dict[str, str]
    out: str | None = None
    name: str = ""
    accept_data: bool = False
    device: str = "auto"


SMALL_STEP = 100_000_000
"""Multiply-adds of a step that one thread does in a few milliseconds."""


@verb("train")
@click.argument("spec", type=FILE, required=False)
@click.option(
    "--out", type=FILE, metavar="DIR", help="The run's folder itself, instead of runs/SPEC/N."
)
@click.option("--name", default="", help="The run's name in runs/SPEC, instead of a number.")
@click.option(
    "--resume",
    type=FILE,
    metavar="RUN|auto",
    help="Go on with a run; auto: the spec's newest unfinished one, or a new run.",
)
@click.option("--accept-data", is_flag=True, help="Go on though the data has changed.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps.")
@click.option(
    "--threads",
    type=click.IntRange(min=0),
    default=0,
    help="Of the CPU; 0: all, or 1 if small.",
)
@network_option
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Train only N steps.")
@click.option(
    "--overfit", type=click.IntRange(min=1), metavar="N", help="Learn N samples by heart."
)
@click.option("--no-export", is_flag=True, help="Write no ONNX file, and check none.")
@set_option
@data_option
def command(
    console: Console,
    spec: str | None,
    out: str | None,
    name: str,
    resume: str | None,
    accept_data: bool,
    device: str,
    threads: int,
    network: str | None,
    steps: int | None,
    overfit: int | None,
    no_export: bool,
    sets: dict[str, str],
    moved: dict[str, str],
) -> int:
    """Train the network of SPEC, and export it as ONNX, compared with PyTorch.

    The run lands in runs/SPEC/N. Ctrl-C saves and exports the best so far.
    """
    if spec is None and resume is None:
        raise click.UsageError("Missing argument 'SPEC' (or --resume RUN).")
    sets |= {} if steps is None else {"train.steps": str(steps)}
    wish = Wish(spec, resume, network, sets, moved, out, name, accept_data, device)
    prepared, folder, resumed, starts = start(wish, console)
    threads = threads or _few(prepared)
    try:
        told = tuple(line for each in starts.values() for line in each.lines)
        _header(prepared, folder, told, console)
        job = Job(
            plan=prepared.plan,
            members=prepare.members(prepared, {n: each.arrays for n, each in starts.items()}),
            data=prepared.data,
            folder=folder,
            beside=prepared.beside,
            augment=prepared.data_plan.augment,
            exporter=None if no_export else _exporter(prepared, folder, threads),
            device=device,
            threads=threads,
            resume=resumed,
            accumulate=prepared.plan.accumulate,
            overfit=overfit or 0,
        )
        with _report(folder, console) as report:
            outcome = train(job, report)
    except BaseException as error:
        if folder.record.status == "running":  # it failed before the engine took over
            folder.update(status="failed", stopped_by=type(error).__name__)
        raise
    finally:
        folder.close()
    _next(outcome, prepared, folder, console)
    return outcome.exit_code


def _few(prepared: Prepared) -> int:
    """One thread where a step is so little work that a second one would only wait; 0: all."""
    work = macs(prepared.network)
    return 1 if isinstance(work, int) and work * prepared.plan.batch < SMALL_STEP else 0


def _exporter(prepared: Prepared, folder: RunFolder, threads: int) -> Exporter:
    plan = prepared.plan
    if plan.gan is not None:
        recipes = gans.recipes(prepared.checked, plan.gan.gan, plan, prepared.profiles)
        return gans.exporter(recipes, folder.path, plan.seed, threads)
    return OnnxExporter(
        prepare.recipe(prepared), plan.players[0].name, folder.path, seed=plan.seed, threads=threads
    )


class Ready(NamedTuple):
    """A run's folder, locked, with what it is to do; `starts`: what `init` gives each player."""

    prepared: Prepared
    folder: RunFolder
    resumed: bool
    starts: Mapping[str, Start]


def start(wish: Wish, console: Console) -> Ready:
    """The run's folder, new or found, with what it is to do.

    Raises:
        Refusal: the spec, the data or the folder does not allow it.
    """
    found = None
    if wish.resume is not None:
        where = Path(wish.out) if wish.out else _runs(wish.spec)
        found = resume.find(wish.spec, wish.resume, where, console, wish.network or "")
        if found is None:
            console.note("note: no unfinished run, a new one starts")
    if found is None:
        assert wish.spec is not None, "without a spec there is a run to go on with"
        source = specs.load(wish.spec)
        prepared = prepare.prepare(source, wish.sets, wish.moved, wish.network, console)
        refuse_unusable(wish.device)
        starts = _starts(prepared, source)
        out = Path(wish.out) if wish.out else None
        own = plan.name if (plan := prepared.plan).name != plan.network else ""
        path = new_folder(runs_folder(), stem(source.name), name=wish.name, out=out, block=own)
        record = prepare.record(prepared, console, wish.sets, wish.moved)
        gan = prepared.plan.gan
        first = next((each.record for each in starts.values()), None)
        record = replace(record, init=first if gan is None else joined_start(starts))
        folder = RunFolder(path, record)
        folder.write_source(prepare.files(prepared))
        return Ready(prepared, folder, False, starts)
    source, root = found.source, found.root
    if wish.spec is not None:  # its length may have changed since
        source = specs.load(wish.spec)
        root = specs.root_of(source)
    moved = found.moved | wish.moved
    network = wish.network or found.run.record.block
    prepared = prepare.prepare(source, wish.sets, moved, network, console, root=root)
    resume.unchanged(found, prepared, wish.accept_data)
    folder = RunFolder(found.run.path, replace(found.run.record, status="running", stopped_by=""))
    folder.write_source({"spec.nn": prepared.checked.resolved})
    return Ready(prepared, folder, True, {})  # its checkpoint has all weights


def _starts(prepared: Prepared, source: Source) -> Mapping[str, Start]:
    """What players begin with, by name, where the spec says so."""
    plan = prepared.plan
    if plan.gan is not None:
        return players_start(plan, plan.gan, prepared.checked.networks, source)
    begun = start_of(plan, prepared.network, source)
    return {} if begun is None else {plan.players[0].name: begun}


def _runs(spec: str | None) -> Path:
    return runs_folder() / stem(spec) if spec else runs_folder()


def _header(prepared: Prepared, folder: RunFolder, more: tuple[str, ...], console: Console) -> None:
    plan, profile = prepared.plan, prepared.profile
    competing = plan.gan
    if competing is not None:
        who = gans.header_lines(plan, competing, prepared.checked.networks)
    else:
        who = [network_line(prepared.network, plan)]
    data = [line(profile) for profile in prepared.profiles for line in (data_line, split_line)]
    lines = [
        f"nnc {__version__}  {prepared.source.name}  ->  {relative(str(folder.path))}",
        *who,
        *data,
        *binding_lines(plan, profile),
        *(update_lines(plan, prepared.network) if competing is None else ()),
        *more,
    ]
    console.note(console.shown("\n".join(lines)))
    with open(folder.path / "log.txt", "a", encoding="utf-8", newline="\n") as log:
        log.writelines(f"{line}\n" for line in lines)


@contextmanager
def _report(folder: RunFolder, console: Console) -> Iterator[Report]:
    path = relative(str(folder.path))
    if console.quiet:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            yield PlainReport(nowhere, path)
    elif sys.stderr.isatty():
        from nnc.cli.progress import TerminalReport  # rich, for terminals only

        with TerminalReport(path, color=console.err.color) as report:
            yield report
    else:
        yield PlainReport(sys.stderr, path)


def _at_once(outcome: Outcome) -> bool:
    """Whether it failed at the first step."""
    return re.search(r" at step 1(?!\d)", outcome.stopped_by) is not None


def _tell_failure(outcome: Outcome, console: Console) -> None:
    if outcome.exit_code != FAILED_TRAINING:
        console.error(outcome.stopped_by)
        return
    help = ""
    if _at_once(outcome):  # before any update
        help = "no update was made yet: look at the data, `normalize`, and `log` or `/` in the loss"
    elif "the loss " in outcome.stopped_by:
        help = "try a lower learning rate: --set train.optimizer.lr=1e-4"
    console.diagnostics([UNTRAINED.at(NOWHERE, outcome.stopped_by, help=help)])


def _writes(prepared: Prepared) -> bool:
    """Whether it is a language model."""
    tokens = {field.name for field in prepared.data.profile.fields if field.meaning == "tokens"}
    binding = prepared.plan.binding
    return binding is not None and any(field in tokens for _, field in binding.targets)


def _next(outcome: Outcome, prepared: Prepared, folder: RunFolder, console: Console) -> None:
    run = relative(str(folder.path))
    if outcome.exit_code in (FAILED_CHECK, FAILED_TRAINING):
        _tell_failure(outcome, console)
    lines = []
    if outcome.status == "finished" and prepared.plan.gan is not None:
        lines += gans.next_lines(prepared.plan.gan, run, outcome.exports)
    elif outcome.status == "finished" and outcome.exports:
        steps = any(export.file == STEPS for export in outcome.exports)
        lines += [f'nnc sample {run} --prompt "..."'] if steps and _writes(prepared) else []
        lines.append(f"nnc run {run}/{outcome.exports[0].file} INPUT")
        lines.append(f"nnc eval {run} --data {prepared.data_plan.name}=PATH")
    if outcome.status != "finished":
        diverged = _at_once(outcome) and "the loss " in outcome.stopped_by
        if checkpoints(folder.checkpoints) and not diverged:
            lines.append(f"nnc train --resume {run}")
    elif prepared.plan.length.unit == "epochs" and outcome.stopped_by != "early_stop":
        lines.append(
            f"nnc train --resume {run} --set train.epochs={2 * prepared.plan.length.count}"
        )
    for at, line in enumerate(lines):
        console.note(f"{'next' if at == 0 else '':<9} {line}")
    if not sys.stdout.isatty():
        console.result(run)
