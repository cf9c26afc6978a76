"""Networks that take pictures of any size: the size of training is used unless another is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_model

from tests.cli.conftest import Nnc

SPEC = """\
data ph = images("ph") {
  size 24x16
  fit pad
}
network Any {
  input image: [3, H, W]
  conv(4, 3) -> relu -> global_avg_pool -> flatten -> dense(ph.classes)
  output kind
}
train Any { data ph; loss cross_entropy; epochs 1; batch 4; metric accuracy }
"""


def photos(where: str, seed: int = 0) -> None:
    draw = np.random.default_rng(seed)
    for label in ("cat", "dog"):
        Path(where, label).mkdir(parents=True)
        for at in range(10):
            sides = (int(draw.integers(30, 60)), int(draw.integers(30, 60)), 3)
            pixels = draw.integers(0, 256, sides, dtype=np.uint8)
            Image.fromarray(pixels).save(f"{where}/{label}/{at}.png")


def predicted(run: Mapping[str, object]) -> float:
    kind = run["kind"]
    assert isinstance(kind, dict)
    return float(kind["probability"])


def test_training_evaluation_and_use_agree(nnc: Nnc) -> None:
    photos("ph")
    photos("other", seed=1)
    Path("any.nn").write_text(SPEC)
    assert nnc("train", "any.nn", "-q", "--threads", "1").code == 0
    (said,) = json.loads(_metadata("runs/any/1/model.onnx")["nnc.inputs"])
    assert said["size"] == [24, 16]
    done = nnc("run", "runs/any/1", "other", "--format", "jsonl")
    assert done.code == 0, done.err
    assert done.err.count("pictures are brought to 24x16, as in training") == 1
    answers = {a["input"]: a for a in map(json.loads, done.out.splitlines())}
    for model in ("runs/any/1", "runs/any/1/model.onnx"):
        assert nnc("eval", model, "--data", "ph=other", "-o", "out").code == 0
        for row in Path("out/predictions.csv").read_text().splitlines()[1:]:
            name, _, guess, chance = row.split(",")[:4]
            answer = answers["other/" + name]
            assert answer["kind"]["label"] == guess
            assert predicted(answer) == pytest.approx(float(chance), abs=1e-4)
    spec = spec_from_file_location("model", "runs/any/1/model.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.Any()
    load_model(made.eval(), "runs/any/1/weights.safetensors")
    with torch.inference_mode():
        scores = made(module.prepare("other/cat/3.png"))
    chance = float(scores.softmax(-1).max())
    assert predicted(answers["other/cat/3.png"]) == pytest.approx(chance, abs=1e-4)


def test_another_size(nnc: Nnc) -> None:
    photos("ph")
    Path("any.nn").write_text(SPEC)
    assert nnc("train", "any.nn", "-q", "--threads", "1").code == 0
    first = json.loads(nnc("run", "runs/any/1", "ph/cat/3.png").out)
    for size, note in (("native", "at their own size"), ("48x32", "to 48x32; training had 24x16")):
        done = nnc("run", "runs/any/1", "ph/cat/3.png", "--size", size)
        assert done.code == 0, done.err
        assert note in done.err
        assert predicted(json.loads(done.out)) != predicted(first)
    same = nnc("run", "runs/any/1", "ph/cat/3.png", "--size", "24X16")
    assert json.loads(same.out) == first
    assert same.err == ""
    small = nnc("run", "runs/any/1", "ph/cat/3.png", "--size", "2x2")
    assert small.code == 1
    for wrong in ("64", "0x4", "axb", "999999x999999"):
        assert nnc("run", "runs/any/1", "ph/cat/3.png", "--size", wrong).code == 2


def test_a_network_of_one_size(nnc: Nnc, trained: Path, picture: Path) -> None:
    assert nnc("run", trained, picture, "--size", "28x28").code == 0
    done = nnc("run", trained, picture, "--size", "native")
    assert done.code == 1
    assert "takes pictures of 28x28" in done.err


def _metadata(path: str) -> Mapping[str, str]:
    from nnc.deploy.look import metadata_of

    return metadata_of(Path(path))
