"""Binds the arguments of a call to a declaration.

Names, kinds, ranges, options, with a message for each mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc.check import habits
from nnc.check.expressions import Numbers
from nnc.check.rules import (
    DOUBLED_ARGUMENT,
    LATER,
    MISSING_ARGUMENT,
    OUT_OF_RANGE,
    TOO_MANY,
    UNKNOWN_ARGUMENT,
    WRONG_KIND,
)
from nnc.check.scope import Scope
from nnc.check.values import (
    UNKNOWN,
    Family,
    LabelEntry,
    SharedEntry,
    Unknown,
    Value,
    Word,
    is_number,
    is_whole,
    written,
)
from nnc.diagnostics import Diagnostic, Fix, Label, nearest
from nnc.ir.arguments import Arg, Declared
from nnc.ir.dims import Dim, Poly
from nnc.ir.initial import INITS, Fill
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast


class Bound(Record):
    """Arguments by name with the spans they stand at; `ok` is False after a mistake."""

    values: dict[str, Any]
    spans: dict[str, Span]
    ok: bool


class Given(Record):
    """One argument as written, with the scope that its names are looked up in."""

    arg: ast.Arg
    scope: Scope


def bind(
    word: str,
    span: Span,
    args: dict[str, Arg],
    given: tuple[ast.Arg, ...],
    scope: Scope,
    numbers: Numbers,
    defaults: dict[str, Given] | None = None,
) -> Bound:
    """The values of a call's arguments.

    Args:
        word: the callee's name, for messages; `span` is where it stands.
        args: what is declared.
        given: what is written.
        defaults: of a `defaults` block, by argument.
    """
    placed = place(word, span, tuple(args), given, numbers, variadic=_variadic(args))
    ok = placed.ok
    values: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    for name, arg in args.items():
        written_here = placed.values.get(name)
        if arg.kind == "dims":
            if isinstance(written_here, ast.Arg):  # named: `reshape(dims=(3, 4))`
                written_here = [written_here]
            value = _dims(word, name, arg, written_here or (), scope, numbers)
            if written_here:
                spans[name] = written_here[0].span.to(written_here[-1].span)
        elif written_here is not None:
            value = convert(name, arg, written_here.value, scope, numbers)
            spans[name] = written_here.value.span
        elif defaults and name in defaults:
            one = defaults[name]
            value = convert(name, arg, one.arg.value, one.scope, numbers)
            spans[name] = one.arg.value.span
        elif arg.required:
            if placed.ok:
                numbers.say(_missing(word, span, name, arg, args, given))
            ok = False
            continue
        else:
            continue
        if isinstance(value, Unknown):
            ok = False
        else:
            values[name] = value
    return Bound(values, spans, ok)


def _variadic(args: dict[str, Arg]) -> str:
    return next((name for name, arg in args.items() if arg.kind == "dims"), "")


def _missing(
    word: str, span: Span, name: str, arg: Arg, args: dict[str, Arg], given: tuple[ast.Arg, ...]
) -> Diagnostic:
    example = ", ".join("..." if a.kind == "dims" else n for n, a in args.items() if a.required)
    return MISSING_ARGUMENT.at(
        span,
        f"`{word}` needs `{name}`",
        label=arg.doc,
        help=f"write `{word}({example})`" if not given else f"add `{name}=...`",
    )


def place(
    word: str,
    span: Span,
    names: tuple[str, ...],
    given: tuple[ast.Arg, ...],
    numbers: Numbers,
    variadic: str = "",
) -> Bound:
    """Which written argument belongs to which name.

    The values are `ast.Arg`s (a list for the variadic one).
    """
    values: dict[str, Any] = {}
    ok, named = True, False
    positions = list(names)
    for arg in given:
        if arg.name is None:
            if named:
                ok = False  # the parser has said so
            elif variadic:
                values.setdefault(variadic, []).append(arg)
            elif not positions:
                ok = False
                numbers.say(_too_many(word, arg, names))
                break
            else:
                values[positions.pop(0)] = arg
            continue
        named = True
        name = arg.name.text
        if name not in names:
            ok = False
            numbers.say(_unknown(word, arg, names))
        elif name in values:
            ok = False
            earlier = values[name][0] if isinstance(values[name], list) else values[name]
            first = Label(earlier.span, "the first")
            numbers.say(DOUBLED_ARGUMENT.at(arg.span, f"`{name}` is given twice", others=(first,)))
        else:
            values[name] = arg
            if name in positions:
                positions.remove(name)
    return Bound(values, {}, ok)


def _too_many(word: str, arg: ast.Arg, names: tuple[str, ...]) -> Diagnostic:
    takes = f"at most {len(names)} arguments: {', '.join(names)}" if names else "no arguments"
    return TOO_MANY.at(arg.span, f"`{word}` takes {takes}")


def _unknown(word: str, arg: ast.Arg, names: tuple[str, ...]) -> Diagnostic:
    assert arg.name is not None
    name = arg.name.text
    if name in habits.PLANNED_ARGUMENTS:
        return LATER.at(arg.span, f"`{name}=` is planned; nnc 0.1 has no such argument")
    if name in habits.DERIVED:
        return UNKNOWN_ARGUMENT.at(
            arg.span,
            f"`{word}` has no `{name}`: its input decides that",
            help="leave it out",
        )
    guess = habits.ARGUMENTS.get(name, "")
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


def convert(name: str, arg: Arg, e: ast.Expr, scope: Scope, numbers: Numbers) -> Any:
    """The value of one argument, of its kind and in its range; UNKNOWN after a message."""
    if arg.kind == "init":
        return initial(e, scope, numbers)
    options = (*arg.options, *_HABIT_OPTIONS) if arg.options else ()
    value = numbers.value(e, scope, options)
    if isinstance(value, Unknown):
        return UNKNOWN
    if (
        isinstance(value, str)
        and not isinstance(value, Word)
        and arg.kind != "text"
        and value in arg.options
    ):
        numbers.say(
            WRONG_KIND.at(
                e.span,
                f"the option {value} is written without quotes",
                help=f"write `{name}={value}`",
                fix=Fix(e.span, value),
            )
        )
        return UNKNOWN
    if isinstance(value, Word):
        if value in arg.options:
            return value
        return _wrong(name, arg, e, value, numbers)
    checked = _CONVERT[arg.kind](arg, value)
    if checked is None:
        return _wrong(name, arg, e, value, numbers)
    if arg.count and not (isinstance(checked, tuple) and len(checked) == arg.count):
        numbers.say(WRONG_KIND.at(e.span, f"`{name}` takes {arg.count} numbers in parentheses"))
        return UNKNOWN
    problem = _range(arg, checked)
    if problem:
        numbers.say(OUT_OF_RANGE.at(e.span, f"`{name}` {problem}", label=f"it is {written(value)}"))
        return UNKNOWN
    return checked


_HABIT_OPTIONS: tuple[str, ...] = ()


def _wrong(name: str, arg: Arg, e: ast.Expr, value: Value, numbers: Numbers) -> Unknown:
    help = ""
    if isinstance(value, (LabelEntry, Family, SharedEntry)):
        help = "a label names a value of the network, not a number"
    elif arg.kind == "size" and isinstance(value, float) and value == int(value):
        help = f"write `{int(value)}`"
    elif arg.kind == "flag" and value in (0, 1):
        help = f"write `{'true' if value else 'false'}`"
    wanted = _KIND_TEXT[arg.kind]
    if arg.options:
        listed = " or ".join(f"`{o}`" for o in arg.options)
        wanted = listed if arg.kind == "option" else f"{wanted}, or {listed}"
    return numbers.say(
        WRONG_KIND.at(
            e.span, f"`{name}` takes {wanted}", label=f"this is {written(value)}", help=help
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


_CONVERT: dict[str, Callable[[Arg, Any], Any]] = {
    "size": lambda a, v: v if is_whole(v) else None,
    "sizes": lambda a, v: _sizes(v),
    "real": lambda a, v: v if is_number(v) and not isinstance(v, Poly) else None,
    "reals": lambda a, v: _reals(v),
    "flag": lambda a, v: v if isinstance(v, bool) else None,
    "option": lambda a, v: None,
    "axis": lambda a, v: v if is_whole(v) and isinstance(v, int) else None,
    "text": lambda a, v: v if isinstance(v, str) else None,
}


def _range(arg: Arg, value: Any) -> str:
    """What is wrong with the value's size, or an empty string."""
    if isinstance(value, tuple):
        return next((p for p in (_range(arg, v) for v in value) if p), "")
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


def _dims(
    word: str, name: str, arg: Arg, given: list[ast.Arg] | tuple[()], scope: Scope, numbers: Numbers
) -> Any:
    values: list[Dim] = []
    for one in given:
        value = numbers.value(one.value, scope)
        if isinstance(value, tuple) and len(given) == 1 and all(is_whole(v) for v in value):
            values.extend(v for v in value if is_whole(v))
            continue
        if isinstance(value, Unknown):
            return UNKNOWN
        if not is_whole(value):
            return _wrong(name, arg, one.value, value, numbers)
        if isinstance(value, int) and arg.least is not None and value < arg.least and value != -1:
            numbers.say(OUT_OF_RANGE.at(one.span, f"a size is at least {arg.least:g}"))
            return UNKNOWN
        values.append(value)
    return tuple(values)


def initial(e: ast.Expr, scope: Scope, numbers: Numbers) -> Any:
    """A distribution: `normal(0.02)`, `dirac`, a number."""
    word = e.name if isinstance(e, ast.Call) else e.names[0] if isinstance(e, ast.Ref) else None
    if word is not None and (isinstance(e, ast.Call) or scope.find(word.text) is None):
        cls = INITS.get(word.text)
        if cls is None:
            guess = nearest(word.text, tuple(INITS))
            listed = ", ".join(f"`{w}`" for w in INITS if w != "fill")
            return numbers.say(
                WRONG_KIND.at(
                    word.span,
                    f"`{word.text}` is no distribution",
                    help=f"did you mean `{guess}`?"
                    if guess
                    else f"there are {listed}, or a number",
                    fix=Fix(word.span, guess) if guess else None,
                )
            )
        return declared(cls, word.text, e, scope, numbers)
    value = numbers.value(e, scope)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Fill(float(value))
    if isinstance(value, Unknown):
        return UNKNOWN
    return numbers.say(
        WRONG_KIND.at(
            e.span, "`init` takes a distribution or a number", help="for example `normal(0.02)`"
        )
    )


def declared(
    cls: type[Declared], word: str, e: ast.Call | ast.Ref | Any, scope: Scope, numbers: Numbers
) -> Any:
    """An instance of a declared class (an optimizer, a loss, a distribution) from its call.

    UNKNOWN after a message.
    """
    args = e.args if isinstance(e, ast.Call) else ()
    span = e.name.span if isinstance(e, ast.Call) else e.span
    bound = bind(word, span, cls.args, args, scope, numbers)
    return cls(**bound.values) if bound.ok else UNKNOWN
