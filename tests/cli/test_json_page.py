"""docs/json.md describes each key of each document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Nnc

KEY = re.compile(r"`([^`]+)`")
ROWS = "a,b,y\n" + "".join(f"{n},{n % 7},{2 * n}\n" for n in range(40))


def described(root: Path, title: str) -> list[re.Pattern[str]]:
    """The keys of a section, as patterns; a word in capitals stands for any name."""
    page = (root / "docs" / "json.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    made = []
    for key in KEY.findall(" ".join(rows)):
        words = [
            "[^.]+" if word.isupper() else re.escape(word) for word in re.split(r"([.\[\]]+)", key)
        ]
        made.append(re.compile("".join(words)))
    return made


def keys(value: object, before: str = "") -> Iterator[str]:
    """The keys of what is no object, with those that lead to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from keys(inner, f"{before}.{key}" if before else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for item in value:
            yield from keys(item, f"{before}[]")
    else:
        yield before


def covers(known: list[re.Pattern[str]], key: str) -> bool:
    """It is described, or, where it is empty or null, what would be in it is."""
    return any(k.fullmatch(key) or k.pattern.startswith(re.escape(key)) for k in known)


COMMANDS = [
    ("Diagnostics", ("check", "wrong.nn", "--json")),
    ("Diagnostics", ("check", "tiny.nn", "--fix", "--json")),
    ("Diagnostics", ("check", "blocks.nn", "--json")),
    ("Diagnostics", ("fmt", "wrong.nn", "--check", "--json")),
    ("Diagnostics", ("eval", "nowhere", "--json")),
    ("nnc show", ("show", "tiny.nn", "--json")),
    ("nnc diff", ("diff", "tiny.nn", "blocks.nn", "--json")),
    ("nnc diff", ("diff", "tiny.nn", "other.nn", "--json")),
    ("nnc data", ("data", "tiny.nn", "--json")),
    ("nnc data", ("data", "table.nn", "--json")),
    ("nnc data", ("data", "table.nn", "--sample", "2", "--json")),
    ("nnc data", ("data", "--licences", "--json")),
    ("nnc eval", ("eval", "RUN", "--json")),
    ("nnc run", ("run", "RUN", "PICTURE", "wrong.nn", "--keep-going", "--json")),
    ("nnc runs", ("runs", "RUN", "--json")),
    ("nnc layers", ("layers", "--json")),
    ("nnc layers", ("layers", "adam", "--json")),
    ("nnc layers", ("layers", "table", "--json")),
    ("nnc doctor", ("doctor", "--json")),
]
BLOCKS = """\
block wide(n) { conv(n, 99) -> relu }
network Wrong {
  input image: [1, 28, 28]
  wide(4) -> flatten -> dense(3)
  output digit
}
"""
TABLE = """\
data rows = table("rows.csv", target=["y"])
network Line {
  input numbers: [rows.numbers]
  dense(1)
  output y
}
train Line { data rows; loss mse; epochs 1 }
"""


@pytest.mark.parametrize("title, words", COMMANDS, ids=[" ".join(words) for _, words in COMMANDS])
def test_each_key_is_described(
    nnc: Nnc, root: Path, trained: Path, picture: Path, title: str, words: tuple[str, ...]
) -> None:
    Path("blocks.nn").write_text(BLOCKS)
    Path("other.nn").write_text(Path("tiny.nn").read_text().replace("conv(4, 5", "conv(6, 3"))
    Path("table.nn").write_text(TABLE)
    Path("rows.csv").write_text(ROWS)
    stand = {"RUN": str(trained), "PICTURE": str(picture)}
    document = nnc(*(stand.get(word, word) for word in words)).json
    assert document["format"] == 1
    known = described(root, "Diagnostics" if "diagnostics" in document else title)
    assert [key for key in keys(document) if not covers(known, key)] == []


def test_each_key_of_a_run_is_described(root: Path, trained: Path) -> None:
    record = json.loads((trained / "run.json").read_text())
    known = described(root, "run.json")
    assert [key for key in keys(record) if not covers(known, key)] == []
    known = described(root, "metrics.jsonl")
    for line in (trained / "metrics.jsonl").read_text().splitlines():
        assert [key for key in json.loads(line) if not covers(known, key)] == []


def test_exit_codes_are_told(nnc: Nnc, root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    table = readme.split("\n## Exit codes\n")[1].split("\n## ")[0]
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert told == {0, 1, 2, 3, 4, 70, 130, 141, 143}
    epilog = nnc("--help").out.split("Exit codes")[1]
    assert {int(code) for code in re.findall(r"\b\d+\b", epilog)} == told
