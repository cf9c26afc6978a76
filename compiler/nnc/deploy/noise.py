"""The noise that a file takes where its caller gives none: the same numbers in every run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnc.backends.arrays import Array
from nnc.ir.arguments import Declared
from nnc.ir.initial import Normal, Uniform

Drawn = tuple[str, float, float]
"""A distribution as metadata tell it: "normal" (mean, std) or "uniform" (low, high)."""


class Dice:
    """Draws noise batch after batch."""

    def __init__(self) -> None:
        self._stream = np.random.Generator(np.random.SFC64(0))

    def draw(self, drawn: Drawn, shape: Sequence[int]) -> Array:
        """float32 numbers of this shape."""
        word, first, second = drawn
        if word == "uniform":
            return self._stream.uniform(first, second, shape).astype(np.float32)
        return (first + second * self._stream.standard_normal(shape)).astype(np.float32)


def told(drawn: Declared) -> Drawn:
    """A distribution of noise in the form of the metadata."""
    if isinstance(drawn, Uniform):
        return drawn.word, float(drawn.low), float(drawn.high)
    assert isinstance(drawn, Normal), "noise has no other distributions"
    return drawn.word, float(drawn.mean), float(drawn.std)
