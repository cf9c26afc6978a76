"""Losses beside the objective: an auxiliary classifier (acgan), a code to be found (infogan)."""

from __future__ import annotations

import torch
from torch import Tensor

from nnc.ir.gan import GanPlan
from nnc.ir.training import CrossEntropy
from nnc.train.gan.players import Values
from nnc.train.losses import loss_function
from nnc.train.wiring import Member, as_values


class Terms:
    """The terms of one player, as a function of its outputs.

    Args:
        classes: the number of classes of each source that has any.
    """

    def __init__(
        self, gan: GanPlan, member: Member, classes: dict[str, int], device: torch.device
    ) -> None:
        self._each = [
            (
                member.outputs.index(term.output),
                loss_function(
                    term.loss, classes=classes.get(term.source, 0), device=device, span=term.span
                ),
                not isinstance(term.loss, CrossEntropy),
                term,
            )
            for term in gan.terms
            if term.player == member.name
        ]

    def __call__(
        self, outputs: tuple[Tensor, ...], values: Values, *, real: bool = False
    ) -> Tensor | float:
        """Their sum on made samples, or of those that are also computed on real ones."""
        total: Tensor | float = 0.0
        for at, loss, numbers, term in self._each:
            if real and not term.real:
                continue
            target = values[term.source]
            wanted = as_values(target, outputs[at]) if numbers else target
            total = total + term.weight * loss(outputs[at], wanted)
        return total
