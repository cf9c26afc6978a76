"""The noise that a file takes where its caller gives none: the same numbers in every run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnc.backends.arrays import Array
from nnc.ir.arguments import Declared
from nnc.ir.initial import Normal, Uniform

LATENT = "latent"
"""The meaning of an input that a generator makes something of."""
Drawn = tuple[str, float, float]
"""A distribution as metadata tell it.

"normal" (mean, std), "uniform" (low, high), "categorical" (count, 0).
"""


class Dice:
    """Draws noise batch after batch."""

    def __init__(self) -> None:
        self._stream = np.random.Generator(np.random.SFC64(0))

    def draw(self, drawn: Drawn, shape: Sequence[int]) -> Array:
        """float32 numbers of this shape, or int64 ids."""
        return draw(self._stream, drawn, shape)


def draw(stream: np.random.Generator, drawn: Drawn, shape: Sequence[int]) -> Array:
    """float32 numbers of this shape, or int64 ids."""
    word, first, second = drawn
    if word == "categorical":
        return stream.integers(0, max(int(first), 1), shape, dtype=np.int64)
    if word == "uniform":
        return stream.uniform(first, second, shape).astype(np.float32)
    return (first + second * stream.standard_normal(shape)).astype(np.float32)


def told(drawn: Declared | None, categories: int = 0) -> Drawn:
    """A distribution of noise in the form of the metadata; None is the normal one.

    `categories`: of ids how many there are, each as likely as the others.
    """
    if categories:
        return "categorical", float(categories), 0.0
    if isinstance(drawn, Uniform):
        return drawn.word, float(drawn.low), float(drawn.high)
    if drawn is None:
        return "normal", 0.0, 1.0
    assert isinstance(drawn, Normal), "noise has no other distributions"
    return drawn.word, float(drawn.mean), float(drawn.std)
