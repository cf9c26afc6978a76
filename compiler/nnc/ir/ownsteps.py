"""Axes that padding makes longer than some samples are."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.ir.dims import Dim, evaluate
from nnc.record import Record


class Steps(Record):
    """An axis of a value that is as long as a padded sequence, or as layers made it of that.

    Args:
        output: the value's name.
        axis: of the value, without the batch.
        size: of the axis, where `symbol` is a sequence's length.
        length: the field that tells how long the sequence of each sample is.
        kind: "output", or what else a formula reads: "input", "label", "field".
    """

    output: str
    axis: int
    size: Dim
    symbol: str
    length: str
    kind: str = "output"

    def own(self, lengths: Sequence[int]) -> list[int]:
        """How many of the axis are a sample's own."""
        known = {n: max(evaluate(self.size, {self.symbol: n}), 0) for n in set(lengths)}
        return [known[n] for n in lengths]
