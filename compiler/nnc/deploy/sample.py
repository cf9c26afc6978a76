"""One thing that a model is run on."""

from __future__ import annotations

from nnc.backends.arrays import Array
from nnc.record import Record


class Sample(Record):
    """One thing to run a model on.

    Args:
        name: as answers call it: the path as written, `houses.csv row 3`.
        values: by input, without the batch; a single word is an array of no axes.
        rate: of a sound that was brought to another rate, its own; else 0.
        error: why it cannot be read, then there are no values.
    """

    name: str
    values: dict[str, Array]
    error: str = ""
    rate: int = 0
