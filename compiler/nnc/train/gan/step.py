"""One step of players that compete: discriminators, then the generator, on the same batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from nnc.ir.gan import R1, Gan, GradientPenalty, Objective, Pix2Pix, Wasserstein
from nnc.train.compiling import Compiler
from nnc.train.feed import Raw
from nnc.train.gan.draws import Draws
from nnc.train.gan.objectives import chances, fresh, judged_by, made_for
from nnc.train.gan.penalty import gradient_penalty, r1
from nnc.train.gan.pieces import Piece, pieces
from nnc.train.gan.players import Averages, Side, Values, still
from nnc.train.gan.terms import Terms
from nnc.train.gan.watch import MADE, REAL, Tally
from nnc.train.numbers import Change

Judgement = tuple[Tensor, Tensor, Tensor]
"""A loss, and the scores of real and of made samples."""
FRONTS = dict[str, tuple[str, Change]]
"""By source, and "real": the data's field, and what makes network numbers of it."""


class Adversaries:
    """A generator against its discriminators: as in PyTorch's DCGAN example, step by step.

    Discriminators learn from real samples and from made ones, apart, as batch_norm needs it; then
    the generator learns through the updated discriminators, from the same samples where the
    objective shares them. Its gradients gather for its own weights alone.

    Args:
        fronts: where real samples and conditions come from.
        count: pieces that a batch is computed in.
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
        count: int,
        compiler: Compiler,
    ) -> None:
        self._terms, self._count = terms, count
        self._latents = [source for source in gan.sources if source.kind == "latent"]
        self._generator = sides[gan.generators[0].name]
        judges = [sides[player.name] for player in gan.discriminators]
        self._judges, self._learning = judges, [judge for judge in judges if judge.weights]
        self._objective, self._fronts = objective, fronts
        self._draws, self._tally, self._averages = draws, tally, averages
        self._judged, self._made = judged_by(objective), made_for(objective)
        self._shared, self._chances = not fresh(objective), chances(objective)
        self._makes = compiler(self._generator.all)
        self._lost = {judge.name: compiler(self._loss_of(judge)) for judge in self._learning}
        self._lost_by_maker = compiler(self._loss_of_maker)

    def __call__(self, raw: Raw, size: int) -> None:
        """One batch: an update of each discriminator, and where it is due of the generator."""
        step = self._tally.step
        due = (step + 1) % self._objective.critic == 0 and bool(self._generator.weights)
        values = {name: front(raw[field]) for name, (field, front) in self._fronts.items()}
        batch = pieces(values | self._drawn(size, step, "made"), size, self._count)
        # What was made of a whole batch is kept for the generator; of pieces it is made again.
        kept = due and self._shared and len(batch) == 1
        outputs = []
        if kept or self._learning:
            with torch.set_grad_enabled(kept):
                outputs = [self._makes(piece.values) for piece in batch]
        for judge in self._learning:
            self._judge(judge, batch, outputs, size)
        if not due:
            return
        if not self._shared:
            batch = pieces(values | self._drawn(size, step, "again"), size, self._count)
        for at, piece in enumerate(batch):
            self._make(piece, outputs[at] if kept else self._makes(piece.values))
        self._generator.update()
        for average in self._averages:
            average.update()

    def _drawn(self, size: int, step: int, purpose: str) -> dict[str, Tensor]:
        return {s.name: self._draws.latent(s, size, step, purpose) for s in self._latents}

    def _judge(
        self, judge: Side, batch: list[Piece], outputs: list[tuple[Tensor, ...]], size: int
    ) -> None:
        """An update of a discriminator."""
        for piece, (made, *_) in zip(batch, outputs):
            self._score(judge, piece, made.detach(), size)
        judge.update()
        if isinstance(self._objective, Wasserstein):
            judge.clamp(self._objective.clip)

    def _score(self, judge: Side, piece: Piece, made: Tensor, size: int) -> None:
        """What a discriminator loses by some of the batch, and its gradients."""
        loss, told, caught = self._lost[judge.name](piece.values, made)
        loss = loss + self._penalty(judge, piece, made, size)
        self._tally.take(judge.name, loss, piece.size)
        piece.backward(loss)
        if judge is self._judges[0]:
            with torch.no_grad():
                self._tally.take(REAL, self._shown(told), piece.size)
                self._tally.take(MADE, self._shown(caught), piece.size)

    def _loss_of(self, judge: Side) -> Callable[[Values, Tensor], Judgement]:
        """What a discriminator loses without its penalty, with its scores of both."""
        terms = self._terms.get(judge.name)

        def lost(values: Values, made: Tensor) -> Judgement:
            on_real, on_made = judge.all(values, values["real"]), judge.all(values, made)
            loss = self._judged(on_real[0], on_made[0])
            if terms is not None:
                loss = loss + terms(on_real, values, real=True) + terms(on_made, values)
            return loss, on_real[0].detach(), on_made[0].detach()

        return lost

    def _shown(self, score: Tensor) -> Tensor:
        return (score.sigmoid() if self._chances else score).mean()

    def _penalty(self, judge: Side, piece: Piece, made: Tensor, size: int) -> Tensor | float:
        objective, values = self._objective, piece.values
        if isinstance(objective, GradientPenalty) and objective.penalty:
            share = self._draws.shares(size, self._tally.step, f"between/{judge.name}")
            share = share[piece.start : piece.stop]
            found = gradient_penalty(lambda x: judge(values, x), values["real"], made, share)
            return objective.penalty * found
        if isinstance(objective, R1) and objective.gamma:
            return objective.gamma * r1(lambda x: judge(values, x), values["real"])
        return 0.0

    def _make(self, piece: Piece, outputs: tuple[Tensor, ...]) -> None:
        """What the generator loses by some of the batch, and its gradients."""
        with still(self._judges):
            loss = self._lost_by_maker(piece.values, outputs)
            self._tally.take(self._generator.name, loss, piece.size)
            piece.backward(loss)

    def _loss_of_maker(self, values: Values, outputs: tuple[Tensor, ...]) -> Tensor:
        """By all that judge what it made."""
        made = outputs[0]
        loss = torch.zeros((), device=made.device)
        own = self._terms.get(self._generator.name)
        if own is not None:
            loss = loss + own(outputs, values)
        for judge in self._judges:
            on_made = judge.all(values, made)
            terms = self._terms.get(judge.name)
            loss = loss + self._made(on_made[0])
            if terms is not None:
                loss = loss + terms(on_made, values)
        if isinstance(self._objective, Pix2Pix):
            loss = loss + self._objective.l1 * functional.l1_loss(made, values["real"])
        return loss
