"""The mel scale: pitch as the ear spaces it (Stevens et al., 1937), and triangles on it.

`htk` is 2595 * log10(1 + f / 700), of the Hidden Markov Toolkit; `slaney` is that of Slaney's
Auditory Toolbox (1998), linear below 1000 hertz. Without numpy, for checking.
"""

from __future__ import annotations

import math

KINK, STEP = 1000.0, 200 / 3
LOG = math.log(6.4) / 27
"""Slaney's scale: so many hertz a mel below the kink; above it a factor of exp(LOG) a mel."""


def to_mel(hertz: float, scale: str) -> float:
    """A frequency on the mel scale."""
    if scale == "htk":
        return 2595 * math.log10(1 + hertz / 700)
    return hertz / STEP if hertz < KINK else KINK / STEP + math.log(hertz / KINK) / LOG


def to_hertz(mel: float, scale: str) -> float:
    """The frequency at a place of the mel scale."""
    if scale == "htk":
        return float(700 * (10 ** (mel / 2595) - 1))
    return mel * STEP if mel < KINK / STEP else KINK * math.exp(LOG * (mel - KINK / STEP))


def corners(mels: int, low: float, high: float, scale: str) -> list[float]:
    """Where triangles begin, peak and end, in hertz: three in a row are one triangle."""
    first, last = to_mel(low, scale), to_mel(high, scale)
    width = (last - first) / (mels + 1)
    return [to_hertz(first + at * width, scale) for at in range(mels + 2)]


def empty_filter(
    rate: int, fft: int, mels: int, low: float, high: float, scale: str
) -> tuple[float, float] | None:
    """The bounds of a triangle with no multiple of rate / fft inside, or None."""
    found = corners(mels, low, high, scale)
    apart = rate / fft
    for begin, end in zip(found, found[2:]):
        following = (math.floor(begin / apart + 1e-9) + 1) * apart
        if following >= end - 1e-9 * apart:
            return begin, end
    return None


def most_filters(rate: int, fft: int, mels: int, low: float, high: float, scale: str) -> int:
    """The largest number of triangles below `mels` of which none is empty, 0 where there is none.

    The more there are, the narrower they are, so that halving finds it.
    """
    least, over = 0, mels
    while over - least > 1:
        middle = (least + over) // 2
        if empty_filter(rate, fft, middle, low, high, scale) is None:
            least = middle
        else:
            over = middle
    return least
