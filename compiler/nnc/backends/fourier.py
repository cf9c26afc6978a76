"""Tables for sound: the Fourier basis under a window, and triangles on the mel scale."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnc.ir.initial import FourierBasis, MelFilters
from nnc.layers.mel import corners

Floats = npt.NDArray[np.float32]
COSINES = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46), "blackman": (0.42, 0.5, 0.08)}
"""Windows as sums of cosines, with alternating signs, as torch.hann_window and its kin."""


def window(kind: str, length: int, fft: int) -> npt.NDArray[np.float64]:
    """A periodic window, in the middle of `fft` samples."""
    angle = 2 * np.pi * np.arange(length) / length
    made = np.zeros(fft)
    left = (fft - length) // 2
    factors = COSINES.get(kind, (1.0,))
    made[left : left + length] = sum(
        (-1) ** n * factor * np.cos(n * angle) for n, factor in enumerate(factors)
    )
    return made


def fourier_basis(table: FourierBasis) -> Floats:
    """[2 * frequencies, fft]: the cosines of all frequencies, then the sines, under the window."""
    fft = table.fft
    places = np.outer(np.arange(fft // 2 + 1), np.arange(fft)) % fft  # exact before it is an angle
    angle = 2 * np.pi * places / fft
    shape = window(table.window, table.length, fft)
    made = np.concatenate([np.cos(angle) * shape, -np.sin(angle) * shape])
    return made.astype(np.float32)


def mel_filters(table: MelFilters, frequencies: int, mels: int) -> Floats:
    """[frequencies, mels]: the share of each frequency in each band."""
    if not isinstance(table.rate, int):
        raise TypeError("the rate of a sound is not known yet")
    half = table.rate / 2
    high = half if table.high is None else table.high
    points = np.array(corners(mels, table.low, high, table.scale))
    hertz = np.linspace(0, half, frequencies)[:, None]
    width = np.diff(points)
    rising = (hertz - points[:-2]) / width[:-1]
    falling = (points[2:] - hertz) / width[1:]
    made: npt.NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling))
    if table.norm == "slaney":
        made *= 2 / (points[2:] - points[:-2])
    return made.astype(np.float32)
