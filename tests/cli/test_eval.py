"""`nnc eval`: a run or a file, on its own data or another, and what is required of it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Nnc


def test_it_agrees_with_what_training_printed(nnc: Nnc, trained: Path) -> None:
    record = json.loads((trained / "run.json").read_text())
    for part in ("test", "validation"):
        document = nnc("eval", trained, "--part", part, "--json").json
        assert document["samples"] == 500
        assert document["part"] == part
        for values in document["metrics"].values():
            assert values["accuracy"] == pytest.approx(record["metrics"][part]["accuracy"])
        assert set(document["metrics"]) == {"onnx", "pytorch"}
    assert document["baseline"]["accuracy"] == pytest.approx(0.1)
    assert [row["label"] for row in document["classes"]] == list("0123456789")
    assert sum(map(sum, document["confusion"])) == 500


def test_a_file_alone(nnc: Nnc, trained: Path) -> None:
    whole = nnc("eval", trained, "--json").json
    alone = nnc("eval", trained / "model.onnx", "--json").json
    assert alone["metrics"]["onnx"] == whole["metrics"]["onnx"]
    assert alone["confusion"] == whole["confusion"]


def test_for_people(nnc: Nnc, trained: Path) -> None:
    out = nnc("eval", trained).out
    assert "digits, part test, 500 samples" in out
    assert "class  precision  recall" in out


def test_requirements(nnc: Nnc, trained: Path) -> None:
    assert nnc("eval", trained, "--require", "accuracy>=0.3").code == 0
    done = nnc("eval", trained, "--require", "accuracy>0.9999", "--require", "accuracy>=0.3")
    assert done.code == 3
    assert "accuracy>0.9999" in done.err
    assert nnc("eval", trained, "--require", "acuracy>0.9").code == 1
    assert nnc("eval", trained, "--require", "accuracy").code == 1


def test_reports(nnc: Nnc, trained: Path) -> None:
    assert nnc("eval", trained, "-o", "report").code == 0
    with open("report/predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open("report/mistakes.csv", newline="") as file:
        wrong = list(csv.DictReader(file))
    assert len(rows) == 500
    assert len(wrong) == sum(row["right"] != row["predicted"] for row in rows)
    assert Path("report/confusion.csv").read_text().startswith(",0,1,2")


def test_other_data(nnc: Nnc, trained: Path, picture: Path) -> None:
    for label in ("7", "1"):
        folder = Path("mine", label)
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(picture.read_bytes())
    done = nnc("eval", trained, "--data", "digits=mine", "--json")
    assert done.code == 0, done.err
    assert done.json["samples"] == 2
    assert done.json["metrics"]["onnx"]["accuracy"] == 0.5
    Path("mine", "seven").mkdir()
    Path("mine", "seven", "a.png").write_bytes(picture.read_bytes())
    refused = nnc("eval", trained, "--data", "digits=mine")
    assert refused.code == 1
    assert "seven" in refused.err


TABLE = """\
data rows = table("rows.csv", target=["y"]) {
  split column("part")
}
network Line {
  input numbers: [rows.numbers]
  dense(1)
  output y
}
train Line { data rows; loss mse; epochs 1; metric mae }
"""
HEAD = "a,b,y,part\n"


def rows(*parts: str, first: int = 0) -> str:
    return HEAD + "".join(
        f"{first + at},{at * at % 7},{at * 2},{part}\n" for at, part in enumerate(parts)
    )


def test_what_the_data_was(nnc: Nnc) -> None:
    Path("line.nn").write_text(TABLE)
    parts = ("train",) * 12 + ("validation",) * 4 + ("test",) * 4
    Path("rows.csv").write_text(rows(*parts))
    assert nnc("train", "line.nn", "-q", "--threads", "1").code == 0
    run = "runs/line/1"
    assert "made with" not in nnc("eval", run).err
    assert "made with" not in nnc("eval", f"{run}/model.onnx").err
    Path("same.csv").write_text(rows(*parts))
    done = nnc("eval", run, "--data", "rows=same.csv", "--part", "train")
    assert "note: rows: these are the samples of the run's train part" in done.err
    whole = Path("rows.csv").read_text().splitlines()
    Path("other.csv").write_text(rows(*parts, first=100))
    done = nnc("eval", run, "--data", "rows=other.csv")
    assert "note: rows: other data than the network was made with" in done.err
    done = nnc("eval", f"{run}/model.onnx", "--data", "rows=other.csv")
    assert "note: rows: other data than the network was made with" in done.err
    Path("rows.csv").write_text("\n".join(whole[:-1]) + "\n")
    done = nnc("eval", run)
    said = "note: rows, part test, is not what the run was made with: 4 samples then, 3 now"
    assert said in done.err
    assert "part train" not in done.err
    assert "it has changed since" in nnc("eval", f"{run}/model.onnx").err


def test_all_that_was_learnt_is_no_test(nnc: Nnc) -> None:
    text = TABLE.replace('{\n  split column("part")\n}', "")
    Path("line.nn").write_text(text.replace('["y"])', '["y"], drop=["part"])'))
    Path("rows.csv").write_text(rows(*("x",) * 40))
    trained = nnc("train", "line.nn", "-q", "--threads", "1")
    assert trained.code == 0, trained.err
    Path("copy.csv").write_text(rows(*("x",) * 40))
    done = nnc("eval", "runs/line/1", "--data", "rows=copy.csv")
    assert "40 samples" in done.out
    assert "these are all samples that the run was made with" in done.err


def test_mistakes(nnc: Nnc, trained: Path) -> None:
    assert nnc("eval", "nothing").code == 1
    assert "it has train, validation, test" in nnc("eval", trained, "--part", "tset").err
    assert "there is `digits`" in nnc("eval", trained, "--data", "other=x").err
    assert nnc("build", "tiny.nn", "--no-verify", "--bare", "-o", "x.onnx").code == 0
