"""`nnc run`: answers of a trained model in every form, and what cannot be answered."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Done, Nnc


def lines(done: Done) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.out.splitlines()]


def test_it_says_seven(nnc: Nnc, trained: Path, picture: Path) -> None:
    for model in (trained, trained / "model.onnx", trained.parent, trained.parent.parent):
        done = nnc("run", model, picture)
        assert done.code == 0, done.err
        (answer,) = lines(done)
        assert answer["input"] == str(picture)
        digit = answer["digit"]
        assert isinstance(digit, dict)
        assert digit["label"] == "7"
        assert digit["top"][0] == ["7", digit["probability"]]
        assert len(digit["top"]) == 3


def test_forms(nnc: Nnc, trained: Path, picture: Path) -> None:
    shutil.copy(picture, "a.png")
    shutil.copy(picture, "b.PNG")
    document = nnc("run", trained, ".", "--format", "json", "--top", "1").json
    assert [p["input"] for p in document["predictions"]] == ["./a.png", "./b.PNG"]
    rows = list(csv.DictReader(io.StringIO(nnc("run", trained, ".", "--format", "csv").out)))
    assert [(row["input"], row["digit"]) for row in rows] == [("./a.png", "7"), ("./b.PNG", "7")]
    shown = nnc("run", trained, "a.png", "--format", "table").out.splitlines()
    assert shown[0].split()[:2] == ["input", "digit"]
    assert shown[1].startswith("a.png  7 ")
    assert nnc("run", trained, "a.png", "-o", "out.csv").out == ""
    assert Path("out.csv").read_text().startswith("input,digit,")


def test_standard_input(
    nnc: Nnc, trained: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(picture.read_bytes())))
    assert lines(nnc("run", trained, "-"))[0]["input"] == "-"


def test_dump(nnc: Nnc, trained: Path, picture: Path) -> None:
    assert nnc("run", trained, picture, "--dump", "all.npz").code == 0
    with np.load("all.npz") as arrays:
        assert arrays["digit"].shape == (1, 10)
        assert arrays["digit_probability"].sum() == pytest.approx(1, abs=1e-5)


def test_what_cannot_be_read(nnc: Nnc, trained: Path, picture: Path) -> None:
    Path("broken.png").write_bytes(picture.read_bytes()[:60])
    done = nnc("run", trained, "broken.png", "--json")
    assert done.code == 1
    assert "broken.png" in done.json["diagnostics"][0]["message"]
    done = nnc("run", trained, "broken.png", "nope.png", picture, "--keep-going")
    assert done.code == 1
    answers = lines(done)
    assert ["error" in answer for answer in answers] == [True, True, False]
    assert "Traceback" not in done.err
    Path("no.onnx").write_bytes(b"\x08\x09garbage")
    assert nnc("run", "no.onnx", picture).code == 1
    assert nnc("run", "nothing", picture).code == 1


def test_untrained_models_say_so(nnc: Nnc, picture: Path) -> None:
    assert nnc("build", "tiny.nn", "--no-verify").code == 0
    done = nnc("run", "build/tiny/Tiny.untrained.onnx", picture)
    assert done.code == 0, done.err
    assert "not trained" in done.err


def test_a_run_without_a_model(nnc: Nnc, picture: Path) -> None:
    nnc("train", "tiny.nn", "--steps", "1", "--no-export", "-q", "--threads", "1")
    done = nnc("run", "runs/tiny/1", picture)
    assert done.code == 1
    assert "nnc build runs/tiny/1" in done.err
