"""A look at samples as a network will see them: pictures in a grid, or rows of a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from nnc.ir.plan import Field
from nnc.train.data.augment import augment
from nnc.train.data.dataset import Dataset
from nnc.train.data.keyed import Array, Rows

CELL = 96
"""Smaller pictures are enlarged to about this many pixels, by whole factors."""

CAPTION = 14
GAP = 4


def spread(samples: int, count: int) -> Rows:
    """Positions of samples spread evenly over a part."""
    count = min(count, samples)
    return (np.arange(count, dtype=np.int64) * samples) // max(count, 1)


def pictures(dataset: Dataset) -> Field | None:
    """The field of pictures, if there is one."""
    return next((f for f in dataset.profile.fields if f.meaning == "image"), None)


def grid(dataset: Dataset, part: str, count: int, path: Path) -> int:
    """Draws samples of a part with their targets, those of `train` augmented; returns how many.

    Raises:
        ValueError: the data has no pictures.
        OSError: the file cannot be written.
    """
    field = pictures(dataset)
    if field is None:
        raise ValueError("the data has no pictures")
    reader = dataset.part(part)
    positions = spread(len(reader), count)
    values = reader.batch(positions)
    images = values[field.name]
    if part == "train":
        images = augment(images, dataset.plan.augment, 0, 0, positions)
    captions = [_caption(dataset, values, at) for at in range(len(positions))]
    _draw(images, captions).save(path, optimize=False)
    return len(positions)


def rows(dataset: Dataset, part: str, count: int) -> tuple[list[str], list[list[str]]]:
    """Names of all fields, and the raw values of samples of a part as text."""
    reader = dataset.part(part)
    positions = spread(len(reader), count)
    values = reader.batch(positions)
    head = ["sample"]
    cells: list[list[str]] = [[name] for name in reader.names(positions)]
    for field in dataset.profile.fields:
        column = values[field.name]
        head.extend(field.columns if len(field.columns) > 1 else [field.name])
        for at, row in enumerate(cells):
            row.extend(_texts(field, column[at]))
    return head, cells


def _texts(field: Field, value: Array) -> list[str]:
    if len(field.columns) > 1:
        return [f"{number:.6g}" for number in value.reshape(-1)]
    if field.labels and value.size == 1:
        at = int(value.reshape(-1)[0])
        return [field.labels[at] if at < len(field.labels) else str(at)]
    if value.size == 1:
        return [f"{value.reshape(-1)[0]:.6g}"]
    return [f"{value.dtype}{list(value.shape)}"]


def _caption(dataset: Dataset, values: dict[str, Array], at: int) -> str:
    targets = [f for f in dataset.profile.fields if f.role == "target"]
    said = [_texts(f, values[f.name][at])[0] for f in targets if values[f.name][at].size == 1]
    return ", ".join(said)


def _draw(images: Array, captions: list[str]) -> Image.Image:
    """Pictures [n, C, H, W] uint8, captions under them."""
    count, _, height, width = images.shape
    factor = max(CELL // max(height, width), 1)
    columns = max(int(np.ceil(np.sqrt(count))), 1)
    lines = -(-count // columns)
    cell_width, cell_height = width * factor + GAP, height * factor + CAPTION + GAP
    sheet = Image.new("RGB", (columns * cell_width + GAP, lines * cell_height + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for at, (image, caption) in enumerate(zip(images, captions)):
        left, top = GAP + at % columns * cell_width, GAP + at // columns * cell_height
        sheet.paste(_picture(image).resize((width * factor, height * factor), 0), (left, top))
        short = caption.encode("ascii", "replace").decode()[: max(cell_width // 6, 4)]
        pen.text((left, top + height * factor + 1), short, fill="black")
    return sheet


def _picture(image: Array) -> Image.Image:
    channels_last = np.ascontiguousarray(np.moveaxis(image, 0, -1).astype(np.uint8))
    if channels_last.shape[-1] == 1:
        return Image.fromarray(channels_last[:, :, 0]).convert("RGB")
    return Image.fromarray(channels_last[:, :, :3])
