"""Numbers that data give (`digits.classes`), and the text with them written in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnc import resources
from nnc.check.overrides import Override, Routed, override_value
from nnc.check.values import UNKNOWN, Value
from nnc.ir.dims import symbol
from nnc.ir.plan import Profile
from nnc.record import Record
from nnc.source import Source, Span
from nnc.syntax import ast

if TYPE_CHECKING:
    from nnc.check.world import World

NUMBERS = {
    "bundled": ("classes", "numbers"),
    "images": ("classes",),
    "idx": ("classes",),
    "arrays": ("classes",),
    "table": ("classes", "numbers"),
}
"""The numbers that each kind of data gives; tables also give `COLUMN.values`."""


class Sizes:
    """Finds the numbers of data: from the command line, an opened profile, the catalogue.

    Else symbolic.
    """

    def __init__(
        self,
        file: ast.File,
        profiles: Mapping[str, Profile],
        moved: Mapping[str, str],
        routed: Routed,
    ) -> None:
        self.data = {d.name.text: d for d in file.declarations if isinstance(d, ast.Data)}
        self.profiles, self.moved, self.routed = profiles, moved, routed
        self.used: dict[tuple[str, str], int] = {}
        self.world: World | None = None

    def find(self, name: str, attribute: str) -> Value | str | None:
        """The number, a message's text when there is none of that name.

        Or None for unknown data.
        """
        data = self.data.get(name)
        if data is None:
            return None
        kind = data.source.name.text
        if kind not in NUMBERS:
            return UNKNOWN  # the source itself is refused
        allowed = NUMBERS.get(kind, ())
        values = attribute.endswith(".values") and kind in ("table", "bundled")
        if attribute not in allowed and not values:
            listed = ", ".join(f"`{name}.{a}`" for a in allowed)
            return f"`{name}` gives no number `{attribute}`" + (
                f"; it gives {listed}" if listed else ""
            )
        found = self._known(data, name, attribute)
        if isinstance(found, str):
            return found
        if found is None:
            return symbol(f"{name}.{attribute}")
        self.used[name, attribute] = found
        return found

    def _known(self, data: ast.Data, name: str, attribute: str) -> int | str | None:
        override = self.routed.sizes.get((name, attribute))
        if override is not None and self.world is not None:
            value = override_value(self.world.numbers, override, self.world.scope)
            return value if isinstance(value, int) else None
        profile = self.profiles.get(name)
        if profile is not None:
            sizes = dict(profile.sizes)
            if attribute not in sizes:
                listed = ", ".join(f"`{name}.{s}`" for s in sizes)
                return f"the data `{name}` have no number `{attribute}`; they have {listed}"
            return sizes[attribute]
        if data.source.name.text == "bundled" and name not in self.moved:
            return catalogue_size(data, attribute)
        return None


def _catalogue() -> dict[str, Any]:
    found = json.loads(resources.text("specs", "data", "catalogue.json"))
    assert isinstance(found, dict)
    return found


def bundled_names() -> tuple[str, ...]:
    """The data sets that nnc brings."""
    return tuple(_catalogue())


def catalogue_size(data: ast.Data, attribute: str) -> int | None:
    """The number that nnc's own catalogue states of a bundled data set."""
    args = data.source.args
    if len(args) != 1 or not isinstance(args[0].value, ast.String):
        return None
    entry = _catalogue().get(args[0].value.value, {})
    size = entry.get("sizes", {}).get(attribute)
    return size if isinstance(size, int) else None


def resolved(
    source: Source, file: ast.File, used: Mapping[tuple[str, str], int], routed: Routed
) -> str:
    """The text with the numbers of data and the overrides written in; it checks without either."""
    edits: list[tuple[Span, str]] = []
    if used:
        _sizes(file, used, edits)
    for d in file.declarations:
        if isinstance(d, ast.FileParam) and d.name.text in routed.params:
            edits.append((d.value.span, routed.params[d.name.text].value.text))
        elif isinstance(d, ast.Network):
            _parameters(d, routed.networks.get(d.name.text, {}), edits)
        elif isinstance(d, ast.Train):
            name = d.name.text if d.name else d.network.text
            own = routed.settings.get("", {}) | routed.settings.get(name, {})
            _settings(d, own, edits)
    text = source.text
    for span, new in sorted(edits, key=lambda e: -e[0].start):
        if span.source is source:
            text = text[: span.start] + new + text[span.end :]
    return text


def _parameters(
    d: ast.Network, overrides: Mapping[str, Override], edits: list[tuple[Span, str]]
) -> None:
    for param in d.params:
        if param.name.text in overrides:
            new = f"{param.name.text}={overrides[param.name.text].value.text}"
            edits.append((param.span, new))


def _settings(
    d: ast.Train, overrides: Mapping[str, Override], edits: list[tuple[Span, str]]
) -> None:
    """Whole settings are replaced or added.

    Arguments of calls are set by a later argument's text.
    """
    present = {s.name.text: s for s in d.settings.settings if isinstance(s, ast.Setting)}
    added = []
    for path, one in overrides.items():
        head, _, argument = path.partition(".")
        setting = present.get(head)
        if argument:
            new = _with_argument(head, setting, argument, one.value.text)
        else:
            new = f"{head} {one.value.text}"
        if setting is None:
            added.append(new)
        else:
            edits.append((setting.span, new))
        other = {"epochs": "steps", "steps": "epochs"}.get(path)
        if other in present and path in ("epochs", "steps"):
            edits.append((present[other].span, ""))
    if added:
        at = d.settings.span.end - 1
        edits.append((Span(d.span.source, at, at), "".join(f"  {line}\n" for line in added)))


def _with_argument(head: str, setting: ast.Setting | None, name: str, text: str) -> str:
    default = {"optimizer": "adam", "schedule": "constant", "loss": "cross_entropy"}[head]
    value = setting.values[0] if setting is not None and setting.values else None
    if isinstance(value, ast.Call):
        kept = [a.span.text for a in value.args if a.name is None or a.name.text != name]
        return f"{head} {value.name.text}({', '.join([*kept, f'{name}={text}'])})"
    word = value.span.text if value is not None else default
    return f"{head} {word}({name}={text})"


def _sizes(
    node: object, used: Mapping[tuple[str, str], int], edits: list[tuple[Span, str]]
) -> None:
    """References to the numbers of data, wherever in the tree they stand."""
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Ref):
            if len(one.names) > 1:
                key = (one.names[0].text, ".".join(n.text for n in one.names[1:]))
                if key in used:
                    edits.append((one.span, str(used[key])))
        elif isinstance(one, (tuple, list)) and not isinstance(one, Span):
            stack.extend(one)
        elif isinstance(one, Record):
            stack.extend(one.__dict__.values())
