"""Samples as a network will see them: pictures on a labelled sheet, or rows of a table."""

from __future__ import annotations

import json
from math import ceil, sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from nnc.ir.plan import Field
from nnc.ir.vocabulary import Vocabulary
from nnc.train.data.augment import augment
from nnc.train.data.dataset import Dataset
from nnc.train.data.keyed import Array, Rows
from nnc.train.data.pictures import from_array
from nnc.train.data.ragged import length_name
from nnc.train.data.rules import NO_PICTURES, refusal
from nnc.train.data.units import decoded

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

_SHOWN = 60
"""So many units of a text are shown."""
_SMALLEST = 84
_LARGEST = 224
_GAP = 8
_LINE = 14
_PAPER = (255, 255, 255)
_INK = (40, 40, 40)
# Colours for the classes of masks (Okabe and Ito, 2008); class 0 is left clear.
_COLOURS = np.array(
    [
        (230, 159, 0),
        (86, 180, 233),
        (0, 158, 115),
        (240, 228, 66),
        (0, 114, 178),
        (213, 94, 0),
        (204, 121, 167),
    ],
    dtype=np.float64,
)


def spread(samples: int, count: int) -> Rows:
    """Positions of samples spread evenly over a part."""
    count = min(count, samples)
    return (np.arange(count, dtype=np.int64) * samples) // max(count, 1)


def pictures(dataset: Dataset) -> Field | None:
    """The first field of pictures, if there is one."""
    return next((f for f in dataset.profile.fields if f.meaning == "image"), None)


def grid(dataset: Dataset, part: str, count: int, path: Path) -> int:
    """Writes a sheet of samples of a part to a PNG file; returns how many it shows.

    Raises:
        Refusal: the data has no pictures.
        KeyError: there is no such part.
        OSError: the file cannot be written.
    """
    image = sheet(dataset, part, count)
    image.save(path, format="PNG")
    return len(spread(len(dataset.part(part)), count))


def sheet(dataset: Dataset, part: str, count: int = 36) -> Image.Image:
    """Samples of a part with their targets, those of train augmented as in the first epoch.

    Masks lie over their pictures in colour; pictures in pairs stand side by side.

    Raises:
        Refusal: the data has no pictures.
        KeyError: there is no such part.
    """
    reader = dataset.part(part)
    fields = [f for f in dataset.profile.fields if f.meaning == "image"]
    if not fields:
        message = f"`{dataset.profile.data}` holds no pictures to draw"
        raise refusal(NO_PICTURES, dataset.plan, message)
    positions = spread(len(reader), count)
    values = reader.batch(positions)
    if part == "train":
        for field in dataset.profile.fields:
            if field.meaning in ("image", "mask"):
                moved = augment(values[field.name], dataset.plan.augment, 0, 0, positions)
                values[field.name] = moved
    tiles, captions = [], []
    for at in range(len(positions)):
        shown = [_tile(values[field.name][at]) for field in fields]
        if "mask" in values:
            shown = [_overlaid(tile, values["mask"][at]) for tile in shown]
        tiles.append(_beside(shown))
        captions.append(_caption(dataset.profile.fields, values, at))
    return arranged(tiles, captions)


def rows(dataset: Dataset, part: str, count: int) -> tuple[list[str], list[list[str]]]:
    """Names of all fields, and the raw values of samples of a part as text."""
    reader = dataset.part(part)
    positions = spread(len(reader), count)
    values = reader.batch(positions)
    head = ["sample"]
    cells: list[list[str]] = [[name] for name in reader.names(positions)]
    for field in dataset.profile.fields:
        column = values[field.name]
        wide = len(field.columns) > 1 and field.type.rank == 1
        head.extend(field.columns if wide else [field.name])
        for at, row in enumerate(cells):
            front = dataset.profile.front(field.name) or _numbered_by(dataset, field)
            if isinstance(front, Vocabulary):
                length = values.get(length_name(field.name))
                row.append(_clipped(front, column[at], None if length is None else length[at]))
            else:
                row.extend(_texts(field, column[at]))
    return head, cells


def _numbered_by(dataset: Dataset, field: Field) -> Vocabulary | None:
    """The vocabulary of the text that a target goes on with."""
    front = dataset.profile.front("text") if field.meaning == "tokens" else None
    return front if isinstance(front, Vocabulary) else None


def _clipped(known: Vocabulary, ids: Array, length: Array | None) -> str:
    """The beginning of a text in quotes, line ends as they are written in programs."""
    whole = ids if length is None else ids[: int(length)]
    text = decoded(known, [int(at) for at in whole[:_SHOWN]])
    more = "..." if len(whole) > _SHOWN or len(text) > _SHOWN else ""
    return json.dumps(text[:_SHOWN] + more, ensure_ascii=False)


def _texts(field: Field, value: Array) -> list[str]:
    """A value as text, one for each column that the field gathers."""
    if len(field.columns) > 1 and value.size == len(field.columns):
        return [_number(number) for number in value.reshape(-1)]
    if value.size != 1 and value.ndim == 1 and value.dtype == np.float32:
        some = ", ".join(_number(number) for number in value[:3])
        return [f"{some}, ... ({len(value):,})" if len(value) > 3 else some]
    if value.size != 1:
        return [f"{value.dtype}{list(value.shape)}"]
    if not field.labels:
        return [_number(value.reshape(-1)[0])]
    at = int(value.reshape(-1)[0])
    if field.meaning == "category":  # id 0 is what train did not hold
        return [field.labels[at - 1] if at else ""]
    return [field.labels[at]]


def _number(value: float) -> str:
    return "" if value != value else f"{value:.6g}"


def _caption(fields: tuple[Field, ...], values: dict[str, Array], at: int) -> str:
    targets = [f for f in fields if f.role == "target" and values[f.name][at].size == 1]
    return ", ".join(_texts(field, values[field.name][at])[0] for field in targets)


def _tile(picture: Array) -> Image.Image:
    """A picture [C, H, W] at a size that a person can see."""
    image = from_array(picture).convert("RGB")
    largest = max(image.size)
    if largest < _SMALLEST:
        factor = ceil(_SMALLEST / largest)
        sizes = (image.width * factor, image.height * factor)
        return image.resize(sizes, Image.Resampling.NEAREST)
    if largest > _LARGEST:
        image.thumbnail((_LARGEST, _LARGEST))
    return image


def _overlaid(tile: Image.Image, mask: Array) -> Image.Image:
    small = Image.fromarray(mask.astype(np.uint8)).resize(tile.size, Image.Resampling.NEAREST)
    ids = np.asarray(small)
    pixels = np.asarray(tile).astype(np.float64)
    colours = _COLOURS[(ids.astype(np.int64) - 1) % len(_COLOURS)]
    mixed = np.where(ids[..., None] > 0, 0.5 * pixels + 0.5 * colours, pixels)
    return Image.fromarray(mixed.astype(np.uint8))


def _beside(tiles: list[Image.Image]) -> Image.Image:
    if len(tiles) == 1:
        return tiles[0]
    width = sum(tile.width for tile in tiles) + 2 * (len(tiles) - 1)
    out = Image.new("RGB", (width, max(tile.height for tile in tiles)), _PAPER)
    left = 0
    for tile in tiles:
        out.paste(tile, (left, 0))
        left += tile.width + 2
    return out


def arranged(tiles: list[Image.Image], captions: list[str]) -> Image.Image:
    """Tiles of one size in rows, captions under them."""
    from PIL import ImageDraw, ImageFont  # only a sheet needs letters

    columns = ceil(sqrt(len(tiles)))
    line = _LINE if any(captions) else 0
    width = max(tile.width for tile in tiles) + _GAP
    height = max(tile.height for tile in tiles) + line + _GAP
    lines = ceil(len(tiles) / columns)
    out = Image.new("RGB", (columns * width + _GAP, lines * height + _GAP), _PAPER)
    pen, font = ImageDraw.Draw(out), ImageFont.load_default()
    for at, (tile, caption) in enumerate(zip(tiles, captions)):
        left = _GAP + at % columns * width
        top = _GAP + at // columns * height
        out.paste(tile, (left, top))
        text = _fitting(pen, font, caption, tile.width)
        pen.text((left, top + tile.height + 1), text, _INK, font)
    return out


def _fitting(
    pen: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    text: str,
    width: int,
) -> str:
    """As much of a text as its tile is wide; the plain font has no letters beyond Latin-1."""
    text = text.encode("latin-1", "replace").decode("latin-1")
    if pen.textlength(text, font) <= width:
        return text
    while text and pen.textlength(text + "..", font) > width:
        text = text[:-1]
    return text + ".."
