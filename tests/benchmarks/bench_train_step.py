"""What the engine's loop costs over a bare PyTorch loop, in CPU time, side by side in one run.

    python tests/benchmarks/bench_train_step.py [--rounds 10] [--batch 64]

LeNet-5 on random pictures of MNIST's size, Adam, one thread. The loop by hand is what a tutorial
shows: pictures converted once, one shuffle an epoch, `zero_grad`, loss, `backward`, `step`. Ours
starts from raw bytes and does all that a run does in its steps: conversion, learning rate, the sum
of the losses and the watch over them, progress and signals. Epochs alternate between the two, so
that whatever else the machine does slows both.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "compiler")]

from nnc.ir.plan import Field, Length, Pixels  # noqa: E402
from nnc.ir.training import Adam  # noqa: E402
from nnc.ir.types import TensorType  # noqa: E402
from nnc.train.device import choose_device  # noqa: E402
from nnc.train.engine import Trainer  # noqa: E402
from nnc.train.signals import Signals  # noqa: E402
from tests.train.kit import Data, Listener, Memory, class_plan, job_at, profile_of  # noqa: E402

SAMPLES = 1920


class LeNet(nn.Module):
    """LeNet-5 as in specs/lenet.nn."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.dense1 = nn.Linear(400, 120)
        self.dense2 = nn.Linear(120, 84)
        self.dense3 = nn.Linear(84, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(functional.relu(self.conv1(image)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        x = functional.relu(self.dense1(torch.flatten(x, 1)))
        return self.dense3(functional.relu(self.dense2(x)))


def digits() -> Data:
    random = np.random.default_rng(0)
    train = Memory(
        {
            "image": random.integers(0, 256, (SAMPLES, 1, 28, 28)).astype(np.uint8),
            "label": random.integers(0, 10, SAMPLES),
        }
    )
    fields = (
        Field("image", "input", "image", TensorType((1, 28, 28), "uint8")),
        Field("label", "target", "class", TensorType((), "int64"), tuple("0123456789")),
    )
    return Data(profile_of(fields, {"image": Pixels((0.0,), (1.0,))}, train=train), train=train)


class ByHand:
    """The loop of a tutorial."""

    def __init__(self, data: Data, batch: int) -> None:
        self.images = torch.from_numpy(data.parts["train"].values["image"]).float() / 255
        self.labels = torch.from_numpy(data.parts["train"].values["label"])
        self.module, self.batch = LeNet(), batch
        self.optimizer = torch.optim.Adam(self.module.parameters(), lr=1e-3)

    def epoch(self) -> None:
        for pick in torch.randperm(SAMPLES).split(self.batch):
            self.optimizer.zero_grad()
            loss = functional.cross_entropy(self.module(self.images[pick]), self.labels[pick])
            loss.backward()
            self.optimizer.step()


class Ours:
    """The engine's loop over an epoch, without evaluation and checkpoint on both sides."""

    def __init__(self, data: Data, batch: int, folder: Path) -> None:
        plan = class_plan(
            optimizer=Adam(lr=1e-3), batch=batch, length=Length("epochs", 10_000), monitor=""
        )
        job = job_at(folder, plan, data, LeNet())
        device = choose_device("cpu", plan, threads=1)
        self.job = job
        self.trainer = Trainer(job, device, Listener(), Signals())

    def epoch(self) -> None:
        self.trainer.train_epoch()
        session = self.trainer.session
        session.epoch, session.batch = session.epoch + 1, 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--batch", type=int, default=64)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data = digits()
    with tempfile.TemporaryDirectory() as folder:
        loops = {
            "by hand": ByHand(data, asked.batch),
            "nnc": Ours(data, asked.batch, Path(folder)),
        }
        times: dict[str, list[float]] = {name: [] for name in loops}
        for turn in range(asked.rounds + 1):
            for name, loop in loops.items():
                start = time.process_time()
                loop.epoch()
                if turn:  # the first epoch allocates
                    times[name].append(time.process_time() - start)
        loops["nnc"].job.folder.close()
    steps = -(-SAMPLES // asked.batch)
    print(f"LeNet, batch {asked.batch}, {asked.rounds} epochs of {steps} steps, CPU time a step")
    for name, found in times.items():
        best, middle = min(found) / steps, statistics.median(found) / steps
        print(f"  {name:8} {1000 * best:7.3f} ms best {1000 * middle:7.3f} ms median")
    ratios = [ours / theirs for theirs, ours in zip(*times.values())]
    print(f"  ratio    {statistics.median(ratios):7.3f} median of pairs (at most 1.100)")


if __name__ == "__main__":
    main()
