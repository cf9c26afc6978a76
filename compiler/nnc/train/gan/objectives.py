"""What players lose, as functions of scores alone: tensors of any shape, means over all elements.

A score is a logit, or any number where the objective is `unbounded`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from nnc.ir.gan import (
    R1,
    CycleGan,
    GradientPenalty,
    Hinge,
    LeastSquares,
    NonSaturating,
    Objective,
    Pix2Pix,
    Wasserstein,
)

Judged = Callable[[Tensor, Tensor], Tensor]
Made = Callable[[Tensor], Tensor]


def cross_entropy(smoothing: float = 0.0, share: float = 1.0) -> Judged:
    """-log D(x) - log(1 - D(G(z))), real samples with the target 1 - `smoothing`."""

    def loss(real: Tensor, made: Tensor) -> Tensor:
        right = torch.full_like(real, 1.0 - smoothing)
        told = functional.binary_cross_entropy_with_logits(real, right)
        caught = functional.binary_cross_entropy_with_logits(made, torch.zeros_like(made))
        return (told + caught) * share if share != 1.0 else told + caught

    return loss


def squares(share: float = 1.0) -> Judged:
    """(D(x) - 1)^2 + D(G(z))^2."""

    def loss(real: Tensor, made: Tensor) -> Tensor:
        return (((real - 1.0) ** 2).mean() + (made**2).mean()) * share

    return loss


def hinge(real: Tensor, made: Tensor) -> Tensor:
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z)))."""
    return functional.relu(1.0 - real).mean() + functional.relu(1.0 + made).mean()


def distance(real: Tensor, made: Tensor) -> Tensor:
    """D(G(z)) - D(x): the negative of the earth mover's distance that the critic sees."""
    return made.mean() - real.mean()


def taken_for_real(made: Tensor) -> Tensor:
    """-log D(G(z)): the generator's, non-saturating."""
    return functional.binary_cross_entropy_with_logits(made, torch.ones_like(made))


def near_one(made: Tensor) -> Tensor:
    """(D(G(z)) - 1)^2."""
    return ((made - 1.0) ** 2).mean()


def raised(made: Tensor) -> Tensor:
    """-D(G(z))."""
    return -made.mean()


def judged_by(objective: Objective) -> Judged:
    """What a discriminator loses by its scores of real and of made samples; penalties apart."""
    if isinstance(objective, NonSaturating):
        return cross_entropy(objective.label_smoothing)
    if isinstance(objective, Pix2Pix):
        return cross_entropy(share=0.5)  # Isola et al., section 3.3: the discriminator learns half
    if isinstance(objective, R1):
        return cross_entropy()
    if isinstance(objective, CycleGan):
        return squares(share=0.5)  # Zhu et al., section 7.1
    if isinstance(objective, LeastSquares):
        return squares()
    if isinstance(objective, Hinge):
        return hinge
    assert isinstance(objective, Wasserstein | GradientPenalty), "there are no other objectives"
    return distance


def made_for(objective: Objective) -> Made:
    """What a generator loses by the scores of what it made; other distances apart."""
    if isinstance(objective, NonSaturating | Pix2Pix | R1):
        return taken_for_real
    if isinstance(objective, LeastSquares | CycleGan):
        return near_one
    return raised


def chances(objective: Objective) -> bool:
    """Whether a score's sigmoid is the chance that a sample is real."""
    return isinstance(objective, NonSaturating | Pix2Pix | R1)


def fresh(objective: Objective) -> bool:
    """Whether the generator learns from samples of its own, not those that were judged last.

    Arjovsky et al. and Gulrajani et al. (algorithm 1 of both) draw again; DCGAN's steps share.
    """
    return isinstance(objective, Wasserstein | GradientPenalty)
