"""Every way a verb can fail, as a message and an exit code; a traceback only where asked for."""

from __future__ import annotations

import os
import sys

import click

from nnc import __version__
from nnc.cli.console import Closed, Console
from nnc.diagnostics import Diagnostic, Refusal, rule
from nnc.render.json import diagnostics_document
from nnc.source import NOWHERE

MISTAKE, USAGE, FAILED_CHECK, FAILED_TRAINING, BUG = 1, 2, 3, 4, 70
INTERRUPTED, CLOSED = 130, 141

UNUSABLE = rule(
    "NN490",
    "unusable-argument",
    """
What a command was given on its command line cannot be used: a file or folder that is not there or
cannot be read, a run that is no run, a network that the spec does not have.
""",
)
UNTRAINED = rule(
    "NN499",
    "training-failed",
    """
Training ended before its time, with exit code 4: the loss became infinite or no number, or the
machine ran out of memory. The best and the last good weights are saved, and the run can go on from
them. A lower learning rate, `clip` in the train block or scaled inputs (`normalize`) keep the loss
finite; a smaller `batch` needs less memory.
""",
)
MISSING = rule(
    "NN590",
    "missing-package",
    """
This command needs a package that is not installed. `nnc doctor` lists what is missing and the line
that installs it. Training and verified builds need one of the extras: `pip install
"nnc-compiler[cpu]"`, or `[gpu]` on a machine with an NVIDIA GPU; never both.
""",
)

PROOFS = ("NN554",)
"""Codes of messages that tell of a failed check rather than of a mistake."""

BASE = ("click", "lark", "numpy", "onnx")
EXTRA = (
    "onnxruntime",
    "PIL",
    "polars",
    "rich",
    "safetensors",
    "tensorboard",
    "torch",
    "torchmetrics",
)
BESIDE = {"tokenizers": "text", "soundfile": "audio", "soxr": "audio"}
"""Packages of extras that go beside one of those for training."""


def unusable(message: str, *, help: str = "") -> Refusal:
    """The refusal of something that stands on the command line."""
    return Refusal(UNUSABLE.at(NOWHERE, message, help=help))


def failed(error: BaseException, console: Console, args: list[str]) -> int:
    """Tells what went wrong and returns the exit code."""
    # Options are read in order: after a mistake among them the later ones are unknown.
    console.json = console.json or "--json" in args
    try:
        return _told(error, console, args)
    except (Closed, BrokenPipeError):
        return _closed()


def _told(error: BaseException, console: Console, args: list[str]) -> int:
    if isinstance(error, Closed | BrokenPipeError):
        return _closed()
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    if console.debug and not isinstance(error, click.ClickException | click.Abort | Refusal):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, Refusal):
        return _mistakes(error.diagnostics, console)
    if isinstance(error, click.ClickException):
        error.show()
        if console.json:
            console.result(diagnostics_document([_plain(error.format_message())]))
        return error.exit_code
    if isinstance(error, click.Abort | KeyboardInterrupt):
        console.note("interrupted")
        return INTERRUPTED
    known = _known(error)
    if known is not None:
        return _mistakes((known,), console)
    return _bug(error, console, args)


def _mistakes(found: tuple[Diagnostic, ...], console: Console) -> int:
    if console.json:
        console.result(diagnostics_document(found))
    else:
        console.diagnostics(found)
    return FAILED_CHECK if any(d.code in PROOFS for d in found) else MISTAKE


def _plain(message: str, help: str = "") -> Diagnostic:
    return UNUSABLE.at(NOWHERE, message, help=help)


def _known(error: BaseException) -> Diagnostic | None:
    """What the machine lacks rather than what nnc does wrong: a package, a file, space, memory."""
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "").split(".")[0]
        if package in BASE:
            help = 'pip install "nnc-compiler"'
        elif package in EXTRA:
            help = 'pip install "nnc-compiler[cpu]", or [gpu] with an NVIDIA GPU; never both'
        elif package in BESIDE:
            help = f'pip install "nnc-compiler[{BESIDE[package]}]"'
        else:
            return None
        return MISSING.at(NOWHERE, f"{package} is not installed", help=help)
    if isinstance(error, OSError) and error.strerror is not None:
        where = error.filename if isinstance(error.filename, str) else ""
        reason = error.strerror[:1].lower() + error.strerror[1:]
        return _plain(f"{relative(where)}: {reason}" if where else reason)
    if isinstance(error, MemoryError):
        return _plain("the machine has too little memory for this")
    return None


def relative(path: str) -> str:
    """A path as messages show it: relative where it lies below the working folder, with `/`."""
    try:
        below = os.path.relpath(path)
    except (ValueError, OSError):  # another drive, or no working folder
        below = path
    return (path if below.startswith("..") else below).replace("\\", "/")


def _closed() -> int:
    # What is left in the buffer has no reader either; the interpreter must not complain at its end.
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass
    return CLOSED


def _bug(error: BaseException, console: Console, args: list[str]) -> int:
    from nnc.cli.crash import write_report

    report = write_report(error, args)
    where = f"a report is in {report}" if report else "run it again with --debug"
    said = f"nnc {__version__} failed in a way that it should not ({type(error).__name__}); {where}"
    console.error(said)
    if console.json:
        console.result(diagnostics_document([_plain(said)]))
    return BUG
