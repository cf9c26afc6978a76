"""A file fits into a reader's head, and a function on a screen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.project.trees import python_files, shown, tree

FILE_LINES = 400
FUNCTION_LINES = 50

Function = ast.FunctionDef | ast.AsyncFunctionDef


def length(function: Function) -> int:
    """Lines from `def` to the end, without the docstring: explaining is free."""
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is None:
        return whole
    return whole - ((first.end_lineno or first.lineno) - first.lineno + 1)


@pytest.mark.parametrize("path", python_files("compiler", "grammar", "tests"), ids=shown)
def test_size(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    long = [
        f"{shown(path)}:{node.lineno}: {node.name} has {length(node)} lines"
        for node in ast.walk(tree(path))
        if isinstance(node, Function) and length(node) > FUNCTION_LINES
    ]
    if lines > FILE_LINES:
        long.append(f"{shown(path)} has {lines} lines")
    assert not long, "\n".join(long)
