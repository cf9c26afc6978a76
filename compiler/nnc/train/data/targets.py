"""Target columns: classes in their fixed order, or numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nnc.diagnostics import Refusal, nearest
from nnc.ir.plan import DataPlan, Field
from nnc.ir.types import TensorType
from nnc.train.data.found import Request, Stored, Target
from nnc.train.data.frame import Frame
from nnc.train.data.keyed import Rows
from nnc.train.data.kinds import BadValue, numbers, tell, words
from nnc.train.data.rules import CLASSES, OPTION, TARGET, VALUE, refusal, some

if TYPE_CHECKING:
    import polars as pl

_FEW = 20


def class_order(names: Iterable[str]) -> tuple[str, ...]:
    """Classes in their order: integers by value, else by code points."""
    found = set(names)
    if all(_integer(name) for name in found):
        return tuple(sorted(found, key=lambda name: (int(name), name)))
    return tuple(sorted(found))


def _integer(name: str) -> bool:
    body = name[1:] if name[:1] in "+-" else name
    return body.isascii() and body.isdigit() and len(body) < 19


def class_field(
    plan: DataPlan,
    request: Request,
    name: str,
    values: Sequence[str],
    where: Callable[[int], str],
) -> Target:
    """A target of classes: the run's, those of the setting `classes`, or those that occur.

    Raises:
        Refusal: a class is unknown there.
    """
    known = known_classes(plan, request, name)
    order = known or class_order(values)
    ids = {label: at for at, label in enumerate(order)}
    for row, value in enumerate(values):
        if value not in ids:
            raise unknown_class(plan, request, value, where(row), order)
    array = np.fromiter((ids[value] for value in values), dtype=np.int64, count=len(values))
    field = Field(name, "target", "class", TensorType((), "int64"), order)
    return Target(field, Stored(array), array)


def known_classes(plan: DataPlan, request: Request, name: str) -> tuple[str, ...]:
    """The classes that a run or the `classes` setting fixes, or ()."""
    like = request.like
    if like is not None:
        field = like.field(name)
        if field is not None and field.labels:
            return field.labels
    return request.labels or plan.classes


def unknown_class(
    plan: DataPlan, request: Request, value: str, where: str, order: tuple[str, ...]
) -> Refusal:
    """The refusal of a class that is not among the known ones."""
    theirs = request.labels is not None or request.like is not None
    whose = "the trained network does not know" if theirs else "the setting `classes` does not name"
    close = nearest(value, order)
    advice = f"did you mean `{close}`?" if close else f"known are {some(list(order), 10)}"
    return refusal(CLASSES, plan, f"{whose} class `{value}` ({where})", advice)


def target_names(plan: DataPlan) -> tuple[str, ...]:
    """The columns that `target=` names.

    Raises:
        Refusal: it is no name and no list of names.
    """
    return names_option(plan, "target")


def names_option(plan: DataPlan, option: str) -> tuple[str, ...]:
    """A source's argument that is one name or a list of names.

    Raises:
        Refusal: it is something else.
    """
    value = plan.option(option, ())
    found = (value,) if isinstance(value, str) else value
    if not isinstance(found, tuple | list) or not all(isinstance(x, str) for x in found):
        raise refusal(OPTION, plan, f"`{option}=` takes column names", f'{option}=["name"]')
    return tuple(str(name) for name in found)


def text_option(plan: DataPlan, option: str) -> str:
    """A source's argument that is a text, or "".

    Raises:
        Refusal: it is something else.
    """
    value = plan.option(option, "")
    if not isinstance(value, str):
        raise refusal(OPTION, plan, f"`{option}=` takes a text in quotes")
    return value


def complete_rows(
    plan: DataPlan, frame: Frame, targets: Sequence[str], text: str = ""
) -> tuple[Frame, list[str]]:
    """The rows that have all targets, and the names of the others (`on_error skip`).

    Args:
        text: a column that holds a text in each row, too.

    Raises:
        Refusal: a target, or the text, is missing in a row.
    """
    gone: set[int] = set()
    for name in (*targets, *([text] if text else [])):
        missing = frame.column(name).is_null().arg_true().to_list()
        if missing and plan.on_error != "skip":
            lacks = "text in" if name == text else "value in the target"
            raise refusal(
                TARGET,
                plan,
                f"row {missing[0] + 1} of `{frame.name}` has no {lacks} `{name}`",
                "fill it in, remove the row, or write `on_error skip` in the data block",
                *([f"{len(missing)} rows have none"] if len(missing) > 1 else []),
            )
        gone.update(missing)
    if not gone:
        return frame, []
    kept = [row for row in range(frame.rows) if row not in gone]
    return frame.keep(kept), [f"{frame.name} row {row + 1}" for row in sorted(gone)]


def target_column(plan: DataPlan, request: Request, frame: Frame, name: str, only: bool) -> Target:
    """A target column of a table: classes or a number.

    Words are classes; whole numbers are, where there are at most 20 different ones, each twice on
    average, or where the setting `classes` is given, unless only losses of numbers learn from them;
    a run's own profile decides for its data.

    Raises:
        Refusal: a value cannot be read, or a class is unknown.
    """
    column = frame.column(name)
    if is_class(plan, request, column, name, only):
        values = [value or "" for value in words(column)]
        row = f"row %d of `{frame.name}`"
        return class_field(plan, request, name, values, lambda at: row % (at + 1))
    try:
        values32 = numbers(column)
    except BadValue as error:
        raise refusal(VALUE, plan, f"`{frame.name}`, {error}") from None
    return Target(number_field(name), Stored(values32[:, None]))


def number_field(name: str) -> Field:
    """A target of one number, [1] as `dense(1)` gives it."""
    return Field(name, "target", "number", TensorType((1,)), columns=(name,))


def is_class(plan: DataPlan, request: Request, column: pl.Series, name: str, only: bool) -> bool:
    """The column holds classes."""
    like = request.like
    if like is not None and like.field(name) is not None:
        return bool(like.field(name).labels)  # type: ignore[union-attr]
    if name in names_option(plan, "numbers"):
        return False
    if name in names_option(plan, "categories"):
        return True
    if only and (plan.classes or request.labels):
        return True
    told = tell(column)
    if told.kind != "number":
        return True
    if request.numeric(name):
        return False
    different = told.values.n_unique()
    return told.whole and different <= _FEW and different * 2 <= len(column)


def class_sizes(fields: Sequence[Field]) -> list[tuple[str, int]]:
    """`classes` of the only class target; with several, `NAME.classes` of each."""
    found = [f for f in fields if f.role == "target" and f.meaning in ("class", "mask")]
    if len(found) == 1:
        return [("classes", len(found[0].labels))]
    return [(f"{field.name}.classes", len(field.labels)) for field in found]


def in_train(
    plan: DataPlan, target: Target, parts: dict[str, Rows], name: Callable[[int], str]
) -> None:
    """Refuses a class that validation or test holds and train does not.

    Raises:
        Refusal: there is one.
    """
    if "train" not in parts:
        return
    for part, rows in parts.items():
        at, label = _unseen(target, parts["train"], rows)
        if label:
            raise refusal(
                CLASSES,
                plan,
                f"class `{label}` is in {part} ({name(at)}) but not in train",
                "add samples of it to train, remove it, or try another `split_seed`",
            )


def _unseen(target: Target, train: Rows, rows: Rows) -> tuple[int, str]:
    """The first of some samples with a class that train lacks, and that class, or ""."""
    labels = target.field.labels
    if target.strata is not None:
        strange = rows[~np.isin(target.strata[rows], np.unique(target.strata[train]))]
        return (
            (int(strange[0]), labels[int(target.strata[strange[0]])]) if len(strange) else (0, "")
        )
    if target.present is not None:
        new = target.present[rows] & ~target.present[train].any(axis=0)
        if new.any():
            at = int(new.any(axis=1).argmax())
            return int(rows[at]), labels[int(new[at].argmax())]
    return 0, ""
