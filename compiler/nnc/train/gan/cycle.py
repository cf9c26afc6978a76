"""One step of two generators that translate between two kinds of pictures (Zhu et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from nnc.ir.gan import CycleGan, Gan
from nnc.train.compiling import Compiler
from nnc.train.feed import Raw
from nnc.train.gan.buffer import Buffer
from nnc.train.gan.draws import Draws
from nnc.train.gan.objectives import judged_by, made_for
from nnc.train.gan.pieces import Piece, pieces
from nnc.train.gan.players import Averages, Side, Values, still
from nnc.train.gan.step import FRONTS, Judgement
from nnc.train.gan.terms import Terms
from nnc.train.gan.watch import MADE, REAL, Tally

Outputs = dict[str, tuple[Tensor, ...]]
"""By the domain that a generator makes."""


class Cycle:
    """Where they are due both generators learn; then each judge, which also sees earlier pictures.

    Args:
        fronts: where the pictures of each domain come from.
        buffers: by domain.
        terms: what generators lose beside the objective.
        count: pieces that a batch is computed in.
    """

    def __init__(
        self,
        gan: Gan,
        objective: CycleGan,
        sides: dict[str, Side],
        fronts: FRONTS,
        buffers: dict[str, Buffer],
        draws: Draws,
        tally: Tally,
        averages: tuple[Averages, ...],
        terms: Mapping[str, Terms],
        count: int,
        compiler: Compiler,
    ) -> None:
        self._latents = [source for source in gan.sources if source.kind == "latent"]
        self._makers = {player.makes: sides[player.name] for player in gan.generators}
        self._judges = {player.judges: sides[player.name] for player in gan.discriminators}
        self._from = {player.makes: player.reads[0] for player in gan.generators}
        self._objective, self._fronts = objective, fronts
        self._buffers, self._tally, self._averages = buffers, tally, averages
        self._judged, self._made = judged_by(objective), made_for(objective)
        self._draws, self._terms, self._count = draws, terms, count
        self._all = compiler(self._outputs)
        self._lost = {name: compiler(self._loss_of(judge)) for name, judge in self._judges.items()}
        self._lost_by_makers = compiler(self._losses)

    def __call__(self, raw: Raw, size: int) -> None:
        """One batch of each domain."""
        step = self._tally.step
        values = {name: front(raw[field]) for name, (field, front) in self._fronts.items()}
        values |= {s.name: self._draws.latent(s, size, step, "made") for s in self._latents}
        batch = pieces(values, size, self._count)
        made = self._make(batch, due=(step + 1) % self._objective.critic == 0)
        for at, (domain, judge) in enumerate(self._judges.items()):
            older = self._buffers[domain].swap(made[domain], step)
            if not judge.weights:
                continue
            for piece in batch:
                self._judge(judge, domain, piece, older[piece.start : piece.stop], shown=not at)
            judge.update()

    def _judge(self, judge: Side, domain: str, piece: Piece, older: Tensor, *, shown: bool) -> None:
        """What a discriminator loses by some of the batch, and its gradients."""
        loss, told, caught = self._lost[domain](piece.values, piece.values[domain], older)
        self._tally.take(judge.name, loss, piece.size)
        piece.backward(loss)
        if shown:
            self._tally.take(REAL, told.mean(), piece.size)
            self._tally.take(MADE, caught.mean(), piece.size)

    def _make(self, batch: list[Piece], *, due: bool) -> dict[str, Tensor]:
        """What the generators make, by domain; where it is due they learn from it."""
        due = due and any(maker.weights for maker in self._makers.values())
        found: dict[str, list[Tensor]] = {domain: [] for domain in self._makers}
        for piece in batch:
            with torch.set_grad_enabled(due):
                outputs = self._all(piece.values)
            if due:
                self._lose(piece, outputs)
            for domain, (picture, *_) in outputs.items():
                found[domain].append(picture.detach())
        if due:
            for maker in self._makers.values():
                maker.update()
            for average in self._averages:
                average.update()
        return {domain: torch.cat(parts) for domain, parts in found.items()}

    def _lose(self, piece: Piece, outputs: Outputs) -> None:
        """What the generators lose by some of the batch, and its gradients."""
        with still(self._judges.values()):
            losses = self._lost_by_makers(piece.values, outputs)
            for domain, maker in self._makers.items():
                if maker.weights:
                    self._tally.take(maker.name, losses[domain], piece.size)
            piece.backward(torch.stack(list(losses.values())).sum())

    # --- what is compiled, where the plan says so -------------------------------------------------

    def _outputs(self, values: Values) -> Outputs:
        """All that the generators make, by domain."""
        return {domain: maker.all(values) for domain, maker in self._makers.items()}

    def _loss_of(self, judge: Side) -> Callable[[Values, Tensor, Tensor], Judgement]:
        """What a discriminator loses, with its scores of real and of made pictures."""

        def lost(values: Values, real: Tensor, made: Tensor) -> Judgement:
            told, caught = judge(values, real), judge(values, made)
            return self._judged(told, caught), told.detach(), caught.detach()

        return lost

    def _losses(self, values: Values, outputs: Outputs) -> dict[str, Tensor]:
        """What each generator loses, by domain."""
        made = {domain: found[0] for domain, found in outputs.items()}
        losses = {}
        for domain, maker in self._makers.items():
            loss = self._loss(domain, maker, values, made)
            own = self._terms.get(maker.name)
            losses[domain] = loss if own is None else loss + own(outputs[domain], values)
        return losses

    def _loss(self, domain: str, maker: Side, values: Values, made: Values) -> Tensor:
        """To be taken for real, the way there and back, and to leave what is of the domain."""
        objective, start = self._objective, self._from[domain]
        back = self._makers[start]({**values, domain: made[domain]})
        loss = self._made(self._judges[domain](values, made[domain]))
        loss = loss + objective.cycle * functional.l1_loss(back, values[start])
        if objective.identity:
            same = maker({**values, start: values[domain]})
            share = objective.cycle * objective.identity
            loss = loss + share * functional.l1_loss(same, values[domain])
        return loss
