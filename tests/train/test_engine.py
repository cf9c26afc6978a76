"""The engine on networks of a few weights."""

from __future__ import annotations

import json
import math
import signal
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional

from nnc.diagnostics import Refusal
from nnc.ir.plan import Binding, EarlyStop, Length, MetricPlan, Target, Term
from nnc.ir.training import Adam, Bce, Mae, Mse, Plateau, Sgd
from nnc.record import replace
from nnc.train.data.keyed import order
from nnc.train.folder import open_run
from tests.train.kit import (
    Data,
    Listener,
    Small,
    blobs,
    class_plan,
    job_at,
    price_plan,
    prices,
    run,
    seeded,
    signal_at,
)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]


def test_the_numbers_are_those_of_a_loop_by_hand(tmp_path: Path) -> None:
    data, plan = blobs(), class_plan(optimizer=Sgd(lr=0.1, momentum=0.9), seed=5)
    listener = Listener()
    run(job_at(tmp_path, plan, data), listener)

    module = seeded(Small)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9, fused=True)
    images = torch.from_numpy(data.parts["train"].values["image"]).float() / 255
    labels = torch.from_numpy(data.parts["train"].values["label"])
    for epoch in range(4):
        total = 0.0
        indices = torch.from_numpy(order(90, 5, epoch))
        for pick in indices.split(16):
            loss = functional.cross_entropy(module(images[pick]), labels[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(pick)
        assert listener.lines[epoch].loss == pytest.approx(total / 90, rel=1e-5)


def test_it_learns_and_leaves_a_run_folder(tmp_path: Path) -> None:
    listener = Listener()
    outcome = run(job_at(tmp_path, class_plan(length=Length("epochs", 12))), listener)
    assert (outcome.status, outcome.exit_code, outcome.epochs) == ("finished", 0, 12)
    assert outcome.metrics["validation"]["accuracy"] > 0.8
    assert outcome.baseline["validation"]["accuracy"] < 0.6
    assert outcome.baseline_words.startswith('always "')
    found_run = open_run(tmp_path)
    assert found_run.record.status == "finished"
    assert found_run.record.best is not None
    assert found_run.record.best.monitor == "accuracy"
    assert found_run.record.metrics["validation"] == outcome.metrics["validation"]
    weights = safetensors.torch.load_file(found_run.weights)
    assert set(weights) == set(Small().state_dict())
    found = lines(tmp_path)
    assert [line["part"] for line in found] == ["train", "validation"] * 12
    assert found[-1]["accuracy"] == listener.lines[-1].metrics["accuracy"]
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2
    log = (tmp_path / "log.txt").read_text()
    assert "epoch 12/12   loss" in log
    assert "result    validation accuracy" in log
    assert len(list((tmp_path / "tensorboard").iterdir())) == 1


def test_the_best_weights_are_kept_and_measured(tmp_path: Path) -> None:
    listener = Listener()
    job = job_at(tmp_path, class_plan(length=Length("epochs", 6)))

    def spoil(line: object) -> None:
        if len(listener.lines) == 4:  # from here on the network is noise
            with torch.no_grad():
                for weight in job.members[0].module.parameters():
                    weight.normal_()

    listener.on_epoch = spoil
    outcome = run(job, listener)
    assert outcome.best.epoch <= 4
    best = max(line.metrics["accuracy"] for line in listener.lines)
    assert outcome.metrics["validation"]["accuracy"] == best == outcome.best.value


def test_an_interrupted_run_exports_nothing_it_does_not_have(tmp_path: Path) -> None:
    job = job_at(tmp_path)
    signal_at(job.members[0].module, 2)
    outcome = run(job)
    assert (outcome.status, outcome.exit_code, outcome.step) == ("interrupted", 130, 2)
    assert open_run(tmp_path).record.status == "interrupted"
    assert set(safetensors.torch.load_file(tmp_path / "weights.safetensors")) == set(
        Small().state_dict()
    )


def test_sigterm_saves_and_says_so(tmp_path: Path) -> None:
    job = job_at(tmp_path)
    signal_at(job.members[0].module, 9, signal.SIGTERM)
    outcome = run(job)
    assert (outcome.exit_code, outcome.stopped_by) == (143, "terminate")
    assert (tmp_path / "checkpoints" / str(outcome.step)).is_dir()


def test_a_loss_that_is_no_number_stops_with_the_step(tmp_path: Path) -> None:
    data = prices()
    data.parts["train"].values["price"][37] = np.inf
    step = int(np.flatnonzero(order(80, 0, 0) == 37)[0]) // 16 + 1
    module = seeded(lambda: nn.Linear(2, 1))
    outcome = run(job_at(tmp_path, price_plan(), data, module))
    assert (outcome.status, outcome.exit_code) == ("failed", 4)
    assert outcome.stopped_by == f"the loss is inf at step {step}"
    kept = safetensors.torch.load_file(tmp_path / "weights.safetensors")
    assert all(value.isfinite().all() for value in kept.values())
    assert open_run(tmp_path).record.status == "failed"


def test_statistics_that_are_no_numbers_are_not_kept(tmp_path: Path) -> None:
    # batch_norm takes the bad batch into its statistics before the loss is known.
    data = prices()
    data.parts["train"].values["numbers"][3] = np.inf
    module = seeded(lambda: nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1)))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    plan = price_plan(batch=80)
    outcome = run(job_at(tmp_path, plan, data, module))
    assert outcome.stopped_by == "the loss is nan at step 1"
    kept = safetensors.torch.load_file(tmp_path / "weights.safetensors")
    assert all(torch.equal(kept[name], value) for name, value in before.items())


def test_early_stop(tmp_path: Path) -> None:
    plan = class_plan(length=Length("epochs", 50), optimizer=Sgd(lr=1e-12), early_stop=EarlyStop(3))
    outcome = run(job_at(tmp_path, plan))
    assert (outcome.status, outcome.stopped_by, outcome.exit_code) == ("finished", "early_stop", 0)
    assert (outcome.best.epoch, outcome.epochs) == (1, 4)


def test_plateau_lowers_the_rate(tmp_path: Path) -> None:
    plan = class_plan(
        length=Length("epochs", 6),
        optimizer=Sgd(lr=1e-12),
        schedule=Plateau(factor=0.5, patience=1),
    )
    listener = Listener()
    run(job_at(tmp_path, plan), listener)
    assert [round(line.lr / 1e-12, 3) for line in listener.lines] == [1, 1, 1, 0.5, 0.5, 0.25]


def test_early_stop_needs_validation(tmp_path: Path) -> None:
    job = job_at(tmp_path, class_plan(early_stop=EarlyStop(3)), blobs(validation=0))
    with pytest.raises(Refusal, match="watches a validation part"):
        run(job)
    assert open_run(tmp_path).record.status == "failed"


def test_without_validation_the_last_weights_are_kept(tmp_path: Path) -> None:
    listener = Listener()
    job = job_at(tmp_path, data=blobs(validation=0))
    outcome = run(job, listener)
    assert outcome.monitor == ""
    assert outcome.best.epoch == 0
    assert not outcome.metrics
    assert any("last weights" in note for note in listener.notes)
    kept = safetensors.torch.load_file(tmp_path / "weights.safetensors")
    last = job.members[0].module.state_dict()
    assert all(torch.equal(kept[name], last[name]) for name in last)


def test_the_length_may_count_steps(tmp_path: Path) -> None:
    listener = Listener()
    outcome = run(job_at(tmp_path, class_plan(length=Length("steps", 8))), listener)
    assert outcome.step == 8
    assert [(line.epoch, line.step) for line in listener.lines] == [(1, 6), (2, 8)]


def test_a_last_batch_of_one_joins_the_one_before(tmp_path: Path) -> None:
    listener = Listener()
    plan = class_plan(length=Length("epochs", 1))
    job = job_at(tmp_path, plan, blobs(train=65), seeded(lambda: Small(norm=True)))
    outcome = run(job, listener)
    assert outcome.step == 4
    assert listener.notes == ["the last batch has 17 samples: batch_norm cannot learn from one"]


def test_batch_norm_of_one_sample_is_a_message(tmp_path: Path) -> None:
    job = job_at(tmp_path, class_plan(batch=1), module=seeded(lambda: Small(norm=True)))
    with pytest.raises(Refusal, match="batch of one sample"):
        run(job)


def test_metrics_are_in_the_units_of_the_target(tmp_path: Path) -> None:
    plan = price_plan(length=Length("epochs", 40))
    plan = replace(plan, metrics=(MetricPlan(Mae(), "price"),))
    data = prices()
    module = seeded(lambda: nn.Linear(2, 1))
    outcome = run(job_at(tmp_path, plan, data, module))
    values, fronts = data.parts["validation"].values, dict(data.profile.fronts)
    inputs = (values["numbers"] - fronts["numbers"].mean) / fronts["numbers"].std
    kept = safetensors.torch.load_file(tmp_path / "weights.safetensors")
    said = inputs @ kept["weight"].numpy().T + kept["bias"].numpy()
    said = said[:, 0] * fronts["price"].std[0] + fronts["price"].mean[0]
    mae = float(np.abs(said - values["price"]).mean())
    assert outcome.metrics["validation"]["mae"] == pytest.approx(mae, abs=1e-3)
    assert mae < 20
    mean = float(np.abs(fronts["price"].mean[0] - values["price"]).mean())
    assert outcome.baseline["validation"]["mae"] == pytest.approx(mean, rel=1e-4)
    assert outcome.baseline_words == "always the mean"


def test_pieces_of_a_batch_give_the_same_weights(tmp_path: Path) -> None:
    made = []
    for pieces in (1, 3):
        job = job_at(tmp_path / str(pieces), accumulate=pieces)
        run(job)
        made.append(job.members[0].module.state_dict())
    for name, value in made[0].items():
        assert torch.allclose(value, made[1][name], atol=1e-5), name


def test_readers_that_read_ahead_give_the_same_numbers(tmp_path: Path) -> None:
    made = []
    for workers, resident in ((0, True), (0, False), (1, False), (3, False)):
        listener = Listener()
        job = job_at(
            tmp_path / f"{workers}{resident}", data=blobs(resident=resident), workers=workers
        )
        run(job, listener)
        made.append([(line.loss, line.val_loss) for line in listener.lines])
    assert made[0] == made[1] == made[2] == made[3]


def test_overfit_learns_a_few_samples_by_heart(tmp_path: Path) -> None:
    listener = Listener()
    plan = class_plan(length=Length("epochs", 100), optimizer=Adam(lr=0.05))
    run(job_at(tmp_path, plan, overfit=8, pause=1.0), listener)
    assert listener.lines[-1].metrics["accuracy"] == 1.0
    assert math.isclose(listener.lines[0].step, 1)


def test_chances_beyond_zero_to_one_are_a_message(tmp_path: Path) -> None:
    plan = price_plan()
    term = Term(1.0, Bce(), "price", Target("field", "price"))
    scaled = replace(plan, phases=(replace(plan.phases[0], terms=(term,)),))
    module = seeded(lambda: nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()))
    with pytest.raises(Refusal, match="`price` is scaled beyond"):
        run(job_at(tmp_path / "scaled", scaled, prices(), module))
    data = prices()
    raw = replace(data.profile, fronts=data.profile.fronts[:1])
    with pytest.raises(Refusal, match="a target lies beyond"):
        run(job_at(tmp_path / "raw", scaled, Data(raw, **data.parts), module))


def test_an_input_is_the_target_of_an_autoencoder(tmp_path: Path) -> None:
    target = Target("input", "image")
    terms = (Term(1.0, Bce(), "copy", target), Term(0.5, Mse(), "copy", target))
    plan = class_plan(length=Length("epochs", 30), metrics=(), monitor="loss")
    phase = replace(plan.phases[0], terms=terms)
    binding = Binding((("image", "image"),), (("copy", "image"),))
    plan = replace(plan, phases=(phase,), binding=binding)
    module = seeded(
        lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(4, 4), nn.Sigmoid(), nn.Unflatten(1, (1, 2, 2))
        )
    )
    listener, data = Listener(), blobs()
    outcome = run(job_at(tmp_path, plan, data, module), listener)
    images = torch.from_numpy(data.parts["validation"].values["image"]).float() / 255
    with torch.no_grad():
        copy = module.eval()(images)
        wanted = functional.binary_cross_entropy(copy, images)
        wanted = wanted + 0.5 * functional.mse_loss(copy, images)
    assert listener.lines[-1].val_loss == pytest.approx(float(wanted), rel=1e-5)
    assert outcome.metrics["validation"]["loss"] == outcome.best.value
