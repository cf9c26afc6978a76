"""Losses that a spec writes out: each objective, written out, teaches the same weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nnc.ir.gan import Written as Free
from nnc.ir.ganformula import updates_of
from nnc.ir.plan import TrainPlan
from nnc.record import replace
from nnc.train.gan.penalty import norms, squared_norms
from nnc.train.gan.session import GanSession
from nnc.train.gan.written import Written
from tests.train.gan.kinds import KINDS, more_of
from tests.train.gan.kit import CPU, job_at, resumed, states, written
from tests.train.kit import run, signal_at

STEPS = 3


def free(plan: TrainPlan) -> TrainPlan:
    """The plan whose objective, and the losses beside it, are written out."""
    assert plan.gan is not None
    updates = updates_of(plan.gan)
    gan = replace(
        plan.gan,
        objective=Free(),
        losses=updates.each,
        redraw=updates.redraw,
        clamps=updates.clamps,
        terms=(),
    )
    return replace(plan, gan=gan)


def trained(path: Path, plan: TrainPlan, text: str, **more: object) -> dict[str, torch.Tensor]:
    """The weights after three updates of the generators."""
    job = job_at(path, plan, text, **more)
    job.folder.close()
    session = GanSession(job, CPU)
    assert plan.gan is not None
    wanted = isinstance(plan.gan.objective, Free)
    assert isinstance(session.phases[0][1], Written) is wanted
    session.learn()
    at, last = 0, STEPS * max(plan.gan.objective.critic, 3)
    while at < last:
        for raw, size in session.train.batches(session.order(), session.bounds, session.epoch):
            session.losses.step = at
            session.phases[0][1](raw, size)
            at += 1
            if at == last:
                break
        session.epoch += 1
    return session.weights()


@pytest.mark.parametrize("kind", KINDS)
def test_written_out_an_objective_teaches_the_same(tmp_path: Path, kind: str) -> None:
    plan, text = KINDS[kind]
    more = more_of(kind)
    named = trained(tmp_path / "named", plan, text, **more)
    out = trained(tmp_path / "free", free(plan), text, **more)
    assert named.keys() == out.keys()
    for name, value in named.items():
        torch.testing.assert_close(out[name], value, rtol=1e-4, atol=3e-6, msg=name)


# --- what no objective says -----------------------------------------------------------------------

TWO_JUDGES = """
data digits = bundled("mnist5k")
gan Two {
  latent z: [4]
  generator { dense(64) -> tanh -> reshape(1, 8, 8); output picture }
  discriminator near { conv(4, 4, stride=2) -> leaky_relu(0.2) -> conv(1, 3); output score }
  discriminator far {
    flatten -> dense(8) -> leaky_relu(0.2) as felt
    from felt -> dense(4)
    output code
    from felt -> dense(1)
    output said
  }
}
train Two {
  data digits
  loss mean(relu(1 - near(real))) + mean(relu(1 + near(picture))) on near
  loss bce_with_logits(far(real), 1) + bce_with_logits(far(picture), 0)
    + mse(code(picture), z) on far
  loss -mean(near(picture)) + bce_with_logits(far(picture), 1) + mse(code(picture), z) on generator
  every 2 on generator
  clamp 0.05 on near
  redraw REDRAW
  epochs 3
}
"""


@pytest.mark.parametrize("redraw", ["true", "false"])
def test_a_run_that_was_stopped_goes_on_to_the_bit(tmp_path: Path, redraw: str) -> None:
    text = TWO_JUDGES.replace("REDRAW", redraw)
    plan = written(text)
    whole = job_at(tmp_path / "whole", plan, text)
    assert run(whole).status == "finished"
    first = job_at(tmp_path / "cut", plan, text)
    signal_at(first.members[1].module, 11)
    assert run(first).exit_code == 130
    second = resumed(tmp_path / "cut", plan, text)
    assert run(second).status == "finished"
    found, wanted = states(second), states(whole)
    assert all(torch.equal(found[name], value) for name, value in wanted.items())
    near = whole.members[1].module
    assert max(w.detach().abs().max().item() for w in near.parameters()) <= 0.05 + 1e-6


def test_pieces_teach_what_the_whole_batch_does(tmp_path: Path) -> None:
    text = TWO_JUDGES.replace("REDRAW", "false")
    found = []
    for count in (1, 3):
        job = job_at(tmp_path / str(count), written(text), text, accumulate=count)
        assert run(job).status == "finished"
        found.append(states(job))
    for name, value in found[0].items():
        torch.testing.assert_close(found[1][name], value, rtol=1e-3, atol=2e-5, msg=name)


def test_a_frozen_player_needs_no_loss(tmp_path: Path) -> None:
    text = PLAIN_TEXT.replace("epochs", "freeze d; epochs")
    plan = written(text)
    job = job_at(tmp_path, plan, text)
    before = {name: value.clone() for name, value in states(job).items()}
    assert run(job).status == "finished"
    moved = {name for name, value in states(job).items() if not torch.equal(value, before[name])}
    assert moved
    assert all(name.startswith("generator/") for name in moved)


PLAIN_TEXT = """
data digits = bundled("mnist5k")
gan A {
  latent z: [4]
  generator { dense(64) -> tanh -> reshape(1, 8, 8) }
  discriminator d { flatten -> dense(8) -> leaky_relu(0.2) -> dense(1) }
}
train A {
  data digits
  loss bce_with_logits(d(sample), 1) + 0.1 * l1(sample, real) on generator
  epochs 2
}
"""


def test_the_size_of_a_slope_can_be_differentiated_by_what_is_judged() -> None:
    """Where the samples are made, gradients lead on to what made them."""
    torch.manual_seed(0)
    score = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1))
    score = score.double()
    weight = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    drawn = torch.randn(4, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda w: norms(score, drawn @ w), (weight,))
    assert torch.allclose(norms(score, drawn) ** 2, squared_norms(score, drawn))
