"""`bundled("NAME")`: the data sets that ship with nnc, and what `--data` puts in their place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnc import resources
from nnc.diagnostics import nearest
from nnc.ir.plan import PARTS, DataPlan
from nnc.ir.types import TensorType
from nnc.record import replace
from nnc.train.data.arrays import open_arrays, read_arrays
from nnc.train.data.found import Found, Request
from nnc.train.data.frame import read_frame
from nnc.train.data.idx import found_arrays, has_idx, open_idx
from nnc.train.data.images import open_images
from nnc.train.data.places import located
from nnc.train.data.rules import BUNDLED, LAYOUT, refusal
from nnc.train.data.series import found_series, open_series
from nnc.train.data.tables import found_table, open_table, speaking
from nnc.train.data.texts import found_text, open_text

TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".pq")


class Entry(NamedTuple):
    """A bundled data set.

    Attributes:
        shape: sizes of its pictures, or ().
        options: arguments of its source, for texts and series; the spec's own win.
        targets: its target fields; classes: those of them that are classes, with their order.
    """

    name: str
    file: str
    kind: str
    title: str
    licence: str
    attribution: str
    shape: tuple[int, ...]
    targets: tuple[str, ...]
    classes: tuple[tuple[str, tuple[str, ...]], ...]
    options: tuple[tuple[str, object], ...] = ()


def catalogue() -> dict[str, Entry]:
    """The data sets that ship with nnc, by name."""
    raw = json.loads(resources.text("specs", "data", "catalogue.json"))
    out = {}
    for name, entry in raw.items():
        fields = entry["fields"]
        targets = tuple(key for key, field in fields.items() if field["role"] == "target")
        classes = tuple((key, tuple(fields[key].get("classes", ()))) for key in targets)
        shape = next((tuple(f["shape"]) for f in fields.values() if "shape" in f), ())
        out[name] = Entry(
            name,
            entry["file"],
            entry["kind"],
            entry["title"],
            entry["licence"],
            entry["attribution"],
            shape,
            targets,
            tuple((key, labels) for key, labels in classes if labels),
            tuple((key, _plain(value)) for key, value in entry.get("options", {}).items()),
        )
    return out


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def open_bundled(plan: DataPlan, request: Request) -> Found:
    """A bundled data set, or with `--data` the data of the same kind that stands at a path.

    Raises:
        Refusal: there is no data set of that name, or nothing recognisable at the path.
    """
    entries = catalogue()
    if plan.moved:
        return _moved(plan, request, entries.get(str(plan.option("bundled", ""))))
    entry = entries.get(plan.path)
    if entry is None:
        close = nearest(plan.path, list(entries))
        advice = f"did you mean `{close}`?" if close else f"there are {', '.join(sorted(entries))}"
        raise refusal(BUNDLED, plan, f"no data set `{plan.path}` ships with nnc", advice)
    path = resources.path("specs", "data", entry.file)
    if entry.kind == "text":
        return found_text(_as_windows(plan, entry), request, path)
    if entry.kind == "series":
        with speaking(plan, path.name):
            return found_series(_as_windows(plan, entry), request, read_frame(path))
    if entry.kind == "table":
        with speaking(plan, path.name):
            return found_table(_as_table(plan, entry), request, read_frame(path))
    return _pictures(_with_classes(plan, entry), request, path)


def _with_classes(plan: DataPlan, entry: Entry) -> DataPlan:
    if plan.classes or len(entry.classes) != 1:
        return plan
    return replace(plan, classes=entry.classes[0][1])


def _as_windows(plan: DataPlan, entry: Entry) -> DataPlan:
    """The plan with what the catalogue says of its windows and columns."""
    options = {**dict(entry.options), **dict(plan.options)}
    return replace(plan, kind=entry.kind, options=tuple(options.items()))


def _as_table(plan: DataPlan, entry: Entry | None) -> DataPlan:
    """The plan with what the catalogue knows of the columns; the spec's own arguments win."""
    if entry is None:
        return plan
    named = [name for name, _ in entry.classes]
    known: dict[str, object] = {
        "target": entry.targets,
        "categories": tuple(named),
        "numbers": tuple(name for name in entry.targets if name not in named),
    }
    return _with_classes(replace(plan, options=tuple((known | dict(plan.options)).items())), entry)


def _pictures(plan: DataPlan, request: Request, path: Path) -> Found:
    stored = read_arrays(plan, path)
    parts = stored["part"].astype(np.int8)
    labels = [str(value) for value in stored["label"].tolist()]
    counts = ", ".join(PARTS[int(part)] for part in np.unique(parts))
    return found_arrays(plan, request, stored["image"], labels, parts, f"bundled parts: {counts}")


def _moved(plan: DataPlan, request: Request, entry: Entry | None) -> Found:
    path = located(plan, plan.path)
    if request.shape is None and request.like is None and entry is not None and entry.shape:
        request = request._replace(shape=TensorType(entry.shape))
    if entry is not None and entry.kind in ("text", "series"):
        return (open_text if entry.kind == "text" else open_series)(
            _as_windows(plan, entry), request
        )
    if path.is_dir():
        return (open_idx if has_idx(path) else open_images)(plan, request)
    if path.suffix.lower() in TABLE_ENDINGS:
        return open_table(_as_table(plan, entry), request)
    if path.suffix.lower() == ".npz":
        return open_arrays(plan, request)
    message = f"`{path.name}` is no table and no .npz file"
    raise refusal(LAYOUT, plan, message, "give a folder of class folders, idx files, or a table")
