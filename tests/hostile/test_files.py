"""Files of strangers through the command line: one message each, no code, no traceback, no wait."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import shutil
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from nnc.cli.main import run
from tests.hostile.both import nothing_happens

SPEC = """\
data flowers = bundled("iris")
network Small { input numbers: [4]; dense(3) as d; output species }
train Small { data flowers; loss cross_entropy; epochs 1; batch 50; metric accuracy }
"""
PICTURES = """\
data d = images("d")
network Small { input image: [1, 4, 4]; flatten -> dense(d.classes); output label }
train Small { data d; loss cross_entropy; epochs 1 }
"""
ARRAYS = """\
data d = arrays("d.npz", target=["y"])
network Small { input x: [4]; dense(d.classes); output y }
train Small { data d; loss cross_entropy; epochs 1 }
"""
TABLE = """\
data d = table("d.csv", target=["y"])
network Small { input numbers: [d.numbers]; dense(1); output y }
train Small { data d; loss mse; epochs 1 }
"""
IDX = """\
data d = idx("d")
network Small { input image: [1, 4, 4]; flatten -> dense(d.classes); output label }
train Small { data d; loss cross_entropy; epochs 1 }
"""
SECONDS = 20
"""No hostile file keeps the command longer, on a slow machine."""


class Sentinel:
    """A pickle of it makes a folder when it is loaded."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("touched",)


PICKLE = pickle.dumps(Sentinel())
Said = Callable[..., tuple[int, str]]


@pytest.fixture
def said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Said:
    """Runs `nnc` in an empty folder: its code and all that it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNC_CACHE", str(tmp_path / "cache"))

    def call(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        begun = time.process_time()
        with nothing_happens():
            code = run([str(word) for word in words])
        assert time.process_time() - begun < SECONDS
        text = "".join(capsys.readouterr())
        assert "Traceback" not in text
        assert "internal" not in text
        assert code != 70, text
        assert not Path("touched").exists()
        return code, text

    return call


def refused(said: Said, *words: object) -> str:
    """What a command says that must fail by a user's mistake, with one error."""
    code, text = said(*words)
    assert code == 1, text
    assert text.count("error") >= 1
    assert text.count("error[") <= 1, text
    return text


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a spec and its run."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "small.nn").write_text(SPEC)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert run(["train", "small.nn", "-q", "--threads", "1", "--out", "run"]) == 0
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def here(trained: Path, said: Said, tmp_path: Path) -> Path:
    """A copy of the run in the working folder."""
    shutil.copy(trained / "small.nn", tmp_path)
    shutil.copytree(trained / "run", tmp_path / "run")
    return tmp_path / "run"


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
KEYS = (
    *("format", "status", "network", "spec", "command", "overrides", "versions", "seeds", "data"),
    *("best", "metrics", "exports", "resumed", "precision", "device", "threads", "batch"),
)


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


# --- data ----------------------------------------------------------------------------------------


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return packed.getvalue()


def npy(shape: str, descr: str = "<f4", data: bytes = b"") -> bytes:
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (118 - len(head) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data


def objects() -> bytes:
    packed = io.BytesIO()
    np.savez(packed, x=np.array([Sentinel()], dtype=object), y=np.zeros(1, np.int64))
    return packed.getvalue()


ZIPS = {
    "nothing": b"",
    "a pickle": PICKLE,
    "objects": objects(),
    "pickled objects": zipped(**{"x.npy": npy("(1,)", "|O", PICKLE), "y.npy": npy("(1,)")}),
    "a shape beyond": zipped(**{"x.npy": npy("(1000000, 1000000)"), "y.npy": npy("(1,)")}),
    "a negative shape": zipped(**{"x.npy": npy("(-5, 4)"), "y.npy": npy("(1,)")}),
    "a bomb": zipped(**{"x.npy": bytes(200_000_000), "y.npy": npy("(1,)")}),
    "code in the header": zipped(**{"x.npy": npy("__import__('os').mkdir('touched')")}),
    "paths": zipped(**{"../../evil.npy": npy("(1,)", data=bytes(4)), "y.npy": npy("(1,)")}),
    "no arrays": zipped(a=b"x"),
    "cut": zipped(**{"x.npy": npy("(2, 4)", data=bytes(32))})[:-20],
}


@pytest.mark.parametrize("name", ZIPS)
def test_arrays(name: str, said: Said) -> None:
    Path("spec.nn").write_text(ARRAYS)
    Path("d.npz").write_bytes(ZIPS[name])
    refused(said, "data", "spec.nn")
    refused(said, "train", "spec.nn", "-q")
    assert not Path("..", "evil.npy").exists()


TABLES = {
    "nothing": b"",
    "a pickle": PICKLE,
    "no text": bytes(range(256)) * 10,
    "zeros": bytes(10_000),
    "one line": b"a" * 1_000_000,
    "columns": b",".join(b"c%d" % n for n in range(3_000)) + b"\n",
    "an open quote": b'x,y\n"1,2\n' + b"3,4\n" * 1000,
    "no target": b"x,z\n1,2\n",
    "doubled names": b"y,y\n1,2\n3,4\n",
    "infinite": b"x,y\n1e999,1\n2,nan\n3,inf\n",
    "formulas": b"x,y\n=cmd|' /C calc'!A0,1\n=1+1,2\n",
    "names that escape": b"\x1b[31mx,y\na,1\nb,2\n",
    "parquet in name only": b"PAR1" + bytes(100) + b"PAR1",
}


@pytest.mark.parametrize("name", TABLES)
def test_tables(name: str, said: Said) -> None:
    Path("spec.nn").write_text(TABLE)
    Path("d.csv").write_bytes(TABLES[name])
    for verb in (("data", "spec.nn"), ("train", "spec.nn", "-q", "--no-export")):
        code, text = said(*verb)
        assert code in (0, 1, 4), text
        assert "\x1b" not in text
    if name not in ("formulas", "names that escape", "infinite"):
        assert code == 1


def png(width: int, height: int, data: bytes = b"") -> bytes:
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(data)
    end = chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + end


IMAGES = {
    "nothing": b"",
    "a pickle": PICKLE,
    "a bomb": png(100_000, 100_000, bytes(1_000_000)),
    "no pixels": png(0, 0),
    "cut": png(8, 8, bytes(72))[:-30],
    "empty data": png(8, 8),
    "a text chunk bomb": png(4, 4, bytes(50_000_000)),
    "code": b"#!/bin/sh\ntouch touched\n",
    "svg": b"<svg><script>alert(1)</script></svg>",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(touched) (w) file\n",
    "tiff": b"II*\x00\xff\xff\xff\x7f" + bytes(64),
}


@pytest.mark.parametrize("name", IMAGES)
def test_pictures(name: str, said: Said) -> None:
    Path("spec.nn").write_text(PICTURES)
    for label in "ab":
        Path("d", label).mkdir(parents=True)
        for at in range(4):
            Path("d", label, f"{at}.png").write_bytes(png(4, 4, bytes(20)))
    Path("d", "a", "0.png").write_bytes(IMAGES[name])
    code, text = said("data", "spec.nn")
    assert code in (0, 1)
    if code:
        assert "0.png" in text
    assert code == 1 or name == "a text chunk bomb"


IDX_FILES = {
    "nothing": b"",
    "a pickle": PICKLE,
    "counts beyond": bytes([0, 0, 8, 3]) + b"\xff" * 12,
    "many axes": bytes([0, 0, 8, 255]) + b"\x00\x00\x00\x02" * 255,
    "a bomb": gzip.compress(bytes(300_000_000)),
    "cut": bytes([0, 0, 8, 3]) + struct.pack(">III", 9, 4, 4) + bytes(20),
}


@pytest.mark.parametrize("name", IDX_FILES)
def test_idx(name: str, said: Said) -> None:
    Path("spec.nn").write_text(IDX)
    Path("d").mkdir()
    end = ".gz" if name == "a bomb" else ""
    for word in ("train", "t10k"):
        Path("d", f"{word}-images-idx3-ubyte{end}").write_bytes(IDX_FILES[name])
        Path("d", f"{word}-labels-idx1-ubyte").write_bytes(
            bytes([0, 0, 8, 1, 0, 0, 0, 9]) + bytes(9)
        )
    refused(said, "data", "spec.nn")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/stdin", "/proc/self/mem", "\\x00", "a" * 5000])
def test_paths_that_are_no_files(path: str, said: Said) -> None:
    for spec in (ARRAYS, TABLE, PICTURES, IDX):
        name = "d.npz" if spec is ARRAYS else "d.csv" if spec is TABLE else "d"
        Path("spec.nn").write_text(spec.replace(f'"{name}"', f'"{path}"'))
        refused(said, "data", "spec.nn")
