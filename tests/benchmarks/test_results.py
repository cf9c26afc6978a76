"""RESULTS.md holds a result of every benchmark, and none that misses what it must show."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
RESULTS = (HERE / "RESULTS.md").read_text(encoding="utf-8")


def scripts() -> list[str]:
    """The names in all.py, read without running it."""
    for node in ast.parse((HERE / "all.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SCRIPTS":
            return list(ast.literal_eval(node.value))
    return []


def test_every_benchmark_is_run() -> None:
    apart = {"all.py", "measure.py", Path(__file__).name}
    assert {path.name for path in HERE.glob("*.py")} - apart == {f"{n}.py" for n in scripts()}


@pytest.mark.parametrize("name", scripts())
def test_result(name: str) -> None:
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    assert RESULTS.count(begin) == RESULTS.count(end) == 1
    section = RESULTS.partition(begin)[2].partition(end)[0]
    assert ": holds" in section
    assert "MISSED" not in section


def test_every_result_has_its_script() -> None:
    assert {*re.findall(r"<!-- (?!end of )(\w+) -->", RESULTS)} == {*scripts()}
