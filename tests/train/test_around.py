"""What stands around the loop: devices, signals, TensorBoard, changes of a spec."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nnc.diagnostics import Refusal
from nnc.ir.datasettings import Split
from nnc.ir.plan import DataPlan, Length, Part, Profile
from nnc.ir.training import Adam, Cosine, Mse
from nnc.ir.updates import Clip
from nnc.record import replace
from nnc.source import NOWHERE, Source, Span
from nnc.train import device as room
from nnc.train.changes import Spec, refuse_data_changes, refuse_spec_changes, spec_changes
from nnc.train.device import choose_device, usable_cpus
from nnc.train.events import Events
from nnc.train.run_record import data_record
from nnc.train.signals import Signals
from tests.train.kit import Listener, class_plan, job_at, price_plan, resumed, run, signal_at

# --- devices ------------------------------------------------------------------------------------


def test_the_cpu() -> None:
    device = choose_device("cpu", class_plan(), threads=1)
    assert (device.name, device.threads, device.precision, device.reason) == (
        "cpu", 1, "float32", "",
    )  # fmt: skip
    assert choose_device("cpu", class_plan(precision="bf16"), 1).precision == "bf16"
    assert usable_cpus() >= 1


def test_auto_says_why_not_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_cuda_fault", lambda name: "CUDA 12.4 needs a newer driver")
    monkeypatch.setattr(room, "_gpus_present", lambda: 2)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    device = choose_device("auto", class_plan(), 1)
    assert device.name == "cpu"
    assert device.reason == "2 GPUs present, not used: CUDA 12.4 needs a newer driver"
    monkeypatch.setattr(room, "_gpus_present", lambda: 0)
    assert choose_device("auto", class_plan(), 1).reason == ""


def test_a_gpu_that_is_listed_but_runs_nothing() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert room._kernel_fault("cuda:0") != ""
    assert room._kernel_fault("cpu") == ""


@pytest.mark.parametrize("name", ["tpu", "cuda:x", "cuda:99", "", "cpu:3"])
def test_a_device_that_is_not_there(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        choose_device(name, class_plan(), 1)
    assert caught.value.diagnostics[0].code == "NN482"


def test_bf16_trains_with_losses_in_float32(tmp_path: Path) -> None:
    listener = Listener()
    run(job_at(tmp_path, class_plan(precision="bf16", length=Length("epochs", 8))), listener)
    assert listener.lines[-1].loss < listener.lines[0].loss
    assert listener.starts[0].device.precision == "bf16"


def test_precision_is_chosen_by_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_: True)
    assert room._precision(class_plan(), "cuda:0") == "bf16"
    assert room._precision(price_plan(), "cuda:0") == "float32"
    assert room._precision(class_plan(precision="float32"), "cuda:0") == "float32"


def test_switches_are_put_back(tmp_path: Path) -> None:
    run(job_at(tmp_path, class_plan(deterministic=True)))
    assert not torch.are_deterministic_algorithms_enabled()


# --- signals ------------------------------------------------------------------------------------


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)]
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert (signals.save, signals.stop) == (True, "")
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.stop == "interrupt"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert before == [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)]


# --- TensorBoard --------------------------------------------------------------------------------


def scalars(folder: Path, tag: str) -> list[int]:
    found = EventAccumulator(str(folder))
    found.Reload()
    return [event.step for event in found.Scalars(tag)]


def test_tensorboard_reads_the_events(tmp_path: Path) -> None:
    job = job_at(tmp_path)
    signal_at(job.members[0].module, 18)
    run(job)
    run(resumed(tmp_path))
    assert scalars(tmp_path / "tensorboard", "validation/accuracy") == [6, 12, 18, 24]
    names = os.listdir(tmp_path / "tensorboard")
    assert len(names) == 2
    assert not any(socket.gethostname() in name for name in names)


def test_events_beyond_the_checkpoint_are_dropped(tmp_path: Path) -> None:
    for start, steps in ((0, (1, 2, 3, 4)), (2, (3, 4, 5))):
        events = Events(tmp_path, start, pytest.fail)
        for step in steps:
            events.scalars(step, {"loss": float(step), "broken": float("nan")})
        events.close()
    assert scalars(tmp_path, "loss") == [1, 2, 3, 4, 5]


def test_tensorboard_never_stops_a_run(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("in the way")
    listener = Listener()
    assert run(job_at(tmp_path), listener).status == "finished"
    assert sum("TensorBoard" in note for note in listener.notes) == 1


# --- changes ------------------------------------------------------------------------------------

DATA = DataPlan("digits", "images", "faces")


def spec(**changes: object) -> Spec:
    return replace(Spec(class_plan(), (DATA,), {"Net": "a\nb"}), **changes)


def test_what_may_change_without_asking() -> None:
    elsewhere = Span(Source("other.nn", "text"), 0, 3)
    plan = class_plan(length=Length("steps", 7), span=elsewhere)
    moved = replace(DATA, path="/mnt/faces", moved=True, span=elsewhere)
    assert spec_changes(spec(), spec(plan=plan, data=(moved,))) == ()


@pytest.mark.parametrize(
    "changes,said",
    [
        ({"plan": class_plan(batch=64)}, "train.batch: 16, now 64"),
        (
            {"plan": class_plan(optimizer=Adam(lr=0.1))},
            "train.phases.groups.optimizer: adam(lr=0.02), now adam(lr=0.1)",
        ),
        (
            {"plan": class_plan(schedule=Cosine())},
            "train.phases.groups.schedule: constant, now cosine",
        ),
        (
            {"plan": class_plan(loss=Mse())},
            "train.phases.terms.loss: cross_entropy, now mse",
        ),
        ({"plan": class_plan(clips=(Clip(1.0),))}, "train.clips: none, now (1)"),
        (
            {"data": (replace(DATA, split=Split(seed=1)),)},
            "data.digits.split.seed: 0, now 1",
        ),
        ({"data": ()}, "data.digits: gone"),
        ({"networks": {"Net": "a\nc"}}, "network Net: 'b', now 'c'"),
        ({"networks": {"Net": "a\nb", "Other": ""}}, "network Other: new"),
    ],
)
def test_what_may_not(changes: dict[str, object], said: str) -> None:
    assert spec_changes(spec(), spec(**changes)) == (said,)


def test_changes_are_refused_with_a_list() -> None:
    refuse_spec_changes(Path("runs/x/1"), ())
    with pytest.raises(Refusal) as caught:
        refuse_spec_changes(Path("runs/x/1"), ("train.batch: 16, now 64",))
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.notes == ("train.batch: 16, now 64",)
    assert diagnostic.span.source.name == "runs/x/1"
    assert diagnostic.span != NOWHERE


def test_other_data_are_refused() -> None:
    def profile(mark: str, samples: int) -> Profile:
        return Profile("digits", (), (), "", (Part("train", samples, mark),))

    before = (data_record(profile("a" * 12, 10)),)
    refuse_data_changes(Path("r"), before, (profile("a" * 12, 10),))
    with pytest.raises(Refusal) as caught:
        refuse_data_changes(Path("r"), before, (profile("b" * 12, 11),))
    assert caught.value.diagnostics[0].notes == ("digits.train: 10 samples, now 11",)
