"""A batch in pieces that are computed one after the other, where it does not fit whole."""

from __future__ import annotations

from torch import Tensor

from nnc.record import Record
from nnc.train.gan.players import Values


class Piece(Record):
    """Some samples of a batch.

    Args:
        values: the gan's sources and what is real, of these samples.
        start, stop: which they are.
        share: of the batch. Losses weigh by it, so that they add up to the mean over the batch.
    """

    values: Values
    start: int
    stop: int
    share: float

    @property
    def size(self) -> int:
        """How many samples."""
        return self.stop - self.start

    def backward(self, loss: Tensor) -> None:
        """Adds the loss's gradients to those of the batch's other pieces."""
        whole = loss if self.share == 1.0 else loss * self.share
        whole.backward()  # type: ignore[no-untyped-call]


def pieces(values: Values, size: int, count: int) -> list[Piece]:
    """A batch of `size` samples in at most `count` pieces of nearly the same size."""
    if count == 1:
        return [Piece(values, 0, size, 1.0)]
    length = -(-size // count)
    starts = range(0, size, length)
    bounds = [(start, min(start + length, size)) for start in starts]
    return [Piece({n: v[a:b] for n, v in values.items()}, a, b, (b - a) / size) for a, b in bounds]
