"""Layers, one file a family. Importing this fills `LAYERS` with all of them."""

from __future__ import annotations

from nnc.layers import (
    activation,
    adaptive,
    attention,
    axes,
    conv,
    dense,
    dropout,
    embedding,
    front,
    gate,
    group_norm,
    layer_norm,
    linear_unit,
    merge,
    norm,
    pixel,
    pool,
    reduce,
    shape,
)
from nnc.layers.base import LAYERS

__all__ = [
    "LAYERS",
    "activation",
    "adaptive",
    "attention",
    "axes",
    "conv",
    "dense",
    "dropout",
    "embedding",
    "front",
    "gate",
    "group_norm",
    "layer_norm",
    "linear_unit",
    "merge",
    "norm",
    "pixel",
    "pool",
    "reduce",
    "shape",
]
