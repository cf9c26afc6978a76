"""WAV and FLAC files by the soundfile library: mixed to mono, float32, at one rate."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nnc.train.data.found import pool
from nnc.train.data.keyed import Array, Rows
from nnc.train.data.pictures import Unreadable

Samples = npt.NDArray[np.float32]
ENDINGS = frozenset((".wav", ".flac"))
LONGEST = 1 << 28
"""So many samples a file may hold (4.6 hours at 16,000 a second)."""
_CHANNELS = 64
_OPEN = 0x7FFFFFFF
_FORMATS = ("WAV", "WAVEX", "FLAC", "RF64")


class Heard(NamedTuple):
    """What the head of a file says. `frames`: samples of one channel."""

    rate: int
    frames: int
    channels: int

    def length(self, rate: int) -> int:
        """Samples at another rate."""
        return ceil(self.frames * rate / self.rate)


def head(path: Path, name: str) -> Heard:
    """What a file of sound says of itself; its samples are not read.

    Raises:
        Unreadable: it is no sound, is empty, cut off, or too long.
        ModuleNotFoundError: the library is not installed.
    """
    if path.suffix.lower() == ".mp3":  # its decoder would print notes of its own
        raise Unreadable(name, "it is an MP3 file: convert it to WAV or FLAC")
    import soundfile  # of the extra `audio`

    try:
        told = soundfile.info(str(path))
    except (soundfile.SoundFileError, OSError, RuntimeError):
        raise Unreadable(name, "it is no sound WAV or FLAC file") from None
    if told.format not in _FORMATS:
        raise Unreadable(name, f"it holds {told.format}, not WAV or FLAC")
    if _cut_off(path):
        raise Unreadable(name, "it is cut off: its head tells of more samples")
    if told.frames == 0:
        raise Unreadable(name, "it holds no sound")
    if not 0 < told.frames * told.channels <= LONGEST or told.channels > _CHANNELS:
        raise Unreadable(name, f"it holds more than {LONGEST:,} samples, or its head is damaged")
    return Heard(max(told.samplerate, 1), told.frames, told.channels)


def _cut_off(path: Path) -> bool:
    """Whether a WAV file ends before the samples that its head tells of; libsndfile reads on."""
    with path.open("rb") as file:
        start = file.read(12)
        if start[:4] != b"RIFF" or start[8:] != b"WAVE":
            return False
        end = path.stat().st_size
        at = len(start)
        while len(chunk := file.read(8)) == 8:
            size = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":  # a pipe does not know the size: 0, or the largest number
                return size < _OPEN and at + 8 + size > end
            at += 8 + size + size % 2
            file.seek(at)
    return False


def read_sound(path: Path, name: str, rate: int) -> Samples:
    """The samples of a file, from -1 to 1, channels mixed to one, at a rate.

    Resampled by soxr at its highest quality where the file's own rate is another.

    Raises:
        Unreadable: it cannot be read, is cut off, or holds numbers that are not finite.
        ModuleNotFoundError: the library is not installed.
    """
    import soundfile  # of the extra `audio`

    told = head(path, name)
    try:
        values, own = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, RuntimeError, MemoryError):
        raise Unreadable(name, "it is cut off or damaged") from None
    if len(values) != told.frames:
        raise Unreadable(name, f"it is cut off: {len(values):,} of {told.frames:,} samples")
    mono: Samples = np.ascontiguousarray(
        values[:, 0] if values.shape[1] == 1 else values.mean(axis=1)
    )
    if not np.isfinite(mono).all():
        raise Unreadable(name, "it holds numbers that are not finite")
    return mono if own == rate else _resampled(mono, own, rate, told.length(rate))


def _resampled(sound: Samples, own: int, rate: int, length: int) -> Samples:
    import soxr  # only where rates differ

    made = np.asarray(soxr.resample(sound, own, rate, quality="VHQ"), dtype=np.float32)
    return np.pad(made[:length], (0, max(length - len(made), 0)))


class Sounds:
    """Files of sound as a column [n, longest], filled up with 0.

    Args:
        lengths: samples of each file at the rate.
        kept: those that are in memory, by place in `files`.
    """

    def __init__(
        self,
        root: Path,
        files: tuple[str, ...],
        rate: int,
        lengths: Rows,
        kept: dict[int, Samples],
    ) -> None:
        self._root, self._files, self._rate = root, files, rate
        self._lengths, self._kept = lengths, kept

    def take(self, rows: Rows) -> Array:
        """Some sounds, decoded by a few threads unless they are in memory.

        Raises:
            Unreadable: a file changed or broke since it was looked at.
        """
        made = np.zeros((len(rows), int(self._lengths[rows].max(initial=0))), dtype=np.float32)

        def fill(at: int) -> None:
            sound = self._sound(int(rows[at]))
            made[at, : len(sound)] = sound

        if all(int(row) in self._kept for row in rows):
            for at in range(len(rows)):
                fill(at)
        else:
            list(pool().map(fill, range(len(rows))))
        return made

    def _sound(self, row: int) -> Samples:
        if row in self._kept:
            return self._kept[row]
        name = self._files[row]
        sound = read_sound(self._root / name, name, self._rate)
        if len(sound) != self._lengths[row]:
            raise Unreadable(name, "it changed since it was looked at")
        return sound

    def bytes_whole(self) -> None:
        """Not known before a batch is: each is as long as its longest sample."""
        return None
