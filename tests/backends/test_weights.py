"""weights.safetensors: the same bytes each time, and a stranger's file can do no harm."""

from __future__ import annotations

import builtins
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from nnc.backends.initial import initial_weights
from nnc.backends.weights import layout, match, read_matching, read_weights, write_weights
from nnc.diagnostics import Refusal
from nnc.ir.walk import weight_table
from tests.ir.graphs import small

TABLE = weight_table(small())
WEIGHTS = initial_weights(TABLE, 0)


def test_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    write_weights(path, WEIGHTS)
    first = path.read_bytes()
    write_weights(path, dict(reversed(WEIGHTS.items())))
    assert path.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["weights.safetensors"]
    found = read_weights(path, TABLE)
    assert list(found) == [row.name for row in TABLE]
    for name, array in found.items():
        np.testing.assert_array_equal(array, WEIGHTS[name])
        assert array.dtype == WEIGHTS[name].dtype
        assert array.shape == WEIGHTS[name].shape


def test_layout_points_at_the_numbers(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    write_weights(path, WEIGHTS)
    whole = path.read_bytes()
    places = layout(path)
    assert set(places) == set(WEIGHTS)
    for name, (offset, length) in places.items():
        assert whole[offset : offset + length] == WEIGHTS[name].tobytes()


def test_other_element_types_are_converted(tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    half = {n: a.astype(np.float16) if a.dtype == np.float32 else a for n, a in WEIGHTS.items()}
    save_file(half, path)
    found = read_weights(path, TABLE)
    assert found["stem.weight"].dtype == np.float32
    np.testing.assert_allclose(found["stem.weight"], WEIGHTS["stem.weight"], atol=1e-3)
    words = {n: a.astype(np.int32) if n == "stem.bias" else a for n, a in WEIGHTS.items()}
    save_file(words, path)
    with pytest.raises(Refusal) as caught:
        read_weights(path, TABLE)
    assert caught.value.diagnostics[0].notes == ("stem.bias is I32, which is no float32",)


def header(entries: Any, data: bytes = b"") -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(shape: Any = (2,), start: int = 0, end: int = 8, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


HOSTILE = {
    "empty": b"",
    "too short": b"\x01\x02",
    "a pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94",
    "cut off": header({"a": entry()}, b"1234"),
    "too long": header({"a": entry()}, b"123456789012"),
    "header longer than the file": struct.pack("<Q", 5000) + b"{}",
    "huge header": struct.pack("<Q", 2**63) + b"{}",
    "no json": header(b"{{{{{{{{"),
    "a list": header([1, 2]),
    "nested": header(b"[" * 100_000),
    "overlap": header({"a": entry(), "b": entry(start=4, end=12)}, bytes(12)),
    "gap": header({"a": entry(), "b": entry(start=12, end=20)}, bytes(20)),
    "backwards": header({"a": entry(start=8, end=0)}, bytes(8)),
    "negative": header({"a": entry((-2,))}, bytes(8)),
    "too many elements": header({"a": entry((2**62, 2**62))}, bytes(8)),
    "shape that does not fit": header({"a": entry((3,))}, bytes(8)),
    "unknown type": header({"a": entry(dtype="OBJECT")}, bytes(8)),
    "text for a number": header({"a": entry() | {"shape": ["2"]}}, bytes(8)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_give_one_diagnostic(name: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(HOSTILE[name])
    for read in (lambda: read_weights(path, TABLE), lambda: layout(path)):
        with pytest.raises(Refusal) as caught:
            read()
        (found,) = caught.value.diagnostics
        assert found.code == "NN544"
        assert "weights.safetensors is no readable file of weights" in found.message
        assert all(note.isprintable() and len(note) <= 200 for note in found.notes)


@pytest.mark.parametrize("old", [False, True], ids=["zip", "pickle"])
def test_a_pytorch_file_is_told_how_to_be_converted(tmp_path: Path, old: bool) -> None:
    path = tmp_path / "net.pt"
    weights = {"dense1.weight": torch.ones(2, 3)}
    torch.save(weights, path, _use_new_zipfile_serialization=not old)
    with pytest.raises(Refusal, match=r"net.pt is a PyTorch file") as caught:
        read_weights(path, ())
    help = caught.value.diagnostics[0].help
    start, line, end = help.split('"')
    assert (start, end) == ("convert it: python -c ", "")
    command = [sys.executable, "-c", line]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)
    assert load_file(tmp_path / "net.safetensors").keys() == weights.keys()


def test_weights_of_another_network_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    other = dict(WEIGHTS)
    other["stems.bias"] = other.pop("stem.bias")
    other["dense1.weight"] = np.zeros((7, 4), np.float32)
    other["evil\x1b[31m\n"] = np.zeros(1, np.float32)
    save_file(other, path)
    with pytest.raises(Refusal) as caught:
        read_weights(path, TABLE)
    (found,) = caught.value.diagnostics
    assert found.code == "NN545"
    assert found.message.endswith("1 of other sizes, 1 missing, 2 unexpected")
    assert "dense1.weight is [7, 4] in the file, [10, 4] in the network" in found.notes
    assert "stem.bias is missing; the file has stems.bias" in found.notes
    assert r"evil\x1b[31m\x0a is not in the network" in found.notes
    assert found.labels[1].span.line == 9  # the layer that lacks its bias
    taken, fit = read_matching(path, TABLE)
    assert fit.missing == ("stem.bias",)
    assert set(taken) == set(WEIGHTS) - {"stem.bias", "dense1.weight"}


def test_match_of_the_same_names() -> None:
    assert match({name: a.shape for name, a in WEIGHTS.items()}, TABLE).complete


def test_without_the_package_one_line_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights.safetensors"
    write_weights(path, WEIGHTS)
    ordinary = builtins.__import__

    def refusing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("safetensors"):
            raise ImportError(name)
        return ordinary(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refusing)
    for act in (lambda: read_weights(path, TABLE), lambda: write_weights(path, WEIGHTS)):
        with pytest.raises(Refusal, match="needs the package safetensors") as caught:
            act()
        assert "nnc-compiler[cpu]" in caught.value.diagnostics[0].help


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights.safetensors"
    write_weights(path, WEIGHTS)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nnc.backends.weights.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_weights(path, {})
    assert set(load_file(path)) == set(WEIGHTS)
    assert [p.name for p in tmp_path.iterdir()] == ["weights.safetensors"]
