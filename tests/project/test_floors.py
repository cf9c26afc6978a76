"""Imports go down: a room uses only the floors below, and heavy libraries stay in their rooms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.project.trees import PACKAGE, call_name, python_files, shown, tree

FLOORS = {
    "record": 0,
    "source": 0,
    "diagnostics": 0,
    "resources": 0,
    "syntax": 1,
    "ir": 1,
    "layers": 2,
    "check": 3,
    "passes": 3,
    "backends": 4,
    "render": 4,
    "train": 5,
    "deploy": 5,
    "cli": 6,
    "__main__": 7,
}

# One room may use another on its own floor, in one direction, where there is a reason.
SIDEWAYS = {
    ("deploy", "train"): "a deployed model is fed by the readers that it was trained with",
    ("check", "passes"): "a plan is made for the network that the passes leave",
}

HOMES = {
    "click": {"cli"},
    "hypothesis": set[str](),
    "lark": {"syntax"},
    "numpy": {"backends", "train", "deploy"},
    "onnx": {"backends", "train", "deploy"},
    "onnxruntime": {"backends", "train", "deploy"},
    "onnxscript": set[str](),
    "PIL": {"train", "deploy"},
    "polars": {"train", "deploy"},
    "rich": {"train", "deploy", "cli"},
    "safetensors": {"backends", "train", "deploy"},
    "tensorboard": {"train"},
    "torch": {"backends", "train", "deploy"},
    "torchmetrics": {"train", "deploy"},
}


class Import(NamedTuple):
    """One import: of what, where, and whether it waits inside a function."""

    target: str
    path: Path
    line: int
    deferred: bool

    def __str__(self) -> str:
        return f"{shown(self.path)}:{self.line}: {self.target}"


def names(node: ast.AST) -> list[str]:
    """The modules that a statement or call imports, fully named; `.` first where it is relative."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        if module == "nnc":
            return [f"nnc.{alias.name}" for alias in node.names]
        return [module]
    if isinstance(node, ast.Call) and call_name(node).endswith(("import_module", "__import__")):
        first = node.args[0] if node.args else None
        return [str(first.value)] if isinstance(first, ast.Constant) else []
    return []


def imports_of(path: Path) -> Iterator[Import]:
    """Every import of a file, at its top or inside a function."""

    def walk(node: ast.AST, deferred: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            for name in names(child):
                yield Import(name, path, getattr(child, "lineno", 0), deferred)
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk(child, deferred or inside)

    yield from walk(tree(path), False)


def imports() -> Iterator[Import]:
    """Every import in the package."""
    for path in python_files("compiler/nnc"):
        yield from imports_of(path)


def room(path: Path) -> str:
    """The room a file of the package belongs to: its folder, or its own name at the top."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def target_room(found: Import) -> str:
    """The room that an import of nnc enters; `nnc.__version__` enters none."""
    parts = found.target.split(".")
    return parts[1] if len(parts) > 1 and parts[1] != "__version__" else ""


def test_every_room_has_a_floor() -> None:
    rooms = {room(path) for path in python_files("compiler/nnc")} - {"__init__"}
    assert rooms <= set(FLOORS)


def test_imports_go_down() -> None:
    wrong = []
    for found in imports():
        if not found.target.startswith("nnc"):
            continue
        here, there = room(found.path), target_room(found)
        if there in ("", here) or (here, there) in SIDEWAYS:
            continue
        if here == "__init__" or FLOORS[there] > FLOORS[here]:
            wrong.append(f"{found} goes up")
        elif FLOORS[there] == FLOORS[here] != 0:
            wrong.append(f"{found} goes sideways")
    assert not wrong, "\n".join(wrong)


def test_sideways_is_one_way() -> None:
    assert not [pair for pair in SIDEWAYS if pair[::-1] in SIDEWAYS]


def test_imports_are_absolute() -> None:
    wrong = [str(found) for found in imports() if found.target.startswith(".")]
    assert not wrong, "\n".join(wrong)


def test_only_the_command_line_defers_rooms() -> None:
    """Elsewhere an import inside a function hides a circle; a verb loads what it needs."""
    wrong = [
        str(found)
        for found in imports()
        if found.deferred
        and found.target.startswith("nnc.")
        and room(found.path) not in ("cli", "__main__")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", sorted(HOMES))
def test_heavy_libraries_stay_in_their_rooms(library: str) -> None:
    wrong = [
        str(found)
        for found in imports()
        if found.target.split(".")[0] == library and room(found.path) not in HOMES[library]
    ]
    assert not wrong, "\n".join(wrong)


def test_the_walk_sees_every_form(tmp_path: Path) -> None:
    """The rules above are worth what this finds."""
    file = tmp_path / "sample.py"
    file.write_text(
        "import nnc.cli.main\n"
        "from nnc import train\n"
        "from . import x\n"
        "def f():\n"
        "    from nnc.layers.base import Layer\n"
        "    importlib.import_module('torch')\n"
    )
    assert [(found.target, found.line, found.deferred) for found in imports_of(file)] == [
        ("nnc.cli.main", 1, False),
        ("nnc.train", 2, False),
        (".", 3, False),
        ("nnc.layers.base", 5, True),
        ("torch", 6, True),
    ]
