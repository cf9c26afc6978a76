"""Texts from files and pipes: UTF-8, at most 16 MB, or one clear message."""

from __future__ import annotations

import sys

from nnc.diagnostics import Refusal
from nnc.source import Source, Span
from nnc.syntax import rules

LIMIT = 16_000_000  # bytes


def read_source(path: str, shown: str = "") -> Source:
    """The text of a file, or of standard input for `-`; a byte order mark is skipped.

    Args:
        path: as the system takes it.
        shown: the name in messages; `path` with forward slashes if it is empty.

    Raises:
        Refusal: the file cannot be read, is larger than 16 MB, or holds no text in UTF-8.
    """
    name = shown or path.replace("\\", "/")
    try:
        if path == "-":
            content = sys.stdin.buffer.read(LIMIT + 1)
        else:
            with open(path, "rb") as file:
                content = file.read(LIMIT + 1)
    except OSError as error:
        raise _refusal(name, f"cannot read `{name}`: {_reason(error)}") from None
    if len(content) > LIMIT:
        raise _refusal(name, "a text may hold 16 MB; this one is larger")
    return Source(name, decoded(content, name))


def decoded(content: bytes, name: str) -> str:
    """Bytes as text.

    Raises:
        Refusal: they are no text in UTF-8.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _refusal(name, "this text is in UTF-16", "save it as UTF-8")
    if b"\0" in content:
        raise _refusal(name, "this is no text: it holds zero bytes", "give a `.nn` file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"the byte 0x{content[error.start]:02X} in line {line} is not UTF-8"
        raise _refusal(name, what, "save the text as UTF-8") from None


def _reason(error: OSError) -> str:
    reasons: dict[type[OSError], str] = {
        FileNotFoundError: "there is no such file",
        IsADirectoryError: "it is a folder",
        PermissionError: "access is denied",
    }
    return reasons.get(type(error)) or (error.strerror or "input failed").lower()


def _refusal(name: str, message: str, help_: str = "") -> Refusal:
    return Refusal(rules.UNREADABLE.at(Span(Source(name, ""), 0, 0), message, help=help_))
