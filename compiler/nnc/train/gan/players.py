"""Players at work: a module, the weights that it learns, and how they are updated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from nnc.ir.gan import GanPlayer
from nnc.ir.updates import Clip
from nnc.train.step import Updater
from nnc.train.wiring import call

Values = Mapping[str, Tensor]
"""The gan's sources in the networks' numbers, batch first."""


class Side:
    """One player while it trains.

    Args:
        outputs: the names of what it gives.
        pair: the condition that is joined with what a discriminator of one input judges.
        bf16: the network computes in bfloat16; scores and losses stay float32.
    """

    def __init__(
        self,
        player: GanPlayer,
        module: nn.Module,
        updates: tuple[Updater, ...],
        outputs: tuple[str, ...],
        clips: tuple[Clip, ...] = (),
        pair: str = "",
        bf16: bool = False,
    ) -> None:
        self.name = player.name
        self.player = player
        self.module = module
        self.outputs = outputs
        self._optimizers = [update.optimizer for update in updates]
        learned = {name: w for update in updates for name, w in update.weights.items()}
        self.weights = list(learned.values())
        self._clips = [
            (clip.norm, [learned[name] for name in clip.weights if name in learned] or self.weights)
            for clip in clips
            if not clip.weights or any(name in learned for name in clip.weights)
        ]
        self._pair = pair
        self._bf16 = bf16

    def __call__(self, values: Values, judged: Tensor | None = None) -> Tensor:
        """Its first output: what it makes, or the scores of what it judges."""
        return self.all(values, judged)[0]

    def all(self, values: Values, judged: Tensor | None = None) -> tuple[Tensor, ...]:
        """All outputs; after the first those that further losses read."""
        inputs = [self._input(name, values, judged) for name in self.player.reads]
        if not self._bf16:
            return call(self.module, inputs)
        with torch.autocast(inputs[0].device.type, torch.bfloat16):
            made = call(self.module, inputs)
        return tuple(value.float() for value in made)

    def _input(self, name: str, values: Values, judged: Tensor | None) -> Tensor:
        if name not in ("made", "pair"):
            return values[name]
        assert judged is not None, "a discriminator is given what it judges"
        return judged if name == "made" else torch.cat((values[self._pair], judged), 1)

    def update(self) -> None:
        """Changes its weights by their gradients, and forgets these."""
        for norm, weights in self._clips:
            torch.nn.utils.clip_grad_norm_(weights, norm)
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad()

    @torch.no_grad()
    def clamp(self, size: float) -> None:
        """Keeps each weight within +-size."""
        for weight in self.weights:
            weight.clamp_(-size, size)


@contextmanager
def still(sides: Iterable[Side]) -> Iterator[None]:
    """Lets gradients pass through players without being gathered for their weights."""
    weights = [weight for side in sides for weight in side.weights]
    for weight in weights:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in weights:
            weight.requires_grad_(True)


class Averages:
    """Averages of a player's weights over the steps: decay * average + (1 - decay) * weight.

    Running statistics are taken as they are now.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._module, self._decay = module, decay
        self.values = {name: w.detach().clone() for name, w in module.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Takes in the weights of the step that was just done."""
        learned = dict(self._module.named_parameters())
        for name, now in self._module.state_dict().items():
            if name in learned:
                self.values[name].lerp_(now, 1.0 - self._decay)
            else:
                self.values[name].copy_(now)
