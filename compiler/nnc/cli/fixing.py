"""`nnc check --fix`: fixes written into files, or shown as a diff."""

from __future__ import annotations

import difflib
import os
import sys
import tempfile

from nnc.check.fixes import Fixed
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.diagnostics import Diagnostic
from nnc.render.text import paint, visible
from nnc.source import Source

MARK = b"\xef\xbb\xbf"
COLORS = {"+": "good", "-": "bad", "@": "gutter"}
NO_NEWLINE = "\n\\ No newline at end of file\n"


def write(path: str, source: Source, text: str) -> None:
    """Replaces a file's text at one stroke; its mark of UTF-8, its rights and links to it stay.

    Raises:
        Refusal: the file has changed since it was read.
    """
    target = os.path.realpath(path)
    with open(target, "rb") as file:
        content = file.read()
    mark = MARK if content.startswith(MARK) else b""
    if content[len(mark) :] != source.text.encode():
        raise unusable(f"{relative(path)} has changed while it was checked", help="try again")
    number, part = tempfile.mkstemp(prefix=".nnc-", suffix=".part", dir=os.path.dirname(target))
    try:
        with os.fdopen(number, "wb") as file:
            file.write(mark + text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, os.stat(target).st_mode & 0o7777)
        os.replace(part, target)
    except BaseException:
        os.unlink(part)
        raise


def told(done: Fixed, console: Console) -> None:
    """One line a fix: where, what stood there, what stands there now."""
    for diagnostic in done.done:
        console.note(f"fixed     {console.shown(_line(diagnostic))}")


def _line(diagnostic: Diagnostic) -> str:
    fix = diagnostic.fix
    assert fix is not None
    old, new = _short(fix.span.text), _short(fix.text)
    if not old:
        what = f"inserted `{new}`" if new else "inserted a blank"
    else:
        what = f"`{old}` is now `{new}`" if new else f"deleted `{old}`"
    return f"{fix.span.where()}  {diagnostic.code}  {what}"


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else f"{words[:57]}..."


def diff(source: Source, text: str, console: Console) -> str:
    """A unified diff of a text and what it would become, as it is where a program reads it."""
    old, new = _lines(source.text), _lines(text)
    made = list(difflib.unified_diff(old, new, source.name, source.name))
    look = console.out
    if not (look.color or sys.stdout.isatty()):
        return "".join(f"{line}{NO_NEWLINE}" if line[-1] != "\n" else line for line in made)
    shown = []
    for line in made:
        heading = line.startswith(("+++", "---"))
        style = "bold" if heading else COLORS.get(line[0], "")
        seen = visible(line.rstrip("\r\n"), look)
        shown.append(f"{paint(seen, style, look) if style else seen}\n")
    return "".join(shown)


def _lines(text: str) -> list[str]:
    """The lines with their ends, which alone is what a patch calls a line."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
