"""The reference, made from declarations: layers, arguments, cases, and the rules of messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from inspect import cleandoc
from textwrap import wrap

from nnc.check.training.words import Word
from nnc.diagnostics import Rule
from nnc.ir.arguments import Arg, Declared
from nnc.layers.base import Case, Layer
from nnc.record import Record
from nnc.render.json import Json
from nnc.render.text import PLAIN, Look, paint

KINDS = {
    "size": "an integer",
    "sizes": "an integer, or one an axis",
    "dims": "integers",
    "real": "a number",
    "reals": "a number, or several",
    "flag": "true or false",
    "option": "a word",
    "axis": "an axis, without the batch",
    "init": "a distribution",
    "text": "a string",
    "call": "a call",
    "axes": "axes by name",
    "named": "integers by name",
    "tie": "the name of a step",
}


def signature(word: str, of: type[Declared]) -> str:
    """`max_pool(kernel, stride=..., padding=0)`, or the word alone."""
    parts = [
        name if arg.required else "..." if arg.kind == "named" else f"{name}={value(arg)}"
        for name, arg in of.args.items()
    ]
    parts += [f"{name}=..." for name in inputs(of)]
    return f"{word}({', '.join(parts)})" if parts else word


def inputs(of: type[Declared]) -> tuple[str, ...]:
    """The further inputs of a layer that a call names: values of the network."""
    return of.named_inputs() if issubclass(of, Layer) else ()


def value(arg: Arg) -> str:
    """An argument's default as it is written in a spec; `...` where the description says it."""
    return "..." if arg.default is None else _written(arg.default)


def sentence(of: type[Declared]) -> str:
    """The first sentence of what is said about it."""
    return cleandoc(of.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def family(of: type[Layer]) -> str:
    """The file it is declared in, which gathers what belongs together."""
    return of.__module__.rsplit(".", 1)[-1]


def written(layers: Mapping[str, type[Layer]]) -> dict[str, type[Layer]]:
    """The layers that a spec may name."""
    return {word: of for word, of in layers.items() if not of.hidden}


def layers_text(layers: Mapping[str, type[Layer]], look: Look = PLAIN) -> str:
    """One line a layer, family by family."""
    shown = written(layers)
    column = max(len(word) for word in shown)
    lines: list[str] = []
    for name in dict.fromkeys(family(of) for of in shown.values()):
        lines.append(paint(name, "bold", look))
        for word, of in shown.items():
            if family(of) == name:
                lines.append(f"  {word:<{column}}  {sentence(of)}")
    return "\n".join(lines) + "\n"


def declared_text(word: str, of: type[Declared], look: Look = PLAIN) -> str:
    """All about one layer, loss, optimizer, schedule or metric."""
    lines = [paint(signature(word, of), "bold", look), "", *cleandoc(of.__doc__ or "").split("\n")]
    if of.args or inputs(of):
        lines += ["", *_arguments(of, look)]
    if issubclass(of, Layer) and of.cases:
        lines += ["", paint("cases", "bold", look), *_table(_case(case) for case in of.cases)]
    return "\n".join(lines) + "\n"


def word_text(name: str, word: Word, look: Look = PLAIN) -> str:
    """All about a word of a data or train block."""
    lines = [f"{paint(name, 'bold', look)}  ({word.kind})", "", f"  {word.written}", ""]
    lines += wrap(word.about, look.width)
    if word.arguments:
        column = max(len(key) for key, _ in word.arguments)
        lines += ["", *(f"  {key:<{column}}  {about}" for key, about in word.arguments)]
    return "\n".join(lines) + "\n"


def word_json(name: str, word: Word) -> dict[str, Json]:
    """The same as an entry of `nnc layers WORD --json`."""
    return {
        "name": name,
        "signature": word.written,
        "description": word.about,
        "family": word.kind,
        "arguments": [{"name": key, "description": about} for key, about in word.arguments],
    }


def rule_text(rule: Rule, page: str = "", look: Look = PLAIN) -> str:
    """A kind of message, explained as on the page of messages, or by its declaration alone."""
    title = paint(f"{rule.code} {rule.name}", "bold", look)
    said = section(page, f"### {rule.code} ") or cleandoc(rule.explanation)
    return f"{title} ({rule.severity})\n\n{unfenced(said)}\n"


def section(page: str, heading: str) -> str:
    """What stands on a page of Markdown under a heading, up to the next one; nothing without it."""
    start = page.find(f"\n{heading}")
    if start < 0:
        return ""
    body = page[page.find("\n", start + 1) :]
    lines: list[str] = []
    inside = False
    for line in body.split("\n"):
        inside ^= line.startswith("```")
        if not inside and re.match(r"##+ ", line):
            break
        if not line.startswith("<a id="):
            lines.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def unfenced(text: str) -> str:
    """Markdown for a terminal: blocks of text are indented, their fences left out."""
    lines, inside = [], False
    for line in text.split("\n"):
        if line.startswith("```"):
            inside = not inside
        else:
            lines.append(f"    {line}".rstrip() if inside else line)
    return "\n".join(lines)


def rules_text(rules: Iterable[Rule]) -> str:
    """One line a rule, by code."""
    return "".join(f"{rule.code}  {rule.name}\n" for rule in sorted(rules, key=lambda r: r.code))


def declared_json(word: str, of: type[Declared]) -> dict[str, Json]:
    """One entry of `nnc layers --json`."""
    entry: dict[str, Json] = {
        "name": word,
        "signature": signature(word, of),
        "description": cleandoc(of.__doc__ or ""),
        "arguments": [
            {
                "name": name,
                "kind": arg.kind,
                "description": arg.doc,
                "required": arg.required,
                "default": None if arg.required else value(arg),
                "options": list(arg.options),
            }
            for name, arg in of.args.items()
        ],
    }
    if issubclass(of, Layer):
        entry["family"] = family(of)
        entry["cases"] = [
            {"step": c.step, "inputs": _several(c.inputs), "output": _several(c.output)}
            for c in of.cases
            if not c.refused
        ]
    return entry


def _several(types: str | tuple[str, ...]) -> list[Json]:
    return [types] if isinstance(types, str) else list(types)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "(" + ", ".join(_written(item) for item in value) + ")"
    if isinstance(value, Record):
        return getattr(value, "word", "") or "..."
    return f"{value:g}" if isinstance(value, float) else str(value)


def _arguments(of: type[Declared], look: Look) -> list[str]:
    """A line an argument; what does not fit into the width goes into a second one."""
    column = max(len(name) for name in (*of.args, *inputs(of)))
    lines = []
    for name, arg in of.args.items():
        said, bounds = f"  {name:<{column}}  {arg.doc}", _bounds(arg)
        if len(said) + len(bounds) + 3 <= look.width:
            lines.append(f"{said} ({bounds})")
        else:
            lines += [said, f"{'':{column + 4}}({bounds})"]
    lines += [f"  {name:<{column}}  a value of the network, by its label" for name in inputs(of)]
    return lines


def _bounds(arg: Arg) -> str:
    limits = [
        f"{said} {limit:g}"
        for said, limit in (
            ("at least", arg.least),
            ("more than", arg.above),
            ("at most", arg.most),
            ("less than", arg.below),
        )
        if limit is not None
    ]
    words = [f"`{word}`" for word in arg.options]
    kind = " or ".join(words) if arg.kind == "option" else ", ".join([KINDS[arg.kind], *words])
    need = "required" if arg.required else f"by default {value(arg)}"
    if arg.default is None:
        need = "optional"
    return "; ".join([kind, *limits, need])


def _case(case: Case) -> tuple[str, str]:
    inputs = ", ".join(str(i) for i in _several(case.inputs))
    outputs = ", ".join(str(o) for o in _several(case.output))
    return case.step, f"{inputs} -> {f'refused, {case.refused}' if case.refused else outputs}"


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    listed = list(rows)
    column = max(len(left) for left, _ in listed)
    return [f"  {left:<{column}}  {right}".rstrip() for left, right in listed]
