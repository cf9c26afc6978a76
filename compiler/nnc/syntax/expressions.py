"""Expressions of the syntax tree: sizes, values and losses share them."""

from __future__ import annotations

from typing import Union

from nnc.record import Record
from nnc.source import Span


class Ident(Record):
    """A name where it stands."""

    span: Span
    text: str


class Number(Record):
    """`3`, `1e-3`, `5K` (5000, unit ""), `20MB` (20_000_000, unit "B"), `10ms` (0.01, unit "s")."""

    span: Span
    value: int | float
    unit: str = ""


class Kernel(Record):
    """`3x5`."""

    span: Span
    sizes: tuple[int, ...]


class String(Record):
    """Text in double quotes."""

    span: Span
    value: str


class Bool(Record):
    """`true` or `false`."""

    span: Span
    value: bool


class Ref(Record):
    """`width` or `digits.classes`."""

    span: Span
    names: tuple[Ident, ...]

    @property
    def text(self) -> str:
        """The name with its dots."""
        return ".".join(name.text for name in self.names)


class Arg(Record):
    """One argument of a call; `name` is None when it is given by position."""

    span: Span
    name: Ident | None
    value: Expr


class Call(Record):
    """`adam(lr=1e-3)`, `exp(h)`."""

    span: Span
    name: Ident
    args: tuple[Arg, ...]


class Slice(Record):
    """`1:`, `:3` inside brackets."""

    span: Span
    start: Expr | None
    stop: Expr | None


class Index(Record):
    """`skip[c]`, `h[0]`, `h[1:, 0]`."""

    span: Span
    base: Ref
    items: tuple[Expr | Slice, ...]


class Tuple(Record):
    """`(3, 5)`."""

    span: Span
    items: tuple[Expr, ...]


class Rest(Record):
    """`...`: any number of axes."""

    span: Span


class List(Record):
    """`[64, 128]`; `[..., c]` is one of named axes."""

    span: Span
    items: tuple[Expr, ...]


class Unary(Record):
    """`-x`, `not x`."""

    span: Span
    op: str
    operand: Expr


class Binary(Record):
    """`a + b`; `op` is one of + - * / // % ** == != < <= > >= and or."""

    span: Span
    op: str
    op_span: Span
    left: Expr
    right: Expr


class Choice(Record):
    """`a if c else b`."""

    span: Span
    then: Expr
    condition: Expr
    otherwise: Expr


class Range(Record):
    """`0..depth`; its end is excluded in a loop."""

    span: Span
    start: Expr
    stop: Expr


Expr = Union[
    Number, Kernel, String, Bool, Ref, Call, Index, Tuple, List, Rest, Unary, Binary, Choice, Range
]
