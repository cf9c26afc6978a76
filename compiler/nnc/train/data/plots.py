"""Samples of series as curves, the past and what follows it; sounds as waveforms."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from nnc.ir.plan import Field
from nnc.train.data.dataset import Dataset
from nnc.train.data.grid import arranged, spread
from nnc.train.data.keyed import Array
from nnc.train.data.ragged import length_name

_WIDTH, _HEIGHT, _EDGE = 300, 110, 4
_PAPER, _FRAME = (255, 255, 255), (210, 210, 210)
# Blue, green, purple for columns of the past, orange for what follows (Okabe and Ito, 2008).
_PAST = ((0, 114, 178), (0, 158, 115), (204, 121, 167))
_NEXT = (230, 159, 0)


def curves(dataset: Dataset) -> Field | None:
    """The past of a series, where the data are one."""
    return next((f for f in dataset.profile.fields if f.meaning == "past"), None)


def plot(dataset: Dataset, part: str, count: int, path: Path) -> int:
    """Writes a sheet of samples as curves to a PNG file; returns how many it shows.

    Columns are scaled alike within a sample's tile: the first three that are forecast, or the first
    three of the past.

    Raises:
        KeyError: there is no such part.
        OSError: the file cannot be written.
    """
    reader, past = dataset.part(part), curves(dataset)
    assert past is not None, "the caller asked for a series"
    target = next(f for f in dataset.profile.fields if f.role == "target")
    positions = spread(len(reader), count)
    values = reader.batch(positions)
    shown = [past.columns.index(name) for name in target.columns[: len(_PAST)]]
    tiles = [
        _tile(values[past.name][at][:, shown], _columns(values[target.name][at]))
        for at in range(len(positions))
    ]
    arranged(tiles, reader.names(positions)).save(path, format="PNG")
    return len(positions)


def sounds(dataset: Dataset) -> Field | None:
    """The samples of sounds, where the data are some."""
    return next((f for f in dataset.profile.fields if f.meaning == "sound"), None)


def waves(dataset: Dataset, part: str, count: int, path: Path) -> int:
    """Writes a sheet of sounds as waveforms to a PNG file; returns how many it shows.

    A sound fills its tile from its first sample to its last, and from -1 to 1.

    Raises:
        KeyError: there is no such part.
        OSError: the file cannot be written.
    """
    reader, sound = dataset.part(part), sounds(dataset)
    assert sound is not None, "the caller asked for sounds"
    positions = spread(len(reader), count)
    values = reader.batch(positions)
    lengths = values[length_name(sound.name)].tolist()
    tiles = [_wave(whole[:own]) for whole, own in zip(values[sound.name], lengths)]
    arranged(tiles, reader.names(positions)).save(path, format="PNG")
    return len(positions)


def _wave(sound: Array) -> Image.Image:
    """The lowest and the highest sample of each column of pixels."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, _WIDTH - 1, _HEIGHT - 1), outline=_FRAME)
    edges = np.linspace(0, len(sound), _WIDTH - 2 * _EDGE + 1).astype(np.int64)
    middle, most = (_HEIGHT - 1) / 2, (_HEIGHT - 1) / 2 - _EDGE
    for at, (start, end) in enumerate(pairwise(edges.tolist())):
        own = np.clip(sound[start : max(end, start + 1)], -1, 1)
        if len(own):
            high, low = (middle - most * float(v) for v in (own.max(), own.min()))
            pen.line([(at + _EDGE, high), (at + _EDGE, low)], fill=_PAST[0])
    return image


def _columns(values: Array) -> Array:
    return (values[:, None] if values.ndim == 1 else values)[:, : len(_PAST)]


def _tile(past: Array, future: Array) -> Image.Image:
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, _WIDTH - 1, _HEIGHT - 1), outline=_FRAME)
    for column in range(past.shape[1]):
        whole = np.concatenate([past[:, column], future[:, column]]).astype(np.float64)
        across = np.linspace(_EDGE, _WIDTH - 1 - _EDGE, len(whole))
        low, high = np.nanmin(whole), np.nanmax(whole)
        share = (whole - low) / ((high - low) or 1.0)
        up = _HEIGHT - 1 - _EDGE - share * (_HEIGHT - 1 - 2 * _EDGE)
        points = [(float(x), float(y)) for x, y in zip(across, up)]
        now = len(past)
        pen.line([p for p in points[:now] if p[1] == p[1]], fill=_PAST[column], width=1)
        pen.line([p for p in points[now - 1 :] if p[1] == p[1]], fill=_NEXT, width=2)
    return image
