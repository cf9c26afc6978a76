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


def test_mistakes(nnc: Nnc, trained: Path) -> None:
    assert nnc("eval", "nothing").code == 1
    assert "it has train, validation, test" in nnc("eval", trained, "--part", "tset").err
    assert "it is digits" in nnc("eval", trained, "--data", "other=x").err
    assert nnc("build", "tiny.nn", "--no-verify", "--bare", "-o", "x.onnx").code == 0
