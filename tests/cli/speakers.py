"""Spoken digits as hard as recorded ones: formant synthesis of the ten English words.

Deterministic. A digit is a row of sounds, each with resonances, voice and noise; resonances glide
from each to the next. Speakers differ in pitch, in the length of their throats, in vowels, haste,
breath and melody; recordings in level, noise, room, microphone and in the silence around them.
Files are called as those of the Free Spoken Digit Dataset, `7_jackson_32.wav`: 8 kHz, 16 bit, mono.
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

RATE = 8000
HOP, FRAME = 40, 200
Sound = npt.NDArray[np.float64]


class Phone(NamedTuple):
    """Resonances in hertz, how loud the voice is, how loud noise and where, seconds."""

    formants: tuple[float, float, float]
    voice: float
    noise: float = 0.0
    centre: float = 0.0
    seconds: float = 0.1


# Resonances of vowels after Peterson and Barney (1952), of consonants after Stevens (1998)
PHONES = {
    "iy": Phone((270, 2290, 3010), 1.0, seconds=0.14),
    "ih": Phone((390, 1990, 2550), 1.0, seconds=0.09),
    "eh": Phone((530, 1840, 2480), 1.0, seconds=0.10),
    "ey": Phone((450, 2080, 2600), 1.0, seconds=0.10),
    "ah": Phone((640, 1190, 2390), 1.0, seconds=0.11),
    "ao": Phone((570, 840, 2410), 1.0, seconds=0.13),
    "a": Phone((730, 1090, 2440), 1.0, seconds=0.12),
    "ow": Phone((490, 910, 2300), 1.0, seconds=0.13),
    "uw": Phone((300, 870, 2240), 1.0, seconds=0.15),
    "r": Phone((420, 1250, 1600), 0.7, seconds=0.07),
    "w": Phone((300, 650, 2200), 0.6, seconds=0.07),
    "n": Phone((280, 1300, 2500), 0.35, seconds=0.08),
    "v": Phone((300, 1100, 2300), 0.3, 0.05, 3000, 0.06),
    "z": Phone((300, 1500, 2500), 0.2, 0.25, 3600, 0.08),
    "s": Phone((300, 1500, 2500), 0.0, 0.45, 3700, 0.11),
    "th": Phone((300, 1400, 2500), 0.0, 0.10, 2900, 0.08),
    "f": Phone((300, 1100, 2300), 0.0, 0.12, 2500, 0.09),
    "t": Phone((350, 1800, 2600), 0.0, 0.60, 3300, 0.025),
    "k": Phone((350, 1900, 2400), 0.0, 0.45, 2000, 0.03),
    "-": Phone((350, 1500, 2500), 0.0, seconds=0.05),
}
SAID = (
    "z ih r ow", "w ah n", "- t uw", "th r iy", "f ao r",
    "f a ih v", "s ih - k s", "s eh v ah n", "ey ih - t", "n a ih n",
)  # fmt: skip


class Speaker(NamedTuple):
    """How one person speaks."""

    name: str
    pitch: float
    throat: float
    haste: float
    breath: float
    tilt: float
    melody: float
    vowels: dict[str, npt.NDArray[np.float64]]


def speaker(seed: int) -> Speaker:
    """A person, from a number."""
    rng = np.random.default_rng([7, seed])
    high = rng.random() < 0.5  # about half speak high, as their throats are shorter
    throat = rng.uniform(1.08, 1.28) if high else rng.uniform(0.88, 1.05)
    pitch = rng.uniform(150, 260) if high else rng.uniform(80, 150)
    vowels = {name: rng.uniform(0.93, 1.07, 3) for name in PHONES}
    named = "".join(rng.choice([*"bdgklmnprst"]) + rng.choice([*"aeiou"]) for _ in range(3))
    haste, breath, tilt = rng.uniform(0.75, 1.3), rng.uniform(0.01, 0.08), rng.uniform(0.4, 1.4)
    return Speaker(named, pitch, throat, haste, breath, tilt, rng.uniform(-0.3, 0.2), vowels)


def _track(values: list[float], edges: npt.NDArray[np.float64], times: Sound) -> Sound:
    """Values of sounds that glide into one another about their borders."""
    middle = (edges[1:] + edges[:-1]) / 2
    held = np.stack([middle - 0.2 * np.diff(edges), middle + 0.2 * np.diff(edges)], 1).reshape(-1)
    return np.interp(times, held, np.repeat(values, 2))


def say(digit: int, who: Speaker, rng: np.random.Generator) -> Sound:
    """One digit, dry: the voice and the noise of each frame, shaped by its resonances."""
    names = SAID[digit].split()
    phones = [PHONES[name] for name in names]
    drawn = rng.uniform(0.8, 1.25, len(names)) / who.haste
    edges = np.concatenate([[0], np.cumsum([p.seconds for p in phones] * drawn)])
    count = int(edges[-1] * RATE)
    times = np.arange(count) / RATE
    bend = 1 + who.melody * times / edges[-1] + 0.02 * np.sin(2 * np.pi * 5 * times)
    pitch = who.pitch * rng.uniform(0.92, 1.08) * bend
    beats = np.arange(0, edges[-1] + 0.02, 0.01)
    wobble = np.interp(times, beats, rng.normal(1, 0.012, len(beats)))
    phase = np.cumsum(pitch * wobble) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0)
    hiss = rng.standard_normal(count)
    loud = _track([p.voice for p in phones], edges, times)
    noisy = _track([p.noise for p in phones], edges, times)
    voiced = loud * (pulses * 6 + who.breath * hiss)
    made = np.zeros(count + FRAME)
    window = np.hanning(FRAME + 1)[:-1]
    hertz = np.fft.rfftfreq(FRAME * 2, 1 / RATE)
    for start in range(0, max(count - FRAME, 1), HOP):
        at = min((start + FRAME / 2) / RATE, edges[-1] - 1e-6)
        which = int(np.searchsorted(edges, at, "right") - 1)
        own = who.vowels[names[which]] * who.throat
        shape = np.ones_like(hertz)
        for number, width in enumerate((70, 100, 150)):
            values = [p.formants[number] for p in phones]
            centre = float(_track(values, edges, np.array([at]))[0]) * own[number]
            shape = shape * centre**2 / np.abs(centre**2 - hertz**2 + 1j * hertz * width)
        shape = shape / (1 + (hertz / 1000) ** who.tilt)
        band = np.exp(-(((hertz - phones[which].centre) / 900) ** 2))
        piece = slice(start, start + FRAME)
        cut = np.zeros(FRAME)
        cut[: len(voiced[piece])] = voiced[piece]
        rough = np.zeros(FRAME)
        rough[: len(hiss[piece])] = (noisy * hiss)[piece]
        spectrum = np.fft.rfft(cut * window, FRAME * 2) * shape
        spectrum = spectrum + np.fft.rfft(rough * window, FRAME * 2) * band * 6
        sound = np.fft.irfft(spectrum)[: len(made) - start]
        made[start : start + len(sound)] += sound
    return made / (np.abs(made).max() + 1e-9)


def recorded(dry: Sound, rng: np.random.Generator) -> Sound:
    """The same in some room, before some microphone."""
    before, behind = (np.zeros(int(rng.uniform(0, 0.25) * RATE)) for _ in range(2))
    sound = np.concatenate([before, dry, behind])
    length = rng.uniform(0.03, 0.25)
    echo = rng.standard_normal(int(length * RATE)) * np.exp(
        -6 * np.linspace(0, 1, int(length * RATE))
    )
    echo[0] = rng.uniform(4, 20)
    sound = np.convolve(sound, echo / np.abs(echo).sum())[: len(sound)]
    bent = np.fft.rfft(sound)
    hertz = np.linspace(0, 1, len(bent))
    sound = np.fft.irfft(
        bent * (1 + rng.uniform(-0.6, 0.8) * hertz) / (1 + 8 * (hertz < 0.012)), len(sound)
    )
    sound = sound / np.abs(sound).max()
    noise = np.cumsum(rng.standard_normal(len(sound)))
    noise = rng.standard_normal(len(sound)) + 0.1 * (noise - np.linspace(0, noise[-1], len(sound)))
    power = np.sqrt((sound**2).mean()) / np.sqrt((noise**2).mean())
    sound = sound + noise * power * 10 ** (-rng.uniform(10, 32) / 20)
    return np.clip(sound / np.abs(sound).max() * rng.uniform(0.08, 0.95), -1, 1)


def recordings(root: Path, speakers: range, takes: int) -> Path:
    """A flat folder, a file for each speaker, digit and take."""
    root.mkdir(parents=True, exist_ok=True)
    for number in speakers:
        who = speaker(number)
        for digit in range(10):
            for take in range(takes):
                rng = np.random.default_rng([number, digit, take])
                sound = recorded(say(digit, who, rng), rng)
                with wave.open(str(root / f"{digit}_{who.name}_{take}.wav"), "wb") as file:
                    file.setnchannels(1)
                    file.setsampwidth(2)
                    file.setframerate(RATE)
                    file.writeframes((sound * 32767).astype("<i2").tobytes())
    return root
