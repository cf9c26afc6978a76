"""Reading texts: encodings, sizes, pipes."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from nnc.diagnostics import Refusal
from nnc.syntax.files import LIMIT
from nnc.syntax.parser import parse, read_source


def refusal(path: str) -> str:
    with pytest.raises(Refusal) as caught:
        read_source(path, "spec.nn")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "NN025"
    assert diagnostic.span.where() == "spec.nn:1:1"
    return diagnostic.message


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.nn"
    path.write_bytes(b"\xef\xbb\xbfnetwork A {\r\n  input x: [3]\r\n}\r\n")
    file, diagnostics = parse(read_source(str(path), "a.nn"))
    assert not diagnostics
    assert file.source.name == "a.nn"
    assert file.declarations[0].span.where() == "a.nn:1:1"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("# \u00fc\n".encode())))
    source = read_source("-")
    assert (source.name, source.text) == ("-", "# \u00fc\n")


@pytest.mark.parametrize(
    "content, message",
    [
        (b"network\0", "this is no text"),
        (b"\x89PNG\r\n\x1a\n\0", "this is a picture (PNG)"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "this is a picture (JPEG)"),
        (
            b"PK\x03\x04\0archive/data.pkl",
            "this is a checkpoint of PyTorch (.pt), which nnc never opens",
        ),
        (b"PK\x03\x04\0images.npy", "these are arrays of NumPy (.npz)"),
        (b"\x08\t\x12\x03nnc\x1a\x000\0", "this is an ONNX model"),
        (b"X\0\0\0\0\0\0\0" + b'{"a":{"dtype":"F32"}}', "these are weights (safetensors)"),
        (b"\x80\x04\x95\0\0", "this is a pickle of Python, which nnc never opens"),
        (b"# a\n# caf\xe9\n", "the byte 0xE9 in line 2 is not UTF-8"),
        ("network".encode("utf-16"), "this text is in UTF-16"),
        (b"#" * (LIMIT + 1), "a text may hold 16 MB; this one is larger"),
    ],
    ids=lambda value: str(len(value)),
)
def test_what_is_no_text(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.nn"
    path.write_bytes(content)
    assert refusal(str(path)) == message


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    assert refusal(str(tmp_path / "no.nn")) == "cannot read `spec.nn`: there is no such file"
    assert refusal(str(tmp_path)) == "cannot read `spec.nn`: it is a folder"
