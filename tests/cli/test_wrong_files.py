"""Files that are not there, or are of another kind than a verb takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from tests.cli.conftest import Nnc

LINE = """\
data flowers = bundled("iris")
network Line {
  input numbers: [4]
  dense(3)
  output species
}
train Line { data flowers; loss cross_entropy; epochs 1; init "start.safetensors" }
"""

SAID = {
    "check tini.nn": "did you mean `tiny.nn`?",
    "fmt tini.nn": "did you mean `tiny.nn`?",
    "show tini.nn": "did you mean `tiny.nn`?",
    "build tini.nn": "did you mean `tiny.nn`?",
    "data tini.nn": "did you mean `tiny.nn`?",
    "train tiny": "did you mean `tiny.nn`?",
    "build tiny": "did you mean `tiny.nn`?",
    "check tiny": "did you mean `tiny.nn`?",
    "train elsewhere/tiny.nn": "there is no folder elsewhere",
    "build tiny.nn --weights nope.safetensors": "did you mean `some.safetensors`?",
    "build tiny.nn --weights runs": "there is no runs",
    "build tiny.nn --weights tiny.nn": "tiny.nn is a spec, and weights are wanted",
    "build tiny.nn --weights model.onnx": "model.onnx is an ONNX model, and weights are wanted",
    "build tiny.nn --weights some.safetensors --names no.json": "there is no no.json",
    "train model.onnx": "this is an ONNX model",
    "train tiny.nn --resume nope": "`nnc runs` lists the runs",
    "train tiny.nn --resume tiny.nn": "a run is a folder that `nnc train` made",
    "run tiny.nn x.png": "tiny.nn is a spec, and `nnc run` takes a model or a run",
    "run model.onx x.png": "did you mean `model.onnx`?",
    "run model.pt x.png": "a checkpoint of PyTorch (.pt), which nnc never opens",
    "run some.safetensors x.png": "these are weights (safetensors)",
    "run tiny x.png": "tiny.nn is a spec: `nnc train tiny.nn` makes a run of it",
    "eval model.pt": "a checkpoint of PyTorch (.pt), which nnc never opens",
    "sample nope": "there is model.onnx",
    "show model.pt": "a checkpoint of PyTorch (.pt), which nnc never opens",
    "runs tiny.nn": "tiny.nn is a file, and a folder of runs is wanted",
}


@pytest.fixture
def files(nnc: Nnc) -> Nnc:
    """A folder with one file of each kind."""
    Path("tiny").mkdir()
    Path("model.onnx").write_bytes(b"\x08\x09\x12\x03nnc" + bytes(80))
    Path("model.pt").write_bytes(b"PK\x03\x04" + bytes(20) + b"archive/data.pkl" + bytes(80))
    safetensors.numpy.save_file({"a": np.zeros(3, np.float32)}, "some.safetensors")
    return nnc


@pytest.mark.parametrize("line", SAID)
def test_what_is_wrong_and_what_is_meant_is_told(files: Nnc, line: str) -> None:
    done = files(*line.split())
    assert done.code == 1
    said = done.out + done.err
    assert SAID[line] in said
    assert said.count("error[") == 1


def test_an_input_of_another_kind_is_told(files: Nnc) -> None:
    Path("line.nn").write_text(LINE)
    assert files("build", "line.nn", "--no-verify", "-o", "m.onnx").code == 0
    Path("x.png").write_bytes(b"\x89PNG")
    said = files("run", "m.onnx", "x.png").err
    assert "x.png is a picture, and m.onnx takes a table (.csv, .parquet)" in said
    assert "did you mean `x.png`?" in files("run", "m.onnx", "y.png").err


def test_a_device_that_cannot_be_used_makes_no_run(files: Nnc) -> None:
    done = files("train", "tiny.nn", "--device", "tpu")
    assert 'no device is called "tpu"' in done.err
    assert not Path("runs").exists()


def test_a_built_network_begins_where_its_training_would(files: Nnc) -> None:
    Path("line.nn").write_text(LINE)
    done = files("build", "line.nn", "--no-verify")
    assert "note: there is no `start.safetensors`; all weights are drawn anew" in done.err
    start = {"dense1.weight": np.ones((3, 4), np.float32), "dense1.bias": np.ones(3, np.float32)}
    safetensors.numpy.save_file(start, "start.safetensors")
    done = files("build", "line.nn", "--no-verify")
    assert "carries over   15 of 15 numbers" in done.err
    built = safetensors.numpy.load_file("build/line/weights.safetensors")
    assert np.array_equal(built["dense1.weight"], start["dense1.weight"])
