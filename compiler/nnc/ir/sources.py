"""Expressions that numbers come from, and how they are kept short.

A source is a name, a number, or an operator with two sources: `("*", 4, "width")`.
"""

from __future__ import annotations

from collections.abc import Callable

Source = str | int | float | tuple[str, "Source", "Source"]

LEVEL = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "**": 4}
"""How tightly an operator binds."""

LOOP = "@"
"""Begins the name of a loop's counter, which is known inside the loop only."""


def counter(loop: int, start: int, turn: int) -> str:
    """The name of the counter of a loop in one of its turns; `start` is its number in turn 0."""
    return f"{LOOP}{loop}:{start}:{turn}"


def counters(source: Source) -> tuple[tuple[str, int, int, int], ...]:
    """The counters that a source reads: their names, loops, first numbers and turns."""
    found = dict.fromkeys(name for name in names(source) if name.startswith(LOOP) and ":" in name)
    parts = [(name, [int(part) for part in name[len(LOOP) :].split(":")]) for name in found]
    return tuple((name, loop, start, turn) for name, (loop, start, turn) in parts)


def names(source: Source) -> list[str]:
    """The names in a source, with repetition."""
    if isinstance(source, tuple):
        return names(source[1]) + names(source[2])
    return [source] if isinstance(source, str) else []


def count(source: Source) -> int:
    """How many names, numbers and operators a source has."""
    if isinstance(source, tuple):
        return 1 + count(source[1]) + count(source[2])
    return 1


def is_whole(source: Source) -> bool:
    """Whether a source over whole numbers is itself a whole number by its form."""
    if isinstance(source, tuple):
        return source[0] != "/" and is_whole(source[1]) and is_whole(source[2])
    return not isinstance(source, float)


def replaced(source: Source, by: Callable[[str], Source]) -> Source:
    """The source with what `by` gives for each name."""
    if isinstance(source, str):
        return by(source)
    if not isinstance(source, tuple):
        return source
    op, a, b = source[0], replaced(source[1], by), replaced(source[2], by)
    if isinstance(a, int | float) and isinstance(b, int | float):
        known = _computed(op, a, b)
        if known is not None:
            return known
    return tidied(op, a, b) if is_whole(source) else (op, a, b)


def _computed(op: str, a: int | float, b: int | float) -> int | float | None:
    """The number of `a op b`; None where it has none, or a power would be large."""
    if op in ("/", "//"):
        return None if b == 0 else a / b if op == "/" else a // b
    if op == "**":
        found = a**b if 0 <= b <= 64 else None
        return found if isinstance(found, int | float) else None
    return a + b if op == "+" else a - b if op == "-" else a * b


Terms = dict[Source, int]
"""A sum: each term with its factor; plain numbers stand under 1."""


def terms(source: Source) -> Terms:
    """A sum of whole numbers by its terms, in order of appearance."""
    if isinstance(source, int):
        return {1: source}
    if isinstance(source, tuple) and source[0] in ("+", "-"):
        found = terms(source[1])
        sign = 1 if source[0] == "+" else -1
        for term, factor in terms(source[2]).items():
            found[term] = found.get(term, 0) + sign * factor
        return found
    if isinstance(source, tuple) and source[0] == "*":
        for k, term in (source[1:], source[:0:-1]):
            if isinstance(k, int):
                return {term: k}
    return {source: 1}


def total(parts: Terms) -> Source:
    """The sum of terms, those that are added first."""
    ordered = sorted(parts.items(), key=lambda part: (part[1] < 0, part[0] == 1))
    made: Source = 0
    for term, factor in ordered:
        if not factor:
            continue
        size = abs(factor) if term == 1 else _product(abs(factor), term)
        if made == 0:
            made = size if factor > 0 else ("-", 0, size)
        else:
            made = ("+" if factor > 0 else "-", made, size)
    return made


def tidied(op: str, a: Source, b: Source) -> Source:
    """The source of `a op b` for whole numbers, shorter where it means the same for all of them."""
    if op == "**":
        return op, a, b
    if op == "*":
        return _product(a, b)
    if op == "//":
        return _quotient(a, b)
    if isinstance(a, int) and isinstance(b, int):
        return a + b if op == "+" else a - b
    if isinstance(b, int):
        return _plus(a, b if op == "+" else -b)
    if a == b and op == "-":
        return 0
    left, right = terms(a), terms(b)
    if any(term in left for term in right if term != 1):  # in + growth, and growth once more
        return total(terms((op, a, b)))
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
    if isinstance(a, int) and isinstance(b, int) and b:
        return a // b
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
    if isinstance(a, int) and isinstance(b, int):
        return a * b
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
