"""The bundled data are what the catalogue and the licences say."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.project.trees import ROOT

DATA = ROOT / "specs" / "data"
CATALOGUE: dict[str, Any] = json.loads((DATA / "catalogue.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CATALOGUE)
def test_entry(name: str) -> None:
    entry = CATALOGUE[name]
    file = DATA / entry["file"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]
    assert entry["kind"] in ("images", "table", "text", "series")
    assert {field["role"] for field in entry["fields"].values()} == {"input", "target"}
    for page in (ROOT / "NOTICE", DATA / "LICENCES.md", DATA / "README.md"):
        assert entry["file"].split(".")[0] in page.read_text(encoding="utf-8")


def test_every_file_is_catalogued() -> None:
    listed = {entry["file"] for entry in CATALOGUE.values()}
    others = {"catalogue.json", "README.md", "LICENCES.md", "seven.png"}
    assert {path.name for path in DATA.iterdir()} == listed | others


@pytest.fixture(scope="module")
def digits() -> dict[str, np.ndarray]:
    with np.load(DATA / "mnist5k.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def test_digits(digits: dict[str, np.ndarray]) -> None:
    entry = CATALOGUE["mnist5k"]
    assert set(digits) == {"image", "label", "part"}
    assert all(array.dtype == np.uint8 for array in digits.values())
    assert list(digits["image"].shape) == [entry["samples"], *entry["fields"]["image"]["shape"]]
    assert (digits["image"].min(), digits["image"].max()) == (0, 255)


def test_digits_parts_are_balanced(digits: dict[str, np.ndarray]) -> None:
    parts = CATALOGUE["mnist5k"]["parts"]
    for part, number in parts["values"].items():
        labels = digits["label"][digits["part"] == number]
        assert len(labels) == parts["samples"][part]
        assert np.bincount(labels).tolist() == [len(labels) // 10] * 10


def test_digits_parts_follow_the_rule(digits: dict[str, np.ndarray]) -> None:
    """The division can be made again from the pixels alone, and no image is in two parts."""
    keys = [hashlib.sha256(image.tobytes()).hexdigest() for image in digits["image"]]
    assert len(set(keys)) == len(keys)
    expected = np.zeros(len(keys), np.uint8)
    for digit in range(10):
        rows = sorted(np.flatnonzero(digits["label"] == digit), key=lambda row: keys[row])
        expected[rows[:50]] = 2
        expected[rows[50:100]] = 1
    assert (digits["part"] == expected).all()


@pytest.mark.parametrize("name", [n for n, entry in CATALOGUE.items() if entry["kind"] == "table"])
def test_table(name: str) -> None:
    entry = CATALOGUE[name]
    with (DATA / entry["file"]).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == list(entry["fields"])
    assert len(rows) == entry["samples"]
    numbers = 0
    for (field, about), column in zip(
        entry["fields"].items(), zip(*rows, strict=True), strict=True
    ):
        if about["type"] == "class":
            assert [column.count(label) for label in about["classes"]] == [50, 50, 50], field
        else:
            assert all(np.isfinite(float(value)) for value in column), field
            numbers += about["role"] == "input"
    assert numbers == entry["sizes"]["numbers"]


def test_the_text_and_the_series() -> None:
    text = (DATA / "mobydick.txt").read_text(encoding="utf-8")
    assert text.startswith("CHAPTER 1. Loomings.\n\nCall me Ishmael.")
    assert len(text) == CATALOGUE["mobydick"]["samples"]
    with (DATA / "sunspots.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["year", "sunspots"]
    assert [int(year) for year, _ in rows] == list(range(1700, 2009))
    assert len(rows) == CATALOGUE["sunspots"]["samples"]
    assert all(float(count) >= 0 for _, count in rows)


def test_the_picture_is_a_test_digit(digits: dict[str, np.ndarray]) -> None:
    with Image.open(DATA / "seven.png") as picture:
        pixels = np.asarray(picture)
    row = 3752
    assert (pixels == digits["image"][row, 0]).all()
    assert digits["label"][row] == 7
    assert digits["part"][row] == 2


def test_small_enough_to_ship() -> None:
    assert sum(Path(path).stat().st_size for path in DATA.iterdir()) < 2_000_000
