"""Texts and series from a spec to a file that was measured: what a newcomer does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Nnc

SUN = """data sun = bundled("sunspots", window=22, horizon=5)
network Sun {
  input past: [22, 1]
  flatten -> dense(5)
  output sunspots
}
train Sun { data sun; loss mse; metric mae, mse(scaled=true); epochs 3; batch 32 }
"""
TEXT = """data lines = text("lines.txt", unit=char, window=8) { split 0.6/0.2/0.2 }
network Lines {
  input text: token[T]
  embedding(lines.vocab, 8) -> dense(lines.vocab)
  output next
}
train Lines { data lines; loss cross_entropy; metric accuracy; epochs 2; batch 8 }
"""


def test_a_series(nnc: Nnc, tmp_path: Path) -> None:
    (tmp_path / "sun.nn").write_text(SUN)
    out = nnc("train", "sun.nn", "--out", "run")
    assert out.code == 0, out.err
    assert "mse_scaled" in out.err
    told = nnc("eval", "run", "--json").json
    assert told["metrics"]["onnx"]["mae"] == pytest.approx(told["metrics"]["pytorch"]["mae"])
    assert set(told["metrics"]["onnx"]) == {"mae", "mse_scaled"}
    alone = nnc("eval", "run/model.onnx", "--json").json
    assert alone["metrics"]["onnx"] == told["metrics"]["onnx"]
    page = nnc("data", "run").out
    assert "sunspots  target  float[5]" in page


def test_a_text(nnc: Nnc, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    (tmp_path / "lines.txt").write_text("".join(draw.choice(list("abc \n"), 600)))
    (tmp_path / "lines.nn").write_text(TEXT)
    out = nnc("train", "lines.nn", "--out", "run")
    assert out.code == 0, out.err
    assert "text int64[batch,T] -> next " in out.err
    told = nnc("eval", "run", "--json").json
    assert told["metrics"]["onnx"]["accuracy"] == told["metrics"]["pytorch"]["accuracy"]
    assert told["samples"] == 14
    rows = nnc("data", "lines.nn", "--sample", "2").out
    assert "lines.txt token 1" in rows


def test_a_model_keeps_its_vocabulary(nnc: Nnc, tmp_path: Path) -> None:
    """Other text is numbered as that of training, from the run and from the file alone."""
    (tmp_path / "lines.txt").write_text("abcab " * 60)
    (tmp_path / "other.txt").write_text("zzzab " * 60)
    (tmp_path / "lines.nn").write_text(TEXT)
    assert nnc("train", "lines.nn", "--out", "run").code == 0
    found = [
        nnc("eval", model, "--data", "lines=other.txt", "--json").json
        for model in ("run", "run/model.onnx")
    ]
    assert found[0]["metrics"]["onnx"] == found[1]["metrics"]["onnx"]
    assert found[0]["part"] == found[1]["part"] == "test"
