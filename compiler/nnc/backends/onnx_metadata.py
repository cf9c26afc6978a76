"""What an ONNX file says about itself in metadata_props: strings, JSON where structured.

No time, path or host is among it: the same run gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal, Union

import nnc
from nnc.ir.plan import Categories, Front, Pixels, Scale
from nnc.ir.timeline import Timeline, timeline_json
from nnc.ir.types import TensorType
from nnc.ir.vocabulary import Vocabulary, vocabulary_json
from nnc.passes.streaming import Stepped
from nnc.record import Record

Json = Union[None, bool, int, float, str, Sequence["Json"], Mapping[str, "Json"]]
Task = Literal["classification", "regression", "forecast", "language", "generation", "other"]
FORMAT = "1"


class Meaning(Record):
    """What an input or output is, for those who have the file alone.

    Args:
        name: in the file.
        type: per sample, as the file takes or gives it.
        meaning: "image", "numbers", "class", "probability", ...
        front: how raw values become the network's numbers, or how a target's numbers are undone.
        columns: of a table, in order.
        of: the output that a probability belongs to.
        size: [H, W] that pictures had in training.
        rate: samples a second of sounds.
        drawn: of a "noise" input: its distribution, "normal" (mean, std) or "uniform" (low, high).
        ids: of an input that is looked up in tables: how many ids these have.
        time: of the past of a series: when its rows are.
    """

    name: str
    type: TensorType
    meaning: str = "array"
    front: Front | None = None
    columns: tuple[str, ...] = ()
    of: str = ""
    size: tuple[int, ...] = ()
    drawn: tuple[str, float, float] | None = None
    rate: int = 0
    ids: int = 0
    time: Timeline | None = None


class Parity(Record):
    """What comparing the file with PyTorch gave; `verified` is False before it is done."""

    tolerance: float
    verified: bool


class Card(Record):
    """All that a file says about itself.

    Args:
        network: its name.
        task: what it does.
        trained: False for initial weights.
        inputs: in the file's order.
        outputs: in the file's order.
        labels: (output, its classes in order).
        spec: the text, or "" where it is hidden.
        hashes: ("spec", "weights", "data") with their digests.
        parity: None until it is known.
        metrics: (name, value) of the run, stored with 4 digits.
        stream: of a file that takes one step of a sequence at a time: what it carries on.
        window: so many steps the sequences of training had, 0 where that is not known.
        conditions: what symbolic sizes must satisfy, in words ("H must be a multiple of 16").
        train: the train block's name, "" where it is the network's.
    """

    network: str
    task: Task
    trained: bool
    inputs: tuple[Meaning, ...]
    outputs: tuple[Meaning, ...]
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    spec: str = ""
    hashes: tuple[tuple[str, str], ...] = ()
    parity: Parity | None = None
    metrics: tuple[tuple[str, float], ...] = ()
    stream: Stepped | None = None
    window: int = 0
    conditions: tuple[str, ...] = ()
    train: str = ""


def metadata(card: Card) -> dict[str, str]:
    """The entries, without those that have nothing to say."""
    entries = {
        "nnc.format": FORMAT,
        "nnc.version": nnc.__version__,
        "nnc.network": card.network,
        "nnc.task": card.task,
        "nnc.trained": "true" if card.trained else "false",
        "nnc.inputs": dumps([_meaning(m) for m in card.inputs]),
        "nnc.outputs": dumps([_meaning(m) for m in card.outputs]),
    }
    if card.train:
        entries["nnc.train"] = card.train
    if card.labels:
        entries["nnc.labels"] = dumps({name: list(labels) for name, labels in card.labels})
    if card.stream is not None:
        entries |= _stream(card.stream, card.window)
    if card.conditions:
        entries["nnc.conditions"] = dumps(list(card.conditions))
    if card.spec:
        entries["nnc.spec"] = card.spec
    if card.hashes:
        entries["nnc.hashes"] = dumps(dict(card.hashes))
    return entries | after_run(card.parity, card.metrics)


def after_run(parity: Parity | None, metrics: Sequence[tuple[str, float]]) -> dict[str, str]:
    """The entries that are known only once the file was run; see `onnx_file.with_metadata`."""
    entries: dict[str, str] = {}
    if parity is not None:
        entries["nnc.parity"] = dumps({"tolerance": parity.tolerance, "verified": parity.verified})
    if metrics:
        entries["nnc.metrics"] = dumps({name: _rounded(value) for name, value in metrics})
    return entries


def _stream(stream: Stepped, window: int) -> dict[str, str]:
    """What is carried from step to step, and which inputs and outputs have an axis of time."""
    told: dict[str, Json] = {
        "inputs": dict(stream.inputs),
        "outputs": {name: axis for name, axis in stream.outputs if axis is not None},
    }
    if stream.longest is not None:
        told["longest"] = stream.longest
    if window:
        told["window"] = window
    states: list[Json] = []
    for state in stream.states:
        one: dict[str, Json] = {"name": state.name, "next": f"{state.name}.next"}
        one |= {"type": str(state.type), "start": state.start}
        states.append(one | ({"grows": stream.past} if state.grows else {}))
    return {"nnc.states": dumps(states), "nnc.stream": dumps(told)}


def dumps(value: Json) -> str:
    """JSON with sorted keys; text stays readable."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _rounded(value: float) -> float | None:
    number = float(f"{value:.4g}")
    return number if abs(number) < float("inf") else None  # JSON knows no NaN and no infinity


def _meaning(m: Meaning) -> dict[str, Json]:
    said: dict[str, Json] = {"name": m.name, "type": str(m.type), "meaning": m.meaning}
    if m.columns:
        said["columns"] = list(m.columns)
    if m.of:
        said["of"] = m.of
    if m.rate:
        said["rate"] = m.rate
    if m.time is not None:
        said["time"] = timeline_json(m.time)
    if m.ids:
        said["ids"] = m.ids
    if m.drawn is not None:
        word, first, second = m.drawn
        said[word] = [first, second]
    if isinstance(m.front, Pixels):
        said |= {
            "fit": m.front.fit,
            "filter": "bilinear, antialias",
            "layout": "chw",
            "channels": {1: "grey", 3: "rgb", 4: "rgba"}.get(_channels(m.type), "other"),
            "range": m.front.range,
            "mean": list(m.front.mean),
            "std": list(m.front.std),
        }
        if m.size:
            said["size"] = list(m.size)
    elif isinstance(m.front, Scale):
        said |= {"mean": list(m.front.mean), "std": list(m.front.std)}
        if m.front.missing:
            said["medians"] = list(m.front.missing)
        if m.front.columns and not m.columns:
            said["columns"] = list(m.front.columns)
    elif isinstance(m.front, Vocabulary):
        said |= vocabulary_json(m.front)
    elif isinstance(m.front, Categories):
        said["categories"] = {
            column: list(values) for column, values in zip(m.front.columns, m.front.values)
        }
        if not m.columns:
            said["columns"] = list(m.front.columns)
    return said


def _channels(type: TensorType) -> int:
    first = type.dims[0] if type.dims else 0
    return first if isinstance(first, int) else 0
