"""`run.json`: what a run folder says of itself, format 1. A stranger may have written it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from nnc.ir.plan import Profile
from nnc.record import Record
from nnc.train.jsonfile import (
    BadFile,
    Json,
    finite,
    integer,
    items,
    maybe,
    number,
    numbers,
    obj,
    text,
    texts,
)

FORMAT = 1
NO_WORDS: Mapping[str, str] = {}
NO_COUNTS: Mapping[str, int] = {}
NO_RESULTS: Mapping[str, Mapping[str, float]] = {}
STATUSES = ("running", "finished", "interrupted", "failed")


class Export(Record):
    """A file that was exported: its name in the run folder, and how far it is from PyTorch.

    `described` is the printout's words for its inputs and outputs.
    """

    file: str
    sha256: str
    bytes: int
    tolerance: float
    largest: float
    runtime: str
    described: str = ""


class PartRecord(Record):
    """A part of a data set as a run used it."""

    name: str
    samples: int
    fingerprint: str


class DataRecord(Record):
    """A data set as a run used it; paths are as written."""

    name: str
    described: str
    parts: tuple[PartRecord, ...]


class BestRecord(Record):
    """The weights that were kept."""

    epoch: int
    step: int
    monitor: str
    value: float


class InitRecord(Record):
    """What a run started from.

    Args:
        path: as written; sha256: of the file of weights.
        carried: names of weights here and there; anew: those that started from their own.
    """

    path: str
    sha256: str
    carried: tuple[tuple[str, str], ...]
    anew: tuple[str, ...]


class RunRecord(Record):
    """All that run.json holds.

    Args:
        started: UTC, ISO 8601: what "newest" means.
        spec: the spec's file as written; network: which of its networks.
        seeds: by name ("train", "split").
        batch: "global", "per_device", "accumulate".
        metrics: by part, and "baseline".
        baseline_part: the part that the baseline is of, "" where there is none.
        resumed: the steps at which it went on.
        init: what its weights started from, None: their own distributions.
        train: the name of the train block, "" for the network's.
    """

    status: str
    started: str
    spec: str
    network: str
    stopped_by: str = ""
    command: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    versions: Mapping[str, str] = NO_WORDS
    device: str = ""
    precision: str = ""
    threads: int = 0
    seeds: Mapping[str, int] = NO_COUNTS
    batch: Mapping[str, int] = NO_COUNTS
    data: tuple[DataRecord, ...] = ()
    best: BestRecord | None = None
    metrics: Mapping[str, Mapping[str, float]] = NO_RESULTS
    baseline_part: str = ""
    exports: tuple[Export, ...] = ()
    resumed: tuple[int, ...] = ()
    init: InitRecord | None = None
    train: str = ""

    @property
    def block(self) -> str:
        """The train block's name; that of the network where it has none of its own."""
        return self.train or self.network


def data_record(profile: Profile) -> DataRecord:
    """What a run remembers of its data."""
    parts = tuple(PartRecord(p.name, p.samples, p.fingerprint) for p in profile.parts)
    return DataRecord(profile.data, profile.described, parts)


def private(written: str) -> str:
    """A command's word with the user's home written as `~`: a run may be shared."""
    home = str(Path.home())
    if len(home) < 2:
        return written
    return re.sub(re.escape(home) + r"(?=$|[/\\\s\"',:])", "~", written)


def to_json(record: RunRecord) -> dict[str, Json]:
    """The document; numbers that are not finite are null."""
    best = record.best
    return {
        "format": FORMAT,
        "status": record.status,
        "stopped_by": record.stopped_by or None,
        "started": record.started,
        "spec": record.spec,
        "network": record.network,
        "train": record.block,
        "command": [private(word) for word in record.command],
        "overrides": [private(word) for word in record.overrides],
        "versions": dict(record.versions),
        "device": record.device,
        "precision": record.precision,
        "threads": record.threads,
        "seeds": dict(record.seeds),
        "batch": dict(record.batch),
        "data": [_data_json(d) for d in record.data],
        "best": None
        if best is None
        else {
            "epoch": best.epoch,
            "step": best.step,
            "monitor": best.monitor,
            "value": finite(best.value),
        },
        "metrics": {part: _finite(values) for part, values in record.metrics.items()},
        "baseline_part": record.baseline_part or None,
        "exports": [_export_json(e) for e in record.exports],
        "resumed": [{"step": step} for step in record.resumed],
        "init": None if record.init is None else _init_json(record.init),
    }


def _finite(values: Mapping[str, float]) -> dict[str, Json]:
    return {name: finite(value) for name, value in values.items()}


def _data_json(data: DataRecord) -> Json:
    parts: dict[str, Json] = {
        p.name: {"samples": p.samples, "fingerprint": p.fingerprint} for p in data.parts
    }
    return {"name": data.name, "described": private(data.described), "parts": parts}


def _export_json(e: Export) -> Json:
    parity: dict[str, Json] = {
        "tolerance": e.tolerance,
        "largest": finite(e.largest),
        "runtime": e.runtime,
    }
    return {
        "file": e.file,
        "sha256": e.sha256,
        "bytes": e.bytes,
        "described": e.described,
        "parity": parity,
    }


def from_json(document: Mapping[str, Json]) -> RunRecord:
    """The record of a document.

    Raises:
        BadFile: it is not as nnc writes it.
    """
    version = integer(document, "format", least=1)
    if version > FORMAT:
        raise BadFile(f"written by a newer nnc (format {version})")
    status = text(document, "status")
    if status not in STATUSES:
        raise BadFile("an unknown status")
    best = obj(document, "best")
    return RunRecord(
        status=status,
        started=text(document, "started", ""),
        spec=text(document, "spec", ""),
        network=text(document, "network", ""),
        stopped_by="" if document.get("stopped_by") is None else text(document, "stopped_by"),
        command=texts(document, "command"),
        overrides=texts(document, "overrides"),
        versions={k: text(obj(document, "versions"), k) for k in obj(document, "versions")},
        device=text(document, "device", ""),
        precision=text(document, "precision", ""),
        threads=integer(document, "threads", 0),
        seeds={k: integer(obj(document, "seeds"), k) for k in obj(document, "seeds")},
        batch={k: integer(obj(document, "batch"), k) for k in obj(document, "batch")},
        data=tuple(_data(d) for d in items(document, "data")),
        best=_best(best) if best else None,
        metrics={
            part: numbers(obj(document, "metrics"), part) for part in obj(document, "metrics")
        },
        baseline_part=""
        if document.get("baseline_part") is None
        else text(document, "baseline_part"),
        exports=tuple(_export(e) for e in items(document, "exports")),
        resumed=tuple(integer(r, "step") for r in items(document, "resumed")),
        init=_init(obj(document, "init")),
        train=text(document, "train", ""),
    )


def _init_json(init: InitRecord) -> Json:
    return {
        "path": private(init.path),
        "sha256": init.sha256,
        "carried": [{"name": name, "from": source} for name, source in init.carried],
        "anew": list(init.anew),
    }


def _init(document: Mapping[str, Json]) -> InitRecord | None:
    if not document:
        return None
    carried = tuple((text(c, "name"), text(c, "from")) for c in items(document, "carried"))
    path, sha256 = text(document, "path"), text(document, "sha256", "")
    return InitRecord(path, sha256, carried, texts(document, "anew"))


def _best(document: Mapping[str, Json]) -> BestRecord:
    return BestRecord(
        integer(document, "epoch"),
        integer(document, "step"),
        text(document, "monitor"),
        maybe(document, "value"),
    )


def _data(document: Mapping[str, Json]) -> DataRecord:
    parts = obj(document, "parts")
    return DataRecord(
        text(document, "name"),
        text(document, "described", ""),
        tuple(
            PartRecord(
                name,
                integer(obj(parts, name), "samples"),
                text(obj(parts, name), "fingerprint", ""),
            )
            for name in parts
        ),
    )


def _export(document: Mapping[str, Json]) -> Export:
    parity = obj(document, "parity")
    return Export(
        plain_name(text(document, "file")),
        text(document, "sha256", ""),
        integer(document, "bytes"),
        number(parity, "tolerance", 0.0),
        maybe(parity, "largest"),
        text(parity, "runtime", ""),
        text(document, "described", ""),
    )


def plain_name(name: str) -> str:
    """A file's name that stays within its folder on every system.

    Raises:
        BadFile: it does not.
    """
    if (
        not name
        or name in (".", "..")
        or re.search(r'[/\\:\x00-\x1f"<>|?*]', name)
        or os.sep in name
    ):
        raise BadFile(f"a file's name leads elsewhere: {name[:80]!r}")
    return name
