"""Several yes or no, and masks of two classes: from arrays to answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnc.cli.main import run

SPEC = """\
data d = arrays("d.npz", target=["{target}"])
network N {{
  input {input}
  {body}
  output {target}
}}
train N {{
  data d
  loss {loss}
  metric {metrics}
  epochs 12
  batch 8
  optimizer adam(lr=0.02)
}}
"""
DRAW = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def trained(capsys: pytest.CaptureFixture[str], **said: str) -> tuple[dict[str, float], str]:
    """Metrics of the file on validation, and what training printed."""
    Path("n.nn").write_text(SPEC.format(**said))
    assert run(["train", "n.nn", "--threads", "1", "--out", "made"]) == 0, capsys.readouterr().err
    printed = capsys.readouterr().err
    assert run(["eval", "made", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["metrics"]
    assert found["onnx"] == pytest.approx(found["pytorch"], abs=1e-6)
    return found["onnx"], printed


@pytest.mark.parametrize("loss,end", [("bce_with_logits", ""), ("bce", " -> sigmoid")])
def test_several_tags(loss: str, end: str, capsys: pytest.CaptureFixture[str]) -> None:
    x = DRAW.standard_normal((120, 4)).astype(np.float32)
    np.savez("d.npz", x=x, tags=(x[:, :3] > 0).astype(np.float32))
    said = {"input": "x: [4]", "body": f"dense(3){end}", "target": "tags", "loss": loss}
    found, _ = trained(capsys, **said, metrics="accuracy, f1, precision, recall, auroc, iou")
    assert min(found.values()) > 0.8
    assert max(found.values()) <= 1


@pytest.mark.parametrize("loss,end", [("bce_with_logits", ""), ("bce", " -> sigmoid")])
def test_a_mask_of_two_classes(loss: str, end: str, capsys: pytest.CaptureFixture[str]) -> None:
    image = DRAW.integers(0, 256, (60, 1, 8, 8)).astype(np.uint8)
    np.savez("d.npz", image=image, mask=(image[:, 0] > 128).astype(np.int64))
    said = {"input": "image: [1, 8, 8]", "body": f"conv(1, 1){end}", "target": "mask"}
    found, _ = trained(capsys, **said, loss=loss, metrics="iou, accuracy")
    assert found["accuracy"] > 0.6
    Image.fromarray(image[0, 0]).save("a.png")
    assert run(["run", "made/model.onnx", "a.png", "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)["predictions"]
    assert answer["mask"]["shape"] == [8, 8]
    assert set(answer["mask"]["shares"]) <= {"0", "1"}


def test_a_ranking_of_one_class_is_undefined(capsys: pytest.CaptureFixture[str]) -> None:
    x = DRAW.standard_normal((40, 2)).astype(np.float32)
    np.savez("d.npz", x=x, y=np.ones((40, 1), np.float32))
    said = {"input": "x: [2]", "body": "dense(1)", "target": "y", "loss": "bce_with_logits"}
    found, printed = trained(capsys, **said, metrics="auroc")
    assert found == {"auroc": None}
    assert "auroc undefined" in printed
    record = json.loads(Path("made/run.json").read_text())
    assert record["metrics"]["validation"] == {"auroc": None}
