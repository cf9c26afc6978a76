"""Numbers that remember how their block wrote them.

Inside a block, parameters and bound sizes are `Known` integers: the PyTorch writer prints
`4 * width` where the number is 256. Forgetting a source is always right, only less readable: what
has no source here (`%`, `**`, a choice, a negation) is a plain `int`.
"""

from __future__ import annotations

from collections.abc import Mapping

NODES = 40  # a source with more names, numbers and operators is forgotten

Source = str | int | tuple[str, "Source", "Source"]

_LEVEL = {"+": 1, "-": 1, "*": 2, "//": 2}


class Known(int):
    """A whole number with the expression it came from: `Known(64, "width")`.

    It compares, hashes and prints as the number. Sums, differences, products and floor divisions
    with `Known` and `int` keep a source.
    """

    source: Source
    nodes: int

    def __new__(cls, value: int, source: Source) -> Known:
        number = int.__new__(cls, value)
        number.source, number.nodes = source, _count(source)
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


def source_text(v: int) -> str:
    """A number as its block wrote it, `4 * width` or `C + 2*width`, else its digits."""
    return _text(v.source, 0) if isinstance(v, Known) else str(int(v))


def source_names(v: int) -> tuple[str, ...]:
    """The names in a number's source, in order of appearance."""
    return tuple(dict.fromkeys(_names(v.source))) if isinstance(v, Known) else ()


def rebase(v: int, env: Mapping[str, int]) -> int:
    """A callee's number in its caller's terms, where `env` holds the caller's number for each name.

    A plain `int` where a name is missing.

    Raises:
        AssertionError: the caller's numbers give another value, a mistake of the compiler.
    """
    if not isinstance(v, Known) or any(name not in env for name in _names(v.source)):
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
    source = _tidy(op, a, b)
    if isinstance(source, int) or _count(source) > NODES:
        return value
    return Known(value, source)


def _tidy(op: str, a: Source, b: Source) -> Source:
    """The source of `a op b`, shorter where it means the same for all numbers."""
    if op == "*":
        return _product(a, b)
    if op == "//":
        return _quotient(a, b)
    if isinstance(b, int):
        return _plus(a, b if op == "+" else -b)
    inner = _cancelled(op, a, b)
    if inner is not None:
        return inner
    if isinstance(a, int) and op == "+":
        return b if a == 0 else _plus(b, a) if a < 0 else (op, a, b)
    return op, a, b


def _cancelled(op: str, a: Source, b: Source) -> Source | None:
    """What is left of `x - x`, `(x + y) - y`, `(x + y) - x`, `(x - y) + y` and `x + (0 - y)`."""
    if a == b and op == "-":
        return 0
    if isinstance(a, tuple) and a[0] == "+" and op == "-" and b in a[1:]:
        return a[1] if a[2] == b else a[2]
    if isinstance(a, tuple) and a[0] == "-" and op == "+" and a[2] == b:
        return a[1]
    if isinstance(b, tuple) and b[:2] == ("-", 0) and op == "+":  # x + (0 - y)
        return "-", a, b[2]
    return None


def _quotient(a: Source, b: Source) -> Source:
    if b == 1:
        return a
    if isinstance(a, tuple) and isinstance(b, int) and b > 0:
        op, x, y = a
        if op == "//" and isinstance(y, int) and y > 0:  # (x // 2) // 3 == x // 6
            return "//", x, y * b
        if op == "*" and isinstance(x, int) and x % b == 0:  # 4 * x // 2 == 2 * x
            return _product(x // b, y)
        if op == "*" and isinstance(y, int) and y % b == 0:
            return _product(x, y // b)
    return "//", a, b


def _plus(a: Source, number: int) -> Source:
    """`a + number`; `(x - 1) + 2` is `x + 1`."""
    if isinstance(a, tuple) and a[0] in ("+", "-") and isinstance(a[2], int):
        number += a[2] if a[0] == "+" else -a[2]
        a = a[1]
    if number == 0:
        return a
    return ("+", a, number) if number > 0 else ("-", a, -number)


def _product(a: Source, b: Source) -> Source:
    if a == 0 or b == 0:
        return 0
    if a == 1:
        return b
    if b == 1:
        return a
    if isinstance(b, int) and isinstance(a, tuple) and a[0] == "*":
        if isinstance(a[1], int):  # 2 * x, times 3
            return _product(a[1] * b, a[2])
        if isinstance(a[2], int):
            return _product(a[1], a[2] * b)
    if isinstance(a, int) and isinstance(b, tuple) and b[0] == "*":
        if isinstance(b[1], int):
            return _product(a * b[1], b[2])
        if isinstance(b[2], int):
            return _product(a * b[2], b[1])
    return "*", a, b


def _count(source: Source) -> int:
    if isinstance(source, tuple):
        return 1 + _count(source[1]) + _count(source[2])
    return 1


def _names(source: Source) -> list[str]:
    if isinstance(source, tuple):
        return _names(source[1]) + _names(source[2])
    return [source] if isinstance(source, str) else []


def _value(source: Source, env: Mapping[str, int]) -> int:
    if isinstance(source, str):
        return env[source]
    if isinstance(source, int):
        return source
    op, a, b = source[0], _value(source[1], env), _value(source[2], env)
    if op == "+":
        return a + b
    if op == "-":
        return a - b
    return a * b if op == "*" else a // b


def _text(source: Source, outer: int) -> str:
    """The source as PEP 8 writes it: in a sum, products of plain factors are written closely."""
    if not isinstance(source, tuple):
        return str(source)
    op, a, b = source
    level = _LEVEL[op]
    # x + (y + z) and x * (y * z) need no brackets, x - (y + z) and x * (y // z) do
    joins = op in "+*" and isinstance(b, tuple) and (op == "+" or b[0] == "*")
    left = _text(a, level)
    right = _text(b, level if joins else level + 1)
    close = level == 2 and outer == 1 and " " not in left + right
    text = f"{left}{op}{right}" if close else f"{left} {op} {right}"
    return f"({text})" if level < outer else text
