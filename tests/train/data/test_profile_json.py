"""`data.json`, and what a sheet of samples shows."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nnc.diagnostics import Refusal
from nnc.ir.datasettings import Augment, Split
from nnc.ir.plan import Profile
from nnc.train.data import (
    grid,
    profile_from_json,
    profile_json,
    profile_to_json,
    sheet,
)
from nnc.train.data.grid import rows
from tests.train.data.made import COLOUR, opened, picture, refused, table


def profiles(tmp_path: Path) -> list[Profile]:
    text = "a,c,y\n1,u,2.5\n2,v,3.5\n,u,4.5\n"
    houses = opened("table", table(tmp_path / "t.csv", text), target=("y",), split=Split("none"))
    mails = table(tmp_path / "m.csv", "body,y\n" + "\n".join(f"a b {i},{i % 2}" for i in range(20)))
    texts = opened("text", mails, column="body", target=("y",), unit="subword", vocab=300)
    names = ("mnist5k", "iris", "mobydick", "sunspots")
    carried = opened("bundled", "mobydick", unit="word", carry=True)
    return [
        houses.profile,
        texts.profile,
        carried.profile,
        *(opened("bundled", n).profile for n in names),
    ]


def test_a_profile_survives(tmp_path: Path) -> None:
    for profile in profiles(tmp_path):
        text = profile_json(profile)
        assert profile_from_json(text) == profile
        assert profile_from_json(json.loads(text)) == profile
        assert profile_json(profile_from_json(text)) == text


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"fields": "many"},
        {"parts": [{"name": "train", "samples": -1, "fingerprint": "0" * 12, "classes": []}]},
        {"parts": [{"name": "secret", "samples": 1, "fingerprint": "0" * 12, "classes": []}]},
        {"parts": [{"name": "train", "samples": 1, "fingerprint": "../../etc/pw", "classes": []}]},
        {
            "fronts": {
                "image": {"kind": "pixels", "mean": [0], "std": [0], "range": "", "fit": "pad"}
            }
        },
        {"fronts": {"nobody": {"kind": "categories", "columns": [], "values": []}}},
        {"fronts": {"image": {"kind": "pickle"}}},
        {"sizes": {"classes": 1e99}},
        {"sizes": {"classes": True}},
        {"skipped": [1]},
        {"read": float("nan")},
    ],
)
def test_hostile_documents_are_refused(change: dict[str, object]) -> None:
    value = profile_to_json(opened("bundled", "mnist5k").profile) | change
    with pytest.raises(Refusal) as caught:
        profile_from_json(value, "runs/x/data.json")
    assert caught.value.diagnostics[0].code == "NN467"
    assert "`runs/x/data.json`" in caught.value.diagnostics[0].message


IRIS = profile_to_json(opened("bundled", "iris").profile)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.sampled_from(["fields", "parts", "fronts", "sizes", "rule", "skipped", "data"]), JSON)
def test_any_value_is_read_or_refused(key: str, value: object) -> None:
    document = IRIS
    with suppress(Refusal):
        assert isinstance(profile_from_json({**document, key: value}), Profile)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "null"])
def test_what_is_no_document(text: str) -> None:
    with pytest.raises(Refusal):
        profile_from_json(text)


def test_a_sheet_shows_what_the_network_sees(tmp_path: Path) -> None:
    for name in ("red", "blue"):
        for n in range(5):
            colour = (250, 0, 0) if name == "red" else (0, 0, 250)
            picture(tmp_path / "p" / name / f"{n}.png", colour, size=(40, 20))
    data = opened(
        "images", tmp_path / "p", COLOUR, split=Split("none"), augment=(Augment("shift", 1),)
    )
    path = tmp_path / "grid.png"
    assert grid(data, "train", 9, path) == 9
    pixels = np.asarray(Image.open(path).convert("RGB"))
    for colour in ((250, 0, 0), (0, 0, 250), (0, 0, 0), (255, 255, 255)):
        assert (pixels == colour).all(axis=2).any()
    assert sheet(data, "train", 4).size == (2 * 96 + 8, 2 * 110 + 8 - 0)


def test_masks_and_pairs_are_drawn(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png", 0)
    picture(tmp_path / "m" / "1.png", 5, mode="L")
    picture(tmp_path / "m2" / "1.png", 0, mode="L")
    settings = {"root": str(tmp_path), "split": Split("none")}
    masked = sheet(opened("images", "a", masks="m", classes=tuple("012345"), **settings), "train")
    assert masked.getpixel((40, 40)) == (0, 57, 89)
    paired = sheet(opened("images", "", pairs=("a", "m"), **settings), "train")
    assert paired.width > masked.width


def test_rows_as_text(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", "a,b,c,y\n1,0.5,u,no\n,2,,yes\n3,1,u,no\n4,1,v,yes\n")
    data = opened("table", path, target=("y",), split=Split("none"))
    head, cells = rows(data, "train", 2)
    assert head == ["sample", "a", "b", "c", "categories", "y"][: len(head)]
    assert cells[0][:4] == ["t.csv row 1", "1", "0.5", "u"]
    with pytest.raises(Refusal, match="no pictures"):
        sheet(data, "train", 2)
    assert refused("arrays", tmp_path).code == "NN459"
