"""`nnc data SPEC [NAME]`: what is in the data, how it is divided, what the network will see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from nnc.check import Checked
from nnc.cli import opened, places, resume, specs
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.cli.verb import FILE, data_option, json_option, set_option, verb
from nnc.diagnostics import Refusal
from nnc.render.json import Json, document
from nnc.render.profile import profile_json, profile_text
from nnc.render.table import table
from nnc.source import Source
from nnc.train.data import Dataset, catalogue
from nnc.train.data.grid import grid, pictures, rows
from nnc.train.data.plots import curves, plot, sounds, waves


@verb("data")
@click.argument("spec", type=FILE, metavar="SPEC|RUN", required=False)
@click.argument("name", required=False)
@click.option("--part", type=click.Choice(["train", "validation", "test"]), help="Only this part.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Show N samples.")
@click.option("-o", "output", metavar="FILE.png", help="Where the pictures of --sample go.")
@click.option("--licences", is_flag=True, help="List the bundled data with their licences.")
@json_option
@set_option
@data_option
def command(
    console: Console,
    spec: str | None,
    name: str | None,
    part: str | None,
    sample: int | None,
    output: str | None,
    licences: bool,
    sets: dict[str, str],
    moved: dict[str, str],
) -> None:
    """Open the data of SPEC or RUN (of its block NAME) and tell fields, parts and classes."""
    if licences:
        _licences(console)
        return
    if spec is None:
        raise click.UsageError("Missing argument 'SPEC'.")
    checked = _checked(spec, sets, moved, console)
    if not checked.data and checked.errors:
        raise Refusal(*checked.diagnostics)
    plans = opened.choose(checked, name)
    found = [opened.dataset(checked, plan, console) for plan in plans.values()]
    for dataset in found:
        if part is not None and part not in dataset.parts:
            there = ", ".join(dataset.parts)
            raise unusable(f"`{dataset.profile.data}` has no {part} part", help=f"it has {there}")
    if sample is not None:
        _samples(found, part, sample, output, console)
    elif output is not None:
        raise click.UsageError("-o needs --sample N.")
    elif console.json:
        console.result(document(data=[profile_json(dataset.profile) for dataset in found]))
    else:
        texts = (profile_text(d.profile, console.out, part or "") for d in found)
        console.result("\n".join(texts))


def _checked(path: str, sets: dict[str, str], moved: dict[str, str], console: Console) -> Checked:
    """A spec, or that of a run with its paths as they were for training."""
    if not Path(path).is_dir():
        return specs.check(specs.load(path), sets, moved)
    run = places.run_at(path, "any", console)
    text = specs.load(str(run.path / "spec.nn")).text
    source = Source(run.record.spec or "spec.nn", text)
    return specs.check(source, sets, resume.moved_of(run) | moved, root=resume.root_of(run))


def _samples(
    found: list[Dataset], part: str | None, count: int, output: str | None, console: Console
) -> None:
    if len(found) > 1:
        names = ", ".join(dataset.profile.data for dataset in found)
        raise unusable("the spec has several data blocks", help=f"name one of {names}")
    (dataset,) = found
    where = part or dataset.parts[0]
    drawing = _drawing(dataset, output)
    if drawing is None or (console.json and output is None):
        head, cells = rows(dataset, where, count)
        if console.json:
            samples: list[Json] = [dict(zip(head, row)) for row in cells]
            console.result(document(part=where, samples=samples))
        else:
            console.result(table(head, cells, console.out, right=range(1, len(head))))
        return
    path = Path(output or "samples.png")
    if path.suffix.lower() != ".png":
        raise click.UsageError("-o names a .png file.")
    drawn = drawing(dataset, where, count, path)
    console.note(f"{drawn} samples of {where}")
    console.result(relative(str(path)))


def _drawing(dataset: Dataset, output: str | None) -> Callable[..., int] | None:
    """What draws the samples: pictures always, series and sounds where a file is asked for.

    Raises:
        Refusal: a file is asked for, and nothing of the data is drawn.
    """
    if pictures(dataset) is not None:
        return grid
    if output is None:
        return None
    if sounds(dataset) is not None:
        return waves
    if curves(dataset) is None:
        help = "leave out -o: its samples are listed"
        raise unusable("pictures, series and sounds are drawn: these data are none", help=help)
    return plot


def _licences(console: Console) -> None:
    entries = catalogue()
    if console.json:
        listed: list[Json] = [
            {
                "name": e.name,
                "title": e.title,
                "licence": e.licence,
                "attribution": e.attribution,
            }
            for e in entries.values()
        ]
        console.result(document(licences=listed))
        return
    for entry in entries.values():
        console.result(f"{entry.name}  {entry.licence}\n  {entry.title}\n  {entry.attribution}\n")
