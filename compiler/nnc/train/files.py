"""Files that appear whole or not at all: flush to the disk, then an atomic rename."""

from __future__ import annotations

import os
from pathlib import Path

from nnc.source import Source, Span


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file so that a crash at any moment leaves the old one or the new one.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text with plain newlines, like `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def sync_folder(path: Path) -> None:
    """Makes the names in a folder survive a power cut, where the system can."""
    if os.name == "nt":  # Windows cannot open folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:  # some network file systems refuse; the rename itself was atomic
        pass
    finally:
        os.close(handle)


def file_span(path: Path | str) -> Span:
    """A place for messages about a file that is no source text."""
    return Span(Source(str(path).replace("\\", "/"), ""), 0, 0)
