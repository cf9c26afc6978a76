"""The report of a bug: what is needed to find it, and nothing of the user's."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import traceback
from importlib import metadata
from pathlib import Path

from nnc import __version__
from nnc.cli.folders import cache_folder

PACKAGES = ("click", "lark", "numpy", "onnx", "onnxruntime", "torch")


def write_report(error: BaseException, args: list[str]) -> Path | None:
    """Writes the report into the cache folder and returns its path; None where that fails.

    It holds versions, the verb, the names of options, and functions and lines of code: no values,
    no messages (they quote what was read), no paths outside of packages, no names of users or
    machines.
    """
    text = report_text(error, args)
    name = f"crash-{hashlib.sha256(text.encode()).hexdigest()[:12]}.txt"
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(text, encoding="utf-8")
    except OSError:
        return None
    return path


def report_text(error: BaseException, args: list[str]) -> str:
    """The report: equal bugs make equal texts."""
    lines = [
        f"nnc {__version__}",
        f"python {platform.python_version()} on {platform.system()} {platform.machine()}",
        "packages " + ", ".join(_versions()),
        f"command nnc {' '.join(_shape(args))}",
        "",
    ]
    seen: BaseException | None = error
    while seen is not None:
        lines.extend(_frames(seen))
        lines.append(f"{type(seen).__module__}.{type(seen).__qualname__}")
        seen = seen.__cause__ or seen.__context__
        lines.append("" if seen is None else "caused by")
    return "\n".join(lines)


def _versions() -> list[str]:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            found.append(f"{package} -")
    return found


def _shape(args: list[str]) -> list[str]:
    """The verb and the names of the options; what they were given is left out."""
    from nnc.cli.main import VERBS

    return [
        arg if arg in VERBS else arg.partition("=")[0] if arg.startswith("-") else "..."
        for arg in args
    ]


def _frames(error: BaseException) -> list[str]:
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        frames.append(f"  {_module(frame.filename)}:{frame.lineno} in {frame.name}")
        if "/nnc/" in frame.filename.replace(os.sep, "/") and frame.line:
            frames.append(f"    {frame.line}")
    return frames


def _module(filename: str) -> str:
    """A file's name from its package on."""
    path = filename.replace(os.sep, "/")
    for root in sorted(sys.path, key=len, reverse=True):
        start = root.replace(os.sep, "/").rstrip("/") + "/"
        if len(start) > 1 and path.startswith(start):
            return path[len(start) :]
    return path.rsplit("/", 1)[-1]
