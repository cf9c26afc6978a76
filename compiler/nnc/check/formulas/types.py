"""Types as written: inputs and patterns bind dimension names, claims are compared with what is."""

from __future__ import annotations

from typing import Final, Union

from nnc.check.foreign.layouts import element, small_letters, with_batch
from nnc.check.formulas.expressions import Numbers
from nnc.check.formulas.values import UNKNOWN, Unknown, is_whole, written
from nnc.check.rules import BAD_SOURCE, TYPE_SYNTAX, UNKNOWN_DIMENSION
from nnc.check.scope import Entry, Scope
from nnc.ir.dims import Dim, Poly, exact_div, show, symbol
from nnc.ir.facts import Facts
from nnc.ir.known import Known
from nnc.ir.types import TensorType
from nnc.record import Record
from nnc.syntax import ast


class AnySize(Record):
    """`_`: any one size."""


class AnyAxes(Record):
    """`...`: any number of axes."""


ANY: Final = AnySize()
REST: Final = AnyAxes()
Pattern = tuple[Union[Dim, AnySize, AnyAxes], ...]


def dimension_name(e: object) -> str:
    """The name when a size is a lone upper-case name, else an empty string."""
    if isinstance(e, ast.Ref) and len(e.names) == 1 and e.names[0].text[:1].isupper():
        return e.names[0].text
    return ""


def input_type(t: ast.Type, scope: Scope, numbers: Numbers, facts: Facts) -> TensorType | None:
    """The type of a source; new upper-case names become symbols. None after a message."""
    batch = with_batch(t)
    if batch is not None:
        numbers.say(batch)
        return None
    if t.kind not in ("", "token"):
        numbers.say(element(t))
        return None
    for e in t.dims:
        _bind_names(e, scope, numbers, facts)
    dims: list[Dim] = []
    for e in t.dims:
        if isinstance(e, ast.Rest) or (isinstance(e, ast.Ref) and e.text == "_"):
            if e.span.text in ("?", "*"):  # reported by the parser
                return None
            numbers.say(
                TYPE_SYNTAX.at(
                    e.span,
                    "an input states each size",
                    help="write a number, or an upper-case name such as `H` for a free size",
                )
            )
            return None
        value = size_value(e, scope, numbers)
        if isinstance(value, Unknown):
            return None
        dims.append(value)
    time = 0 if t.kind == "token" and dims else None
    return TensorType(tuple(dims), "int64" if t.kind == "token" else "float32", time)


def _bind_names(e: object, scope: Scope, numbers: Numbers, facts: Facts) -> None:
    """Makes symbols of the upper-case names in a size that nothing binds."""
    if isinstance(e, ast.Ref):
        name = dimension_name(e)
        if name and scope.find(name) is None:
            facts.declare(name)
            scope.root.declare(name, symbol(name), e.span, numbers.sink)
    elif isinstance(e, ast.Binary):
        _bind_names(e.left, scope, numbers, facts)
        _bind_names(e.right, scope, numbers, facts)


def size_value(e: ast.Expr | ast.Rest, scope: Scope, numbers: Numbers) -> Dim | Unknown:
    """The size that an expression in a type gives."""
    assert not isinstance(e, ast.Rest)
    name = dimension_name(e)
    if name and scope.find(name) is None and len(e.names) == 1:  # type: ignore[union-attr]
        return numbers.say(
            UNKNOWN_DIMENSION.at(
                e.span,
                f"nothing binds the size `{name}` here",
                help=f"write a number, `_`, or name it in an input: `input x: [3, {name}]`",
            )
        )
    small = small_letters(e, numbers.knows(e, scope)) if isinstance(e, ast.Ref) else None
    if small is not None:
        return numbers.say(small)
    value = numbers.value(e, scope)
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, Poly):
        return value
    if is_whole(value) and isinstance(value, int) and value >= 1:
        return value
    return numbers.say(
        TYPE_SYNTAX.at(e.span, f"a size is a whole number of at least 1, not {written(value)}")
    )


def pattern(t: ast.Type, scope: Scope, numbers: Numbers) -> Pattern | None:
    """A claimed type: sizes, `_` and `...`. None after a message."""
    found: list[Dim | AnySize | AnyAxes] = []
    for e in t.dims:
        if isinstance(e, ast.Rest):
            found.append(REST)
        elif isinstance(e, ast.Ref) and e.text == "_":
            found.append(ANY)
        else:
            value = size_value(e, scope, numbers)
            if isinstance(value, Unknown):
                return None
            found.append(value)
    return tuple(found)


def pattern_text(p: Pattern) -> str:
    """A pattern as written."""
    words = ("..." if d is REST else "_" if d is ANY else show(d) for d in p)  # type: ignore[arg-type]
    return "[" + ", ".join(words) + "]"


def spread(p: tuple[object, ...], rank: int) -> tuple[object, ...] | None:
    """The pattern with `...` filled by any sizes to `rank` axes.

    None when it cannot have so many.
    """
    if REST not in p:
        return p if len(p) == rank else None
    at = p.index(REST)
    missing = rank - (len(p) - 1)
    return None if missing < 0 else (*p[:at], *((ANY,) * missing), *p[at + 1 :])


def matches(p: Pattern, type: TensorType, facts: Facts) -> bool:
    """Whether a claim is proved under the facts."""
    full = spread(p, type.rank)
    if full is None:
        return False
    return all(
        want is ANY or want == have or facts.proves_equal(want, have)  # type: ignore[arg-type]
        for want, have in zip(full, type.dims)
    )


def bind_pattern(
    t: ast.Type, type: TensorType, scope: Scope, numbers: Numbers, facts: Facts
) -> tuple[Dim, ...] | None:
    """Binds a block's pattern to its input's sizes: names become numbers that remember them.

    Returns the sizes as the block sees them, or None when they do not match (nothing is reported).
    """
    full = spread(tuple(REST if isinstance(e, ast.Rest) else e for e in t.dims), type.rank)
    if full is None:
        return None
    seen: list[Dim] = []
    for e, have in zip(full, type.dims):
        if e is ANY or (isinstance(e, ast.Ref) and e.text == "_"):
            seen.append(int(have) if isinstance(have, int) else have)
            continue
        assert not isinstance(e, AnySize)
        one = _bind_one(e, have, scope, numbers, facts)  # type: ignore[arg-type]
        if one is None:
            return None
        seen.append(one)
    return tuple(seen)


def _bind_one(e: ast.Expr, have: Dim, scope: Scope, numbers: Numbers, facts: Facts) -> Dim | None:
    name = dimension_name(e)
    if name and scope.find(name) is None:
        value = Known(int(have), name) if isinstance(have, int) else have
        scope.declare(name, value, e.span, numbers.sink)
        return value
    free = _free_name(e, scope)
    if free is not None:
        solved = _solve(e, free, have, scope, numbers)
        if solved is None:
            return None
        value = Known(int(solved), free.text) if isinstance(solved, int) else solved
        scope.declare(free.text, value, free.span, numbers.sink)
    want = numbers.value(e, scope)
    if not is_whole(want):
        return None
    return want if want == have or _made_equal(want, have, facts) else None


def _made_equal(want: Dim, have: Dim, facts: Facts) -> bool:
    """Whether two sizes are equal, under a condition where both are open: as joins infer it."""
    if isinstance(want, int) or isinstance(have, int):
        return facts.proves_equal(want, have)
    before = facts.copy()
    if facts.equal(want, have) == "refused":
        return False
    if any(isinstance(c.equals, int) and "." not in c.symbol for c in facts.condition_list()):
        facts.restore(before)  # an open size is no single number
        return False
    return True


def _free_name(e: object, scope: Scope) -> ast.Ref | None:
    """The one upper-case name in a size that is not bound yet."""
    if isinstance(e, ast.Ref):
        return e if dimension_name(e) and scope.find(e.text) is None else None
    if isinstance(e, ast.Binary):
        return _free_name(e.left, scope) or _free_name(e.right, scope)
    return None


def _solve(e: ast.Expr, free: ast.Ref, have: Dim, scope: Scope, numbers: Numbers) -> Dim | None:
    """The value of a free name for which a size that is linear in it is `have`."""
    at0 = numbers.value(e, _with(scope, free, 0))
    at1 = numbers.value(e, _with(scope, free, 1))
    at2 = numbers.value(e, _with(scope, free, 2))
    if not (isinstance(at0, int) and isinstance(at1, int) and isinstance(at2, int)):
        return None
    slope = at1 - at0
    if slope == 0 or at2 - at1 != slope:
        return None
    return exact_div(have - at0, slope)


def _with(scope: Scope, free: ast.Ref, value: int) -> Scope:
    inner = Scope(scope)
    inner.names[free.text] = Entry(value, free.span)
    return inner


def starts(t: ast.SourceDecl, numbers: Numbers) -> bool:
    """Refuses the value that an input starts from; whether this one has any."""
    if t.init is not None:
        said = f"{t.names[0].text}: {t.type.span.text} = {t.init.span.text}"
        numbers.say(
            BAD_SOURCE.at(
                t.init.span,
                "an input has no value of its own: one comes with each call",
                help=f"write `constant {said}` for numbers that stay"
                + ("" if t.type.kind else ", `weight` for numbers that learn"),
            )
        )
    return t.init is not None
