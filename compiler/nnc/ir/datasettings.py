"""Settings of a data block: how it is divided, scaled and augmented."""

from __future__ import annotations

from nnc.record import Record
from nnc.source import NOWHERE, Span


class Split(Record):
    """How samples are divided: kind "default".

    "shares", "folders", "files", "column", "time" or "none".

    `values`: three shares for "shares"; file names for "files"; the column's name; two or three
    borders for
    "time". `group` names the column or folder level whose values stay together. `seed` is the
    split's own.
    """

    kind: str = "default"
    values: tuple[float | str, ...] = ()
    group: str = ""
    seed: int = 0
    span: Span = NOWHERE


class Normalize(Record):
    """How numbers are scaled: "default", "0..1", "-1..1", "imagenet", "fit".

    "none" or "given" (mean, std).
    """

    kind: str = "default"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


class Augment(Record):
    """One augmentation of the train part: `flip`, `shift(2)`, `crop(padding=4)`."""

    word: str
    amount: int = 0
