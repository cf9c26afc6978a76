"""What a run tells while it goes: records for whoever draws them, and the log's plain lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TextIO

from nnc.ir.plan import TrainPlan
from nnc.record import Record
from nnc.render.updates import group_text
from nnc.train.device import Device
from nnc.train.job import Checked, Outcome

NO_PLAYERS: Mapping[str, float] = {}


class Started(Record):
    """A run is about to train.

    Args:
        epochs: that the run has in all; steps: in one epoch.
        monitor: what chooses the best weights ("validation accuracy"), "" where the last are kept.
        checked: the export of the untrained network, None with `--no-export`.
        resumed: the step it goes on from, 0 for a new run.
    """

    plan: TrainPlan
    device: Device
    epochs: int
    steps: int
    monitor: str
    checked: Checked | None
    resumed: int = 0


class Progress(Record):
    """Where a run is within an epoch; at most ten times a second.

    Args:
        part: "train" or "validation"; loss: of the last step that is known, NaN before.
        rate: samples a second in this epoch.
    """

    epoch: int
    of: int
    step: int
    steps: int
    part: str
    loss: float
    rate: float


class EpochLine(Record):
    """An epoch has ended.

    Args:
        loss: mean over the train samples as they were learned from.
        val_loss: NaN without a validation part, or where not defined.
        metrics: on validation, in the plan's order.
        lr: of the first group in the last step.
        rate: train samples a second; input_share: of that time spent waiting for data, 0 to 1.
        elapsed: seconds of the run, all sessions together.
        best: the best so far.
        players: of networks that compete what each lost (`NAME_loss`), and the mean scores of real
            and of made samples; their line tells these instead of the loss.
    """

    epoch: int
    of: int
    step: int
    loss: float
    val_loss: float
    metrics: dict[str, float]
    lr: float
    rate: float
    input_share: float
    elapsed: float
    best: bool
    players: Mapping[str, float] = NO_PLAYERS


class Report(Protocol):
    """Listens to a run. What it raises stops the run: it should raise nothing."""

    def started(self, event: Started) -> None:
        """All is prepared."""
        ...

    def note(self, text: str) -> None:
        """One sentence that a person should know of."""
        ...

    def progress(self, event: Progress) -> None:
        """For bars."""
        ...

    def epoch(self, event: EpochLine) -> None:
        """An epoch has ended."""
        ...

    def ended(self, event: Outcome) -> None:
        """The run has ended; what follows is the caller's."""
        ...


class Tee:
    """Tells several reports."""

    def __init__(self, *reports: Report) -> None:
        self._reports = reports

    def started(self, event: Started) -> None:
        """Tells all."""
        for report in self._reports:
            report.started(event)

    def note(self, text: str) -> None:
        """Tells all."""
        for report in self._reports:
            report.note(text)

    def progress(self, event: Progress) -> None:
        """Tells all."""
        for report in self._reports:
            report.progress(event)

    def epoch(self, event: EpochLine) -> None:
        """Tells all."""
        for report in self._reports:
            report.epoch(event)

    def ended(self, event: Outcome) -> None:
        """Tells all."""
        for report in self._reports:
            report.ended(event)


class PlainReport:
    """Lines without bars or colours: for logs, and where there is no terminal.

    Args:
        out: where to write; a full disk or a closed pipe silences it, and never stops a run.
        folder: the run's folder as people should type it.
    """

    def __init__(self, out: TextIO, folder: str = "") -> None:
        self._out = out
        self._folder = folder
        self._silent = False

    def line(self, text: str) -> None:
        """Writes one line."""
        if self._silent:
            return
        try:
            self._out.write(text + "\n")
            self._out.flush()
        except (OSError, ValueError):
            self._silent = True

    def close(self) -> None:
        """Closes what it writes to."""
        self._silent = True
        self._out.close()

    def started(self, event: Started) -> None:
        """How it trains, on what, and what was checked."""
        for text in started_lines(event):
            self.line(text)

    def note(self, text: str) -> None:
        """A sentence."""
        self.line(f"note      {text}")

    def progress(self, event: Progress) -> None:
        """Nothing: logs have no bars."""

    def epoch(self, event: EpochLine) -> None:
        """One line an epoch."""
        self.line(epoch_line(event))

    def ended(self, event: Outcome) -> None:
        """How it ended, results and files."""
        for text in ended_lines(event, self._folder):
            self.line(text)


def started_lines(event: Started) -> list[str]:
    """The lines `training`, `device`, `export` of the start."""
    plan, device = event.plan, event.device
    how = [group_text(group) for phase in plan.phases for group in phase.groups]
    best = f"best by {event.monitor}" if event.monitor else "last weights kept"
    length = f"{count(event.epochs, 'epoch')} x {count(event.steps, 'step')}"
    if plan.length.unit == "steps":
        length = f"{count(plan.length.count, 'step')}, {event.steps} an epoch"
    batch = f"batch {plan.batch}"
    batch += f" in {plan.accumulate} pieces" if plan.accumulate > 1 else ""
    said = (batch, length, f"seed {plan.seed}", best)
    parts = (*how, *said) if len(how) == 1 else said  # several stand in the header, with counts
    lines = [f"training  {'   '.join(parts)}"]
    reason = f"   ({device.reason})" if device.reason else ""
    threads = f", {count(device.threads, 'thread')}" if device.name == "cpu" else ""
    numbers = f"{device.precision}, compiled" if plan.compile else device.precision
    lines.append(f"device    {device.described}{threads}, {numbers}{reason}")
    if event.checked is not None:
        lines.append(f"export    checked before training: {event.checked.text}")
    if event.resumed:
        lines.append(f"resumed   at step {event.resumed:,}")
    return lines


SCORES = {"real_score": "D(x)", "made_score": "D(G(z))"}
"""What people call the scores of real and of made samples."""


def epoch_line(event: EpochLine) -> str:
    """`epoch  1/20   loss 0.912   val loss 0.341   accuracy 0.897   lr 1.0e-03   4,810/s ...`."""
    width = len(str(event.of))
    told = [f"loss {short(event.loss)}"]
    if event.players:
        called = {name: SCORES.get(name, name.removesuffix("_loss")) for name in event.players}
        told = [f"{called[name]} {short(value)}" for name, value in event.players.items()]
    parts = [f"epoch {event.epoch:>{width}}/{event.of}", *told]
    if not math.isnan(event.val_loss):
        parts.append(f"val loss {short(event.val_loss)}")
    parts += values(event.metrics)
    parts += [f"lr {event.lr:.1e}", f"{event.rate:,.0f}/s", f"input {event.input_share:.0%}"]
    return "   ".join([*parts, clock(event.elapsed)])


def ended_lines(event: Outcome, folder: str) -> list[str]:
    """The lines `done`, `result`, `file` of the end, or what stopped the run."""
    lines = [ending(event)]
    if event.metrics:
        lines.append(result_line(event))
    for export in event.exports:
        path = f"{folder}/{export.file}" if folder else export.file
        parts = [path, size(export.bytes), export.described]
        parts.append(f"differs from PyTorch by at most {export.largest:.0e}")
        lines.append("file      " + "   ".join(part for part in parts if part))
    return lines


def ending(event: Outcome) -> str:
    """`done in 0:14, best epoch 18 of 20`, or how it stopped."""
    best = f", best epoch {event.best.epoch} of {event.epochs}" if event.best.epoch else ""
    if event.status == "failed":
        return f"failed after {clock(event.seconds)}: {event.stopped_by}{best}"
    if event.status == "interrupted":
        how = "interrupted" if event.stopped_by == "interrupt" else "terminated"
        return f"{how} after {clock(event.seconds)}, at step {event.step:,}, saved{best}"
    early = f" (stopped early, {event.of} planned)" if event.stopped_by == "early_stop" else ""
    return f"done in {clock(event.seconds)}{best}{early}"


def result_line(event: Outcome) -> str:
    """`result    validation accuracy 0.974 (always "0": 0.100)   test 0.972   ...`."""
    first = next(iter(event.metrics.values()))
    parts = []
    told = False
    for i, (part, found) in enumerate(event.metrics.items()):
        alone = i > 0 and len(first) == 1
        shown = [short(v) for v in found.values()] if alone else values(found)
        said = f"{part} {'  '.join(shown)}"
        base = event.baseline.get(part)
        if base and not told:  # once, beside the part that it is of
            shown = [short(v) for v in base.values()] if len(base) == 1 else values(base)
            said += f" ({event.baseline_words}: {', '.join(shown)})"
            told = True
        parts.append(said)
    line = f"result    {'   '.join(parts)}"
    return f"{line}      measured on {event.measured_on}" if event.measured_on else line


def values(metrics: Mapping[str, float]) -> list[str]:
    """`accuracy 0.974` for each."""
    return [f"{name} {short(value)}" for name, value in metrics.items()]


def short(value: float) -> str:
    """Three decimals, or three digits where that would show nothing."""
    if math.isnan(value):
        return "undefined"
    return f"{value:.3f}" if 0.01 <= abs(value) < 1000 or value == 0 else f"{value:.3g}"


def count(number: int, word: str) -> str:
    """`1 step`, `20 steps`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def clock(seconds: float) -> str:
    """`0:14`, `2:03:09`."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def size(count: int) -> str:
    """`247 kB`, as file managers show it."""
    if count < 1000:
        return f"{count} B"
    for unit in ("kB", "MB", "GB"):
        count_of = count / 1000 ** (("kB", "MB", "GB").index(unit) + 1)
        if count_of < 1000 or unit == "GB":
            return f"{count_of:.0f} {unit}" if count_of >= 10 else f"{count_of:.1f} {unit}"
    raise AssertionError("a size has a unit")


def log_report(folder: Path) -> PlainReport:
    """The report that writes `log.txt`."""
    return PlainReport(open(folder / "log.txt", "a", encoding="utf-8", newline="\n"))
