"""Penalties of a critic's gradient with respect to what it judges."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Score = Callable[[Tensor], Tensor]


def between(real: Tensor, made: Tensor, share: Tensor) -> Tensor:
    """Points share * real + (1 - share) * made, one share a sample: [B]."""
    at = share.view(-1, *[1] * (real.dim() - 1))
    return at * real + (1.0 - at) * made


def squared_norms(score: Score, at: Tensor) -> Tensor:
    """|gradient of the score|^2 for each sample, [B]; it can be differentiated itself."""
    at = at.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(score(at).sum(), at, create_graph=True)
    return slope.flatten(1).square().sum(1)


def norms(score: Score, at: Tensor) -> Tensor:
    """|gradient of the score| for each sample, [B]; it can be differentiated where it is 0.

    Gradients lead on to what made the samples, where these have any.
    """
    at = at if at.requires_grad else at.detach().requires_grad_(True)
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(score(at).sum(), at, create_graph=True)
    return (slope.flatten(1).square().sum(1) + 1e-12).sqrt()


def gradient_penalty(score: Score, real: Tensor, made: Tensor, share: Tensor) -> Tensor:
    """Mean of (|gradient| - 1)^2 at random points between real and made (Gulrajani et al., 2017).

    Args:
        share: uniform in [0, 1], one a sample: [B].
    """
    squares = squared_norms(score, between(real, made, share))
    return ((squares + 1e-12).sqrt() - 1.0).square().mean()


def r1(score: Score, real: Tensor) -> Tensor:
    """Half the mean of |gradient|^2 at real samples (Mescheder et al., 2018)."""
    return 0.5 * squared_norms(score, real).mean()
