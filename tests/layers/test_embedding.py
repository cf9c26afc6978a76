"""Embeddings: a table a column, and the id whose vector stays zeros."""

from __future__ import annotations

import numpy as np
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.backends.torch_source import torch_source
from nnc.ir.walk import weight_table
from tests.backends.test_backends_agree import checked

COLUMNS = "network N { input kinds: token[3]; embedding([9, 16, 7], 8); output y: [3, 8] }"
PADDED = "network N { input words: token[T]; embedding(9, 4, padding=2); output y: [T, 4] }"


def test_each_column_has_its_own_rows() -> None:
    network = checked(COLUMNS)
    arrays = initial_weights(weight_table(network), seed=0)
    table = arrays["embedding1.weight"]
    assert table.shape == (32, 8)
    ids = torch.tensor([[0, 0, 0], [8, 15, 6]])
    with torch.inference_mode():
        found = build(network, arrays)(ids).numpy()
    assert np.array_equal(found[0], table[[0, 9, 25]])
    assert np.array_equal(found[1], table[[8, 24, 31]])
    text = torch_source(network)
    assert "self.embedding1(kinds + kinds.new_tensor([0, 9, 25]))" in text


def test_the_vector_of_the_padding_id_starts_as_zeros_and_learns_nothing() -> None:
    network = checked(PADDED)
    arrays = initial_weights(weight_table(network), seed=0)
    table = arrays["embedding1.weight"]
    others = [row for row in range(9) if row != 2]
    assert not table[2].any()
    plain = initial_weights(weight_table(checked(PADDED.replace(", padding=2", ""))), seed=0)
    assert np.array_equal(table[others], plain["embedding1.weight"][others])
    module = build(network, arrays)
    module(torch.arange(9).reshape(1, 9)).sum().backward()
    grad = module.get_parameter("embedding1.weight").grad
    assert grad is not None
    assert not grad[2].any()
    assert grad[others].all()
