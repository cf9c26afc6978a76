"""Killed in the middle of an epoch and resumed, as a user does it: the files are the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

HERE = Path(__file__).resolve().parent
DRAWN = """
data digits = bundled("mnist5k") { size 8 }
gan Small {
  latent z: [4]
  generator {
    dense(32) -> reshape(8, 2, 2) -> batch_norm -> relu
    conv_transpose(4, 4, stride=2, padding=1) -> batch_norm -> relu
    conv_transpose(1, 4, stride=2, padding=1) -> tanh   : [1, 8, 8]
  }
  discriminator {
    conv(8, 4, stride=2, padding=1) -> NORM -> leaky_relu(0.2) -> dropout(0.2)
    flatten -> dense(1, spectral_norm=true)
  }
}
train Small {
  data digits
  objective OBJECTIVE
  optimizer adam(lr=1e-3, betas=(0.5, 0.999))
  schedule linear(start=1)
  epochs 3
  batch 100
  seed 5
}
"""
ASKED = """
data digits = bundled("mnist5k") { size 8 }
gan Asked {
  latent z: [4]
  condition label: token[]
  generator {
    from label -> embedding(digits.classes, 4) as asked
    from z, asked -> concat -> dense(64) -> tanh -> reshape(1, 8, 8)
  }
  discriminator {
    from sample -> flatten -> dense(16) -> leaky_relu(0.2) as seen
    from seen -> dense(1)
    output score
    from seen -> dense(digits.classes)
    output kind
  }
}
train Asked { data digits; objective hinge; loss cross_entropy(kind, label); epochs 3; batch 100 }
"""
TURNED = """
data left = images("left") { normalize -1..1; augment flip }
data right = images("right") { normalize -1..1 }
network Maker {
  input picture: [3, H, W]
  conv(4, 3, padding=1) -> instance_norm -> relu -> conv(3, 3, padding=1) -> tanh
  output made: [3, H, W]
}
network Judge {
  input picture: [3, H, W]
  conv(4, 4, stride=2, padding=1) -> leaky_relu(0.2) -> conv(1, 3, padding=1)
  output score
}
gan Turned {
  domain a, b: [3, H, W]
  generator to_b = Maker
  generator to_a = Maker
  discriminator is_b = Judge
  discriminator is_a = Judge
}
train Turned {
  data left(a=image), right(b=image)
  objective cyclegan(buffer=10)
  epochs 3
  batch 2
}
"""
KINDS = {
    # text, updates in all before the checkpoint and before the kill
    "dcgan": (DRAWN.replace("NORM", "batch_norm").replace("OBJECTIVE", "gan"), 115, 137),
    "average": (
        DRAWN.replace("NORM", "batch_norm")
        .replace("OBJECTIVE", "gan(label_smoothing=0.1)")
        .replace("  seed 5", "  seed 5; ema 0.9"),
        115,
        137,
    ),
    # 48 updates an epoch: 40 of the critic, 8 of the generator; the 62nd is the second after one
    "wgan_gp": (DRAWN.replace("NORM", "instance_norm").replace("OBJECTIVE", "wgan_gp"), 62, 70),
    "conditions": (ASKED, 115, 137),
    "cyclegan": (TURNED, 58, 65),
}


def nnc(folder: Path, *words: object, saves: int = 0, dies: int = 0) -> int:
    """Runs a command in a folder; a negative number says by which signal it died."""
    command = [sys.executable, str(HERE / "killed.py"), saves, dies, *words]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def made(run: Path) -> dict[str, bytes]:
    """What a run leaves but its times."""
    names = [*run.glob("*.onnx"), *(run / "samples").iterdir(), run / "weights.safetensors"]
    found = {path.name: path.read_bytes() for path in names}
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        del line["seconds"]
    return found | {"metrics": json.dumps(lines).encode()}


def newest(run: Path) -> Path:
    return max((run / "checkpoints").iterdir(), key=lambda path: int(path.name))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGUSR1")
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_files(tmp_path: Path, kind: str) -> None:
    text, saves, dies = KINDS[kind]
    (tmp_path / "gan.nn").write_text(text)
    random = np.random.default_rng(0)
    for folder, count in (("left", 24), ("right", 17)):
        (tmp_path / folder).mkdir()
        for at in range(count):
            pixels = random.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / folder / f"{at}.png")
    how = ("train", "gan.nn", "--threads", 1, "--device", "cpu", "--out")
    assert nnc(tmp_path, *how, "whole") == 0
    assert nnc(tmp_path, *how, "cut", saves=saves, dies=dies) == -signal.SIGKILL
    state = json.loads((newest(tmp_path / "cut") / "state.json").read_text())
    assert state["epoch"] == 1
    assert state["batch"] > 0
    tensors = safetensors.torch.load_file(newest(tmp_path / "cut") / "state.safetensors")
    if kind == "wgan_gp":
        assert state["step"] % 5 not in (0, 4)
    if kind == "cyclegan":
        assert len(tensors["buffer/a"]) == 10
    assert nnc(tmp_path, "train", "--resume", "cut", "--threads", 1, "--device", "cpu") == 0
    assert made(tmp_path / "cut") == made(tmp_path / "whole")
    whole, cut = (
        safetensors.torch.load_file(newest(tmp_path / name) / "state.safetensors")
        for name in ("whole", "cut")
    )
    assert whole.keys() == cut.keys()  # weights of both players, optimizers, averages, buffers
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
