"""Parameters and `let` names that nothing mentions: a number that changes nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from nnc.check.world import World
from nnc.diagnostics import rule
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast

UNUSED_NAME = rule(
    "NN115",
    "unused-name",
    """
A parameter or a `let` that nothing mentions changes nothing, whatever its value: most often a
number was written where the name was meant.
""",
    "warning",
)

_WORDS = re.compile(r'"[^"\n]*"|#[^\n]*|([^\W\d]\w*)')


def report_unmentioned(world: World, file: ast.File) -> None:
    """Warns of names with a value that stand nowhere else, in branches not taken either.

    Left alone are texts with mistakes, which may be the reason, and files without a network, whose
    names others may use.
    """
    kinds = (ast.Network, ast.Gan)
    if world.sink.errors or not any(isinstance(d, kinds) for d in file.declarations):
        return
    outside: Counter[str] | None = None
    for declaration in file.declarations:
        if isinstance(declaration, ast.FileParam):
            if outside is None:
                outside = _mentioned(file.source.text)
            _warn(world, outside, declaration.name, "parameter")
        elif isinstance(declaration, ast.Block | ast.Network | ast.Gan):
            names = [*((p.name, "parameter") for p in declaration.params), *_lets(declaration)]
            if names:
                inside = _mentioned(declaration.span.text)
                for name, what in names:
                    _warn(world, inside, name, what)


def _warn(world: World, mentioned: Counter[str], name: ast.Ident, what: str) -> None:
    if mentioned[name.text] > 1:
        return
    world.sink.add(
        UNUSED_NAME.at(
            name.span,
            f"nothing uses the {what} `{name.text}`",
            help="use it where its value is meant, or remove it",
        )
    )


def _mentioned(text: str) -> Counter[str]:
    """How often each word stands in a text, comments and strings apart."""
    return Counter(found[1] for found in _WORDS.finditer(text) if found[1])


def _lets(declaration: ast.Block | ast.Network | ast.Gan) -> Iterator[tuple[ast.Ident, str]]:
    """Names that `let` declares, in all braces."""
    stack: list[object] = [declaration]
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Let):
            yield from ((name, "name") for name in one.names if name.text != "_")
        elif isinstance(one, Record):
            stack.extend(one.__dict__.values())
        elif isinstance(one, tuple) and not isinstance(one, Span):
            stack.extend(one)
