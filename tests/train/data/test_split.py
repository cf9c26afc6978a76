"""Splits: precedence, stability, strata, groups, and what cannot be divided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnc.ir.datasettings import Split
from nnc.train.data import Dataset
from tests.train.data.made import (
    GREY,
    class_folders,
    counts,
    names,
    opened,
    picture,
    refused,
    table,
)

THIRDS = Split("shares", (0.6, 0.2, 0.2))


def parts(data: Dataset) -> dict[str, set[str]]:
    return {part: set(names(data, part)) for part in data.parts}


def rows(path: Path, n: int, columns: str = "a,y", **more: Any) -> Path:
    lines = [f"{i},{i * 7 % 100}.5" + "".join(f",{f(i)}" for f in more.values()) for i in range(n)]
    return table(path, "\n".join([columns, *lines]) + "\n")


def test_the_default_is_ten_percent_validation(tmp_path: Path) -> None:
    data = opened("images", class_folders(tmp_path, {"a": 150, "b": 50}), GREY)
    found = counts(data.profile)
    assert found == {"train": 180, "validation": 20}
    assert data.profile.rule == "10% validation of each class, ranked by path"


def test_each_class_is_in_each_part_that_its_size_entitles_it_to(tmp_path: Path) -> None:
    data = opened("images", class_folders(tmp_path, {"a": 100, "b": 5}), GREY, split=THIRDS)
    assert [part.classes for part in data.profile.parts] == [(60, 3), (20, 1), (20, 1)]


@pytest.mark.parametrize(
    "count,wanted", [(1, [1]), (2, [2]), (3, [2, 1]), (5, [4, 1]), (60, [54, 6])]
)
def test_small_classes(count: int, wanted: list[int], tmp_path: Path) -> None:
    data = opened("images", class_folders(tmp_path, {"a": count, "b": 30}), GREY)
    assert [part.classes[0] for part in data.profile.parts if part.classes[0]] == wanted


def test_a_new_file_of_a_small_class_moves_one_other_across_each_border(tmp_path: Path) -> None:
    class_folders(tmp_path, {"a": 20, "b": 20})
    before = parts(opened("images", tmp_path, GREY, split=THIRDS))
    for n in range(12):
        picture(tmp_path / "a" / f"new{n}.png", mode="L")
        after = parts(opened("images", tmp_path, GREY, split=THIRDS))
        for one, other in ((0, 1), (1, 2)):
            names = list(before)
            moved = (before[names[one]] & after[names[other]]) | (
                before[names[other]] & after[names[one]]
            )
            assert len(moved) <= 1
        assert not any(file.startswith("b/") for p in before for file in before[p] - after[p])
        before = after


def test_new_rows_of_a_large_class_move_none_of_the_others(tmp_path: Path) -> None:
    path = rows(tmp_path / "t.csv", 1000)
    before = parts(opened("table", path, target=("y",), split=THIRDS))
    after = parts(opened("table", rows(path, 1100), target=("y",), split=THIRDS))
    assert (
        opened("table", path, target=("y",)).profile.rule
        == "about 10% validation, drawn by content"
    )
    for part, files in before.items():
        assert files <= after[part]


def test_copies_stay_together(tmp_path: Path) -> None:
    lines = [f"{i % 20},{i % 20}.5" for i in range(60)]
    path = table(tmp_path / "t.csv", "\n".join(["a,y", *lines]) + "\n")
    found = parts(opened("table", path, target=("y",), split=THIRDS))
    kinds = [{(int(n.split()[-1]) - 1) % 20 for n in files} for files in found.values()]
    assert sum(map(len, kinds)) == 20
    assert [len(kind) for kind in kinds] == [12, 4, 4]
    same = table(path, "a,y\n" + "1,2.5\n" * 10)
    assert counts(opened("table", same, target=("y",)).profile) == {"train": 9, "validation": 1}


def test_iris_is_divided_evenly() -> None:
    data = opened("bundled", "iris", split=Split("shares", (0.8, 0.1, 0.1)))
    shown = np.array([part.classes for part in data.profile.parts])
    assert abs(shown - np.array([[40], [5], [5]])).max() <= 1
    assert data.profile.rule.endswith("validation and 10% test of each class, ranked by content")


def test_the_split_has_a_seed_of_its_own(tmp_path: Path) -> None:
    class_folders(tmp_path, {"a": 60})
    one, two = (parts(opened("images", tmp_path, GREY, split=Split(seed=s))) for s in (0, 1))
    assert one != two


def test_another_validation_share_leaves_the_test_part(tmp_path: Path) -> None:
    path = rows(tmp_path / "t.csv", 300)
    small = parts(opened("table", path, target=("y",), split=Split("shares", (0.8, 0.1, 0.1))))
    large = parts(opened("table", path, target=("y",), split=Split("shares", (0.6, 0.3, 0.1))))
    assert small["test"] == large["test"]
    assert small["validation"] < large["validation"]


def test_rows_are_drawn_by_content(tmp_path: Path) -> None:
    path = rows(tmp_path / "t.csv", 100)
    lines = path.read_text().splitlines()
    whole = opened("table", path, target=("y",), split=THIRDS)
    table(path, "\n".join([lines[0], *lines[:0:-1]]) + "\n")
    turned = opened("table", path, target=("y",), split=THIRDS)
    assert counts(whole.profile) == counts(turned.profile)
    for part in whole.parts:
        asked = np.arange(len(whole.part(part)))
        one, two = (d.part(part).batch(asked)["numbers"] for d in (whole, turned))
        assert sorted(one.tolist()) == sorted(two.tolist())


def test_a_group_stays_together(tmp_path: Path) -> None:
    path = rows(tmp_path / "t.csv", 200, "a,y,patient", patient=lambda i: f"p{i % 30}")
    split = Split("shares", (0.6, 0.2, 0.2), group="patient")
    data = opened("table", path, target=("y",), split=split)
    groups = [{(int(n.split()[-1]) - 1) % 30 for n in files} for files in parts(data).values()]
    assert [len(one) for one in groups] == [18, 6, 6]
    assert "patient" not in data.profile.fields[0].columns
    assert len(data.profile.fields) == 2
    assert refused("table", path, target=("y",), split=Split(group="pat")).code == "NN457"


def test_too_few_groups(tmp_path: Path) -> None:
    path = rows(tmp_path / "t.csv", 20, "a,y,g", g=lambda i: i % 2)
    split = Split("shares", (0.6, 0.2, 0.2), group="g")
    assert refused("table", path, target=("y",), split=split).code == "NN457"


def test_groups_of_folders(tmp_path: Path) -> None:
    for folder in range(12):
        for n in range(3):
            picture(tmp_path / "x" / f"clip{folder}" / f"{n}.png", mode="L")
    for level in ("folder", "2"):
        split = Split("shares", (0.5, 0.5, 0.0), group=level)
        data = opened("images", tmp_path, GREY, split=split)
        clips = [{n.rsplit("/", 1)[0] for n in files} for files in parts(data).values()]
        assert len(clips[0]) + len(clips[1]) == 12
        assert not clips[0] & clips[1]


def test_time_by_rows_and_dates(tmp_path: Path) -> None:
    path = rows(tmp_path / "t.csv", 28, "a,y,day", day=lambda i: f"2024-02-{i + 1:02}")
    data = opened("table", path, target=("y",), split=Split("time", (11, 21)))
    assert counts(data.profile) == {"train": 10, "validation": 10, "test": 8}
    assert names(data, "validation")[0] == "t.csv row 11"
    dated = Split("time", ("2024-02-11", "2024-02-21", "2024-02-25"))
    data = opened("table", path, target=("y",), split=dated)
    assert counts(data.profile) == {"train": 10, "validation": 10, "test": 4}
    assert "4 samples in no part" in data.profile.rule
    for wrong in ((21, 11), ("2024-02-11", "soon")):
        split = Split("time", wrong)
        assert refused("table", path, target=("y",), split=split).code == "NN457"


def test_files_list_the_parts(tmp_path: Path) -> None:
    class_folders(tmp_path / "pics", {"a": 4})
    table(tmp_path / "train.txt", "a/000.png\na/001.png\n\n")
    table(tmp_path / "val.txt", "a\\002.png\r\n")
    split = Split("files", ("train.txt", "val.txt"))
    data = opened("images", "pics", GREY, root=str(tmp_path), split=split)
    assert parts(data) == {"train": {"a/000.png", "a/001.png"}, "validation": {"a/002.png"}}
    assert data.profile.rule == "by train.txt, val.txt; 1 samples in no part"
    table(tmp_path / "val.txt", "a/002.png\na/xxx.png\n")
    found = refused("images", "pics", GREY, root=str(tmp_path), split=split)
    assert found.message == "line 2 of `val.txt`: there is no `a/xxx.png`"
    table(tmp_path / "val.txt", "a/000.png\n")
    found = refused("images", "pics", GREY, root=str(tmp_path), split=split)
    assert "several" in found.message


def test_a_column_names_the_part(tmp_path: Path) -> None:
    path = rows(tmp_path / "t.csv", 6, "a,y,part", part=lambda i: ["train", "val", "TEST"][i % 3])
    data = opened("table", path, target=("y",), split=Split("column", ("part",)))
    assert counts(data.profile) == {"train": 2, "validation": 2, "test": 2}
    rows(path, 6, "a,y,part", part=lambda i: ["train", "holdout"][i % 2])
    found = refused("table", path, target=("y",), split=Split("column", ("part",)))
    assert found.message == "t.csv row 2 has `holdout` in the column `part`"
    found = refused("table", path, target=("y",), split=Split("column", ("p",)))
    assert found.code == "NN457"


@pytest.mark.parametrize(
    "split", [Split("shares", (0.5, 0.1, 0.1)), Split("shares", (0, 0.5, 0.5)), Split("folders")]
)
def test_splits_that_cannot_be(tmp_path: Path, split: Split) -> None:
    class_folders(tmp_path, {"a": 10})
    assert refused("images", tmp_path, GREY, split=split).code == "NN457"


def test_few_samples(tmp_path: Path) -> None:
    path = rows(tmp_path / "t.csv", 2)
    data = opened("table", path, target=("y",))
    assert counts(data.profile) == {"train": 1, "validation": 1}
    assert counts(opened("table", rows(path, 1), target=("y",)).profile) == {"train": 1}
    assert refused("table", path, target=("y",), split=THIRDS).code == "NN457"


def test_fingerprints_follow_the_content(tmp_path: Path) -> None:
    class_folders(tmp_path, {"a": 5, "b": 5})

    def mark() -> str:
        return opened("images", tmp_path, GREY, split=Split("none")).profile.parts[0].fingerprint

    first = mark()
    assert mark() == first
    picture(tmp_path / "a" / "003.png", 250, mode="L")
    assert mark() != first


def test_a_split_that_is_written_wins_over_folders(tmp_path: Path) -> None:
    for part in ("train", "test"):
        class_folders(tmp_path / part, {"a": 20, "b": 20})
    assert counts(opened("images", tmp_path, GREY, split=Split("none")).profile) == {"train": 80}
    kept = opened("images", tmp_path, GREY, split=Split("shares", (0.5, 0.5, 0.0)))
    assert set(names(kept, "test")) == {f"test/{c}/{n:03}.png" for c in "ab" for n in range(20)}
    drawn = opened("images", tmp_path, GREY, split=THIRDS)
    assert {n.split("/")[0] for n in names(drawn, "train")} == {"train", "test"}
