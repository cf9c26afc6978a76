"""What the engine is given and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from nnc.ir.datasettings import Augment
from nnc.ir.plan import TrainPlan
from nnc.record import Record
from nnc.train.evaluation import Predictor
from nnc.train.feed import Dataset
from nnc.train.folder import RunFolder
from nnc.train.monitor import Best
from nnc.train.run_record import Export
from nnc.train.wiring import Member

Weights = Mapping[str, Mapping[str, npt.NDArray[np.generic]]]
"""Arrays by player and place."""

Results = Mapping[str, Mapping[str, float]]
"""Metrics by part."""

NO_RESULTS: Results = {}

Status = Literal["finished", "interrupted", "failed"]


class Checked(Record):
    """The untrained export was compared with PyTorch; `text` is the printout's line."""

    text: str
    largest: float


class Exported(Record):
    """What was exported after training.

    Args:
        predictor: the exported file, for the results that are printed; None where there is no file.
        measured_on: its name.
        follows: the predictor carries what it remembers of each window of a text into the next.
        failure: why a comparison failed, "" where all is well. Weights and checkpoints stay.
    """

    exports: tuple[Export, ...]
    predictor: Predictor | None = None
    measured_on: str = ""
    follows: bool = False
    failure: str = ""


class Exporter(Protocol):
    """Exports and compares; the engine does not know how."""

    def before(self, weights: Weights) -> Checked:
        """Exports the untrained networks.

        Raises:
            Refusal: something cannot be exported, or differs from PyTorch.
        """
        ...

    def after(self, weights: Weights) -> Exported:
        """Exports the trained networks into the run folder; what cannot be is told in `failure`."""
        ...

    def finish(self, exported: Exported, metrics: Results) -> tuple[Export, ...]:
        """Writes the results into the files' metadata; gives the exports as they are now."""
        ...


class Job(Record):
    """A run to do.

    Args:
        plan: bound to its data.
        members: one a player, built from the generated source with its initial weights.
        data: the plan's data, opened; beside: its other data sets, where it has several.
        augment: what the data block says of the train part.
        folder: the run's folder, locked by the caller.
        exporter: None for `--no-export`.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        threads: of the CPU, 0 for what the machine allows.
        workers: threads that read ahead where data is not in memory.
        accumulate: pieces that a batch is computed in, where it does not fit into memory whole.
        resume: go on from the folder's newest checkpoint.
        pause: least seconds between the checkpoints of two epochs, for networks that train in less.
        overfit: train and validate on so many samples of the train part, 0 for all.
    """

    plan: TrainPlan
    members: tuple[Member, ...]
    data: Dataset
    folder: RunFolder
    beside: tuple[Dataset, ...] = ()
    augment: tuple[Augment, ...] = ()
    exporter: Exporter | None = None
    device: str = "auto"
    threads: int = 0
    workers: int = 2
    accumulate: int = 1
    resume: bool = False
    pause: float = 1.0
    overfit: int = 0


class Outcome(Record):
    """How a run ended.

    Args:
        exit_code: 0, 3 (the export differs), 4 (training failed), 130, 143.
        stopped_by: why it ended before its time, "" where it did not: "early_stop", "interrupt",
            "terminate", or what failed and at which step.
        epochs, of: epochs done and planned.
        best: epoch 0 where the last weights were kept.
        monitor: what chose the best, "" for the last.
        metrics: by part, measured on `measured_on`.
        baseline: by part, of always answering the same; `baseline_words` says what.
    """

    status: Status
    exit_code: int
    stopped_by: str
    seconds: float
    epochs: int
    of: int
    step: int
    best: Best
    monitor: str
    metrics: Results = NO_RESULTS
    baseline: Results = NO_RESULTS
    baseline_words: str = ""
    measured_on: str = ""
    exports: tuple[Export, ...] = ()
