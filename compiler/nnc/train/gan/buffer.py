"""Pictures made in earlier steps, which discriminators see again (Shrivastava et al., 2017)."""

from __future__ import annotations

import torch
from torch import Tensor

from nnc.train.gan.draws import Draws


class Buffer:
    """Keeps up to `size` pictures; once it is full, half of what comes out is older.

    Attributes:
        kept: the pictures, in the places where they were put.
    """

    def __init__(self, size: int, name: str, draws: Draws) -> None:
        self.size = size
        self.name = name
        self.kept: list[Tensor] = []
        self._draws = draws

    def swap(self, made: Tensor, step: int, start: int = 0) -> Tensor:
        """As many pictures as came in: each itself, or one from before, whose place it takes.

        `start`: the place in the batch, of those that are some of one.
        """
        if not self.size:
            return made
        count = len(made)
        own = f"{self.name}/{start}" if start else self.name
        places = self._draws.numbers(count, self.size, step, f"buffer/{own}")
        older = self._draws.numbers(count, 2, step, f"older/{own}")
        out = []
        for picture, place, again in zip(made, places, older):
            if len(self.kept) < self.size:
                self.kept.append(picture.clone())
                out.append(picture)
            elif again:
                out.append(self.kept[place])
                self.kept[place] = picture.clone()
            else:
                out.append(picture)
        return torch.stack(out)
