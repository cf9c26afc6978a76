"""The engine's steps are those that the objectives' authors publish, weight for weight."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nnc.ir.gan import CycleGan
from nnc.ir.plan import TrainPlan
from nnc.record import replace
from nnc.train.gan.session import GanSession
from tests.train.gan import by_hand
from tests.train.gan.by_hand import Batch
from tests.train.gan.kinds import KINDS, more_of
from tests.train.gan.kit import CPU, job_at, module, networks

STEPS = 6
HAND = {
    "gan": by_hand.gan,
    "lsgan": by_hand.lsgan,
    "hinge": by_hand.hinge,
    "wgan": by_hand.wgan,
    "wgan_gp": by_hand.wgan_gp,
    "r1": by_hand.r1,
    "labelled": by_hand.cgan,
    "acgan": by_hand.acgan,
    "infogan": by_hand.infogan,
    "pix2pix": by_hand.pix2pix,
    "cyclegan": by_hand.cyclegan,
    "cyclegan_more": by_hand.cyclegan_more,
}


def plan_for(kind: str) -> TrainPlan:
    """With a buffer that is not full yet: what goes in comes out."""
    plan, _ = KINDS[kind]
    assert plan.gan is not None
    if kind != "cyclegan":
        return plan
    return replace(plan, gan=replace(plan.gan, objective=CycleGan()))


def trained(path: Path, kind: str) -> tuple[dict[str, torch.Tensor], list[Batch]]:
    """The weights after some steps of the engine, and what these saw."""
    job = job_at(path, plan_for(kind), KINDS[kind][1], **more_of(kind))
    job.folder.close()
    session = GanSession(job, CPU)
    session.learn()
    seen, at = [], 0
    while at < STEPS:
        for raw, size in session.train.batches(session.order(), session.bounds, session.epoch):
            seen.append(batch_of(session, raw, size, at))
            session.losses.step = at
            session.phases[0][1](raw, size)
            at += 1
            if at == STEPS:
                break
        session.epoch += 1
    return session.weights(), seen


def batch_of(session: GanSession, raw: dict[str, torch.Tensor], size: int, step: int) -> Batch:
    values = {name: front(raw[field]) for name, (field, front) in session.fronts.items()}
    latents = [source for source in session.gan.gan.sources if source.kind == "latent"]
    drawn, again = (
        {source.name: session.draws.latent(source, size, step, purpose) for source in latents}
        for purpose in ("made", "again")
    )
    shares = session.draws.shares(size, step, "between/discriminator")
    return Batch(values, drawn, again, shares, step)


def written_out(plan: TrainPlan, text: str, kind: str, seen: list[Batch]) -> by_hand.Nets:
    """The players after the steps that the authors publish."""
    assert plan.gan is not None
    known = networks(text)
    nets = {player.name: module(known[player.network]) for player in plan.gan.gan.players}
    by = {
        name: torch.optim.Adam(net.parameters(), lr=2e-3, betas=(0.5, 0.999))
        for name, net in nets.items()
    }
    for batch in seen:
        HAND[kind](nets, by, batch)
    return nets


@pytest.mark.parametrize("kind", HAND)
def test_weights_after_six_steps(tmp_path: Path, kind: str) -> None:
    plan, text = KINDS[kind]
    found, seen = trained(tmp_path, kind)
    nets = written_out(plan, text, kind, seen)
    wanted = {f"{n}/{place}": v for n, net in nets.items() for place, v in net.state_dict().items()}
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=2e-6, msg=name)
