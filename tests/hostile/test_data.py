"""Arrays, tables, pictures and idx files of strangers: one message each, no code, no wait."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.hostile.conftest import PICKLE, Said, Sentinel, refused

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
