"""What is drawn at a step: a stream for each seed, step and purpose, the same on every device.

A run that was stopped goes on with the numbers that it would have had.
"""

from __future__ import annotations

from hashlib import blake2b

import torch
from torch import Tensor

from nnc.ir.gan import GanSource
from nnc.ir.initial import Normal as Bell
from nnc.ir.initial import Uniform


class Draws:
    """Draws latents and shares on the CPU and brings them to the device."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self._seed = seed
        self._device = device
        self._stream = torch.Generator()

    def _at(self, step: int, purpose: str) -> torch.Generator:
        key = blake2b(f"{self._seed}/{step}/{purpose}".encode(), digest_size=8).digest()
        return self._stream.manual_seed(int.from_bytes(key, "little") >> 1)

    def latent(self, source: GanSource, size: int, step: int, purpose: str) -> Tensor:
        """Values of a latent, [size, ...]: float32, or ids where it has categories."""
        stream = self._at(step, f"{purpose}/{source.name}")
        shape = (size, *(d for d in source.type.dims if isinstance(d, int)))
        if source.categories:
            ids = torch.randint(source.categories, shape, generator=stream)
            return ids.to(self._device)
        if isinstance(source.drawn, Uniform):
            low, high = source.drawn.low, source.drawn.high
            made = torch.rand(shape, generator=stream) * (high - low) + low
        else:
            made = torch.randn(shape, generator=stream)
            if isinstance(source.drawn, Bell):
                made = made * source.drawn.std + source.drawn.mean
        return made.to(self._device)

    def shares(self, size: int, step: int, purpose: str) -> Tensor:
        """Uniform numbers in [0, 1), [size]."""
        return torch.rand(size, generator=self._at(step, purpose)).to(self._device)

    def numbers(self, size: int, below: int, step: int, purpose: str) -> list[int]:
        """Whole numbers of 0 .. below - 1."""
        stream = self._at(step, purpose)
        return [int(n) for n in torch.randint(below, (size,), generator=stream)]
