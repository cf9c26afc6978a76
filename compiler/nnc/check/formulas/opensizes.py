"""Free sizes where values stand: `sqrt(T)`, `x / T`, constants whose sizes follow the inputs."""

from __future__ import annotations

from nnc.check.formulas.computing import NUMERIC
from nnc.check.formulas.values import BAD
from nnc.check.rules import NO_SAMPLES
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.ir.arguments import Declared
from nnc.ir.dims import Dim, Poly, symbols
from nnc.ir.initial import Counted, Fill
from nnc.ir.types import TensorType
from nnc.layers.open import OpenConstant
from nnc.source import Span
from nnc.syntax import ast


def is_open(e: object, scope: Scope) -> bool:
    """Whether an expression of numbers names a size that is known only when data come."""
    if isinstance(e, ast.Ref):
        entry = scope.find(e.names[0].text) if len(e.names) == 1 else None
        return entry is not None and isinstance(entry.value, Poly)
    if isinstance(e, ast.Binary):
        return is_open(e.left, scope) or is_open(e.right, scope)
    if isinstance(e, ast.Call):
        return e.name.text in NUMERIC and any(is_open(a.value, scope) for a in e.args)
    return isinstance(e, ast.Unary) and is_open(e.operand, scope)


def is_computed(e: object, scope: Scope) -> bool:
    """Whether it is no size any more: a root, a quotient or a power of such a size."""
    if isinstance(e, ast.Call):
        return is_open(e, scope)
    if isinstance(e, ast.Unary):
        return is_computed(e.operand, scope)
    if not isinstance(e, ast.Binary):
        return False
    if is_computed(e.left, scope) or is_computed(e.right, scope):
        return True
    sides = (e.left, e.right)
    decimal = any(isinstance(s, ast.Number) and isinstance(s.value, float) for s in sides)
    whole = isinstance(e.right, ast.Number) and isinstance(e.right.value, int)
    return is_open(e, scope) and (decimal or (e.op in ("/", "**") and not whole))


def has_free_size(type: TensorType) -> bool:
    """Whether a size follows the inputs; numbers that data give are settled by then."""
    return any("." not in name for dim in type.dims for name in symbols(dim))


def open_constant(body: Body, type: TensorType, init: Declared, span: Span, name: str) -> int:
    """A constant whose sizes follow the inputs; BAD after a message."""
    if isinstance(init, Counted):
        return _made(body, OpenConstant(type, None, int(init.start)), span, name)
    assert isinstance(init, Fill)
    return _made(body, OpenConstant(type, init.value), span, name)


def size_as_value(body: Body, size: Dim, span: Span) -> int:
    """A size as a number of the network, the same for all samples; BAD after a message."""
    return _made(body, OpenConstant(TensorType(()), size), span, "")


def _made(body: Body, op: OpenConstant, span: Span, name: str) -> int:
    builder = body.builder
    like = next((port.value for port in builder.inputs), None)
    if like is None:
        body.world.sink.add(
            NO_SAMPLES.at(
                span,
                "this follows the sizes of the inputs, and there is no input yet",
                help="declare the inputs first",
            )
        )
        return BAD
    read = like in builder.used
    type = op.type.shared(True)
    (made,) = builder.item(op, (like,), (type,), span, label=name)
    if not read:  # to tell where numbers are kept is no use of an input
        builder.used.discard(like)
    return made
