"""What a source found before it is divided into parts, and what it makes of the division."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from nnc.diagnostics import Diagnostic
from nnc.ir.plan import Field, Front, Profile
from nnc.ir.timeline import Timeline
from nnc.ir.types import TensorType
from nnc.train.data.keyed import Array, Rows


class Column(Protocol):
    """The values of one field for all samples of the data."""

    def take(self, rows: Rows) -> Array:
        """Raw values of some samples, [n, ...]."""

    def bytes_whole(self) -> int | None:
        """What `take` of all samples would need, or None where they are not in memory."""


class Stored(NamedTuple):
    """Values in memory."""

    values: Array

    def take(self, rows: Rows) -> Array:
        """Raw values of some samples, [n, ...]."""
        return self.values[rows]

    def bytes_whole(self) -> int | None:
        """Size of the values."""
        return self.values.nbytes


class Renumbered(NamedTuple):
    """Small numbers in a column that stand for class ids: `table[value]` is the id."""

    inner: Column
    table: Array

    def take(self, rows: Rows) -> Array:
        """Class ids of some samples, int64."""
        return self.table[self.inner.take(rows)]

    def bytes_whole(self) -> int | None:
        """Eight bytes for each of the inner column's one."""
        inner = self.inner.bytes_whole()
        return None if inner is None else inner * 8


class Steps(NamedTuple):
    """What the forecast of a sample speaks of: its times as people read them, and its series."""

    times: tuple[str, ...]
    series: str = ""


class Target(NamedTuple):
    """A target: its field and values; what is known of its classes for splits and checks.

    Attributes:
        strata: the class of each sample (int64 [n]), for a target that is one class.
        present: which classes occur in each sample (bool [n, classes]), for masks.
    """

    field: Field
    column: Column
    strata: Array | None = None
    present: Array | None = None


class Ready(NamedTuple):
    """The fields of a source once it is known which samples are for training.

    `notes`: what was assumed, a line each.
    """

    fields: tuple[Field, ...]
    columns: dict[str, Column]
    sizes: tuple[tuple[str, int], ...] = ()
    fronts: tuple[tuple[str, Front], ...] = ()
    notes: tuple[str, ...] = ()


class Division(NamedTuple):
    """The rows of each part that exists, in the order of PARTS, and the rule in words.

    `marks`: the fingerprints of parts whose samples are windows of something longer.
    """

    parts: dict[str, Rows]
    rule: str
    marks: tuple[tuple[str, str], ...] = ()


def never(name: str) -> bool:
    """No target is numbers for what is learnt of it."""
    return False


class Request(NamedTuple):
    """What the caller of `open_data` wants.

    Attributes:
        shape: the network input's [C, H, W], where known.
        labels: class names of a run, in its order.
        whole: without part folders everything is one part.
        like: the profile of the run whose columns, categories and scales are to be used.
        numeric: whether a target of that name is to be read as numbers though they are whole.
    """

    shape: TensorType | None = None
    labels: tuple[str, ...] | None = None
    whole: bool = False
    like: Profile | None = None
    numeric: Callable[[str], bool] = never


def no_column(name: str) -> None:
    """There is no column of any name."""


def no_times() -> None:
    """Samples have no date."""


class Found(NamedTuple):
    """Samples that a source found.

    Attributes:
        samples: how many.
        keys: what identifies each: its relative path, or its content. The split is drawn by it.
        contents: what fingerprints are made of.
        name: how messages call a sample.
        finish: the fields, given the samples for training; they alone are fitted on.
        targets: what is to be learnt; a single class target stratifies the split.
        carried: part of each sample (index in PARTS, -1 none) where the data says so.
        carried_rule: how, in words.
        lookup: a column of strings for `group` and `column`, or None where there is none of the
            name.
        times: for `split time`: the date of each sample as ISO text, or None.
        files: samples are files, listed by path; else they are rows.
        division: how windows of a text or a series are divided: by position, by the source itself.
        follow: windows follow on one another.
        time: of a series.
        steps: of a series: what the forecast of a sample speaks of.
    """

    samples: int
    keys: Sequence[bytes]
    contents: Sequence[bytes]
    name: Callable[[int], str]
    finish: Callable[[Rows], Ready]
    targets: tuple[Target, ...] = ()
    carried: Array | None = None
    carried_rule: str = ""
    lookup: Callable[[str], Sequence[str | None] | None] = no_column
    times: Callable[[], Sequence[str | None] | None] = no_times
    files: bool = False
    converted: int = 0
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    division: Division | None = None
    follow: bool = False
    time: Timeline | None = None
    steps: Callable[[int], Steps] | None = None

    @property
    def strata(self) -> Array | None:
        """The class of each sample, where it has one."""
        known = [t.strata for t in self.targets if t.strata is not None]
        return known[0] if len(known) == 1 else None


_pool: list[ThreadPoolExecutor] = []


def pool() -> ThreadPoolExecutor:
    """The few threads that decode pictures (Pillow frees the interpreter while it decodes)."""
    if not _pool:
        import os

        _pool.append(ThreadPoolExecutor(min(8, os.cpu_count() or 1), "nnc-pictures"))
    return _pool[0]
