"""The lines that people read."""

from __future__ import annotations

import io
import math

from nnc.ir.plan import Length
from nnc.ir.training import AdamW, Constant, Cosine
from nnc.ir.updates import Group
from nnc.record import replace
from nnc.train.device import Device
from nnc.train.job import Checked, Outcome
from nnc.train.monitor import Best
from nnc.train.report import (
    EpochLine,
    PlainReport,
    Started,
    clock,
    ended_lines,
    epoch_line,
    short,
    size,
    started_lines,
)
from nnc.train.run_record import Export
from tests.train.kit import class_plan

CPU = Device("cpu", "cpu", 2, "float32", "1 GPU present, not used: the driver is too old")
LINE = EpochLine(1, 20, 125, 0.9124, 0.3409, {"accuracy": 0.897}, 1e-3, 4810.4, 0.031, 1.2, True)


def test_the_start() -> None:
    checked = Checked("opset 20, 15 nodes, largest difference 6e-08", 6e-8)
    plan = class_plan(schedule=Cosine(), batch=32, length=Length("epochs", 20))
    lines = started_lines(Started(plan, CPU, 20, 125, "validation accuracy", checked))
    assert lines == [
        "training  adam lr 0.02 cosine   batch 32   20 epochs x 125 steps   seed 0"
        "   best by validation accuracy",
        "device    cpu, 2 threads, float32   (1 GPU present, not used: the driver is too old)",
        "export    checked before training: opset 20, 15 nodes, largest difference 6e-08",
    ]


def test_the_start_of_a_resumed_run_in_steps() -> None:
    plan = class_plan(length=Length("steps", 20_000))
    group = Group(AdamW(lr=1e-3, weight_decay=0.0), Constant(warmup=100.0), "bias, norm")
    phase = replace(plan.phases[0], groups=(*plan.phases[0].groups, group))
    gpu = Device("cuda:0", "NVIDIA H100", 16, "bf16")
    lines = started_lines(Started(replace(plan, phases=(phase,)), gpu, 160, 125, "", None, 500))
    assert lines == [
        "training  batch 16   20,000 steps, 125 an epoch   seed 0   last weights kept",
        "device    NVIDIA H100, bf16",
        "resumed   at step 500",
    ]


def test_an_epoch() -> None:
    assert epoch_line(LINE) == (
        "epoch  1/20   loss 0.912   val loss 0.341   accuracy 0.897   lr 1.0e-03   4,810/s"
        "   input 3%   0:01"
    )
    bare = replace(LINE, epoch=100, of=100, val_loss=math.nan, metrics={}, elapsed=3723.0)
    assert epoch_line(bare) == (
        "epoch 100/100   loss 0.912   lr 1.0e-03   4,810/s   input 3%   1:02:03"
    )


DONE = Outcome(
    status="finished",
    exit_code=0,
    stopped_by="",
    seconds=14.2,
    epochs=20,
    of=20,
    step=2500,
    best=Best(0.974, 18, 2250),
    monitor="accuracy",
    metrics={"validation": {"accuracy": 0.974}, "test": {"accuracy": 0.972}},
    baseline={"validation": {"accuracy": 0.1}},
    baseline_words='always "0"',
    measured_on="model.onnx",
    exports=(
        Export("model.onnx", "", 247_000, 1e-4, 2e-7, "", "image uint8[batch,1,28,28] -> digit"),
    ),
)


def test_the_end() -> None:
    assert ended_lines(DONE, "runs/digits/3") == [
        "done in 0:14, best epoch 18 of 20",
        'result    validation accuracy 0.974 (always "0": 0.100)   test 0.972'
        "      measured on model.onnx",
        "file      runs/digits/3/model.onnx   247 kB   image uint8[batch,1,28,28] -> digit"
        "   differs from PyTorch by at most 2e-07",
    ]


def test_other_ends() -> None:
    bare = replace(DONE, metrics={}, exports=())
    failed = replace(bare, status="failed", stopped_by="the loss is nan at step 7", best=Best())
    assert ended_lines(failed, "") == ["failed after 0:14: the loss is nan at step 7"]
    cut = replace(bare, status="interrupted", stopped_by="interrupt", epochs=18)
    assert ended_lines(cut, "") == [
        "interrupted after 0:14, at step 2,500, saved, best epoch 18 of 18"
    ]
    early = replace(bare, stopped_by="early_stop", epochs=19, of=50)
    assert ended_lines(early, "") == [
        "done in 0:14, best epoch 18 of 19 (stopped early, 50 planned)"
    ]


def test_several_metrics_are_named() -> None:
    two = {"accuracy": 0.9, "f1": 0.8}
    line = ended_lines(replace(DONE, metrics={"validation": two, "test": two}, exports=()), "")[1]
    assert line.startswith(
        'result    validation accuracy 0.900  f1 0.800 (always "0": 0.100)   test accuracy 0.900'
    )


def test_a_full_disk_silences_the_log() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("No space left on device")

    report = PlainReport(Full())
    report.epoch(LINE)
    report.note("still here")


def test_small_words() -> None:
    assert [clock(s) for s in (0.9, 61, 3600)] == ["0:00", "1:01", "1:00:00"]
    assert [size(n) for n in (12, 1234, 247_000, 25_000_000, 3e12)] == [
        "12 B", "1.2 kB", "247 kB", "25 MB", "3000 GB",
    ]  # fmt: skip
    assert [short(v) for v in (0.5, 0.0, 1e-5, 12345.6, math.nan)] == [
        "0.500", "0.000", "1e-05", "1.23e+04", "undefined",
    ]  # fmt: skip
