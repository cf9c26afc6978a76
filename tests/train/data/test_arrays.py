"""`idx`, `arrays`, `bundled`: data in memory, and files that lie about themselves."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nnc.ir.datasettings import Normalize, Split
from nnc.ir.plan import Pixels, Scale
from nnc.ir.types import TensorType
from nnc.train.data import catalogue, open_data
from tests.train.data.made import (
    GREY,
    class_folders,
    counts,
    everything,
    idx,
    opened,
    plan,
    refused,
    table,
)

NONE = Split("none")
RANDOM = np.random.default_rng(0)


def mnist_like(root: Path, train: int, test: int, ending: str = "") -> Path:
    for name, n in (("train", train), ("t10k", test)):
        if n:
            images = RANDOM.integers(0, 256, (n, 4, 5), dtype=np.uint8)
            idx(root / f"{name}-images-idx3-ubyte{ending}", images)
            idx(root / f"{name}-labels-idx1-ubyte{ending}", (np.arange(n) % 10).astype(np.uint8))
    return root


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx(tmp_path: Path, ending: str) -> None:
    data = opened("idx", mnist_like(tmp_path, 100, 20, ending))
    found = counts(data.profile)
    assert found["test"] == 20
    assert found["train"] + found["validation"] == 100
    assert str(data.profile.fields[0].type) == "uint8[1, 4, 5]"
    assert data.profile.fields[1].labels == tuple("0123456789")
    assert everything(data, "test")["label"].tolist() == [*range(10)] * 2


def test_idx_is_brought_to_the_network_as_files_are(tmp_path: Path) -> None:
    data = opened("idx", mnist_like(tmp_path, 30, 10), TensorType((3, 8, 8)))
    assert str(data.profile.fields[0].type) == "uint8[3, 8, 8]"
    assert everything(data, "test")["image"].shape == (10, 3, 8, 8)


def test_broken_idx(tmp_path: Path) -> None:
    mnist_like(tmp_path, 30, 0)
    labels, images = (tmp_path / f"train-{k}-ubyte" for k in ("labels-idx1", "images-idx3"))
    whole = images.read_bytes()
    images.write_bytes(whole[:-1])
    assert "shorter" in refused("idx", tmp_path).message
    images.write_bytes(whole + b"x")
    assert "longer" in refused("idx", tmp_path).message
    images.write_bytes(whole[:4] + b"\xff" * 12 + whole[16:])
    assert refused("idx", tmp_path).code == "NN466"
    images.write_bytes(b"\x1f\x8b junk")
    assert refused("idx", tmp_path).code == "NN459"
    images.write_bytes(whole)
    idx(labels, np.zeros(29, dtype=np.uint8))
    assert "30 pictures" in refused("idx", tmp_path).message
    labels.unlink()
    assert "without its labels" in refused("idx", tmp_path).message
    images.unlink()
    assert refused("idx", tmp_path).code == "NN451"


def test_mnist_itself(test_data: Path) -> None:
    data = opened("idx", test_data / "mnist", TensorType((1, 28, 28)))
    assert counts(data.profile)["test"] == 10_000
    assert sum(counts(data.profile).values()) == 70_000
    assert 0.08 < counts(data.profile)["validation"] / 60_000 < 0.12


def saved(path: Path, **arrays: np.ndarray) -> Path:  # type: ignore[type-arg]
    np.savez(path, **arrays)
    return path


def test_arrays(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "f.npz",
        image=np.arange(4 * 6 * 5 * 3, dtype=np.uint8).reshape(4, 6, 5, 3),
        x=np.arange(8, dtype=np.float64).reshape(4, 2),
        ids=np.array([[1, 2], [3, 4], [5, 6], [7, 8]]),
        label=np.array([3, 10, 3, 10]),
    )
    data = opened("arrays", path, split=NONE)
    fields = {f.name: f for f in data.profile.fields}
    assert str(fields["image"].type) == "uint8[3, 6, 5]"
    assert (fields["x"].meaning, str(fields["x"].type)) == ("array", "[2]")
    assert str(fields["ids"].type) == "token[2]"
    assert fields["label"].labels == ("3", "10")
    assert isinstance(data.profile.front("image"), Pixels)
    assert data.profile.front("x") is None
    values = everything(data, "train")
    assert values["image"][0, :, 0, 1].tolist() == [3, 4, 5]
    assert values["x"].dtype == np.float32
    assert values["label"].tolist() == [0, 1, 0, 1]
    assert "channels stood last" in data.notes[0]


def test_array_targets(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "f.npz",
        a=np.zeros((3, 2), np.float32),
        price=np.array([1.5, 2.5, 3.5]),
        word=np.array(["u", "v", "u"]),
        seg=np.array([[[0, 7]], [[7, 7]], [[0, 0]]]),
    )
    fitted = Normalize("fit")
    data = opened("arrays", path, target=("price", "word", "seg"), split=NONE, normalize=fitted)
    fields = {f.name: f for f in data.profile.fields}
    assert str(fields["price"].type) == "[1]"
    assert (fields["seg"].meaning, fields["seg"].labels) == ("mask", ("0", "7"))
    values = everything(data, "train")
    assert values["seg"].tolist() == [[[0, 1]], [[1, 1]], [[0, 0]]]
    assert values["word"].tolist() == [0, 1, 0]
    assert data.profile.front("a") == Scale((0, 0), (1, 1), (0, 0), ("a[0]", "a[1]"))
    assert refused("arrays", path, target=("prize",)).help == "did you mean `price`?"


def test_arrays_that_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    saved(path, a=np.zeros(3), y=np.zeros(4))
    assert refused("arrays", path).code == "NN459"
    np.savez(path, a=np.array([{"x": 1}], dtype=object))
    assert "Python objects" in refused("arrays", path).message
    path.write_bytes(b"PK junk")
    assert refused("arrays", path).code == "NN459"
    saved(path, a=np.array([[1.0], [np.inf]]), y=np.array([1.5, 2.5]))
    assert "row 2 of `a`" in refused("arrays", path).message


def test_a_header_that_asks_for_the_machine(tmp_path: Path) -> None:
    made = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        made, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)}
    )
    path = tmp_path / "f.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", made.getvalue() + b"\0" * 64)
    assert refused("arrays", path).code == "NN459"


def test_a_zip_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.npz"
    np.savez_compressed(path, a=np.zeros((1000, 1000)))
    monkeypatch.setattr("nnc.train.data.arrays.most_bytes", lambda: 1_000_000)
    assert refused("arrays", path).code == "NN466"


def test_bundled_digits() -> None:
    data = opened("bundled", "mnist5k", TensorType((1, 28, 28)))
    assert counts(data.profile) == {"train": 4000, "validation": 500, "test": 500}
    assert data.profile.parts[0].classes == (400,) * 10
    assert data.profile.described == 'bundled("mnist5k")'
    arrays = data.part("test").arrays()
    assert arrays is not None
    assert arrays["image"].shape == (500, 1, 28, 28)
    assert data.part("test").arrays() is arrays


def test_bundled_tables() -> None:
    iris = opened("bundled", "iris").profile
    assert dict(iris.sizes) == {"classes": 3, "numbers": 4}
    assert iris.fields[1].labels == ("setosa", "versicolor", "virginica")
    diabetes = opened("bundled", "diabetes").profile
    assert diabetes.fields[1].meaning == "number"
    assert dict(diabetes.sizes) == {"numbers": 10}


def test_bundled_names() -> None:
    assert refused("bundled", "mnist").help == "did you mean `mnist5k`?"
    assert {"mnist5k", "iris", "diabetes"} <= set(catalogue())


def test_what_stands_in_for_bundled_data(tmp_path: Path) -> None:
    (tmp_path / "idx").mkdir()
    mnist_like(tmp_path / "idx", 0, 20, ".gz")
    class_folders(tmp_path / "folders", {"7": 2, "9": 2})
    rows = "petal_width,species,sepal_length,sepal_width,petal_length\n0.2,virginica,5,3,1\n"
    table(tmp_path / "flowers.csv", rows)
    digits, labels = {"moved": True, "bundled": "mnist5k"}, tuple("0123456789")
    for name, samples in (("idx", 20), ("folders", 4)):
        block = plan("bundled", tmp_path / name, **digits)
        data = open_data(block, shape=TensorType((1, 28, 28)), labels=labels, whole=True)
        assert counts(data.profile) == {"test": samples}
        assert str(data.profile.fields[0].type) == "uint8[1, 28, 28]"
        assert data.profile.described == f'bundled("mnist5k") at "{name}"'
    iris = opened("bundled", "iris").profile
    block = plan("bundled", tmp_path / "flowers.csv", moved=True, bundled="iris")
    data = open_data(block, whole=True, like=iris)
    values = everything(data, "test")
    assert values["numbers"][0].tolist() == pytest.approx([5, 3, 1, 0.2])
    assert values["species"].tolist() == [2]


def test_arrays_of_pictures_are_grey_without_channels(tmp_path: Path) -> None:
    path = saved(tmp_path / "f.npz", image=np.zeros((4, 8, 8), np.uint8), y=np.arange(4.0))
    assert opened("arrays", path, GREY).profile.fields[0].type == TensorType((1, 8, 8), "uint8")
