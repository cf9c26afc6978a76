"""Each objective's steps as its authors publish them, in plain PyTorch, on given numbers.

`real` and what is drawn come from the run that they are compared with; all else is written out:
which losses, through which weights they are differentiated, and the order of the updates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

Nets = dict[str, nn.Module]
Optimizers = dict[str, torch.optim.Optimizer]


class Batch(NamedTuple):
    """What a step sees: by source, what was drawn for its first and for its second sample."""

    values: dict[str, Tensor]
    drawn: dict[str, Tensor]
    again: dict[str, Tensor]
    shares: Tensor
    step: int


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """A step down a loss, by the weights of one player alone."""
    weights = [w for group in optimizer.param_groups for w in group["params"]]
    for weight, slope in zip(weights, torch.autograd.grad(loss, weights)):
        weight.grad = slope
    optimizer.step()


def slopes(score: Tensor, at: Tensor) -> Tensor:
    """|gradient|^2 of each sample."""
    (slope,) = torch.autograd.grad(score.sum(), at, create_graph=True)
    return (slope**2).sum(dim=(1, 2, 3))


def entropy(score: Tensor, target: float) -> Tensor:
    """Of chances that a sigmoid gives, written out."""
    chance = torch.sigmoid(score)
    return -(target * chance.log() + (1 - target) * (1 - chance).log()).mean()


def two(
    nets: Nets,
    by: Optimizers,
    batch: Batch,
    judged: Callable[[Tensor, Tensor], Tensor],
    made: Callable[[Tensor], Tensor],
) -> None:
    """Discriminator, then generator through it, from one sample (Goodfellow et al., 2014)."""
    g, d = nets["generator"], nets["discriminator"]
    fake = g(batch.drawn["z"])
    update(by["discriminator"], judged(d(batch.values["real"]), d(fake.detach())))
    update(by["generator"], made(d(fake)))


def gan(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """With real samples smoothed to 0.9 (Salimans et al., 2016)."""
    two(
        nets,
        by,
        batch,
        lambda real, fake: entropy(real, 0.9) + entropy(fake, 0.0),
        lambda fake: entropy(fake, 1.0),
    )


def lsgan(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """Mao et al., 2017."""
    two(
        nets,
        by,
        batch,
        lambda real, fake: ((real - 1) ** 2).mean() + (fake**2).mean(),
        lambda fake: ((fake - 1) ** 2).mean(),
    )


def hinge(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """Lim and Ye, 2017."""
    two(
        nets,
        by,
        batch,
        lambda real, fake: (1 - real).clamp(min=0).mean() + (1 + fake).clamp(min=0).mean(),
        lambda fake: -fake.mean(),
    )


def r1(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """Mescheder et al., 2018, gamma 10."""
    d, real = nets["discriminator"], batch.values["real"].clone().requires_grad_()
    fake = nets["generator"](batch.drawn["z"])
    score = d(real)
    loss = entropy(score, 1.0) + entropy(d(fake.detach()), 0.0)
    update(by["discriminator"], loss + 10 / 2 * slopes(score, real).mean())
    update(by["generator"], entropy(d(fake), 1.0))


def wgan(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """Two updates of the critic, weights within 0.01, for each of the generator (algorithm 1)."""
    g, d = nets["generator"], nets["discriminator"]
    with torch.no_grad():
        fake = g(batch.drawn["z"])
    update(by["discriminator"], d(fake).mean() - d(batch.values["real"]).mean())
    with torch.no_grad():
        for weight in d.parameters():
            weight.clamp_(-0.01, 0.01)
    if batch.step % 2 == 1:
        update(by["generator"], -d(g(batch.again["z"])).mean())


def wgan_gp(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """Three updates of the critic for each of the generator, penalty 10 (algorithm 1)."""
    g, d, real = nets["generator"], nets["discriminator"], batch.values["real"]
    with torch.no_grad():
        fake = g(batch.drawn["z"])
    share = batch.shares.view(-1, 1, 1, 1)
    between = (share * real + (1 - share) * fake).requires_grad_()
    penalty = ((slopes(d(between), between).sqrt() - 1) ** 2).mean()
    update(by["discriminator"], d(fake).mean() - d(real).mean() + 10 * penalty)
    if batch.step % 3 == 2:
        update(by["generator"], -d(g(batch.again["z"])).mean())


def cgan(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """Both players are told the label (Mirza and Osindero, 2014)."""
    g, d, label = nets["generator"], nets["discriminator"], batch.values["label"]
    fake = g(batch.drawn["z"], label)
    loss = entropy(d(batch.values["real"], label), 1.0) + entropy(d(fake.detach(), label), 0.0)
    update(by["discriminator"], loss)
    update(by["generator"], entropy(d(fake, label), 1.0))


def acgan(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """L_S + L_C for the discriminator, L_C - L_S for the generator (Odena et al., 2016)."""
    g, d, label = nets["generator"], nets["discriminator"], batch.values["label"]
    fake = g(batch.drawn["z"], label)
    (real_score, real_kind), (fake_score, fake_kind) = d(batch.values["real"]), d(fake.detach())
    loss = entropy(real_score, 1.0) + entropy(fake_score, 0.0)
    loss = loss + functional.cross_entropy(real_kind, label)
    update(by["discriminator"], loss + functional.cross_entropy(fake_kind, label))
    score, kind = d(fake)
    update(by["generator"], entropy(score, 1.0) + functional.cross_entropy(kind, label))


def infogan(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """A code that is found again, half as heavy as the rest (Chen et al., 2016)."""
    g, d, code = nets["generator"], nets["discriminator"], batch.drawn["code"]
    fake = g(batch.drawn["z"], code)
    real_score, _ = d(batch.values["real"])
    fake_score, found = d(fake.detach())
    loss = entropy(real_score, 1.0) + entropy(fake_score, 0.0)
    update(by["discriminator"], loss + 0.5 * functional.cross_entropy(found, code))
    score, found = d(fake)
    update(by["generator"], entropy(score, 1.0) + 0.5 * functional.cross_entropy(found, code))


def pix2pix(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """The discriminator learns half as fast from pairs; 100 times L1 (Isola et al., 2017)."""
    g, d = nets["generator"], nets["discriminator"]
    plain, real = batch.values["plain"], batch.values["real"]
    fake = g(plain)
    loss = entropy(d(torch.cat((plain, real), 1)), 1.0)
    loss = loss + entropy(d(torch.cat((plain, fake.detach()), 1)), 0.0)
    update(by["discriminator"], 0.5 * loss)
    score = d(torch.cat((plain, fake), 1))
    update(by["generator"], entropy(score, 1.0) + 100 * (fake - real).abs().mean())


def cyclegan(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """Both generators, then both discriminators; cycle 10, identity 0.5 (Zhu et al., 2017).

    The pictures kept of earlier steps are more than are seen here: each comes out as it came in.
    """
    judges(nets, by, batch, *makers(nets, by, batch))


def cyclegan_more(nets: Nets, by: Optimizers, batch: Batch) -> None:
    """With two updates of the discriminators for each of the generators, and a loss beside."""
    a, b = batch.values["a"], batch.values["b"]
    if batch.step % 2 == 1:
        judges(nets, by, batch, *makers(nets, by, batch, 0.3))
    else:
        with torch.no_grad():
            fakes = nets["to_a"](b), nets["to_b"](a)
        judges(nets, by, batch, *fakes)


def makers(nets: Nets, by: Optimizers, batch: Batch, weight: float = 0.0) -> tuple[Tensor, Tensor]:
    """An update of the generators; `weight`: of what `to_b` changes. What they made."""
    a, b = batch.values["a"], batch.values["b"]
    to_a, to_b, is_a, is_b = (nets[name] for name in ("to_a", "to_b", "is_a", "is_b"))
    fake_a, fake_b = to_a(b), to_b(a)
    loss = ((is_a(fake_a) - 1) ** 2).mean() + ((is_b(fake_b) - 1) ** 2).mean()
    loss = loss + 10 * ((to_a(fake_b) - a).abs().mean() + (to_b(fake_a) - b).abs().mean())
    loss = loss + 5 * ((to_a(a) - a).abs().mean() + (to_b(b) - b).abs().mean())
    loss = loss + weight * (fake_b - a).abs().mean()
    weights = [w for name in ("to_a", "to_b") for w in nets[name].parameters()]
    for changed, slope in zip(weights, torch.autograd.grad(loss, weights)):
        changed.grad = slope
    by["to_a"].step()
    by["to_b"].step()
    return fake_a.detach(), fake_b.detach()


def judges(nets: Nets, by: Optimizers, batch: Batch, fake_a: Tensor, fake_b: Tensor) -> None:
    """An update of the discriminators."""
    for domain, fake in (("a", fake_a), ("b", fake_b)):
        judge, real = nets[f"is_{domain}"], batch.values[domain]
        judged = ((judge(real) - 1) ** 2).mean() + (judge(fake) ** 2).mean()
        update(by[f"is_{domain}"], 0.5 * judged)
