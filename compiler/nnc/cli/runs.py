"""`nnc runs`: runs side by side."""

from __future__ import annotations

from pathlib import Path

import click

from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.cli.folders import runs_folder
from nnc.cli.nearby import instead
from nnc.cli.verb import FILE, json_option, verb
from nnc.render.json import Json, document
from nnc.render.table import table
from nnc.render.text import width
from nnc.train.folder import Run, open_run, runs_in

GAP = 2  # columns between columns
WORDS = ("run", "network", "status", "started")
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
        if where.exists():
            help = "runs lie in folders: `nnc runs runs`"
            raise unusable(
                f"{relative(folder)} is a file, and a folder of runs is wanted", help=help
            )
        raise unusable(f"there is no folder {relative(folder)}", help=instead(folder))
    else:
        found = []
    if console.json:
        console.result(document(runs=[_json(run) for run in found]))
    elif found:
        console.result(_text(found, console))
    else:
        console.note(f"there is no run in {relative(str(where))}")


def _text(found: list[Run], console: Console) -> str:
    """What fits into the width, most useful columns first: what chose the best weights, then more.

    The columns that are left out are told.
    """
    rows = [_row(run) for run in found]
    columns = {name: ([name, *(row.get(name, "") for row in rows)]) for name in _names(found)}
    look, used = console.out, -GAP
    shown: list[str] = []
    for name, cells in columns.items():
        needed = max(width(cell, look) for cell in cells) + GAP
        if shown and used + needed > look.width:
            break
        shown.append(name)
        used += needed
    if len(shown) < len(columns):
        more = len(columns) - len(shown)
        columns_ = "column" if more == 1 else "columns"
        console.note(f"note: {more} more {columns_} with --json or a wider window")
    lines = [[_cut(row.get(name, ""), look.width) for name in shown] for row in rows]
    return table(shown, lines, look, right=[at for at, n in enumerate(shown) if n not in WORDS])


def _names(found: list[Run]) -> list[str]:
    """All columns in the order of their use."""
    metrics = list(dict.fromkeys(name for run in found for name in _metrics(run)))
    chosen = {run.record.best.monitor for run in found if run.record.best is not None}
    first = [name for name in metrics if name.split(" (")[0] in chosen]
    return ["run", "network", "status", *dict.fromkeys([*first, *metrics]), "best epoch", "started"]


def _row(run: Run) -> dict[str, str]:
    record = run.record
    return {
        "run": relative(str(run.path)),
        "network": record.network,
        "status": record.status,
        **{name: f"{value:.4g}" for name, value in _metrics(run).items()},
        "best epoch": str(record.best.epoch) if record.best and record.best.epoch else "",
        "started": record.started[:16].replace("T", " "),
    }


def _cut(text: str, most: int) -> str:
    """The end of a text that is wider than the terminal."""
    return text if len(text) <= most else "..." + text[3 - most :]


def _metrics(run: Run) -> dict[str, float]:
    """`accuracy (test)` and its like, metric by metric."""
    measured = {part: run.record.metrics.get(part, {}) for part in PARTS}
    names = dict.fromkeys(name for values in measured.values() for name in values)
    return {
        f"{name} ({part})": values[name]
        for name in names
        for part, values in measured.items()
        if name in values
    }


def _json(run: Run) -> dict[str, Json]:
    record = run.record
    best = record.best
    return {
        "path": relative(str(run.path)),
        "network": record.network,
        "train": record.block,
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
