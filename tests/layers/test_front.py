"""Layers that passes put around a network: raw data in, the user's units out."""

from __future__ import annotations

import numpy as np
import pytest

from nnc.layers import LAYERS
from nnc.layers.base import Layer
from nnc.layers.front import CategoryIds, ScalePixels, Standardize, Unscale
from tests.ir.graphs import Build, type_of
from tests.layers import eager, worked


def exported(op: Layer, *dims: int, dtype: str = "float32") -> worked.Onnx:
    build = Build(x0=type_of(*dims, dtype=dtype))
    return worked.Onnx(build.network(y=build.add(op, 0)), {})


def test_none_can_be_written_in_a_spec() -> None:
    hidden = [word for word, layer in LAYERS.items() if layer.hidden]
    assert {"scale_pixels", "standardize", "unscale", "category_ids"} <= {*hidden}
    for word in hidden:
        text = f"network N {{\n  input x: [3, 4, 4]\n  {word}\n  output y\n}}\n"
        assert [d.code for d in worked.check_text(text).diagnostics] == ["NN101"]


def test_pixels_by_channel() -> None:
    x = np.array([0, 51, 255], np.uint8).reshape(1, 3, 1, 1)
    y = exported(ScalePixels((0.0, 0.1, 0.5), (1.0, 2.0, 0.25)), 3, 1, 1, dtype="uint8")(x)
    assert y.reshape(-1).tolist() == pytest.approx([0.0, 0.05, 2.0])


def test_missing_numbers_become_the_median() -> None:
    x = np.array([[np.nan, 4.0], [1.0, np.nan]], np.float32)
    op = Standardize((3.0, 6.0), (1.0, 2.0), (2.0, 4.0))
    wanted = np.array([[1.0, 0.5], [0.0, 1.0]], np.float32)
    assert np.array_equal(exported(op, 2)(x), wanted)
    assert np.array_equal(eager.run(op, (type_of(2),), (x,), {}, {}), wanted)


def test_unscale_undoes_standardize() -> None:
    x = np.array([[10.0, -3.0]], np.float32)
    scaled = exported(Standardize(0.0, (8.0, 1.0), (2.0, 4.0)), 2)(x)
    assert np.array_equal(exported(Unscale((8.0, 1.0), (2.0, 4.0)), 2)(scaled), x)


def test_one_category_column() -> None:
    op = CategoryIds((("red", "green"),))
    words = np.array(["green", "blue", "", "red"], object)
    assert exported(op, dtype="string")(words).tolist() == [2, 0, 0, 1]


def test_several_category_columns() -> None:
    op = CategoryIds((("a", "b"), ("x",)), first=0, unknown=9)
    words = np.array([["b", "x"], ["x", "a"]], object)
    made = exported(op, 2, dtype="string")(words)
    assert made.dtype == np.int64
    assert made.tolist() == [[1, 0], [9, 9]]
    ids = np.array([[1, 0]], np.int64)  # PyTorch has no strings: ids come in, and pass
    assert np.array_equal(eager.run(op, (type_of(2, dtype="string"),), (ids,), {}, {}), ids)
