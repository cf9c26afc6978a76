"""`audio(...)`: WAV and FLAC of class folders and tables, rates, damaged files, transcripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nnc.ir.datasettings import Split
from nnc.ir.vocabulary import BLANK, UNKNOWN, Vocabulary
from nnc.train.data import open_data
from nnc.train.data.sounds import read_sound
from nnc.train.data.units import decoded
from tests.train.data.made import counts, everything, names, opened, plan, refused, table

soundfile = pytest.importorskip("soundfile")
NONE = Split("none")


def tone(
    path: Path,
    seconds: float = 0.1,
    rate: int = 8000,
    pitch: float = 440.0,
    channels: int = 1,
    subtype: str = "PCM_16",
) -> npt.NDArray[np.float64]:
    """A sine in a file; what was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)
    data = np.stack([wave * (at + 1) / channels for at in range(channels)], axis=1)
    soundfile.write(str(path), data, rate, subtype=subtype)
    return data.mean(axis=1)


def folders(root: Path) -> Path:
    for label, pitch in (("high", 880.0), ("low", 220.0)):
        for at in range(6):
            tone(root / label / f"{at}.wav", seconds=0.05 + 0.01 * at, pitch=pitch)
    return root


def test_class_folders(tmp_path: Path) -> None:
    data = opened("audio", folders(tmp_path / "s"), split=NONE)
    audio, length, label = data.profile.fields
    assert (audio.name, audio.meaning, audio.padded, audio.type.dims) == (
        "audio",
        "sound",
        True,
        (800,),
    )
    assert (length.name, length.meaning) == ("audio_length", "length")
    assert label.labels == ("high", "low")
    assert dict(data.profile.sizes) == {"classes": 2, "rate": 8000}
    batch = data.part("train").batch(np.array([0, 2]))
    assert batch["audio"].shape == (2, 560)
    assert batch["audio"].dtype == np.float32
    assert batch["audio_length"].tolist() == [400, 560]
    assert not batch["audio"][0, 400:].any()
    assert batch["label"].tolist() == [0, 0]
    assert names(data, "train")[0] == "high/0.wav"


def test_part_folders(tmp_path: Path) -> None:
    folders(tmp_path / "s" / "train")
    folders(tmp_path / "s" / "test")
    data = opened("audio", tmp_path / "s", split=Split("folders"))
    assert counts(data.profile) == {"train": 12, "test": 12}


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"])
def test_bits(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "a.wav"
    wave = tone(path, subtype=subtype)
    found = read_sound(path, "a.wav", 8000)
    assert found.dtype == np.float32
    assert np.abs(found - wave).max() < (0.01 if subtype == "PCM_U8" else 1e-4)


def test_flac_and_channels(tmp_path: Path) -> None:
    wave = tone(tmp_path / "s" / "a.flac", channels=2)
    data = opened("audio", tmp_path / "s", split=NONE)
    assert [f.name for f in data.profile.fields] == ["audio", "audio_length"]
    assert data.profile.converted == 1
    assert np.abs(everything(data, "train")["audio"][0] - wave).max() < 1e-4


def test_another_rate(tmp_path: Path) -> None:
    root = folders(tmp_path / "s")
    tone(root / "low" / "x.wav", rate=16000, pitch=220.0)
    told = refused("audio", root, split=NONE)
    assert told.code == "NN479"
    assert told.message == "`low/x.wav` has 16,000 samples a second, others 8,000"
    assert "resample=true" in told.help
    assert "`rate` says 16,000" in refused("audio", root, rate=16000, split=NONE).message
    data = opened("audio", root, rate=8000, resample=True, split=NONE)
    values = everything(data, "train")
    row = names(data, "train").index("low/x.wav")
    assert values["audio_length"][row] == 800
    wave = 0.5 * np.sin(2 * np.pi * 220.0 * np.arange(800) / 8000)
    assert np.abs(values["audio"][row] - wave)[100:-100].max() < 1e-3


def test_damaged_files(tmp_path: Path) -> None:
    root = folders(tmp_path / "s")
    (root / "low" / "7.wav").write_bytes(b"RIFF no sound")
    told = refused("audio", root, split=NONE)
    assert (told.code, told.message) == (
        "NN452",
        "cannot read `low/7.wav`: it is no sound WAV or FLAC file",
    )
    data = opened("audio", root, split=NONE, on_error="skip")
    assert data.profile.skipped == ("low/7.wav",)
    assert data.profile.parts[0].samples == 12
    soundfile.write(str(root / "low" / "7.wav"), np.zeros((0, 1)), 8000)
    assert "holds no sound" in refused("audio", root, split=NONE).message
    wave = np.full(100, np.nan, np.float32)
    soundfile.write(str(root / "low" / "7.wav"), wave, 8000, subtype="FLOAT")
    assert "not finite" in refused("audio", root, split=NONE).message
    whole = (root / "high" / "0.wav").read_bytes()
    (root / "low" / "7.wav").write_bytes(whole[:60])
    told_or_read = opened("audio", root, split=NONE, on_error="skip")
    assert len(told_or_read.profile.skipped) in (0, 1)  # a shorter head is a shorter sound
    for name in ("a.mp3", "b.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert refused("audio", tmp_path / "nothing", split=NONE).code == "NN450"
    (tmp_path / "empty").mkdir()
    assert refused("audio", tmp_path / "empty", split=NONE).code == "NN451"


def said(root: Path) -> Path:
    folders(root)
    rows = [
        f"{label}/{at}.wav,{label} {'note' * (at % 2 + 1)}"
        for label in ("high", "low")
        for at in range(6)
    ]
    table(root / "said.csv", "\n".join(["path,text", *rows]))
    return root


def test_what_is_said(tmp_path: Path) -> None:
    root = said(tmp_path / "s")
    data = opened("audio", root, labels="said.csv", target=("text",), unit="char", split=NONE)
    fields = {f.name: f for f in data.profile.fields}
    assert list(fields) == ["audio", "audio_length", "text", "text_length"]
    text = fields["text"]
    assert (text.role, text.meaning, text.padded, text.type.dims) == (
        "target",
        "transcript",
        True,
        (13,),
    )
    assert text.labels[:2] == (BLANK, UNKNOWN)
    assert dict(data.profile.sizes) == {"rate": 8000, "vocab": len(text.labels)}
    known = data.profile.front("text")
    assert isinstance(known, Vocabulary)
    batch = data.part("train").batch(np.array([0, 1]))
    assert batch["text_length"].tolist() == [9, 13]
    assert decoded(known, batch["text"][0, :9].tolist()) == "high note"
    assert batch["text"][0, 9:].tolist() == [0] * 4
    again = open_data(
        plan("audio", root, labels="said.csv", target=("text",), unit="char"),
        like=data.profile,
        whole=True,
    )
    assert again.profile.front("text") == known


@pytest.mark.parametrize("unit", ["byte", "word", "subword"])
def test_what_is_said_in_other_units(tmp_path: Path, unit: str) -> None:
    root = said(tmp_path / "s")
    data = opened("audio", root, labels="said.csv", target=("text",), unit=unit, split=NONE)
    known = data.profile.front("text")
    assert isinstance(known, Vocabulary)
    assert known.tokens[0] == BLANK
    row = data.part("train").batch(np.array([0]))
    assert row["text"].min() > 0
    assert decoded(known, row["text"][0].tolist()) == "high note"


def test_a_table_of_classes_or_numbers(tmp_path: Path) -> None:
    root = said(tmp_path / "s")
    settings: dict[str, Any] = {"labels": "said.csv", "split": NONE}
    data = opened("audio", root, **settings)
    assert data.profile.field("text").meaning == "class"  # type: ignore[union-attr]
    table(root / "l.csv", "path,loud\nhigh/0.wav,0.5\nlow/9.wav,0.25\n")
    told = refused("audio", root, **{**settings, "labels": "l.csv"})
    assert "names `low/9.wav`, which is no sound there" in told.message
