"""What changed since a run: a run goes on with the spec and the data that it began with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from nnc.diagnostics import Refusal, rule
from nnc.ir.arguments import Declared
from nnc.ir.gan import GanLoss, GanPlan
from nnc.ir.plan import DataPlan, Profile, TrainPlan, describe
from nnc.ir.updates import Clip, Init
from nnc.record import Record
from nnc.train.files import file_span
from nnc.train.run_record import DataRecord

SPEC_CHANGED = rule(
    "NN488",
    "spec-changed",
    """
`--resume` goes on with the spec that the run began with. The length (`epochs`, `steps`), devices,
workers and the path of the data may change; anything else would make one run of two halves that do
not belong together. Start a new run for it.
""",
)
DATA_CHANGED = rule(
    "NN489",
    "data-changed",
    """
The samples of a part are not those that the run began with: their fingerprint differs.
`--accept-data` goes on all the same.
""",
)

FREE = {
    TrainPlan: ("length", "defaults", "binding"),
    DataPlan: ("path", "root", "moved"),
    GanPlan: ("fields",),
    Init: ("root",),
}
"""Fields that may differ without asking; places in the text always may."""


class Spec(Record):
    """What a run is made from: its plan, its data blocks, the source of each network by name."""

    plan: TrainPlan
    data: tuple[DataPlan, ...]
    networks: Mapping[str, str]


def spec_changes(before: Spec, now: Spec) -> tuple[str, ...]:
    """What differs and may not, a line each: `train.batch: 32, now 64`."""
    found = list(_differences("train", before.plan, now.plan))
    old = {data.name: data for data in before.data}
    for data in now.data:
        if data.name in old:
            found += _differences(f"data.{data.name}", old.pop(data.name), data)
        else:
            found.append(f"data.{data.name}: new")
    found += [f"data.{name}: gone" for name in old]
    for name in dict.fromkeys((*before.networks, *now.networks)):
        was, is_now = before.networks.get(name), now.networks.get(name)
        if was != is_now:
            found.append(f"network {name}: {_first_difference(was, is_now)}")
    return tuple(found)


def refuse_spec_changes(run: Path, changes: tuple[str, ...]) -> None:
    """Refuses to go on where something changed.

    Raises:
        Refusal: there is a change.
    """
    if changes:
        help = "undo the changes, or start a new run with `nnc train SPEC`"
        message = "the spec is not the one that this run began with"
        raise Refusal(SPEC_CHANGED.at(file_span(run), message, notes=changes, help=help))


def refuse_data_changes(
    run: Path, before: Iterable[DataRecord], profiles: Iterable[Profile]
) -> None:
    """Refuses to go on with other samples.

    Raises:
        Refusal: a part's fingerprint differs from the run's.
    """
    known = {data.name: {part.name: part for part in data.parts} for data in before}
    notes = []
    for profile in profiles:
        parts = known.get(profile.data, {})
        for part in profile.parts:
            old = parts.get(part.name)
            if old is not None and old.fingerprint != part.fingerprint:
                counts = f"{old.samples:,} samples, now {part.samples:,}"
                notes.append(f"{profile.data}.{part.name}: {counts}")
    if notes:
        message = "the data are not those that this run began with"
        help = "`--accept-data` goes on all the same"
        raise Refusal(DATA_CHANGED.at(file_span(run), message, notes=tuple(notes), help=help))


def _differences(where: str, before: object, now: object) -> Iterator[str]:
    if isinstance(before, Declared) and isinstance(now, Declared):
        if before != now:
            yield f"{where}: {describe(before)}, now {describe(now)}"
    elif isinstance(before, GanLoss) and isinstance(now, GanLoss) and before.text != now.text:
        yield f"{where}: {before.text}, now {now.text}"
    elif isinstance(before, Record) and type(before) is type(now):
        free = next((names for kind, names in FREE.items() if isinstance(before, kind)), ())
        for name in before._fields:
            if name not in free and not name.endswith("span"):
                yield from _differences(
                    f"{where}.{name}", getattr(before, name), getattr(now, name)
                )
    elif isinstance(before, tuple) and isinstance(now, tuple) and len(before) == len(now):
        for i, (a, b) in enumerate(zip(before, now)):
            yield from _differences(f"{where}[{i + 1}]" if len(now) > 1 else where, a, b)
    elif before != now:
        yield f"{where}: {_shown(before)}, now {_shown(now)}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_shown(v) for v in value)})" if value else "none"
    if isinstance(value, Declared):
        return describe(value)
    if isinstance(value, Clip):
        return f"{value.norm:g} on {value.selector}" if value.selector else f"{value.norm:g}"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _first_difference(before: str | None, now: str | None) -> str:
    if before is None or now is None:
        return "new" if before is None else "gone"
    for a, b in zip(before.splitlines(), now.splitlines()):
        if a != b:
            return f"{_shown(a.strip())}, now {_shown(b.strip())}"
    return "longer" if len(now) > len(before) else "shorter"
