"""What each layer says its backward keeps, against what PyTorch keeps."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from nnc.check import check_text
from nnc.layers import LAYERS
from nnc.layers.base import Case
from nnc.passes.memory import memory
from tests.layers.saved import samples, saved_bytes
from tests.layers.worked import assignments, case_id, flow, input_texts, network, torch_module

BATCH = 64
SMALL = 600
"""Bytes a layer may keep a batch that no plan counts: statistics of channels, a scalar."""


def _cases() -> list[ParameterSet]:
    found = []
    for word, cls in LAYERS.items():
        if cls.hidden:
            continue
        for case in cls.cases:
            numbers = all(text.startswith("[") for text in input_texts(case))
            if not case.refused and (numbers or word == "embedding"):
                found.append(pytest.param(word, case, id=case_id(case)))
    return found


def _spec(case: Case) -> str:
    """The case as a program, behind a layer that learns: else nothing is kept for it."""
    names = [f"x{n}" for n in range(len(input_texts(case)))]
    lines = [f"  input {name}: {text}" for name, text in zip(names, input_texts(case))]
    given = names
    if all(text.startswith("[") for text in input_texts(case)):
        lines += [f"  from {name} -> prelu as l{name}" for name in names]
        given = [f"l{name}" for name in names]
    count = len(case.output) if isinstance(case.output, tuple) else 1
    results = [f"y{n}" for n in range(count)]
    lines.append(f"  {flow(case, given)} as {', '.join(results)}")
    lines += [line for name in results for line in (f"  from {name}", f"  output {name}")]
    return "\n".join(["network Worked {", *lines, "}", ""])


@pytest.mark.parametrize("word,case", _cases())
def test_a_layer_keeps_what_it_says(word: str, case: Case, tmp_path: Path) -> None:
    found = check_text(_spec(case))
    assert not found.diagnostics, found.diagnostics
    net = found.networks["Worked"]
    sizes = list(assignments(network(word, case)))[-1]
    said = memory(net, sizes, BATCH).kept
    module = torch_module(net, tmp_path).train()
    kept = saved_bytes(module, samples(net, sizes, BATCH))
    assert abs(said - kept) <= 0.15 * kept + SMALL, f"says {said:,}, keeps {kept:,} bytes"
