"""JSON documents: what they hold, and that they always are JSON."""

from __future__ import annotations

import json

from nnc.diagnostics import Fix, Frame, Label, Rule
from nnc.render.json import diagnostics_document, document
from nnc.source import NOWHERE, Source, Span

RULE = Rule("NN101", "unknown-name", "", "warning")


def test_a_diagnostic() -> None:
    source = Source("a/b.nn", "x\n  öl -> re\nlu\n")
    place = Span(source, 4, 6)
    diagnostic = RULE.at(
        place,
        "unknown",
        label="what is it",
        others=(Label(Span(source, 10, 15), "two lines"),),
        notes=("n",),
        help="h",
        fix=Fix(place, "oil"),
        trace=(Frame("stage(1)", Span(source, 0, 1)),),
    )
    found = json.loads(diagnostics_document([diagnostic], checked=1))
    assert found["format"] == 1
    assert found["checked"] == 1
    where = {"file": "a/b.nn", "line": 2, "column": 3, "end_line": 2, "end_column": 5}
    assert found["diagnostics"] == [
        {
            "code": "NN101",
            "severity": "warning",
            "message": "unknown",
            **where,
            "notes": ["n"],
            "help": "h",
            "fix": {**where, "text": "oil"},
            "labels": [
                {**where, "text": "what is it"},
                {
                    "file": "a/b.nn",
                    "line": 2,
                    "column": 9,
                    "end_line": 3,
                    "end_column": 3,
                    "text": "two lines",
                },
            ],
            "trace": [
                {
                    "file": "a/b.nn",
                    "line": 1,
                    "column": 1,
                    "end_line": 1,
                    "end_column": 2,
                    "what": "stage(1)",
                }
            ],
        }
    ]


def test_no_place_is_null() -> None:
    found = json.loads(diagnostics_document([RULE.at(NOWHERE, "x")]))["diagnostics"][0]
    assert (found["file"], found["line"], found["fix"]) == (None, None, None)


def test_documents_are_ascii_and_finite() -> None:
    text = document(value=[float("nan"), float("inf"), 1.5], name="漢\x1b\ud800", yes=True)
    assert text.isascii()
    assert "\n" not in text
    found = json.loads(text)
    assert found["value"] == [None, None, 1.5]
    assert found["yes"] is True
