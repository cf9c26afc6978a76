"""Pictures in rows on a sheet; needs no PyTorch."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

GAP = 2
SMALLEST = 48
"""Pixels of a side below which pictures are shown larger."""

Pixels8 = npt.NDArray[np.uint8]


def picture(tile: Pixels8) -> Image.Image:
    """A picture of [C, H, W]."""
    return Image.fromarray(tile[0] if tile.shape[0] == 1 else tile.transpose(1, 2, 0))


def arranged(tiles: Sequence[Pixels8], columns: int) -> Image.Image:
    """Pictures [C, H, W] in rows, small ones larger; sizes may differ."""
    height, width = (max(tile.shape[axis] for tile in tiles) for axis in (1, 2))
    scale = max(1, -(-SMALLEST // max(height, width)))
    high, wide = height * scale + GAP, width * scale + GAP
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * wide + GAP, rows * high + GAP), "white")
    for at, tile in enumerate(tiles):
        size = (tile.shape[2] * scale, tile.shape[1] * scale)
        shown = picture(tile).convert("RGB").resize(size, Image.Resampling.NEAREST)
        sheet.paste(shown, (GAP + at % columns * wide, GAP + at // columns * high))
    return sheet


def encoded(sheet: Image.Image) -> bytes:
    """A picture as PNG."""
    out = io.BytesIO()
    sheet.save(out, format="PNG")
    return out.getvalue()
