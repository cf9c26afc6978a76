"""Data blocks: AST to DataPlan. Nothing is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnc.check.arguments import place
from nnc.check.catalogue import bundled_names
from nnc.check.overrides import Override, unknown_key
from nnc.check.rules import LATER, MISSING_ARGUMENT, UNKNOWN_ARGUMENT, WRONG_KIND
from nnc.check.settings import collect, number, one_value, override, text_of
from nnc.check.splits import read_split
from nnc.check.training_rules import BAD_SETTING, UNKNOWN_SOURCE
from nnc.check.values import Unknown, is_integer, is_real
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Fix, Refusal, nearest
from nnc.ir.plan import Augment, DataPlan, Normalize, Split
from nnc.source import Span
from nnc.syntax import ast

SOURCES: dict[str, tuple[str, ...]] = {
    "bundled": ("name",),
    "images": ("path", "labels", "file", "target", "masks", "pairs", "size"),
    "idx": ("path",),
    "arrays": ("path", "target"),
    "table": ("path", "target", "drop", "numbers", "categories"),
}
"""Kinds of data with their arguments, in order.

Texts, or lists of texts for target, pairs, drop, numbers and categories.
"""

LISTS = ("target", "pairs", "drop", "numbers", "categories")
PLANNED = ("series", "text", "audio", "shards", "hub")
SETTINGS = (
    "split",
    "group",
    "split_seed",
    "classes",
    "size",
    "fit",
    "normalize",
    "on_error",
    "augment",
)
FITS = ("crop", "pad", "stretch")
AUGMENTS = {"flip": "", "shift": "amount", "crop": "padding"}


def check_data(
    world: World,
    data: ast.Data,
    root: str,
    moved: str | None,
    overrides: Mapping[str, Override],
) -> DataPlan | None:
    """The plan of a data block, or None after a message."""
    before = world.sink.errors
    kind = data.source.name.text
    if kind not in SOURCES:
        world.sink.add(_unknown_source(data.source.name))
        return None
    options = _options(world, data, kind)
    values = _values(world, data, overrides)
    _together(world, data, kind, values)
    if world.sink.errors > before:
        return None
    path = options.pop("name" if kind == "bundled" else "path", "")
    if kind == "bundled" and path not in (known := bundled_names()):
        world.sink.add(_unknown_bundled(data.source.args[0].value.span, str(path), known))
        return None
    size = values.get("size", options.pop("size", ()))
    split = values.get("split", Split())
    assert isinstance(split, Split)
    group, seed = values.get("group", ""), values.get("split_seed", 0)
    path_span = data.source.args[0].value.span if data.source.args else data.source.span
    if moved is not None:
        if kind == "bundled":
            options["bundled"] = path  # what stands at the new path is read as this data set
        path = moved
    return DataPlan(
        data.name.text,
        kind,
        str(path),
        tuple(options.items()),
        root,
        moved is not None,
        Split(split.kind, split.values, str(group), int(seed), split.span),
        values.get("classes", ()),
        size,
        values.get("fit", "crop"),
        values.get("normalize", Normalize()),
        values.get("on_error", "stop"),
        values.get("augment", ()),
        data.span,
        path_span,
    )


DRAWN = ("default", "shares")
"""Splits that are drawn, so that groups stay together and the seed counts."""
PICTURES = ("size", "fit", "augment")
"""Settings of pictures."""


def _together(world: World, data: ast.Data, kind: str, values: Mapping[str, Any]) -> None:
    """Refuses settings that would be ignored beside others."""
    written = data.settings.settings if data.settings is not None else ()
    spans = {s.name.text: s.span for s in written if isinstance(s, ast.Setting)}
    split = values.get("split", Split()).kind
    for name in ("group", "split_seed"):
        if name in values and split not in DRAWN:
            world.sink.add(
                BAD_SETTING.at(
                    spans.get(name, data.span),
                    f"`{name}` does nothing beside `split {split}`, which draws nothing",
                    help="leave one of the two out; `split 0.8/0.1/0.1` draws",
                )
            )
    for name in PICTURES:
        if name in values and kind == "table":
            world.sink.add(
                BAD_SETTING.at(spans.get(name, data.span), f"`{name}` is a setting of pictures")
            )


def _values(world: World, data: ast.Data, overrides: Mapping[str, Override]) -> dict[str, Any]:
    """The settings' values by name, those of the command line first."""
    found = collect(world, "data", data.settings, SETTINGS, ("shuffle", "cache", "workers"))
    try:
        for one in override(found, overrides, SETTINGS, "data").values():
            world.sink.add(unknown_key(one, [], "settings of data have no parts to set"))
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            world.sink.add(diagnostic)
    values = {name: _READ[name](world, setting) for name, setting in found.items()}
    return {name: value for name, value in values.items() if value is not None}


def _unknown_bundled(span: Span, name: str, known: tuple[str, ...]) -> Diagnostic:
    guess = nearest(name, known)
    return UNKNOWN_SOURCE.at(
        span,
        f"nnc brings no data called `{name}`",
        help=f"did you mean `{guess}`?"
        if guess
        else "it brings " + ", ".join(f"`{n}`" for n in known),
        fix=Fix(span, f'"{guess}"') if guess else None,
    )


def _unknown_source(name: ast.Ident) -> Diagnostic:
    if name.text in PLANNED:
        return LATER.at(
            name.span, f'`{name.text}("...")` is planned; nnc 0.1 reads images and tables'
        )
    guess = nearest(name.text, tuple(SOURCES)) or {"csv": "table", "folder": "images"}.get(
        name.text, ""
    )
    return UNKNOWN_SOURCE.at(
        name.span,
        f"there is no source of data `{name.text}`",
        help=f"did you mean `{guess}`?"
        if guess
        else "there are " + ", ".join(f"`{s}`" for s in SOURCES),
        fix=Fix(name.span, guess) if guess else None,
    )


def _options(world: World, data: ast.Data, kind: str) -> dict[str, Any]:
    """The arguments of the source, texts and lists of texts."""
    names = SOURCES[kind]
    placed = place(kind, data.source.name.span, names, data.source.args, world.numbers)
    options: dict[str, Any] = {}
    for name, arg in placed.values.items():
        value = _size(world, arg.value) if name == "size" else _texts(world, name, arg.value)
        if value is not None:
            options[name] = value
    needed = names[0]
    if placed.ok and needed not in placed.values and "pairs" not in options:
        example = (
            '"mnist5k"'
            if kind == "bundled"
            else '"FOLDER"'
            if kind in ("images", "idx")
            else '"FILE"'
        )
        world.sink.add(
            MISSING_ARGUMENT.at(
                data.source.span, f"`{kind}` needs its {needed}", help=f"write `{kind}({example})`"
            )
        )
    if kind == "table" and "target" not in options and placed.ok:
        world.sink.add(
            MISSING_ARGUMENT.at(
                data.source.span,
                "a table needs its target columns",
                help='add `target=["COLUMN"]`',
            )
        )
    if "masks" in options and "labels" in options:
        world.sink.add(
            UNKNOWN_ARGUMENT.at(data.source.span, "`masks` and `labels` do not go together")
        )
    return options


def _texts(world: World, name: str, e: ast.Expr) -> object | None:
    """A text, or a tuple of texts where a list is meant."""
    items = e.items if isinstance(e, (ast.List, ast.Tuple)) else (e,)
    texts = tuple(i.value for i in items if isinstance(i, ast.String))
    many = isinstance(e, (ast.List, ast.Tuple))
    if len(texts) == len(items) and (name in LISTS or not many):
        return texts if name in LISTS else texts[0]
    wanted = 'a list of texts: ["a", "b"]' if name in LISTS else 'a text in double quotes: "..."'
    world.sink.add(WRONG_KIND.at(e.span, f"`{name}` takes {wanted}"))
    return None


def _bad(world: World, span: Span, name: str, wanted: str) -> None:
    world.sink.add(BAD_SETTING.at(span, f"`{name}` takes {wanted}"))


def _word(words: tuple[str, ...]) -> Callable[[World, ast.Setting], str | None]:
    def read(world: World, setting: ast.Setting) -> str | None:
        e = one_value(world, setting, words[0])
        text = text_of(e) if e is not None else None
        if e is not None and text not in words:
            _bad(world, e.span, setting.name.text, " or ".join(f"`{w}`" for w in words))
            return None
        return text

    return read


def _name(world: World, setting: ast.Setting) -> str | None:
    e = one_value(world, setting, '"COLUMN"')
    if isinstance(e, ast.String):
        return e.value
    if e is not None:
        _bad(world, e.span, setting.name.text, "a text in double quotes")
    return None


def _seed(world: World, setting: ast.Setting) -> int | None:
    found = number(world, setting, "0", whole=True, least=0)
    return None if found is None else int(found)


def _classes(world: World, setting: ast.Setting) -> tuple[str, ...] | None:
    e = one_value(world, setting, '["cat", "dog"]')
    if not isinstance(e, (ast.List, ast.Tuple)):
        if e is not None:
            _bad(world, e.span, "classes", 'a list: `["cat", "dog"]`')
        return None
    names = [str(i.value) if isinstance(i, ast.Number) else text_of(i) for i in e.items]
    if not names or any(n is None for n in names) or len(set(names)) != len(names):
        _bad(world, e.span, "classes", "a list of different names")
        return None
    return tuple(n for n in names if n is not None)


def _size(world: World, e: ast.Expr) -> tuple[int, ...] | None:
    value = world.numbers.value(e, world.scope)
    given = value if isinstance(value, tuple) else (value, value)
    sizes = tuple(s for s in given if is_integer(s) and s > 0)
    if len(sizes) == len(given) == 2:
        return sizes
    if not isinstance(value, Unknown):
        _bad(world, e.span, "size", "pixels: `64`, or height and width `64x48`")
    return None


def _size_setting(world: World, setting: ast.Setting) -> tuple[int, ...] | None:
    e = one_value(world, setting, "64")
    return None if e is None else _size(world, e)


def _normalize(world: World, setting: ast.Setting) -> Normalize | None:
    e = one_value(world, setting, "0..1")
    if e is None:
        return None
    if isinstance(e, ast.Ref) and e.text in ("imagenet", "fit", "none"):
        return Normalize(e.text)
    value = world.numbers.value(e, world.scope)
    if value == range(1):
        return Normalize("0..1")
    if value == range(-1, 1):
        return Normalize("-1..1")
    if isinstance(value, tuple) and len(value) == 2:
        mean, std = (v if isinstance(v, tuple) else (v,) for v in value)
        means = tuple(float(v) for v in mean if is_real(v))
        stds = tuple(float(v) for v in std if is_real(v) and v > 0)
        if len(means) == len(mean) and len(stds) == len(std):
            return Normalize("given", means, stds)
    _bad(world, e.span, "normalize", "`0..1`, `-1..1`, `imagenet`, `fit`, `none` or `(mean, std)`")
    return None


def _augment(world: World, setting: ast.Setting) -> tuple[Augment, ...] | None:
    found = []
    for e in setting.values:
        word = e.name.text if isinstance(e, ast.Call) else e.text if isinstance(e, ast.Ref) else ""
        if word not in AUGMENTS:
            guess = nearest(word, tuple(AUGMENTS))
            help = (
                f"did you mean `{guess}`?"
                if guess
                else "there are `flip`, `shift(2)`, `crop(padding=4)`"
            )
            world.sink.add(
                BAD_SETTING.at(e.span, f"there is no augmentation `{e.span.text}`", help=help)
            )
            return None
        amount = _amount(world, e, word)
        if amount is None:
            return None
        found.append(Augment(word, amount))
    return tuple(found)


def _amount(world: World, e: ast.Expr, word: str) -> int | None:
    args = e.args if isinstance(e, ast.Call) else ()
    name = AUGMENTS[word]
    if not name:
        if args:
            _bad(world, e.span, word, "no arguments")
        return None if args else 0
    if len(args) == 1 and (args[0].name is None or args[0].name.text == name):
        value = world.numbers.value(args[0].value, world.scope)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
    example = "crop(padding=4)" if word == "crop" else "shift(2)"
    _bad(world, e.span, word, f"pixels: `{example}`")
    return None


_READ: dict[str, Callable[[World, ast.Setting], object]] = {
    "split": read_split,
    "group": _name,
    "split_seed": _seed,
    "classes": _classes,
    "size": _size_setting,
    "fit": _word(FITS),
    "normalize": _normalize,
    "on_error": _word(("stop", "skip")),
    "augment": _augment,
}
