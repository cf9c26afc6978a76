"""Nothing in the compiler can run or unpickle what a stranger wrote."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.test_floors import imports_of
from tests.project.trees import PACKAGE, call_name, python_files, shown, tree

# The one module that executes text: the source that the PyTorch backend itself has written.
RUNS_OWN_SOURCE = PACKAGE / "backends" / "torch_module.py"

RUNS = {"eval", "exec", "compile", "builtins.eval", "builtins.exec", "builtins.compile"}
CALLS = {"__import__", "os.system", "os.popen", "torch.load", "torch.hub.load", "yaml.load"}
MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "code"}
SWITCHES = {"shell", "allow_pickle", "trust_remote_code"}


def dangers(path: Path) -> Iterator[str]:
    """Each place in a file that could execute text or unpickle a file."""
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        name = call_name(node)
        if name in CALLS or (name in RUNS and path != RUNS_OWN_SOURCE):
            yield f"{shown(path)}:{node.lineno}: {name}"
        for keyword in node.keywords:
            on = not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
            if keyword.arg in SWITCHES and on:
                yield f"{shown(path)}:{node.lineno}: {keyword.arg}"
    for found in imports_of(path):
        if found.target.split(".")[0] in MODULES:
            yield str(found)


@pytest.mark.parametrize("path", python_files("compiler"), ids=shown)
def test_nothing_executes(path: Path) -> None:
    found = list(dangers(path))
    assert not found, "\n".join(found)
