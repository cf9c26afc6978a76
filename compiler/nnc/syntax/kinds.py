"""What a file is that is no spec: told by its first bytes, or by lines that no spec has."""

from __future__ import annotations

import re

from nnc.diagnostics import Diagnostic
from nnc.source import Source, Span
from nnc.syntax import rules

TAKES = "nnc takes specs, such as `network Net { input x: [4]; dense(2); output y }`"
LOOKED_AT = 20_000
"""Characters at the beginning of a text that tell its kind."""

_MAGIC = (
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"BM", "a picture (BMP)"),
    (b"II*\0", "a picture (TIFF)"),
    (b"MM\0*", "a picture (TIFF)"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
    (b"\x89HDF", "an HDF5 file, as Keras saves models"),
    (b"\x93NUMPY", "an array of NumPy"),
    (b"PAR1", "a table (Parquet)"),
    (b"SQLite format 3", "a database (SQLite)"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)  # fmt: skip
_PICTURE = 'a picture is data: `data photos = images("FOLDER")`, or `nnc run MODEL PICTURE`'
_MODEL = "a model is run with `nnc run MODEL INPUT` and shown with `nnc show MODEL`"
_ARRAY = 'arrays are data: `data waves = arrays("FILE.npz")`'


def of_bytes(content: bytes) -> tuple[str, str]:
    """What bytes that are no text look like, and what nnc does with such a file."""
    head = content[:64]
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return what, _help(what)
    if head.startswith(b"RIFF"):
        webp = head[8:12] == b"WEBP"
        return ("a picture (WebP)", _PICTURE) if webp else ("a sound (WAV)", TAKES)
    if head.startswith(b"PK\x03\x04"):
        return _zip(content)
    if head[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        return "a pickle of Python, which nnc never opens", TAKES
    if head[8:9] == b"{" and b'"dtype"' in content[:4096]:
        help = "weights go with a spec: `nnc build SPEC --weights FILE`"
        return "weights (safetensors)", help
    if head[:1] == b"\x08" and re.search(rb"nnc|pytorch|onnx|tf2onnx|\x12", content[:200]):
        return "an ONNX model", _MODEL
    return "no text", TAKES


def _help(what: str) -> str:
    return _PICTURE if "picture" in what else _ARRAY if "NumPy" in what else TAKES


def _zip(content: bytes) -> tuple[str, str]:
    names = content[:2000]
    if b"data.pkl" in names or b"archive/" in names:
        return "a checkpoint of PyTorch (.pt), which nnc never opens", TAKES
    if b".npy" in names:
        return "arrays of NumPy (.npz)", _ARRAY
    if b"word/" in names or b"xl/" in names or b"[Content_Types]" in names:
        return "an Office document", TAKES
    if b"config.json" in names:
        return "a model of Keras", TAKES
    return "an archive (zip)", TAKES


_PYTHON = (
    r"^(?:import [\w.]+(?: as \w+)?(?:, *[\w.]+)*\s*(?:#.*)?$|from [\w.]+ import |"
    r"(?:async )?def \w+\(.*\).*:\s*(?:#.*)?$|class \w+(?:\(.*\))?:\s*(?:#.*)?$|@\w+[\w.(]*|"
    r"if __name__ ==|print\(|\w+ = (?:\w+\.)*Sequential\(|model\.add\()"
)
_YAML = r"^(?:---\s*$|[\w.-]+:(?:\s+[^\s{].*|\s*)$|\s*- [\w\"'])"
_CAFFE = r"^\s*layers?\s*\{\s*$|^\s*bottom:\s*[\"']"
_TOML = r"^\[[\w.\"-]+\]\s*$|^\[\[[\w.]+\]\]\s*$"
_FENCE = r"^(?:```|~~~)"
_LINK = r"^(?:[-*] .*|\d+\. .*|.*\]\(\S+\).*|={3,}|-{3,}|\|.*\|)$"


def of_text(source: Source, whole: bool) -> Diagnostic | None:
    """One message for a text that is something else, in place of many.

    Args:
        whole: nothing in it is a declaration of this language.
    """
    text = source.text[:LOOKED_AT]
    found = re.search(_FENCE, text, re.MULTILINE)
    if found is not None:
        return _other(source, found, "Markdown", "its ```nn blocks are specs: copy one to a file")
    if not whole:
        return None
    begins = re.search(r"\S", text)
    if begins is None:
        return None
    first = begins[0]
    if first in "{[" and re.match(r"[{\[]\s*(?:[\"{\[\d]|$)", text[begins.start() :]):
        return _other(source, begins, "JSON", TAKES)
    if first == "<":
        return _other(source, begins, "HTML or XML", TAKES)
    if text.startswith("#!") and "python" not in text[:80]:
        return _other(source, begins, "a script", TAKES)
    return _lines(source, text)


def _lines(source: Source, text: str) -> Diagnostic | None:
    """Texts that are known by their lines."""
    python = re.search(_PYTHON, text, re.MULTILINE)
    if python is not None:
        return _other(source, python, "Python", TAKES)
    caffe = re.search(_CAFFE, text, re.MULTILINE)
    if caffe is not None:
        return _other(source, caffe, "a prototxt of Caffe", TAKES)
    toml = re.search(_TOML, text, re.MULTILINE)
    if toml is not None:
        return _other(source, toml, "TOML", TAKES)
    lines = [line for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]
    yaml = re.findall(_YAML, text, re.MULTILINE)
    if len(lines) > 1 and len(yaml) * 2 > len(lines):
        found = re.search(_YAML, text, re.MULTILINE)
        assert found is not None
        help = "bodies stand in braces: `network Net { input x: [4]; dense(2); output y }`"
        return _other(source, found, "YAML", help)
    commas = {line.count(",") for line in lines[:20]}
    if len(lines) > 2 and len(commas) == 1 and commas != {0}:
        found = re.search(r"\S", text)
        assert found is not None
        help = 'a table is data: `data t = table("FILE", target=["COLUMN"])`'
        return _other(source, found, "a table (CSV)", help)
    link = re.search(_LINK, text, re.MULTILINE)
    if link is not None and len(lines) > 2:
        return _other(source, link, "Markdown", TAKES)
    return None


def _other(source: Source, found: re.Match[str], what: str, help: str) -> Diagnostic:
    start = found.start() + len(found[0]) - len(found[0].lstrip())
    end = source.text.find("\n", start, start + 200)
    stop = max(start + 1, end if end >= 0 else min(len(source.text), start + 200))
    return rules.UNREADABLE.at(
        Span(source, start, stop), f"this looks like {what}, not like a spec", help=help
    )
