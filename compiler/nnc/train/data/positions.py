"""Dividing by position: what stands first is for training, what comes last is for the test."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from nnc.ir.plan import PARTS, DataPlan
from nnc.train.data.found import Division
from nnc.train.data.keyed import Array, Rows
from nnc.train.data.rules import SPLIT, refusal

_DEFAULT = (0.9, 0.1, 0.0)


class Stretch(NamedTuple):
    """A part from `start` to before `end`."""

    part: str
    start: int
    end: int


class Windows(NamedTuple):
    """Windows of something long as a column.

    Attributes:
        values: [length, ...].
        starts: the first row of each window.
        width: rows of a window.
    """

    values: Array
    starts: Rows
    width: int

    def take(self, rows: Rows) -> Array:
        """Some windows [n, width, ...]; whole numbers as int64."""
        made = self.values[self.starts[rows][:, None] + np.arange(self.width)]
        kind = np.float32 if made.dtype == np.float32 else np.int64
        return np.asarray(made, dtype=kind)

    def bytes_whole(self) -> int | None:
        """Size of all windows: more than of what they are cut from, where they overlap."""
        per = int(np.prod(self.values.shape[1:], dtype=np.int64)) * self.width
        return len(self.starts) * per * (4 if self.values.dtype == np.float32 else 8)


def shares(plan: DataPlan) -> tuple[float, float, float]:
    """The shares of train, validation and test that a split by position has.

    Raises:
        Refusal: the split is of another kind.
    """
    split = plan.split
    if split.kind == "default":
        return _DEFAULT
    if split.kind == "none":
        return (1.0, 0.0, 0.0)
    if split.kind == "shares":
        train, validation, test = (float(value) for value in split.values)
        return train, validation, test
    message = f"`split {split.kind}` does not divide what follows on one another"
    raise refusal(SPLIT, plan, message, "write shares by position: `split 0.8/0.1/0.1`")


def stretches(plan: DataPlan, length: int, *, whole: bool = False) -> tuple[Stretch, ...]:
    """The parts of something by position; `whole`: everything is one part, `test`.

    Raises:
        Refusal: the split is of another kind.
    """
    if whole:
        return (Stretch("test", 0, length),)
    given = shares(plan)
    ends = [round(length * sum(given[: at + 1])) for at in range(len(PARTS))]
    starts = (0, *ends[:-1])
    return tuple(
        Stretch(name, start, end)
        for name, share, start, end in zip(PARTS, given, starts, ends)
        if share > 0
    )


def rule(plan: DataPlan, *, whole: bool = False) -> str:
    """How something is divided by position, in words."""
    if whole:
        return "the whole of it"
    if plan.split.kind == "none":
        return "no split: everything is train"
    said = [f"{s * 100:g}% {name}" for s, name in zip(shares(plan), PARTS) if s and name != "train"]
    return f"by position: the last {' and '.join(said)}" if said else "everything is train"


def division(counts: list[tuple[str, int]], said: str, marks: list[tuple[str, str]]) -> Division:
    """Parts whose windows stand one after another, each with so many."""
    parts, at = {}, 0
    for name, count in counts:
        parts[name] = np.arange(at, at + count, dtype=np.int64)
        at += count
    return Division(parts, said, tuple(marks))


def mark(*pieces: bytes) -> str:
    """The fingerprint of a part: 12 hexadecimal digits of what it is made of."""
    whole = blake2b(digest_size=6)
    for piece in pieces:
        whole.update(len(piece).to_bytes(8, "little"))
        whole.update(piece)
    return whole.hexdigest()
