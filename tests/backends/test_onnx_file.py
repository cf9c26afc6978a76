"""ONNX files on disk: protobuf's own bytes, external weights, metadata, nothing half-written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_file import OnnxModel, with_metadata, write_model
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.weights import layout, write_weights
from nnc.ir.graph import Network
from nnc.ir.walk import weight_table
from nnc.layers.dense import Dense
from tests.backends.onnx_running import built, random, run
from tests.ir.graphs import Build, small, type_of


def test_bytes_are_those_of_protobuf() -> None:
    model = built(small(), doc="doc", metadata={"key": "värde"})
    whole = model.serialize()
    assert onnx.load_from_string(whole).SerializeToString(deterministic=True) == whole


def test_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    model = built(small())
    assert write_model(model, path) == (path,)
    assert path.read_bytes() == model.serialize()
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


def wide() -> Network:
    """A network with a weight that goes into the file as it is, and one that is transposed."""
    b = Build(x=type_of(4, 50))
    return b.network(y=b.add(Dense(60), b.add(Dense(50), 0, name="first"), name="second"))


def flat_wide() -> Network:
    b = Build(x=type_of(50))
    return b.network(y=b.add(Dense(60), b.add(Dense(50), 0, name="first"), name="second"))


def test_large_models_lie_beside_their_weights(tmp_path: Path) -> None:
    net = flat_wide()
    weights = initial_weights(weight_table(net), 0)
    stored = tmp_path / "weights.safetensors"
    write_weights(stored, weights)
    model = onnx_model(net, weights)
    path = tmp_path / "model.onnx"
    files = write_model(model, path, stored=(stored.name, layout(stored)), largest=1000)
    assert files == (path,)
    assert path.stat().st_size < 2000
    onnx.checker.check_model(str(path))
    x = {"x": random(3, 50)}
    np.testing.assert_array_equal(run(str(path), x)["y"], run(model, x)["y"])


def test_transformed_weights_have_a_file_of_their_own(tmp_path: Path) -> None:
    net = wide()
    weights = initial_weights(weight_table(net), 0)
    stored = tmp_path / "weights.safetensors"
    write_weights(stored, weights)
    model = onnx_model(net, weights)
    path = tmp_path / "model.onnx"
    files = write_model(model, path, stored=(stored.name, layout(stored)), largest=1000)
    data = tmp_path / "model.onnx.data"
    assert files == (data, path)
    locations = {
        tensor.name: {entry.key: entry.value for entry in tensor.external_data}
        for tensor in onnx.load(path, load_external_data=False).graph.initializer
    }
    assert locations["first.weight/transpose_1_0"]["location"] == "model.onnx.data"
    assert locations["second.weight/transpose_1_0"]["offset"] == str(12288)
    assert locations["first.bias"]["location"] == "weights.safetensors"
    x = {"x": random(3, 4, 50)}
    np.testing.assert_array_equal(run(str(path), x)["y"], run(model, x)["y"])


def test_without_a_file_of_weights_all_large_tensors_go_to_the_data_file(tmp_path: Path) -> None:
    model = built(flat_wide())
    path = tmp_path / "net.onnx"
    files = write_model(model, path, largest=1000)
    assert [file.name for file in files] == ["net.onnx.data", "net.onnx"]
    x = {"x": random(3, 50)}
    np.testing.assert_array_equal(run(str(path), x)["y"], run(model, x)["y"])


def test_metadata_change_leaves_the_graph_as_it_is(tmp_path: Path) -> None:
    model = built(small(), doc="doc", metadata={"nnc.format": "1", "nnc.task": "other"})
    path = tmp_path / "model.onnx"
    write_model(model, path)
    with_metadata(path, {"nnc.task": "classification", "nnc.metrics": '{"accuracy": 0.97}'})
    after = onnx.load(path)
    assert {entry.key: entry.value for entry in after.metadata_props} == {
        "nnc.format": "1",
        "nnc.metrics": '{"accuracy": 0.97}',
        "nnc.task": "classification",
    }
    before = model.proto()
    assert after.graph.SerializeToString() == before.graph.SerializeToString()
    del before.metadata_props[:], after.metadata_props[:]
    assert after == before
    assert path.read_bytes() == onnx.load(path).SerializeToString(deterministic=True)


@pytest.mark.parametrize("content", [b"", b"\x3a", b"\x3a\xff\xff\xff\xff\x7f", b"no model at all"])
def test_metadata_of_what_is_no_model(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no ONNX model"):
        with_metadata(path, {"a": "b"})
    assert path.read_bytes() == content


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nnc.backends.onnx_file.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_model(built(small()), path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


def test_inner_values_as_outputs() -> None:
    model: OnnxModel = built(small())
    names = ["stem", "twist2.relu1", "digit"]
    found = run(model.with_outputs(names), {"image": random(2, 1, 8, 8)})
    assert set(found) == {"digit", "map", "stem", "twist2.relu1"}
    assert found["stem"].shape == (2, 4, 8, 8)
