"""The Python files as syntax trees, read once for all tests of the rules of the project."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "compiler" / "nnc"
GENERATED = ("_parser.py",)


@cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """Every hand-written Python file in folders of the checkout, in order."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(path for path in found if path.name not in GENERATED))


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def shown(path: Path) -> str:
    """A file's name as messages show it."""
    return path.relative_to(ROOT).as_posix()


def call_name(call: ast.Call) -> str:
    """What is called, with dots, or an empty string where it has no name: `torch.load`."""
    parts: list[str] = []
    at: ast.expr = call.func
    while isinstance(at, ast.Attribute):
        parts.append(at.attr)
        at = at.value
    if not isinstance(at, ast.Name):
        return ""
    return ".".join([at.id, *reversed(parts)])
