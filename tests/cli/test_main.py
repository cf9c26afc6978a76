"""The frame around the verbs: usage, exit codes, failures, start-up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from nnc import __version__
from nnc.cli import crash
from nnc.cli.main import VERBS
from nnc.cli.main import nnc as group
from tests.cli.conftest import Nnc

HEAVY = {
    *("torch", "onnx", "onnxruntime", "numpy", "rich", "PIL", "polars", "safetensors"),
    *("tomllib", "unicodedata", "asyncio", "importlib.metadata", "difflib"),
}


def test_version_and_help(nnc: Nnc) -> None:
    assert nnc("--version").out == f"nnc {__version__}\n"
    listed = nnc("-h").out
    assert all(f"  {verb} " in listed for verb in VERBS)
    for verb in VERBS:
        done = nnc(verb, "-h")
        assert done.code == 0
        assert done.out.startswith(f"Usage: nnc {verb}"), done.err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_the_common_options(verb: str) -> None:
    command = group.get_command(click.Context(group), verb)
    assert command is not None
    names = {name for param in command.params for name in param.opts}
    assert {"-q", "-v", "--debug", "--color"} <= names
    assert command.help


@pytest.mark.parametrize(
    "words, said",
    [
        (("chek", "x.nn"), "Did you mean 'check'?"),
        (("check", "--jsn", "x.nn"), "--json"),
        (("tiny.nn",), "nnc check tiny.nn"),
        (("check",), "Missing argument"),
        (("check", "--set", "x", "tiny.nn"), "K=V"),
        (("new",), "Missing argument"),
        (("completion", "tcsh"), "bash"),
    ],
)
def test_usage_mistakes(nnc: Nnc, words: tuple[str, ...], said: str) -> None:
    done = nnc(*words)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""


def test_usage_mistakes_under_json(nnc: Nnc) -> None:
    done = nnc("check", "--json", "--nope", "x.nn")
    assert done.code == 2
    assert "nope" in done.json["diagnostics"][0]["message"]


def test_what_check_imports() -> None:
    """Start-up is a promise: these would cost more than the check itself."""
    program = (
        "import sys\n"
        "from nnc.cli.main import run\n"
        "code = run(['check', '--quiet', 'specs/lenet.nn'])\n"
        "print(code, *sys.modules)\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    code, *modules = done.stdout.split()
    assert code == "0"
    assert not HEAVY & set(modules)
    verbs = {m.removeprefix("nnc.cli.") for m in modules if m.startswith("nnc.cli.")} & set(VERBS)
    assert verbs == {"check"}
    rooms = {m.split(".")[1] for m in modules if m.startswith("nnc.")}
    assert not rooms & {"backends", "train", "deploy"}


def test_a_reader_that_leaves_is_no_accident() -> None:
    """`nnc layers | head -1`: the pipe closes before all is written."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "nnc", "layers"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert done.returncode == 141
    assert done.stderr == ""


def test_interrupt(nnc: Nnc, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nnc.cli.specs.check", stop)
    assert nnc("check", "tiny.nn").code == 130


SECRET = "secret-7f3a"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in the checker, whose message quotes what was read."""

    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"row {SECRET}")

    monkeypatch.setattr("nnc.cli.specs.check", bug)


@pytest.mark.usefixtures("broken")
def test_a_bug_is_one_line_and_a_report(nnc: Nnc, tmp_path: Path) -> None:
    done = nnc("check", "tiny.nn", "--set", f"train.epochs={SECRET}")
    assert done.code == 70
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err
    (report,) = (tmp_path / "cache").iterdir()
    assert str(report) in done.err
    text = report.read_text()
    assert "ZeroDivisionError" in text
    assert "nnc/cli/check.py:" in text
    assert "command nnc check ... --set ..." in text
    for private in (SECRET, str(tmp_path), str(Path.home())):
        assert private not in text
    assert nnc("check", "tiny.nn", "--set", "train.epochs=1").code == 70
    assert len(list((tmp_path / "cache").iterdir())) == 1, "one bug, one report"


@pytest.mark.usefixtures("broken")
def test_debug_shows_the_traceback(nnc: Nnc) -> None:
    assert "Traceback" in nnc("check", "tiny.nn", "--debug").err
    assert "Traceback" in nnc("--debug", "check", "tiny.nn").err


@pytest.mark.usefixtures("broken")
def test_a_bug_under_json_is_one_document(nnc: Nnc) -> None:
    assert nnc("check", "--json", "tiny.nn").json["diagnostics"][0]["severity"] == "error"


def test_a_report_that_cannot_be_written(nnc: Nnc, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("")
    monkeypatch.setenv("NNC_CACHE", "file/below")
    assert crash.write_report(ValueError(), ["check"]) is None


@pytest.mark.parametrize(
    "error, said",
    [
        (ModuleNotFoundError("x", name="torch"), "torch is not installed"),
        (ModuleNotFoundError("x", name="onnx.helper"), "onnx is not installed"),
        (PermissionError(13, "Permission denied", "out/x"), "out/x: permission denied"),
        (OSError(28, "No space left on device"), "no space left on device"),
        (MemoryError(), "too little memory"),
    ],
)
def test_what_the_machine_lacks_is_told(
    nnc: Nnc, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("nnc.cli.specs.check", fail)
    done = nnc("check", "tiny.nn")
    assert done.code == 1
    assert said in done.err
    assert nnc("check", "--json", "tiny.nn").json["diagnostics"]
