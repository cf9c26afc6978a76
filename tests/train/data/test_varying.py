"""Sequences of different lengths in an `.npz` file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnc.ir.datasettings import Normalize, Split
from nnc.ir.plan import Scale
from tests.train.data.made import everything, opened, refused

NONE = Split("none")
LENGTHS = np.array([2, 4, 1, 3])
STEPS = np.arange(20, dtype=np.float64).reshape(10, 2)


def stored(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def padded(fill: float = 7.0) -> Any:
    whole = np.full((4, 4, 2), fill)
    at = 0
    for row, length in enumerate(LENGTHS):
        whole[row, :length] = STEPS[at : at + length]
        at += length
    return whole


@pytest.mark.parametrize("form", ["padded", "joined"])
def test_both_forms_are_the_same(tmp_path: Path, form: str) -> None:
    x = padded() if form == "padded" else STEPS
    path = stored(tmp_path / "s.npz", x=x, x_length=LENGTHS, y=np.array([0, 1, 0, 1]))
    data = opened("arrays", path, split=NONE)
    x_field, length, y = data.profile.fields
    assert (x_field.meaning, x_field.padded, x_field.type.dims) == ("sequence", True, (4, 2))
    assert (length.name, length.meaning) == ("x_length", "length")
    assert y.labels == ("0", "1")
    values = everything(data, "train")
    assert values["x"].tolist() == padded(0.0).tolist()
    assert values["x_length"].tolist() == LENGTHS.tolist()
    short = data.part("train").batch(np.array([0, 2]))
    assert short["x"].shape == (2, 2, 2)


def test_ids(tmp_path: Path) -> None:
    path = stored(tmp_path / "s.npz", words=np.arange(1, 11), words_length=LENGTHS)
    data = opened("arrays", path, split=NONE)
    assert str(data.profile.fields[0].type) == "token[4]"
    assert everything(data, "train")["words"][1].tolist() == [3, 4, 5, 6]


def test_scaled_on_request(tmp_path: Path) -> None:
    path = stored(tmp_path / "s.npz", x=STEPS, x_length=LENGTHS, y=np.array([0, 1, 0, 1]))
    front = opened("arrays", path, split=NONE, normalize=Normalize("fit")).profile.front("x")
    assert isinstance(front, Scale)
    assert front.mean == (9.0, 10.0)


@pytest.mark.parametrize(
    "arrays, said",
    [
        ({"x": STEPS, "x_length": np.array([2, 4])}, "its lengths add up to 6"),
        ({"x": STEPS, "x_length": np.array([10, 0])}, "whole numbers of at least 1"),
        ({"x": STEPS, "x_length": np.array([10.0])}, "whole numbers of at least 1"),
        ({"x": STEPS * np.nan, "x_length": LENGTHS}, "row 1 of `x` in `s.npz`"),
        ({"x": STEPS, "x_length": LENGTHS, "y": np.arange(3)}, "one length above 0"),
        (
            {"x": STEPS, "x_length": LENGTHS, "z": STEPS, "z_length": np.array([5, 5])},
            "differ in number",
        ),
    ],
)
def test_what_does_not_fit(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    told = refused("arrays", stored(tmp_path / "s.npz", **arrays), split=NONE)
    assert told.code == "NN459"
    assert said in told.message
