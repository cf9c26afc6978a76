"""What names and expressions stand for while a spec is checked."""

from __future__ import annotations

from typing import Final, TypeGuard, Union

from nnc.ir.dims import Dim, Poly, show
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast


class Unknown:
    """The result of something that failed and was reported; it silences what follows."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()
BAD: Final = -1
"""The number of a value that could not be made."""


class Word(str):
    """A bare word that is an option of an argument."""

    __slots__ = ()


class LabelEntry(Record):
    """A label of one value."""

    value: int
    span: Span


class Family:
    """Labels with an index: `skip[64]`, `skip[128]`. Grows while a loop runs."""

    __slots__ = ("members", "span")

    def __init__(self, span: Span) -> None:
        self.span = span
        self.members: dict[tuple[object, ...], LabelEntry] = {}


class SharedEntry:
    """A shared step; `uses` counts them, `made` is the first use's operation."""

    __slots__ = ("made", "name", "step", "types", "uses")

    def __init__(self, name: str, step: ast.Step) -> None:
        self.name = name
        self.step = step
        self.uses = 0
        self.made: object = None
        self.types: object = None


Number = Union[int, float, Poly]
Value = Union[
    int,
    float,
    bool,
    str,
    Poly,
    tuple["Value", ...],
    Unknown,
    LabelEntry,
    Family,
    SharedEntry,
    range,
]


def is_whole(value: object) -> TypeGuard[int | Poly]:
    """A whole number, known or symbolic, and no bool."""
    return (isinstance(value, int) and not isinstance(value, bool)) or isinstance(value, Poly)


def is_integer(value: object) -> TypeGuard[int]:
    """A whole number that is known, and no bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_real(value: object) -> TypeGuard[int | float]:
    """A number that is known, and no bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[int | float | Poly]:
    """A number, and no bool."""
    return is_whole(value) or isinstance(value, float)


def written(value: object) -> str:
    """A value as a message shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Word):
        return f"`{value}`"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (int, Poly)):
        return show(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(written(v) for v in value) + ")"
    if isinstance(value, (LabelEntry, Family)):
        return "a value"
    return f"{value}"


def dims_text(dims: tuple[Dim, ...]) -> str:
    """Sizes as a type shows them: [3, H, W]."""
    return "[" + ", ".join(show(d) for d in dims) + "]"
