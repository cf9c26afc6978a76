"""The layer that CONTRIBUTING.md adds as an example works as written there."""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nnc.layers import LAYERS
from nnc.layers.base import Layer
from tests.layers import test_cases, test_declarations, worked

IMPORTS = "from nnc.layers.base import Case, Layer, OnnxWriter, Ref, TorchWriter, layer\n"


@pytest.fixture
def example(root: Path, tmp_path: Path) -> Iterator[type[Layer]]:
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    path = tmp_path / "example.py"
    path.write_text(IMPORTS + code, encoding="utf-8")
    (word,) = re.findall(r'@layer\("(\w+)"\)', code)
    there = LAYERS.pop(word, None)  # a reader may just have added it
    found = importlib.util.spec_from_file_location("example", path)
    assert found is not None
    assert found.loader is not None
    try:
        found.loader.exec_module(importlib.util.module_from_spec(found))
        yield LAYERS[word]
    finally:
        LAYERS.pop(word, None)
        if there is not None:
            LAYERS[word] = there


def test_example_passes_every_test_of_layers(example: type[Layer], tmp_path: Path) -> None:
    test_declarations.test_docstring_is_a_sentence_and_tells_shapes(example)
    test_declarations.test_cases_cover_every_argument(example)
    for case in example.cases:
        test_cases.test_claim_is_exact(example.word, case)
        test_cases.test_torch_and_onnx_agree(example.word, case, tmp_path)
        test_cases.test_onnx_nodes(example.word, case)


def test_its_numbers(example: type[Layer]) -> None:
    """x - tanh(x), as the text says: PyTorch's and ours agree already, this is a third opinion."""
    net = worked.network(example.word, example.cases[1])
    x = np.array([[-4.0], [0.0], [1.5], [9.0]], np.float32)
    wanted = [-4 + math.tanh(4), 0, 1.5 - math.tanh(1.5), 8]
    assert worked.Onnx(net, {})(x).reshape(-1).tolist() == pytest.approx(wanted)


def test_example_is_no_layer_yet(root: Path) -> None:
    """Once it is one, the text needs another example."""
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (word,) = re.findall(r'@layer\("(\w+)"\)', text)
    assert word not in LAYERS
