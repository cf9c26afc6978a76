"""`nnc sample RUN|MODEL`: what a trained generator makes; it needs no PyTorch."""

from __future__ import annotations

from pathlib import Path

import click

from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.cli.run import model_file
from nnc.cli.verb import FILE, verb
from nnc.deploy.pictures_sample import Made, Wish, make, makes_pictures
from nnc.deploy.session import Session
from nnc.train.gan.sheet import arranged, picture

MOST = 10_000


@verb("sample")
@click.argument("model", type=FILE, metavar="RUN|MODEL")
@click.option(
    "--count",
    type=click.IntRange(1, MOST),
    help="So many; by default 64, with --interpolate 1 row.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--label", default="", metavar="CLASS", help="Of a class alone; by default of all.")
@click.option(
    "--interpolate", type=click.IntRange(2, 1000), metavar="N", help="N steps between two latents."
)
@click.option(
    "-o", "output", type=FILE, metavar="FILE.png|DIR", help="One sheet, or a file for each."
)
def command(
    console: Console,
    model: str,
    count: int | None,
    seed: int,
    label: str,
    interpolate: int | None,
    output: str | None,
) -> None:
    """Draw samples from a generator, as pictures on a sheet or as files."""
    session = Session(model_file(model, console, "sample"))
    if not makes_pictures(session):
        raise _no_latent(session, model)
    if output is None:
        raise unusable("a sheet of pictures needs a file", help="say where to: `-o grid.png`")
    if not session.about.trained:
        console.note(f"note: {session.name} has initial weights: it was not trained")
    rows = 1 if interpolate else 64
    wish = Wish(count or rows, seed, label, interpolate or 0)
    _write(make(session, wish), Path(output), console)


def _no_latent(session: Session, model: str) -> Exception:
    if any(session.about.output(port.name).meaning == "image" for port in session.outputs):
        help = f"`nnc run {relative(model)} PICTURE -o out.png` does"
        return unusable(f"{session.name} translates pictures: it draws none", help=help)
    return unusable(
        f"{session.name} is no generator: there is nothing to draw",
        help=f"`nnc run {relative(model)} INPUT` runs it",
    )


def _write(made: Made, path: Path, console: Console) -> None:
    if path.suffix.lower() == ".png":
        path.parent.mkdir(parents=True, exist_ok=True)
        arranged(made.pictures, made.columns).save(path, format="PNG")
        console.note(f"samples   {len(made.pictures):,} in {relative(str(path))}")
    elif path.suffix:
        raise unusable(
            f"samples are written as .png, not {path.suffix}", help="write `-o grid.png`"
        )
    else:
        path.mkdir(parents=True, exist_ok=True)
        for at, tile in enumerate(made.pictures):
            picture(tile).save(path / f"{at + 1:04}.png", format="PNG")
        console.note(f"samples   {len(made.pictures):,} files in {relative(str(path))}")
    console.result(relative(str(path)))
