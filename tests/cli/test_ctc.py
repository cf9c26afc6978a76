"""CTC from sounds and what is said in them to a file that spells."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Nnc

SPEC = """data calls = audio("calls", labels="said.csv", file="path", target="text", unit=char) {
  split 0.7/0.15/0.15
}
network Calls {
  input audio: [S] padded
  unsqueeze(0) -> conv(16, 40, stride=20) -> relu -> conv(16, 5, stride=2, padding=2) -> relu
  rearrange([c, t], [t, c]) -> lstm(24, bidirectional=true) -> dense(calls.vocab)
  output text
}
train Calls {
  data calls
  loss ctc
  metric error_rate
  optimizer adam(lr=0.01)
  epochs 30
  batch 16
}
"""
TONES = {"a": 300, "b": 600, "c": 1100}


def calls(folder: Path, count: int = 100) -> list[str]:
    """Sounds at 4 kHz in which each letter is a tone of 100 ms with a short rest after it."""
    draw = np.random.default_rng(5)
    (folder / "calls").mkdir()
    said, lines = [], ["path,text"]
    for number in range(count):
        text = "".join(draw.choice(list(TONES), draw.integers(1, 5)))
        parts = []
        for letter in text:
            parts += [np.sin(2 * np.pi * TONES[letter] * np.arange(400) / 4000), np.zeros(120)]
        sound = np.concatenate(parts) * 0.5 + draw.normal(0, 0.02, 520 * len(text))
        with wave.open(str(folder / "calls" / f"{number:03}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(4000)
            file.writeframes((sound * 32000).clip(-32767, 32767).astype("<i2").tobytes())
        said.append(text)
        lines.append(f"{number:03}.wav,{text}")
    (folder / "said.csv").write_text("\n".join(lines) + "\n")
    return said


def test_tones_are_spelled(nnc: Nnc, tmp_path: Path) -> None:
    said = calls(tmp_path)
    (tmp_path / "calls.nn").write_text(SPEC)
    out = nnc("train", "calls.nn", "--out", "run")
    assert out.code == 0, out.err
    told = nnc("eval", "run", "--json").json
    onnx, torch = (told["metrics"][side]["error_rate"] for side in ("onnx", "pytorch"))
    assert onnx == pytest.approx(torch, abs=1e-6)
    assert onnx < 0.2
    names = ["calls/007.wav", "calls/011.wav", "calls/012.wav"]
    rows = nnc("run", "run", *names, "--json").json["predictions"]
    right = [said[at] for at in (7, 11, 12)]
    assert sum(row["text"] == text for row, text in zip(rows, right)) >= 2
    assert set("".join(row["text"] for row in rows)) <= set("abc")


def test_a_text_that_does_not_fit(nnc: Nnc, tmp_path: Path) -> None:
    calls(tmp_path, 20)
    (tmp_path / "calls.nn").write_text(SPEC.replace("stride=2,", "stride=40,"))
    out = nnc("train", "calls.nn", "--out", "run")
    assert out.code == 1
    assert "NN428" in out.err
    assert " tokens does not fit into " in out.err
