"""Terms of a loss that are computed: `0.5 * sum(1 + logvar - mu**2 - exp(logvar))`."""

from __future__ import annotations

from nnc.check.training_rules import BAD_LOSS, UNKNOWN_OUTPUT
from nnc.check.values import Unknown, is_real, written
from nnc.check.world import World
from nnc.diagnostics import Fix, nearest
from nnc.ir.dims import Dim
from nnc.ir.graph import Network
from nnc.ir.lossformula import (
    FUNCTIONS,
    Formula,
    FormulaTerm,
    Function,
    Named,
    Operation,
    names,
)
from nnc.ir.training import LOSSES
from nnc.ir.types import TensorType
from nnc.layers.arithmetic import broadcast
from nnc.record import Record
from nnc.syntax import ast

OPERATORS = ("+", "-", "*", "/", "**")


class Outline(Record):
    """Names of a network's inputs and outputs; `whole` is the network unless it had mistakes."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    whole: Network | None

    def type(self, named: Named) -> TensorType | None:
        """The type of an output or input, None where the network had mistakes."""
        if self.whole is None:
            return None
        graph = self.whole.graph
        ports = graph.outputs if named.kind == "output" else graph.inputs
        return next(graph.types[p.value] for p in ports if p.name == named.name)


def is_number(e: ast.Expr, network: Outline) -> bool:
    """Whether an expression is a number while checking: it names no output and calls nothing."""
    if isinstance(e, ast.Binary):
        return is_number(e.left, network) and is_number(e.right, network)
    if isinstance(e, ast.Unary):
        return is_number(e.operand, network)
    if isinstance(e, ast.Ref):
        return e.text not in (*LOSSES, *network.outputs, *network.inputs)
    return isinstance(e, ast.Number)


def read_formula(world: World, e: ast.Expr, network: Outline, weight: float) -> FormulaTerm | None:
    """A computed term, or None after a message."""
    before = world.sink.errors
    tree, _ = _read(world, e, network)
    if world.sink.errors > before:
        return None
    text = " ".join(e.span.text.split())
    if not any(named.kind == "output" for named in names(tree)):
        world.sink.add(
            BAD_LOSS.at(
                e.span,
                "this term knows no output of the network, so nothing learns from it",
                help="it gives " + ", ".join(f"`{o}`" for o in network.outputs),
            )
        )
        return None
    return FormulaTerm(weight, tree, text, e.span)


Read = tuple[Formula, TensorType | None]
"""A formula and its type a sample, None where it is not known."""
NUMBER = TensorType(())
FAILED: Read = (0.0, None)


def _read(world: World, e: ast.Expr, network: Outline) -> Read:
    if isinstance(e, ast.Ref) and e.text in (*network.outputs, *network.inputs):
        named = Named("output" if e.text in network.outputs else "input", e.text)
        return named, network.type(named)
    if is_number(e, network) and not (isinstance(e, ast.Ref) and len(e.names) == 1):
        return _number(world, e)
    if isinstance(e, ast.Ref):
        return _named_number(world, e, network)
    if isinstance(e, ast.Unary) and e.op == "-":
        inner, type = _read(world, e.operand, network)
        return Operation("*", -1.0, inner), type
    if isinstance(e, ast.Binary) and e.op in OPERATORS:
        return _operation(world, e, network)
    if isinstance(e, ast.Call):
        return _function(world, e, network)
    world.sink.add(
        BAD_LOSS.at(
            e.span,
            "a loss is computed of outputs and inputs with `+ - * / **` and functions",
            help="functions: " + ", ".join(f"`{f}`" for f in FUNCTIONS),
        )
    )
    return FAILED


def _number(world: World, e: ast.Expr) -> Read:
    value = world.numbers.value(e, world.scope)
    if is_real(value):
        return float(value), NUMBER
    if not isinstance(value, Unknown):
        message = f"a loss computes with known numbers, and this is {written(value)}"
        world.sink.add(BAD_LOSS.at(e.span, message))
    return FAILED


def _named_number(world: World, e: ast.Ref, network: Outline) -> Read:
    """A parameter of the file, or a name that is none of the network's ends."""
    if world.scope.find(e.text) is not None:
        return _number(world, e)
    known = (*network.outputs, *network.inputs)
    guess = nearest(e.text, known)
    world.sink.add(
        UNKNOWN_OUTPUT.at(
            e.span,
            f"the network has no output or input `{e.text}`",
            help=f"did you mean `{guess}`?"
            if guess
            else f"a value inside the network is given out by `output {e.text}`",
            fix=Fix(e.span, guess) if guess else None,
        )
    )
    return FAILED


def _operation(world: World, e: ast.Binary, network: Outline) -> Read:
    left, a = _read(world, e.left, network)
    right, b = _read(world, e.right, network)
    tree = Operation(e.op, left, right)
    if a is None or b is None:
        return tree, None
    if not all(_fit(x, y) for x, y in zip(reversed(a.dims), reversed(b.dims))):
        world.sink.add(
            BAD_LOSS.at(
                e.span,
                "these shapes cannot be combined",
                label=f"{a} and {b}",
                help="sizes are equal or 1, from the last axis on; `mean(...)` makes one number",
            )
        )
        return FAILED
    return tree, broadcast(a, b)


def _fit(x: Dim, y: Dim) -> bool:
    return x in (y, 1) or y == 1 or not (isinstance(x, int) and isinstance(y, int))


def _function(world: World, e: ast.Call, network: Outline) -> Read:
    word = e.name.text
    if word not in FUNCTIONS:
        guess = nearest(word, FUNCTIONS)
        loss = word in LOSSES
        world.sink.add(
            BAD_LOSS.at(
                e.span if loss else e.name.span,
                f"`{word}` stands alone in its term, or after a number and `*`"
                if loss
                else f"a loss has no function `{word}`",
                help=f"did you mean `{guess}`?"
                if guess and not loss
                else "for example `cross_entropy(digit) + 0.5 * l1(box)`"
                if loss
                else "functions: " + ", ".join(f"`{f}`" for f in FUNCTIONS),
            )
        )
        return FAILED
    if len(e.args) != 1 or e.args[0].name is not None:
        world.sink.add(BAD_LOSS.at(e.span, f"`{word}` takes one thing"))
        return FAILED
    inner, type = _read(world, e.args[0].value, network)
    if isinstance(inner, float) and type is not None:
        world.sink.add(
            BAD_LOSS.at(e.span, f"`{word}` works on outputs and inputs, not on a number")
        )
        return FAILED
    return Function(word, inner), NUMBER if word in ("sum", "mean") else type
