"""What SPEC, RUN and MODEL arguments stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nnc.cli import specs
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.cli.nearby import absent, spec_beside, what_is
from nnc.diagnostics import Refusal
from nnc.record import replace
from nnc.source import Source
from nnc.train.folder import Run, find_run, open_run

Kind = Literal["spec", "run", "model"]
Want = Literal["finished", "unfinished", "any"]


def kind(path: str, *endings: str) -> Kind:
    """What a path is, by its name and by what it is on disk; `endings`: of files that are meant.

    Raises:
        Refusal: nothing is there.
    """
    if path == "-":
        return "spec"
    there = Path(path)
    if there.is_dir():
        return "run"
    if not there.exists():
        otherwise = "`nnc runs` lists the runs" if endings == (".onnx",) else ""
        raise absent(path, *(endings or (".nn",)), otherwise=otherwise)
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


def run_at(path: str, want: Want, console: Console, verb: str = "") -> Run:
    """The run that a path names; of a folder of runs the newest, which is told.

    Raises:
        Refusal: there is none.
    """
    there = Path(path)
    if (there / "run.json").is_file():
        return open_run(there)
    found = _found(path, want, verb)
    console.note(f"run       {relative(str(found.path))}")
    return found


def _found(path: str, want: Want, verb: str) -> Run:
    """The newest run in a folder; where there is none, what was meant is told."""
    if not Path(path).exists():
        raise absent(path, otherwise="`nnc runs` lists the runs")
    try:
        return find_run(Path(path), want)
    except Refusal as refused:
        (first,) = refused.diagnostics
        help = spec_beside(path, verb) or first.help
        if Path(path).is_file():
            help = "a run is a folder that `nnc train` made, such as runs/lenet/1"
        refused.diagnostics = (replace(first, help=help),)
        raise


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
    what = what_is(path)
    if what not in ("an ONNX model", ""):
        these = "are" if what.startswith(("arrays", "weights")) else "is"
        subject = "these" if these == "are" else shown
        help = f"`nnc build SPEC --weights {shown}` makes a model of weights"
        if not what.startswith("weights"):
            first = "the model stands first: `nnc run MODEL PICTURE`"
            help = first if verb == "run" and "picture" in what else ""
        raise unusable(
            f"{subject} {these} {what}, and `nnc {verb}` takes a model (.onnx) or a run", help=help
        )
    return there
