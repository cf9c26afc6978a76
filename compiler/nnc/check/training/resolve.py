"""Numbers that data give (`digits.classes`), and the text with them written in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nnc.check.files.flatten import flattened
from nnc.check.formulas.values import UNKNOWN, Value, is_integer
from nnc.check.overrides import (
    Override,
    Routed,
    meant,
    override_value,
    unknown_key,
    written_as,
)
from nnc.check.rules import BAD_OVERRIDE
from nnc.check.training.catalogue import bundled_kind, catalogue_size
from nnc.check.training.settings import text_target, with_argument
from nnc.ir.dims import symbol
from nnc.ir.plan import Profile
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast

if TYPE_CHECKING:
    from nnc.check.world import World

NUMBERS = {
    "bundled": ("classes", "numbers"),
    "images": ("classes",),
    "idx": ("classes",),
    "arrays": ("classes",),
    "table": ("classes", "numbers"),
    "text": ("vocab", "classes"),
    "series": ("numbers",),
    "audio": ("classes", "vocab", "rate"),
}
"""The numbers that each kind of data gives; tables and series also give `COLUMN.values`."""


def _numbers(kind: str, source: ast.Call) -> tuple[str, ...]:
    """The numbers that a source gives: bundled texts and series those of their kind."""
    if kind == "bundled" and source.args and isinstance(source.args[0].value, ast.String):
        own = bundled_kind(source.args[0].value.value)
        kind = own if own in ("text", "series") else kind
    if kind == "text" and all(a.name is None or a.name.text != "column" for a in source.args):
        return ("vocab",)  # one long text has no classes
    return NUMBERS[kind]


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
        allowed = _numbers(kind, data.source)
        values = attribute.endswith(".values") and kind in ("table", "series", "bundled")
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
            return value if is_integer(value) and value >= 1 else None
        profile = self.profiles.get(name)
        if profile is not None:
            sizes = dict(profile.sizes)
            if attribute not in sizes and not sizes:
                return (
                    f"the data `{name}` have no {attribute}: pictures get them from folders, "
                    "one a class (`pets/cat/1.jpg`), tables from a target column of words"
                )
            if attribute not in sizes:
                listed = ", ".join(f"`{name}.{s}`" for s in sizes)
                return f"the data `{name}` have no number `{attribute}`; they have {listed}"
            return sizes[attribute]
        if data.source.name.text == "bundled" and name not in self.moved:
            return catalogue_size(data.source, attribute)
        return None

    def check_overrides(self) -> None:
        """Says of sizes from the command line which data do not give, and which are none."""
        for (name, attribute), override in self.routed.sizes.items():
            assert self.world is not None
            before = self.world.sink.errors
            found = self.find(name, attribute)
            if isinstance(found, str):
                self.world.sink.add(unknown_key(override, [], found))
            elif (name, attribute) not in self.used and self.world.sink.errors == before:
                span = Span(override.value, 0, len(override.value.text))
                self.world.sink.add(
                    BAD_OVERRIDE.at(span, f"`{override.key}` is a whole number of at least 1")
                )
        self.used.clear()


def resolved(
    files: tuple[ast.File, ...], used: Mapping[tuple[str, str], int], routed: Routed, world: World
) -> str:
    """The text with the numbers of data, the overrides and what it uses of other files written in.

    It checks without any of them.
    """
    edits: list[tuple[Span, str]] = []
    if used:
        for file in files:
            _sizes(file, used, edits)
    for d in (d for file in files for d in file.declarations):
        if isinstance(d, (ast.Network, ast.Gan)):
            _parameters(d, routed.networks.get(d.name.text, {}), edits)
    for d in files[0].declarations:
        if isinstance(d, ast.FileParam) and d.name.text in routed.params:
            new = written_as(meant(routed.params[d.name.text], d.value))
            edits.append((d.value.span, new))
        elif isinstance(d, ast.Train):
            name = d.name.text if d.name else d.network.text
            own = routed.settings.get("", {}) | routed.settings.get(name, {})
            _settings(d.settings, d.settings.span, own, edits)
        elif isinstance(d, ast.Data):
            place = d.settings.span if d.settings is not None else d.source.span
            _settings(d.settings, place, routed.data.get(d.name.text, {}), edits)
    return flattened(world, files, edits)


def _parameters(
    d: ast.Network | ast.Gan, overrides: Mapping[str, Override], edits: list[tuple[Span, str]]
) -> None:
    for param in d.params:
        if param.name.text in overrides:
            value = meant(overrides[param.name.text], param.default)
            edits.append((param.span, f"{param.name.text}={written_as(value)}"))


def _settings(
    settings: ast.Settings | None,
    span: Span,
    overrides: Mapping[str, Override],
    edits: list[tuple[Span, str]],
) -> None:
    """Whole settings are replaced or added, arguments of calls set in them.

    Args:
        span: of the settings, or of what they would stand behind.
    """
    written = settings.settings if settings is not None else ()
    plain = (s for s in written if isinstance(s, ast.Setting) and not s.selectors)
    present = {s.name.text: s for s in plain}
    values: dict[str, ast.Expr] = {h: s.values[0] for h, s in present.items() if s.values}
    lines: dict[str, str] = {}
    for path, one in sorted(overrides.items(), key=lambda o: "." in o[0]):  # whole ones first
        head, _, argument = path.partition(".")
        value = meant(one, None if argument else text_target(head))
        values[head] = _with(head, values.get(head), argument, value) if argument else value
        lines[head] = f"{head} {_text(values[head])}"
    for head in lines:
        place = present.get(head) or present.get(_OTHER.get(head, ""))
        if place is not None:
            edits.append((place.span, lines[head]))
    added = [line for head, line in lines.items() if not {head, _OTHER.get(head)} & {*present}]
    if settings is None and added:
        edits.append((Span(span.source, span.end, span.end), f" {{ {'; '.join(added)} }}"))
    elif added:
        at = span.end - 1
        alone = not span.source.text[span.start : at].rpartition("\n")[2].strip(" \t{")
        new = "" if alone and "\n" in span.text else "\n"
        edits.append((Span(span.source, at, at), new + "".join(f"  {line}\n" for line in added)))


_OTHER = {"epochs": "steps", "steps": "epochs"}
_DEFAULT = {
    "optimizer": "adam",
    "schedule": "constant",
    "loss": "cross_entropy",
    "objective": "gan",
}


def _with(head: str, old: ast.Expr | None, name: str, new: ast.Expr) -> ast.Call:
    nowhere = Span(new.span.source, 0, 0)
    old = old or ast.Ref(nowhere, (ast.Ident(nowhere, _DEFAULT[head]),))
    call = with_argument(head, old, name, new)
    assert call is not None, "refused before"
    return call


def _text(e: ast.Expr) -> str:
    if not isinstance(e, ast.Call):
        return written_as(e)
    args = [f"{a.name.text}={a.value.span.text}" if a.name else a.span.text for a in e.args]
    return f"{e.name.text}({', '.join(args)})"


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
        elif isinstance(one, ast.Setting):  # its name may be that of a size, in a budget
            stack.extend((one.values, one.selectors, one.block))
        elif isinstance(one, (tuple, list)) and not isinstance(one, Span):
            stack.extend(one)
        elif isinstance(one, Record):
            stack.extend(one.__dict__.values())
