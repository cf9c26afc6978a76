"""Calls of layers that mean something else here: sizes of other tools, masks, sequences, norms."""

from __future__ import annotations

from nnc.check.foreign.foreign_rules import FOREIGN_CALL
from nnc.check.formulas.values import LabelEntry
from nnc.check.rules import UNKNOWN_STEP
from nnc.check.scope import Scope
from nnc.diagnostics import Diagnostic, Fix
from nnc.ir.types import TensorType
from nnc.syntax import ast

RECURRENT = ("lstm", "gru", "rnn")
_UPSAMPLE = "to the sizes of another value: `upsample(like=LABEL)`"


def whole(arg: ast.Arg) -> int | None:
    """A whole number that an argument is written as."""
    value = arg.value
    found = value.value if isinstance(value, ast.Number) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def written(step: ast.Step, args: list[str]) -> str:
    """The step with other arguments."""
    return f"{step.name.text}({', '.join(args)})" if args else step.name.text


def _others(step: ast.Step, *left: ast.Arg) -> list[str]:
    return [arg.span.text for arg in step.args or () if arg not in left]


def _said(step: ast.Step, arg: ast.Arg, message: str, made: str, help: str = "") -> Diagnostic:
    fix = Fix(step.span, made) if made else None
    return FOREIGN_CALL.at(arg.span, message, help=f"write `{made}`" if made else help, fix=fix)


def otherwise(step: ast.Step, type: TensorType | None, scope: Scope) -> Diagnostic | None:
    """The message for a call that another tool has, or None."""
    name = step.name.text
    for arg in step.args or ():
        word = arg.name.text if arg.name is not None else ""
        if word in ("dim", "dims") and name != "concat":
            return _axis(step, arg)
        if word == "like" and isinstance(arg.value, ast.String):
            label = arg.value.value
            if scope.find(label) is not None:
                made = written(step, [*_others(step, arg), f"like={label}"])
                return _said(step, arg, "a value is named without quotes", made)
    if name == "flatten" and len(step.args or ()) == 1:
        (arg,) = step.args or ()
        if whole(arg) in (0, 1):
            return _said(
                step, arg, "`flatten` keeps the batch, and makes one axis of all others", name
            )
    of = {"attention": _attention, "upsample": _upsample, "layer_norm": _normed}
    of |= dict.fromkeys(RECURRENT, _sequence)
    return of[name](step, type) if name in of else None


def _axis(step: ast.Step, arg: ast.Arg) -> Diagnostic | None:
    """`softmax(dim=1)`: PyTorch counts the batch."""
    number = whole(arg)
    below = isinstance(arg.value, ast.Unary) and arg.value.op == "-"
    if number is None and not below:
        return None
    assert arg.name is not None
    if number == 0:
        help = "the first axis of a sample is `axis=0`"
        return _said(step, arg, "axes count without the batch, which is no axis here", "", help)
    value = arg.value.span.text if number is None else f"{number - 1}"
    last = step.name.text in ("softmax", "log_softmax") and value == "-1"
    made = written(step, [*_others(step, arg), *([] if last else [f"axis={value}"])])
    return _said(step, arg, "an axis is called `axis`, and counts without the batch", made)


def _attention(step: ast.Step, type: TensorType | None) -> Diagnostic | None:
    """`attention(512, 8)`, `attention(8, mask=causal)` and `attention(8, query=x)`."""
    args = list(step.args or ())
    first = [whole(arg) for arg in args[:2] if arg.name is None]
    features = type.dims[-1] if type is not None and type.rank else None
    if len(first) == 2 and None not in first and first[0] == features:
        made = written(step, _others(step, args[0]))
        return _said(step, args[0], "`attention` knows the size of its input", made)
    for arg in args:
        word = arg.name.text if arg.name is not None else ""
        text = arg.value.span.text.strip('"')
        if word in ("mask", "attn_mask") and text == "causal":
            made = written(step, [*_others(step, arg), "causal=true"])
            return _said(step, arg, "what comes later is hidden by `causal=true`", made)
        if word in ("query", "key", "value", "q", "k", "v", "context", "memory"):
            help = "what flows asks; what it looks at is named: `attention(4, to=OTHER)`"
            return _said(step, arg, f"`attention` has no `{word}`", "", help)
    return None


def _sequence(step: ast.Step, type: TensorType | None) -> Diagnostic | None:
    """`lstm(32, return_sequences=false)` of Keras."""
    for arg in step.args or ():
        word = arg.name.text if arg.name is not None else ""
        rest = _others(step, arg)
        if word == "return_sequences":
            every = arg.value.span.text.lower() == "true"
            made = written(step, rest if every else [*rest, "keep=last"])
            message = (
                "all steps are given" if every else "the last step alone is given by `keep=last`"
            )
            return _said(step, arg, message, made)
        if word == "return_state":
            help = f"name them: `{step.name.text}({', '.join(rest)}) as out, h`"
            return _said(step, arg, "the last states are given anyway", "", help)
    return None


def _upsample(step: ast.Step, type: TensorType | None) -> Diagnostic | None:
    """`upsample(size=56)` and `upsample(2.5)`."""
    for arg in step.args or ():
        word = arg.name.text if arg.name is not None else ""
        value = arg.value
        real = isinstance(value, ast.Number) and value.value != int(value.value)
        if word in ("", "scale", "scale_factor") and real:
            message = "`upsample` enlarges by whole factors"
            return _said(step, arg, message, "", f"write `upsample(2)`; {_UPSAMPLE}")
        if word not in ("size", "output_size"):
            continue
        items = value.items if isinstance(value, ast.List | ast.Tuple) else (value,)
        sizes = [item.value if isinstance(item, ast.Number) else None for item in items]
        have = [] if type is None else list(type.dims[1:])
        sizes = sizes * len(have) if len(sizes) == 1 else sizes
        made = ""
        if len(sizes) == len(have) and have:
            factors = {
                int(want) // size if isinstance(size, int) and want and want % size == 0 else 0
                for want, size in zip(sizes, have)
            }
            factor = factors.pop() if len(factors) == 1 else 0
            made = written(step, [f"{factor}", *_others(step, arg)]) if factor > 1 else ""
        return _said(step, arg, "`upsample` takes a factor, no size", made, _UPSAMPLE)
    return None


def _normed(step: ast.Step, type: TensorType | None) -> Diagnostic | None:
    """`layer_norm([3, 32, 32])`: PyTorch writes the sizes of the axes."""
    args = list(step.args or ())
    value = args[0].value if args and args[0].name is None else None
    if type is None or not isinstance(value, ast.List | ast.Tuple) or not value.items:
        return None
    sizes = tuple(item.value if isinstance(item, ast.Number) else None for item in value.items)
    count = len(sizes)
    if sizes != type.dims[type.rank - count :] or all(
        isinstance(n, int) and n < type.rank for n in sizes
    ):
        return None
    axes = ", ".join(str(n) for n in range(type.rank - count, type.rank))
    first = [] if count == 1 else [f"axis=({axes})"]
    made = written(step, [*first, *_others(step, args[0])])
    return _said(step, args[0], "`layer_norm` takes axes, and knows their sizes", made)


def unknown(step: ast.Step, type: TensorType | None) -> Diagnostic | None:
    """A step of another tool that our layers make, told with the sizes at hand; or None."""
    name, numbers = step.name.text.lower().replace("_", ""), [whole(arg) for arg in step.args or ()]
    message = f"there is no layer or block `{step.name.text}`"
    made, help = "", ""
    if name in ("depthwiseconv", "depthwiseconv2d", "dwconv", "depthwiseconv1d"):
        channels = type.dims[0] if type is not None and type.rank > 1 else None
        kernel = next((n for n in numbers if n is not None and n < 16), 3)
        if isinstance(channels, int):
            made = f"conv({channels}, {kernel}, padding={kernel // 2}, groups={channels})"
        help = "a group for each channel: `conv(64, 3, padding=1, groups=64)` on 64 channels"
    elif name in ("centercrop", "centercrop2d"):
        amount = _cropped(numbers[:1], type)
        made = f"crop({amount})" if amount else ""
        help = "`crop(4)` takes 4 cells from each side; `crop(like=LABEL)` to the size of a value"
    elif name in ("linear", "fc", "fullyconnected", "affine") and len(numbers) == 2:
        made = f"dense({numbers[1]})" if None not in numbers else ""
    if not made and not help:
        return None
    return UNKNOWN_STEP.at(
        step.name.span,
        message,
        help=f"write `{made}`" if made else help,
        fix=Fix(step.span, made) if made else None,
    )


def _cropped(wanted: list[int | None], type: TensorType | None) -> int:
    """How many cells a crop of the middle takes from each side, 0 where that is not known."""
    if type is None or not wanted or wanted[0] is None:
        return 0
    left = {d - wanted[0] if isinstance(d, int) else 0 for d in type.dims[1:]}
    only = left.pop() if len(left) == 1 else 0
    return only // 2 if only > 0 and only % 2 == 0 else 0


def joined(step: ast.Step, scope: Scope) -> Diagnostic | None:
    """`concat(a, b)` where nothing flows yet."""
    args = list(step.args or ())
    values = [arg for arg in args if arg.name is None and isinstance(arg.value, ast.Ref)]
    entries = [scope.find(arg.value.span.text) for arg in values]
    if step.name.text not in ("concat", "add", "mul") or len(values) < 2:
        return None
    if not all(e is not None and isinstance(e.value, LabelEntry) for e in entries):
        return None
    names = ", ".join(arg.span.text for arg in values)
    rest = written(step, _others(step, *values))
    made = f"from {names} -> {rest}"
    return FOREIGN_CALL.at(
        values[0].span.to(values[-1].span),
        "the values that are joined stand behind `from`",
        help=f"write `{made}`",
        fix=Fix(step.span, made),
    )
