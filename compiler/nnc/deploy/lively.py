"""Weights with which an output tells of its input, to prove what starts untrained.

As they start, deep networks whose normalisation has not seen data give little more than the last
layer's shift: their samples agree to 1e-13, and any two programs would. A proof on such weights
proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnc.backends.arrays import Array
from nnc.layers.weighted import part

SPREAD = 0.3
"""What starts as one number everywhere (shifts, means, variances) is raised by up to this."""


def lively(weights: Mapping[str, Array], seed: int) -> dict[str, Array]:
    """The same weights, kernels at the spread that keeps a signal's strength (He et al., 2015).

    Vectors and whatever starts as one number are drawn around where they start.
    """
    draw = np.random.Generator(np.random.SFC64(seed))
    made: dict[str, Array] = {}
    for name, array in weights.items():
        made[name] = array
        if array.dtype != np.float32 or not array.size:
            continue
        floats = array.astype(np.float32, copy=False)
        spread = float(floats.std())
        if spread == 0.0:
            made[name] = floats + draw.random(floats.shape, dtype=np.float32) * np.float32(SPREAD)
        elif (
            own := part(name)
        ) is not None and own.name == "original0":  # lengths: those that He et al. would draw
            made[name] = floats * np.float32(2**0.5 / float(floats.mean()))
        elif floats.ndim > 1:
            fan_in = floats.size // len(floats)
            made[name] = floats * np.float32((2 / fan_in) ** 0.5 / spread)
    return made
