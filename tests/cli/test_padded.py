"""Sequences of different lengths from a spec to a measured file: own steps count, padding never."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Nnc

TAGGER = """data tags = arrays("tags.npz", target=["y"]) { split 0.6/0.2/0.2 }
network Tagger {
  input x: token[T] padded
  embedding(6, 8) -> lstm(12, bidirectional=true) -> dense(3)
  output y
}
train Tagger {
  data tags
  loss cross_entropy
  metric accuracy, f1, perplexity, bits
  epochs 8
  batch 8
  optimizer adam(lr=0.02)
}
"""


def tags(folder: Path, own_lengths: bool = False) -> None:
    """Tokens 1 to 5; a step's tag is what its token and the next one add up to, of three."""
    draw = np.random.default_rng(3)
    lengths = draw.integers(2, 12, 120)
    x = np.zeros((120, 11), np.int64)
    for row, length in enumerate(lengths):
        x[row, :length] = draw.integers(1, 6, length)
    y = (x + np.roll(x, -1, 1)) % 3
    y[np.arange(11) >= lengths[:, None]] = 2  # what stands behind the end is not read
    more = {"y_length": lengths} if own_lengths else {}
    np.savez(folder / "tags.npz", x=x, y=y, x_length=lengths, **more)


@pytest.mark.parametrize("own", [False, True])
def test_a_tagger(nnc: Nnc, tmp_path: Path, own: bool) -> None:
    tags(tmp_path, own)
    (tmp_path / "tags.nn").write_text(TAGGER)
    out = nnc("train", "tags.nn", "--out", "run")
    assert out.code == 0, out.err
    told = nnc("eval", "run", "--json").json
    onnx, torch = (told["metrics"][side] for side in ("onnx", "pytorch"))
    assert onnx == pytest.approx(torch, abs=1e-5)
    assert onnx["accuracy"] > 0.8
    row = nnc("run", "run", "tags.npz", "--json").json["predictions"][0]
    assert set(row["y"]) <= {"0", "1", "2"}
    assert len(row["y"]) == np.load(tmp_path / "tags.npz")["x_length"][0]
    assert onnx["bits"] == pytest.approx(np.log2(onnx["perplexity"]), rel=1e-4)


STRIDED = """data moves = arrays("moves.npz", target=["y"])
network Moves {
  input x: [T, 2] padded
  rearrange([t, c], [c, t]) -> conv(6, 3, padding=1) -> relu -> max_pool(2)
  rearrange([c, t], [t, c]) -> dense(1)
  output y
}
train Moves { data moves; loss mse; metric mae; epochs 2; batch 8 }
"""


def test_steps_that_strides_make_fewer(nnc: Nnc, tmp_path: Path) -> None:
    draw = np.random.default_rng(4)
    lengths = draw.integers(4, 15, 60)
    x = [draw.normal(size=(n, 2)).astype(np.float32) for n in lengths]
    y = [one[: len(one) // 2, :1] for one in x]
    arrays = {"x": np.concatenate(x), "y": np.concatenate(y)}
    halves = {"x_length": lengths, "y_length": lengths // 2}
    np.savez(tmp_path / "moves.npz", **arrays, **halves)
    (tmp_path / "moves.nn").write_text(STRIDED)
    assert nnc("train", "moves.nn", "--out", "run").code == 0
    told = nnc("eval", "run", "--part", "validation", "--json").json
    assert told["metrics"]["onnx"] == pytest.approx(told["metrics"]["pytorch"], abs=1e-5)
    # the same steps are asked for, or the data is told so
    np.savez(
        tmp_path / "moves.npz",
        **arrays | {"y": arrays["x"][:, :1]},
        x_length=lengths,
        y_length=lengths,
    )
    out = nnc("train", "moves.nn", "--out", "other")
    assert out.code == 1
    assert "steps where the output `y` has" in out.err
    assert "NN427" in out.err


def test_a_target_of_one_size(nnc: Nnc, tmp_path: Path) -> None:
    draw = np.random.default_rng(4)
    lengths = draw.integers(4, 15, 60)
    x = draw.normal(size=(int(lengths.sum()), 2)).astype(np.float32)
    np.savez(tmp_path / "moves.npz", x=x, x_length=lengths, y=draw.normal(size=(60, 3)))
    (tmp_path / "moves.nn").write_text(STRIDED.replace("dense(1)", "dense(1) -> squeeze(1)"))
    out = nnc("train", "moves.nn", "--out", "other")
    assert out.code == 1
    assert "`y` has a step for each of a sequence, and `y` is [3] for each sample" in out.err


WRONG = {
    "dense(3) -> rearrange([t, c], [c, t])": "put `rearrange([c, t], [t, c])` behind the last",
    "dense(4)": "give [T, 3], features last: `dense(3)` as the last layer",
    "mean(axis=0) -> dense(3)": "give [T, 3], features last: `dense(3)` as the last layer",
}


@pytest.mark.parametrize("body", WRONG)
def test_outputs_that_give_steps_no_tags(nnc: Nnc, tmp_path: Path, body: str) -> None:
    tags(tmp_path)
    text = TAGGER.replace("lstm(12, bidirectional=true) -> dense(3)", body)
    (tmp_path / "tags.nn").write_text(text)
    out = nnc("train", "tags.nn", "--out", "run")
    assert out.code == 1
    assert WRONG[body] in out.err
    (tmp_path / "tags.nn").write_text(TAGGER.replace(" padded", ""))
    assert "write `input x: token[T] padded`" in nnc("train", "tags.nn", "--out", "run").err


def test_a_formula_knows_padding(nnc: Nnc, tmp_path: Path) -> None:
    tags(tmp_path)
    more = "cross_entropy(y) + 0.01 * mean(y**2)"
    text = TAGGER.replace("cross_entropy", more).replace(
        "metric accuracy, f1, perplexity, bits", ""
    )
    (tmp_path / "tags.nn").write_text(text)
    out = nnc("train", "tags.nn", "--out", "run")
    assert out.code == 0, out.err
    told = nnc("eval", "run", "--json").json["metrics"]
    assert told["onnx"]["loss"] == pytest.approx(told["pytorch"]["loss"], rel=1e-4)
    inside = "mean(cross_entropy(y * 2, tags.y))"
    (tmp_path / "tags.nn").write_text(TAGGER.replace("cross_entropy", inside))
    out = nnc("train", "tags.nn", "--out", "other")
    assert out.code == 1
    assert "`cross_entropy` of a class at each place stands alone" in out.err


MARKS = """data marks = arrays("marks.npz", target=["y"]) { split 0.6/0.2/0.2 }
network Marks {
  input x: [T, 2] padded
  lstm(8, bidirectional=true) -> dense(UNITS)
  output y
}
train Marks {
  data marks; loss LOSS; metric accuracy, f1; epochs 6; batch 8; optimizer adam(lr=0.03)
}
"""


@pytest.mark.parametrize("shape", ["[T, 3]", "[T, 1]", "[T]", "numbers"])
def test_yes_or_no_at_each_step(nnc: Nnc, tmp_path: Path, shape: str) -> None:
    """A batch of unequal lengths is learnt, measured and run by its own steps alone."""
    draw = np.random.default_rng(3)
    lengths = draw.integers(2, 12, 120)
    x = draw.standard_normal((120, 11, 2)).astype(np.float32)
    sums = x.sum(2)
    y = np.stack([x[..., 0] > 0, x[..., 1] > 0, sums + np.roll(sums, 1, 1) > 0], 2)
    y = y.astype(np.float32 if shape == "numbers" else np.int64)
    y[np.arange(11) >= lengths[:, None]] = 1  # what stands behind the end is not read
    if shape in ("[T, 1]", "[T]"):
        y = y[..., :1]
    y = y[..., 0] if shape == "[T]" else y
    np.savez(tmp_path / "marks.npz", x=x, y=y, x_length=lengths)
    text = MARKS.replace("UNITS", "3" if shape in ("[T, 3]", "numbers") else "1")
    (tmp_path / "marks.nn").write_text(text.replace("LOSS", "bce_with_logits"))
    out = nnc("train", "marks.nn", "--out", "run")
    assert out.code == 0, out.err
    told = nnc("eval", "run", "--json").json["metrics"]
    assert told["onnx"] == pytest.approx(told["pytorch"], abs=1e-5)
    assert told["onnx"]["accuracy"] > 0.8
    row = nnc("run", "run", "marks.npz", "--json").json["predictions"][0]
    assert len(row["y"]) == lengths[0], row
