"""Diagnostics as SARIF 2.1.0, which code hosts and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from nnc import __version__
from nnc.diagnostics import RULES, Diagnostic, Fix, Label
from nnc.render.json import Json, line
from nnc.source import NOWHERE, Source, Span

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def sarif_document(diagnostics: Iterable[Diagnostic]) -> str:
    """One run of nnc on one line, ASCII only; no newline after it.

    Lines and columns count from 1, columns in code points, ends exclusive. Files have paths
    relative to the working folder.
    """
    found = list(diagnostics)
    codes = sorted({d.code for d in found})
    results: list[Json] = [_result(d, codes) for d in found]
    driver: dict[str, Json] = {
        "name": "nnc",
        "version": __version__,
        "rules": [_rule(code) for code in codes],
    }
    run: dict[str, Json] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return line({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str) -> Json:
    rule = RULES.get(code)
    if rule is None:
        return {"id": code}
    text = " ".join(rule.explanation.split("\n\n")[0].split())
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": rule.name.replace("-", " ")},
        "fullDescription": {"text": text},
        "help": {"text": rule.explanation, "markdown": rule.explanation},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(diagnostic: Diagnostic, codes: Sequence[str]) -> Json:
    said = [diagnostic.message, *diagnostic.notes]
    if diagnostic.help:
        said.append(f"help: {diagnostic.help}")
    first, *others = diagnostic.labels
    result: dict[str, Json] = {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": diagnostic.severity,
        "message": {"text": "\n".join(said)},
        "locations": [_location(first)] if _placed(first.span) else [],
    }
    frames = [Label(frame.span, f"called here: {frame.what}") for frame in diagnostic.trace]
    related = [label for label in (*others, *frames) if _placed(label.span)]
    if related:
        result["relatedLocations"] = [_location(label) for label in related]
    if diagnostic.fix is not None and _placed(diagnostic.fix.span):
        result["fixes"] = [_fix(diagnostic.fix, diagnostic.help or "mend it")]
    return result


def _placed(span: Span) -> bool:
    return span.source is not NOWHERE.source


def _location(label: Label) -> dict[str, Json]:
    physical: dict[str, Json] = {"artifactLocation": _artifact(label.span.source)}
    if label.span.source.text:
        physical["region"] = _region(label.span)
    location: dict[str, Json] = {"physicalLocation": physical}
    if label.text:
        location["message"] = {"text": label.text}
    return location


def _artifact(source: Source) -> Json:
    """A path as a URI: absolute ones by their scheme, others as they are, both escaped."""
    path = quote(source.name)
    if source.name.startswith("/"):
        return {"uri": f"file://{path}"}
    if source.name[1:3] == ":/":  # a drive
        return {"uri": f"file:///{quote(source.name, safe='/:')}"}
    return {"uri": path}


def _region(span: Span) -> Json:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    }


def _fix(fix: Fix, description: str) -> Json:
    replacement: Json = {
        "deletedRegion": _region(fix.span),
        "insertedContent": {"text": fix.text},
    }
    change: Json = {
        "artifactLocation": _artifact(fix.span.source),
        "replacements": [replacement],
    }
    return {"description": {"text": description}, "artifactChanges": [change]}
