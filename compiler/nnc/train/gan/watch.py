"""What is counted and looked for while players compete: losses, scores, collapse, NaN."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nnc.train.step import Losses, NotFinite

REAL, MADE = "real_score", "made_score"
"""Mean scores of real and of made samples: chances where the objective has them."""
ALIKE = 0.05
"""Made samples that spread less than this share of the real ones' spread are nearly equal."""
SURE = 0.999
STUCK = 3
"""Epochs in which a loss that does not move is stuck."""


class Lost(NotFinite):
    """A player's loss became infinite or NaN."""

    def __init__(self, name: str, step: int, epoch: int, value: float, clean: bool) -> None:
        super().__init__(step, value, clean)
        self.args = (f"the loss of {name} is {value} at step {step}, in epoch {epoch}",)


class Tally(Losses):
    """Adds up the losses of all players and the scores of an epoch, each by its name.

    Args:
        players: those who lose; what the first of them loses is the `loss` of bars.
    """

    def __init__(
        self, device: torch.device, players: tuple[str, ...], steps: int, window: int = 64
    ) -> None:
        super().__init__(device, window)
        self._players = players
        self._steps = steps  # of an epoch
        self.names = (*players, REAL, MADE)
        self.sums = dict.fromkeys(self.names, 0.0)
        self.counts = dict.fromkeys(self.names, 0)
        self._waiting: list[tuple[str, Tensor, int, int]] = []

    def start(self, total: float = 0.0, samples: int = 0) -> None:
        """Begins an epoch."""
        super().start(total, samples)
        self.sums = dict.fromkeys(self.names, 0.0)
        self.counts = dict.fromkeys(self.names, 0)

    def take(self, name: str, value: Tensor, size: int) -> None:
        """Takes a player's loss before its update, or a score.

        Raises:
            Lost: it, or one before it, is infinite or not a number.
        """
        if self._eager:
            self._count(name, value.item(), size, self.step + 1, clean=True)
            return
        self._waiting.append((name, value.detach(), size, self.step + 1))
        if len(self._waiting) >= self._window * len(self.names):
            self.fetch()

    def fetch(self, step: int | None = None) -> None:
        """Fetches what is pending.

        Raises:
            Lost: one of the losses is infinite or not a number.
        """
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        values: list[float] = torch.stack([value.float() for _, value, _, _ in waiting]).tolist()
        for value, (name, _, size, at) in zip(values, waiting):
            self._count(name, value, size, at, clean=False)

    def _count(self, name: str, value: float, size: int, step: int, *, clean: bool) -> None:
        if not math.isfinite(value):
            raise Lost(name, step, (step - 1) // self._steps + 1, value, clean)
        self.sums[name] += value * size
        self.counts[name] += size
        if name == self._players[0]:
            self.sum += value * size
            self.samples += size
            self.last = value

    def means(self) -> dict[str, float]:
        """The epoch's means so far, of what was counted."""
        return {
            name: self.sums[name] / self.counts[name] for name in self.names if self.counts[name]
        }

    def kept(self) -> Tensor:
        """The sums and counts, for a checkpoint: float64[names, 2]."""
        rows = [[self.sums[name], float(self.counts[name])] for name in self.names]
        return torch.tensor(rows, dtype=torch.float64)

    def restore(self, kept: Tensor) -> None:
        """Puts sums and counts back."""
        for name, (total, count) in zip(self.names, kept.tolist()):
            self.sums[name], self.counts[name] = total, int(count)


class Watch:
    """Looks at each epoch for players that have stopped to learn from each other.

    Args:
        chances: scores are chances that a sample is real.
    """

    def __init__(self, players: tuple[str, ...], chances: bool) -> None:
        self._players, self._chances = players, chances
        self._before: dict[str, list[float]] = {name: [] for name in players}
        self._told: set[str] = set()
        self._alike = 0  # epochs in a row

    def epoch(self, means: dict[str, float], spread: float) -> list[str]:
        """What is wrong since this epoch, each told once until it passes.

        Args:
            means: by player's name and score, as `Tally.means`.
            spread: of made samples, as a share of that of real ones.
        """
        found: dict[str, str] = {}
        self._alike = self._alike + 1 if spread < ALIKE else 0
        if self._alike > 1:  # at its start a generator makes little of its noise
            found["alike"] = (
                f"the samples are nearly equal (they spread {spread:.1%} as far as real ones): "
                "the generator has collapsed"
            )
        real, made = means.get(REAL, 0.5), means.get(MADE, 0.5)
        if self._chances and real > SURE and made < 1 - SURE:
            found["sure"] = (
                "the discriminator tells all samples apart: the generator learns next to nothing"
            )
        for name in self._players:
            losses = self._before[name]
            losses.append(means.get(name, math.nan))
            del losses[:-STUCK]
            if len(losses) == STUCK and max(losses) - min(losses) < 1e-5 * max(map(abs, losses)):
                found[name] = f"the loss of {name} has not moved for {STUCK} epochs"
        new = [text for key, text in found.items() if key not in self._told]
        self._told = set(found)
        return new

    def kept(self) -> Tensor:
        """What it remembers, for a checkpoint: float64[players + 1, STUCK + 2].

        A row a player: whether its stuck loss was told, how many losses follow, and these. The last
        row: whether equal samples and a sure discriminator were told, and epochs of equal samples.
        """
        kept = torch.zeros(len(self._players) + 1, STUCK + 2, dtype=torch.float64)
        for row, name in zip(kept, self._players):
            losses = self._before[name]
            known = [float(name in self._told), float(len(losses)), *losses]
            row[: len(known)] = torch.tensor(known, dtype=kept.dtype)
        told = [key in self._told for key in ("alike", "sure")]
        kept[-1, :3] = torch.tensor([*told, self._alike])
        return kept

    def restore(self, kept: Tensor) -> None:
        """Goes on from what was kept."""
        *rows, (alike, sure, epochs, *_) = kept.tolist()
        self._alike = int(epochs)
        self._told = {key for key, told in (("alike", alike), ("sure", sure)) if told}
        for name, (told, count, *losses) in zip(self._players, rows):
            self._before[name] = losses[: int(count)]
            if told:
                self._told.add(name)


def spread(samples: Tensor) -> float:
    """How far samples lie from one another: the deviation of each number, its mean."""
    return float(samples.float().flatten(1).std(0).mean()) if len(samples) > 1 else math.nan
