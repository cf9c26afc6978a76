"""Models of strangers are looked at before they are loaded; what is wrong is one refusal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from nnc.deploy.look import look, metadata_of
from nnc.deploy.session import Session
from nnc.diagnostics import Refusal
from tests.deploy import small


def model(nodes: list[onnx.NodeProto], **more: Any) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        more.pop("initializer", []),
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9, **more
    )


def relu() -> onnx.ModelProto:
    return model([helper.make_node("Relu", ["x"], ["y"])])


def code(data: bytes | Path) -> str:
    with pytest.raises(Refusal) as refused:
        Session(data).run({"x": np.zeros((1, 2), np.float32)})
    assert len(refused.value.diagnostics) == 1
    return refused.value.diagnostics[0].code


def test_a_foreign_model_runs() -> None:
    session = Session(relu().SerializeToString())
    assert session.about.network == ""
    assert session.opset == 20
    y = session.run({"x": np.array([[-1, 2]], np.float32)})["y"]
    assert y.tolist() == [[0, 2]]


@pytest.mark.parametrize(
    "data",
    [
        b"no model",
        b"",
        b"\x80" * 100,
        b"\x0b" * 100,
        relu().SerializeToString()[:-5],
        b"\x08\x09",
        relu().SerializeToString() + b"\xff",
    ],
)
def test_no_model(data: bytes, tmp_path: Path) -> None:
    assert code(data) == "NN550"
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    assert code(path) == "NN550"


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "a/b", "C:\\x", "..", "link"])
def test_files_outside_the_folder_are_not_read(location: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    tensor = TensorProto(name="w", dims=[2], data_type=TensorProto.FLOAT)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    made = model([helper.make_node("Add", ["x", "w"], ["y"])], initializer=[tensor])
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    assert code(path) == "NN552"
    inner = model([helper.make_node("Constant", [], ["y"], value=tensor)])
    path.write_bytes(inner.SerializeToString())
    assert code(path) == "NN552"


def test_loops_and_strange_operators_are_refused() -> None:
    body = relu().graph
    loop = model([helper.make_node("Loop", ["", "", "x"], ["y"], body=body)])
    assert code(loop.SerializeToString()) == "NN552"
    strange = model([helper.make_node("Shell", ["x"], ["y"], domain="evil")])
    assert code(strange.SerializeToString()) == "NN552"
    function = helper.make_function(
        "f",
        "F",
        ["a"],
        ["b"],
        [helper.make_node("Relu", ["a"], ["b"])],
        [helper.make_opsetid("", 20)],
    )
    assert code(model([], functions=[function]).SerializeToString()) == "NN552"


def test_more_memory_than_there_is_is_refused() -> None:
    shape = helper.make_tensor("s", TensorProto.INT64, [2], [2**31, 2**31])
    made = model([helper.make_node("ConstantOfShape", ["s"], ["y"])], initializer=[shape])
    assert code(made.SerializeToString()) in ("NN552", "NN553")


def test_what_the_runtime_does_not_take_is_refused() -> None:
    assert code(model([helper.make_node("NoSuch", ["x"], ["y"])]).SerializeToString()) == "NN553"


@pytest.mark.parametrize(
    "key,value",
    [
        ("nnc.inputs", "[" * 5000),
        ("nnc.inputs", "{"),
        ("nnc.inputs", '[{"name": 3}]'),
        ("nnc.labels", "[]"),
        ("nnc.outputs", '[{"name": "y", "mean": ["a"], "std": [1]}]'),
        ("nnc.outputs", '[{"name": "y", "mean": [0], "std": [1], "fit": "fill"}]'),
        ("nnc.sizes", '[{"symbol": "H", "modulus": 0}]'),
        ("nnc.format", "2"),
    ],
)
def test_metadata_of_a_stranger(key: str, value: str) -> None:
    made = relu()
    for name, text in {"nnc.format": "1", key: value}.items():
        made.metadata_props.add(key=name, value=text)
    assert code(made.SerializeToString()) == "NN550"


@pytest.mark.parametrize(
    "feeds,words",
    [
        ({}, "the input `image` is missing"),
        ({"image": np.zeros((1, 1, 6, 6), np.float32)}, "is uint8[batch,1,6,6], not float32"),
        ({"image": np.zeros((1, 1, 6, 7), np.uint8)}, "not [1, 1, 6, 7]"),
        ({"image": np.zeros((1, 6, 6), np.uint8)}, "not uint8[1, 6, 6]"),
    ],
)
def test_inputs_that_do_not_fit(feeds: dict[str, Any], words: str, tmp_path: Path) -> None:
    file = small.exported(small.PICTURES, small.PICTURES_PROFILE, tmp_path / "model.onnx")
    with pytest.raises(Refusal) as refused:
        Session(file.path).run(feeds)
    assert words in refused.value.diagnostics[0].message


def test_conditions_hold_at_use(tmp_path: Path) -> None:
    text = """
network N {
  input x: [1, H, 4]
  add { path { } path { max_pool(2) -> conv_transpose(1, 2, stride=2) } }
  output y: [1, H, 4]
}"""
    file = small.exported(text, None, tmp_path / "model.onnx")
    session = Session(file.path)
    assert session.run({"x": np.zeros((2, 1, 6, 4), np.float32)})["y"].shape == (2, 1, 6, 4)
    with pytest.raises(Refusal) as refused:
        session.run({"x": np.zeros((2, 1, 5, 4), np.float32)})
    assert refused.value.diagnostics[0].message == "H is 5, but H must be a multiple of 2"


def test_metadata_need_no_runtime(tmp_path: Path) -> None:
    file = small.exported(small.PICTURES, small.PICTURES_PROFILE, tmp_path / "model.onnx")
    assert metadata_of(file.path)["nnc.network"] == "Small"
    found = look(file.path)
    assert found.ir_version == 9
    assert ("", "Conv") in found.operators


def test_without_onnxruntime_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(Refusal) as refused:
        Session(relu().SerializeToString())
    assert "onnxruntime" in refused.value.diagnostics[0].message
    assert "nnc-compiler[cpu]" in refused.value.diagnostics[0].help


def test_running_a_model_needs_no_torch() -> None:
    script = (
        "import sys, nnc.deploy.predict, nnc.deploy.session, nnc.deploy.evaluate;"
        "print([m for m in ('torch', 'onnx', 'onnxruntime') if m in sys.modules])"
    )
    made = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == "[]"


def test_damaged_files_are_refused_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = small.exported(small.PICTURES, small.PICTURES_PROFILE, tmp_path / "model.onnx")
    data = file.path.read_bytes()
    draw = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        damaged = bytearray(data)
        for at in draw.integers(0, len(data), 3):
            damaged[at] = int(draw.integers(0, 256))
        try:
            Session(bytes(damaged)).run({"image": np.zeros((1, 1, 6, 6), np.uint8)})
        except Refusal as refusal:
            refused += len(refusal.diagnostics)
    assert refused > 20
    assert capfd.readouterr() == ("", "")
