"""Weights that are computed of what is learned: spectral norm and weight norm, as PyTorch has them.

torch.nn.utils.parametrizations; see layers/weighted.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import numpy.typing as npt

from nnc.backends.arrays import Array
from nnc.layers.weighted import Norm, parts_of

Floats = npt.NDArray[np.float32]
POWER_STEPS = 15  # as PyTorch's spectral norm takes before the first use
EPS = 1e-12


def as_matrix(weight: Array, axis: int) -> Floats:
    """A weight with a row for each part along an axis."""
    moved = np.moveaxis(weight, axis, 0)
    return np.ascontiguousarray(moved.reshape(len(moved), -1)).astype(np.float32, copy=False)


def computed_weight(weights: Mapping[str, Array], name: str, norm: Norm, axis: int) -> Array:
    """A weight of a layer at inference.

    Args:
        weights: of the network, by full name; `name` is that of the weight.
        axis: of the weight's outputs, for spectral norm.
    """
    start = parts_of(name)
    own = {
        part: cast(Floats, weights[start + part])
        for part in ("original", "0._u", "0._v", "original0", "original1")
        if start + part in weights
    }
    if norm == "spectral_norm":
        original = own["original"]
        sigma = np.dot(own["0._u"], np.dot(as_matrix(original, axis), own["0._v"]))
        return np.asarray(original / sigma, np.float32)
    lengths, original = own["original0"], own["original1"]
    with np.errstate(invalid="ignore", divide="ignore"):  # nothing of no length, as PyTorch
        return np.asarray(original * (lengths / part_lengths(original)), np.float32)


def part_lengths(weight: Array) -> Floats:
    """The Euclidean length of each part of a weight along axis 0, with an axis for each of its."""
    axes = (-1, *(1 for _ in weight.shape[1:]))
    squares = np.square(as_matrix(weight, 0)).sum(axis=1, dtype=np.float32)
    return np.asarray(np.sqrt(squares).reshape(axes), np.float32)


def singular_vectors(matrix: Floats, right: Floats) -> tuple[Floats, Floats]:
    """The left and right singular vectors to the largest value, nearly, from a first right one."""
    right = _unit(right)
    for _ in range(POWER_STEPS):
        left = _unit(np.dot(matrix, right))
        right = _unit(np.dot(matrix.T, left))
    return left, right


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), EPS), np.float32)
