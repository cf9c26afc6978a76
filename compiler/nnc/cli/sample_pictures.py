"""`nnc sample` of a generator: pictures, on a sheet or as files."""

from __future__ import annotations

from pathlib import Path

from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.deploy.pictures_sample import Made, Wish, make
from nnc.deploy.session import Session
from nnc.train.gan.sheet import arranged, picture


def draw(session: Session, wish: Wish, output: str | None, console: Console) -> None:
    """Draws samples and writes them.

    Raises:
        Refusal: nobody said where to.
    """
    if output is None:
        raise unusable("a sheet of pictures needs a file", help="say where to: `-o grid.png`")
    if not session.about.trained:
        console.note(f"note: {session.name} has initial weights: it was not trained")
    _write(make(session, wish), Path(output), console)


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
