"""Diagnostics and networks as JSON documents: format 1, to which fields are only ever added."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Union

from nnc.diagnostics import Diagnostic, Fix
from nnc.source import NOWHERE, Span

FORMAT = 1

Json = Union[None, bool, int, float, str, Sequence["Json"], Mapping[str, "Json"]]


def document(**fields: Json) -> str:
    """One JSON document on one line, ASCII only, with the format's number; no newline after it."""
    return line({"format": FORMAT, **fields})


def line(value: Json) -> str:
    """A JSON value on one line; numbers that JSON lacks (NaN, infinities) become null."""
    return json.dumps(_finite(value), ensure_ascii=True, allow_nan=False)


def diagnostics_document(diagnostics: Iterable[Diagnostic], **fields: Json) -> str:
    """The document of `nnc check`, and of every verb that fails."""
    return document(diagnostics=[diagnostic_json(d) for d in diagnostics], **fields)


def diagnostic_json(diagnostic: Diagnostic) -> dict[str, Json]:
    """One diagnostic; lines and columns count from 1, columns in code points, ends exclusive."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
        "fix": _fix(diagnostic.fix),
        "labels": [{**_place(label.span), "text": label.text} for label in diagnostic.labels],
        "trace": [{**_place(frame.span), "what": frame.what} for frame in diagnostic.trace],
    }


def _place(span: Span) -> dict[str, Json]:
    if span.source is NOWHERE.source:
        names = ("file", "line", "column", "end_line", "end_column")
        return dict.fromkeys(names)
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def _fix(fix: Fix | None) -> dict[str, Json] | None:
    return None if fix is None else {**_place(fix.span), "text": fix.text}


def _finite(value: Json) -> Json:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(item) for item in value]
    return value
