"""Sounds like spoken digits: each digit is a row of vowels, told by two resonances of a buzz.

Deterministic. Speakers differ in pitch, in the length of their throats and in haste; there is
noise, and silence before and behind.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 8000
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
# The two lowest resonances of vowels, in hertz (Peterson and Barney, 1952)
VOWELS = {"i": (270, 2290), "e": (530, 1840), "a": (730, 1090), "o": (570, 840), "u": (300, 870)}
SAID = dict(zip(WORDS, ("io", "ua", "iu", "oi", "uo", "ai", "ie", "eu", "ei", "au")))


def digit(word: str, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """One digit as one speaker says it, from -1 to 1."""
    pitch, throat = rng.uniform(90, 220), rng.uniform(0.92, 1.08)
    parts = [_vowel(v, pitch, throat, rng.uniform(0.08, 0.16)) for v in SAID[word]]
    sound = np.concatenate([np.zeros(rng.integers(0, 600)), *parts, np.zeros(rng.integers(0, 600))])
    sound = sound * rng.uniform(0.2, 0.8) + 0.003 * rng.standard_normal(len(sound))
    return np.clip(sound, -1, 1).astype(np.float32)


def _vowel(name: str, pitch: float, throat: float, seconds: float) -> npt.NDArray[np.float64]:
    """Harmonics of a pitch that falls a little, each as loud as its resonances make it."""
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(pitch * (1 - 0.3 * time)) / RATE
    sound = np.zeros_like(time)
    for harmonic in range(1, int(3800 / pitch)):
        hertz = harmonic * pitch
        gain = sum(1 / (1 + ((hertz - f * throat) / 90) ** 2) for f in VOWELS[name])
        sound += gain * np.sin(harmonic * phase)
    fade = np.minimum(1, np.minimum(time, time[::-1]) / 0.01)
    return sound * fade / np.abs(sound).max()


def class_folders(root: Path, each: int, seed: int = 0) -> Path:
    """A folder a digit, with so many WAV files."""
    import soundfile  # of the extra `audio`

    rng = np.random.default_rng(seed)
    for number, word in enumerate(WORDS):
        (root / str(number)).mkdir(parents=True, exist_ok=True)
        for at in range(each):
            soundfile.write(str(root / str(number) / f"{at}.wav"), digit(word, rng), RATE)
    return root


def said(root: Path, count: int, seed: int = 0) -> Path:
    """A folder of files in each of which two to four digits are said, and a table of them."""
    import soundfile  # of the extra `audio`

    rng = np.random.default_rng(seed)
    root.mkdir(parents=True, exist_ok=True)
    with (root / "said.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "text"))
        for at in range(count):
            digits = rng.integers(0, 10, rng.integers(2, 5))
            sound = np.concatenate([digit(WORDS[d], rng) for d in digits])
            soundfile.write(str(root / f"{at}.wav"), sound, RATE)
            rows.writerow((f"{at}.wav", "".join(map(str, digits))))
    return root
