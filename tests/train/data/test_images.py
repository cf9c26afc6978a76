"""`images(...)`: folders as people keep them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnc.diagnostics import Refusal
from nnc.ir.datasettings import Normalize, Split
from nnc.ir.plan import Pixels
from nnc.ir.types import TensorType
from nnc.train.data import limits, open_data
from tests.train.data.made import (
    COLOUR,
    GREY,
    class_folders,
    counts,
    everything,
    names,
    opened,
    picture,
    plan,
    refused,
    table,
)


def test_class_folders(tmp_path: Path) -> None:
    data = opened("images", class_folders(tmp_path, {"dog": 20, "cat": 20}), GREY)
    image, label = data.profile.fields
    assert (image.name, image.role, str(image.type)) == ("image", "input", "uint8[1, 8, 8]")
    assert (label.name, label.role, label.labels) == ("label", "target", ("cat", "dog"))
    assert data.profile.sizes == (("classes", 2),)
    values = everything(data, "train")
    for file, pixels, at in zip(names(data, "train"), values["image"], values["label"]):
        folder, number = file.split("/")
        assert folder == ("cat", "dog")[at]
        assert (pixels == (0 if folder == "dog" else 40) + int(number[:3])).all()


def test_classes_that_are_numbers_are_ordered_by_value(tmp_path: Path) -> None:
    data = opened("images", class_folders(tmp_path, {"10": 3, "9": 3, "2": 3}), GREY)
    assert data.profile.fields[1].labels == ("2", "9", "10")


def test_the_classes_setting_fixes_the_order(tmp_path: Path) -> None:
    class_folders(tmp_path, {"a": 3, "b": 3})
    data = opened("images", tmp_path, GREY, classes=("b", "a", "never"))
    assert data.profile.fields[1].labels == ("b", "a", "never")
    found = refused("images", tmp_path, GREY, classes=("b", "A"))
    assert found.code == "NN456"
    assert "`a` (a/000.png)" in found.message
    assert found.help == "did you mean `A`?"


@pytest.mark.parametrize("val", ["val", "valid", "Validation"])
def test_part_folders(tmp_path: Path, val: str) -> None:
    for part, n in (("train", 4), (val, 2), ("test", 1)):
        class_folders(tmp_path / part, {"a": n, "b": n})
    data = opened("images", tmp_path, GREY)
    assert counts(data.profile) == {"train": 8, "validation": 4, "test": 2}
    assert data.profile.rule == "by folders"
    assert data.profile.fields[1].labels == ("a", "b")


def test_train_and_test_folders_leave_validation_to_the_draw(tmp_path: Path) -> None:
    class_folders(tmp_path / "train", {"a": 40, "b": 40})
    class_folders(tmp_path / "test", {"a": 5, "b": 5})
    found = counts(opened("images", tmp_path, GREY).profile)
    assert found["test"] == 10
    assert found["train"] + found["validation"] == 80
    assert 2 <= found["validation"] <= 18


def test_flat_pictures_have_no_label(tmp_path: Path) -> None:
    for n in range(12):
        picture(tmp_path / f"{n}.png", n)
    data = opened("images", tmp_path, COLOUR)
    assert [field.name for field in data.profile.fields] == ["image"]
    assert counts(data.profile)["train"] + counts(data.profile)["validation"] == 12


def test_endings_hidden_files_and_others(tmp_path: Path) -> None:
    class_folders(tmp_path, {"a": 3})
    picture(tmp_path / "a" / "UPPER.JPG")
    picture(tmp_path / "a" / "x.webp")
    picture(tmp_path / "a" / "deep" / "y.jpeg")
    (tmp_path / "a" / ".hidden.png").write_bytes(b"junk")
    (tmp_path / "a" / "Thumbs.db").write_bytes(b"junk")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "z.png").write_bytes(b"junk")
    (tmp_path / "a" / "notes.heic").write_bytes(b"junk")
    data = opened("images", tmp_path, COLOUR, split=Split("none"))
    assert counts(data.profile) == {"train": 6}
    assert data.profile.converted == 3
    assert data.notes == ("1 files that are no pictures were not read (.heic)",)


def test_a_picture_beside_the_class_folders_is_refused(tmp_path: Path) -> None:
    class_folders(tmp_path, {"a": 2})
    picture(tmp_path / "stray.png")
    found = refused("images", tmp_path, GREY)
    assert found.code == "NN451"
    assert "`stray.png`" in found.message


def test_a_broken_file_is_named_or_skipped(tmp_path: Path) -> None:
    class_folders(tmp_path, {"a": 5, "b": 5})
    (tmp_path / "b" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (tmp_path / "b" / "worse.png").write_bytes(b"")
    found = refused("images", tmp_path, GREY)
    assert found.code == "NN452"
    assert "`b/bad.png`" in found.message
    assert found.notes == ("2 files cannot be read",)
    data = opened("images", tmp_path, GREY, on_error="skip", split=Split("none"))
    assert data.profile.skipped == ("b/bad.png", "b/worse.png")
    assert data.profile.read == 10
    assert sorted(names(data, "train"))[-1] == "b/004.png"


def test_sizes_that_differ_need_a_size(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png", size=(8, 6))
    picture(tmp_path / "a" / "2.png", size=(9, 6))
    picture(tmp_path / "a" / "3.png", size=(8, 6))
    found = refused("images", tmp_path)
    assert found.code == "NN453"
    assert "`size 224`" in found.help
    assert found.notes == ("`a/1.png` is 8x6, `a/2.png` is 9x6 (width x height)",)
    data = opened("images", tmp_path, size=(4, 5))
    assert str(data.profile.fields[0].type) == "uint8[3, 4, 5]"
    assert refused("images", tmp_path, COLOUR, size=(4,)).code == "NN453"


def test_a_common_size_and_symbolic_sizes(tmp_path: Path) -> None:
    for n in range(3):
        picture(tmp_path / "a" / f"{n}.png", size=(6, 4), mode="L")
    assert str(opened("images", tmp_path).profile.fields[0].type) == "uint8[1, 4, 6]"
    from nnc.ir.dims import symbol

    shape = TensorType((3, symbol("H"), symbol("W")))
    assert str(opened("images", tmp_path, shape).profile.fields[0].type) == "uint8[3, 4, 6]"


def test_two_channels_are_no_picture(tmp_path: Path) -> None:
    class_folders(tmp_path, {"a": 2})
    assert refused("images", tmp_path, TensorType((2, 8, 8))).code == "NN454"


def test_pictures_that_do_not_fit_in_memory_are_read_as_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class_folders(tmp_path, {"a": 6, "b": 6})
    kept = opened("images", tmp_path, GREY)
    assert kept.part("train").arrays() is not None
    monkeypatch.setattr(limits, "CACHE_BYTES", 100)
    read = opened("images", tmp_path, GREY)
    assert read.part("train").arrays() is None
    assert read.profile == kept.profile
    assert (everything(read, "train")["image"] == everything(kept, "train")["image"]).all()
    (tmp_path / names(read, "train")[2]).write_bytes(b"broken later")
    with pytest.raises(Refusal) as caught:
        everything(read, "train")
    assert names(read, "train")[2] in caught.value.diagnostics[0].message


def test_normalize(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png", (255, 0, 51))
    picture(tmp_path / "a" / "2.png", (0, 0, 51))
    fitted = opened("images", tmp_path, split=Split("none"), normalize=Normalize("fit"))
    front = fitted.profile.front("image")
    assert isinstance(front, Pixels)
    assert front.mean == pytest.approx((0.5, 0, 0.2))
    assert front.std == pytest.approx((0.5, 1, 1), abs=1e-6)
    for kind, mean, std in (("default", 0, 1), ("-1..1", 0.5, 0.5), ("none", 0, 1 / 255)):
        made = opened("images", tmp_path, normalize=Normalize(kind)).profile.front("image")
        assert isinstance(made, Pixels)
        assert (made.mean, made.std) == ((mean,), (std,))
    assert refused("images", tmp_path, GREY, normalize=Normalize("imagenet")).code == "NN465"
    two = Normalize("given", (0.5, 0.5), (1.0,))
    assert refused("images", tmp_path, COLOUR, normalize=two).code == "NN465"


def test_a_class_outside_train_is_refused(tmp_path: Path) -> None:
    class_folders(tmp_path / "train", {"a": 2})
    class_folders(tmp_path / "val", {"a": 2, "b": 1})
    found = refused("images", tmp_path, GREY)
    assert found.code == "NN456"
    assert found.message == "class `b` is in validation (val/b/000.png) but not in train"


def test_a_run_matches_classes_by_name(tmp_path: Path) -> None:
    class_folders(tmp_path, {"b": 2, "c": 1})
    block = plan("images", tmp_path, moved=True)
    data = open_data(block, shape=GREY, labels=("a", "b", "c"), whole=True)
    assert counts(data.profile) == {"test": 3}
    assert everything(data, "test")["label"].tolist() == [1, 1, 2]
    with pytest.raises(Refusal, match="does not know class `c`"):
        open_data(block, shape=GREY, labels=("a", "b"), whole=True)


def test_masks(tmp_path: Path) -> None:
    for n in range(4):
        picture(tmp_path / "images" / f"{n}.jpg", n)
        mask = np.zeros((8, 8), dtype=np.uint8)
        mask[n:] = 255
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(tmp_path / "masks" / f"{n}.png")
    data = opened("images", tmp_path / "images", masks=str(tmp_path / "masks"), split=Split("none"))
    field = data.profile.fields[1]
    assert (field.name, field.meaning, field.labels) == ("mask", "mask", ("0", "255"))
    masks = everything(data, "train")["mask"]
    assert masks.dtype == np.int64
    assert masks.sum(axis=(1, 2)).tolist() == [64, 56, 48, 40]
    named = opened(
        "images", tmp_path / "images", masks=str(tmp_path / "masks"), classes=("sky", "road")
    )
    assert named.profile.fields[1].labels == ("sky", "road")
    (tmp_path / "masks" / "2.png").unlink()
    found = refused("images", tmp_path / "images", masks=str(tmp_path / "masks"))
    assert found.code == "NN455"
    assert "`2.jpg`" in found.message
    picture(tmp_path / "masks" / "2.png", size=(4, 4), mode="L")
    assert refused("images", tmp_path / "images", masks=str(tmp_path / "masks")).code == "NN455"


def test_pairs(tmp_path: Path) -> None:
    for n in range(3):
        picture(tmp_path / "A" / f"{n}.png", n)
        picture(tmp_path / "B" / f"{n}.jpg", 200, mode="L")
    data = opened("images", "", pairs=("A", "B"), root=str(tmp_path), split=Split("none"))
    assert [f.name for f in data.profile.fields] == ["a", "b"]
    assert [n for n, _ in data.profile.fronts] == ["a", "b"]
    assert everything(data, "train")["b"].shape == (3, 1, 8, 8)


def test_labels_in_a_table(tmp_path: Path) -> None:
    for n in range(6):
        picture(tmp_path / "pics" / f"{n}.png", n)
    rows = "".join(f"{n}.png,{n / 2},{'ab'[n % 2]},p{n // 2}\n" for n in range(5))
    table(tmp_path / "l.csv", "path,age,kind,patient\n" + rows)
    settings = {"root": str(tmp_path), "labels": "l.csv", "file": "path"}
    data = opened("images", "pics", target=("age", "kind"), split=Split("none"), **settings)
    assert [(f.name, f.meaning) for f in data.profile.fields] == [
        ("image", "image"),
        ("age", "number"),
        ("kind", "class"),
    ]
    values = everything(data, "train")
    assert values["age"][:, 0].tolist() == [0, 0.5, 1, 1.5, 2]
    assert values["kind"].tolist() == [0, 1, 0, 1, 0]
    assert data.notes == ("1 pictures without a row were not read",)
    split = Split("shares", (0.5, 0.5, 0.0), group="patient", seed=3)
    grouped = opened("images", "pics", target=("kind",), split=split, **settings)
    train, rest = names(grouped, "train"), names(grouped, "validation")
    assert not {int(n[0]) // 2 for n in train} & {int(n[0]) // 2 for n in rest}
    table(tmp_path / "l.csv", "path,kind\n0.png,a\nnone.png,b\n")
    found = refused("images", "pics", target=("kind",), **settings)
    assert found.code == "NN455"
    assert "row 2" in found.message


def test_what_is_not_there(tmp_path: Path) -> None:
    class_folders(tmp_path / "digits", {"a": 1})
    found = refused("images", "digit", root=str(tmp_path))
    assert found.code == "NN450"
    assert found.help == "did you mean `digits`?"
    (tmp_path / "empty").mkdir()
    assert refused("images", "empty", root=str(tmp_path)).code == "NN451"


def test_no_absolute_path_leaves(tmp_path: Path) -> None:
    data = opened("images", class_folders(tmp_path / "mine", {"a": 3}), GREY)
    assert data.profile.described == 'images("mine")'
    assert str(tmp_path) not in repr(data.profile)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    class_folders(tmp_path, {"a": 2})
    os.mkfifo(tmp_path / "a" / "pipe.png")
    for shape in (GREY, None):
        found = refused("images", tmp_path, shape)
        assert "`a/pipe.png`: it is no file" in found.message
    assert refused("table", tmp_path / "a" / "pipe.png", target=("y",)).code == "NN450"
