"""Values in generated source: text with holes for the values it reads."""

from __future__ import annotations

import re

from nnc.backends.torch_names import ATOM
from nnc.ir.types import TensorType

MARK = "\x01"
"""Stands around the name of a place, so that a loop can number it: `\\x01conv3\\x01(x)`."""


NUMBER = "\x02"
"""Stands around a number in a loop, which may differ from turn to turn."""


class Node:
    """A value on its way into the source; the `Ref` that layers see.

    Args:
        parts: text, and other nodes with how tightly they must bind there.
        type: per sample.
        level: how tightly the text binds.
        modules: how many modules its text calls.
        joins: it is the result of an operator.

    `wish`: it stands in a line of its own, as a variable that is called so where it can be.
    """

    __slots__ = ("joins", "level", "modules", "name", "parts", "type", "wish")

    def __init__(
        self,
        parts: tuple[str | Hole, ...],
        type: TensorType,
        level: int = ATOM,
        *,
        modules: int = 0,
        joins: bool = False,
        name: str = "",
    ) -> None:
        self.parts, self.type, self.level = parts, type, level
        self.modules, self.joins, self.name = modules, joins, name
        self.wish = ""

    def text(self, least: int = 0) -> str:
        """Its name if it is a variable, else what computes it, bracketed where it binds less."""
        if self.name:
            return self.name
        text = "".join(
            part if isinstance(part, str) else part[0].text(part[1]) for part in self.parts
        )
        return f"({text})" if self.level < least else text

    def inner(self) -> list[Node]:
        """The nodes that its text reads, with repetition, in order."""
        return [part[0] for part in self.parts if not isinstance(part, str)]

    @property
    def called(self) -> int:
        """How many modules its text calls, those of nodes inside included."""
        if self.name:
            return 0
        return self.modules + sum(node.called for node in self.inner())

    @property
    def depth(self) -> int:
        """How many calls are nested in its text."""
        if self.name:
            return 0
        here = not self.joins and any(isinstance(part, str) for part in self.parts)
        return here + max((node.depth for node in self.inner()), default=0)


Hole = tuple[Node, int]


class Unpacked:
    """A call that gives several values at once, and the values that it gives.

    `nest` is how they stand before the equals sign, `{}` for each: `{}, ({}, {})`.
    """

    __slots__ = ("call", "nest", "values", "wishes")

    def __init__(self, call: Node, nest: str, wishes: tuple[str, ...] = ()) -> None:
        self.call, self.nest, self.wishes = call, nest, wishes
        self.values = [Node(("",), call.type) for _ in range(nest.count("{}"))]


def alias(node: Node, type: TensorType) -> Node:
    """The same value as a node of its own."""
    return Node(((node, 0),), type, ATOM if node.name else node.level)


def variable(name: str, type: TensorType) -> Node:
    """A node that is a variable."""
    return Node((name,), type, name=name)


def references(roots: list[Node]) -> dict[Node, int]:
    """How often the roots' text reads each node that is no variable; inner ones come first."""
    counts: dict[Node, int] = {}

    def visit(node: Node) -> None:
        if node.name:
            return
        if node in counts:
            counts[node] += 1
            return
        for inner in node.inner():
            visit(inner)
        counts[node] = 1

    for root in roots:
        visit(root)
    return counts


def names_read(roots: list[Node]) -> set[str]:
    """The variables that the text of the roots reads."""
    if not roots:
        return set()
    names: set[str] = set()
    stack, seen = list(roots), set[int]()
    while stack:
        node = stack.pop()
        if node.name:
            names.add(node.name)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.extend(node.inner())
    return names


def columns(text: str) -> int:
    """The length of a text, alike in each turn of a loop: a place's number counts as a digit."""
    text = re.sub(f"{NUMBER}[0-9]+{NUMBER}", "0", text)
    return len(re.sub(rf"\d+(?={MARK})|{MARK}(?!\w)", "0", text).replace(MARK, "self."))
