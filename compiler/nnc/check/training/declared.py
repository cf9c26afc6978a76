"""What a data block itself says of its fields: the sizes of windows, without opening anything."""

from __future__ import annotations

from nnc.check.training.catalogue import bundled_entry
from nnc.ir.dims import symbol
from nnc.ir.plan import DataPlan, Field, Profile
from nnc.ir.types import TensorType

WINDOW = 128
"""Units of a text's window unless `window=` says otherwise."""


def declared_profile(plan: DataPlan) -> Profile | None:
    """The fields of a text or a series as far as their block tells; None of other data.

    A class field without labels has classes whose number is not known yet.
    """
    kind, options = plan.kind, dict(plan.options)
    if kind == "bundled" and not plan.moved:
        entry = bundled_entry(plan.path)
        kind, options = entry.get("kind", ""), {**entry.get("options", {}), **options}
    make = {"text": _text, "series": _series}.get(kind)
    fields = make(plan.name, options) if make is not None else ()
    return Profile(plan.name, fields, (), "", ()) if fields else None


def _text(name: str, options: dict[str, object]) -> tuple[Field, ...]:
    if "column" in options:
        return ()
    window = options.get("window", WINDOW)
    if not isinstance(window, int):
        return ()
    kind = TensorType((window,), "int64")
    count = _vocabulary(options)
    ids = (0, count - 1) if count else ()
    return (
        Field("text", "input", "text", kind, ids=ids),
        Field("next", "target", "tokens", kind, ids=ids),
    )


def _vocabulary(options: dict[str, object]) -> int:
    """How many ids a text has; 0 where that is not known."""
    most = options.get("vocab")
    if isinstance(most, int):
        return most
    return 256 if options.get("unit") == "byte" else 0


def _series(name: str, options: dict[str, object]) -> tuple[Field, ...]:
    window, horizon = options.get("window"), options.get("horizon")
    targets, known = options.get("target", ()), options.get("known", ())
    if not (isinstance(window, int) and isinstance(horizon, int)):
        return ()  # a syntax mistake took it away
    if not (isinstance(targets, (tuple, list)) and targets and isinstance(known, (tuple, list))):
        return ()
    past = TensorType((window, symbol(f"{name}.numbers")))
    fields = [Field("past", "input", "past", past)]
    if known:
        fields.append(Field("known", "input", "known", TensorType((horizon, len(known)))))
    if "id" in options:
        fields.append(Field("series", "input", "category", TensorType((), "int64")))
    several = len(targets) > 1
    kind = TensorType((horizon, len(targets)) if several else (horizon,))
    fields.append(Field("future" if several else str(targets[0]), "target", "number", kind))
    return tuple(fields)
