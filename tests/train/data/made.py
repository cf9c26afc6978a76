"""Tiny data that the tests of reading data make: pictures with a colour each, tables, idx files."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from nnc.diagnostics import Diagnostic, Refusal
from nnc.ir.plan import DataPlan, Profile
from nnc.ir.types import TensorType
from nnc.train.data import Dataset, open_data

GREY = TensorType((1, 8, 8))
COLOUR = TensorType((3, 8, 8))


def picture(
    path: Path,
    colour: int | tuple[int, ...] = 100,
    size: tuple[int, int] = (8, 8),
    mode: str = "RGB",
) -> Path:
    """A picture of one colour; size is (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fill: Any = (colour,) * len(mode) if isinstance(colour, int) and mode != "L" else colour
    Image.new(mode, size, fill).save(path)
    return path


def class_folders(root: Path, counts: dict[str, int]) -> Path:
    """One folder a class, of grey pictures that differ."""
    for at, (name, count) in enumerate(counts.items()):
        for number in range(count):
            picture(root / name / f"{number:03}.png", (at * 40 + number) % 256, mode="L")
    return root


def idx(path: Path, values: npt.NDArray[np.uint8]) -> Path:
    """An idx file of bytes, packed where the name ends in .gz."""
    head = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    data = head + values.tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def plan(kind: str, path: Path | str, **settings: Any) -> DataPlan:
    """A data block; keywords that are no settings of it are arguments of its source."""
    known = set(DataPlan._fields)
    options = tuple((name, value) for name, value in settings.items() if name not in known)
    rest = {name: value for name, value in settings.items() if name in known}
    return DataPlan("data", kind, str(path), options, **rest)


def opened(
    kind: str, path: Path | str, shape: TensorType | None = None, **settings: Any
) -> Dataset:
    """The data block, opened."""
    return open_data(plan(kind, path, **settings), shape=shape)


def refused(
    kind: str, path: Path | str, shape: TensorType | None = None, **rest: Any
) -> Diagnostic:
    """The one diagnostic with which opening the data block is refused."""
    with pytest.raises(Refusal) as caught:
        opened(kind, path, shape, **rest)
    (found,) = caught.value.diagnostics
    return found


def counts(profile: Profile) -> dict[str, int]:
    """Samples of each part."""
    return {part.name: part.samples for part in profile.parts}


def everything(dataset: Dataset, part: str) -> dict[str, npt.NDArray[Any]]:
    """All samples of a part."""
    reader = dataset.part(part)
    return reader.batch(np.arange(len(reader)))


def names(dataset: Dataset, part: str) -> list[str]:
    """What messages call the samples of a part."""
    reader = dataset.part(part)
    return reader.names(np.arange(len(reader)))


def table(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """A text file."""
    path.write_bytes(text.encode(encoding))
    return path
