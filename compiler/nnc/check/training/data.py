"""Data blocks: AST to DataPlan. Nothing is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnc.check.foreign import settingwords
from nnc.check.formulas.values import is_real
from nnc.check.overrides import Override, unknown_key
from nnc.check.training.catalogue import bundled_names
from nnc.check.training.settings import collect, number, one_value, override, text_of
from nnc.check.training.sourceargs import SOURCES, form, pixels, source_options, unknown_source
from nnc.check.training.splits import read_split
from nnc.check.training.training_rules import BAD_SETTING, UNKNOWN_SOURCE
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Fix, Refusal, nearest
from nnc.ir.datasettings import Augment, Normalize, Split
from nnc.ir.plan import DataPlan
from nnc.source import Span
from nnc.syntax import ast

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
        world.sink.add(unknown_source(data.source.name))
        return None
    options = source_options(world, data, kind)
    values = _values(world, data, overrides)
    _together(world, data, kind, options, values)
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
WINDOWED = {
    "text": ("default", "shares", "none"),
    "series": ("default", "shares", "none", "time"),
}
"""What is divided by position, and the splits that do so."""
SPLIT_EXAMPLES = {"shares": "0.8/0.1/0.1", "time": 'time("2024-01-01", "2024-06-01")'}


def _together(
    world: World,
    data: ast.Data,
    kind: str,
    options: Mapping[str, Any],
    values: Mapping[str, Any],
) -> None:
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
    what = form(kind, options)
    for name in PICTURES:
        if name in values and what not in ("pictures", "arrays"):
            world.sink.add(
                BAD_SETTING.at(spans.get(name, data.span), f"`{name}` is a setting of pictures")
            )
    if what not in WINDOWED:
        return
    for name in ("group", "split_seed", "classes"):
        if name in values and split == "default":
            message = f"`{name}` does nothing to a {what}, which is divided by position"
            world.sink.add(BAD_SETTING.at(spans.get(name, data.span), message))
    if split not in WINDOWED[what]:
        fits = " or ".join(
            f"`split {SPLIT_EXAMPLES[one]}`" for one in WINDOWED[what] if one in SPLIT_EXAMPLES
        )
        message = f"`split {split}` does not divide a {what}: its samples follow on one another"
        at = spans.get("split", data.span)
        world.sink.add(BAD_SETTING.at(at, message, help=f"write {fits}"))


def _values(world: World, data: ast.Data, overrides: Mapping[str, Override]) -> dict[str, Any]:
    """The settings' values by name, those of the command line first."""
    found = collect(world, "data", data.settings, SETTINGS, ())
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


def _bad(world: World, span: Span, name: str, wanted: str, right: str = "") -> None:
    world.sink.add(
        BAD_SETTING.at(
            span,
            f"`{name}` takes {wanted}",
            help=f"write `{right}`" if right else "",
            fix=Fix(span, right) if right else None,
        )
    )


def _word(words: tuple[str, ...]) -> Callable[[World, ast.Setting], str | None]:
    def read(world: World, setting: ast.Setting) -> str | None:
        e = one_value(world, setting, words[0])
        text = text_of(e) if e is not None else None
        if e is not None and text not in words:
            right = nearest(text or "", words)
            _bad(world, e.span, setting.name.text, " or ".join(f"`{w}`" for w in words), right)
            return None
        return text

    return read


def _name(world: World, setting: ast.Setting) -> str | None:
    e = one_value(world, setting, '"COLUMN"')
    if isinstance(e, ast.String):
        return e.value
    if e is not None:
        right = f'"{e.text}"' if isinstance(e, ast.Ref) else ""
        _bad(world, e.span, setting.name.text, "a text in double quotes", right)
    return None


def _seed(world: World, setting: ast.Setting) -> int | None:
    found = number(world, setting, "0", whole=True, least=0)
    return None if found is None else int(found)


def _classes(world: World, setting: ast.Setting) -> tuple[str, ...] | None:
    e = one_value(world, setting, '["cat", "dog"]')
    if not isinstance(e, (ast.List, ast.Tuple)):
        if e is not None:
            world.sink.add(
                BAD_SETTING.at(
                    e.span,
                    '`classes` takes a list: `["cat", "dog"]`',
                    help="leave it out: the data tell how many there are",
                )
            )
        return None
    names = [str(i.value) if isinstance(i, ast.Number) else text_of(i) for i in e.items]
    if not names or any(n is None for n in names) or len(set(names)) != len(names):
        _bad(world, e.span, "classes", "a list of different names")
        return None
    return tuple(n for n in names if n is not None)


def _size_setting(world: World, setting: ast.Setting) -> tuple[int, ...] | None:
    if len(setting.values) == 2 and all(isinstance(v, ast.Number) for v in setting.values):
        both = setting.values[0].span.to(setting.values[1].span)
        right = "x".join(v.span.text for v in setting.values)
        _bad(world, both, "size", "height and width with an `x`", right)
        return None
    e = one_value(world, setting, "64")
    return None if e is None else pixels(world, e)


def _normalize(world: World, setting: ast.Setting) -> Normalize | None:
    right = _scaled(setting.values)
    if right:
        both = setting.values[0].span.to(setting.values[-1].span)
        _bad(world, both, "normalize", _NORMALIZE, right)
        return None
    e = one_value(world, setting, "0..1")
    if e is None:
        return None
    if isinstance(e, ast.Ref) and e.text in ("imagenet", "fit", "none"):
        return Normalize(e.text)
    word = text_of(e)
    if word is not None:
        right = nearest(word, ("imagenet", "fit", "none"))
        _bad(world, e.span, "normalize", _NORMALIZE, right)
        return None
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
    _bad(world, e.span, "normalize", _NORMALIZE)
    return None


def _scaled(values: tuple[ast.Expr, ...]) -> str:
    """`1/255` and `[0.5], [0.5]` as they are written here; nothing for others."""
    if len(values) == 2 and all(isinstance(v, ast.List | ast.Tuple | ast.Number) for v in values):
        return f"({values[0].span.text}, {values[1].span.text})"
    e = values[0] if len(values) == 1 else None
    if isinstance(e, ast.Binary) and e.op == "/" and isinstance(e.right, ast.Number):
        return "0..1" if e.right.value in (255, 256) else ""
    return ""


_NORMALIZE = "`0..1`, `-1..1`, `imagenet`, `fit`, `none` or `(mean, std)`"


def _augment(world: World, setting: ast.Setting) -> tuple[Augment, ...] | None:
    found = []
    for e in setting.values:
        word = e.name.text if isinstance(e, ast.Call) else e.text if isinstance(e, ast.Ref) else ""
        if word not in AUGMENTS:
            guess = settingwords.AUGMENTS.get(settingwords.plain(word), "")
            guess = guess or nearest(word, tuple(AUGMENTS))
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
            _bad(world, e.span, word, "no arguments", word)
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
