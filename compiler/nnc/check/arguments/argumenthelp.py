"""What to say of arguments: unknown, missing, too many, or of another kind than they should be."""

from __future__ import annotations

import re

from nnc.check.foreign import habits
from nnc.check.formulas.values import Value, Word
from nnc.check.rules import MISSING_ARGUMENT, TOO_MANY, UNKNOWN_ARGUMENT
from nnc.diagnostics import Diagnostic, Fix, nearest
from nnc.ir.arguments import Arg
from nnc.layers import LAYERS
from nnc.source import Span
from nnc.syntax import ast
from nnc.syntax.forms import ARGUMENTS


def missing(
    word: str, span: Span, name: str, arg: Arg, args: dict[str, Arg], given: tuple[ast.Arg, ...]
) -> Diagnostic:
    """The message for an argument that is needed and not given."""
    example = ", ".join("..." if a.kind == "dims" else n for n, a in args.items() if a.required)
    return MISSING_ARGUMENT.at(
        span,
        f"`{word}` needs `{name}`",
        label=arg.doc,
        help=f"write `{word}({example})`" if not given else f"add `{name}=...`",
    )


def too_many(word: str, arg: ast.Arg, names: tuple[str, ...]) -> Diagnostic:
    """The message for one argument more than there are names."""
    many = "argument" if len(names) == 1 else "arguments"
    takes = f"at most {len(names)} {many}: {', '.join(names)}" if names else "no arguments"
    return TOO_MANY.at(arg.span, f"`{word}` takes {takes}")


def unknown(word: str, arg: ast.Arg, names: tuple[str, ...]) -> Diagnostic:
    """The message for a name that no argument has."""
    assert arg.name is not None
    name = arg.name.text
    if name in habits.DERIVED or name in habits.NEEDLESS:
        why = "its input decides that" if name in habits.DERIVED else habits.NEEDLESS[name]
        return UNKNOWN_ARGUMENT.at(
            arg.span,
            f"`{word}` has no `{name}`: {why}",
            help="leave it out",
            fix=left_out(arg.span),
        )
    if name in ("beta1", "beta_1", "b1") and "betas" in names:
        said = arg.value.span.text
        message = f"`{word}` has no argument `{name}`"
        return UNKNOWN_ARGUMENT.at(
            arg.name.span, message, help=f"write both: `betas=({said}, 0.999)`"
        )
    layer = LAYERS.get(word)
    names = (*names, *(layer.named_inputs() if layer is not None else ()))
    guess = habits.SOURCE_ARGUMENTS.get(name, "")
    guess = guess if guess in names else ARGUMENTS.get(name, "")
    guess = guess if guess in names else nearest(name, names)
    listed = ", ".join(f"`{n}`" for n in names)
    return UNKNOWN_ARGUMENT.at(
        arg.name.span,
        f"`{word}` has no argument `{name}`",
        help=f"did you mean `{guess}`?"
        if guess
        else f"it has {listed}"
        if names
        else "it has none",
        fix=Fix(arg.name.span, guess) if guess else None,
    )


def left_out(span: Span) -> Fix:
    """An argument deleted, with the comma that parts it from the next or from the one before."""
    text = span.source.text
    after = re.compile(r"\s*,\s*").match(text, span.end)
    if after is not None:
        return Fix(Span(span.source, span.start, after.end()), "")
    before = re.search(r"\s*,\s*$", text[max(0, span.start - 200) : span.start])
    alone = re.search(r"\(\s*$", text[max(0, span.start - 200) : span.start])
    if before is None and alone is not None and text[span.end : span.end + 1] == ")":
        return Fix(Span(span.source, span.start - len(alone[0]), span.end + 1), "")
    start = span.start - (len(before[0]) if before is not None else 0)
    return Fix(Span(span.source, start, span.end), "")


def share(arg: Arg, value: Value) -> str:
    """What a share in percent is: `dropout(50)` drops a half."""
    if arg.least != 0 or 1 not in (arg.most, arg.below) or not isinstance(value, int):
        return ""
    return f"{value}% is written `{value / 100:g}`" if 5 <= value < 100 else ""


def meant(arg: Arg, value: Value) -> str:
    """How a value of another kind is written, where that is certain: 3.0, "3", 0 for false."""
    sized = arg.kind in ("size", "sizes", "dims", "axis")
    if sized and isinstance(value, float) and abs(value) < 1e9 and value == int(value):
        return str(int(value))
    if arg.kind == "flag":
        plain = value.lower() if isinstance(value, str) else value
        words = {0: "false", 1: "true", "false": "false", "true": "true", "no": "false"}
        return words.get(plain, "") if isinstance(plain, (int, str)) else ""
    if isinstance(value, str) and not isinstance(value, Word):
        number = re.fullmatch(r"[1-9]\d{0,8}(?:x[1-9]\d{0,8})*", value.strip(), re.ASCII)
        real = re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", value.strip(), re.ASCII)
        if number and (sized or arg.kind == "real") and ("x" not in value or arg.kind == "sizes"):
            return number[0]
        return real[0] if real and arg.kind in ("real", "reals") else ""
    return ""
