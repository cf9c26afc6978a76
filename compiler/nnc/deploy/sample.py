"""One thing that a model is run on."""

from __future__ import annotations

from nnc.backends.arrays import Array
from nnc.record import Record


class Remark(Record):
    """What is to be told of an input that was taken all the same; of several samples once.

    `many` has `{}` where the count stands.
    """

    one: str
    many: str = ""
    count: int = 1

    def said(self, count: int) -> str:
        """Of so many."""
        return self.many.format(f"{count:,}") if count != 1 and self.many else self.one


class Sample(Record):
    """One thing to run a model on.

    Args:
        name: as answers call it: the path as written, `houses.csv row 3`.
        values: by input, without the batch; a single word is an array of no axes.
        remarks: what is to be told of it.
        error: why it cannot be read, then there are no values.
        times: of a forecast: when each of its rows is.
        series: the name of the series that it is of.
        notes: what people should know of it.
    """

    name: str
    values: dict[str, Array]
    error: str = ""
    remarks: tuple[Remark, ...] = ()
    times: tuple[str, ...] = ()
    series: str = ""
    notes: tuple[str, ...] = ()
