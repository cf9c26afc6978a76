"""Losses by formula: training computes what is written, and so does the evaluation of a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, huber_loss, l1_loss, mse_loss

from nnc import resources
from nnc.backends.arrays import Array
from nnc.deploy.losses import LossSum
from nnc.train.wiring import Wiring, binding_of
from tests.cli.conftest import Nnc
from tests.cli.conftest import nnc as nnc
from tests.deploy import small

TEXT = """
data digits = images("digits")
network Small {
  input image: [1, 6, 6]
  flatten as h
  dense(4) as mu
  output mu
  from h -> dense(1) as one
  output one
  from h -> dense(3) as three
  output three
  from h -> dense(36) -> sigmoid -> reshape(1, 6, 6)
  output copy
}
train Small { data digits; loss LOSS; epochs 1 }
"""
DRAW = np.random.default_rng(5)
RAW: dict[str, Array] = {
    "image": DRAW.integers(0, 256, (7, 1, 6, 6), dtype=np.uint8),
    "label": DRAW.integers(0, 3, 7),
}
MADE = {
    "mu": DRAW.standard_normal((7, 4)).astype(np.float32),
    "one": DRAW.standard_normal((7, 1)).astype(np.float32),
    "three": DRAW.standard_normal((7, 3)).astype(np.float32),
    "copy": DRAW.random((7, 1, 6, 6)).astype(np.float32),
}


def both(loss: str) -> tuple[float, float]:
    """A loss in training, and of a file."""
    plan = small.recipe(TEXT.replace("LOSS", loss), small.PICTURES_PROFILE).plan
    assert plan is not None
    (phase,) = plan.phases
    place = torch.device("cpu")
    profile = small.PICTURES_PROFILE
    wiring = Wiring(("image",), tuple(MADE), binding_of(plan), profile, place)
    raw = {name: torch.from_numpy(values) for name, values in RAW.items()}
    outputs = tuple(torch.from_numpy(values) for values in MADE.values())
    total = wiring.total_loss(phase.terms, phase.formulas)
    ours = float(total(outputs, raw, wiring.inputs(raw)))
    found = LossSum(plan, profile)
    for part in (slice(0, 3), slice(3, 7)):  # the sum is over samples, whatever the batches
        found.add(
            {name: values[part] for name, values in RAW.items()},
            {name: values[part] for name, values in MADE.items()},
        )
    return ours, found.mean()


def torch_made() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    image = (torch.from_numpy(RAW["image"]).float() / 255 - 0.5) / 0.25
    mu, one, _, copy = (torch.from_numpy(values) for values in MADE.values())
    return image, mu, one, copy


def test_of_outputs_and_inputs() -> None:
    image, mu, _, copy = torch_made()
    wanted = mse_loss(copy, image) - 0.5 * (1 + mu - mu**2 - mu.exp()).sum(1).mean()
    for value in both("mse(copy, image) - 0.5 * sum(1 + mu - mu**2 - exp(mu))"):
        assert value == pytest.approx(float(wanted), rel=1e-5)


def test_samples_are_not_mixed() -> None:
    """Numbers a sample meet pictures and vectors of the same sample, never of another."""
    image, mu, one, copy = torch_made()
    wanted = (mu.sum(1) * copy.mean((1, 2, 3)) / (2 + image.abs().mean((1, 2, 3)))).mean()
    for value in both("sum(mu) * mean(copy) / (2 + mean(abs(image)))"):
        assert value == pytest.approx(float(wanted), rel=1e-5)
    wanted = (one[:, :, None, None] * copy - mu.mean(1)[:, None, None, None]).mean()
    for value in both("mean(one * copy - mean(mu))"):
        assert value == pytest.approx(float(wanted), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("word", ["exp", "abs", "sin", "cos", "tanh", "sigmoid", "relu"])
def test_functions(word: str) -> None:
    mu = torch_made()[1]
    wanted = float(getattr(torch, word)(-mu / 3).mean())
    for value in both(f"2 * {word}(-mu / 3)"):
        assert value == pytest.approx(2 * wanted, rel=1e-5)


def test_roots_and_logarithms() -> None:
    copy = torch_made()[3]
    wanted = float((copy.log() + copy.sqrt() ** 3).mean())
    for value in both("mean(log(copy) + sqrt(copy) ** 3)"):
        assert value == pytest.approx(wanted, rel=1e-5)


def test_named_losses_of_what_is_computed() -> None:
    image, mu, one, copy = torch_made()
    wanted = mse_loss(copy * 2, image) / 2 - 0.5 * l1_loss(copy, image / 2)
    for value in both("mse(copy * 2, image) / 2 - l1(copy, image / 2) * 0.5"):
        assert value == pytest.approx(float(wanted), rel=1e-5)
    wanted = (mse_loss(copy, image) + huber_loss(copy, image)) / 4
    for value in both("(mse(copy, image) + huber(copy, image)) / 4"):
        assert value == pytest.approx(float(wanted), rel=1e-5)
    wanted = (copy - image).square().mean((1, 2, 3)).sqrt().mean()
    for value in both("sqrt(mse(copy, image))"):
        assert value == pytest.approx(float(wanted), rel=1e-5)
    wanted = (mu - one).abs().sum(1).mean()
    for value in both("l1(mu, one, reduce=sum)"):
        assert value == pytest.approx(float(wanted), rel=1e-5)


def test_fields_of_the_data() -> None:
    one = torch_made()[2]
    label = torch.from_numpy(RAW["label"])
    wanted = (label[:, None] * (one - 1) ** 2).mean()
    for value in both("mean(label * (one - 1)**2)"):
        assert value == pytest.approx(float(wanted), rel=1e-5)
    for text in ("cross_entropy(three / 2, label)", "cross_entropy(three * 0.5, digits.label)"):
        for value in both(text):
            each = torch.from_numpy(MADE["three"]) / 2
            assert value == pytest.approx(float(cross_entropy(each, label)), rel=1e-5)


def test_a_column_weighs_the_samples(nnc: Nnc) -> None:
    """Samples of weight 0 teach nothing: half of them say the contrary."""
    chance = np.random.default_rng(0)
    x = chance.normal(size=(80, 2))
    y = np.where(np.arange(80) % 2, 3 * x[:, 0], -x[:, 0])
    rows = [f"{a},{b},{c},{2 * (n % 2)}.5" for n, ((a, b), c) in enumerate(zip(x, y))]
    rows = [row.replace(",0.5", ",0.0") for row in rows]
    Path("a.csv").write_text("\n".join(["a,b,y,importance", *rows]) + "\n")
    Path("a.nn").write_text("""
data d = table("a.csv", target=["y", "importance"], numbers=["importance", "y"])
network Net { input numbers: [2]; dense(1); output y }
train Net { data d; loss mean(importance * (y - d.y)**2); epochs 80; optimizer sgd(lr=0.1) }
""")
    done = nnc("train", "a.nn", "--threads", "1")
    assert done.code == 0, done.err
    assert "d.importance (formula)      d.y (formula)" in done.err
    lines = Path("runs/a/1/metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[-2])["loss"] < 1e-3
    seen = nnc("eval", "runs/a/1", "--json").json
    assert seen["metrics"]["onnx"]["loss"] == pytest.approx(
        seen["metrics"]["pytorch"]["loss"], rel=1e-3, abs=1e-9
    )


def test_the_variational_autoencoder_trains(nnc: Nnc) -> None:
    """Its loss falls, the file holds what training computed, and its noise is its caller's."""
    Path("vae.nn").write_text(resources.text("specs", "vae.nn"))
    assert nnc("check", "vae.nn").code == 0
    done = nnc("train", "vae.nn", "--set", "train.epochs=2", "--threads", "1")
    assert done.code == 0, done.err
    assert "mu (formula)" in done.err
    lines = Path("runs/vae/1/metrics.jsonl").read_text().splitlines()
    losses = [entry["loss"] for entry in map(json.loads, lines) if entry["part"] == "validation"]
    assert losses[-1] < losses[0] < 240
    seen = nnc("eval", "runs/vae/1", "--json").json
    assert seen["metrics"]["onnx"]["loss"] == pytest.approx(
        seen["metrics"]["pytorch"]["loss"], rel=1e-5
    )
