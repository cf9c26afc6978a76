"""Weights, run folders and models of strangers: one message each, no code, no traceback."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from tests.hostile.conftest import PICKLE, SPEC, Said, refused

# --- weights -------------------------------------------------------------------------------------


def header(entries: object, data: bytes = b"") -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(start: int = 0, end: int = 48, dtype: str = "F32", shape: object = (3, 4)) -> object:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


WEIGHTS = {
    "nothing": b"",
    "a pickle": PICKLE,
    "a zip": b"PK\x03\x04" + bytes(100),
    "cut": header({"d.weight": tensor()}, bytes(20)),
    "a huge header": struct.pack("<Q", 2**62) + b"{}",
    "a header of brackets": header(b"[" * 1_000_000),
    "overlapping": header({"d.weight": tensor(), "d.bias": tensor(40, 52, shape=(3,))}, bytes(60)),
    "wrong type": header(
        {"d.weight": tensor(0, 24, "F16"), "d.bias": tensor(24, 36, "I32", (3,))}, bytes(36)
    ),
    "other shapes": header(
        {"d.weight": tensor(shape=(4, 3)), "d.bias": tensor(48, 60, shape=(3,))}, bytes(60)
    ),
    "other names": header({"__class__.__init__": tensor(), "../../x": tensor(48, 96)}, bytes(96)),
    "a huge tensor": header({"d.weight": tensor(0, 2**60, shape=(2**29, 2**29))}, bytes(8)),
    "no json": header(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights(name: str, said: Said) -> None:
    Path("small.nn").write_text(SPEC)
    Path("w.safetensors").write_bytes(WEIGHTS[name])
    refused(said, "build", "small.nn", "--weights", "w.safetensors", "-o", "out")
    assert not Path("out").exists() or not list(Path("out").glob("*.onnx"))


@pytest.mark.parametrize("name", ["a pickle", "cut", "overlapping", "other names"])
def test_weights_of_a_run(name: str, said: Said, here: Path) -> None:
    (here / "weights.safetensors").write_bytes(WEIGHTS[name])
    refused(said, "build", "run", "-o", "out")


# --- run folders ---------------------------------------------------------------------------------

VALUES = {
    "null": None,
    "text": "x",
    "huge": 10**400,
    "negative": -(2**70),
    "list": [[[[]]]],
    "true": True,
    "path": "../../../etc/passwd",
    "deep": {"a": {"b": {"c": [{}] * 50}}},
    "escape": "\x1b[31m\u202e",
}
VERBS = (("show", "run"), ("runs", "."), ("build", "run", "-o", "out"), ("eval", "run"))


@pytest.mark.parametrize("value", VALUES)
def test_records_with_other_values(value: str, said: Said, here: Path) -> None:
    """Each key of run.json and of data.json in turn holds something else."""
    for name, verbs in (("run.json", VERBS[:2]), ("data.json", VERBS[3:])):
        document = json.loads((here / name).read_text())
        for key in document:
            (here / name).write_text(json.dumps(document | {key: VALUES[value]}))
            for verb in verbs:
                assert said(*verb)[0] in (0, 1)
        (here / name).write_text(json.dumps(document))


BYTES = {
    "nothing": b"",
    "a pickle": PICKLE,
    "a list": b"[]",
    "brackets": b"[" * 200_000,
    "no text": b"\xff\xfe\xfd",
    "not a number": b'{"format": NaN}',
    "doubled": b'{"format": 1, "format": 2}',
    "digits": b'{"format": ' + b"9" * 100_000 + b"}",
}


@pytest.mark.parametrize("name", ["run.json", "data.json", "spec.nn", "model.onnx"])
@pytest.mark.parametrize("content", BYTES)
def test_broken_files_of_a_run(content: str, name: str, said: Said, here: Path) -> None:
    (here / name).write_bytes(BYTES[content])
    for verb in (*VERBS, ("run", "run", "x.csv")):
        assert said(*verb)[0] in (0, 1)
    assert said(*(VERBS[0] if name == "run.json" else VERBS[3]))[0] == 1


def test_missing_files_of_a_run(said: Said, here: Path) -> None:
    for path in sorted(p for p in here.rglob("*") if p.is_file()):
        data = path.read_bytes()
        path.unlink()
        for verb in VERBS:
            assert said(*verb)[0] in (0, 1), (path.name, verb)
        path.write_bytes(data)


def test_links_out_of_the_folder(said: Said, here: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    for name in ("run.json", "data.json", "spec.nn", "weights.safetensors", "model.onnx"):
        data = (here / name).read_bytes()
        (here / name).unlink()
        (here / name).symlink_to(secret)
        for verb in VERBS:
            code, text = said(*verb)
            assert "the secret" not in text, (name, verb)
            assert code == (0 if verb[0] == "runs" else 1)
        (here / name).unlink()
        (here / name).write_bytes(data)
    assert secret.read_text() == "the secret"


@pytest.mark.parametrize("path", ["../../secret", "/etc/passwd", "a/../../b", "C:\\x", "\x00"])
def test_paths_in_records_lead_nowhere(path: str, said: Said, here: Path, tmp_path: Path) -> None:
    document = json.loads((here / "run.json").read_text())
    for export in document["exports"]:
        export["file"] = path
    document["spec"] = path
    (here / "run.json").write_text(json.dumps(document))
    for verb in (*VERBS, ("run", "run", "x.csv")):
        code, text = said(*verb)
        assert code in (0, 1)
        assert "root:" not in text


def test_an_edited_spec(said: Said, here: Path) -> None:
    spec = here / "spec.nn"
    text = spec.read_text()
    spec.write_text(text.replace("dense(3)", "dense(4)"))
    refused(said, "build", "run", "-o", "out")
    spec.write_text(text.replace('bundled("iris")', 'images("/etc")'))
    refused(said, "eval", "run")
    spec.write_text("network N { input x: [99999999999]; dense(99999); output y }")
    refused(said, "build", "run", "-o", "out")


# --- models --------------------------------------------------------------------------------------


def onnx_bytes(*nodes: onnx.NodeProto, **more: object) -> bytes:
    made = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        more.get("initializer", []),
    )
    opset = [helper.make_opsetid("", 20)]
    return helper.make_model(made, opset_imports=opset, ir_version=9).SerializeToString()


def outside() -> TensorProto:
    found = TensorProto(name="w", dims=[4], data_type=TensorProto.FLOAT)
    found.data_location = TensorProto.EXTERNAL
    found.external_data.add(key="location", value="../../../../etc/passwd")
    return found


MODELS = {
    "nothing": b"",
    "a pickle": PICKLE,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "varints": b"\xff" * 1000,
    "a length beyond": b"\x3a\xff\xff\xff\xff\x0f",
    "cut": onnx_bytes(helper.make_node("Relu", ["x"], ["y"]))[:-9],
    "a strange operator": onnx_bytes(helper.make_node("Exec", ["x"], ["y"], domain="evil")),
    "data elsewhere": onnx_bytes(
        helper.make_node("Add", ["x", "w"], ["y"]), initializer=[outside()]
    ),
    "much memory": onnx_bytes(
        helper.make_node("ConstantOfShape", ["s"], ["y"]),
        initializer=[helper.make_tensor("s", TensorProto.INT64, [2], [2**40, 2**40])],
    ),
    "a loop": onnx_bytes(
        helper.make_node("Relu", ["z"], ["y"]), helper.make_node("Relu", ["y"], ["z"])
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_models(name: str, said: Said) -> None:
    Path("m.onnx").write_bytes(MODELS[name])
    Path("x.csv").write_text("a,b,c,d\n1,2,3,4\n")
    refused(said, "run", "m.onnx", "x.csv")
    assert said("show", "m.onnx")[0] in (0, 1)
