"""Several train blocks of one network, and files that hold some of its outputs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.cli.conftest import Nnc

QUICK = ("--steps", "2", "--threads", "1")
SPEC = """\
data d = arrays("a.npz", target=["digit", "box"])
network Net {
  input image: [1, 8, 8]
  input extra: [3]
  from image -> flatten -> dense(16) -> relu as h
  from h -> dense(10) as head
  output digit
  from h, extra -> concat -> dense(4)
  output box
}
train Net { data d; loss cross_entropy(digit) + 0.5 * l1(box); epochs 1; metric accuracy }
train Net as finetune { data d; loss cross_entropy(digit); epochs 1; init "runs/e/1"; freeze head }
export Net { outputs digit }
"""


@pytest.fixture
def spec(nnc: Nnc) -> Nnc:
    """`e.nn` with its data."""
    chance = np.random.default_rng(0)
    np.savez(
        "a.npz",
        image=chance.normal(size=(60, 1, 8, 8)).astype(np.float32),
        extra=chance.normal(size=(60, 3)).astype(np.float32),
        digit=np.arange(60) % 10,
        box=chance.normal(size=(60, 4)).astype(np.float32),
    )
    Path("e.nn").write_text(SPEC)
    return nnc


def ends(path: str) -> tuple[list[str], list[str], int]:
    graph = onnx.load(path).graph
    inputs, outputs = ([port.name for port in ports] for ports in (graph.input, graph.output))
    return inputs, outputs, len(graph.initializer)


def test_each_block_has_its_runs(spec: Nnc) -> None:
    none = spec("train", "e.nn", *QUICK)
    assert none.code == 1
    assert "choose by `--network Net` or `--network finetune`" in none.err
    assert spec("train", "e.nn", "--network", "Net", *QUICK).out == "runs/e/1\n"
    assert spec("train", "e.nn", "--network", "finetune", *QUICK).out == "runs/e/finetune-1\n"
    assert spec("train", "e.nn", "--network", "finetune", *QUICK).out == "runs/e/finetune-2\n"
    record = json.loads(Path("runs/e/finetune-1/run.json").read_text())
    assert (record["network"], record["train"]) == ("Net", "finetune")
    more = ("--set", "train.steps=3", "--threads", "1")
    assert spec("train", "--resume", "runs/e/finetune-1", *more).out == "runs/e/finetune-1\n"
    for run in ("runs/e/1", "runs/e/finetune-1"):
        done = spec("eval", run, "--json")
        assert done.code == 0, done.err
        found = done.json["metrics"]
        names = {"accuracy"} if run == "runs/e/1" else {"loss"}
        assert set(found["onnx"]) == set(found["pytorch"]) == names
    shown = spec("show", "e.nn", "--network", "finetune").out
    assert "frozen: head" in shown
    done = spec("build", "e.nn", "--network", "finetune")
    assert done.code == 0, done.err


def test_a_file_holds_what_its_outputs_need(spec: Nnc) -> None:
    assert spec("train", "e.nn", "--network", "Net", *QUICK).code == 0
    assert spec("build", "e.nn", "-o", "plain").code == 0
    assert spec("build", "runs/e/1", "-o", "again").code == 0
    assert spec("build", "e.nn", "--weights", "runs/e/1", "-o", "given").code == 0
    for path in ("runs/e/1", "plain/Net.untrained.onnx", "again/model.onnx", "given/model.onnx"):
        file = path if path.endswith(".onnx") else f"{path}/model.onnx"
        inputs, outputs, weights = ends(file)
        assert (inputs, outputs) == (["image"], ["digit", "digit_probability"])
        assert weights == 4
    said = onnx.load("runs/e/1/model.onnx").metadata_props
    told = {entry.key: entry.value for entry in said}
    assert [o["name"] for o in json.loads(told["nnc.outputs"])] == ["digit", "digit_probability"]
    assert "dense2" in Path("runs/e/1/model.py").read_text()
    assert spec("run", "runs/e/1", "a.npz").code in (0, 1)


def test_unknown_outputs_are_found_by_check(spec: Nnc) -> None:
    Path("e.nn").write_text(SPEC.replace("outputs digit", "outputs dgit"))
    done = spec("check", "e.nn")
    assert done.code == 1
    assert "did you mean `digit`?" in done.out


def test_a_loss_reads_a_value_that_is_no_output(spec: Nnc) -> None:
    Path("l.nn").write_text("""
data d = arrays("a.npz", target=["digit", "box"])
network Net {
  input image: [1, 8, 8]
  input extra: [3]
  from image -> flatten -> dense(16) -> relu as h
  dense(10)
  output digit
  from h -> dense(64) -> reshape(1, 8, 8) as copy
  from extra -> dense(16) as other
}
train Net {
  data d
  loss cross_entropy(digit) + 0.1 * mse(copy, image) + 0.01 * mean(abs(h - other))
  epochs 2
  metric accuracy
}
""")
    done = spec("train", "l.nn", "--threads", "1")
    assert done.code == 0, done.err
    assert "copy (formula)" in done.err
    assert "measured on PyTorch" in done.err
    inputs, outputs, weights = ends("runs/l/1/model.onnx")
    assert (inputs, outputs, weights) == (["image"], ["digit", "digit_probability"], 4)
    assert spec("eval", "runs/l/1", "--json").json["metrics"]["onnx"].keys() == {"accuracy"}
    assert spec("train", "--resume", "runs/l/1", "--set", "train.epochs=3", "-q").code == 0
    assert spec("build", "runs/l/1").code == 0


def test_a_weight_comes_to_a_layer_whose_owner_is_left_out(nnc: Nnc) -> None:
    Path("t.nn").write_text("""
network Coder {
  input x: [8]
  input z: [3]
  input w: [8]
  from x -> dense(3) as enc
  output code
  from z -> dense(8, tie=transpose(enc)) -> tanh
  output copy
  from w -> dense(3, bias=false, tie=enc)
  output other
}
export Coder { outputs copy, other }
""")
    done = nnc("build", "t.nn", "-o", "t")
    assert done.code == 0, done.err
    assert "differs from PyTorch by at most" in done.err
    inputs, outputs, weights = ends("t/Coder.untrained.onnx")
    assert (inputs, outputs, weights) == (["z", "w"], ["copy", "other"], 2)
