"""Where the files of a data block stand, and what lies in a folder."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from nnc.diagnostics import nearest
from nnc.ir.plan import DataPlan
from nnc.train.data.pictures import ENDINGS
from nnc.train.data.rules import NOT_FOUND, refusal

_MOST_FILES = 20_000_000
_IGNORED = frozenset(("thumbs.db", "desktop.ini", "__macosx"))


class Listing(NamedTuple):
    """Files below a folder: relative paths with forward slashes, sorted by code points.

    `others` counts files with other endings, which are not read.
    """

    files: tuple[str, ...]
    others: Counter[str]


def located(plan: DataPlan, text: str, *, beside: Path | None = None) -> Path:
    """The file or folder that a text of the data block names.

    Args:
        beside: a second folder to look in, for files that go with the data.

    Raises:
        Refusal: nothing is there.
    """
    path = _resolved(plan, text, moved=plan.moved and text == plan.path)
    for found in (path, *([] if beside is None else [beside / text])):
        if found.is_file() or found.is_dir():
            return found
        if found.exists():  # a device or a pipe never ends
            raise refusal(NOT_FOUND, plan, f"`{text}` is neither a file nor a folder")
    advice = ""
    if path.parent.is_dir():
        beside_it = [e for e in os.listdir(path.parent) if e[:1] != "." and not e.endswith(".nn")]
        close = nearest(path.name, beside_it)
        advice = (
            f"did you mean `{(PurePosixPath(text).parent / close).as_posix()}`?" if close else ""
        )
    of = "the folder you are in" if plan.moved else "the folder of the .nn file"
    raise refusal(NOT_FOUND, plan, f"there is no `{text}`", advice, f"paths are relative to {of}")


def _resolved(plan: DataPlan, text: str, *, moved: bool) -> Path:
    path = Path(text).expanduser() if text.startswith("~") else Path(text)
    return path if moved or path.is_absolute() else Path(plan.root) / path


def folder(plan: DataPlan, text: str, *, beside: Path | None = None) -> Path:
    """The folder that a text of the data block names.

    Raises:
        Refusal: nothing is there, or it is a file.
    """
    path = located(plan, text, beside=beside)
    if not path.is_dir():
        raise refusal(NOT_FOUND, plan, f"`{text}` is a file, a folder is needed")
    return path


def shown(path: str) -> str:
    """A path as profiles and messages carry it: never absolute, never a user's home."""
    slashed = path.replace("\\", "/")
    if slashed.startswith(("/", "~")) or slashed[1:3] == ":/":
        return PurePosixPath(slashed.rstrip("/")).name
    return slashed


def hidden(name: str) -> bool:
    """Files that systems leave behind, and those a person hid."""
    return name.startswith((".", "~$")) or name.lower() in _IGNORED


def subfolders(root: Path) -> list[str]:
    """Names of the folders in a folder, sorted by code points."""
    with os.scandir(root) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not hidden(e.name))


def listing(root: Path, endings: frozenset[str] = ENDINGS) -> Listing:
    """The files with these endings below a folder; links to folders are not followed."""
    files: list[str] = []
    others: Counter[str] = Counter()
    base = len(str(root).rstrip(os.sep)) + 1
    for where, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not hidden(name))
        below = where[base:].replace(os.sep, "/")
        for name in names:
            if hidden(name):
                continue
            ending = os.path.splitext(name)[1].lower()
            if ending in endings:
                files.append(f"{below}/{name}" if below else name)
            else:
                others[ending or name] += 1
        if len(files) > _MOST_FILES:
            break
    return Listing(tuple(sorted(files)), others)


def identity(relative: str) -> bytes:
    """A relative path as bytes, the same on systems that store accents differently."""
    return unicodedata.normalize("NFC", relative).encode("utf-8", "surrogateescape")


def stem(relative: str) -> str:
    """A relative path without the ending."""
    return os.path.splitext(relative)[0]
