"""Critic steps, clipping, the buffer, averages, what is drawn, and what is watched."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nnc.ir.gan import GanSource, GradientPenalty, Hinge, NonSaturating, Objective, Wasserstein
from nnc.ir.initial import Uniform
from nnc.ir.training import Constant, Sgd
from nnc.ir.types import TensorType
from nnc.ir.updates import Clip, Group
from nnc.record import replace
from nnc.train.gan.buffer import Buffer
from nnc.train.gan.draws import Draws
from nnc.train.gan.session import GanSession
from nnc.train.gan.watch import MADE, REAL, Lost, Tally, Watch
from tests.train.gan.kit import CPU, PLAIN, SMALL, job_at, plan_of, resumed, simple
from tests.train.kit import Listener, run, signal_at

PLACE = torch.device("cpu")


@pytest.mark.parametrize(
    "objective, critic",
    [
        (Wasserstein(), 5),
        (GradientPenalty(critic=3), 3),
        (Hinge(critic=2), 2),
        (NonSaturating(), 1),
    ],
)
def test_critic_steps_are_counted(tmp_path: Path, objective: Objective, critic: int) -> None:
    job = job_at(tmp_path, plan_of(simple(), objective), PLAIN)  # 12 steps: 3 epochs of 4
    counts = {"generator": 0, "discriminator": 0}
    session_step = GanSession._step

    def counted(self: GanSession, sides: dict) -> object:  # type: ignore[type-arg]
        for side in sides.values():

            def update(side=side, own=side.update) -> None:  # type: ignore[no-untyped-def]
                counts[side.name] += 1
                own()

            side.update = update
        return session_step(self, sides)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GanSession, "_step", counted)
        run(job)
    assert counts == {"discriminator": 12, "generator": 12 // critic}


def test_a_critic_stays_within_its_clip(tmp_path: Path) -> None:
    job = job_at(tmp_path, plan_of(simple(), Wasserstein(clip=0.02), lr=0.1), PLAIN)
    run(job)
    critic = job.members[1].module
    assert max(w.abs().max().item() for w in critic.parameters()) == pytest.approx(0.02)


def test_gradients_are_clipped_for_each_player(tmp_path: Path) -> None:
    group = Group(Sgd(lr=1.0), Constant())
    plan, clips = plan_of(simple()), (Clip(1e-3),)
    assert plan.gan is not None
    plan = replace(plan, gan=replace(plan.gan, groups=((group,),) * 2, clips=(clips,) * 2))
    job = job_at(tmp_path, plan, PLAIN)
    session = GanSession(job, CPU)
    before = session.weights()
    with job.folder:
        one_step(session)
    for name in ("generator", "discriminator"):
        moved = [
            (value - before[place]).square().sum()
            for place, value in session.weights().items()
            if place.startswith(name)
        ]
        assert float(torch.stack(moved).sum().sqrt()) == pytest.approx(1e-3, rel=1e-3)


def one_step(session: GanSession) -> None:
    batches = session.train.batches(session.order(), [(0, 16)])
    session.phases[0][1](*next(batches))
    batches.close()


def test_the_buffer_gives_older_pictures_once_it_is_full() -> None:
    buffer = Buffer(6, "b", Draws(0, PLACE))
    first = torch.arange(4.0).view(4, 1, 1, 1)
    assert torch.equal(buffer.swap(first, 0), first)
    assert torch.equal(buffer.swap(first[:2] + 4, 1), first[:2] + 4)
    assert len(buffer.kept) == 6
    new = torch.arange(100.0, 140.0).view(40, 1, 1, 1)
    out = buffer.swap(new, 2)
    older = int((out != new).sum())
    assert 10 <= older <= 30
    assert len(buffer.kept) == 6
    # nothing is lost, and nothing comes out twice
    seen = sorted([*out.flatten().tolist(), *(float(x) for x in buffer.kept)])
    assert seen == [*map(float, range(6)), *map(float, range(100, 140))]
    assert torch.equal(Buffer(0, "b", Draws(0, PLACE)).swap(new, 0), new)


def test_latents_depend_on_seed_step_purpose_and_name_alone() -> None:
    source = GanSource("latent", "z", TensorType((5,)))
    draws = Draws(3, PLACE)
    first = draws.latent(source, 4, 7, "made")
    draws.shares(9, 1, "other")
    assert torch.equal(draws.latent(source, 4, 7, "made"), first)
    assert torch.equal(Draws(3, PLACE).latent(source, 4, 7, "made"), first)
    for other in (
        Draws(4, PLACE).latent(source, 4, 7, "made"),
        draws.latent(source, 4, 8, "made"),
        draws.latent(source, 4, 7, "again"),
        draws.latent(replace(source, name="w"), 4, 7, "made"),
    ):
        assert not torch.equal(other, first)
    flat = draws.latent(replace(source, drawn=Uniform(-1.0, 1.0)), 400, 0, "made")
    assert -1 <= float(flat.min()) < -0.9 < 0.9 < float(flat.max()) < 1


def test_averages_follow_the_weights_and_are_what_stays(tmp_path: Path) -> None:
    job = job_at(tmp_path, plan_of(simple(), ema=0.5), SMALL)
    session = GanSession(job, CPU)
    module = job.members[0].module
    before = {n: w.detach().clone() for n, w in module.named_parameters()}
    with job.folder:
        one_step(session)
    kept = session.kept_weights()
    for name, weight in module.named_parameters():
        torch.testing.assert_close(kept[f"generator/{name}"], (before[name] + weight.detach()) / 2)
    for name, value in module.named_buffers():
        assert torch.equal(kept[f"generator/{name}"], value)


# --- what goes wrong ------------------------------------------------------------------------------


def test_nan_is_told_with_player_step_and_epoch(tmp_path: Path) -> None:
    plan = plan_of(simple(), lr=1e30)
    outcome = run(job_at(tmp_path, plan, PLAIN))
    assert outcome.exit_code == 4
    assert "the loss of " in outcome.stopped_by
    assert "in epoch 1" in outcome.stopped_by


def test_what_is_fetched_late_names_its_own_step() -> None:
    tally = Tally(torch.device("meta"), ("g", "d"), 10)
    tally.step = 12
    tally.take("g", torch.tensor(1.0), 4)
    tally.step = 13
    tally.take("d", torch.tensor(float("nan")), 4)
    tally.step = 30
    with pytest.raises(Lost, match="the loss of d is nan at step 14, in epoch 2"):
        tally.fetch()


def test_collapse_and_stuck_players_are_told_once(tmp_path: Path) -> None:
    watch = Watch(("g", "d"), chances=True)
    fine = {"g": 1.0, "d": 1.0, REAL: 0.6, MADE: 0.4}
    assert watch.epoch(fine, 0.8) == []
    assert watch.epoch(fine | {"g": 4.0, "d": 0.3}, 0.01) == []
    (told,) = watch.epoch(fine | {"g": 2.0, "d": 0.5}, 0.01)
    assert "nearly equal" in told
    assert watch.epoch(fine | {"g": 3.0, "d": 0.7}, 0.01) == []
    assert watch.epoch(fine, 0.8) == []
    sure = fine | {REAL: 0.9999, MADE: 0.0001}
    (told,) = watch.epoch(sure | {"g": 9.0}, 0.8)
    assert "tells all samples apart" in told
    assert [watch.epoch(sure | {"g": 9.0}, 0.8) for _ in range(2)] == [
        ["the loss of d has not moved for 3 epochs"],
        ["the loss of g has not moved for 3 epochs"],
    ]


def test_a_collapsed_generator_is_reported_with_its_epoch(tmp_path: Path) -> None:
    text = PLAIN.replace("dense(16) -> relu", "dense(16, init=0) -> relu")
    plan = plan_of(simple(), lr=1e-9)
    listener = Listener()
    run(job_at(tmp_path, plan, text), listener)
    assert any(note.startswith("epoch 2: the samples are nearly equal") for note in listener.notes)


def test_the_watch_goes_on_where_it_was() -> None:
    fine = {"g": 1.0, "d": 1.0, REAL: 0.6, MADE: 0.4}
    epochs = [
        (fine, 0.01),
        (fine | {"g": 2.0}, 0.01),
        (fine | {"g": 3.0}, 0.01),
        ({"d": 1.0, REAL: 0.9999, MADE: 1e-6}, 0.5),  # a generator that had no step
        (fine, 0.5),
        (fine, 0.5),
        (fine, 0.01),
    ]
    whole = Watch(("g", "d"), chances=True)
    told = [whole.epoch(*epoch) for epoch in epochs]
    assert [len(said) for said in told] == [0, 1, 1, 1, 0, 0, 1]
    for cut in range(len(epochs)):
        first, second = Watch(("g", "d"), chances=True), Watch(("g", "d"), chances=True)
        said = [first.epoch(*epoch) for epoch in epochs[:cut]]
        second.restore(first.kept())
        assert said + [second.epoch(*epoch) for epoch in epochs[cut:]] == told


def test_a_collapse_across_a_stop_is_reported(tmp_path: Path) -> None:
    text = PLAIN.replace("dense(16) -> relu", "dense(16, init=0) -> relu")
    plan = plan_of(simple(), lr=1e-9)
    first = job_at(tmp_path, plan, text)
    signal_at(first.members[-1].module, 3 * 6)  # in the second epoch of four steps
    assert run(first).exit_code == 130
    listener = Listener()
    run(resumed(tmp_path, plan, text), listener)
    assert any(note.startswith("epoch 2: the samples are nearly equal") for note in listener.notes)
