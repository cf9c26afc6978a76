"""Sources of data and their arguments: which there are, and of what kind each is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from nnc.check.arguments.bind import place
from nnc.check.foreign import settingwords
from nnc.check.formulas.values import Unknown, is_integer
from nnc.check.rules import LATER, MISSING_ARGUMENT, OUT_OF_RANGE, UNKNOWN_ARGUMENT, WRONG_KIND
from nnc.check.training.catalogue import bundled_kind, bundled_names
from nnc.check.training.settings import text_of
from nnc.check.training.training_rules import BAD_SETTING, UNKNOWN_SOURCE
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Fix, nearest
from nnc.ir.timeline import DATE_PARTS, GAPS
from nnc.ir.vocabulary import UNITS
from nnc.syntax import ast

SOURCES: dict[str, tuple[str, ...]] = {
    "bundled": ("name", "unit", "window", "vocab", "carry", "horizon"),
    "images": ("path", "labels", "file", "target", "masks", "pairs", "size", "names"),
    "idx": ("path",),
    "arrays": ("path", "target"),
    "table": ("path", "target", "drop", "numbers", "categories"),
    "text": ("path", "unit", "window", "vocab", "carry", "encoding", "column", "target"),
    "series": (
        "path", "time", "target", "window", "horizon", "known", "id", "drop", "missing",
        "gaps", "sort",
    ),
    "audio": ("path", "rate", "resample", "labels", "file", "target", "unit", "vocab", "names"),
}  # fmt: skip
"""Kinds of data with their arguments, in order. The first is a text; ARGUMENTS tells of others."""

PLANNED = ("shards", "hub")
NEEDED = {
    "table": (("target", 'target=["COLUMN"]', "its target columns"),),
    "series": (
        ("target", 'target=["COLUMN"]', "the columns that it forecasts"),
        ("window", "window=96", "how many rows of the past a sample has"),
        ("horizon", "horizon=24", "how many rows it forecasts"),
    ),
}
"""Arguments that a source cannot do without: name, an example, what it is."""
EXAMPLES = {"bundled": '"mnist5k"', "images": '"FOLDER"', "idx": '"FOLDER"', "audio": '"FOLDER"'}
MOST_WINDOW = 1_000_000


def source_options(world: World, data: ast.Data, kind: str) -> dict[str, Any]:
    """The arguments of a source by name, those that are as they should be."""
    names = SOURCES[kind]
    placed = place(kind, data.source.name.span, names, data.source.args, world.numbers)
    options: dict[str, Any] = {}
    first = placed.values.get(names[0])
    if first is not None and _elsewhere(world, kind, first.value):
        return options
    for name, arg in placed.values.items():
        value = ARGUMENTS.get(name, _text)(world, name, arg.value)
        if value is not None:
            options[name] = value
    if not placed.ok:
        return options
    needed = names[0]
    if needed not in placed.values and "pairs" not in options:
        help = f"write `{kind}({EXAMPLES.get(kind, chr(34) + 'FILE' + chr(34))})`"
        message = f"`{kind}` needs its {needed}"
        world.sink.add(MISSING_ARGUMENT.at(data.source.span, message, help=help))
    lacking = [one for one in NEEDED.get(kind, ()) if one[0] not in placed.values]
    if lacking:
        what = (
            lacking[0][2] if len(lacking) == 1 else ", ".join(f"`{name}`" for name, _, _ in lacking)
        )
        help = f"add `{', '.join(example for _, example, _ in lacking)}`"
        message = f"a {kind} needs {what}"
        world.sink.add(MISSING_ARGUMENT.at(data.source.span, message, help=help))
    _apart(world, data, kind, {name: arg.value for name, arg in placed.values.items()})
    return options


APART = (
    ("images", "masks", "labels"),
    ("images", "names", "labels"),
    ("images", "names", "masks"),
    ("images", "names", "pairs"),
    ("audio", "names", "labels"),
    ("text", "column", "window"),
    ("text", "column", "carry"),
    ("text", "column", "encoding"),
)
"""Arguments that do not go together."""


def _apart(world: World, data: ast.Data, kind: str, given: Mapping[str, ast.Expr]) -> None:
    for of, first, second in APART:
        if kind == of and first in given and second in given:
            message = f"`{first}` and `{second}` do not go together"
            at = data.source.span if of == "images" else given[second].span
            world.sink.add(UNKNOWN_ARGUMENT.at(at, message))
    if kind == "text" and "column" in given and "target" not in given:
        message = "a table of texts needs the column that is learnt"
        help = 'add `target="COLUMN"`'
        world.sink.add(MISSING_ARGUMENT.at(data.source.span, message, help=help))
    if kind == "text" and "target" in given and "column" not in given:
        message = "`target` goes with `column`, the column of a table that holds the texts"
        help = 'write `text("f.csv", column="body", target="label")`'
        world.sink.add(MISSING_ARGUMENT.at(data.source.span, message, help=help))
    for word, needed in (("unit", "labels"), ("file", "labels"), ("vocab", "unit")):
        if kind == "audio" and word in given and needed not in given:
            message = f"`{word}` goes with `{needed}`"
            help = 'write `audio("DIR", labels="said.csv", file="path", target="text", unit=char)`'
            world.sink.add(UNKNOWN_ARGUMENT.at(given[word].span, message, help=help))
    if kind == "series":
        _date_parts(world, given)
    if kind == "bundled":
        _of_bundled(world, given)


def _date_parts(world: World, given: Mapping[str, ast.Expr]) -> None:
    """Refuses `known=["date.our"]`: of the time column there are parts of a date."""
    time, known = given.get("time"), given.get("known")
    names = known.items if isinstance(known, (ast.List, ast.Tuple)) else (known,)
    for e in names:
        if not (isinstance(e, ast.String) and isinstance(time, ast.String)):
            continue
        base, _, part = e.value.rpartition(".")
        if base != time.value or part in DATE_PARTS:
            continue
        guess = nearest(part.lower(), DATE_PARTS)
        right = f'"{base}.{guess}"'
        listed = ", ".join(f"`{one}`" for one in DATE_PARTS)
        world.sink.add(
            BAD_SETTING.at(
                e.span,
                f"a date has no part `{part}`",
                help=f"write `{right}`; there are {listed}" if guess else f"there are {listed}",
                fix=Fix(e.span, right) if guess else None,
            )
        )


def _of_bundled(world: World, given: Mapping[str, ast.Expr]) -> None:
    """Refuses arguments of texts and series for other bundled data."""
    name = given.get("name")
    of = bundled_kind(name.value) if isinstance(name, ast.String) else ""
    for word, e in given.items():
        if word != "name" and of and word not in SOURCES.get(of, ()):
            message = f"`{word}` is no argument of this data, which is {ARTICLE.get(of, of)}"
            world.sink.add(UNKNOWN_ARGUMENT.at(e.span, message))


ARTICLE = {"images": "pictures", "table": "a table", "text": "a text", "series": "a series"}


def form(kind: str, options: Mapping[str, Any]) -> str:
    """What a source gives: "pictures", "arrays", "table", "text" (one long one), "series"."""
    if kind == "bundled":
        kind = bundled_kind(str(options.get("name", ""))) or "images"
    if kind == "text" and "column" in options:
        return "table"
    return {"images": "pictures", "idx": "pictures"}.get(kind, kind)


def unknown_source(name: ast.Ident) -> Diagnostic:
    """The message for a source that there is not."""
    if name.text in PLANNED:
        message = f'`{name.text}("...")` is planned; nnc 0.1 reads what is in files here'
        return LATER.at(name.span, message)
    habit = settingwords.SOURCES.get(settingwords.plain(name.text), "")
    guess = habit or nearest(name.text, tuple(SOURCES))
    brings = settingwords.BUNDLED.get(name.text.lower(), name.text.lower())
    if not guess and brings in bundled_names():
        right = f'bundled("{brings}")'
        return UNKNOWN_SOURCE.at(
            name.span,
            f"there is no source of data `{name.text}`",
            help=f"nnc brings these data: write `{right}`",
            fix=Fix(name.span, right),
        )
    return UNKNOWN_SOURCE.at(
        name.span,
        f"there is no source of data `{name.text}`",
        help=f"did you mean `{guess}`?"
        if guess
        else "there are " + ", ".join(f"`{s}`" for s in SOURCES),
        fix=Fix(name.span, guess) if guess else None,
    )


# --- kinds of arguments ---------------------------------------------------------------------------


def _text(world: World, name: str, e: ast.Expr) -> str | None:
    if isinstance(e, ast.String):
        return e.value
    right = f'"{e.span.text}"' if re.fullmatch(r"[\w./-]+", e.span.text) else ""
    _say(world, name, e, 'a text in double quotes: "..."', right)
    return None


def _say(world: World, name: str, e: ast.Expr, wanted: str, right: str) -> None:
    world.sink.add(
        WRONG_KIND.at(
            e.span,
            f"`{name}` takes {wanted}",
            help=f"write `{right}`" if right else "",
            fix=Fix(e.span, right) if right else None,
        )
    )


def _texts(world: World, name: str, e: ast.Expr) -> tuple[str, ...] | None:
    """A list of texts; one text is a list of one."""
    items = e.items if isinstance(e, (ast.List, ast.Tuple)) else (e,)
    texts = tuple(i.value for i in items if isinstance(i, ast.String))
    if len(texts) == len(items):
        return texts
    bare = [re.fullmatch(r'"?([\w./-]+)"?', item.span.text) for item in items]
    quoted = [f'"{found[1]}"' for found in bare if found is not None]
    right = f"[{', '.join(quoted)}]" if quoted and len(quoted) == len(items) else ""
    _say(world, name, e, 'a list of texts: ["a", "b"]', right)
    return None


def _whole(world: World, name: str, e: ast.Expr) -> int | None:
    """A whole number of at least 1, which may be computed."""
    value = world.numbers.value(e, world.scope)
    if is_integer(value) and 1 <= value <= MOST_WINDOW:
        return int(value)
    if is_integer(value):
        message = f"`{name}` is a whole number from 1 to {MOST_WINDOW:,}"
        world.sink.add(OUT_OF_RANGE.at(e.span, message))
    elif not isinstance(value, Unknown):
        world.sink.add(WRONG_KIND.at(e.span, f"`{name}` takes a whole number"))
    return None


def _flag(world: World, name: str, e: ast.Expr) -> bool | None:
    value = world.numbers.value(e, world.scope)
    if isinstance(value, bool):
        return value
    if not isinstance(value, Unknown):
        world.sink.add(WRONG_KIND.at(e.span, f"`{name}` is `true` or `false`"))
    return None


def _names(world: World, name: str, e: ast.Expr) -> str | None:
    """What the parts of a file's name are called, with what stands between them."""
    text = _text(world, name, e)
    if text is None:
        return None
    parts = re.findall(r"[A-Za-z]+|\*", text)
    apart = re.fullmatch(r"[^\w*]*_*(([A-Za-z]+|\*)([^\w*]|_)+)*([A-Za-z]+|\*)[^\w*]*", text)
    named = [part for part in parts if part != "*"]
    if apart and "label" in parts and len({*named}) == len(named) and not {"/", "\\"} & {*text}:
        return text
    message = "`names` says what the parts of file names are, one of them the `label`"
    help = 'write `"label_speaker_take"` for `7_jackson_32.wav`, `"label.*"` for `cat.12.jpg`'
    world.sink.add(OUT_OF_RANGE.at(e.span, message, help=help))
    return None


def _word(*words: str) -> Callable[[World, str, ast.Expr], str | None]:
    def read(world: World, name: str, e: ast.Expr) -> str | None:
        text = text_of(e)
        if text in words:
            return text
        listed = ", ".join(f"`{word}`" for word in words)
        guess = nearest(text or "", words)
        world.sink.add(
            WRONG_KIND.at(
                e.span,
                f"`{name}` is one of {listed}" if len(words) > 1 else f"`{name}` is {listed}",
                help=f"did you mean `{guess}`?" if guess else "",
                fix=Fix(e.span, guess) if guess else None,
            )
        )
        return None

    return read


def pixels(world: World, e: ast.Expr) -> tuple[int, ...] | None:
    """Height and width of pictures, or one number for both."""
    known = not isinstance(e, ast.Ref) or len(e.names) > 1 or world.scope.find(e.text) is not None
    value = world.numbers.value(e, world.scope) if known else ""
    given = value if isinstance(value, tuple) else (value, value)
    sizes = tuple(s for s in given if is_integer(s) and s > 0)
    if len(sizes) == len(given) == 2:
        return sizes
    if not isinstance(value, Unknown):
        message = "`size` takes pixels: `64`, or height and width `64x48`"
        made = f"{given[-2]}x{given[-1]}" if len(given) == 3 and given[0] in (1, 3, 4) else ""
        help = f"channels are not told: write `{made}`" if made else ""
        fix = Fix(e.span, made) if made else None
        world.sink.add(BAD_SETTING.at(e.span, message, help=help, fix=fix))
    return None


def _elsewhere(world: World, kind: str, e: ast.Expr) -> bool:
    """Reports a path that is an address on the web, or an array alone."""
    path = e.value if isinstance(e, ast.String) else ""
    message, help = "", ""
    if re.match(r"(?:https?|ftp|s3|gs|hf)://", path):
        message = "data lie in files on this machine"
        help = f'download them, and write `{kind}("PATH")`'
    elif kind == "arrays" and path.endswith(".npy"):
        message = "arrays come together, in one .npz file"
        help = '`numpy.savez(\'data.npz\', x=x, y=y)` writes it: `arrays("data.npz", target=["y"])`'
    if message:
        world.sink.add(UNKNOWN_SOURCE.at(e.span, message, help=help))
    return bool(message)


ARGUMENTS: dict[str, Callable[[World, str, ast.Expr], Any]] = {
    "target": _texts,
    "pairs": _texts,
    "drop": _texts,
    "numbers": _texts,
    "categories": _texts,
    "known": _texts,
    "size": lambda world, name, e: pixels(world, e),
    "window": _whole,
    "horizon": _whole,
    "vocab": _whole,
    "carry": _flag,
    "rate": _whole,
    "resample": _flag,
    "sort": _flag,
    "unit": _word(*UNITS),
    "missing": _word("last"),
    "gaps": _word(*GAPS),
    "names": _names,
}
"""How arguments are read; all others are texts."""
