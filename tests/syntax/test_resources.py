"""Shipped files are found in a checkout; the wheel's test looks in a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnc.resources import path, text


def test_rooms_of_a_checkout(root: Path) -> None:
    assert path("grammar") == root / "grammar"
    assert path("specs", "std") == root / "specs" / "std"
    assert "_NL" in text("grammar", "nn.lark")


@pytest.mark.parametrize("part", ["..", "a/b", "a\\b", "", "C:"])
def test_parts_stay_in_their_room(part: str) -> None:
    with pytest.raises(ValueError, match="not a path inside specs"):
        path("specs", part)


def test_a_missing_file() -> None:
    with pytest.raises(FileNotFoundError):
        text("specs", "no.nn")
