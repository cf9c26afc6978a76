"""What SPEC, RUN and MODEL arguments stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nnc.cli import specs
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.source import Source
from nnc.syntax.kinds import of_bytes
from nnc.train.folder import Run, find_run, open_run

Kind = Literal["spec", "run", "model"]
Want = Literal["finished", "unfinished", "any"]


def kind(path: str) -> Kind:
    """What a path is, by its name and by what it is on disk.

    Raises:
        Refusal: nothing is there.
    """
    if path == "-":
        return "spec"
    there = Path(path)
    if there.is_dir():
        return "run"
    if not there.exists():
        raise unusable(f"there is no {relative(path)}", help=_beside(there))
    return "model" if there.suffix.lower() == ".onnx" else "spec"


def spec_of(path: str, console: Console) -> Source:
    """The text that a SPEC, a RUN or a MODEL was made of.

    Raises:
        Refusal: there is none.
    """
    found = kind(path)
    if found == "spec":
        return specs.load(path)
    if found == "run":
        return specs.load(str(run_at(path, "any", console).path / "spec.nn"))
    from nnc.deploy.look import metadata_of  # only a model needs it

    text = metadata_of(Path(path)).get("nnc.spec", "")
    if not text:
        raise unusable(f"{relative(path)} does not hold the spec that it was made of")
    return Source(relative(path), text)


def run_at(path: str, want: Want, console: Console) -> Run:
    """The run that a path names; of a folder of runs the newest, which is told.

    Raises:
        Refusal: there is none.
    """
    there = Path(path)
    if (there / "run.json").is_file():
        return open_run(there)
    found = find_run(there, want)
    console.note(f"run       {relative(str(found.path))}")
    return found


def model_at(path: str, verb: str) -> Path:
    """The model that a path names, which is no run.

    Raises:
        Refusal: it is a file of another kind.
    """
    there = Path(path)
    shown = relative(path)
    if there.suffix.lower() == ".nn":
        raise unusable(
            f"{shown} is a spec, and `nnc {verb}` takes a model or a run",
            help=f"train it: `nnc train {shown}`, then `nnc {verb} runs/{there.stem} ...`",
        )
    with there.open("rb") as file:
        head = file.read(4096)
    what, _ = of_bytes(head)
    if what not in ("an ONNX model", "no text"):
        these = "are" if what.startswith(("arrays", "weights")) else "is"
        subject = "these" if these == "are" else shown
        raise unusable(
            f"{subject} {these} {what}, and `nnc {verb}` takes a model (.onnx) or a run",
            help="the model stands first: `nnc run MODEL PICTURE`" if verb == "run" else "",
        )
    return there


def _beside(path: Path) -> str:
    from nnc.diagnostics import nearest  # only a mistake needs it

    try:
        names = [p.name for p in path.parent.iterdir() if not p.name.startswith(".")]
    except OSError:
        return ""
    meant = nearest(path.name, names)
    return f"did you mean `{relative(str(path.parent / meant))}`?" if meant else ""
