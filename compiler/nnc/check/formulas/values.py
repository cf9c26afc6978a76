"""What names and expressions stand for while a spec is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeGuard, Union

from nnc.ir.dims import Dim, Poly, show
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast

if TYPE_CHECKING:
    from nnc.check.arguments.bind import Given
    from nnc.check.scope import Entry, Scope


class Unknown:
    """The result of something that failed and was reported; it silences what follows."""

    def __repr__(self) -> str:
        return "unknown"


class TakenName(Unknown):
    """A shared step that bears the name of a layer or a block, which was reported."""


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


class State:
    """A state of a scan: its input of the body's graph, what it starts from, and its next value.

    Args:
        start: a number; None where a value of the scan's caller is given.
    """

    __slots__ = ("name", "next", "span", "start", "value")

    def __init__(self, name: str, value: int, start: float | None, span: Span) -> None:
        self.name, self.value, self.start, self.span = name, value, start, span
        self.next: tuple[int, Span] | None = None


class SharedEntry:
    """A shared step; `uses` counts them, `made` is the first use's operation.

    `scope` and `levels` are what its arguments may name and the defaults that hold where it stands.
    """

    __slots__ = ("levels", "made", "name", "scope", "step", "types", "uses")

    def __init__(
        self, name: str, step: ast.Step, scope: Scope, levels: tuple[Defaults, ...]
    ) -> None:
        self.name = name
        self.step = step
        self.scope = scope
        self.levels = levels
        self.uses = 0
        self.made: object = None
        self.types: object = None


class Tie(Record):
    """What `tie=words` names: a shared step, or the label of a step's value.

    `turned`: `tie=transpose(words)`.
    """

    entry: SharedEntry | LabelEntry
    text: str
    turned: bool = False


class Passed:
    """A step or braces handed to a block, with what their names stand for where they were written.

    Args:
        step: the step; None for braces.
        braces: what stood behind the call; None for a step.
        names: what the names in it stand for, in the terms of the graph at hand.
        outer: the scope that it was written in, for messages and the names of its file.
        levels: the defaults that hold where it was written, inner ones first.
        active: the blocks that were being checked there, which it must not call.

    `shares`: it uses a shared step of its caller's, itself or through what was handed to it.
    """

    __slots__ = ("active", "braces", "levels", "names", "outer", "shares", "step")

    def __init__(
        self,
        step: ast.Step | None,
        braces: ast.Body | None,
        names: dict[str, Entry],
        outer: Scope,
        levels: tuple[Defaults, ...],
        active: tuple[str, ...],
    ) -> None:
        self.step, self.braces, self.names = step, braces, names
        self.outer, self.levels, self.active = outer, levels, active
        self.shares: bool = any(
            isinstance(e.value, SharedEntry) or (isinstance(e.value, Passed) and e.value.shares)
            for e in names.values()
        )

    @property
    def span(self) -> Span:
        """Where it stands."""
        node = self.step or self.braces
        assert node is not None
        return node.span


class Quantity(Record):
    """`20MB`, `10ms`: an amount with a unit, "B" (bytes) or "s" (seconds), as it was written."""

    amount: int | float
    unit: str
    text: str

    def kind(self) -> str:
        """What it is an amount of."""
        return {"B": "an amount of bytes", "s": "a time"}[self.unit]

    def advice(self, place: str) -> str:
        """How a plain number is written where this stands."""
        plain = self.text[:-1] if self.unit == "B" else ""
        return (
            f"`{place}` is a plain number: write `{plain}`" if plain else f"`{place}` has no unit"
        )


Defaults = dict[str, dict[str, "Given"]]
"""Default arguments by layer, by argument."""

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
    Passed,
    Quantity,
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
    if isinstance(value, (SharedEntry, Passed)):
        return "a step"
    if isinstance(value, Quantity):
        return f"{value.text}, {value.kind()}"
    return f"{value}"


def dims_text(dims: tuple[Dim, ...]) -> str:
    """Sizes as a type shows them: [3, H, W]."""
    return "[" + ", ".join(show(d) for d in dims) + "]"
