"""Binds the arguments of a call to a declaration.

Names, kinds, ranges, options, with a message for each mistake.
"""

from __future__ import annotations

from typing import Any

from nnc.check.arguments.argumenthelp import missing, share, too_many, unknown
from nnc.check.arguments.kinds import CONVERT, out_of_range, wrong_kind
from nnc.check.foreign import settingwords
from nnc.check.formulas import patterns
from nnc.check.formulas.expressions import Numbers
from nnc.check.formulas.values import (
    UNKNOWN,
    Unknown,
    Word,
    is_whole,
    written,
)
from nnc.check.rules import (
    DOUBLED_ARGUMENT,
    OUT_OF_RANGE,
    WRONG_KIND,
)
from nnc.check.scope import Scope
from nnc.check.steps.tienames import tie_target
from nnc.diagnostics import Fix, Label, nearest
from nnc.ir.arguments import Arg, Declared
from nnc.ir.dims import Dim
from nnc.ir.initial import INITS, Fill
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast


class Bound(Record):
    """Arguments by name with the spans they stand at; `ok` is False after a mistake.

    `stated`: those that the call itself says, not defaults.
    """

    values: dict[str, Any]
    spans: dict[str, Span]
    ok: bool
    stated: tuple[str, ...] = ()


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
    others = _first(args, "named")
    placed = place(word, span, tuple(args), given, numbers, _first(args, "dims"), others)
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
        elif arg.kind == "named":
            value = _axis_sizes(args, placed, values, scope, numbers)
            spans |= {n: one.value.span for n, one in (written_here or {}).items()}
        elif written_here is not None:
            value = convert(name, arg, written_here.value, scope, numbers)
            spans[name] = written_here.value.span
            spans |= patterns.places(name, written_here.value) if arg.kind == "axes" else {}
        elif defaults and name in defaults:
            one = defaults[name]
            value = convert(name, arg, one.arg.value, one.scope, numbers)
            spans[name] = one.arg.value.span
        elif arg.required:
            if placed.ok and (ok or arg.kind != "axes"):  # a text may stand for both lists
                numbers.say(missing(word, span, name, arg, args, given))
            ok = False
            continue
        else:
            continue
        if isinstance(value, Unknown):
            ok = False
        else:
            values[name] = value
    return Bound(values, spans, ok, tuple(placed.values))


def _first(args: dict[str, Arg], kind: str) -> str:
    return next((name for name, arg in args.items() if arg.kind == kind), "")


def _axis_sizes(
    args: dict[str, Arg],
    placed: Bound,
    values: dict[str, Any],
    scope: Scope,
    numbers: Numbers,
) -> Any:
    """The sizes of the axes that a layer's lists name, UNKNOWN where a list is wrong."""
    lists = [name for name, arg in args.items() if arg.kind == "axes"]
    if not placed.ok or any(name not in values for name in lists):
        return UNKNOWN
    sides = [placed.values[name].value for name in lists]
    given = placed.values.get(_first(args, "named"), {})
    return patterns.axis_sizes(sides, given, scope, numbers)


def place(
    word: str,
    span: Span,
    names: tuple[str, ...],
    given: tuple[ast.Arg, ...],
    numbers: Numbers,
    variadic: str = "",
    others: str = "",
) -> Bound:
    """Which written argument belongs to which name.

    The values are `ast.Arg`s: a list for `variadic`, by name for `others`, which takes what no
    other name fits.
    """
    by_axis: dict[str, ast.Arg] = {}
    values: dict[str, Any] = {others: by_axis} if others else {}
    ok, named = True, False
    names = tuple(name for name in names if name != others)
    positions = list(names)
    for arg in given:
        if arg.name is None:
            if named:
                ok = False  # the parser has said so
            elif variadic:
                values.setdefault(variadic, []).append(arg)
            elif not positions:
                ok = False
                numbers.say(too_many(word, arg, names))
                break
            else:
                values[positions.pop(0)] = arg
            continue
        named = True
        name = arg.name.text
        if name not in names and not others:
            ok = False
            numbers.say(unknown(word, arg, names))
        elif name in values or name in by_axis:
            ok = False
            earlier = by_axis.get(name) or values[name]
            earlier = earlier[0] if isinstance(earlier, list) else earlier
            first = Label(earlier.span, "the first")
            numbers.say(DOUBLED_ARGUMENT.at(arg.span, f"`{name}` is given twice", others=(first,)))
        elif name not in names:
            by_axis[name] = arg
        else:
            values[name] = arg
            if name in positions:
                positions.remove(name)
    return Bound(values, {}, ok)


def convert(name: str, arg: Arg, e: ast.Expr, scope: Scope, numbers: Numbers) -> Any:
    """The value of one argument, of its kind and in its range; UNKNOWN after a message."""
    if arg.kind == "init":
        return initial(e, scope, numbers)
    if arg.kind == "axes":
        return patterns.axes(e, numbers)
    if arg.kind == "tie":
        return tie_target(e, scope, numbers)
    value = numbers.value(e, scope, arg.options)
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
        return wrong_kind(name, arg, e, value, numbers)
    checked = CONVERT[arg.kind](arg, value)
    if checked is None:
        return wrong_kind(name, arg, e, value, numbers)
    if arg.count and not (isinstance(checked, tuple) and len(checked) == arg.count):
        numbers.say(WRONG_KIND.at(e.span, f"`{name}` takes {arg.count} numbers in parentheses"))
        return UNKNOWN
    problem = out_of_range(arg, checked)
    if problem:
        numbers.say(
            OUT_OF_RANGE.at(
                e.span,
                f"`{name}` {problem}",
                label=f"it is {written(value)}",
                help=share(arg, value),
            )
        )
        return UNKNOWN
    return checked


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
            return wrong_kind(name, arg, one.value, value, numbers)
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
            guess = settingwords.INITS.get(settingwords.plain(word.text), "")
            guess = guess or nearest(word.text, tuple(INITS))
            listed = ", ".join(f"`{w}`" for w in INITS if w != "fill")
            return numbers.say(
                WRONG_KIND.at(
                    word.span,
                    f"`{word.text}` is no distribution",
                    help=f"did you mean `{guess}`?"
                    if guess
                    else f"there are {listed}, or a number",
                    fix=Fix(e.span if "(" in guess or guess in "01" else word.span, guess)
                    if guess
                    else None,
                )
            )
        return declared(cls, word.text, e, scope, numbers)
    value = numbers.value(e, scope)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Fill(float(value))
    if isinstance(value, Unknown):
        return UNKNOWN
    guess = settingwords.INITS.get(settingwords.plain(value), "") if isinstance(value, str) else ""
    return numbers.say(
        WRONG_KIND.at(
            e.span,
            "`init` takes a distribution or a number",
            help=f"write `init={guess}`" if guess else "for example `normal(0.02)`",
            fix=Fix(e.span, guess) if guess else None,
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
