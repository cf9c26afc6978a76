"""`nnc run` on rows of tables with words: each form, several files, missing and unknown values."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import polars
import pytest

from tests.cli.conftest import Nnc
from tests.deploy import small

ALONE = """
data houses = table("houses.csv", target=["price"])
network Price {
  input numbers: [houses.numbers]
  input colour: token[]
  from colour -> embedding(houses.colour.values, 4) as hue
  from numbers, hue -> concat -> dense(8) -> relu -> dense(1)
  output price
}
train Price { data houses; loss mse; epochs 1; metric mae }
"""
ROWS = "colour;rooms;area\nred;3;80,5\ngreen;;70\n;2;60\nblue;1;50\nmauve;1;50\n"


def model(path: Path, text: str) -> Path:
    """A file whose words are all columns together, or a column alone."""
    profile = small.TABLE_PROFILE
    if text is ALONE:
        profile = small.by_column(profile)
    small.exported(text, profile, path)
    return path


@pytest.mark.parametrize("text", [small.TABLE, ALONE], ids=["categories", "a column"])
def test_rows_with_words(nnc: Nnc, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model(Path("m.onnx"), text)
    Path("a.csv").write_text(ROWS)
    frame = polars.read_csv("a.csv", separator=";", decimal_comma=True)
    frame.write_parquet("b.parquet")
    done = nnc("run", "m.onnx", "a.csv")
    assert done.code == 0, done.err
    prices = [json.loads(line)["price"] for line in done.out.splitlines()]
    assert len(set(prices)) == 5
    assert done.err.count("note: colour: 2 rows with a value that training did not have") == 1
    for words in (("--batch", 1), ("--batch", 2), ("--format", "json"), ("b.parquet",)):
        again = nnc("run", "m.onnx", "a.csv", *words)
        assert again.code == 0, again.err
        rows = (
            again.json["predictions"]
            if "json" in words
            else [json.loads(line) for line in again.out.splitlines()]
        )
        times = 2 if "b.parquet" in words else 1
        assert [row["price"] for row in rows] == pytest.approx(prices * times)
    assert "colour: 4 rows with" in nnc("run", "m.onnx", "a.csv", "b.parquet").err
    for form in ("csv", "table"):
        assert len(nnc("run", "m.onnx", "a.csv", "--format", form).out.splitlines()) == 6
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ROWS.encode())))
    piped = nnc("run", "m.onnx", "-")
    assert [json.loads(line)["price"] for line in piped.out.splitlines()] == prices


def test_known_words_are_no_note(nnc: Nnc) -> None:
    model(Path("m.onnx"), ALONE)
    Path("a.csv").write_text("colour,rooms,area\nred,3,80.5\n,2,60\n")
    assert "training did not have" not in nnc("run", "m.onnx", "a.csv").err
    Path("b.csv").write_text("colour,rooms,area\npink,3,80.5\n")
    assert "colour: 1 row with" in nnc("run", "m.onnx", "b.csv").err
