"""A run that was stopped goes on to the same numbers."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from nnc.diagnostics import Refusal
from nnc.ir.plan import EarlyStop, Length, TrainPlan
from nnc.ir.training import AdamW, Constant, Cosine, Optimizer, Plateau, RmsProp, Sgd
from nnc.ir.updates import Clip, Frozen, Group
from nnc.record import replace
from nnc.train.folder import open_run
from tests.train.kit import Listener, Small, class_plan, job_at, resumed, run, seeded, signal_at


def told(path: Path) -> list[dict[str, object]]:
    """The lines of metrics, without the clock."""
    made = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    for line in made:
        del line["seconds"]
    return made


def weights(path: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(path / "weights.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


OPTIMIZERS = [
    Sgd(lr=0.05, momentum=0.9, nesterov=True),
    AdamW(lr=0.02, amsgrad=True),
    RmsProp(lr=0.01, momentum=0.5, centered=True),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.word)
@pytest.mark.parametrize("calls", [3, 7, 21])
def test_to_the_bit(tmp_path: Path, optimizer: Optimizer, calls: int) -> None:
    # Validation calls the module too: the interruptions fall within an epoch, within an evaluation
    # (call 7), and later.
    def module() -> nn.Module:
        return seeded(lambda: Small(norm=True, dropout=0.3))

    plan = class_plan(optimizer=optimizer, schedule=Cosine(warmup=1), clips=(Clip(1.0),))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    job = job_at(whole, plan, module=module())
    wanted = run(job)

    first = job_at(cut, plan, module=module())
    signal_at(first.members[0].module, calls)
    assert run(first).exit_code == 130
    second = resumed(cut, plan=plan, module=module())
    outcome = run(second)

    assert told(cut) == told(whole)
    assert same(weights(cut), weights(whole))
    assert same(second.members[0].module.state_dict(), job.members[0].module.state_dict())
    assert (outcome.best, outcome.metrics) == (wanted.best, wanted.metrics)
    assert open_run(cut).record.resumed != ()


def several_groups() -> TrainPlan:
    """Two optimizers with two schedules, clipping of some, a layer that is frozen."""
    plan = class_plan()
    groups = (
        Group(AdamW(lr=0.02), Constant(), weights=("dense1.weight", "norm1.weight")),
        Group(Sgd(lr=0.1, momentum=0.9), Cosine(), "head", ("dense2.weight", "dense2.bias")),
        Group(RmsProp(lr=0.01), Constant(), "bias", ("dense1.bias",)),
    )
    return replace(
        plan,
        phases=(replace(plan.phases[0], groups=groups),),
        clips=(Clip(0.5, "head", ("dense2.weight",)), Clip(1.0, "", ("dense1.weight",))),
        frozen=Frozen("norm", ("norm1.weight", "norm1.bias"), ("norm1",)),
    )


@pytest.mark.parametrize("calls", [3, 21])
def test_several_groups_to_the_bit(tmp_path: Path, calls: int) -> None:
    def module() -> nn.Module:
        return seeded(lambda: Small(norm=True, dropout=0.3))

    plan, whole, cut = several_groups(), tmp_path / "whole", tmp_path / "cut"
    run(job_at(whole, plan, module=module()))
    first = job_at(cut, plan, module=module())
    signal_at(first.members[0].module, calls)
    assert run(first).exit_code == 130
    run(resumed(cut, plan=plan, module=module()))
    assert told(cut) == told(whole)
    assert same(weights(cut), weights(whole))


def test_what_is_frozen_stays_to_the_bit_with_its_statistics(tmp_path: Path) -> None:
    module = seeded(lambda: Small(norm=True))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    run(job_at(tmp_path, several_groups(), module=module))
    after = module.state_dict()
    stayed = {name for name in before if torch.equal(before[name], after[name])}
    assert stayed == {name for name in before if name.startswith("norm1.")}


class Tied(Small):
    """A hidden layer's weight is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.again = nn.Linear(8, 8)
        self.more = nn.Linear(8, 8)
        self.more.weight = self.again.weight

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(self.dense1(image.flatten(1)))
        return self.dense2(self.more(torch.tanh(self.again(hidden))))


def test_tied_weights_are_stored_once_and_stay_tied(tmp_path: Path) -> None:
    plan = class_plan(optimizer=AdamW(lr=0.02))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    run(job_at(whole, plan, module=seeded(Tied)))
    first = job_at(cut, plan, module=seeded(Tied))
    signal_at(first.members[0].module, 7)
    assert run(first).exit_code == 130
    second = resumed(cut, plan=plan, module=seeded(Tied))
    run(second)
    assert told(cut) == told(whole)
    assert same(weights(cut), weights(whole))
    assert "again.weight" in weights(cut)
    assert "more.weight" not in weights(cut)
    module = second.members[0].module
    assert module.get_parameter("more.weight") is module.get_parameter("again.weight")


def test_a_killed_run_goes_on_from_the_last_checkpoint(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(line: object) -> None:
        if len(listener.lines) == 3:  # its metrics are written, its checkpoint is not
            raise Killed

    run(job_at(tmp_path / "whole"))
    listener = Listener()
    listener.on_epoch = kill
    with pytest.raises(Killed):
        run(job_at(tmp_path / "cut"), listener)
    assert len(told(tmp_path / "cut")) == 6
    run(resumed(tmp_path / "cut"))
    assert told(tmp_path / "cut") == told(tmp_path / "whole")
    assert same(weights(tmp_path / "cut"), weights(tmp_path / "whole"))


def test_more_epochs_after_the_last(tmp_path: Path) -> None:
    run(job_at(tmp_path / "whole", class_plan(length=Length("epochs", 6))))
    run(job_at(tmp_path / "cut"))
    outcome = run(resumed(tmp_path / "cut", plan=class_plan(length=Length("epochs", 6))))
    assert outcome.epochs == 6
    assert told(tmp_path / "cut") == told(tmp_path / "whole")


def test_more_steps_after_an_epoch_cut_short(tmp_path: Path) -> None:
    run(job_at(tmp_path / "whole", class_plan(length=Length("steps", 11))))
    run(job_at(tmp_path / "cut", class_plan(length=Length("steps", 8))))
    run(resumed(tmp_path / "cut", plan=class_plan(length=Length("steps", 11))))
    # The epoch that was cut short at step 8 has a line more.
    lines = told(tmp_path / "cut")
    assert [line for line in lines if line["step"] != 8] == told(tmp_path / "whole")


def test_nothing_left_to_do_changes_nothing(tmp_path: Path) -> None:
    run(job_at(tmp_path))
    before, kept = told(tmp_path), weights(tmp_path)
    outcome = run(resumed(tmp_path))
    assert outcome.status == "finished"
    assert told(tmp_path) == before
    assert same(weights(tmp_path), kept)


def test_patience_and_plateau_are_restored(tmp_path: Path) -> None:
    plan = class_plan(
        length=Length("epochs", 30),
        optimizer=Sgd(lr=1e-12),
        schedule=Plateau(factor=0.5, patience=1),
        early_stop=EarlyStop(5),
    )
    wanted = run(job_at(tmp_path / "whole", plan))
    job = job_at(tmp_path / "cut", plan)
    signal_at(job.members[0].module, 26)  # in the fourth epoch
    run(job)
    outcome = run(resumed(tmp_path / "cut", plan=plan))
    assert (outcome.stopped_by, outcome.epochs) == (wanted.stopped_by, wanted.epochs)
    assert outcome.epochs == 6
    assert told(tmp_path / "cut") == told(tmp_path / "whole")


def test_sigusr1_saves_and_goes_on(tmp_path: Path) -> None:
    job = job_at(tmp_path)
    saved: list[list[str]] = []

    def look(*_: object) -> None:
        folder = tmp_path / "checkpoints"
        saved.append(sorted(p.name for p in folder.iterdir()) if folder.is_dir() else [])

    job.members[0].module.register_forward_pre_hook(look)
    signal_at(job.members[0].module, 3, signal.SIGUSR1)
    assert run(job).status == "finished"
    assert saved[3] == ["3"]


def test_a_broken_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    run(job_at(tmp_path))
    newest = tmp_path / "checkpoints" / "24"
    state = newest / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-7])
    listener = Listener()
    outcome = run(resumed(tmp_path), listener)
    assert any("checkpoint 24 cannot be used" in note for note in listener.notes)
    assert (outcome.status, outcome.step) == ("finished", 24)
    assert len(told(tmp_path)) == 8


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path: Path) -> None:
    run(job_at(tmp_path))
    for path in (tmp_path / "checkpoints").iterdir():
        (path / "state.json").unlink()
    with pytest.raises(Refusal, match="cannot be used"):
        run(resumed(tmp_path))


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    run(job_at(tmp_path))
    other = seeded(lambda: Small(norm=True))
    with pytest.raises(Refusal, match="missing"):
        run(resumed(tmp_path, module=other))


def test_a_run_that_stopped_early_has_nothing_left_to_train(tmp_path: Path) -> None:
    plan = class_plan(length=Length("epochs", 50), optimizer=Sgd(lr=1e-12), early_stop=EarlyStop(3))
    run(job_at(tmp_path, plan))
    before, listener = told(tmp_path), Listener()
    outcome = run(resumed(tmp_path, plan=plan), listener)
    assert (outcome.stopped_by, outcome.epochs) == ("early_stop", 4)
    assert told(tmp_path) == before
    assert "the run stopped early: nothing is left to train" in listener.notes


def test_another_length_makes_the_rate_jump(tmp_path: Path) -> None:
    plan = class_plan(length=Length("epochs", 1), schedule=Cosine())
    run(job_at(tmp_path, plan))
    for length, jumps in ((1, False), (2, True)):
        listener = Listener()
        run(resumed(tmp_path, plan=replace(plan, length=Length("epochs", length))), listener)
        assert any("jump" in note for note in listener.notes) == jumps
