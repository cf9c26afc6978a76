"""`table("FILE")`: columns of numbers, dates and words, and targets among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nnc.diagnostics import Diagnostic, nearest
from nnc.ir.plan import Categories, DataPlan, Field, Front, Profile, Scale
from nnc.ir.types import TensorType
from nnc.train.data.found import Column, Found, Ready, Request, Stored, Target
from nnc.train.data.frame import BadTable, Frame, MissingColumn, read_frame
from nnc.train.data.fronts import categories, ids_of, scale
from nnc.train.data.keyed import Rows
from nnc.train.data.kinds import (
    DATE_PARTS,
    BadValue,
    Told,
    date_part,
    has_hours,
    numbers,
    tell,
    words,
)
from nnc.train.data.places import located
from nnc.train.data.rules import (
    COLUMN,
    IDENTIFIER,
    LIKE_AN_ID,
    TABLE,
    TARGET,
    VALUE,
    refusal,
)
from nnc.train.data.targets import complete_rows, names_option, target_column, target_names

_MANY = 20


@contextmanager
def speaking(plan: DataPlan, file: str) -> Iterator[None]:
    """Turns what is wrong with a table into a refusal at the data block."""
    try:
        yield
    except MissingColumn as error:
        close = nearest(error.column, error.columns)
        has = ", ".join(error.columns[:12]) + (", ..." if len(error.columns) > 12 else "")
        advice = f"did you mean `{close}`?" if close else f"its columns are {has}"
        raise refusal(COLUMN, plan, str(error), advice) from None
    except BadTable as error:
        raise refusal(TABLE, plan, str(error)) from None
    except BadValue as error:
        advice = "for a missing value leave the cell empty"
        raise refusal(VALUE, plan, f"`{file}`, {error}", advice) from None


class Features(NamedTuple):
    """The columns that are inputs: numbers [n, N] and words; notes and warnings on the way."""

    numbers: tuple[str, ...]
    values: npt.NDArray[np.float32]
    categories: tuple[str, ...]
    words: tuple[list[str | None], ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()


def number_column(frame: Frame, name: str) -> npt.NDArray[np.float32]:
    """A column of numbers, or `DATE.year`, a part of a column of dates.

    Raises:
        MissingColumn: neither is there.
        BadValue: a cell is no number.
    """
    if name not in frame.columns:
        base, _, part = name.rpartition(".")
        if part in DATE_PARTS and base in frame.columns:
            return date_part(frame.column(base), part)
    return numbers(frame.column(name))


def _stacked(columns: Sequence[npt.NDArray[np.float32]], rows: int) -> npt.NDArray[np.float32]:
    return np.stack(columns, axis=1) if columns else np.zeros((rows, 0), dtype=np.float32)


def known_features(frame: Frame, profile: Profile) -> Features:
    """The features that a run was trained on, matched by name.

    Raises:
        MissingColumn, BadValue: as they say.
    """
    field, front = profile.field("numbers"), profile.front("categories")
    names = field.columns if field is not None else ()
    word_names = front.columns if isinstance(front, Categories) else ()
    values = _stacked([number_column(frame, name) for name in names], frame.rows)
    text = tuple(words(frame.column(name)) for name in word_names)
    return Features(names, values, word_names, text)


def told_features(plan: DataPlan, frame: Frame) -> Features:
    """The features of a table for training, each column of the kind its cells tell.

    Raises:
        Refusal: a column is an identifier, or holds a word among numbers.
        BadValue: a number is infinite.
    """
    fixed = dict.fromkeys(names_option(plan, "numbers"), "number")
    fixed |= dict.fromkeys(names_option(plan, "categories"), "word")
    unknown = [name for name in fixed if name not in frame.columns]
    for name in unknown:
        if name not in target_names(plan):
            raise MissingColumn(name, frame)
    number_names: list[str] = []
    values: list[npt.NDArray[np.float32]] = []
    word_names: list[str] = []
    text: list[list[str | None]] = []
    notes = list(frame.notes)
    warnings: list[Diagnostic] = []
    for name, column in frame.columns.items():
        told = tell(column)
        kind = fixed.get(name, told.kind)
        if told.note and kind == told.kind:
            notes.append(f"column {name}: {told.note}")
        if kind == "number":
            warnings += _like_an_id(plan, frame, name, told)
            number_names.append(name)
            values.append(numbers(column))
        elif kind == "date":
            for part in DATE_PARTS[: 5 if has_hours(told.values) else 4]:
                number_names.append(f"{name}.{part}")
                values.append(date_part(column, part))
        elif kind == "word":
            _not_an_identifier(plan, frame, name, told, free=name in fixed)
            word_names.append(name)
            text.append(words(column))
        else:
            notes.append(f"column {name} is empty: left out")
    features = _stacked(values, frame.rows)
    return Features(
        tuple(number_names), features, tuple(word_names), tuple(text), tuple(notes), tuple(warnings)
    )


def _like_an_id(plan: DataPlan, frame: Frame, name: str, told: Told) -> list[Diagnostic]:
    if not told.whole or frame.rows <= _MANY or told.values.null_count():
        return []
    steps = told.values.diff().drop_nulls()
    if not bool((steps == 1).all()):
        return []
    message = f"column `{name}` of `{frame.name}` counts its rows"
    span = plan.path_span if plan.path_span.end > plan.path_span.start else plan.span
    return [LIKE_AN_ID.at(span, message, help=f'leave it out with `drop=["{name}"]`')]


def _not_an_identifier(plan: DataPlan, frame: Frame, name: str, told: Told, *, free: bool) -> None:
    if told.odd and not free:
        text = str(told.values[told.odd - 1])[:40]
        raise refusal(
            VALUE,
            plan,
            f"`{frame.name}`, row {told.odd}: `{text}` stands among the numbers of `{name}`",
            f'leave the cell empty, or write `categories=["{name}"]` if it holds words',
        )
    present = told.values.drop_nulls()
    different = present.n_unique()
    if not free and different > _MANY and different * 2 > len(present):
        raise refusal(
            IDENTIFIER,
            plan,
            f"column `{name}` of `{frame.name}` has a different text in nearly each row",
            f'leave it out with `drop=["{name}"]`',
            f"{different:,} different texts in {len(present):,} rows",
        )


def open_table(plan: DataPlan, request: Request) -> Found:
    """A table in a CSV or Parquet file.

    Raises:
        Refusal: the file, a row or a column cannot be used; the message names it.
    """
    path = located(plan, plan.path)
    with speaking(plan, path.name):
        if path.is_dir():
            raise BadTable(f"`{path.name}` is a folder, a table is a file")
        return found_table(plan, request, read_frame(path))


def found_table(plan: DataPlan, request: Request, whole: Frame) -> Found:
    """The samples of a table.

    Raises:
        Refusal, BadTable, BadValue: as they say.
    """
    targets_asked = target_names(plan)
    frame, skipped = complete_rows(plan, whole, targets_asked)
    only = len(targets_asked) == 1
    targets = [target_column(plan, request, frame, name, only) for name in targets_asked]
    out = {*targets_asked, *names_option(plan, "drop")}
    for name in out:
        frame.column(name)
    if plan.split.kind == "column":
        out.add(str(plan.split.values[0]) if plan.split.values else "")
    out.add(plan.split.group)
    rest = frame.without(out)
    if request.like is not None:
        features = known_features(frame, request.like)
    else:
        features = told_features(plan, rest)
    if not features.numbers and not features.categories:
        raise BadTable(f"`{frame.name}` has no column left as an input")
    for target in targets:
        if target.field.name in ("numbers", "categories"):
            message = f"a target cannot be called `{target.field.name}`: rename the column"
            raise refusal(TARGET, plan, message)
    keys = frame.contents()

    def lookup(name: str) -> Sequence[str | None] | None:
        return words(frame.column(name)) if name in frame.columns else None

    return Found(
        samples=frame.rows,
        keys=keys,
        contents=keys,
        name=row_name(frame, skipped),
        finish=lambda train: _ready(plan, request, features, targets, train),
        targets=tuple(targets),
        lookup=lookup,
        times=lambda: _times(frame),
        skipped=tuple(skipped),
        notes=features.notes,
        warnings=features.warnings,
    )


def row_name(frame: Frame, skipped: Sequence[str]) -> Callable[[int], str]:
    """Names rows by their number in the file, also where rows were skipped."""
    gone = sorted(int(name.rpartition(" ")[2]) for name in skipped)

    def name(at: int) -> str:
        row = at + 1
        for one in gone:
            if one > row:
                break
            row += 1
        return f"{frame.name} row {row}"

    return name


def _times(frame: Frame) -> Sequence[str | None] | None:
    dates = [told for told in map(tell, frame.columns.values()) if told.kind == "date"]
    if len(dates) != 1:
        return None
    return dates[0].values.dt.strftime("%Y-%m-%d %H:%M:%S").to_list()


def _ready(
    plan: DataPlan, request: Request, features: Features, targets: Sequence[Target], train: Rows
) -> Ready:
    fields: list[Field] = []
    columns: dict[str, Column] = {}
    fronts: list[tuple[str, Front]] = []
    sizes: list[tuple[str, int]] = []
    like = request.like
    if features.numbers:
        count = len(features.numbers)
        kind = TensorType((count,))
        fields.append(Field("numbers", "input", "numbers", kind, columns=features.numbers))
        columns["numbers"] = Stored(features.values)
        front = like.front("numbers") if like else None
        fronts.append(("numbers", front or scale(plan, features.values, features.numbers, train)))
        sizes.append(("numbers", count))
    if features.categories:
        given = like.front("categories") if like else None
        known = given if isinstance(given, Categories) else None
        known = known or categories(features.categories, features.words, train)
        _add_categories(known, features, fields, columns, fronts, sizes)
    for target in targets:
        fields.append(target.field)
        columns[target.field.name] = target.column
        fronts += number_front(plan, request, target, train)
    return Ready(tuple(fields), columns, tuple(sizes), tuple(fronts))


def number_front(
    plan: DataPlan, request: Request, target: Target, train: Rows
) -> list[tuple[str, Front]]:
    """The scale of a target of numbers, fitted on the train part or a run's; nothing of classes."""
    name = target.field.name
    if target.field.meaning != "number" or plan.normalize.kind == "none":
        return []
    known = request.like.front(name) if request.like else None
    if known is None:
        plain = DataPlan(plan.name, plan.kind, plan.path)
        fitted = scale(plain, target.column.take(train), (name,), np.arange(len(train)))
        known = Scale(fitted.mean, fitted.std, (), fitted.columns)
    return [(name, known)]


def _add_categories(
    known: Categories,
    features: Features,
    fields: list[Field],
    columns: dict[str, Column],
    fronts: list[tuple[str, Front]],
    sizes: list[tuple[str, int]],
) -> None:
    """Each column of words under its name, and all together as `categories`."""
    ids = ids_of(known, features.words)
    for at, (name, values) in enumerate(zip(known.columns, known.values)):
        # The unknown value has an id too: `embedding(DATA.COLUMN.values, 8)` has a row for it.
        sizes.append((f"{name}.values", len(values) + 1))
        if name in ("numbers", "categories"):
            continue
        kind = TensorType((), "int64")
        fields.append(Field(name, "input", "category", kind, values, (name,)))
        columns[name] = Stored(np.ascontiguousarray(ids[:, at]))
        fronts.append((name, Categories((name,), (values,))))
    kind = TensorType((len(known.columns),), "int64")
    fields.append(Field("categories", "input", "categories", kind, columns=known.columns))
    columns["categories"] = Stored(ids)
    fronts.append(("categories", known))


class InputRows(NamedTuple):
    """Rows to run a model on.

    Attributes:
        numbers: float32 [n, N], NaN where missing.
        words: for each column of words its texts, "" where missing.
        names: how messages call each row.
    """

    numbers: npt.NDArray[np.float32]
    words: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]

    def ids(self, front: Categories) -> npt.NDArray[np.int64]:
        """Ids [n, K] of the words, for models that take no strings."""
        return ids_of(front, [[word or None for word in column] for column in self.words])


def read_rows(path: Path, numbers: Sequence[str] = (), categories: Sequence[str] = ()) -> InputRows:
    """The columns that a model reads from a table, matched by name whatever their order.

    Args:
        numbers: columns of numbers, also parts of dates (`when.year`), in the model's order.
        categories: columns of words, in the model's order.

    Raises:
        BadTable, BadValue: the message names the file, the row and the column.
    """
    frame = read_frame(path)
    try:
        values = _stacked([number_column(frame, name) for name in numbers], frame.rows)
    except BadValue as error:
        raise BadTable(f"`{frame.name}`, {error}") from None
    text = tuple(tuple(w or "" for w in words(frame.column(name))) for name in categories)
    return InputRows(values, text, tuple(f"{frame.name} row {i + 1}" for i in range(frame.rows)))


__all__ = ["BadTable", "InputRows", "found_table", "open_table", "read_rows", "speaking"]
