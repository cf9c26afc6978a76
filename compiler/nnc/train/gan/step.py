"""One step of players that compete: discriminators, then the generator, on the same batch."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from nnc.ir.gan import R1, Gan, GradientPenalty, Objective, Pix2Pix, Wasserstein
from nnc.train.feed import Raw
from nnc.train.gan.draws import Draws
from nnc.train.gan.objectives import chances, fresh, judged_by, made_for
from nnc.train.gan.penalty import gradient_penalty, r1
from nnc.train.gan.players import Averages, Side, Values, still
from nnc.train.gan.terms import Terms
from nnc.train.gan.watch import MADE, REAL, Tally
from nnc.train.numbers import Change

FRONTS = dict[str, tuple[str, Change]]
"""By source, and "real": the data's field, and what makes network numbers of it."""


class Adversaries:
    """A generator against its discriminators: as in PyTorch's DCGAN example, step by step.

    Discriminators learn from real samples and from made ones, apart, as batch_norm needs it; then
    the generator learns through the updated discriminators, from the same samples where the
    objective shares them. Its gradients gather for its own weights alone.

    Args:
        fronts: where real samples and conditions come from.
    """

    def __init__(
        self,
        gan: Gan,
        objective: Objective,
        sides: dict[str, Side],
        fronts: FRONTS,
        draws: Draws,
        tally: Tally,
        averages: tuple[Averages, ...],
        terms: Mapping[str, Terms],
    ) -> None:
        self._terms = terms
        self._latents = [source for source in gan.sources if source.kind == "latent"]
        self._generator = sides[gan.generators[0].name]
        self._judges = [sides[player.name] for player in gan.discriminators]
        self._objective, self._fronts = objective, fronts
        self._draws, self._tally, self._averages = draws, tally, averages
        self._judged, self._made = judged_by(objective), made_for(objective)
        self._shared, self._chances = not fresh(objective), chances(objective)

    def __call__(self, raw: Raw, size: int) -> None:
        """One batch: an update of each discriminator, and where it is due of the generator."""
        step = self._tally.step
        due = (step + 1) % self._objective.critic == 0
        values = {name: front(raw[field]) for name, (field, front) in self._fronts.items()}
        real = values.pop("real")
        with torch.set_grad_enabled(due and self._shared):
            values |= self._drawn(size, step, "made")
            outputs = self._generator.all(values)
        for judge in self._judges:
            self._judge(judge, real, outputs[0].detach(), values, size)
        if not due:
            return
        if not self._shared:
            values |= self._drawn(size, step, "again")
            outputs = self._generator.all(values)
        self._make(real, outputs, values, size)

    def _drawn(self, size: int, step: int, purpose: str) -> dict[str, Tensor]:
        return {s.name: self._draws.latent(s, size, step, purpose) for s in self._latents}

    def _judge(self, judge: Side, real: Tensor, made: Tensor, values: Values, size: int) -> None:
        """An update of a discriminator."""
        on_real, on_made = judge.all(values, real), judge.all(values, made)
        told, caught = on_real[0], on_made[0]
        loss = self._judged(told, caught) + self._penalty(judge, real, made, values, size)
        terms = self._terms.get(judge.name)
        if terms is not None:
            loss = loss + terms(on_real, values, real=True) + terms(on_made, values)
        self._tally.take(judge.name, loss, size)
        loss.backward()  # type: ignore[no-untyped-call]
        judge.update()
        if isinstance(self._objective, Wasserstein):
            judge.clamp(self._objective.clip)
        if judge is self._judges[0]:
            with torch.no_grad():
                self._tally.take(REAL, self._shown(told), size)
                self._tally.take(MADE, self._shown(caught), size)

    def _shown(self, score: Tensor) -> Tensor:
        return (score.sigmoid() if self._chances else score).mean()

    def _penalty(
        self, judge: Side, real: Tensor, made: Tensor, values: Values, size: int
    ) -> Tensor | float:
        objective = self._objective
        if isinstance(objective, GradientPenalty) and objective.penalty:
            share = self._draws.shares(size, self._tally.step, f"between/{judge.name}")
            found = gradient_penalty(lambda x: judge(values, x), real, made, share)
            return objective.penalty * found
        if isinstance(objective, R1) and objective.gamma:
            return objective.gamma * r1(lambda x: judge(values, x), real)
        return 0.0

    def _make(self, real: Tensor, outputs: tuple[Tensor, ...], values: Values, size: int) -> None:
        """An update of the generator."""
        made, loss = outputs[0], torch.zeros((), device=real.device)
        own = self._terms.get(self._generator.name)
        if own is not None:
            loss = loss + own(outputs, values)
        with still(self._judges):
            for judge in self._judges:
                on_made = judge.all(values, made)
                terms = self._terms.get(judge.name)
                loss = loss + self._made(on_made[0])
                if terms is not None:
                    loss = loss + terms(on_made, values)
            if isinstance(self._objective, Pix2Pix):
                loss = loss + self._objective.l1 * functional.l1_loss(made, real)
            self._tally.take(self._generator.name, loss, size)
            loss.backward()  # type: ignore[no-untyped-call]
        self._generator.update()
        for average in self._averages:
            average.update()
