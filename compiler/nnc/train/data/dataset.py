"""Opening a data block: what it holds, how it is divided, and readers of its parts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnc.diagnostics import Diagnostic, Refusal
from nnc.ir.plan import PARTS, DataPlan, Part, Profile
from nnc.ir.types import TensorType
from nnc.train.data import limits
from nnc.train.data.arrays import open_arrays
from nnc.train.data.audio import open_audio
from nnc.train.data.bundled import open_bundled
from nnc.train.data.found import Column, Division, Found, Ready, Request, Steps, never
from nnc.train.data.idx import open_idx
from nnc.train.data.images import open_images
from nnc.train.data.keyed import Array, Rows, fingerprint, rows_of
from nnc.train.data.labelled import open_labelled
from nnc.train.data.partners import open_masks, open_pairs
from nnc.train.data.pictures import Unreadable
from nnc.train.data.places import shown
from nnc.train.data.rules import OPTION, UNREADABLE, refusal
from nnc.train.data.series import open_series
from nnc.train.data.split import divide
from nnc.train.data.tables import open_table
from nnc.train.data.targets import class_sizes, in_train
from nnc.train.data.texts import open_text


class Reader:
    """The samples of one part. Positions count within the part, from 0."""

    def __init__(
        self,
        plan: DataPlan,
        name: str,
        rows: Rows,
        columns: dict[str, Column],
        called: Callable[[int], str],
        steps: Callable[[int], Steps] | None = None,
    ) -> None:
        self.name = name
        self._plan = plan
        self._rows = rows
        self._columns = columns
        self._called = called
        self._steps = steps
        self._whole: dict[str, Array] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def batch(self, indices: Rows) -> dict[str, Array]:
        """Raw values of some samples by field.

        Pictures are uint8 [n, C, H, W], classes and categories int64 [n], `categories` int64 [n,
        K], masks int64 [n, H, W], numbers float32 [n, N] with NaN where missing, number targets
        float32 [n, 1], windows of texts int64 [n, window], of series float32 [n, window, P]. Fields
        of different lengths are filled up with 0 to the longest of these samples.

        Raises:
            Refusal: a file changed or broke since the data was opened.
        """
        rows = self._rows[indices]
        try:
            return {name: column.take(rows) for name, column in self._columns.items()}
        except Unreadable as error:
            raise refusal(UNREADABLE, self._plan, str(error)) from None

    def names(self, indices: Rows) -> list[str]:
        """What messages call some samples: relative paths, or rows."""
        return [self._called(int(row)) for row in self._rows[indices]]

    def steps(self, indices: Rows) -> list[Steps]:
        """What the forecasts of some samples speak of; nothing of what is no series."""
        return [] if self._steps is None else [self._steps(int(row)) for row in self._rows[indices]]

    def arrays(self) -> dict[str, Array] | None:
        """All samples by field where they fit in memory, as `batch` gives them; else None."""
        if self._whole is None:
            needed = [column.bytes_whole() for column in self._columns.values()]
            if any(n is None for n in needed) or sum(n or 0 for n in needed) > limits.CACHE_BYTES:
                return None
            self._whole = self.batch(rows_of(len(self)))
        return self._whole


class Dataset:
    """An opened data block.

    Attributes:
        profile: what was found.
        warnings: what is allowed and most likely a mistake.
        notes: what was assumed while reading, a line each for the printout.
    """

    def __init__(
        self,
        plan: DataPlan,
        profile: Profile,
        readers: dict[str, Reader],
        warnings: tuple[Diagnostic, ...],
        notes: tuple[str, ...],
    ) -> None:
        self.plan = plan
        self.profile = profile
        self.warnings = warnings
        self.notes = notes
        self._readers = readers

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that exist, in the order of PARTS."""
        return tuple(self._readers)

    def part(self, name: str) -> Reader:
        """The reader of a part.

        Raises:
            KeyError: the data has no such part; `parts` lists them.
        """
        return self._readers[name]


def open_data(
    plan: DataPlan,
    *,
    shape: TensorType | None = None,
    labels: tuple[str, ...] | None = None,
    whole: bool = False,
    like: Profile | None = None,
    numeric: Callable[[str], bool] = never,
) -> Dataset:
    """Opens a data block: looks at its files, divides it, and fits fronts on the train part.

    Args:
        shape: the type [C, H, W] of the network's input that pictures are brought to, as far as
            known.
        labels: class names of a run, matched by name: missing ones are fine, unknown ones refused.
        whole: without parts of its own everything is one part, `test` (for `--data` of a trained
            network).
        like: the profile of a run: its columns, classes, categories and scales are used, nothing
            is fitted.
        numeric: whether a target of that name is to be read as numbers though they are whole.

    Raises:
        Refusal: a file, row, column or setting is wrong; the message names it.
    """
    request = Request(shape, labels, whole, like, numeric)
    found = _source(plan)(plan, request)
    division = found.division or divide(plan, found, whole=whole)
    if labels is None and like is None:
        for target in found.targets:
            in_train(plan, target, division.parts, found.name)
    train = division.parts.get("train", rows_of(found.samples))
    ready = found.finish(train)
    profile = _profile(plan, found, division, ready, like)
    readers = {
        name: Reader(plan, name, rows, ready.columns, found.name, found.steps)
        for name, rows in division.parts.items()
    }
    return Dataset(plan, profile, readers, found.warnings, (*found.notes, *ready.notes))


def _source(plan: DataPlan) -> Callable[[DataPlan, Request], Found]:
    if plan.kind == "images":
        for option, source in _JOINED.items():
            if plan.option(option):
                return source
    if plan.kind not in _SOURCES:
        known = ", ".join(sorted(_SOURCES))
        raise refusal(OPTION, plan, f"no source `{plan.kind}`", f"there are {known}")
    return _SOURCES[plan.kind]


_JOINED = {"labels": open_labelled, "masks": open_masks, "pairs": open_pairs}
_SOURCES: dict[str, Callable[[DataPlan, Request], Found]] = {
    "bundled": open_bundled,
    "images": open_images,
    "idx": open_idx,
    "arrays": open_arrays,
    "table": open_table,
    "text": open_text,
    "series": open_series,
    "audio": open_audio,
}


def _profile(
    plan: DataPlan, found: Found, division: Division, ready: Ready, like: Profile | None
) -> Profile:
    strata = found.strata
    count = next((len(t.field.labels) for t in found.targets if t.strata is not None), 0)
    parts, marks = [], dict(division.marks)
    for name, rows in division.parts.items():
        classes: tuple[int, ...] = ()
        if strata is not None:
            classes = tuple(np.bincount(strata[rows], minlength=count).tolist())
        mark = marks.get(name) or fingerprint(found.contents[int(row)] for row in rows)
        parts.append(Part(name, len(rows), mark, classes))
    kept = dict(like.fronts if like else ())
    fronts = tuple((name, kept.get(name, front)) for name, front in ready.fronts)
    return Profile(
        data=plan.name,
        fields=ready.fields,
        sizes=(*class_sizes(ready.fields), *ready.sizes),
        rule=division.rule,
        parts=tuple(sorted(parts, key=lambda part: PARTS.index(part.name))),
        fronts=fronts,
        described=described(plan),
        read=found.samples,
        converted=found.converted,
        skipped=found.skipped,
        carried=found.follow,
        time=found.time,
    )


_FEW = 3
_WORDS = ("unit", "missing", "gaps")
"""Arguments that are words."""


def described(plan: DataPlan) -> str:
    """The source as the spec calls it, with no more of a path than a stranger may see."""
    if plan.moved and plan.kind == "bundled":
        return f'bundled("{plan.option("bundled", plan.name)}") at "{shown(plan.path)}"'
    given = [f'"{shown(plan.path)}"'] if plan.path else []
    for name, value in plan.options:
        if name in _WORDS or isinstance(value, bool):
            given.append(f"{name}={str(value).lower()}")
        elif isinstance(value, str):
            given.append(f'{name}="{shown(value)}"')
        elif isinstance(value, tuple | list):
            inside = ", ".join(f'"{shown(str(one))}"' for one in value[:_FEW])
            inside += f", ... ({len(value)} in all)" if len(value) > _FEW else ""
            given.append(f"{name}=({inside})" if name == "pairs" else f"{name}=[{inside}]")
        else:
            given.append(f"{name}={value}")
    return f"{plan.kind}({', '.join(given)})"


__all__ = ["Dataset", "Reader", "Refusal", "described", "open_data"]
