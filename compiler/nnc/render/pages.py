"""The reference as pages of Markdown: messages, layers, training and data, blocks.

`make reference` writes them to `grammar/reference/`. Everything comes from declarations and from
texts that are tests; nothing is written here a second time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc

from nnc.check.training.words import Word
from nnc.diagnostics import Diagnostic, Rule
from nnc.ir.arguments import Arg, Declared
from nnc.ir.dims import show
from nnc.ir.walk import PlacedWeight
from nnc.layers.base import Case, Layer
from nnc.record import Record
from nnc.render.human import diagnostic_text
from nnc.render.reference import KINDS, family, signature, value
from nnc.syntax import ast

STAGES = (
    ("0", "Syntax", "What stands where, brackets, arrows, words of other languages."),
    ("1", "Names", "Layers, blocks, labels, sizes and files by their names."),
    ("2", "Arguments and control", "What layers, blocks and loops are given."),
    ("3", "Shapes and flow", "Which sizes meet, and where values come from and go to."),
    ("4", "Training and data", "Settings, losses, data, and how they fit the network."),
    ("5", "Files and targets", "What an exported file or this machine cannot do."),
)
FAMILIES = {
    "Convolutions": ("conv", "conv_transpose"),
    "Poolings": ("pool", "adaptive"),
    "Dense layers": ("dense",),
    "Norms": ("norm", "group_norm", "layer_norm"),
    "Activations": ("activation", "gate", "linear_unit"),
    "Sequences": ("recurrent", "cells", "attention", "positions", "shift"),
    "Sound": ("sound",),
    "Ids": ("embedding",),
    "Joins": ("merge",),
    "Arithmetic": ("arithmetic", "matmul", "pointwise", "reduce", "discrete"),
    "Shapes and axes": (
        "shape",
        "axes",
        "flip",
        "split",
        "rearrange",
        "pixel",
        "upsample",
        "space",
    ),
    "While training": ("dropout",),
}
"""Titles of families of layers, and the files that declare them; others follow by their file."""

SAID = "<!-- made by `make reference`: change the declarations or the chapters, not this page -->"


class Example(Record):
    """A text with one mistake, and what is said of it."""

    text: str
    said: Diagnostic


class LayerPage(Record):
    """A layer with the weights of its first case that has any: rows, and what makes them."""

    word: str
    of: type[Layer]
    weights: tuple[PlacedWeight, ...] = ()
    made: str = ""


def messages_page(rules: Iterable[Rule], examples: Mapping[str, Example]) -> str:
    """All rules by stage: what each means, a text that has it, and the message."""
    ordered = sorted(rules, key=lambda rule: rule.code)
    groups = [
        (title, about, [rule for rule in ordered if rule.code[2] == digit])
        for digit, title, about in STAGES
    ]
    lines = _head(
        "Messages", "Every message has a code; `nnc explain CODE` shows what stands here."
    )
    lines += ["A message says what is wrong, where, how nnc knows, and what to write instead.", ""]
    lines += _contents(
        (title, [(f"{rule.code} {rule.name}", rule.code.lower()) for rule in group])
        for title, _, group in groups
        if group
    )
    for title, about, group in groups:
        lines += [f"## {title}", "", about, ""] if group else []
        for rule in group:
            lines += [f"### {rule.code} {rule.name}", "", _mark(rule.code.lower()), ""]
            lines += _rule(rule, examples.get(rule.code))
    return _page(lines)


def _rule(rule: Rule, example: Example | None) -> list[str]:
    lines = ["*A warning.*", ""] if rule.severity == "warning" else []
    lines += [*cleandoc(rule.explanation).split("\n"), ""]
    if example is None:
        return lines
    said = diagnostic_text(example.said)
    lines += ["For example", "", *_fenced("nn", example.text), ""]
    lines += ["gives", "", *_fenced("text", said), ""]
    if example.said.fix is not None:
        lines += ["`nnc check --fix` writes it.", ""]
    return lines


def layers_page(layers: Sequence[LayerPage]) -> str:
    """All layers by family."""
    groups = _families(layers)
    lines = _head("Layers", "`nnc layers NAME` shows what stands here.")
    lines += [
        "Names, defaults and numerics are PyTorch's, in short words: `dense` for `Linear`. Shapes "
        "are those of one sample; the batch is never written. Sizes in capitals are known when "
        "data come. The examples are tests: each runs in PyTorch and in ONNX Runtime, and both "
        "agree.",
        "",
    ]
    lines += _contents(
        (title, [(page.word, page.word) for page in group]) for title, group in groups
    )
    for title, group in groups:
        lines += [f"## {title}", ""]
        for page in group:
            lines += [f"### {page.word}", "", *_layer(page)]
    return _page(lines)


def _families(layers: Sequence[LayerPage]) -> list[tuple[str, list[LayerPage]]]:
    titled = {name: title for title, names in FAMILIES.items() for name in names}
    groups: dict[str, list[LayerPage]] = {title: [] for title in FAMILIES}
    for page in layers:
        name = family(page.of)
        title = titled.get(name) or name.replace("_", " ").capitalize()
        groups.setdefault(title, []).append(page)
    return [(title, group) for title, group in groups.items() if group]


def _layer(page: LayerPage) -> list[str]:
    lines = _declared(page.word, page.of)
    if page.weights:
        lines += [f"Weights of {page.made}:", ""]
        rows = [(f"`{w.name}`", _sizes(w)) for w in page.weights]
        lines += _table(("name", "sizes"), rows)
    cases = [case for case in page.of.cases if not case.refused]
    refused = [case for case in page.of.cases if case.refused]
    if cases:
        lines += _table(("step", "input", "output"), [_case(case) for case in cases])
    if refused:
        links = dict.fromkeys(f"[{c.refused}](messages.md#{c.refused.lower()})" for c in refused)
        lines += [f"Refused where it does not fit: {', '.join(links)}.", ""]
    return lines


def _sizes(weight: PlacedWeight) -> str:
    return f"[{', '.join(show(d) for d in weight.weight.dims)}]"


def _case(case: Case) -> tuple[str, str, str]:
    def told(types: str | tuple[str, ...]) -> str:
        listed = (types,) if isinstance(types, str) else types
        return ", ".join(f"`{t}`" for t in listed)

    return f"`{case.step}`", told(case.inputs), told(case.output)


def _declared(word: str, of: type[Declared]) -> list[str]:
    lines = [*_fenced("nn", signature(word, of)), "", *cleandoc(of.__doc__ or "").split("\n"), ""]
    if of.args:
        rows = [(f"`{name}`", arg.doc, _takes(arg), _default(arg)) for name, arg in of.args.items()]
        lines += _table(("argument", "what", "takes", "default"), rows)
    return lines


def _takes(arg: Arg) -> str:
    words = ", ".join(f"`{option}`" for option in arg.options)
    kind = words if arg.kind == "option" else ", ".join(filter(None, (KINDS[arg.kind], words)))
    bounds = (
        ("at least", arg.least),
        ("more than", arg.above),
        ("at most", arg.most),
        ("less than", arg.below),
    )
    return "; ".join([kind, *(f"{said} {limit:g}" for said, limit in bounds if limit is not None)])


def _default(arg: Arg) -> str:
    if arg.required:
        return "needed"
    return "" if arg.default is None else f"`{value(arg)}`"


def words_page(
    declared: Sequence[tuple[str, str, Mapping[str, type[Declared]]]],
    words: Sequence[tuple[str, str, Mapping[str, Word]]],
) -> str:
    """Data and train blocks: their words, and what is called in them.

    Args:
        declared: sections of what takes arguments: title, a sentence, entries.
        words: sections of settings and sources, likewise.
    """
    lines = _head("Training and data", "`nnc layers NAME` shows what stands here.")
    both = [*words, *declared]
    anchors = _unique([(title, list(entries)) for title, _, entries in both])
    lines += _contents((title, [(e, a) for e, a in anchors[title].items()]) for title, _, _ in both)
    for title, about, entries in words:
        lines += [f"## {title}", "", about, ""]
        for name, word in entries.items():
            lines += [*_heading(name, anchors[title][name]), "", *_word(word)]
    for title, about, called in declared:
        lines += [f"## {title}", "", about, ""]
        for name, of in called.items():
            lines += [*_heading(name, anchors[title][name]), "", *_declared(name, of)]
    return _page(lines)


def _unique(sections: Sequence[tuple[str, list[str]]]) -> dict[str, dict[str, str]]:
    """An anchor for each entry; a name of two sections gets that of its section in front."""
    names = [name for _, entries in sections for name in entries]
    return {
        title: {
            name: name if names.count(name) == 1 else f"{anchor(title)}-{name}" for name in entries
        }
        for title, entries in sections
    }


def _heading(name: str, own: str) -> list[str]:
    return [f"### {name}"] if own == name else [f"### {name}", "", _mark(own)]


def _word(word: Word) -> list[str]:
    lines = [*_fenced("nn", word.written), "", word.about, ""]
    if word.arguments:
        rows = [(f"`{name}`", about) for name, about in word.arguments]
        lines += _table(("argument", "what"), rows)
    return lines


def blocks_page(files: Mapping[str, ast.File]) -> str:
    """The standard library of blocks, by the name that `use std.NAME` takes."""
    lines = _head("Blocks", "The standard library, written in the language itself.")
    lines += ["`use std.residual` at the top of a file makes the blocks of that page callable.", ""]
    found = {
        name: [d for d in file.declarations if isinstance(d, ast.Block)]
        for name, file in files.items()
    }
    lines += _contents(
        (f"std.{name}", [(b.name.text, b.name.text) for b in blocks])
        for name, blocks in found.items()
    )
    for name, blocks in found.items():
        lines += [f"## std.{name}", ""]
        lines += [files[name].doc, ""] if files[name].doc else []
        for block in blocks:
            lines += [f"### {block.name.text}", ""]
            lines += [" ".join(block.doc.split()), ""] if block.doc else []
            lines += [*_fenced("nn", f"use std.{name}"), ""] if block is blocks[0] else []
            lines += [*_fenced("nn", block.span.text), ""]
    return _page(lines)


def index_page(pages: Iterable[tuple[str, str, str]]) -> str:
    """Links to the pages: file, title, a sentence."""
    lines = _head("Reference", "What nnc itself declares, as pages; the same as its commands show.")
    lines += [f"- [{title}]({name}): {about}" for name, title, about in pages]
    return _page([*lines, ""])


# --- Markdown -------------------------------------------------------------------------------------


def anchor(title: str) -> str:
    """The anchor that Markdown's readers give a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _head(title: str, about: str) -> list[str]:
    return [f"# {title}", "", SAID, "", about, ""]


def _contents(groups: Iterable[tuple[str, Sequence[tuple[str, str]]]]) -> list[str]:
    """A table of contents; entries are a text and its anchor."""
    lines = []
    for title, entries in groups:
        links = " · ".join(f"[{text}](#{own})" for text, own in entries)
        lines += [f"- [{title}](#{anchor(title)})", f"  {links}"]
    return [*lines, ""]


def _mark(name: str) -> str:
    """A place that links may lead to."""
    return f'<a id="{name}"></a>'


def _fenced(language: str, text: str) -> list[str]:
    return [f"```{language}", *text.strip("\n").split("\n"), "```"]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return [*lines, ""]


def _page(lines: Iterable[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"
