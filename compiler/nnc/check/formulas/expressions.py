"""Evaluates expressions over sizes and other static values. Mistakes are reported.

The result is then UNKNOWN.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from nnc.check.foreign.unknown import no_data, no_number, python_call, unknown_name
from nnc.check.formulas.computing import (
    NUMERIC,
    computed,
    member_of,
    members,
    uncounted,
    unknown_numbers,
)
from nnc.check.formulas.values import (
    UNKNOWN,
    Family,
    LabelEntry,
    Quantity,
    SharedEntry,
    Unknown,
    Value,
    Word,
    is_number,
    is_real,
    is_whole,
    written,
)
from nnc.check.rules import BAD_OPERATION, NOT_A_CONDITION, UNKNOWN_NAME
from nnc.check.scope import Scope, Sink
from nnc.diagnostics import Diagnostic, Fix, Label, nearest
from nnc.ir.dims import DimTooLarge, Poly, exact_div
from nnc.ir.known import sourced
from nnc.source import Span
from nnc.syntax import ast

LARGEST = 10**15

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Numbers:
    """Evaluates expressions in a scope.

    Args:
        sink: takes the diagnostics.
        steps: layer, block and network names, to tell a step from an unknown name.
        data: gives `digits.classes`: (data name, attribute) to a size, or an error text; None:
        unknown data.
        lost: names declared in what could not be read.
        names: of data blocks.
    """

    def __init__(
        self,
        sink: Sink,
        steps: Callable[[], list[str]],
        data: Callable[[str, str], Value | str | None],
        lost: frozenset[str] = frozenset(),
        names: frozenset[str] = frozenset(),
    ) -> None:
        self.names = names
        self.lost = lost
        self.sink = sink
        self.steps = steps
        self.data = data

    def say(self, diagnostic: Diagnostic) -> Unknown:
        """Reports a mistake; the value is unknown."""
        self.sink.add(diagnostic)
        return UNKNOWN

    def value(self, e: ast.Expr, scope: Scope, options: tuple[str, ...] = ()) -> Value:
        """The value of an expression; a bare word that is no name may be one of `options`."""
        return _EVALUATE[type(e)](self, e, scope, options)

    def condition(self, e: ast.Expr, scope: Scope) -> bool | Unknown:
        """The value of a condition."""
        value = self.value(e, scope)
        if isinstance(value, (bool, Unknown)):
            return value
        return self.say(
            NOT_A_CONDITION.at(
                e.span,
                f"{written(value)} is no condition",
                label="a comparison is wanted, such as `stride != 1`",
            )
        )

    def ref(self, e: ast.Ref, scope: Scope, options: tuple[str, ...]) -> Value:
        """A name, or a number that data give."""
        name = e.names[0].text
        entry = scope.find(name)
        if len(e.names) > 1:
            return self.attribute(e, entry is not None)
        if entry is not None:
            return entry.value
        if name in options:
            return Word(name)
        if name in self.lost:  # declared in what could not be read
            return UNKNOWN
        return self.say(unknown_name(e, scope, options, self.steps(), self.names))

    def knows(self, e: ast.Ref, scope: Scope) -> bool:
        """Whether a name is declared, may be in what could not be read, or nearly is one."""
        name = e.names[0].text
        declared = scope.find(name) is not None or name in self.lost
        return declared or bool(nearest(name, scope.words()))

    def attribute(self, e: ast.Ref, local: bool) -> Value:
        """`digits.classes`."""
        name, rest = e.names[0].text, ".".join(n.text for n in e.names[1:])
        found = None if local else self.data(name, rest)
        if found is None:
            return self.say(no_data(e, rest, local))
        if isinstance(found, str):
            return self.say(no_number(e, rest, found))
        return found

    def index(self, e: ast.Index, scope: Scope, options: tuple[str, ...]) -> Value:
        """`skip[c]`: a member of a family, or of a list."""
        base = self.ref(e.base, scope, ())
        if isinstance(base, Unknown):
            return UNKNOWN
        items = []
        for item in e.items:
            if isinstance(item, ast.Slice):
                return self.say(
                    BAD_OPERATION.at(
                        item.span,
                        "a slice picks a part of a value; here one member is wanted",
                        help="parts of values stand in formulas: `from h[1:, 0]`",
                    )
                )
            items.append(self.value(item, scope))
        if any(isinstance(i, Unknown) for i in items):
            return UNKNOWN
        if isinstance(base, Family):
            member = base.members.get(tuple(items))
            if member is not None:
                return member
            have = ", ".join(written(k[0] if len(k) == 1 else k) for k in base.members)
            return self.say(
                UNKNOWN_NAME.at(
                    e.span,
                    f"the family `{e.base.text}` has no member {written(tuple(items))[1:-1]}",
                    others=(Label(base.span, "the family is made here"),),
                    help=f"its members: {have}",
                )
            )
        if isinstance(base, tuple) and all(isinstance(i, int) for i in items):
            found = member_of(base, items)
            if found is not None:
                return found
            return self.say(
                BAD_OPERATION.at(e.span, f"the list has {len(base)} members, counted from 0")
            )
        if isinstance(base, LabelEntry):
            return self.say(self.no_value(e))
        return self.say(
            BAD_OPERATION.at(e.span, f"{written(base)} has no members to pick by `[...]`")
        )

    def no_value(self, e: ast.Expr) -> Diagnostic:
        """The message for a formula of values where a number is wanted."""
        text = " ".join(e.span.text.split())
        return BAD_OPERATION.at(
            e.span,
            "a number is wanted here, and this is computed of values of the network",
            help=f"formulas of values stand in `from`: `from {text} as y`",
        )

    def binary(self, e: ast.Binary, scope: Scope, options: tuple[str, ...]) -> Value:
        """`a + b` and its kin."""
        if e.op in ("and", "or"):
            return self.logic(e, scope)
        left, right = self.value(e.left, scope), self.value(e.right, scope)
        if isinstance(left, Unknown) or isinstance(right, Unknown) or e.op == "@":
            return UNKNOWN
        if isinstance(left, (LabelEntry, Family)) or isinstance(right, (LabelEntry, Family)):
            return self.say(self.no_value(e))
        if e.op in COMPARE:
            return self.compare(e, left, right)
        return self.arithmetic(e, left, right)

    def logic(self, e: ast.Binary, scope: Scope) -> Value:
        """`and`, `or`: the right side counts only when the left leaves it open."""
        first = self.condition(e.left, scope)
        if isinstance(first, Unknown) or first is (e.op == "or"):
            return first
        return self.condition(e.right, scope)

    def compare(self, e: ast.Binary, left: Value, right: Value) -> Value:
        """A comparison of known numbers, words or texts."""
        if isinstance(left, Poly) or isinstance(right, Poly):
            if left == right:
                return e.op in ("==", "<=", ">=")
            return self.say(
                BAD_OPERATION.at(
                    e.span,
                    "this size is known only when data come; a network cannot depend on it",
                    help="make the size a number in the input's type, or compare a parameter",
                )
            )
        same = is_number(left) and is_number(right)
        if e.op in ("==", "!=") or same or (isinstance(left, str) and isinstance(right, str)):
            return COMPARE[e.op](left, right)
        return self.say(
            BAD_OPERATION.at(e.span, f"cannot compare {written(left)} with {written(right)}")
        )

    def arithmetic(self, e: ast.Binary, left: Value, right: Value) -> Value:
        """+ - * / // % ** of numbers."""
        if not (is_number(left) and is_number(right)):
            if e.op == "+" and isinstance(left, tuple) and isinstance(right, tuple):
                return left + right
            if e.op == "+" and isinstance(left, str) and isinstance(right, str):
                return left + right
            wrong = right if is_number(left) else left
            return self.say(
                BAD_OPERATION.at(e.span, f"`{e.op}` wants numbers; {written(wrong)} is none")
            )
        if e.op in ("/", "//", "%") and not isinstance(right, Poly) and right == 0:
            return self.say(BAD_OPERATION.at(e.op_span.to(e.right.span), "division by zero"))
        if e.op == "/":
            return self.divide(e, left, right)
        if e.op == "**" and (isinstance(right, Poly) or abs(right) > 64 or isinstance(left, Poly)):
            return self.say(
                BAD_OPERATION.at(e.span, "`**` takes known numbers and powers up to 64")
            )
        try:
            result = ARITHMETIC[e.op](left, right)
        except (DimTooLarge, TypeError, OverflowError, ZeroDivisionError):
            return self.say(BAD_OPERATION.at(e.span, f"`{e.op}` cannot combine these sizes"))
        if isinstance(result, (int, float)) and abs(result) > LARGEST:
            return self.say(BAD_OPERATION.at(e.span, "the number is larger than any size can be"))
        if isinstance(result, complex):
            return self.say(BAD_OPERATION.at(e.span, "the power is no real number"))
        if isinstance(left, Poly) or isinstance(right, Poly):
            return result  # type: ignore[no-any-return]
        return sourced(e.op, left, right, result)

    def divide(self, e: ast.Binary, left: Any, right: Any) -> Value:
        """`/`: exact for whole numbers, real otherwise."""
        if is_whole(left) and isinstance(right, int):
            if isinstance(left, int):
                if left % right == 0:
                    return left // right
            else:
                exact = exact_div(left, right)
                if exact is not None:
                    return exact
            return self.say(
                BAD_OPERATION.at(
                    e.span,
                    f"{written(left)} / {written(right)} is not exact",
                    label="`/` of whole numbers must be exact",
                    help="write `//` to round down, or make one side a decimal such as `2.0`",
                    fix=Fix(e.op_span, "//"),
                )
            )
        if isinstance(left, Poly) or isinstance(right, Poly):
            return self.say(
                BAD_OPERATION.at(e.span, "a symbolic size divides only by a whole number")
            )
        return sourced("/", left, right, float(left) / float(right))

    def unary(self, e: ast.Unary, scope: Scope, options: tuple[str, ...]) -> Value:
        """`-x`, `not c`."""
        if e.op == "not":
            decided = self.condition(e.operand, scope)
            return decided if isinstance(decided, Unknown) else not decided
        value = self.value(e.operand, scope)
        if isinstance(value, Unknown):
            return UNKNOWN
        if is_number(value):
            return -value
        return self.say(BAD_OPERATION.at(e.span, f"`-` wants a number; {written(value)} is none"))

    def choice(self, e: ast.Choice, scope: Scope, options: tuple[str, ...]) -> Value:
        """`a if c else b`."""
        decided = self.condition(e.condition, scope)
        if isinstance(decided, Unknown):
            return UNKNOWN
        return self.value(e.then if decided else e.otherwise, scope, options)

    def range(self, e: ast.Range, scope: Scope, options: tuple[str, ...]) -> Value:
        """`0..n`."""
        start, stop = self.value(e.start, scope), self.value(e.stop, scope)
        if isinstance(start, Unknown) or isinstance(stop, Unknown):
            return UNKNOWN
        if isinstance(start, int) and isinstance(stop, int):
            return range(start, stop)
        return self.say(
            BAD_OPERATION.at(e.span, "a range runs between whole numbers known while checking")
        )

    def call(self, e: ast.Call, scope: Scope, options: tuple[str, ...]) -> Value:
        """`min(a, b)`; other calls make values, and stand in `from`."""
        name = e.name.text
        if name in NUMERIC and e.args:
            return self.computed(e, scope)
        if name in ("range", "len", "int", "float", "enumerate"):
            return self.say(python_call(e))
        return self.say(
            BAD_OPERATION.at(
                e.span,
                f"a number is wanted here, and `{name}(...)` gives none",
                help="numbers may use `min(a, b)` and `max(a, b)`; a step stands in a chain",
            )
        )

    def computed(self, e: ast.Call, scope: Scope) -> Value:
        """`min(a, b)`, `sqrt(8)` of known numbers."""
        values = [self.value(a.value, scope) for a in e.args]
        if any(isinstance(v, Unknown) for v in values):
            return UNKNOWN
        if e.name.text == "len":
            count = members(values)
            return count if count is not None else self.say(uncounted(e.span, values))
        known = [v for v in values if is_real(v)]
        found = computed(e.name.text, known) if len(known) == len(values) else None
        if found is not None:
            return found
        return self.say(unknown_numbers(e.name, values))

    def rest(self, e: ast.Rest, scope: Scope, options: tuple[str, ...]) -> Value:
        """`...`, which is no number."""
        return self.say(
            BAD_OPERATION.at(
                e.span,
                "`...` stands for axes, in types and in the lists of `rearrange`",
                help="write the numbers out, or a range: `0..5`",
            )
        )

    def items(self, e: ast.Tuple | ast.List, scope: Scope, options: tuple[str, ...]) -> Value:
        """`(3, 5)`, `[64, 128]`."""
        values = tuple(self.value(i, scope, options) for i in e.items)
        return UNKNOWN if any(isinstance(v, Unknown) for v in values) else values


def quantity(e: ast.Number) -> Quantity:
    """A number with a unit."""
    return Quantity(e.value, e.unit, e.span.text)


def whole_at(value: Value, span: Span, sink: Sink, what: str) -> int | None:
    """A whole number known while checking, or None after a message."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, Unknown):
        if isinstance(value, SharedEntry):
            value = Word(value.name)
        sink.add(BAD_OPERATION.at(span, f"{what} is a whole number; {written(value)} is none"))
    return None


_EVALUATE: dict[type, Callable[[Numbers, Any, Scope, tuple[str, ...]], Value]] = {
    ast.Number: lambda n, e, s, o: quantity(e) if e.unit else e.value,
    ast.Kernel: lambda n, e, s, o: e.sizes,
    ast.String: lambda n, e, s, o: e.value,
    ast.Bool: lambda n, e, s, o: e.value,
    ast.Ref: Numbers.ref,
    ast.Index: Numbers.index,
    ast.Call: Numbers.call,
    ast.Tuple: Numbers.items,
    ast.List: Numbers.items,
    ast.Rest: Numbers.rest,
    ast.Unary: Numbers.unary,
    ast.Binary: Numbers.binary,
    ast.Choice: Numbers.choice,
    ast.Range: Numbers.range,
}
