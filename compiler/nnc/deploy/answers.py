"""From what a model gives for one sample to what people and programs read."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nnc.backends.arrays import Array
from nnc.deploy.about import About, Value
from nnc.ir.plan import Pixels
from nnc.ir.vocabulary import Vocabulary
from nnc.train.jsonfile import Json
from nnc.train.transcripts import decoded, spelled

LISTED = 1000
"""So many numbers of an output are written out; of a larger one its sizes."""


def answer(about: About, made: Mapping[str, Array], top: int = 3) -> dict[str, Json]:
    """The answers of a sample by output: a class, a number, numbers, or what an array is.

    Args:
        made: outputs by name, without the batch.
        top: so many classes are listed.
    """
    chances = {about.output(name).of: name for name in made if about.output(name).of}
    return {
        name: _one(about, about.output(name), array, made.get(chances.get(name, "")), top)
        for name, array in made.items()
        if not about.output(name).of
    }


def _one(about: About, value: Value, array: Array, chance: Array | None, top: int) -> Json:
    labels = about.labels_of(value.name)
    if value.meaning == "mask":
        return _mask(array if chance is None else chance, labels)
    if value.meaning == "transcript" and array.ndim == 2:
        known = value.front if isinstance(value.front, Vocabulary) else None
        return spelled(decoded(array, len(array)), known, labels)
    if value.meaning == "tokens" and labels and array.ndim == 2:
        return [named(labels, int(step)) for step in array.argmax(axis=-1)]
    if value.meaning == "class" and chance is not None:
        return _class(chance, labels, top)
    if value.meaning == "probability":
        return _class(array, labels, top)
    if value.meaning == "number" and chance is not None:
        array = chance  # several yes or no: what people read are their probabilities
    if array.size == 1 and array.dtype.kind in "fiub":
        return plain(array.reshape(-1)[0])
    if value.meaning == "image" or array.size > LISTED:
        return {"shape": [int(n) for n in array.shape]}
    return _nested(array)


def _class(chance: Array, labels: tuple[str, ...], top: int) -> Json:
    """The most likely classes; a single probability is that of the second of two."""
    shares = np.asarray(chance, np.float64).reshape(-1)
    if shares.size == 1:
        shares = np.array([1 - shares[0], shares[0]])
    order = np.argsort(-shares, kind="stable")
    ranked: list[Json] = [[named(labels, int(i)), plain(shares[i])] for i in order[: max(1, top)]]
    best = int(order[0])
    return {"label": named(labels, best), "probability": plain(shares[best]), "top": ranked}


def named(labels: tuple[str, ...], number: int) -> str:
    """A class's name, or its number where names are hidden."""
    return labels[number] if number < len(labels) else str(number)


def mask_classes(array: Array) -> npt.NDArray[np.int64]:
    """The class of each position, [H, W]: of logits [classes, H, W], or of one probability."""
    if array.shape[0] == 1:
        return (np.asarray(array[0], np.float32) > 0.5).astype(np.int64)
    found: npt.NDArray[np.int64] = np.asarray(array).argmax(axis=0).astype(np.int64)
    return found


def _mask(array: Array, labels: tuple[str, ...]) -> Json:
    """The share of the positions that each class takes; classes without any are left out."""
    classes = mask_classes(array)
    counts = np.bincount(classes.reshape(-1))
    shares: dict[str, Json] = {
        named(labels, i): plain(count / classes.size) for i, count in enumerate(counts) if count
    }
    return {"shape": [int(n) for n in classes.shape], "shares": shares}


def _nested(array: Array) -> Json:
    if array.ndim == 0:
        return plain(array[()])
    return [_nested(part) for part in array]


def plain(number: object) -> Json:
    """A number as JSON writes it shortest; what is not finite is null."""
    if isinstance(number, str):
        return number
    if isinstance(number, np.bool_ | bool):
        return bool(number)
    if isinstance(number, np.integer | int):
        return int(number)
    if isinstance(number, np.floating | float):
        short = float(str(np.float32(number)))
        return short if math.isfinite(short) else None
    return str(number)


# --- pictures -------------------------------------------------------------------------------------


def pictures(about: About, made: Mapping[str, Array]) -> dict[str, npt.NDArray[np.uint8]]:
    """The outputs that are pictures, as uint8 [C, H, W]: images, and masks as class numbers."""
    found: dict[str, npt.NDArray[np.uint8]] = {}
    for name, array in made.items():
        value = about.output(name)
        if value.meaning == "mask" and array.ndim == 3:
            chance = next((n for n in made if about.output(n).of == name), name)
            found[name] = mask_classes(made[chance])[None].astype(np.uint8)
        elif value.meaning == "image" and array.ndim == 3 and array.shape[0] in (1, 3, 4):
            found[name] = pixels(array, value)
    return found


def pixels(array: Array, value: Value) -> npt.NDArray[np.uint8]:
    """Network numbers as pixels: the front of the picture that they are like is undone."""
    if array.dtype == np.uint8:
        return array.astype(np.uint8, copy=False)
    numbers = np.asarray(array, np.float32)
    if isinstance(value.front, Pixels):
        std, mean = (
            np.asarray(v, np.float32).reshape(-1, 1, 1) for v in (value.front.std, value.front.mean)
        )
        numbers = numbers * std + mean
    made: npt.NDArray[np.uint8] = np.clip(np.rint(numbers * 255), 0, 255).astype(np.uint8)
    return made
