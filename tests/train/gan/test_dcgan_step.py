"""A step is that of PyTorch's DCGAN example (examples/dcgan/main.py), number for number."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from nnc.train.gan.session import GanSession
from tests.train.gan.kit import CPU, SMALL, job_at, networks, plan_of, simple
from tests.train.gan.kit import module as network_of

STEPS = 3


def by_hand(reals: list[torch.Tensor], noises: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights of both players after the example's steps."""
    known = networks(SMALL)
    g, d = network_of(known["G"]), network_of(known["D"])
    criterion = nn.BCELoss()
    optimizer_d = torch.optim.Adam(d.parameters(), lr=2e-3, betas=(0.5, 0.999))
    optimizer_g = torch.optim.Adam(g.parameters(), lr=2e-3, betas=(0.5, 0.999))
    for real, noise in zip(reals, noises):
        d.zero_grad()
        label = torch.full((len(real),), 1.0)
        output = d(real).sigmoid().view(-1)
        criterion(output, label).backward()
        fake = g(noise)
        label.fill_(0.0)
        output = d(fake.detach()).sigmoid().view(-1)
        criterion(output, label).backward()
        optimizer_d.step()
        g.zero_grad()
        label.fill_(1.0)
        output = d(fake).sigmoid().view(-1)
        criterion(output, label).backward()
        optimizer_g.step()
    return {
        f"{name}/{place}": value
        for name, net in (("generator", g), ("discriminator", d))
        for place, value in net.state_dict().items()
    }


def test_three_steps(tmp_path: Path) -> None:
    job = job_at(tmp_path, plan_of(simple()))
    job.folder.close()
    session = GanSession(job, CPU)
    (_, step), (latent,) = session.phases[0], session.gan.gan.sources
    reals, noises = [], []
    front = session.fronts["real"][1]
    session.learn()
    for at in range(STEPS):
        batches = session.train.batches(session.order(), [(16 * at, 16 * at + 16)])
        raw, size = next(batches)
        batches.close()
        reals.append(front(raw["image"]))
        noises.append(session.draws.latent(latent, size, at, "made"))
        session.losses.step = at
        step(raw, size)
    wanted = by_hand(reals, noises)
    found = session.weights()
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-6, msg=name)
