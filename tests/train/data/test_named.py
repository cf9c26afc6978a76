"""What the names of files tell: classes, and what is kept together."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest
from PIL import Image

from nnc.ir.datasettings import Split
from nnc.train.data.dataset import Dataset
from tests.train.data.made import everything, names, opened, refused


def sounds(folder: Path) -> Path:
    """As those of the Free Spoken Digit Dataset: 8 kHz, 16 bit, mono, of unequal lengths."""
    pytest.importorskip("soundfile")
    folder.mkdir()
    for digit in range(3):
        for speaker in ("george", "jackson", "lucas", "nicolas", "theo", "yweweler"):
            for take in range(4):
                with wave.open(str(folder / f"{digit}_{speaker}_{take}.wav"), "wb") as file:
                    file.setnchannels(1)
                    file.setsampwidth(2)
                    file.setframerate(8000)
                    file.writeframes(bytes(range(200)) * (1 + digit + take))
    return folder


def speakers(data: Dataset, part: str) -> set[str]:
    return {name.split("_")[1] for name in names(data, part)}


def test_recordings_of_spoken_digits(tmp_path: Path) -> None:
    folder = sounds(tmp_path / "recordings")
    shares = Split("shares", (0.6, 0.2, 0.2), "speaker")
    data = opened("audio", folder, names="label_speaker_take", split=shares)
    field = data.profile.field("label")
    assert field is not None
    assert field.labels == ("0", "1", "2")
    found = [speakers(data, part) for part in ("train", "validation", "test")]
    assert [len(one) for one in found] == [4, 1, 1]
    assert len(set.union(*found)) == 6
    rows = everything(data, "test")
    assert sorted({*rows["audio_length"].tolist()}) == [100 * n for n in range(1, 7)]
    assert "grouped by speaker" in data.profile.rule


def test_pictures(tmp_path: Path) -> None:
    for at in range(8):
        name = f"{'cat' if at % 2 else 'dog'}.{at}.jpg"
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    data = opened("images", tmp_path, names="label.*", size=(8, 8))
    field = data.profile.field("label")
    assert field is not None
    assert field.labels == ("cat", "dog")


def test_a_file_of_another_name(tmp_path: Path) -> None:
    folder = sounds(tmp_path / "recordings")
    (folder / "1_theo_0.wav").rename(folder / "odd.wav")
    told = refused("audio", folder, names="label_speaker_take")
    assert told.message == "`odd.wav` is not called as `names` says"


def test_sounds_without_classes_are_told_how_names_are_read(tmp_path: Path) -> None:
    data = opened("audio", sounds(tmp_path / "recordings"))
    assert 'write `names="label_*"`' in data.notes[0]
