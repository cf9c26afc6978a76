"""Texts, series and sounds that are not as they should be: an error, or a word of what is done."""

from __future__ import annotations

import wave
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Nnc

pytest.importorskip("soundfile")

TEXT = """data t = text("t.txt", unit=char, window=8)
network Lm { input text: token[T]; embedding(t.vocab, 4) -> gru(4) -> dense(t.vocab); output next }
train Lm { data t; loss cross_entropy; epochs 1; batch 8 }
"""
SEA = "the sea and the whale.\n" * 20
TEXTS = {
    "café".encode("latin-1") * 50: "byte 4 of `t.txt` (0xe9, line 1) is no UTF-8 text",
    SEA.encode("utf-16"): 'it begins as UTF-16 does: write `encoding="utf-16"`',
    b"hello": "has 4 units; a window needs 9",
    b"h": "take a longer text, or another `split`",
    b"": "`t.txt` holds no text",
    b"a" * 600: "`t.txt` is made of one unit, 'a': nothing to tell apart",
}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_texts(nnc: Nnc, text: bytes) -> None:
    Path("t.txt").write_bytes(text)
    Path("t.nn").write_text(TEXT)
    done = nnc("train", "t.nn")
    assert done.code == 1
    if text != b"h":
        assert TEXTS[text] in done.err
    assert "failed in a way that it should not" not in done.err


def test_units_that_training_did_not_have(nnc: Nnc) -> None:
    Path("t.txt").write_text(SEA)
    Path("t.nn").write_text(TEXT)
    assert nnc("train", "t.nn", "--out", "run").code == 0
    Path("x.txt").write_text("the ΩΩ")
    told = nnc("run", "run/model.onnx", "x.txt")
    assert "2 characters are not in the vocabulary of training; taken as unknown" in told.err
    Path("greek.txt").write_text("the αβγ " * 40)
    told = nnc("eval", "run", "--data", "t=greek.txt")
    assert "(37.50%) are not in the vocabulary" in told.err


SERIES = """data s = series("s.csv", time="date", target=["y"], window=8, horizon=2)
network F { input past: [8, s.numbers]; flatten -> dense(2); output y }
train F { data s; loss mse; epochs 1 }
"""


def days(count: int = 60) -> list[str]:
    return [f"{date(2024, 1, 1) + timedelta(i)},{i % 9},{i % 7}" for i in range(count)]


def swapped(rows: list[str]) -> list[str]:
    return [*rows[:10], rows[11], rows[10], *rows[12:]]


ROWS = {
    "nan": ([*days()[:10], "2024-01-11,nan,1", *days()[11:]], "row 11 of `s.csv` has no number in"),
    "inf": ([*days()[:10], "2024-01-11,inf,1", *days()[11:]], "`inf` is no finite float32 number"),
    "empty": ([*days()[:10], "2024-01-11,,1", *days()[11:]], "row 11 of `s.csv` has no number in"),
    "word": (
        [*days()[:10], "2024-01-11,abc,1", *days()[11:]],
        "for a missing value leave the cell",
    ),
    "unsorted": (swapped(days()), "row 12 of `s.csv` (2024-01-11) is earlier than row 11"),
    "twice": ([*days()[:10], *days()[9:]], "rows 10 and 11 of `s.csv` have the same time"),
    "no date": ([*days()[:5], "soon,1,2", *days()[6:]], "row 6 of `s.csv` has `soon` in `date`"),
    "nothing": ([], "`s.csv` has no row"),
    "few": (days(9), "the train part of `s.csv` has no whole window: 8 rows"),
}


@pytest.mark.parametrize("which", ROWS)
def test_series(nnc: Nnc, which: str) -> None:
    rows, message = ROWS[which]
    Path("s.csv").write_text("\n".join(["date,y,z", *rows]) + "\n")
    Path("s.nn").write_text(SERIES)
    done = nnc("train", "s.nn")
    assert done.code == 1
    assert message in done.err


def test_days_that_are_missing_are_told(nnc: Nnc) -> None:
    Path("s.csv").write_text("\n".join(["date,y,z", *days()[:20], *days()[24:]]) + "\n")
    Path("s.nn").write_text(SERIES)
    done = nnc("train", "s.nn", "--out", "run")
    assert done.code == 0
    assert "row 21 (2024-01-25) comes 5 days after the row before it" in done.err
    rows = days()
    rows[-3] = "2024-02-27,,1"
    Path("late.csv").write_text("\n".join(["date,y,z", *rows]) + "\n")
    assert nnc("run", "run/model.onnx", "late.csv").code == 1
    Path("late.csv").write_text("\n".join(["date,y,z", *swapped(days())]) + "\n")
    done = nnc("run", "run/model.onnx", "late.csv")
    assert "row 12" in done.err


SOUNDS = """data d = audio("d", rate=8000RESAMPLE) { split 0.6/0.2/0.2 }
network A {
  input audio: [S] padded
  mel_spectrogram(d.rate, fft=256, hop=80, mels=8) -> gru(4, keep=last) -> dense(d.classes)
  output label
}
train A { data d; loss cross_entropy; epochs 1; batch 8 }
"""


def wav(path: Path, rate: int = 8000, channels: int = 1, samples: int = 1000) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = (np.sin(np.arange(samples * channels) / 5) * 9000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.tobytes())
    return path.read_bytes()


def sounds() -> Path:
    for at in range(20):
        wav(Path(f"d/{'ab'[at % 2]}/{at}.wav"), samples=900 + 20 * at)
    return Path("d/a/2.wav")


def test_sounds_that_are_brought_to_what_is_read(nnc: Nnc) -> None:
    odd = sounds()
    wav(odd, rate=16000)
    wav(odd.with_name("4.wav"), channels=2)
    Path("a.nn").write_text(SOUNDS.replace("RESAMPLE", ""))
    done = nnc("train", "a.nn")
    assert done.code == 1
    assert "`a/2.wav` has 16,000 samples a second, `rate` says 8,000" in done.err
    assert "write `resample=true`" in done.err
    Path("a.nn").write_text(SOUNDS.replace("RESAMPLE", ", resample=true"))
    done = nnc("train", "a.nn", "--out", "run")
    assert done.code == 0, done.err
    assert "note: 1 sound of several channels: their mean is read" in done.err
    assert "note: 1 sound brought to 8,000 samples a second" in done.err
    done = nnc("run", "run/model.onnx", odd, odd.with_name("4.wav"))
    assert "1 sound of 16,000 samples a second brought to the rate of training" in done.err
    assert "1 sound of several channels: their mean is read" in done.err


BROKEN = {
    "no samples": (slice(0, 44), "it is cut off"),
    "cut": (slice(0, 1000), "it is cut off: its head tells of more samples"),
    "head": (slice(0, 10), "it is no sound WAV or FLAC file"),
    "not RIFF": (slice(4, None), "it is no sound WAV or FLAC file"),
}


@pytest.mark.parametrize("which", BROKEN)
def test_sounds_that_are_damaged(nnc: Nnc, which: str) -> None:
    odd = sounds()
    part, message = BROKEN[which]
    odd.write_bytes(odd.read_bytes()[part])
    Path("a.nn").write_text(SOUNDS.replace("RESAMPLE", ""))
    done = nnc("train", "a.nn")
    assert done.code == 1
    assert f"cannot read `a/2.wav`: {message}" in done.err
    wav(odd, samples=0)
    assert "cannot read `a/2.wav`: it holds no sound" in nnc("train", "a.nn").err


def test_an_empty_sequence(nnc: Nnc) -> None:
    lengths = np.array([3, 4, 0, *[5] * 27])
    np.savez("d.npz", x=np.zeros((30, 5, 3), np.float32), x_length=lengths, y=np.arange(30) % 2)
    Path("d.nn").write_text(
        'data d = arrays("d.npz")\n'
        "network A { input x: [T, 3] padded; gru(4, keep=last) -> dense(2); output y }\n"
        "train A { data d; loss cross_entropy; epochs 1 }\n"
    )
    done = nnc("train", "d.nn")
    assert done.code == 1
    assert "row 3 of it is 0: leave that sequence out" in done.err
