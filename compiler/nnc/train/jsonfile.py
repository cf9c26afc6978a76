"""JSON that a stranger may have written: size, depth and types are checked before use."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Union

Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]

LIMIT = 16 * 2**20
"""No JSON file of a run is larger: more is refused unread."""


class BadFile(Exception):
    """A file is not what it says it is; the text says why."""


def read_json(path: Path, limit: int = LIMIT) -> dict[str, Json]:
    """The object in a JSON file.

    Raises:
        BadFile: unreadable, too large, too deep, not JSON or not an object.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise BadFile(error.strerror or "cannot be read") from None
    if len(data) > limit:
        raise BadFile(f"larger than {limit // 2**20} MB")
    try:
        found: Json = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadFile("not valid JSON") from None
    if not isinstance(found, dict):
        raise BadFile("not a JSON object")
    return found


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def finite(value: float) -> float | None:
    """The number, or None (JSON's null) where it is infinite or not a number."""
    return value if math.isfinite(value) else None


def text(document: Mapping[str, Json], key: str, default: str | None = None) -> str:
    """A string, of at most 64 kB."""
    value = document.get(key, default)
    if not isinstance(value, str) or len(value) > 65536:
        raise BadFile(f'"{key}" is not a text')
    return value


def integer(
    document: Mapping[str, Json], key: str, default: int | None = None, least: int = 0
) -> int:
    """An integer from `least` to 2**62."""
    value = document.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 2**62:
        raise BadFile(f'"{key}" is not an integer of at least {least}')
    return value


def number(document: Mapping[str, Json], key: str, default: float | None = None) -> float:
    """A finite number."""
    value = document.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        raise BadFile(f'"{key}" is not a number')
    return float(value)


def maybe(document: Mapping[str, Json], key: str) -> float:
    """A number, or NaN for null and for what is not there."""
    return math.nan if document.get(key) is None else number(document, key)


def obj(document: Mapping[str, Json], key: str) -> dict[str, Json]:
    """An object, empty where there is none."""
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadFile(f'"{key}" is not an object')
    return value


def items(document: Mapping[str, Json], key: str) -> list[dict[str, Json]]:
    """A list of objects, empty where there is none."""
    value = document.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadFile(f'"{key}" is not a list')
    made = []
    for item in value:
        if not isinstance(item, dict):
            raise BadFile(f'"{key}" holds something that is not an object')
        made.append(item)
    return made


def texts(document: Mapping[str, Json], key: str) -> tuple[str, ...]:
    """A list of strings, empty where there is none."""
    value = document.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadFile(f'"{key}" is not a list of texts')
    return tuple(str(item) for item in value)


def numbers(document: Mapping[str, Json], key: str) -> dict[str, float]:
    """An object of numbers; null is not a number."""
    found = obj(document, key)
    return {name: maybe(found, name) for name in found}
