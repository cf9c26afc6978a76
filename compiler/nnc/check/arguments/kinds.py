"""The kinds of arguments: which values each takes, and what is said of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc.check.arguments.argumenthelp import meant
from nnc.check.formulas.expressions import Numbers
from nnc.check.formulas.values import (
    Family,
    LabelEntry,
    Quantity,
    SharedEntry,
    Unknown,
    Value,
    is_number,
    is_whole,
    written,
)
from nnc.check.rules import WRONG_KIND
from nnc.diagnostics import Fix
from nnc.ir.arguments import Arg
from nnc.ir.dims import Poly
from nnc.syntax import ast


def wrong_kind(name: str, arg: Arg, e: ast.Expr, value: Value, numbers: Numbers) -> Unknown:
    """The message for an argument of another kind than its own."""
    help, right = "", meant(arg, value)
    if isinstance(value, (LabelEntry, Family, SharedEntry)):
        help = "a label names a value of the network, not a number"
    elif isinstance(value, Quantity):
        help = value.advice(name)
    elif right:
        help = f"write `{right}`"
    wanted = _KIND_TEXT[arg.kind]
    if arg.options:
        listed = " or ".join(f"`{o}`" for o in arg.options)
        wanted = listed if arg.kind == "option" else f"{wanted}, or {listed}"
    return numbers.say(
        WRONG_KIND.at(
            e.span,
            f"`{name}` takes {wanted}",
            label=f"this is {written(value)}",
            help=help,
            fix=Fix(e.span, right) if right else None,
        )
    )


_KIND_TEXT = {
    "size": "a whole number",
    "sizes": "a whole number or a tuple of them",
    "dims": "whole numbers",
    "real": "a number",
    "reals": "a number or a tuple of numbers",
    "flag": "`true` or `false`",
    "option": "one of its options",
    "axis": "an axis, as a whole number",
    "tie": "the name of a step",
    "text": "a text in double quotes",
    "call": "a call",
}


def _sizes(value: Value) -> Value | None:
    if is_whole(value):
        return value
    if isinstance(value, tuple) and value and all(is_whole(v) for v in value):
        return value
    return None


def _reals(value: Value) -> Value | None:
    if is_number(value) and not isinstance(value, Poly):
        return value
    if isinstance(value, tuple) and all(is_number(v) and not isinstance(v, Poly) for v in value):
        return value
    return None


CONVERT: dict[str, Callable[[Arg, Any], Any]] = {
    "size": lambda a, v: v if is_whole(v) else None,
    "sizes": lambda a, v: _sizes(v),
    "real": lambda a, v: v if is_number(v) and not isinstance(v, Poly) else None,
    "reals": lambda a, v: _reals(v),
    "flag": lambda a, v: v if isinstance(v, bool) else None,
    "option": lambda a, v: None,
    "axis": lambda a, v: v if is_whole(v) and isinstance(v, int) else None,
    "text": lambda a, v: v if isinstance(v, str) else None,
}


def out_of_range(arg: Arg, value: Any) -> str:
    """What is wrong with the value's size, or an empty string."""
    if isinstance(value, tuple):
        return next((p for p in (out_of_range(arg, v) for v in value) if p), "")
    if isinstance(value, (bool, str, Poly)):
        return ""
    if arg.least is not None and value < arg.least:
        return f"is at least {arg.least:g}"
    if arg.most is not None and value > arg.most:
        return f"is at most {arg.most:g}"
    if arg.above is not None and value <= arg.above:
        return f"is more than {arg.above:g}"
    if arg.below is not None and value >= arg.below:
        return f"is less than {arg.below:g}"
    return ""
