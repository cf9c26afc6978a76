"""What a training step costs over a bare PyTorch loop, in CPU time, side by side in one run.

    python tests/benchmarks/train_step.py [--rounds 15] [--batch 64] [--write]

LeNet on the bundled digits, Adam, cross entropy, one thread. By hand is the loop of a tutorial over
tensors in memory: pictures divided by 255 once, one shuffle an epoch, batches by index, zero_grad,
loss, backward, step. Ours is the engine's loop on the generated source, as `nnc train` runs it: raw
bytes converted batch by batch, learning rate, sum and watch of the losses, progress, signals. Both
leave evaluation and checkpoints out. Epochs alternate, so that what else the machine does slows all
of them. nnc takes PyTorch's fused Adam, a tutorial does not: the loop by hand runs with either.
`augmented` is ours with the spec's `shift(2)`, which by hand does not do: for information.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Protocol

import torch
from measure import HERE, ROOT, Claim, arguments, ratio, report, table
from torch.nn import functional

sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "compiler"))
sys.path.insert(0, str(HERE / "by_hand"))

from nets import LeNet

from nnc.cli.console import Console
from nnc.cli.prepare import Prepared, members, prepare
from nnc.source import Source
from nnc.train.device import choose_device
from nnc.train.engine import Trainer
from nnc.train.job import Job
from nnc.train.signals import Signals
from tests.train.kit import Listener, folder_at

AT_MOST = 1.1


class Loop(Protocol):
    """Something that trains for an epoch."""

    def epoch(self) -> None: ...


class ByHand:
    """The loop of a tutorial."""

    def __init__(self, prepared: Prepared, batch: int, *, fused: bool | None = None) -> None:
        values = prepared.data.part("train").arrays()
        assert values is not None
        self.images = torch.from_numpy(values["image"]).float() / 255
        self.labels = torch.from_numpy(values["label"])
        self.module, self.batch = LeNet(), batch
        self.optimizer = torch.optim.Adam(self.module.parameters(), lr=2e-3, fused=fused)

    def epoch(self) -> None:
        for pick in torch.randperm(len(self.images)).split(self.batch):
            self.optimizer.zero_grad()
            loss = functional.cross_entropy(self.module(self.images[pick]), self.labels[pick])
            loss.backward()
            self.optimizer.step()


class Ours:
    """The engine's loop on what `nnc train` prepares."""

    def __init__(self, prepared: Prepared, folder: Path, *, augmented: bool) -> None:
        job = Job(
            plan=prepared.plan,
            members=members(prepared),
            data=prepared.data,
            folder=folder_at(folder),
            augment=prepared.data_plan.augment if augmented else (),
            device="cpu",
            threads=1,
        )
        self.folder = job.folder
        device = choose_device("cpu", prepared.plan, threads=1)
        self.trainer = Trainer(job, device, Listener(), Signals())

    def epoch(self) -> None:
        self.trainer.train_epoch()
        session = self.trainer.session
        session.epoch, session.batch = session.epoch + 1, 0


def prepared_lenet(batch: int) -> Prepared:
    """specs/lenet.nn with another batch and no end in sight."""
    text = (ROOT / "specs" / "lenet.nn").read_text(encoding="utf-8")
    sets = {"train.batch": str(batch), "train.epochs": "10_000"}
    return prepare(Source("specs/lenet.nn", text), sets, {}, None, Console(), root=str(ROOT))


def main() -> None:
    parser = arguments(__doc__, rounds=15)
    parser.add_argument("--batch", type=int, default=64)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    prepared = prepared_lenet(asked.batch)
    steps = -(-len(prepared.data.part("train")) // asked.batch)
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(prepared, Path(folder) / "plain", augmented=False)
        augmented = Ours(prepared, Path(folder) / "augmented", augmented=True)
        loops: dict[str, Loop] = {
            "by hand": ByHand(prepared, asked.batch),
            "by hand, fused Adam": ByHand(prepared, asked.batch, fused=True),
            "nnc": ours,
            "nnc, augmented": augmented,
        }
        times: dict[str, list[float]] = {name: [] for name in loops}
        for turn in range(asked.rounds + 1):
            for name, loop in loops.items():
                start = time.process_time()
                loop.epoch()
                if turn:  # the first epoch allocates
                    times[name].append((time.process_time() - start) / steps)
        for each in (ours, augmented):
            each.folder.close()
    rows = [
        (
            name,
            f"{1000 * statistics.median(found):.3f} ms",
            f"{1000 * min(found):.3f} ms",
            f"{ratio(found, times['by hand']):.3f}",
        )
        for name, found in times.items()
    ]
    head = (f"{steps} steps of {asked.batch} an epoch", "CPU a step", "best epoch", "ratio")
    claims = [
        Claim(f"CPU time against {name}, ratio", ratio(times["nnc"], times[name]), AT_MOST)
        for name in ("by hand", "by hand, fused Adam")
    ]
    report(
        __file__,
        "A training step of LeNet against a bare PyTorch loop",
        table(head, rows),
        claims,
        packages=("torch", "numpy"),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
