"""Going on with a run: the same spec, the same data, from its newest checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

from nnc.cli import specs
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.cli.places import run_at
from nnc.diagnostics import Refusal, rule
from nnc.ir.plan import Profile
from nnc.record import Record
from nnc.source import NOWHERE, Source
from nnc.train.folder import Run, find_run

FREE = ("epochs", "steps")
"""Settings that a resumed run may change without being asked."""

SPEC_CHANGED = rule(
    "NN492",
    "resumed-spec-changed",
    """
`--resume` goes on with the run as it was: the same network, data and settings. Only its length
(`epochs`, `steps`), devices, workers and the data's path may change. Start a new run for anything
else.
""",
)
DATA_CHANGED = rule(
    "NN493",
    "resumed-data-changed",
    """
The data is not what the run has trained on so far: the fingerprint of a part differs.
`--accept-data` goes on with the data as it is now; results of before and after are then not of one
experiment.
""",
)


class Resumed(Record):
    """A run to go on with: its spec as it was resolved, and where its data paths start."""

    run: Run
    source: Source
    root: str
    moved: dict[str, str]


def find(spec: str | None, asked: str, runs: Path, console: Console) -> Resumed | None:
    """The run that `--resume` means; None where `auto` finds none.

    Args:
        spec: of the command line; the run must have been made of it.
        asked: a RUN, or `auto`: the newest unfinished run of the spec in `runs`.

    Raises:
        Refusal: there is none, or it was made of another spec.
    """
    if asked != "auto":
        run = run_at(asked, "unfinished", console)
    else:
        if spec is None:
            raise unusable("`--resume auto` needs a SPEC", help="or name the run: --resume RUN")
        try:
            run = find_run(runs, "unfinished")
        except Refusal:
            return None
    text = specs.load(str(run.path / "spec.nn")).text
    source = Source(run.record.spec or "spec.nn", text)
    if spec is not None:
        _same(specs.load(spec), source, run)
    return Resumed(run, source, root_of(run), moved_of(run))


def allowed(sets: Mapping[str, str]) -> None:
    """Holds `--set` to what a resumed run may change.

    Raises:
        Refusal: a key is none of these.
    """
    for key in sets:
        if key.split(".")[-1] not in FREE:
            help = f"only {' and '.join(FREE)} may change; start a new run for `{key}`"
            raise Refusal(SPEC_CHANGED.at(NOWHERE, f"a resumed run keeps its `{key}`", help=help))


def same_data(run: Run, profile: Profile, accept: bool) -> None:
    """Holds the data to the fingerprints that the run has stored.

    Raises:
        Refusal: a part differs, and it is not accepted.
    """
    stored = {d.name: {p.name: p for p in d.parts} for d in run.record.data}.get(profile.data, {})
    for part in profile.parts:
        before = stored.get(part.name)
        if before is not None and before.fingerprint != part.fingerprint and not accept:
            note = f"{before.samples:,} samples then, {part.samples:,} now"
            message = f"the {part.name} part of `{profile.data}` is not what this run trained on"
            help = "`--accept-data` goes on all the same"
            raise Refusal(DATA_CHANGED.at(NOWHERE, message, notes=(note,), help=help))


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


def _same(now: Source, before: Source, run: Run) -> None:
    stored = run.path / "source" / Path(before.name).name
    old = specs.load(str(stored)).text if stored.is_file() else before.text
    changed = [
        line
        for line in unified_diff(_lines(old), _lines(now.text), lineterm="", n=0)
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    if changed:
        shown = "\n".join(changed[:12])
        help = "start a new run, or leave SPEC out to go on with the run's own"
        message = f"{now.name} has changed since {relative(str(run.path))}"
        raise Refusal(SPEC_CHANGED.at(NOWHERE, message, notes=(shown,), help=help))


def _lines(text: str) -> list[str]:
    """The lines that matter: no comments, no empty ones, not the length of the run."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and line.split()[0] not in FREE]
