"""`data.json`: profiles as plain JSON; what is read back may be a stranger's, and is checked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TypeAlias, TypeVar, get_args

from nnc.diagnostics import Refusal
from nnc.ir.plan import (
    PARTS,
    Categories,
    Field,
    Front,
    Meaning,
    Part,
    Pixels,
    Profile,
    Scale,
)
from nnc.ir.timeline import Timeline, timeline_from, timeline_json
from nnc.ir.types import DType, TensorType
from nnc.ir.vocabulary import BadVocabulary, Vocabulary, vocabulary_from, vocabulary_json
from nnc.source import Source, Span
from nnc.train.data.rules import PROFILE

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
T = TypeVar("T")

_MOST_AXES = 8
_MOST_SIZE = 1 << 40


def profile_json(profile: Profile) -> str:
    """A profile as the text of `data.json`; the same profile gives the same bytes."""
    return json.dumps(profile_to_json(profile), indent=2, ensure_ascii=False) + "\n"


def profile_to_json(profile: Profile) -> dict[str, Json]:
    """A profile as plain JSON values."""
    return {
        "format": 1,
        "data": profile.data,
        "described": profile.described,
        "rule": profile.rule,
        "sizes": dict(profile.sizes),
        "parts": [
            {
                "name": part.name,
                "samples": part.samples,
                "fingerprint": part.fingerprint,
                "classes": list(part.classes),
            }
            for part in profile.parts
        ],
        "fields": [_field_to_json(field) for field in profile.fields],
        "fronts": {name: _front_to_json(front) for name, front in profile.fronts},
        "read": profile.read,
        "converted": profile.converted,
        "skipped": list(profile.skipped),
        **({"carried": True} if profile.carried else {}),
        **({"time": dict(timeline_json(profile.time))} if profile.time is not None else {}),
    }


def _field_to_json(field: Field) -> Json:
    dims: list[Json] = [int(dim) if isinstance(dim, int) else str(dim) for dim in field.type.dims]
    return {
        "name": field.name,
        "role": field.role,
        "meaning": field.meaning,
        "type": {"dims": dims, "dtype": field.type.dtype},
        "labels": list(field.labels),
        "columns": list(field.columns),
        **({"padded": True, "shortest": field.shortest} if field.padded else {}),
        **({"ids": list(field.ids)} if field.ids else {}),
    }


def _front_to_json(front: Front) -> Json:
    if isinstance(front, Pixels):
        return {
            "kind": "pixels",
            "mean": list(front.mean),
            "std": list(front.std),
            "range": front.range,
            "fit": front.fit,
        }
    if isinstance(front, Scale):
        return {
            "kind": "scale",
            "mean": list(front.mean),
            "std": list(front.std),
            "missing": list(front.missing),
            "columns": list(front.columns),
        }
    if isinstance(front, Vocabulary):
        return {"kind": "vocabulary", **vocabulary_json(front)}
    return {
        "kind": "categories",
        "columns": list(front.columns),
        "values": [list(values) for values in front.values],
    }


# --- reading back
# -------------------------------------------------------------------------------------


class _Bad(Exception):
    """What is wrong, and where in the document."""


def profile_from_json(value: object, file: str = "data.json") -> Profile:
    """The profile in JSON values, or in a JSON text.

    Raises:
        Refusal: it is not as `profile_to_json` makes it.
    """
    try:
        if isinstance(value, str | bytes):
            value = json.loads(value)
        return _profile(_object(value, "it"))
    except (_Bad, ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _Bad) else "it is no JSON"
        span = Span(Source(file, ""), 0, 0)
        raise Refusal(PROFILE.at(span, f"cannot read `{file}`: {reason}")) from None


def _profile(it: dict[str, object]) -> Profile:
    if it.get("format") != 1:
        raise _Bad(f"`format` is {it.get('format')!r}, this nnc reads 1")
    sizes = _object(it.get("sizes"), "sizes")
    fronts = _object(it.get("fronts"), "fronts")
    profile = Profile(
        data=_text(it.get("data"), "data"),
        fields=_list(it.get("fields"), "fields", _field),
        sizes=tuple((name, _count(size, name)) for name, size in sizes.items()),
        rule=_text(it.get("rule"), "rule"),
        parts=_list(it.get("parts"), "parts", _part),
        fronts=tuple((name, _front(front, name)) for name, front in fronts.items()),
        described=_text(it.get("described"), "described"),
        read=_count(it.get("read"), "read"),
        converted=_count(it.get("converted"), "converted"),
        skipped=_list(it.get("skipped"), "skipped", _text),
        carried=it.get("carried") is True,
        time=_time(it["time"]) if "time" in it else None,
    )
    names = [field.name for field in profile.fields]
    if len(set(names)) < len(names):
        raise _Bad("two fields have one name")
    unknown = [name for name, _ in profile.fronts if name not in names]
    if unknown:
        raise _Bad(f"`fronts` speaks of `{unknown[0]}`, which is no field")
    return profile


def _field(value: object, where: str) -> Field:
    it = _object(value, where)
    name = _text(it.get("name"), f"{where}.name")
    role = _text(it.get("role"), f"{name}.role")
    if role != "input" and role != "target":
        raise _Bad(f"the role of `{name}` is neither input nor target")
    kind = _object(it.get("type"), f"{name}.type")
    dims = _list(kind.get("dims"), f"{name}.type.dims", _count)
    if len(dims) > _MOST_AXES:
        raise _Bad(f"`{name}` has more than {_MOST_AXES} axes")
    dtype: DType = _one_of(kind.get("dtype"), f"{name}.type.dtype", get_args(DType))
    meaning: Meaning = _one_of(it.get("meaning"), f"{name}.meaning", get_args(Meaning))
    return Field(
        name,
        "input" if role == "input" else "target",
        meaning,
        TensorType(dims, dtype),
        _list(it.get("labels"), f"{name}.labels", _text),
        _list(it.get("columns"), f"{name}.columns", _text),
        it.get("padded") is True,
        _count(it.get("shortest", 0), f"{name}.shortest"),
        _ids(it.get("ids", []), f"{name}.ids"),
    )


def _time(value: object) -> Timeline:
    try:
        return timeline_from(value)
    except ValueError as error:
        raise _Bad(f"`time` cannot be used: {error}") from None


def _ids(value: object, where: str) -> tuple[int, ...]:
    if isinstance(value, list) and len(value) in (0, 2) and all(type(n) is int for n in value):
        return tuple(value)
    raise _Bad(f"{where} is no pair of whole numbers")


def _part(value: object, where: str) -> Part:
    it = _object(value, where)
    name = _text(_one_of(it.get("name"), f"{where}.name", PARTS), where)
    mark = _text(it.get("fingerprint"), f"{name}.fingerprint")
    if len(mark) != 12 or not set(mark) <= set("0123456789abcdef"):
        raise _Bad(f"the fingerprint of `{name}` is not 12 hexadecimal digits")
    classes = _list(it.get("classes"), f"{name}.classes", _count)
    return Part(name, _count(it.get("samples"), f"{name}.samples"), mark, classes)


def _front(value: object, where: str) -> Front:
    it = _object(value, where)
    kind = it.get("kind")
    if kind == "categories":
        columns = _list(it.get("columns"), f"{where}.columns", _text)
        values = _list(it.get("values"), f"{where}.values", _texts)
        if len(columns) != len(values):
            raise _Bad(f"`{where}` has {len(columns)} columns and {len(values)} lists of values")
        return Categories(columns, values)
    if kind == "vocabulary":
        try:
            return vocabulary_from(it)
        except BadVocabulary as error:
            raise _Bad(f"the vocabulary of `{where}` cannot be used: {error}") from None
    mean = _list(it.get("mean"), f"{where}.mean", _number)
    std = _list(it.get("std"), f"{where}.std", _number)
    if not mean or not std or min(std) <= 0:
        raise _Bad(f"the scale of `{where}` is empty or not above 0")
    if kind == "pixels":
        fit = _one_of(it.get("fit"), f"{where}.fit", ("crop", "pad", "stretch"))
        return Pixels(mean, std, _text(it.get("range"), f"{where}.range"), _text(fit, where))
    if kind != "scale":
        raise _Bad(f"`{where}` is of an unknown kind")
    missing = _list(it.get("missing"), f"{where}.missing", _number)
    columns = _list(it.get("columns"), f"{where}.columns", _text)
    if len({len(mean), len(std), len(missing) or len(mean), len(columns) or len(mean)}) > 1:
        raise _Bad(f"the scale of `{where}` has lists of different lengths")
    return Scale(mean, std, missing, columns)


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _Bad(f"{where} is no object")
    return value


def _list(value: object, where: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise _Bad(f"{where} is no list")
    return tuple(read(one, where) for one in value)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _Bad(f"{where} is no text")
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    return _list(value, where, _text)


def _count(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_SIZE:
        raise _Bad(f"{where} is no count")
    return value


def _number(value: object, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise _Bad(f"{where} is no finite number")
    return float(value)


def _one_of(value: object, where: str, words: tuple[T, ...]) -> T:
    for word in words:
        if word == value:
            return word
    raise _Bad(f"{where} is none of {', '.join(map(str, words))}")
