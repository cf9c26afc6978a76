"""Diagnostics as GitHub workflow commands, which annotate the lines of a pull request.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterable

from nnc.diagnostics import Diagnostic
from nnc.render.text import PLAIN, visible
from nnc.source import NOWHERE


def commands(diagnostics: Iterable[Diagnostic]) -> str:
    """One line a diagnostic, each with a newline; nothing for none."""
    return "".join(f"{command(d)}\n" for d in diagnostics)


def command(diagnostic: Diagnostic) -> str:
    """`::error file=a.nn,line=3,endLine=3,col=17,endColumn=22,title=NN101::...`.

    Columns are given only where the place lies on one line: GitHub takes them no other way.
    """
    properties = {**_place(diagnostic), "title": diagnostic.code}
    said = [diagnostic.message, *diagnostic.notes]
    if diagnostic.help:
        said.append(f"help: {diagnostic.help}")
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    lines = [visible(line, PLAIN) for text in said for line in text.split("\n")]
    return f"::{diagnostic.severity} {listed}::{_data(chr(10).join(lines))}"


def _place(diagnostic: Diagnostic) -> dict[str, str]:
    span = diagnostic.span
    if span.source is NOWHERE.source:
        return {}
    if not span.source.text:  # a file that cannot be read has no lines
        return {"file": span.source.name}
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    place = {"file": span.source.name, "line": str(line), "endLine": str(end_line)}
    if line == end_line:
        place |= {"col": str(column), "endColumn": str(max(end_column, column + 1))}
    return place


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
