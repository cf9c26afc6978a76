"""Samples of different lengths as a column: a batch is filled up with 0 to its longest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnc.ir.plan import Field
from nnc.ir.types import TensorType
from nnc.train.data.found import Column, Stored
from nnc.train.data.keyed import Array, Rows


def length_name(field: str) -> str:
    """What the lengths of a padded field are called."""
    return f"{field}_length"


class Ragged(NamedTuple):
    """Samples one after another.

    Attributes:
        values: all rows of all samples, [rows, ...].
        starts: where each sample begins; one more than there are samples.
    """

    values: Array
    starts: Rows

    def take(self, rows: Rows) -> Array:
        """Some samples [n, longest, ...], filled up with 0; whole numbers as int64."""
        first, last = self.starts[rows], self.starts[rows + 1]
        lengths = last - first
        longest = int(lengths.max(initial=0))
        kind = np.float32 if self.values.dtype == np.float32 else np.int64
        made = np.zeros((len(rows), longest, *self.values.shape[1:]), dtype=kind)
        inside = np.arange(longest) < lengths[:, None]
        made[inside] = self.values[(first[:, None] + np.arange(longest))[inside]]
        return made

    def bytes_whole(self) -> None:
        """Not known before a batch is: each is as long as its longest sample."""
        return None

    def of(self, row: int) -> Array:
        """One sample, [its length, ...]."""
        return self.values[int(self.starts[row]) : int(self.starts[row + 1])]

    def keep(self, rows: Rows) -> Ragged:
        """The same of some samples."""
        return ragged([self.of(int(row)) for row in rows], self.values[:0])

    @property
    def lengths(self) -> Rows:
        """The length of each sample."""
        return np.diff(self.starts)


def ragged(samples: Sequence[Array], empty: Array) -> Ragged:
    """Samples of different lengths; `empty` has the type of one without a row."""
    starts = np.zeros(len(samples) + 1, dtype=np.int64)
    np.cumsum([len(one) for one in samples], out=starts[1:])
    return Ragged(np.concatenate([empty, *samples]), starts)


def length_of(name: str, lengths: Rows) -> tuple[Field, Column]:
    """The field that tells how long each sample of a field is, and its column."""
    field = Field(length_name(name), "input", "length", TensorType((), "int64"), columns=(name,))
    return field, Stored(lengths.astype(np.int64))
