"""Pictures, tables and arrays in; classes, numbers and pictures out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnc.deploy.export import export_network
from nnc.deploy.predict import dump, flat, gather, kind, predict, save_pictures
from nnc.deploy.session import Session
from nnc.deploy.verify import verify
from nnc.diagnostics import Refusal
from nnc.ir.plan import Field, Part, Profile
from nnc.ir.types import TensorType
from nnc.record import replace
from tests.deploy import small

COPY = """
data digits = images("digits")
network Copy {
  input image: [1, 6, 6]
  conv(2, 3, padding=1) -> relu -> conv(1, 3, padding=1) -> sigmoid
  output copy: [1, 6, 6]
}
train Copy { data digits; loss mse(copy, image); epochs 1 }
"""
MASK = """
data scenes = images("scenes", masks="masks")
network Masks {
  input image: [3, H, W]
  conv(2, 3, padding=1)
  output mask: [2, H, W]
}
train Masks { data scenes; loss cross_entropy; epochs 1; metric iou }
"""
MASK_PROFILE = Profile(
    "scenes",
    (
        Field("image", "input", "image", TensorType((3, 8, 8), "uint8")),
        Field("mask", "target", "mask", TensorType((8, 8), "int64"), ("sky", "ground")),
    ),
    (("classes", 2),),
    "",
    (Part("train", 9, "0123456789ab"),),
    (("image", small.PICTURES_PROFILE.fronts[0][1]),),
)


@pytest.fixture
def digits(tmp_path: Path) -> Session:
    return Session(small.exported(small.PICTURES, small.PICTURES_PROFILE, tmp_path / "m.onnx").path)


@pytest.fixture
def houses(tmp_path: Path) -> Session:
    return Session(small.exported(small.TABLE, small.TABLE_PROFILE, tmp_path / "m.onnx").path)


def picture(path: Path, size: tuple[int, int] = (6, 6), seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def answers(session: Session, *paths: Path | str, **more: object):  # type: ignore[no-untyped-def]
    samples = gather(session, [str(p) for p in paths], **more)  # type: ignore[arg-type]
    return list(predict(session, samples, keep_going=bool(more.get("keep_going"))))


def test_a_picture(digits: Session, tmp_path: Path) -> None:
    assert kind(digits) == "pictures"
    (one,) = answers(digits, picture(tmp_path / "a.png", (9, 7)))
    said = one.document["digit"]
    assert isinstance(said, dict)
    assert set(said) == {"label", "probability", "top"}
    assert said["label"] in ("two", "seven", "nine")
    assert said["top"][0] == [said["label"], said["probability"]]
    assert sum(share for _, share in said["top"]) == pytest.approx(1, abs=1e-5)
    assert list(one.document) == ["input", "digit"]
    assert json.loads(json.dumps(one.document)) == one.document
    assert flat(one) == {
        "input": str(tmp_path / "a.png"),
        "digit": said["label"],
        "digit_probability": said["probability"],
    }


def test_a_folder_in_the_order_of_names(digits: Session, tmp_path: Path) -> None:
    for at, name in enumerate(("b/2.png", "a.JPG", "b/1.png", ".hidden.png", ".git/x.png")):
        picture(tmp_path / "in" / name, seed=at)
    (tmp_path / "in/notes.txt").write_text("no picture")
    found = answers(digits, tmp_path / "in")
    names = [Path(one.input).relative_to(tmp_path / "in").as_posix() for one in found]
    assert names == ["a.JPG", "b/1.png", "b/2.png"]


def test_batches_change_nothing(digits: Session, tmp_path: Path) -> None:
    for at in range(5):
        picture(tmp_path / f"in/{at}.png", seed=at)
    samples = list(gather(digits, [str(tmp_path / "in")]))
    alone = [p.answers for p in predict(digits, samples, batch=1)]
    assert [p.answers for p in predict(digits, samples, batch=3)] == alone


def test_standard_input(digits: Session, tmp_path: Path) -> None:
    data = picture(tmp_path / "a.png").read_bytes()
    (one,) = answers(digits, "-", stdin=data)
    assert one.input == "-"
    (other,) = answers(digits, tmp_path / "a.png")
    assert one.answers == other.answers


def test_what_cannot_be_read(digits: Session, tmp_path: Path) -> None:
    broken = tmp_path / "in/b.png"
    picture(tmp_path / "in/a.png")
    picture(tmp_path / "in/c.png")
    broken.write_bytes(b"no picture")
    with pytest.raises(Refusal) as refused:
        answers(digits, tmp_path / "in")
    assert refused.value.diagnostics[0].code == "NN556"
    found = answers(digits, tmp_path / "in", tmp_path / "none.png", keep_going=True)
    assert [bool(one.error) for one in found] == [False, True, False, True]
    assert "b.png" in found[1].error
    assert set(found[1].document) == {"input", "error"}


def test_rows_of_a_table(houses: Session, tmp_path: Path) -> None:
    assert kind(houses) == "rows"
    path = tmp_path / "new.csv"
    path.write_text("colour;rooms;more;area\nred;3;x;80,5\ngreen;;y;70\n")
    found = answers(houses, path)
    assert [one.input for one in found] == [f"{path} row 1", f"{path} row 2"]
    prices = [one.answers["price"] for one in found]
    assert all(isinstance(price, float) and price > 1000 for price in prices)
    arrays = {
        "numbers": np.array([[80.5, 3], [70, np.nan]], np.float32),
        "categories": np.array([["red"], ["green"]], dtype=object),
    }
    assert houses.run(arrays)["price"][:, 0] == pytest.approx(prices)
    (first, _) = answers(houses, "-", stdin=path.read_bytes())
    assert first.answers == found[0].answers


def test_a_missing_column_is_named(houses: Session, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("colour,room,area\nred,3,80\n")
    with pytest.raises(Refusal) as refused:
        answers(houses, path)
    (told,) = refused.value.diagnostics
    assert told.code == "NN555"
    assert told.help == "did you mean `room`?"


def test_arrays(digits: Session, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 1, 6, 6), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", image=pixels)
    np.save(tmp_path / "a.npy", pixels)
    found = answers(digits, tmp_path / "a.npz")
    assert [one.input for one in found] == [f"{tmp_path.as_posix()}/a.npz[{n}]" for n in range(3)]
    assert [one.answers for one in answers(digits, tmp_path / "a.npy")] == [
        one.answers for one in found
    ]
    dump(found, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as stored:
        assert set(stored) == {"input", "digit", "digit_probability"}
        assert stored["digit"].shape == (3, 3)
        assert stored["input"].tolist() == [one.input for one in found]


def test_arrays_that_hold_objects_or_lie(digits: Session, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object))
    whole = np.zeros((1, 1, 6, 6), np.uint8)
    np.save(tmp_path / "b.npy", whole)
    data = (tmp_path / "b.npy").read_bytes().replace(b"(1, 1, 6, 6)", b"(9,91,6,69) ")
    (tmp_path / "b.npy").write_bytes(data)
    np.savez(tmp_path / "c.npz", other=whole, more=whole)
    for name, code in (("a.npy", "NN556"), ("b.npy", "NN556"), ("c.npz", "NN555")):
        with pytest.raises(Refusal) as refused:
            answers(digits, tmp_path / name)
        assert refused.value.diagnostics[0].code == code, name


def test_an_autoencoder_gives_pictures(tmp_path: Path) -> None:
    file = small.exported(COPY, small.PICTURES_PROFILE, tmp_path / "m.onnx")
    session = Session(file.path)
    (one,) = answers(session, picture(tmp_path / "a.png"))
    assert one.answers == {"copy": {"shape": [1, 6, 6]}}
    (written,) = save_pictures(session, one, tmp_path / "out.png")
    with Image.open(written) as image:
        pixels = np.asarray(image, np.float32)
    # the picture is in the network's numbers: mean 0.5, deviation 0.25
    numbers = one.outputs["copy"][0] * 0.25 + 0.5
    assert pixels == pytest.approx(np.clip(numbers * 255, 0, 255), abs=0.51)


def test_masks_of_any_size(tmp_path: Path) -> None:
    session = Session(small.exported(MASK, MASK_PROFILE, tmp_path / "m.onnx").path)
    picture(tmp_path / "in/a.png", (5, 4))
    picture(tmp_path / "in/b.png", (7, 3))
    assert [p.outputs["mask"].shape for p in answers(session, tmp_path / "in")] == [(2, 8, 8)] * 2
    (sized,) = answers(session, tmp_path / "in/a.png", size=(3, 9))
    assert sized.outputs["mask"].shape == (2, 3, 9)
    found = answers(session, tmp_path / "in", size="native")
    said = found[0].answers["mask"]
    assert isinstance(said, dict)
    assert said["shape"] == [5, 4]
    assert sum(said["shares"].values()) == pytest.approx(1)
    (written,) = save_pictures(session, found[1], tmp_path / "out.png")
    with Image.open(written) as image:
        assert image.size == (3, 7)
        assert set(np.unique(np.asarray(image))) <= {0, 1}


def test_a_fixed_size_is_no_choice(digits: Session, houses: Session, tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png", (9, 7))
    assert answers(digits, file, size=(6, 6))[0].answers == answers(digits, file)[0].answers
    for session, size in ((digits, "native"), (digits, (6, 7)), (houses, "native")):
        with pytest.raises(Refusal) as refused:
            answers(session, file, size=size)
        assert refused.value.diagnostics[0].code == "NN555"


def test_labels_hidden_are_numbers(tmp_path: Path) -> None:
    text = small.PICTURES + "export Small { labels hidden }\n"
    session = Session(small.exported(text, small.PICTURES_PROFILE, tmp_path / "m.onnx").path)
    (one,) = answers(session, picture(tmp_path / "a.png"))
    said = one.answers["digit"]
    assert isinstance(said, dict)
    assert said["label"] in ("0", "1", "2")


def test_two_classes_by_one_number(tmp_path: Path) -> None:
    text = small.PICTURES.replace("dense(digits.classes)", "dense(1)").replace(
        "cross_entropy", "bce_with_logits"
    )
    label = replace(small.PICTURES_PROFILE.fields[1], labels=("no", "yes"))
    profile = replace(
        small.PICTURES_PROFILE,
        fields=(small.PICTURES_PROFILE.fields[0], label),
        sizes=(("classes", 2),),
    )
    session = Session(small.exported(text, profile, tmp_path / "m.onnx").path)
    (one,) = answers(session, picture(tmp_path / "a.png"))
    said = one.answers["digit"]
    assert isinstance(said, dict)
    chance = float(one.outputs["digit_probability"][0])
    assert said["label"] == ("yes" if chance > 0.5 else "no")
    assert said["probability"] == pytest.approx(max(chance, 1 - chance))


def test_a_network_without_data_takes_arrays(tmp_path: Path) -> None:
    recipe = replace(small.recipe(small.PICTURES, small.PICTURES_PROFILE), plan=None, profile=None)
    weights = small.weights_of(recipe.network)
    file = export_network(recipe, weights, tmp_path / "m.onnx", trained=False, proof=verify)
    session = Session(file.path)
    assert not session.about.trained
    with pytest.raises(Refusal) as refused:
        answers(session, picture(tmp_path / "a.png"))
    assert refused.value.diagnostics[0].code == "NN555"
    np.save(tmp_path / "a.npy", np.zeros((1, 1, 6, 6), np.float32))
    (one,) = answers(session, tmp_path / "a.npy")
    assert isinstance(one.answers["digit"], list)
    assert len(one.answers["digit"]) == 3
