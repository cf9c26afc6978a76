"""Values by formula: `from mu + exp(0.5 * logvar) * dice`, `h[0]`, `add(0.1 * e1)`.

A formula becomes steps, one for each operator and call, so that layers alone say what they do. Its
parts without values are numbers, worked out while checking.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc.check.arguments.bind import Bound, bind
from nnc.check.formulas.computing import NUMERIC
from nnc.check.formulas.opensizes import is_computed, is_open, size_as_value
from nnc.check.formulas.values import (
    BAD,
    UNKNOWN,
    Family,
    LabelEntry,
    SharedEntry,
    Unknown,
    Value,
    is_integer,
    is_real,
    written,
)
from nnc.check.rules import (
    BAD_OPERATION,
    MISSING_ARGUMENT,
    SEVERAL_VALUES,
    STEP_AS_VALUE,
    WEIGHTS_IN_FORMULA,
)
from nnc.check.scope import Scope
from nnc.check.steps.applying import apply
from nnc.check.steps.body import Body
from nnc.check.world import COMBINATORS
from nnc.diagnostics import Diagnostic
from nnc.ir.dims import Poly
from nnc.layers import LAYERS
from nnc.layers.arithmetic import Add, Div, Elementwise, Mul, Pow, Sub
from nnc.layers.base import Layer
from nnc.layers.pick import Item, Pick
from nnc.layers.pointwise import Neg
from nnc.layers.take import Take
from nnc.source import Span
from nnc.syntax import ast

OPERATORS: dict[str, type[Elementwise]] = {"+": Add, "-": Sub, "*": Mul, "/": Div, "**": Pow}
NO_ARGUMENTS = Bound({}, {}, True)


def has_values(e: object, scope: Scope) -> bool:
    """Whether an expression computes with values of the network, not with numbers alone."""
    if is_computed(e, scope):
        return True
    if isinstance(e, ast.Ref):
        entry = scope.find(e.names[0].text) if len(e.names) == 1 else None
        return entry is not None and isinstance(entry.value, (LabelEntry, Family))
    if isinstance(e, ast.Index):
        return has_values(e.base, scope)
    if isinstance(e, ast.Call):
        if e.name.text == "len":
            return False
        inside = any(has_values(a.value, scope) for a in e.args)
        return inside or not (e.name.text in NUMERIC and e.args)
    if isinstance(e, ast.Binary):
        return has_values(e.left, scope) or has_values(e.right, scope)
    if isinstance(e, ast.Unary):
        return has_values(e.operand, scope)
    if isinstance(e, ast.Choice):
        return has_values(e.then, scope) or has_values(e.otherwise, scope)
    return False


def formula(body: Body, e: ast.Expr, scope: Scope, label: str = "") -> Value:
    """What an expression gives: a value of the network, a family, or a number.

    Args:
        label: the name that the whole gets by `as`.
    """
    make = _MAKE.get(type(e)) if has_values(e, scope) else None
    if make is None:
        return body.world.numbers.value(e, scope)
    return make(body, e, scope, label)


def _applied(
    body: Body, op: Layer, values: tuple[int, ...], span: Span, label: str, bound: Bound
) -> Value:
    """The value that a layer gives."""
    body.world.count_step(span)
    current, several = body.current, body.several
    apply(body, op, values, span, bound, label)
    assert body.current is not None
    (made,) = body.current
    body.current, body.several = current, several
    return UNKNOWN if made == BAD else LabelEntry(made, span)


def _binary(body: Body, e: ast.Binary, scope: Scope, label: str) -> Value:
    numbers = body.world.numbers
    layer = OPERATORS.get(e.op)
    if layer is None:
        sides = (e.left, e.right)
        known = [not isinstance(formula(body, side, scope), Unknown) for side in sides]
        if not all(known) or e.op == "@":  # a sign that was reported when it was read
            return UNKNOWN
        return numbers.say(
            BAD_OPERATION.at(
                e.op_span,
                f"`{e.op}` works on numbers that are known while checking, not on values",
                help="values have `+ - * / **` and layers such as `maximum(a, b)`",
            )
        )
    left, right = formula(body, e.left, scope), formula(body, e.right, scope)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if isinstance(left, Poly) and not isinstance(right, LabelEntry):
        left = LabelEntry(size_as_value(body, left, e.left.span), e.left.span)
    elif isinstance(right, Poly) and not isinstance(left, LabelEntry):
        right = LabelEntry(size_as_value(body, right, e.right.span), e.right.span)
    values: list[int] = []
    number: float | Poly | None = None
    for side, operand in ((left, e.left), (right, e.right)):
        if isinstance(side, LabelEntry):
            values.append(side.value)
        elif is_real(side) or isinstance(side, Poly):
            number = side
        else:
            return _no_operand(body, e, side, operand)
    if e.op == "/" and right == 0:
        return numbers.say(BAD_OPERATION.at(e.op_span.to(e.right.span), "division by zero"))
    ahead = number is not None and not isinstance(left, LabelEntry)
    return _applied(body, layer(number, ahead), tuple(values), e.span, label, NO_ARGUMENTS)


def _no_operand(body: Body, e: ast.Binary, side: Value, operand: ast.Expr) -> Unknown:
    """What is neither a value nor a number that is known."""
    help = ""
    if isinstance(side, Family):
        said = f"`{operand.span.text}` is a family of values; `{e.op}` takes one"
        help = f"name one of them: `{operand.span.text}[...]`"
    elif isinstance(side, SharedEntry):
        said = f"`{operand.span.text}` is a step; `{e.op}` takes values and numbers"
    else:
        said = f"`{e.op}` takes values and numbers; {written(side)} is none"
    return body.world.numbers.say(BAD_OPERATION.at(operand.span, said, help=help))


def _unary(body: Body, e: ast.Unary, scope: Scope, label: str) -> Value:
    value = formula(body, e.operand, scope)
    if isinstance(value, Unknown):
        return UNKNOWN
    if e.op == "not" or not isinstance(value, LabelEntry):
        return body.world.numbers.say(
            BAD_OPERATION.at(e.span, f"`{e.op}` wants a number; `{e.operand.span.text}` is none")
        )
    return _applied(body, Neg(), (value.value,), e.span, label, NO_ARGUMENTS)


def _choice(body: Body, e: ast.Choice, scope: Scope, label: str) -> Value:
    decided = body.world.numbers.condition(e.condition, scope)
    if isinstance(decided, Unknown):
        return UNKNOWN
    return formula(body, e.then if decided else e.otherwise, scope, label)


def _index(body: Body, e: ast.Index, scope: Scope, label: str) -> Value:
    """`h[0]`, `h[1:, 0]`; a family's member is not computed."""
    numbers = body.world.numbers
    base = numbers.value(e.base, scope)
    if not isinstance(base, LabelEntry):
        return numbers.value(e, scope)
    first = e.items[0]
    if len(e.items) == 1 and not isinstance(first, ast.Slice) and has_values(first, scope):
        chosen = formula(body, first, scope)
        if not isinstance(chosen, LabelEntry):
            return UNKNOWN
        return _applied(body, Take(), (base.value, chosen.value), e.span, label, NO_ARGUMENTS)
    items: list[Item] = []
    for item in e.items:
        if isinstance(item, ast.Slice):
            ends = (_position(body, item.start, scope), _position(body, item.stop, scope))
            if any(isinstance(end, Unknown) for end in ends):
                return UNKNOWN
            items.append(ends)  # type: ignore[arg-type]
        else:
            at = _position(body, item, scope)
            if at is None or isinstance(at, Unknown):
                return UNKNOWN
            items.append(at)
    return _applied(body, Pick(tuple(items)), (base.value,), e.span, label, NO_ARGUMENTS)


def _position(body: Body, e: ast.Expr | None, scope: Scope) -> int | Unknown | None:
    """A known whole number; None where nothing is written."""
    if e is None:
        return None
    value = formula(body, e, scope)
    if isinstance(value, Unknown) or is_integer(value):
        return value
    return body.world.numbers.say(
        BAD_OPERATION.at(
            e.span,
            f"a position is a whole number that is known while checking, not {written(value)}",
        )
    )


def _call(body: Body, e: ast.Call, scope: Scope, label: str) -> Value:
    """`leaky_relu(x, 0.2)`: a layer without weights, its values first."""
    numbers, name = body.world.numbers, e.name.text
    if is_open(e, scope):  # of sizes, where layers of these names reduce
        name = {"min": "minimum", "max": "maximum"}.get(name, name)
    layer = LAYERS.get(name)
    if layer is None or layer.hidden:
        return _no_function(body, e, scope)
    given, first = list(e.args), list[ast.Arg]()
    while given and given[0].name is None and _stands_first(given[0].value, scope):
        first.append(given.pop(0))
    rest = ", ".join(arg.span.text for arg in given)
    if layer.weights is not Layer.weights:
        return numbers.say(_weighted(e, first, rest))
    if not first:
        return numbers.say(
            MISSING_ARGUMENT.at(
                e.span, f"`{name}` works on a value", help=f"give it one: `{name}(x)`"
            )
        )
    named, given = _named_inputs(layer, given)
    values = _values(body, [*first, *named], scope)
    bound = bind(
        name, e.name.span, layer.args, tuple(given), scope, numbers, body.defaults_of(name)
    )
    if not values or not bound.ok:
        return UNKNOWN
    op = layer(**bound.values)
    if op.parts:
        return numbers.say(
            STEP_AS_VALUE.at(
                e.span,
                f"`{name}` gives several values, and no one of them is its value",
                help=f"write `from {first[0].span.text} -> {name}({rest}) as a, b`",
            )
        )
    if lonely(op, len(values)):
        return numbers.say(
            SEVERAL_VALUES.at(
                e.span,
                f"`{name}` joins several values, and one comes",
                help=f"give it more: `{name}(a, b)`",
            )
        )
    return _applied(body, op, values, e.span, label, bound)


def _weighted(e: ast.Call, first: list[ast.Arg], rest: str) -> Diagnostic:
    """A layer with weights in a formula."""
    start, name = first[0].span.text if first else "VALUE", e.name.text
    step = f"from {start} -> {name}{f'({rest})' if rest else ''} as h"
    return WEIGHTS_IN_FORMULA.at(
        e.span,
        f"`{name}` has weights, so it is a step and no part of a formula",
        help=f"write `{step}`, and use `h` here",
    )


def _stands_first(e: ast.Expr, scope: Scope) -> bool:
    """Whether an argument of a formula's call is a value, or a size to compute with."""
    return has_values(e, scope) or is_open(e, scope)


def _named_inputs(layer: type[Layer], args: list[ast.Arg]) -> tuple[list[ast.Arg], list[ast.Arg]]:
    """Arguments that are values for further inputs, `like=x`, in their order; then the others."""
    ports = [port.name for port in layer.ports[1:] if not (port.many or port.implied)]
    named = [arg for arg in args if arg.name is not None and arg.name.text in ports]
    rest = [arg for arg in args if arg not in named]
    return sorted(named, key=lambda arg: ports.index(arg.name.text if arg.name else "")), rest


def lonely(op: Layer, count: int) -> bool:
    """Whether a join has nothing to join: one value, and no number."""
    return op.ports[-1].many and count == 1 and getattr(op, "number", None) is None


def _values(body: Body, args: list[ast.Arg], scope: Scope) -> tuple[int, ...] | None:
    """The values that arguments give, None after a message."""
    values: list[int] = []
    ok = True
    for arg in args:
        found = formula(body, arg.value, scope)
        if isinstance(found, LabelEntry):
            values.append(found.value)
        elif isinstance(found, Family):
            values.extend(member.value for member in found.members.values())
        elif isinstance(found, Poly):
            values.append(size_as_value(body, found, arg.span))
        else:
            ok = False
    return tuple(values) if ok and BAD not in values else None


def _no_function(body: Body, e: ast.Call, scope: Scope) -> Value:
    """A call of what is no layer."""
    world, name = body.world, e.name.text
    entry = scope.find(name)
    shared = entry is not None and isinstance(entry.value, SharedEntry)
    if not (shared or name in world.step_names()):
        return world.numbers.say(world.unknown_step(e.name))
    start = e.args[0].span.text if e.args else "VALUE"
    rest = ", ".join(arg.span.text for arg in e.args[1:])
    rest = " { ... }" if name in COMBINATORS else f"({rest})" if rest else ""
    return world.numbers.say(
        STEP_AS_VALUE.at(
            e.span,
            f"`{name}` is a step of its own, and no part of a formula",
            help=f"write `from {start} -> {name}{rest} as h`, and use `h` here",
        )
    )


_MAKE: dict[type, Callable[[Body, Any, Scope, str], Value]] = {
    ast.Binary: _binary,
    ast.Unary: _unary,
    ast.Choice: _choice,
    ast.Index: _index,
    ast.Call: _call,
}
