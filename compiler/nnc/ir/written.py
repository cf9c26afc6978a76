"""Steps of the IR as a person would write them in a spec: `conv(64, 3, padding=1)`."""

from __future__ import annotations

import re

from nnc.ir.arguments import Arg, Declared, axes_text
from nnc.ir.dims import Poly, show
from nnc.ir.graph import Call, Op, Scan
from nnc.ir.known import Known

PLAIN = ("dims", "named")
"""Kinds of arguments that are written without the name of the argument."""

SIGNS = {"sub": "-", "div": "/", "pow": "**"}
"""Steps that only formulas write."""

LONG = 24
"""A computed size of more characters is left out: nobody would write it."""


def step_text(op: Op) -> str:
    """A step with the arguments that differ from their defaults; initial weights are left out."""
    if isinstance(op, Scan):
        return op.word
    if isinstance(op, Call):
        return _call_text(op)
    if not isinstance(op, Declared):
        return op.word
    if op.word in SIGNS:
        return _infix(op.word, getattr(op, "number", None), getattr(op, "ahead", False) is True)
    parts: list[str] = []
    by_place = True
    for name, arg in op.args.items():
        value = getattr(op, name)
        if arg.kind == "init" or (not arg.required and value == arg.default):
            by_place = False
            continue
        text = _value(value, arg)
        plain = arg.required or arg.kind in PLAIN or name == "number"
        parts.append(text if by_place and plain else f"{name}={text}")
    return _joined(op.word, parts)


def _infix(word: str, number: object, ahead: bool) -> str:
    """`1 - x`: what a formula does to a value, or to two."""
    if number is None:
        return f"a {SIGNS[word]} b"
    said = _scalar(number)
    return f"{said} {SIGNS[word]} x" if ahead else f"x {SIGNS[word]} {said}"


def _call_text(op: Call) -> str:
    """Parameters alone: the sizes that a block's pattern binds are seen in the shapes."""
    graph = op.graph
    defaults = dict(graph.defaults)
    sizes = {
        size.source
        for port in graph.inputs
        for size in graph.types[port.value].dims
        if isinstance(size, Known)
    }
    parts: list[str] = []
    by_place = True
    for name, value in graph.params:
        if name in sizes or name in graph.carried or not name[:1].islower():
            continue
        if not isinstance(value, int | Poly | float | str | bool):
            continue
        if name in defaults and defaults[name] == value:
            by_place = False
            continue
        text = _scalar(value)
        if len(text) <= LONG:
            parts.append(text if by_place and name not in defaults else f"{name}={text}")
    return _joined(op.word, parts)


def _joined(word: str, parts: list[str]) -> str:
    return f"{word}({', '.join(parts)})" if parts else word


def _value(value: object, arg: Arg) -> str:
    if isinstance(value, tuple) and arg.kind == "axes":
        return axes_text(value)
    if isinstance(value, tuple) and arg.kind == "named":
        return ", ".join(f"{name}={_scalar(size)}" for name, size in value)
    if isinstance(value, tuple):
        inside = [_scalar(each) for each in value]
        if arg.kind == "dims":
            return ", ".join(inside)
        if arg.kind == "sizes" and all(each.isdecimal() for each in inside):
            return "x".join(inside)
        return f"({', '.join(inside)})"
    if isinstance(value, str) and arg.kind == "text":
        return f'"{value}"'
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, int | Poly):
        return show(value)
    if isinstance(value, Declared):
        return value.word
    return re.sub(r"e-0*", "e-", str(value)) if isinstance(value, float) else str(value)
