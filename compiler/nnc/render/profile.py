"""What opening data found, as text and as JSON."""

from __future__ import annotations

from nnc.ir.plan import Categories, Field, Front, Part, Pixels, Profile, Scale
from nnc.ir.timeline import Timeline
from nnc.ir.vocabulary import Vocabulary
from nnc.render.human import many
from nnc.render.json import Json
from nnc.render.summary import sizes
from nnc.render.table import table
from nnc.render.text import PLAIN, Look, visible, wrapped

FEW = 6
"""So many columns stand beside their field; more stand below the fields."""
LISTED = 40
"""So many classes are listed with their counts; of more only how many there are."""


def profile_text(profile: Profile, look: Look = PLAIN, part: str = "") -> str:
    """Fields, parts, classes and what was skipped; `part`: only that part. A newline at the end."""
    parts = [p for p in profile.parts if part in ("", p.name)]
    lines = [
        _row("data", f"{profile.data} = {profile.described}", look),
        _row("split", profile.rule, look),
        _row("read", _read(profile), look),
    ]
    for size, value in profile.sizes:
        lines.append(_row("size", f"{profile.data}.{size} = {value:,}", look))
    if profile.skipped:
        lines.append(_row("skipped", _some(profile.skipped), look))
    fields = [_field_row(profile, field) for field in profile.fields]
    out = "\n".join(lines) + "\n\n"
    out += table(("field", "role", "type", "meaning"), fields, look) + "\n"
    for field in profile.fields:
        if len(field.columns) > FEW:
            names = wrapped([visible(name, look) for name in field.columns], look.width)
            out += "\n".join((f"columns of {field.name}", *names)) + "\n\n"
    rows = [(p.name, f"{p.samples:,}", p.fingerprint) for p in parts]
    out += table(("part", "samples", "fingerprint"), rows, look, right=(1,))
    return out + _classes(profile, parts, look)


def profile_json(profile: Profile) -> dict[str, Json]:
    """One entry of `data` of `nnc data --json`."""
    return {
        "name": profile.data,
        "source": profile.described,
        "split": profile.rule,
        "sizes": dict(profile.sizes),
        "fields": [
            {
                "name": field.name,
                "role": field.role,
                "meaning": field.meaning,
                "type": field.type.dtype,
                "shape": sizes(field.type),
                "labels": list(field.labels),
                "columns": list(field.columns),
                "padded": field.padded,
            }
            for field in profile.fields
        ],
        "parts": [
            {
                "name": part.name,
                "samples": part.samples,
                "fingerprint": part.fingerprint,
                "classes": list(part.classes),
            }
            for part in profile.parts
        ],
        "read": profile.read,
        "converted": profile.converted,
        "skipped": list(profile.skipped),
    }


def type_text(field: Field) -> str:
    """A field's raw type as printouts show it: `uint8[1,28,28]`, `class`, `float[6]`."""
    sides = [str(d) for d in sizes(field.type)]
    dims = ",".join(["T", *sides[1:]] if field.padded else sides)
    if field.meaning in ("class", "mask", "category"):
        return field.meaning if not dims else f"{field.meaning}[{dims}]"
    kind = {"float32": "float", "int64": "token"}.get(field.type.dtype, field.type.dtype)
    return f"{kind}[{dims}]" if dims else kind


def front_text(front: Front | None, time: Timeline | None = None) -> str:
    """What is done to raw values before the network sees them: `/255`, `scaled by 6 columns`.

    Args:
        time: of a series, which has no number missing when it comes to its scale.
    """
    if isinstance(front, Pixels):
        plain = {"0..1": "/255", "-1..1": "to -1..1", "none": "as they are"}
        return plain.get(front.range, f"normalised ({front.range})")
    if isinstance(front, Scale):
        filled = {"last": ", missing ones by the last known"}.get(time.missing if time else "", "")
        if time is None and front.missing:
            filled = ", missing ones by the median"
        return f"mean 0, deviation 1{filled}"
    if isinstance(front, Categories):
        return "numbered"
    if isinstance(front, Vocabulary):
        return f"numbered by {front.unit}"
    return ""


def _row(name: str, text: str, look: Look) -> str:
    return f"{name:<9} {visible(text, look)}"


def _read(profile: Profile) -> str:
    said = [f"{profile.read:,} read"]
    if profile.converted:
        said.append(f"{profile.converted:,} converted")
    said.append(f"{len(profile.skipped):,} skipped")
    return ", ".join(said)


def _some(names: tuple[str, ...], most: int = 10) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _field_row(profile: Profile, field: Field) -> tuple[str, str, str, str]:
    said = front_text(profile.front(field.name), profile.time)
    if field.labels:
        said = many(len(field.labels), "class", "classes")
    elif field.columns:
        shown = ", ".join(field.columns)
        if len(field.columns) > FEW:
            shown = f"{len(field.columns)} columns"
        said = ", ".join(filter(None, (shown, said)))
    if field.padded:
        said = ", ".join(filter(None, (said, f"up to {sizes(field.type)[0]} long")))
    if field.meaning == "length":
        said = f"of {', '.join(field.columns)}"
    return field.name, field.role, type_text(field), said


def _classes(profile: Profile, parts: list[Part], look: Look) -> str:
    target = next((f for f in profile.fields if f.role == "target" and f.meaning == "class"), None)
    if target is None or not any(part.classes for part in parts):
        return ""
    if len(target.labels) > LISTED:
        lines = wrapped([visible(label, look) for label in target.labels], look.width)
        return "\n" + "\n".join(lines) + "\n"
    rows = []
    for at, label in enumerate(target.labels):
        counts = [part.classes[at] if at < len(part.classes) else 0 for part in parts]
        shares = [
            f"{count:,} ({count / part.samples:.1%})" if part.samples else f"{count:,}"
            for count, part in zip(counts, parts)
        ]
        rows.append((label, *shares))
    head = (target.name, *(part.name for part in parts))
    return "\n" + table(head, rows, look, right=range(1, len(head)))
