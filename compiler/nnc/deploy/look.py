"""A model is looked at before it is loaded; one that asks for too much is refused."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnc.deploy.rules import BROKEN_MODEL, REFUSED_MODEL, refusal
from nnc.deploy.wire import BadWire, Data, Glance, glance

LARGEST = 2 << 30
"""Bytes: protobuf reads no larger file."""
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")


def look(model: Path | bytes) -> Glance:
    """What a model is, looked at without loading it.

    Raises:
        Refusal: it is no model, or one that nnc does not run.
        OSError: the file cannot be opened.
    """
    where = model if isinstance(model, Path) else "model"
    name = where.name if isinstance(where, Path) else where
    try:
        with _bytes(model) as data:
            found = glance(data)
    except BadWire as error:
        raise refusal(BROKEN_MODEL, where, f"{name} is no readable model: {error}") from None
    why = _refused(found, model)
    if why:
        raise refusal(REFUSED_MODEL, where, f"{name} is not run: {why}")
    return found


def metadata_of(path: Path) -> dict[str, str]:
    """The metadata of a file; it is not loaded.

    Raises:
        Refusal: it is no model, or one that nnc does not run.
        OSError: the file cannot be opened.
    """
    return look(path).metadata


@contextmanager
def _bytes(model: Path | bytes) -> Iterator[Data]:
    if not isinstance(model, Path):
        yield model
        return
    with model.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not 0 < size < LARGEST:
            raise BadWire("it is empty" if not size else "it is larger than 2 GB")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data, memoryview(data) as view:
            yield view


def _refused(found: Glance, model: Path | bytes) -> str:
    """Why a model is not run, or ""."""
    if found.inner:
        return "it has graphs within its graph"
    for domain, operator in sorted(found.operators):
        if domain not in DOMAINS:
            return f"`{operator[:40]}` is no operator of ONNX"
    for location in sorted(found.locations):
        if not isinstance(model, Path) or not _beside(model, location):
            return "its weights lie outside its folder"
    return ""


def _beside(model: Path, location: str) -> bool:
    """The location names a file in the model's own folder."""
    if location in ("", ".", "..") or any(c in location for c in "/\\:\0"):
        return False
    folder = model.resolve().parent
    return (folder / location).resolve().parent == folder
