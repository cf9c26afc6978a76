"""Tables for sound, against published numbers and against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnc.backends.fourier import mel_filters, window
from nnc.ir.initial import MelFilters
from nnc.layers.mel import corners, empty_filter, most_filters, to_hertz, to_mel

# `librosa.mel_frequencies(n_mels=40)`, as its documentation prints it
SLANEY = """
0. 85.317 170.635 255.952 341.269 426.586 511.904 597.221 682.538 767.855 853.173 938.49 1024.856
1119.114 1222.042 1334.436 1457.167 1591.187 1737.532 1897.337 2071.84 2262.393 2470.47 2697.686
2945.799 3216.731 3512.582 3835.643 4188.417 4573.636 4994.285 5453.621 5955.205 6502.92 7101.009
7754.107 8467.272 9246.028 10096.408 11025.
"""


def test_the_scale_of_slaney() -> None:
    published = [float(text) for text in SLANEY.split()]
    assert np.allclose(corners(38, 0, 11025, "slaney"), published, atol=6e-4)


def test_the_scale_of_htk() -> None:
    assert to_mel(1000, "htk") == pytest.approx(1000, abs=0.02)  # its definition: 1000 is 1000
    assert to_mel(60, "htk") == pytest.approx(92.6, abs=0.1)


@pytest.mark.parametrize("scale", ["htk", "slaney"])
def test_there_and_back(scale: str) -> None:
    for hertz in (0.0, 40.0, 999.0, 1000.0, 1001.0, 8000.0):
        assert to_hertz(to_mel(hertz, scale), scale) == pytest.approx(hertz)


@pytest.mark.parametrize("kind", ["hann", "hamming", "blackman"])
@pytest.mark.parametrize("length", [7, 8])
def test_windows_are_those_of_torch(kind: str, length: int) -> None:
    theirs = getattr(torch, f"{kind}_window")(length, dtype=torch.float64).numpy()
    assert np.allclose(window(kind, length, length), theirs, atol=1e-12)
    assert np.allclose(window(kind, length, length + 3)[1:-2], theirs, atol=1e-12)


def test_triangles() -> None:
    """Neighbours of height 1 add up to 1 between the first and the last peak."""
    table = mel_filters(MelFilters(16000, 0.0, None, "htk", "none"), 201, 40)
    points = corners(40, 0, 8000, "htk")
    hertz = np.linspace(0, 8000, 201)
    inside = (hertz >= points[1]) & (hertz <= points[-2])
    assert np.allclose(table.sum(axis=1)[inside], 1, atol=1e-6)
    assert (table >= 0).all()
    assert (table.max(axis=0) > 0).all()


def test_triangles_of_area_1() -> None:
    """Whisper's: 80 bands of 16,000 samples a second; with fine steps each area is 1."""
    table = mel_filters(MelFilters(16000, 0.0, None, "slaney", "slaney"), 80001, 80)
    assert np.allclose(table.sum(axis=0) * (8000 / 80000), 1, atol=1e-3)


def test_bands_without_a_frequency() -> None:
    assert empty_filter(16000, 400, 80, 0, 8000, "htk") is None
    low, high = empty_filter(16000, 400, 128, 0, 8000, "htk") or (0, 0)
    assert 0 <= low < high < 80
    most = most_filters(16000, 400, 128, 0, 8000, "htk")
    for mels in (80, 128):
        table = mel_filters(MelFilters(16000, 0.0, None, "htk", "none"), 201, mels)
        assert (mels <= most) == bool((table.max(axis=0) > 0).all())
    assert most_filters(16000, 16, 40, 0, 100, "htk") == 0
