"""Which ONNX file a MODEL, a RUN or a folder of `nnc build` names."""

from __future__ import annotations

from pathlib import Path

from nnc.cli import places
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.cli.names import stem
from nnc.deploy.about import STEPS
from nnc.train.folder import Run

MODEL = "model.onnx"


def model_file(path: str, console: Console, verb: str = "run") -> Path:
    """The ONNX file that a MODEL, a RUN or a folder of built files names.

    Raises:
        Refusal: there is none.
    """
    if places.kind(path, ".onnx") != "run":
        return places.model_at(path, verb)
    built = built_file(path)
    if built is not None:
        _tell_others(built, console)
        return built
    run = places.run_at(path, "finished", console, verb)
    return _of_run(run, console, verb)


def built_file(path: str) -> Path | None:
    """The ONNX file of a folder that `nnc build` wrote; None for whatever else."""
    folder = Path(path)
    return None if (folder / "run.json").is_file() else _exported(folder)


def built_in(run: Run) -> str:
    """The folder in which `nnc build` leaves the files of a run."""
    return f"build/{stem(run.record.spec or 'spec.nn')}"


def _of_run(run: Run, console: Console, verb: str) -> Path:
    """The exported file of a run; of one that was gone on with, that of its earlier end."""
    shown = relative(str(run.path))
    if run.record.exports and run.model.is_file():
        if run.model.name != MODEL:
            _tell_others(run.model, console)
        return run.model
    earlier = _exported(run.path)
    if earlier is None:
        folder = built_in(run)
        help = f"`nnc build {shown}` makes one of its weights: then `nnc {verb} {folder} ...`"
        raise unusable(f"{shown} has no exported model", help=help)
    console.note(
        f"note: {earlier.name} is of the run's end before it was gone on with; "
        f"`nnc train --resume {shown}` ends it again"
    )
    return earlier


def _exported(folder: Path) -> Path | None:
    """The ONNX file of a folder: the whole network, or the first of several."""
    found = sorted(p for p in folder.glob("*.onnx") if p.is_file() and p.name != STEPS)
    whole = [p for p in found if p.name == MODEL]
    return next(iter([*whole, *found]), None)


def _tell_others(chosen: Path, console: Console) -> None:
    """Says which of a folder's files this is, where there are several."""
    others = [p.name for p in sorted(chosen.parent.glob("*.onnx")) if p.name != STEPS]
    if others != [chosen.name] and chosen.name != MODEL:
        listed = ", ".join(name for name in others if name != chosen.name)
        console.note(f"note: this is {chosen.name}; {listed} lies beside it")
