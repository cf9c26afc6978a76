"""Numbers that remember how their block wrote them.

Inside a block, parameters and bound sizes are `Known` integers: the PyTorch writer prints
`4 * width` where the number is 256. Forgetting a source is always right, only less readable: what
has no source here (`%`, `**`, a choice, a negation) is a plain `int`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from nnc.ir.sources import LEVEL, Source, count, names, tidied

V = TypeVar("V")

NODES = 40  # a source with more names, numbers and operators is forgotten


class Known(int):
    """A whole number with the expression it came from: `Known(64, "width")`.

    It compares, hashes and prints as the number. Sums, differences, products and floor divisions
    with `Known` and `int` keep a source.
    """

    source: Source
    nodes: int

    def __new__(cls, value: int, source: Source) -> Known:
        number = int.__new__(cls, value)
        number.source, number.nodes = source, count(source)
        return number

    def __add__(self, other: int) -> int:
        return _result(int.__add__(self, other), "+", self, other)

    def __radd__(self, other: int) -> int:
        return _result(int.__radd__(self, other), "+", other, self)

    def __sub__(self, other: int) -> int:
        return _result(int.__sub__(self, other), "-", self, other)

    def __rsub__(self, other: int) -> int:
        return _result(int.__rsub__(self, other), "-", other, self)

    def __mul__(self, other: int) -> int:
        return _result(int.__mul__(self, other), "*", self, other)

    def __rmul__(self, other: int) -> int:
        return _result(int.__rmul__(self, other), "*", other, self)

    def __floordiv__(self, other: int) -> int:
        return _result(int.__floordiv__(self, other), "//", self, other)

    def __rfloordiv__(self, other: int) -> int:
        return _result(int.__rfloordiv__(self, other), "//", other, self)


class KnownReal(float):
    """A decimal number with the expression it came from: `KnownReal(0.1, "drop")`.

    Python's own operators forget the source; `sourced` keeps it.
    """

    source: Source

    def __new__(cls, value: float, source: Source) -> KnownReal:
        number = float.__new__(cls, value)
        number.source = source
        return number


def sourced(op: str, left: int | float, right: int | float, value: int | float) -> int | float:
    """The value of `left op right`, with its source where one of them has one.

    A decimal's source keeps the order of its operations: it rounds as written.
    """
    if isinstance(value, Known | bool) or op not in LEVEL:
        return value
    parts = [side.source if isinstance(side, Known | KnownReal) else side for side in (left, right)]
    if not any(isinstance(part, str | tuple) for part in parts):
        return value
    if isinstance(value, float):
        made: Source = (op, *parts)  # type: ignore[assignment]
        return KnownReal(value, made) if count(made) <= NODES else value
    return _result(int(value), op, int(left), int(right)) if op != "**" else _power(value, parts)


def _power(value: int, parts: list[Source]) -> int:
    return Known(value, ("**", parts[0], parts[1])) if value >= 0 else value


def named(value: V, name: str) -> V:
    """A number as a parameter of that name; what is no number stays as it is."""
    made: object = value
    if isinstance(value, float):
        made = KnownReal(float(value), name)
    elif isinstance(value, int) and not isinstance(value, bool):
        made = Known(int(value), name)
    return cast(V, made)


def source_text(v: int) -> str:
    """A number as its block wrote it, `4 * width` or `C + 2*width`, else its digits."""
    return _text(v.source, 0) if isinstance(v, Known) else str(int(v))


def source_names(v: float) -> tuple[str, ...]:
    """The names in a number's source, in order of appearance."""
    return tuple(dict.fromkeys(names(v.source))) if isinstance(v, Known | KnownReal) else ()


def rebase(v: int, env: Mapping[str, int]) -> int:
    """A callee's number in its caller's terms, where `env` holds the caller's number for each name.

    A plain `int` where a name is missing.

    Raises:
        AssertionError: the caller's numbers give another value, a mistake of the compiler.
    """
    if not isinstance(v, Known) or any(name not in env for name in names(v.source)):
        return int(v)
    value = _value(v.source, env)
    assert int(value) == int(v), f"{source_text(v)} is {int(v)}, the caller's numbers give {value}"
    return value


def _result(value: int, op: str, left: int, right: int) -> int:
    """The value with its source, if there is one; `int` knows no operands but whole numbers."""
    if not isinstance(value, int):
        return NotImplemented
    a = left.source if isinstance(left, Known) else int(left)
    b = right.source if isinstance(right, Known) else int(right)
    source = tidied(op, a, b)
    if isinstance(source, int) or count(source) > NODES:
        return value
    return Known(value, source)


def _value(source: Source, env: Mapping[str, int]) -> int:
    if isinstance(source, str):
        return env[source]
    if not isinstance(source, tuple):
        return int(source)
    op, a, b = source[0], _value(source[1], env), _value(source[2], env)
    if op == "+":
        return a + b
    if op == "-":
        return a - b
    if op == "**":
        return _power(int(a) ** int(b), [s.source if isinstance(s, Known) else s for s in (a, b)])
    return a * b if op == "*" else a // b


def _text(source: Source, outer: int) -> str:
    """The source as PEP 8 writes it: in a sum, products of plain factors are written closely."""
    if not isinstance(source, tuple):
        return str(source)
    op, a, b = source
    level = LEVEL[op]
    # x + (y + z) and x * (y * z) need no brackets, x - (y + z) and x * (y // z) do
    joins = op in "+*" and isinstance(b, tuple) and (op == "+" or b[0] == "*")
    left = _text(a, level + (op == "**"))
    right = _text(b, level if joins else level + 1)
    close = ((level == 2 and outer == 1) or level == 4) and " " not in left + right
    text = f"{left}{op}{right}" if close else f"{left} {op} {right}"
    return f"({text})" if level < outer else text
