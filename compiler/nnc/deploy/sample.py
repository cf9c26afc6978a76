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
        times: of a forecast: when each of its rows is.
        series: the name of the series that it is of.
        notes: what people should know of it.
    """

    name: str
    values: dict[str, Array]
    error: str = ""
    rate: int = 0
    times: tuple[str, ...] = ()
    series: str = ""
    notes: tuple[str, ...] = ()
