"""Inputs as other tools have them: with the batch, with channels last, sizes in small letters."""

from __future__ import annotations

import re

from nnc.check.foreign.foreign_rules import CHANNELS_LAST
from nnc.check.rules import TYPE_SYNTAX
from nnc.diagnostics import Diagnostic, Fix
from nnc.source import Span
from nnc.syntax import ast

BATCHES = ("None", "batch", "batch_size", "BATCH", "Batch", "bs")
PICTURES = ("1", "3", "4")
SMALLEST = 8
"""Pixels of a picture's side, at least, for its layout to be told."""

_ELEMENTS = {
    "float": "", "float32": "", "float16": "", "double": "", "tensor": "", "Tensor": "",
    "image": "", "int": "token", "int64": "token", "long": "token", "tokens": "token",
    "ids": "token",
}  # fmt: skip


def with_batch(t: ast.Type) -> Diagnostic | None:
    """`[None, 3, 32, 32]`, `[-1, 784]` and `[batch, T]`: the batch is not written."""
    if len(t.dims) < 2:
        return None
    first = t.dims[0].span
    named = first.text in (*BATCHES, "-1") or (first.text in "BN" and len(t.dims) == 4)
    if not named:
        return None
    rest = Span(first.source, first.start, t.dims[1].span.start)
    left = ", ".join(e.span.text for e in t.dims[1:])
    return TYPE_SYNTAX.at(
        first,
        "the batch is not written: a shape is that of one sample",
        help=f"write `{t.kind}[{left}]`",
        fix=Fix(rest, ""),
    )


def small_letters(e: ast.Ref, known: bool) -> Diagnostic | None:
    """`[3, h, w]`: a size that is open has a name in capitals."""
    if known or len(e.names) > 1 or not e.text[:1].islower():
        return None
    upper = e.text.upper() if len(e.text) < 3 else e.text.capitalize()
    return TYPE_SYNTAX.at(
        e.span,
        f"a size that is open has a name in capitals, not `{e.text}`",
        help=f"write `{upper}` for a size that comes with the data, or a number",
        fix=None if _others(e) else Fix(e.span, upper),
    )


def element(t: ast.Type) -> Diagnostic:
    """The message for a word before the sizes that is no type of element."""
    right = _ELEMENTS.get(t.kind)
    word = Span(t.span.source, t.span.start, t.span.start + len(t.kind))
    return TYPE_SYNTAX.at(
        word,
        f"`{t.kind}` is no type",
        help="write `[...]` for numbers, `token[...]` for ids",
        fix=None if right is None else Fix(word, right),
    )


def channels_last(t: ast.Type) -> Diagnostic | None:
    """Warns of `[28, 28, 1]`, as Keras and Pillow have pictures."""
    if len(t.dims) != 3 or t.kind or not all(isinstance(e, ast.Number) for e in t.dims):
        return None
    height, width, channels = (e.span.text for e in t.dims)
    if height != width or channels not in PICTURES:
        return None
    if not height.isdecimal() or int(height) < SMALLEST:
        return None
    right = f"[{channels}, {height}, {width}]"
    return CHANNELS_LAST.at(
        t.span,
        f"{t.span.text} reads as {height} channels of {width} x {channels} pixels",
        help=f"channels stand first: write `{right}`",
        fix=Fix(t.span, right),
    )


def _others(e: ast.Ref) -> bool:
    """Whether other sizes of the text have small letters too, which one change would leave."""
    rest = e.span.source.text[e.span.end : e.span.end + 2000]
    return (
        re.search(r":\s*\[[^\[\]]*\b[a-z]\w*\b[^\[\]]*\]|^[^\[\]\n]*\b[a-z]\w*\b[^\[\]\n]*\]", rest)
        is not None
    )
