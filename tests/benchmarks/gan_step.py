"""What a step of a DCGAN costs over PyTorch's example written by hand, in CPU time, in turns.

    python tests/benchmarks/gan_step.py [--rounds 10] [--batch 16] [--write]

The networks of specs/dcgan64.nn on random pictures of 64 x 64, one thread. By hand is the loop of
PyTorch's DCGAN example: BCELoss on a sigmoid, Adam, the discriminator on real and on made pictures,
both gradients, a step, then the generator through it. Ours is the engine's step on the generated
source, as `nnc train` runs it: raw bytes converted, latents drawn, learning rates set, losses and
scores counted and watched. The generator's gradients pass through the discriminator without being
gathered for its weights, which by hand they are.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from measure import ROOT, Claim, arguments, ratio, report, table
from torch import nn

sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "compiler"))

from nnc.check import check_source
from nnc.cli import gans
from nnc.ir.plan import Field, Pixels
from nnc.ir.types import TensorType
from nnc.record import replace
from nnc.source import Source
from nnc.train.device import Device
from nnc.train.gan.session import GanSession
from nnc.train.job import Job
from tests.train.kit import Data, Memory, folder_at, profile_of

AT_MOST = 1.0


def generator() -> nn.Module:
    """The example's, for 64 x 64."""
    layers: list[nn.Module] = []
    before = 100
    for at, wide in enumerate((512, 256, 128, 64)):
        how = (4, 1, 0) if not at else (4, 2, 1)
        layers += [nn.ConvTranspose2d(before, wide, *how, bias=False), nn.BatchNorm2d(wide)]
        layers.append(nn.ReLU(True))
        before = wide
    return nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())


def discriminator() -> nn.Module:
    """The example's, for 64 x 64."""
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    before = 64
    for wide in (128, 256, 512):
        layers += [nn.Conv2d(before, wide, 4, 2, 1, bias=False), nn.BatchNorm2d(wide)]
        layers.append(nn.LeakyReLU(0.2, True))
        before = wide
    return nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Sigmoid())


class ByHand:
    """The loop of the example."""

    def __init__(self, pictures: torch.Tensor) -> None:
        self.pictures = pictures.float() / 127.5 - 1
        self.g, self.d = generator(), discriminator()
        self.criterion = nn.BCELoss()
        how = {"lr": 2e-4, "betas": (0.5, 0.999)}
        self.of_d = torch.optim.Adam(self.d.parameters(), **how)
        self.of_g = torch.optim.Adam(self.g.parameters(), **how)

    def step(self) -> None:
        self.d.zero_grad()
        real = self.pictures
        label = torch.full((len(real),), 1.0)
        output = self.d(real).view(-1)
        error = self.criterion(output, label)
        error.backward()
        shown = [error.item(), output.mean().item()]
        fake = self.g(torch.randn(len(real), 100, 1, 1))
        label.fill_(0.0)
        output = self.d(fake.detach()).view(-1)
        error = self.criterion(output, label)
        error.backward()
        shown += [error.item(), output.mean().item()]
        self.of_d.step()
        self.g.zero_grad()
        label.fill_(1.0)
        output = self.d(fake).view(-1)
        error = self.criterion(output, label)
        error.backward()
        shown += [error.item(), output.mean().item()]
        self.of_g.step()


class Ours:
    """The engine's step on what `nnc train` prepares."""

    def __init__(self, pictures: np.ndarray, folder: Path) -> None:
        path = ROOT / "specs" / "dcgan64.nn"
        checked = check_source(Source("specs/dcgan64.nn", path.read_text(encoding="utf-8")))
        plan = next(iter(checked.trains.values()))
        assert plan.gan is not None
        plan = replace(plan, gan=replace(plan.gan, fields=(("real", "image"),)))
        memory = Memory({"image": pictures})
        fields = (Field("image", "input", "image", TensorType((3, 64, 64), "uint8")),)
        profile = profile_of(fields, {"image": Pixels((0.5,), (0.5,), "-1..1")}, train=memory)
        members = gans.members(plan, plan.gan, checked.networks, {})
        job = Job(plan, members, Data(profile, train=memory), folder_at(folder), device="cpu")
        job.folder.close()
        self.session = GanSession(job, Device("cpu", "cpu", 1, "float32"))
        self.session.learn()

    def step(self) -> None:
        session = self.session
        bounds = [(0, len(session.train))]
        for raw, size in session.train.batches(session.order(), bounds):
            session.set_rates()
            session.losses.step = session.step
            session.phases[0][1](raw, size)
            session.step += 1


def main() -> None:
    parser = arguments(__doc__, rounds=10)
    parser.add_argument("--batch", type=int, default=16)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (asked.batch, 3, 64, 64), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        loops = {
            "by hand": ByHand(torch.from_numpy(pictures)),
            "nnc": Ours(pictures, Path(folder)),
        }
        times: dict[str, list[float]] = {name: [] for name in loops}
        for turn in range(asked.rounds + 2):
            for name, loop in loops.items():
                start = time.process_time()
                loop.step()
                if turn > 1:  # the first steps allocate
                    times[name].append(time.process_time() - start)
    rows = [
        (
            name,
            f"{1000 * statistics.median(found):.0f} ms",
            f"{1000 * min(found):.0f} ms",
            f"{ratio(found, times['by hand']):.3f}",
        )
        for name, found in times.items()
    ]
    head = (f"batch {asked.batch}, 64 x 64", "CPU a step", "best step", "ratio")
    found = ratio(times["nnc"], times["by hand"])
    report(
        __file__,
        "A step of DCGAN",
        table(head, rows),
        [Claim("CPU time against PyTorch's example, ratio", found, AT_MOST)],
        packages=("torch",),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
