"""A file without its run: as much of the profile of its training data as it tells."""

from __future__ import annotations

from nnc.deploy.about import About
from nnc.ir.plan import Categories, Field, Front, Meaning, Profile
from nnc.ir.types import TensorType

_WINDOWS: tuple[Meaning, ...] = ("past", "known", "text")
"""Fields that are called what they mean."""
_SERIES = "series"
"""The field of a series' id."""


def like_of(about: About) -> Profile:
    """As much of the profile of the training data as a file tells: columns, categories, classes.

    `open_data(plan, like=...)` matches data to it by name, and fits nothing.
    """
    fields: list[Field] = []
    fronts: dict[str, Front] = {}
    for value in about.inputs:
        if value.meaning == "numbers" and value.columns:
            kind = TensorType((len(value.columns),))
            fields.append(Field("numbers", "input", "numbers", kind, columns=value.columns))
            if value.front is not None:
                fronts["numbers"] = value.front
        elif value.meaning in _WINDOWS:
            meaning = next(word for word in _WINDOWS if word == value.meaning)
            fields.append(Field(meaning, "input", meaning, TensorType(()), columns=value.columns))
            if value.front is not None:
                fronts[meaning] = value.front
        elif isinstance(value.front, Categories):
            fronts[_SERIES] = value.front
            known = fronts.get("categories", Categories((), ()))
            assert isinstance(known, Categories)
            new = [
                (column, words)
                for column, words in zip(value.front.columns, value.front.values)
                if column not in known.columns
            ]
            fronts["categories"] = Categories(
                known.columns + tuple(c for c, _ in new), known.values + tuple(w for _, w in new)
            )
    for value in about.outputs:
        labels = about.labels_of(value.name)
        for column in value.columns:
            if value.meaning == "number":
                fields.append(
                    Field(column, "target", "number", TensorType((1,)), columns=(column,))
                )
        if labels:
            token = TensorType((), "int64")
            fields.append(Field(value.name, "target", "class", token, labels))
    return Profile("", tuple(fields), (), "", (), tuple(fronts.items()))
