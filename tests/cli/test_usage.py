"""What the command line says of itself, and where runs and their data have moved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nnc.cli import console as consoles
from tests.cli.conftest import Nnc

TABLE = """\
data rows = table("rows.csv", target=["y"])
network Line {
  input numbers: [rows.numbers]
  dense(1)
  output y
}
train Line { data rows; loss mse; epochs 1; metric mae }
"""


def make_rows() -> None:
    Path("rows.csv").write_text("a,b,y\n" + "".join(f"{n},{n % 7},{2 * n}\n" for n in range(40)))
    Path("line.nn").write_text(TABLE)


def test_completion_help_has_no_escapes(nnc: Nnc) -> None:
    out = nnc("completion", "--help").out
    assert "\\b" not in out
    assert '  bash        eval "$(nnc completion bash)"     in ~/.bashrc\n' in out


@pytest.mark.parametrize(
    "words",
    [
        ("check", "tiny.nn", "--json", "--format", "human"),
        ("check", "tiny.nn", "--format", "github", "--json"),
        ("runs", "--json", "--format=human"),
        ("run", "m.onnx", "x", "--json", "--format", "csv"),
    ],
)
def test_two_forms_are_a_usage_mistake(nnc: Nnc, words: tuple[str, ...]) -> None:
    done = nnc(*words)
    assert done.code == 2
    assert "--json and --format" in done.err
    assert nnc("check", "tiny.nn", "--json", "--format", "json").code == 0


def test_what_set_can_set_is_told(nnc: Nnc) -> None:
    out = " ".join(nnc("train", "--help").out.split())
    assert "train.optimizer.lr=1e-4" in out
    assert "data.NAME.size=64" in out


def test_resume_auto_with_nothing_to_resume(nnc: Nnc) -> None:
    make_rows()
    assert "or a new run" in " ".join(nnc("train", "--help").out.split())
    words = (
        "train",
        "line.nn",
        "--resume",
        "auto",
        "--no-export",
        "--threads",
        "1",
        "--steps",
        "1",
    )
    assert "no unfinished run, a new one starts" in nnc(*words).err


def test_a_loss_that_is_no_number_has_its_code(nnc: Nnc) -> None:
    make_rows()
    sets = ("--set", "train.optimizer=sgd(lr=1e30)", "--set", "train.epochs=30")
    done = nnc("train", "line.nn", *sets, "--threads", "1", "-q")
    assert done.code == 4
    assert "error[NN499]: the loss is" in done.err
    assert "--set train.optimizer.lr=" in done.err
    assert "normalize" in nnc("explain", "NN499").out


NAN = """\
data flowers = bundled("iris")
network Two {
  input numbers: [4]
  dense(8) -> relu as h
  dense(3)
  output species
  from h -> dense(1)
  output size
}
train Two { data flowers; loss cross_entropy(species) + 0.1 * log(-1 - abs(size)); epochs 1 }
"""


def test_a_term_that_is_no_number_is_named(nnc: Nnc) -> None:
    Path("nan.nn").write_text(NAN)
    done = nnc("train", "nan.nn", "--no-export", "--threads", "1")
    assert done.code == 4
    assert "the loss is nan at step 1: `0.1 * log(-1 - abs(size))` is nan\n" in done.err
    assert "no update was made yet" in done.err


def test_a_moved_run(nnc: Nnc) -> None:
    make_rows()
    assert nnc("train", "line.nn", "--threads", "1", "-q").code == 0
    (there,) = nnc("data", "runs/line/1", "--json").json["data"]
    assert there == nnc("data", "line.nn", "--json").json["data"][0]
    shutil.move("runs/line/1", "moved")
    Path("data").mkdir()
    shutil.move("rows.csv", "data/rows.csv")
    for verb in ("eval", "data"):
        missing = nnc(verb, "moved")
        assert missing.code == 1
        assert "`--data rows=PATH`" in missing.err
        done = nnc(verb, "moved", "--data", "rows=data/rows.csv")
        assert done.code == 0, done.err
    assert "`--data rows=PATH`" in nnc("train", "line.nn").err


def test_runs_fit_the_terminal(nnc: Nnc, monkeypatch: pytest.MonkeyPatch) -> None:
    make_rows()
    text = TABLE.replace("metric mae", "metric mae, rmse, r2")
    Path("line.nn").write_text(text)
    assert nnc("train", "line.nn", "--threads", "1", "-q").code == 0
    wide = nnc("runs").out.splitlines()
    head = ["run", "network", "status", "mae", "(validation)", "rmse", "(validation)"]
    assert wide[0].split()[: len(head)] == head
    for width in (100, 60, 40):
        monkeypatch.setattr(consoles, "NARROW", width)
        done = nnc("runs")
        lines = done.out.splitlines()
        assert max(map(len, lines)) <= width
        assert lines[1].startswith("runs/line/1  Line")
    assert "with --json or a wider window" in done.err
    (run,) = nnc("runs", "--json").json["runs"]
    assert set(run["metrics"]["validation"]) >= {"mae", "rmse", "r2"}
