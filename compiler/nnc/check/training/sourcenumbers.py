"""The numbers of a source that are written out: lists, and ranges that count."""

from __future__ import annotations

from nnc.check.formulas.opensizes import has_free_size
from nnc.check.formulas.values import Unknown, dims_text, is_integer, is_real, is_whole
from nnc.check.rules import BAD_SOURCE
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.diagnostics import Diagnostic
from nnc.ir.arguments import Declared
from nnc.ir.dims import product, show
from nnc.ir.initial import Counted, Values
from nnc.ir.types import TensorType
from nnc.source import Span
from nnc.syntax import ast

LONGEST = 1_000_000
"""Numbers that a range may have."""


def counted(body: Body, e: ast.Range, scope: Scope, type: TensorType) -> Declared | None:
    """`0..7`: whole numbers in their order."""
    if has_free_size(type):
        return _counted_open(body, e, scope, type)
    span = body.world.numbers.value(e, scope)
    if isinstance(span, Unknown):
        return None
    assert isinstance(span, range)
    if len(span) <= LONGEST and len(span) == product(type.dims):
        if len(type.dims) == 1:
            return Counted(span.start)
        return Values(tuple(float(n) for n in span))
    body.world.sink.add(
        BAD_SOURCE.at(
            e.span,
            f"{len(span):,} numbers do not make {type}",
            help="the end of a range is no part of it: `0..7` are the seven numbers 0 to 6",
        )
    )
    return None


def _counted_open(body: Body, e: ast.Range, scope: Scope, type: TensorType) -> Declared | None:
    """`0..T`, along an axis of T."""
    numbers = body.world.numbers
    start, stop = numbers.value(e.start, scope), numbers.value(e.stop, scope)
    if isinstance(start, Unknown) or isinstance(stop, Unknown):
        return None
    if is_integer(start) and is_whole(stop) and type.dims == (stop - start,):
        return Counted(int(start))
    body.world.sink.add(
        BAD_SOURCE.at(
            e.span,
            f"these numbers do not make {type}",
            help=f"write `0..{show(type.dims[0])}`, which counts along one axis",
        )
    )
    return None


def listed(body: Body, e: ast.List | ast.Tuple, scope: Scope, type: TensorType) -> Values | None:
    """`[1, 2, 3]`, or lists in lists as the axes are."""
    found: list[float] = []
    lengths: dict[int, set[int]] = {}
    if not _flatten(body, e, scope, 0, lengths, found):
        return None
    shape = tuple(next(iter(n)) for n in lengths.values() if len(n) == 1)
    flat = len(lengths) == 1 and len(found) == product(type.dims)
    if flat or (len(shape) == len(lengths) and shape == type.dims):
        return Values(tuple(found))
    body.world.sink.add(
        BAD_SOURCE.at(
            e.span,
            f"these {len(found)} numbers do not make {type}",
            help=f"write one number, or as many as {dims_text(type.dims)} has",
        )
    )
    return None


def _flatten(
    body: Body,
    e: ast.List | ast.Tuple,
    scope: Scope,
    depth: int,
    lengths: dict[int, set[int]],
    found: list[float],
) -> bool:
    lengths.setdefault(depth, set()).add(len(e.items))
    for item in e.items:
        if isinstance(item, (ast.List, ast.Tuple)):
            if not _flatten(body, item, scope, depth + 1, lengths, found):
                return False
            continue
        value = body.world.numbers.value(item, scope)
        if is_real(value):
            found.append(float(value))
            continue
        if not isinstance(value, Unknown):
            body.world.sink.add(_no_number(item.span))
        return False
    return True


def _no_number(span: Span) -> Diagnostic:
    return BAD_SOURCE.at(span, "a list of numbers holds numbers alone")
