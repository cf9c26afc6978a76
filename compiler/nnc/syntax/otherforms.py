"""Expressions, imports and mappings of other languages, told in this one."""

from __future__ import annotations

import re

from nnc.diagnostics import Fix
from nnc.syntax import rules
from nnc.syntax.context import Found, rest_of_line
from nnc.syntax.reader import Reader

_WORD = r"[^\W\d]\w*"
_MODULES = r"(?:torch|np|numpy|tf|math|F|K|nn|jnp|functional|keras)"


def function(r: Reader, t: Found) -> bool:
    """`from mu + torch.exp(x)`: a function with its module."""
    if t.key != "(" or not re.match(r"(?:from|let)\b", r.text[r.begin :][:5] + " "):
        return False
    before = r.text[max(r.begin, t.start - 100) : t.start]
    found = re.search(rf"\b((?:{_MODULES}\.)+)({_WORD})$", before)
    if found is None:
        return False
    start = t.start - len(before) + found.start()
    here = r.span(start, t.start)
    fix = Fix(r.span(start, start + len(found[1])), "")
    message = f"functions stand without a module: `{found[2]}`"
    r.report(rules.FOREIGN_WORD.at(here, message, help=f"write `{found[2]}(..)`", fix=fix))
    r.skip(t)
    return True


def lone_comma(r: Reader, t: Found) -> bool:
    """`dense(3);,`."""
    if t.key != "," or not r.machine.place or r.brackets:
        return False
    here = r.span(t.start, t.end)
    message = "this `,` separates nothing"
    r.report(rules.UNEXPECTED.at(here, message, help="delete it", fix=Fix(here, "")))
    return True


def ternary(r: Reader, t: Found) -> bool:
    """`wide ? 8 : 4`."""
    if r.text[t.start : t.end] != "?":
        return False
    before = r.text[max(r.begin, t.start - 100) : t.start]
    left = re.search(r"(?:^|[(,=\[]|\blet\b)\s*([^(),=\[\]?:]+?)\s*$", before)
    right = re.compile(r"\?\s*([^?:,()\n]+?)\s*:\s*([^?:,()\n;}\]]+?)\s*(?=[,)\]\n;}]|\Z)").match(
        r.text, t.start, t.start + 200
    )
    if right is None:
        return False
    fix = None
    if left is not None:
        start = t.start - len(before) + left.start(1)
        fix = Fix(r.span(start, right.end()), f"{right[1]} if {left[1]} else {right[2]}")
    r.report(
        rules.FOREIGN_SIGN.at(
            r.span(t.start, t.end),
            "a choice is written `a if condition else b`",
            help=f"write `{fix.text}`" if fix else "write `8 if wide else 4`",
            fix=fix,
        )
    )
    r.skip(t)
    return True


def imports(r: Reader, t: Found) -> bool:
    """`from std.residual import basic_block`, `import std.residual`, `use std/residual`."""
    text = r.text[t.start : t.end]
    if r.machine.place == "file" and text in ("from", "import"):
        line = r.span(t.start, t.start + len(rest_of_line(r, t.start)))
        found = re.fullmatch(
            rf"(?:from|import)\s+(std\.{_WORD}|\"[^\"]+\.nn\")(?:\s+(?:import|as)\s.*)?", line.text
        )
        if found is None:
            return False
        made = f"use {found[1]}"
        message = f"`{text}` is not a word of this language"
        if text == "from":
            message = "another file is read whole, with `use`"
        here = r.span(t.start, t.end)
        fix = Fix(line, made)
        r.report(rules.FOREIGN_WORD.at(here, message, help=f"write `{made}`", fix=fix))
        r.begin = t.start
        r.treat("use", t)
        return True
    begin = re.match(r"(use|from|import)\b", r.text[r.begin :][:6])
    if begin is None or r.machine.context() != "file":
        return False
    if begin[1] != "use" and text in ("import", "as"):
        r.skip(t, keep=True)
        return True
    if text not in ("/", ":", "\\", "//", "::") or r.previous != "NAME":
        return False
    found = re.compile(rf"(?:/|::?|\\)({_WORD})").match(r.text, t.start)
    if found is None:
        return False
    here = r.span(t.start, found.start(1))
    whole = f"{r.text[r.previous_start : r.previous_end]}.{found[1]}"
    message = "the parts of a name are joined by `.`"
    fix = Fix(here, ".")
    r.report(rules.UNEXPECTED.at(here, message, help=f"write `use {whole}`", fix=fix))
    r.treat(".", ("", ".", t.start, t.end, False))
    return True


def object_step(r: Reader, t: Found) -> bool:
    """`{"type": "conv", "filters": 32}` and `layer { type: "Convolution" }` among steps."""
    if r.brackets or r.machine.context() != "body":
        return False
    if t.key == "{" and r.machine.place == "body":
        found = re.compile(rf"\{{\s*[\"']?{_WORD}[\"']?\s*:").match(r.text, t.start)
        if found is None:
            return False
        _void(r, t, t.start, "a step is a word with its arguments in parentheses")
        return True
    frame = r.frames[-1] if r.frames else None
    if frame is None or frame.sign != "{" or frame.reading:
        return False
    word = r.text[frame.begin : frame.start].strip()
    pair = re.compile(rf"\s*[\"']?{_WORD}[\"']?\s*:").match(r.text, frame.start + 1)
    if word not in ("layer", "layers", "Layer", "node") or pair is None:
        return False
    r.report(
        rules.FOREIGN_WORD.at(
            r.span(frame.begin, frame.begin + len(word)),
            "a step is a word with its arguments in parentheses",
            help="such as `conv(20, 5)`",
        )
    )
    r.leave_out()
    r.frames[-1] = frame._replace(reading="void")
    r.machine.pop_to_place(r.base())
    r.skipping = True
    return True


def _void(r: Reader, t: Found, start: int, message: str) -> None:
    """Reports a brace that opens nothing, and leaves out what stands in it."""
    r.report(rules.FOREIGN_WORD.at(r.span(start, t.end), message, help="such as `conv(32, 3)`"))
    r.leave_out()
    r.skipping = True
    r.forget_brackets()
    r.open("{", t.start, "void")


def comparisons(r: Reader, t: Found) -> bool:
    """`0 < x < 8`."""
    if t.plain != "COMPARISON" or not r.machine.fits("AND"):
        return False
    r.report(
        rules.COMPARISON_CHAIN.at(
            r.span(t.start, t.end),
            "comparisons are not chained",
            help="write `0 < x and x < 8`",
        )
    )
    r.skip(t)
    return True
