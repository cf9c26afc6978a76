"""Diagnostics for other programs: SARIF and GitHub's workflow commands."""

from __future__ import annotations

import json
from typing import Any

from nnc.check import check_text
from nnc.diagnostics import RULES, Diagnostic, Fix, Frame, Label
from nnc.render.github import command, commands
from nnc.render.sarif import sarif_document
from nnc.source import NOWHERE, Source, Span

WRONG = "network N {\n  input x: [3, 8, 8]\n  rellu -> conv(8, 99)\n  output y\n}\n"
KINDS = {"error", "warning", "note", "none"}


def sarif(*found: Diagnostic) -> Any:
    text = sarif_document(found)
    assert text.isascii()
    assert "\n" not in text
    return json.loads(text)


def required(document: Any) -> Any:
    """Holds what the schema of SARIF 2.1.0 requires; the run."""
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "nnc"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        for text in ("shortDescription", "fullDescription", "help"):
            assert rule["id"] not in RULES or rule[text]["text"]
    for result in run["results"]:
        assert result["message"]["text"]
        assert result["level"] in KINDS
        assert ids[result["ruleIndex"]] == result["ruleId"]
        for location in [*result["locations"], *result.get("relatedLocations", [])]:
            assert location["physicalLocation"]["artifactLocation"]["uri"]
            region(location["physicalLocation"].get("region"))
        for fix in result.get("fixes", []):
            for change in fix["artifactChanges"]:
                assert change["artifactLocation"]["uri"]
                for replacement in change["replacements"]:
                    region(replacement["deletedRegion"])
                    assert isinstance(replacement["insertedContent"]["text"], str)
    return run


def region(found: dict[str, int] | None) -> None:
    if found is None:
        return
    start = found["startLine"], found["startColumn"]
    assert (1, 1) <= start <= (found["endLine"], found["endColumn"])


# What the published schema allows: it takes no other properties.
ALLOWED = {
    "": {"$schema", "version", "runs"},
    "runs": {"tool", "columnKind", "results"},
    "driver": {"name", "version", "rules", "informationUri"},
    "rules": {
        "id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration",
    },
    "results": {
        "ruleId", "ruleIndex", "level", "message", "locations", "relatedLocations", "fixes",
    },
    "locations": {"physicalLocation", "message"},
    "relatedLocations": {"physicalLocation", "message"},
    "physicalLocation": {"artifactLocation", "region"},
    "artifactLocation": {"uri"},
    "region": {"startLine", "startColumn", "endLine", "endColumn"},
    "deletedRegion": {"startLine", "startColumn", "endLine", "endColumn"},
    "fixes": {"description", "artifactChanges"},
    "artifactChanges": {"artifactLocation", "replacements"},
    "replacements": {"deletedRegion", "insertedContent"},
    "insertedContent": {"text"},
    "defaultConfiguration": {"level"},
    "tool": {"driver"},
    "help": {"text", "markdown"},
    "message": {"text"},
    "description": {"text"},
    "shortDescription": {"text"},
    "fullDescription": {"text"},
}  # fmt: skip


def allowed(found: Any, name: str = "") -> None:
    if isinstance(found, list):
        for one in found:
            allowed(one, name)
    elif isinstance(found, dict):
        assert set(found) <= ALLOWED[name], name
        for key, value in found.items():
            allowed(value, key)


def test_sarif_has_no_properties_of_its_own() -> None:
    allowed(sarif(*check_text(WRONG, "specs/a b.nn").diagnostics))


def test_sarif() -> None:
    run = required(sarif(*check_text(WRONG, "specs/a b.nn").diagnostics))
    first = run["results"][0]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "specs/a%20b.nn"
    assert place["region"] == {"startLine": 3, "startColumn": 3, "endLine": 3, "endColumn": 8}
    assert (first["ruleId"], first["level"]) == ("NN101", "error")
    (change,) = first["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"]["text"] == "relu"
    assert run["tool"]["driver"]["rules"][0]["name"] == "unknown-step"
    assert run["columnKind"] == "unicodeCodePoints"


def test_sarif_of_what_has_no_place() -> None:
    assert required(sarif())["results"] == []
    lost = Diagnostic("NN998", "warning", "lost", (Label(NOWHERE),))
    unread = Diagnostic("NN999", "error", "unread", (Label(Span(Source("/a/b.nn", ""), 0, 0)),))
    first, second = required(sarif(lost, unread))["results"]
    assert first["locations"] == []
    assert second["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "file:///a/b.nn"}}}
    ]


def test_sarif_of_labels_and_calls() -> None:
    source = Source("a.nn", "one\ntwo\nthree\n")
    found = Diagnostic(
        "NN301",
        "error",
        "too large",
        (Label(Span(source, 4, 7)), Label(Span(source, 0, 3), "the value")),
        fix=Fix(NOWHERE, "x"),
        trace=(Frame("stage(64)", Span(source, 8, 13)),),
    )
    (result,) = required(sarif(found))["results"]
    said = [each["message"]["text"] for each in result["relatedLocations"]]
    assert said == ["the value", "called here: stage(64)"]
    assert "fixes" not in result


def test_github() -> None:
    lines = commands(check_text(WRONG, "specs/wrong.nn").diagnostics).splitlines()
    assert lines[0] == (
        "::error file=specs/wrong.nn,line=3,endLine=3,col=3,endColumn=8,title=NN101"
        "::there is no layer or block `rellu`%0Ahelp: did you mean `relu`?"
    )
    assert all(line.startswith(("::error ", "::warning ")) for line in lines)
    assert commands(()) == ""


def test_github_escapes() -> None:
    source = Source("a:b,c%\n::set-env::.nn", "x\ny\n")
    label = (Label(Span(source, 0, 3)),)
    text = command(Diagnostic("NN999", "warning", "50%\r\n::error::\x1b[2J", label))
    assert text == (
        "::warning file=a%3Ab%2Cc%25%0A%3A%3Aset-env%3A%3A.nn,line=1,endLine=2,title=NN999"
        "::50%25\\r%0A::error::\\x1b[2J"
    )
    lost = Diagnostic("NN490", "error", "gone", (Label(NOWHERE),), help="look", notes=("a note",))
    assert command(lost) == "::error title=NN490::gone%0Aa note%0Ahelp: look"
