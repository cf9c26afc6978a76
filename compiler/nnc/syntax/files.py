"""Texts from files and pipes: UTF-8, at most 16 MB, or one clear message."""

from __future__ import annotations

import sys

from nnc.diagnostics import Refusal
from nnc.source import Source, Span
from nnc.syntax import rules
from nnc.syntax.kinds import of_bytes

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
    try:
        text = content.decode("utf-8-sig")
        if "\0" not in text and content[:4] not in (b"PK\x03\x04", b"%PDF"):
            return text
        raise _other(content, name)
    except UnicodeDecodeError as error:
        if b"\0" in content[:4096] or content[:2] in (b"\xff\xd8", b"\x1f\x8b", b"\x80\x04"):
            raise _other(content, name) from None
        line = content.count(b"\n", 0, error.start) + 1
        what = f"the byte 0x{content[error.start]:02X} in line {line} is not UTF-8"
        raise _refusal(name, what, "save the text as UTF-8") from None


def _other(content: bytes, name: str) -> Refusal:
    """The refusal of a file that is no text."""
    what, help_ = of_bytes(content)
    these = what.startswith(("arrays", "weights"))
    return _refusal(name, f"{'these are' if these else 'this is'} {what}", help_)


def _reason(error: OSError) -> str:
    reasons: dict[type[OSError], str] = {
        FileNotFoundError: "there is no such file",
        IsADirectoryError: "it is a folder",
        PermissionError: "access is denied",
    }
    return reasons.get(type(error)) or (error.strerror or "input failed").lower()


def _refusal(name: str, message: str, help_: str = "") -> Refusal:
    return Refusal(rules.UNREADABLE.at(Span(Source(name, ""), 0, 0), message, help=help_))
