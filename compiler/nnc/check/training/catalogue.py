"""What nnc's own catalogue says of bundled data: known without opening anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from nnc import resources
from nnc.ir.plan import DataPlan, Field, Profile
from nnc.ir.types import TensorType
from nnc.syntax import ast


def _catalogue() -> dict[str, Any]:
    found = json.loads(resources.text("specs", "data", "catalogue.json"))
    assert isinstance(found, dict)
    return found


def bundled_names() -> tuple[str, ...]:
    """The data sets that nnc brings."""
    return tuple(_catalogue())


def bundled_entry(name: str) -> dict[str, Any]:
    """What the catalogue says of a data set; nothing of unknown ones."""
    found = _catalogue().get(name, {})
    assert isinstance(found, dict)
    return found


def bundled_kind(name: str) -> str:
    """What a data set is: `images`, `table`, `text` or `series`; "" of unknown data."""
    return str(bundled_entry(name).get("kind", ""))


def catalogue_size(source: ast.Call, attribute: str) -> int | None:
    """The number that the catalogue states of a bundled data set: its classes, its numbers."""
    args = source.args
    if not args or not isinstance(args[0].value, ast.String):
        return None
    entry = bundled_entry(args[0].value.value)
    size = entry.get("sizes", {}).get(attribute)
    return size if isinstance(size, int) else None


def catalogue_profile(plan: DataPlan, numeric: Callable[[str], bool]) -> Profile | None:
    """The fields of bundled data, as opening them would find; None for other data.

    `numeric` tells which targets are read as numbers, by what learns from them.
    """
    if plan.kind != "bundled" or plan.moved:
        return None
    entry = bundled_entry(plan.path)
    if entry["kind"] not in ("images", "table"):
        return None  # their fields have the sizes that the block gives them
    fields = [_field(name, described, numeric) for name, described in entry["fields"].items()]
    numbers = tuple(f.name for f in fields if f.role == "input" and f.meaning == "number")
    if numbers:
        gathered = TensorType((len(numbers),))
        fields = [f for f in fields if f.name not in numbers]
        fields.insert(0, Field("numbers", "input", "numbers", gathered, columns=numbers))
    return Profile(plan.name, tuple(fields), tuple(entry["sizes"].items()), "", ())


def _field(name: str, described: dict[str, Any], numeric: Callable[[str], bool]) -> Field:
    kind, role = described["type"], described["role"]
    if kind == "uint8":
        return Field(name, role, "image", TensorType(tuple(described["shape"]), "uint8"))
    labels = tuple(described.get("classes", ()))
    if kind == "class" and not (numeric(name) and all(label.isdigit() for label in labels)):
        return Field(name, role, "class", TensorType((), "int64"), labels)
    return Field(name, role, "number", TensorType((1,)), columns=(name,))
