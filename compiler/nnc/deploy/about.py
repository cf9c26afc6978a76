"""What a model says about itself, read from its metadata; a stranger may have written them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from nnc.ir.conditions import Condition, from_json
from nnc.ir.dims import DimTooLarge
from nnc.ir.plan import Categories, Front, Pixels, Scale
from nnc.ir.timeline import Timeline, timeline_from
from nnc.ir.vocabulary import BadVocabulary, vocabulary_from
from nnc.record import Record
from nnc.train.jsonfile import (
    BadFile,
    Json,
    integer,
    items,
    maybe,
    number,
    numbers,
    obj,
    text,
    texts,
)

STEPS = "step.onnx"
"""Beside model.onnx, the file that takes one step at a time."""
DEEPEST = 32
MOST_PIXELS = 1 << 26
"""Of the size that a file says its pictures had."""
MOST_RATE = 1_000_000
"""Samples a second of sound."""
SIZES = "nnc.sizes"
"""What `nnc.conditions` says in words, for machines."""
BARE = "nnc.bare"


class Value(Record):
    """An input or output as the metadata tell it.

    Args:
        meaning: "image", "mask", "class", "probability", "number", "numbers", "category",
            "categories", "noise", "latent" or "array".
        front: how raw values become the network's numbers; of an output, what is to be undone.
        columns: of a table, in order.
        of: the output that a probability belongs to.
        size: (height, width) that pictures had in training, where it is told.
        rate: samples a second of sounds.
        drawn: of noise: "normal" (mean, std) or "uniform" (low, high).
        ids: how many ids the network's tables have, 0 where that is not told.
        time: of the past of a series: when its rows are.
    """

    name: str
    meaning: str = "array"
    front: Front | None = None
    columns: tuple[str, ...] = ()
    of: str = ""
    size: tuple[int, int] | None = None
    drawn: tuple[str, float, float] = ("normal", 0.0, 1.0)
    rate: int = 0
    ids: int = 0
    time: Timeline | None = None


class State(Record):
    """What a file that takes one step at a time carries on.

    Args:
        name: of the input, `next` of the output.
        start: the number that all of it is before the first step.
        grows: what its axis is called that has no place at first and one more after each step.
    """

    name: str
    next: str
    start: float = 0.0
    grows: str = ""


class Stream(Record):
    """How a file takes one step at a time; see `nnc.passes.streaming.Stepped`.

    Args:
        inputs, outputs: those with an axis of time, which counts without the batch.
        longest: so many steps at most, 0 for any number.
        window: so many steps the sequences of training had, 0 where that is not known.
    """

    states: tuple[State, ...] = ()
    inputs: tuple[tuple[str, int], ...] = ()
    outputs: tuple[tuple[str, int], ...] = ()
    longest: int = 0
    window: int = 0


class About(Record):
    """All of it; a file that nnc did not write has no network name.

    Args:
        trained: False for initial weights.
        data: digest of the data it was made with.
        train: the train block it was made by, "" where that has the network's name.
        bare: fronts are not in the graph: the caller applies them.
        parity: the tolerance that the file was held to, or None.
        stream: how it takes one step at a time; None for a file that takes its inputs whole.
    """

    network: str = ""
    task: str = "other"
    trained: bool = True
    bare: bool = False
    inputs: tuple[Value, ...] = ()
    outputs: tuple[Value, ...] = ()
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    conditions: tuple[Condition, ...] = ()
    spec: str = ""
    version: str = ""
    parity: float | None = None
    metrics: tuple[tuple[str, float], ...] = ()
    data: str = ""
    train: str = ""
    stream: Stream | None = None

    def input(self, name: str) -> Value:
        """What is said of an input."""
        return next((v for v in self.inputs if v.name == name), Value(name))

    def output(self, name: str) -> Value:
        """What is said of an output."""
        return next((v for v in self.outputs if v.name == name), Value(name))

    def labels_of(self, output: str) -> tuple[str, ...]:
        """The names of an output's classes, or ()."""
        return dict(self.labels).get(output, ())


def about(metadata: Mapping[str, str]) -> About:
    """What metadata say.

    Raises:
        BadFile: they are not as nnc writes them.
    """
    if "nnc.format" not in metadata:
        return About()
    if metadata["nnc.format"] != "1":
        raise BadFile("it was written by a newer nnc")
    labels = _object(metadata, "nnc.labels")
    parity = _object(metadata, "nnc.parity")
    measured = _object(metadata, "nnc.metrics")
    hashes = _object(metadata, "nnc.hashes")
    return About(
        network=metadata.get("nnc.network", ""),
        task=metadata.get("nnc.task", "other"),
        trained=metadata.get("nnc.trained") != "false",
        bare=metadata.get(BARE) == "true",
        inputs=tuple(_value(v) for v in items(_wrapped(metadata, "nnc.inputs"), "nnc.inputs")),
        outputs=tuple(_value(v) for v in items(_wrapped(metadata, "nnc.outputs"), "nnc.outputs")),
        labels=tuple((name, texts(labels, name)) for name in labels),
        conditions=_conditions(metadata),
        spec=metadata.get("nnc.spec", ""),
        version=metadata.get("nnc.version", ""),
        parity=maybe(parity, "tolerance") if parity.get("verified") is True else None,
        metrics=tuple(numbers({"": measured}, "").items()),
        data=text(hashes, "data", ""),
        train=metadata.get("nnc.train", ""),
        stream=_stream(metadata),
    )


def _stream(metadata: Mapping[str, str]) -> Stream | None:
    if "nnc.stream" not in metadata:
        return None
    said = _object(metadata, "nnc.stream")
    states = items(_wrapped(metadata, "nnc.states"), "nnc.states")
    return Stream(
        tuple(map(_state, states)),
        _axes(said, "inputs"),
        _axes(said, "outputs"),
        max(integer(said, "longest", 0), 0),
        max(integer(said, "window", 0), 0),
    )


def _state(said: dict[str, Json]) -> State:
    start = number(said, "start", 0.0)
    return State(text(said, "name"), text(said, "next"), start, text(said, "grows", ""))


def _axes(said: dict[str, Json], key: str) -> tuple[tuple[str, int], ...]:
    found = obj(said, key)
    return tuple((name, integer(found, name)) for name in found)


def _conditions(metadata: Mapping[str, str]) -> tuple[Condition, ...]:
    try:
        return tuple(from_json(c) for c in items(_wrapped(metadata, SIZES), SIZES))
    except (ValueError, DimTooLarge) as error:
        raise BadFile(str(error)) from None


def _wrapped(metadata: Mapping[str, str], key: str) -> dict[str, Json]:
    return {key: _json(metadata, key)}


def _object(metadata: Mapping[str, str], key: str) -> dict[str, Json]:
    return obj(_wrapped(metadata, key), key)


def _json(metadata: Mapping[str, str], key: str) -> Json:
    if key not in metadata:
        return None
    try:
        found: Json = json.loads(metadata[key])
    except (ValueError, RecursionError):
        raise BadFile(f"its {key} are no JSON") from None
    return found


def _value(said: dict[str, Json]) -> Value:
    columns = texts(said, "columns")
    return Value(
        text(said, "name"),
        text(said, "meaning", "array"),
        _front(said, columns),
        columns,
        text(said, "of", ""),
        _size(said),
        _drawn(said),
        _rate(said),
        max(integer(said, "ids", 0), 0),
        _time(said),
    )


def _time(said: dict[str, Json]) -> Timeline | None:
    if "time" not in said:
        return None
    try:
        return timeline_from(said["time"])
    except ValueError as error:
        raise BadFile(f'"time": {error}') from None


def _rate(said: dict[str, Json]) -> int:
    found = said.get("rate", 0)
    if type(found) is not int or not 0 <= found <= MOST_RATE:
        raise BadFile('"rate" is no number of samples a second')
    return found


def _drawn(said: dict[str, Json]) -> tuple[str, float, float]:
    word = next((word for word in ("uniform", "categorical") if word in said), "normal")
    found = _numbers(said, word) if word in said else (0.0, 1.0)
    if len(found) != 2:
        raise BadFile(f'"{word}" is no pair of numbers')
    return word, found[0], found[1]


def _size(said: dict[str, Json]) -> tuple[int, int] | None:
    found = said.get("size")
    if found is None:
        return None
    sides = [n for n in found if type(n) is int and n > 0] if isinstance(found, list) else []
    if not isinstance(found, list) or len(found) != 2 or len(sides) != 2:
        raise BadFile('"size" is no height and width')
    if sides[0] * sides[1] > MOST_PIXELS:
        raise BadFile('"size" is out of bounds')
    return sides[0], sides[1]


def _front(said: dict[str, Json], columns: tuple[str, ...]) -> Front | None:
    if "unit" in said:
        try:
            return vocabulary_from(said)
        except BadVocabulary as error:
            raise BadFile(str(error)) from None
    if "categories" in said:
        known = obj(said, "categories")
        order = columns or tuple(known)
        if any(column not in known for column in order):
            raise BadFile("its categories are not those of its columns")
        return Categories(order, tuple(texts(known, column) for column in order))
    mean, std, medians = (_numbers(said, key) for key in ("mean", "std", "medians"))
    if not mean or not std or any(s <= 0 for s in std):
        return None
    if "fit" in said:
        fit = text(said, "fit")
        if fit not in ("crop", "pad", "stretch"):
            raise BadFile(f"it says that pictures {fit!r}")
        return Pixels(mean, std, text(said, "range", "0..1"), fit)
    return Scale(mean, std, medians, columns)


def _numbers(said: dict[str, Json], key: str) -> tuple[float, ...]:
    found = said.get(key, [])
    if not isinstance(found, list):
        raise BadFile(f'"{key}" is no list of numbers')
    made = []
    for one in found:
        if isinstance(one, bool) or not isinstance(one, int | float):
            raise BadFile(f'"{key}" is no list of numbers')
        if not abs(one) < 1e300:
            raise BadFile(f'"{key}" holds a number that is out of bounds')
        made.append(float(one))
    return tuple(made)
