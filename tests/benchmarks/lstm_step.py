"""What a training step of an LSTM costs over a bare PyTorch loop, in CPU time, side by side.

    python tests/benchmarks/lstm_step.py [--rounds 7] [--write]

Two layers of 256 units read windows of 128 characters, 64 at a time, and carry their state along;
Adam, cross entropy, clipped gradients, one thread. By hand is the loop of a tutorial over the text
as one tensor, with the states detached from batch to batch. Ours is the engine's loop on the
generated source, as `nnc train` runs it. Both leave evaluation and checkpoints out; epochs of four
steps alternate, so that what else the machine does slows both.
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
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "compiler"))

from nnc.cli.console import Console
from nnc.cli.prepare import Prepared, members, prepare
from nnc.source import Source
from nnc.train.device import choose_device
from nnc.train.engine import Trainer
from nnc.train.job import Job
from nnc.train.signals import Signals
from tests.train.kit import Listener, folder_at

AT_MOST = 1.05
WINDOW, BATCH, STEPS, LETTERS = 128, 64, 4, 60
SPEC = f"""data poems = text("poems.txt", window={WINDOW}, carry=true) {{ split none }}
network CharLM {{
  input text: token[T]
  embedding(poems.vocab, 64) -> lstm(256, layers=2) -> dense(poems.vocab)
  output next
}}
train CharLM {{
  data poems; loss cross_entropy; optimizer adam(lr=2e-3); clip 1.0; epochs 10_000; batch {BATCH}
}}
"""


class Net(nn.Module):
    """The network as a person writes it."""

    def __init__(self, letters: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(letters, 64)
        self.lstm = nn.LSTM(64, 256, num_layers=2, batch_first=True)
        self.dense = nn.Linear(256, letters)

    def forward(
        self, text: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        y, state = self.lstm(self.embedding(text), state)
        return self.dense(y), state


class ByHand:
    """The loop of a tutorial."""

    def __init__(self, prepared: Prepared) -> None:
        part = prepared.data.part("train")
        values = part.batch(np.arange(len(part), dtype=np.int64))
        read, wanted = (torch.from_numpy(np.asarray(values[n])).long() for n in ("text", "next"))
        # [steps, batch, window]: each place of a batch goes on where it ended before
        self.read = read.reshape(BATCH, STEPS, WINDOW).transpose(0, 1).contiguous()
        self.wanted = wanted.reshape(BATCH, STEPS, WINDOW).transpose(0, 1).contiguous()
        self.module = Net(dict(prepared.data.profile.sizes)["vocab"])
        self.optimizer = torch.optim.Adam(self.module.parameters(), lr=2e-3)

    def epoch(self) -> None:
        state: tuple[Tensor, Tensor] | None = None
        for read, wanted in zip(self.read, self.wanted):
            self.optimizer.zero_grad()
            logits, (h, c) = self.module(read, state)
            state = (h.detach(), c.detach())
            loss = functional.cross_entropy(logits.flatten(0, 1), wanted.flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
            self.optimizer.step()


class Ours:
    """The engine's loop on what `nnc train` prepares."""

    def __init__(self, prepared: Prepared, folder: Path) -> None:
        job = Job(
            plan=prepared.plan,
            members=members(prepared),
            data=prepared.data,
            folder=folder_at(folder),
            device="cpu",
            threads=1,
        )
        self.folder = job.folder
        self.trainer = Trainer(
            job, choose_device("cpu", prepared.plan, threads=1), Listener(), Signals()
        )

    def epoch(self) -> None:
        self.trainer.train_epoch()
        session = self.trainer.session
        session.epoch, session.batch = session.epoch + 1, 0


def main() -> None:
    asked = arguments(__doc__, rounds=7).parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        letters = np.array([chr(65 + n) for n in range(LETTERS)])
        text = "".join(np.random.default_rng(0).choice(letters, WINDOW * BATCH * STEPS + 1))
        (Path(folder) / "poems.txt").write_text(text)
        source = Source("poems.nn", SPEC)
        prepared = prepare(source, {}, {}, None, Console(), root=folder)
        ours = Ours(prepared, Path(folder) / "run")
        loops: dict[str, ByHand | Ours] = {"by hand": ByHand(prepared), "nnc": ours}
        times: dict[str, list[float]] = {name: [] for name in loops}
        for turn in range(asked.rounds + 1):
            for name, loop in loops.items():
                start = time.process_time()
                loop.epoch()
                if turn:  # the first epoch allocates
                    times[name].append((time.process_time() - start) / STEPS)
        ours.folder.close()
    rows = [
        (
            name,
            f"{1000 * statistics.median(found):.0f} ms",
            f"{1000 * min(found):.0f} ms",
            f"{ratio(found, times['by hand']):.3f}",
        )
        for name, found in times.items()
    ]
    report(
        __file__,
        "A training step of an LSTM against a bare PyTorch loop",
        table((f"{BATCH} windows of {WINDOW}", "CPU a step", "best epoch", "ratio"), rows),
        [Claim("CPU time, ratio", ratio(times["nnc"], times["by hand"]), AT_MOST)],
        packages=("torch", "numpy"),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
