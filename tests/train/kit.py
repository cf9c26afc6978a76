"""Small networks, data and plans for tests of the engine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from nnc.ir.plan import (
    Binding,
    Field,
    Front,
    Length,
    MetricPlan,
    Part,
    Phase,
    Pixels,
    Player,
    Profile,
    Scale,
    Target,
    Term,
    TrainPlan,
)
from nnc.ir.training import Accuracy, Adam, Constant, CrossEntropy, Loss, Mse, Optimizer, Schedule
from nnc.ir.types import TensorType
from nnc.ir.updates import Group
from nnc.record import replace
from nnc.train.engine import train
from nnc.train.folder import RunFolder, open_run
from nnc.train.job import Job, Outcome
from nnc.train.report import EpochLine, Progress, Started
from nnc.train.run_record import RunRecord
from nnc.train.wiring import Member


class Memory:
    """A reader of arrays; `resident=False` hands out batches only."""

    def __init__(self, values: dict[str, np.ndarray], resident: bool = True) -> None:
        self.values, self.resident = values, resident

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def batch(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        return {name: value[indices] for name, value in self.values.items()}

    def arrays(self) -> dict[str, np.ndarray] | None:
        return self.values if self.resident else None


class Data:
    """A data set of readers by part."""

    def __init__(self, profile: Profile, **parts: Memory) -> None:
        self.profile, self.parts = profile, parts

    def part(self, name: str) -> Memory:
        return self.parts[name]


def profile_of(fields: tuple[Field, ...], fronts: dict[str, Front], **parts: Memory) -> Profile:
    label = next((f.name for f in fields if f.meaning == "class"), "")
    count = len(next((f.labels for f in fields if f.meaning == "class"), ()))

    def part(name: str, reader: Memory) -> Part:
        counts = np.bincount(reader.values[label], minlength=count) if label else ()
        return Part(name, len(reader), "0" * 12, tuple(int(n) for n in counts))

    return Profile(
        "blobs",
        fields,
        (),
        "given",
        tuple(part(n, r) for n, r in parts.items()),
        tuple(fronts.items()),
    )


def blobs(train: int = 90, validation: int = 30, seed: int = 0, resident: bool = True) -> Data:
    """Pictures of 2x2 pixels in three classes that a small network tells apart."""
    random = np.random.default_rng(seed)

    def reader(count: int) -> Memory:
        label = random.integers(0, 3, count)
        image = random.integers(0, 110, (count, 1, 2, 2))
        image[np.arange(count), 0, label // 2, label % 2] += 140
        return Memory({"image": image.astype(np.uint8), "label": label.astype(np.int64)}, resident)

    parts = {"train": reader(train)}
    if validation:
        parts["validation"] = reader(validation)
    fields = (
        Field("image", "input", "image", TensorType((1, 2, 2), "uint8")),
        Field("label", "target", "class", TensorType((), "int64"), ("a", "b", "c")),
    )
    return Data(profile_of(fields, {"image": Pixels((0.0,), (1.0,))}, **parts), **parts)


def prices(train: int = 80, validation: int = 20) -> Data:
    """A number that follows from two numbers, in large units."""
    random = np.random.default_rng(1)

    def reader(count: int) -> Memory:
        numbers = random.normal(5, 2, (count, 2)).astype(np.float32)
        price = (1000 + 300 * numbers[:, 0] - 100 * numbers[:, 1]).astype(np.float32)
        return Memory({"numbers": numbers, "price": price})

    parts = {"train": reader(train), "validation": reader(validation)}
    known = parts["train"].values
    numbers, price = known["numbers"], known["price"]
    fronts: dict[str, Front] = {
        "numbers": Scale(
            tuple(map(float, numbers.mean(0))), tuple(map(float, numbers.std(0))), (5.0, 5.0)
        ),
        "price": Scale((float(price.mean()),), (float(price.std()),)),
    }
    fields = (
        Field("numbers", "input", "numbers", TensorType((2,))),
        Field("price", "target", "number", TensorType(())),
    )
    return Data(profile_of(fields, fronts, **parts), **parts)


class Small(nn.Module):
    """Flattened pixels, one hidden layer, three logits; with dropout and statistics on demand."""

    def __init__(self, norm: bool = False, dropout: float = 0.0) -> None:
        super().__init__()
        self.dense1 = nn.Linear(4, 8)
        self.norm1 = nn.BatchNorm1d(8) if norm else nn.Identity()
        self.dropout1 = nn.Dropout(dropout)
        self.dense2 = nn.Linear(8, 3)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        hidden = self.norm1(self.dense1(image.flatten(1)))
        return self.dense2(self.dropout1(torch.relu(hidden)))


def seeded(make: Callable[[], nn.Module], seed: int = 3) -> nn.Module:
    torch.manual_seed(seed)
    return make()


def class_plan(
    *,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    loss: Loss | None = None,
    **changes: object,
) -> TrainPlan:
    """Three classes of pictures."""
    group = Group(optimizer or Adam(lr=0.02), schedule or Constant())
    term = Term(1.0, loss or CrossEntropy(), "digit", Target("field", "label"))
    plan = TrainPlan(
        name="Net",
        network="Net",
        data=("blobs",),
        players=(Player("Net", "Net"),),
        phases=(Phase("Net", (term,), (group,)),),
        length=Length("epochs", 4),
        batch=16,
        metrics=(MetricPlan(Accuracy(), "digit"),),
        binding=Binding((("image", "image"),), (("digit", "label"),)),
        monitor="accuracy",
    )
    return replace(plan, **changes)


def price_plan(**changes: object) -> TrainPlan:
    """A price of two numbers."""
    group = Group(Adam(lr=0.05), Constant())
    term = Term(1.0, Mse(), "price", Target("field", "price"))
    return class_plan(
        phases=(Phase("Net", (term,), (group,)),),
        binding=Binding((("numbers", "numbers"),), (("price", "price"),)),
        metrics=(),
        monitor="loss",
        **changes,
    )


class Listener:
    """Remembers all that a run tells, and may act on it."""

    def __init__(self) -> None:
        self.lines: list[EpochLine] = []
        self.notes: list[str] = []
        self.starts: list[Started] = []
        self.ends: list[Outcome] = []
        self.on_epoch: Callable[[EpochLine], None] = lambda line: None

    def started(self, event: Started) -> None:
        self.starts.append(event)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(self, event: Progress) -> None: ...

    def epoch(self, event: EpochLine) -> None:
        self.lines.append(event)
        self.on_epoch(event)

    def ended(self, event: Outcome) -> None:
        self.ends.append(event)


def folder_at(path: Path) -> RunFolder:
    path.mkdir(parents=True, exist_ok=True)
    return RunFolder(path, RunRecord("running", "2026-01-01T00:00:00Z", "net.nn", "Net"))


def job_at(
    path: Path,
    plan: TrainPlan | None = None,
    data: Data | None = None,
    module: nn.Module | None = None,
    **changes: object,
) -> Job:
    """A job on the CPU, in one thread."""
    plan = plan or class_plan()
    binding = plan.binding
    assert binding is not None
    outputs = tuple(dict.fromkeys(t.output for p in plan.phases for t in p.terms))
    inputs = tuple(name for name, _ in binding.inputs)
    member = Member("Net", module or seeded(Small), inputs, outputs)
    folder = changes.pop("folder", None) or folder_at(path)
    job = Job(plan, (member,), data or blobs(), folder, device="cpu", threads=1, pause=0.0)
    return replace(job, **changes)


def run(job: Job, listener: Listener | None = None) -> Outcome:
    """Trains, and unlocks the folder."""
    with job.folder:
        return train(job, listener or Listener())


def signal_at(module: nn.Module, call: int, number: int = signal.SIGINT) -> None:
    """Sends this process a signal while the module is called for the nth time."""
    calls = 0

    def hook(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), number)

    module.register_forward_pre_hook(hook)


def resumed(path: Path, **changes: object) -> Job:
    """A job that goes on with the run in a folder."""
    folder = RunFolder(path, open_run(path).record)
    return job_at(path, resume=True, folder=folder, **changes)
