"""How far two arrays are from one another."""

from __future__ import annotations

import math

import numpy as np

from nnc.backends.arrays import Array


def difference(found: Array, wanted: Array) -> float:
    """max|found - wanted| / max(1, max|wanted|), in float32's numbers.

    Infinite where the shapes differ, or where only one of two numbers is finite. Pixels may be the
    rounding of numbers that are wanted.
    """
    if found.shape != wanted.shape:
        return math.inf
    if not found.size:
        return 0.0
    if wanted.dtype.kind not in "fiub" or found.dtype.kind not in "fiub":
        return 0.0 if bool((found == wanted).all()) else math.inf
    a, b = found.astype(np.float64), wanted.astype(np.float64)
    if found.dtype == np.uint8 and wanted.dtype == np.float32:
        # Pixels against what was not rounded yet: a half away is what rounding does.
        a = b + np.sign(a - b) * np.maximum(np.abs(a - b) - 0.5, 0.0)
    usual = np.isfinite(a) & np.isfinite(b)
    if not usual.all():
        odd_a, odd_b = a[~usual], b[~usual]
        if not np.array_equal(odd_a, odd_b, equal_nan=True):
            return math.inf
        a, b = a[usual], b[usual]
        if not a.size:
            return 0.0
    return float(np.abs(a - b).max() / max(1.0, np.abs(b).max()))
