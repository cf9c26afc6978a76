"""Players, or weights of them, that stay; batches in pieces; losses beside the objective."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nnc.ir.gan import CycleGan, GradientPenalty, NonSaturating, Objective, Wasserstein
from nnc.ir.plan import TrainPlan
from nnc.ir.updates import Frozen
from nnc.ir.walk import weight_table
from nnc.record import replace
from nnc.train.gan.session import GanSession
from tests.train.gan.kinds import cycle
from tests.train.gan.kit import (
    CPU,
    CYCLE,
    PLAIN,
    SMALL,
    job_at,
    networks,
    pictures,
    plan_of,
    resumed,
    simple,
    states,
    written,
)
from tests.train.gan.test_players import one_step
from tests.train.kit import run, signal_at

ALL = {
    "generator": ("dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"),
    "discriminator": ("dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"),
}


def frozen(plan: TrainPlan, *players: str, weights: tuple[str, ...] = ()) -> TrainPlan:
    """The plan in which players, or these weights of them, stay."""
    gan = plan.gan
    assert gan is not None
    names = [p.name for p in gan.gan.players]
    stays = tuple(Frozen(n, weights or ALL[n]) if n in players else Frozen() for n in names)
    groups = tuple(() if n in players and not weights else own for n, own in zip(names, gan.groups))
    return replace(plan, gan=replace(gan, frozen=stays, groups=groups))


def changed(job: object, before: dict[str, torch.Tensor]) -> set[str]:
    """The weights that are others now."""
    now = states(job)  # type: ignore[arg-type]
    return {name for name, value in now.items() if not torch.equal(value, before[name])}


@pytest.mark.parametrize("stays", ["generator", "discriminator"])
@pytest.mark.parametrize("objective", [NonSaturating(), GradientPenalty(critic=2)])
def test_a_frozen_player_stays(tmp_path: Path, objective: Objective, stays: str) -> None:
    job = job_at(tmp_path, frozen(plan_of(simple(), objective), stays), PLAIN)
    before = {name: value.clone() for name, value in states(job).items()}
    assert run(job).status == "finished"
    learns = "discriminator" if stays == "generator" else "generator"
    moved = changed(job, before)
    assert f"{learns}/dense1.weight" in moved
    assert moved <= {f"{learns}/{name}" for name in ALL[learns]}


def test_some_weights_stay_and_a_stopped_run_goes_on_to_the_bit(tmp_path: Path) -> None:
    plan = frozen(plan_of(simple()), "discriminator", weights=("dense1.weight",))
    whole, cut = job_at(tmp_path / "whole", plan, PLAIN), job_at(tmp_path / "cut", plan, PLAIN)
    before = {name: value.clone() for name, value in states(whole).items()}
    run(whole)
    assert states(whole).keys() - changed(whole, before) == {"discriminator/dense1.weight"}
    signal_at(cut.members[-1].module, 9)
    assert run(cut).exit_code == 130
    second = resumed(tmp_path / "cut", plan, PLAIN)
    run(second)
    assert all(torch.equal(states(second)[name], value) for name, value in states(whole).items())


def test_statistics_of_a_frozen_player_stay(tmp_path: Path) -> None:
    plan = plan_of(simple())
    assert plan.gan is not None
    rows = weight_table(networks(SMALL)["D"])
    names = tuple(row.name for row in rows if row.weight.role == "trained")
    stays = (Frozen(), Frozen("discriminator", names, ("batch_norm1",)))
    gan = replace(plan.gan, frozen=stays, groups=(plan.gan.groups[0], ()))
    job = job_at(tmp_path / "run", replace(plan, gan=gan))
    before = {name: value.clone() for name, value in states(job).items()}
    run(job)
    assert not any(name.startswith("discriminator/") for name in changed(job, before))


# --- pieces ---------------------------------------------------------------------------------------

KINDS: dict[str, tuple[TrainPlan, str]] = {
    "gan": (plan_of(simple()), PLAIN),
    "wgan": (plan_of(simple(), Wasserstein(critic=2)), PLAIN),
    "wgan_gp": (plan_of(simple(), GradientPenalty(critic=2)), PLAIN),
    "cyclegan": (cycle(), CYCLE),
}


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_of_a_batch_teach_what_the_whole_batch_does(tmp_path: Path, kind: str) -> None:
    plan, text = KINDS[kind]
    found = []
    for count in (1, 3):
        more: dict[str, object] = {"accumulate": count}
        if kind == "cyclegan":
            assert isinstance(plan.gan and plan.gan.objective, CycleGan)
            more |= {"data": pictures(22, 1, "left"), "beside": (pictures(17, 2, "right"),)}
        job = job_at(tmp_path / str(count), plan, text, **more)
        assert run(job).status == "finished"
        found.append(states(job))
    whole, cut = found
    for name, value in whole.items():
        torch.testing.assert_close(cut[name], value, rtol=1e-3, atol=2e-5, msg=name)


# --- losses beside the objective ------------------------------------------------------------------

CODED = """
data digits = bundled("mnist5k")
gan Coded {
  latent z: [4]
  latent code: token[] = categorical(3)
  latent turn: [2] = uniform(-1, 1)
  generator {
    from code -> embedding(3, 4) as kind
    from z, kind, turn -> concat -> dense(64) -> tanh -> reshape(1, 8, 8)
    output picture
  }
  discriminator {
    flatten -> dense(8) -> leaky_relu(0.2) as seen
    from seen -> dense(3)
    output guess
    from seen -> dense(2)
    output turned
    from seen -> dense(1)
  }
}
train Coded {
  data digits
  objective gan
  loss cross_entropy(guess, code) + 0.5 * mse(turned, turn)
  epochs 1
}
"""


def test_codes_teach_both_players(tmp_path: Path) -> None:
    heads = {f"discriminator/dense{at}.{of}" for at in (2, 3) for of in ("weight", "bias")}
    found = []
    for text in (CODED, CODED.replace("  loss ", "  # loss ")):
        job = job_at(tmp_path / str(len(text)), written(text), text)
        before = {name: value.clone() for name, value in states(job).items()}
        session = GanSession(job, CPU)
        with job.folder:
            one_step(session)
        found.append((changed(job, before), states(job)))
    (told, now), (alone, then) = found
    assert heads <= told
    assert not heads & alone
    name = "generator/kind.weight"  # the generator learns from what is guessed, too
    assert not torch.equal(now[name], then[name])
