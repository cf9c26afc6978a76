"""`nnc train` and `nnc build`, from a spec to files; and going on with a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import SPEC, Nnc

QUICK = ("--steps", "3", "--threads", "1")
FLOWERS = """\
data flowers = bundled("iris")
network Flowers {
  input numbers: [flowers.numbers]
  dense(8) -> relu -> dense(flowers.classes)
  output species
}
train Flowers {
  data   flowers
  loss   cross_entropy
  epochs 2
  metric accuracy
}
"""


@pytest.fixture
def flowers(nnc: Nnc) -> Nnc:
    """A spec that trains in a moment."""
    Path("flowers.nn").write_text(FLOWERS)
    return nnc


def test_a_run_leaves_a_verified_model(flowers: Nnc) -> None:
    done = flowers("train", "flowers.nn", "--threads", "1")
    assert done.code == 0, done.err
    assert done.out == "runs/flowers/1\n"
    run = Path("runs/flowers/1")
    there = {path.name for path in run.iterdir()}
    assert {"spec.nn", "source", "model.py", "model.onnx", "weights.safetensors"} <= there
    assert {"run.json", "data.json", "metrics.jsonl", "log.txt", "checkpoints"} <= there
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["network"]) == ("finished", "Flowers")
    assert record["exports"][0]["parity"]["largest"] < 1e-4
    assert "binding   numbers <- flowers.numbers float[4]" in done.err
    assert "species <- flowers.species (cross_entropy)" in done.err
    assert "next      nnc run runs/flowers/1/model.onnx" in done.err
    assert flowers("check", run / "spec.nn").code == 0
    shown = [flowers("show", path, "--json").json for path in (run, run / "model.onnx")]
    assert shown[0]["networks"][0]["weights"] == shown[1]["networks"][0]["weights"] == 67
    listed = flowers("runs", "--json").json["runs"]
    assert [entry["path"] for entry in listed] == ["runs/flowers/1"]
    assert "accuracy (validation)" in flowers("runs").out


def test_resume(flowers: Nnc) -> None:
    flowers("train", "flowers.nn", "--threads", "1", "--no-export")
    done = flowers("train", "--resume", "runs/flowers/1", "--set", "train.epochs=4", "--no-export")
    assert done.code == 0, done.err
    assert "resumed   at step" in done.err
    assert "epoch 4/4" in done.err
    lines = Path("runs/flowers/1/metrics.jsonl").read_text().splitlines()
    epochs = [entry["epoch"] for entry in map(json.loads, lines) if entry["part"] == "train"]
    assert epochs == [1, 2, 3, 4]
    refused = flowers("train", "--resume", "runs/flowers/1", "--set", "train.batch=8")
    assert refused.code == 1
    assert "error[NN488]" in refused.err
    assert "train.batch: 64, now 8" in refused.err
    Path("flowers.nn").write_text(FLOWERS.replace("dense(8)", "dense(9)"))
    refused = flowers("train", "flowers.nn", "--resume", "runs/flowers/1")
    assert refused.code == 1
    assert "network " in refused.err
    assert "nn.Linear(4, 9)" in refused.err
    started = flowers("train", "flowers.nn", "--resume", "auto", "--no-export", "--threads", "1")
    assert started.out == "runs/flowers/2\n"


def test_names_and_folders(flowers: Nnc) -> None:
    quick = ("--steps", "1", "--threads", "1", "--no-export", "-q")
    assert flowers("train", "flowers.nn", *quick, "--name", "try").out == "runs/flowers/try\n"
    assert flowers("train", "flowers.nn", *quick, "--name", "try").code == 1
    done = flowers("train", "flowers.nn", *quick, "--out", "here")
    assert (done.out, done.err) == ("here\n", "")
    assert flowers("train", "flowers.nn", *quick, "--out", "here").code == 1


def test_what_cannot_train(nnc: Nnc) -> None:
    assert nnc("train").code == 2
    network = SPEC.split("train")[0]
    Path("bare.nn").write_text(network)
    done = nnc("train", "bare.nn")
    assert done.code == 1
    assert "train Tiny {" in done.err
    assert "loss cross_entropy" in done.err
    block = done.err.split("add one:\n")[1]
    Path("bare.nn").write_text(network + block)
    assert nnc("check", "bare.nn").code == 0, "what is offered can be pasted"
    Path("two.nn").write_text(SPEC + SPEC[SPEC.index("train") :].replace("Tiny {", "Tiny as b {"))
    done = nnc("train", "two.nn")
    assert done.code == 1
    assert "`--network Tiny` or `--network b`" in done.err
    assert nnc("train", "wrong.nn").code == 1
    assert not Path("runs").exists()


def test_private_paths_stay_private(
    nnc: Nnc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = tmp_path / "home" / "someone"
    away.mkdir(parents=True)
    (away / "flowers.nn").write_text(FLOWERS)
    here = tmp_path / "work"
    here.mkdir()
    monkeypatch.chdir(here)
    done = nnc("train", away / "flowers.nn", "--steps", "2", "--threads", "1", "--out", "r")
    assert done.code == 0, done.err
    for name in ("model.onnx", "model.py", "data.json", "spec.nn"):
        assert b"someone" not in (here / "r" / name).read_bytes(), name


def test_build_untrained(flowers: Nnc) -> None:
    done = flowers("build", "flowers.nn")
    assert done.code == 0, done.err
    assert done.out == "build/flowers/Flowers.untrained.onnx\n"
    assert "differs from PyTorch by at most" in done.err
    assert "not trained" in done.err
    first = Path("build/flowers/Flowers.untrained.onnx").read_bytes()
    flowers("build", "flowers.nn")
    assert Path("build/flowers/Flowers.untrained.onnx").read_bytes() == first


def test_build_a_run(flowers: Nnc) -> None:
    flowers("train", "flowers.nn", "--steps", "2", "--threads", "1", "--no-export", "-q")
    done = flowers("build", "runs/flowers/1", "-o", "out/m.onnx")
    assert (done.code, done.out) == (0, "out/m.onnx\n"), done.err
    same = flowers("build", "flowers.nn", "--weights", "runs/flowers/1", "-o", "n.onnx")
    assert same.code == 0, same.err
    bare = flowers("build", "flowers.nn", "--bare", "--no-verify", "-o", "bare.onnx")
    assert bare.code == 0, bare.err
    assert "not compared with PyTorch" in bare.err
    assert flowers("build", "flowers.nn", "--weights", "nowhere").code == 1
    for opset in (17, 99):
        wrong = flowers("build", "flowers.nn", "--opset", opset)
        assert wrong.code == 2
        assert f"{opset} is not in the range 18<=x<=22" in wrong.err
