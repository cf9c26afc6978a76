"""`nnc runs`: runs side by side."""

from __future__ import annotations

from pathlib import Path

import click

from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.cli.folders import runs_folder
from nnc.cli.verb import FILE, json_option, verb
from nnc.render.json import Json, document
from nnc.render.table import table
from nnc.train.folder import Run, open_run, runs_in

PARTS = ("validation", "test")


@verb("runs")
@click.argument("folder", type=FILE, required=False)
@json_option
def command(console: Console, folder: str | None) -> None:
    """List the runs in FOLDER (by default `runs`), and compare their results."""
    where = Path(folder) if folder else runs_folder()
    if (where / "run.json").is_file():
        found = [open_run(where)]
    elif where.is_dir():
        found = list(runs_in(where))
    elif folder:
        raise unusable(f"there is no folder {relative(folder)}")
    else:
        found = []
    if console.json:
        console.result(document(runs=[_json(run) for run in found]))
    elif found:
        console.result(_text(found, console))
    else:
        console.note(f"there is no run in {relative(str(where))}")


def _text(found: list[Run], console: Console) -> str:
    names = list(dict.fromkeys(name for run in found for name in _metrics(run)))
    head = ["run", "network", "status", "started", "best epoch", *names]
    rows = []
    for run in found:
        record, values = run.record, _metrics(run)
        best = str(record.best.epoch) if record.best and record.best.epoch else ""
        started = record.started[:16].replace("T", " ")
        shown = [f"{values[name]:.4g}" if name in values else "" for name in names]
        rows.append([relative(str(run.path)), record.network, record.status, started, best, *shown])
    return table(head, rows, console.out, right=range(4, len(head)))


def _metrics(run: Run) -> dict[str, float]:
    """`accuracy (test)` and its like."""
    return {
        f"{name} ({part})": value
        for part in PARTS
        for name, value in run.record.metrics.get(part, {}).items()
    }


def _json(run: Run) -> dict[str, Json]:
    record = run.record
    best = record.best
    return {
        "path": relative(str(run.path)),
        "network": record.network,
        "spec": record.spec,
        "status": record.status,
        "stopped_by": record.stopped_by or None,
        "started": record.started,
        "best": None
        if best is None
        else {
            "epoch": best.epoch,
            "step": best.step,
            "monitor": best.monitor,
            "value": best.value,
        },
        "metrics": {part: dict(values) for part, values in record.metrics.items()},
        "overrides": list(record.overrides),
        "exports": [export.file for export in record.exports],
    }
