"""Spoken digits: from class folders of sounds to a file that takes samples."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from tests.cli.conftest import Nnc
from tests.cli.speakers import recordings, speaker
from tests.cli.spoken import RATE, class_folders, said

soundfile = pytest.importorskip("soundfile")
SPECS = Path(__file__).resolve().parents[2] / "specs"
SPEC = SPECS / "spoken_digits.nn"


def of_class_folders() -> str:
    """The spec for class folders, as its comment says."""
    lines = SPEC.read_text().replace(', names="label_speaker_take"', "").splitlines()
    return "\n".join(line for line in lines if not line.startswith("  group "))


def trained(nnc: Nnc, folder: Path) -> Path:
    """A run of the spec on sounds made here."""
    sounds = class_folders(folder / "sounds", 24)
    (folder / "digits.nn").write_text(of_class_folders())
    out = nnc("train", "digits.nn", "--data", f"digits={sounds}", "--out", "run", "--device", "cpu")
    assert out.code == 0, out.err
    return folder / "run"


def test_spoken_digits(nnc: Nnc, tmp_path: Path) -> None:
    run = trained(nnc, tmp_path)
    others = class_folders(tmp_path / "others", 4, seed=1)  # speakers that nobody heard
    measured = nnc("eval", "run", "--data", f"digits={others}", "--json").json["metrics"]
    assert measured["onnx"]["accuracy"] >= 0.95
    assert measured["onnx"] == pytest.approx(measured["pytorch"])

    # several files of unequal length, and a folder
    out = nnc("run", "run/model.onnx", "others/3/0.wav", "others/7/1.wav", "others/5")
    answers = [json.loads(line) for line in out.out.splitlines()]
    assert [one["label"]["label"] for one in answers] == ["3", "7", *["5"] * 4]
    assert answers[2]["input"] == "others/5/0.wav"

    # the file alone: samples in, in batches as one by one
    session = ort.InferenceSession(run / "model.onnx")
    sounds = [soundfile.read(str(others / str(d) / "0.wav"), dtype="float32")[0] for d in (3, 8)]
    lengths = np.array([len(s) for s in sounds])
    batch = np.zeros((2, lengths.max()), np.float32)
    for row, sound in zip(batch, sounds):
        row[: len(sound)] = sound
    together = session.run(["label"], {"audio": batch, "audio_length": lengths})[0]
    for at, sound in enumerate(sounds):
        feeds = {"audio": sound[None], "audio_length": lengths[at : at + 1]}
        assert np.allclose(session.run(["label"], feeds)[0][0], together[at], atol=1e-4)

    # another rate, and a sound that is too short
    soundfile.write(str(tmp_path / "twice.wav"), np.repeat(sounds[0], 2), 2 * RATE)
    out = nnc("run", "run/model.onnx", "twice.wav")
    assert json.loads(out.out)["label"]["label"] == "3"
    assert "1 sound of 16,000 samples a second brought to the rate of training" in out.err
    soundfile.write(str(tmp_path / "short.wav"), sounds[0][:100], RATE)
    out = nnc("run", "run/model.onnx", "short.wav")
    assert (out.code, "S must be at least 129" in out.err) == (1, True)


def test_a_sound_that_is_too_short_to_learn_from(nnc: Nnc, tmp_path: Path) -> None:
    sounds = class_folders(tmp_path / "sounds", 4)
    soundfile.write(str(sounds / "3" / "9.wav"), np.zeros(100), RATE)
    (tmp_path / "digits.nn").write_text(of_class_folders())
    out = nnc("train", "digits.nn", "--data", f"digits={sounds}", "--out", "run")
    assert out.code == 1
    assert "the shortest sample of `audio` has S = 100" in out.err


@pytest.mark.slow
def test_digits_of_people_who_are_not_heard_in_training(nnc: Nnc, tmp_path: Path) -> None:
    """The spec as it stands; of a folder like the Free Spoken Digit Dataset the path is all."""
    folder = recordings(tmp_path / "recordings", range(6), 15)
    out = nnc("train", SPEC, "--data", f"digits={folder}", "--out", "run", "--device", "cpu")
    assert out.code == 0, out.err
    assert "grouped by speaker" in out.err
    others = recordings(tmp_path / "others", range(100, 106), 3)
    measured = nnc("eval", "run", "--data", f"digits={others}", "--json").json["metrics"]
    assert measured["onnx"]["accuracy"] >= 0.9
    name = f"{others.name}/7_{speaker(101).name}_0.wav"
    out = nnc("run", "run/model.onnx", name)
    assert json.loads(out.out)["label"]["label"] in "0123456789"


@pytest.mark.slow
def test_rows_of_digits(nnc: Nnc, tmp_path: Path) -> None:
    """CTC: from sounds and what is said in each to a file that spells."""
    said(tmp_path / "sounds", 240)
    shutil.copy(SPECS / "spoken_numbers.nn", tmp_path / "numbers.nn")
    out = nnc(
        "train", "numbers.nn", "--data", "calls=sounds", "--out", "run", "--device", "cpu",
    )  # fmt: skip
    assert out.code == 0, out.err
    said(tmp_path / "others", 24, seed=1)
    measured = nnc("eval", "run", "--data", "calls=others", "--json").json["metrics"]
    assert measured["onnx"]["error_rate"] <= 0.05
    assert measured["onnx"] == pytest.approx(measured["pytorch"])
    rows = (tmp_path / "others" / "said.csv").read_text().splitlines()[1:]
    out = nnc("run", "run/model.onnx", *(f"others/{row.split(',')[0]}" for row in rows))
    spelt = [json.loads(line)["text"] for line in out.out.splitlines()]
    right = sum(a == row.split(",")[1] for a, row in zip(spelt, rows))
    assert right >= 20
