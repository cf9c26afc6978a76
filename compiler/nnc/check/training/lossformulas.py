"""Terms of a loss that are computed: `0.5 * sum(1 + logvar - mu**2 - exp(logvar))`."""

from __future__ import annotations

from typing import Union

from nnc.check.arguments.bind import bind
from nnc.check.formulas.values import Unknown, is_real, written
from nnc.check.training.training_rules import BAD_LOSS, UNKNOWN_OUTPUT
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Fix, nearest
from nnc.ir.dims import Dim
from nnc.ir.graph import Network
from nnc.ir.labels import labelled
from nnc.ir.lossformula import (
    FUNCTIONS,
    Compared,
    Formula,
    FormulaTerm,
    Function,
    Named,
    Operation,
    names,
)
from nnc.ir.training import LOSSES, Loss
from nnc.ir.types import TensorType
from nnc.layers.arithmetic import broadcast
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast

OPERATORS = ("+", "-", "*", "/", "**")


Read = tuple[Formula, Union[TensorType, None]]
"""A formula and its type a sample, None where it is not known."""
NUMBER = TensorType(())
FAILED: Read = (0.0, None)


class Outline(Record):
    """Names of a network's inputs and outputs; `whole` is the network unless it had mistakes.

    `data`: the name of the data block that it is trained on, "" where none is known.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    whole: Network | None
    data: str = ""

    @property
    def labels(self) -> dict[str, int]:
        """The labels of the network's body with their values."""
        return {} if self.whole is None else labelled(self.whole)

    def type(self, named: Named) -> TensorType | None:
        """The type of an output or input, None of fields and where the network had mistakes."""
        if self.whole is None or named.kind == "field":
            return None
        graph = self.whole.graph
        if named.kind == "label":
            return graph.types[self.labels[named.name]]
        ports = graph.outputs if named.kind == "output" else graph.inputs
        return next(graph.types[p.value] for p in ports if p.name == named.name)

    def read(self, world: World, e: ast.Expr) -> Read | None:
        """What names and calls mean where there is more than one network; None of any other."""
        return None


SIZES = ("classes", "vocab")
"""What of data is a number while checking, not a field."""


def is_number(world: World, e: ast.Expr, network: Outline) -> bool:
    """Whether an expression is a number while checking: it names no output and calls nothing."""
    if isinstance(e, ast.Binary):
        return is_number(world, e.left, network) and is_number(world, e.right, network)
    if isinstance(e, ast.Unary):
        return is_number(world, e.operand, network)
    if isinstance(e, ast.Ref):
        if len(e.names) == 2:
            return e.names[1].text in SIZES
        known = (*LOSSES, *network.outputs, *network.inputs)
        return e.text not in known and world.scope.find(e.text) is not None
    return isinstance(e, ast.Number)


def read_formula(world: World, e: ast.Expr, network: Outline, weight: float) -> FormulaTerm | None:
    """A computed term, or None after a message."""
    before = world.sink.errors
    tree, _ = read(world, e, network)
    if world.sink.errors > before:
        return None
    text = " ".join(e.span.text.split())
    if network.whole is None and any(named.kind == "field" for named in names(tree)):
        return None  # a value of a network that has mistakes: those come first
    if not any(named.kind in ("output", "label") for named in names(tree)):
        given = "it gives " + ", ".join(f"`{o}`" for o in network.outputs)
        fields = [named.name for named in names(tree) if named.kind == "field"]
        inner = "; a value inside the network is given out by `output "
        world.sink.add(
            BAD_LOSS.at(
                e.span,
                "this term knows no output of the network, so nothing learns from it",
                help=given + (f"{inner}{fields[0]}`" if fields else ""),
            )
        )
        return None
    return FormulaTerm(weight, tree, text, e.span)


def read(world: World, e: ast.Expr, network: Outline) -> Read:
    """A part of a formula, its type too where it is known; `FAILED` after a message."""
    own = network.read(world, e)
    if own is not None:
        return own
    if isinstance(e, ast.Ref) and e.text in (*network.outputs, *network.inputs):
        named = Named("output" if e.text in network.outputs else "input", e.text)
        return named, network.type(named)
    if is_number(world, e, network):
        return _number(world, e)
    if isinstance(e, ast.Ref):
        return _named(world, e, network)
    if isinstance(e, ast.Unary) and e.op == "-":
        inner, type = read(world, e.operand, network)
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


def _named(world: World, e: ast.Ref, network: Outline) -> Read:
    """A parameter of the file, a field of the data, or a name that is near to one of the ends."""
    if len(e.names) == 2 and e.names[0].text == network.data:
        return Named("field", e.names[1].text), None
    if world.scope.find(e.text) is not None:
        return _number(world, e)
    labels = network.labels
    if e.text in labels:
        inner = Named("label", e.text)
        return inner, network.type(inner)
    known = (*network.outputs, *network.inputs)
    guess = nearest(e.text, (*known, *labels))
    if not guess and len(e.names) == 1 and network.data:
        return Named("field", e.text), None  # binding knows whether the data have it
    field = f"{network.data or 'DATA'}.{e.names[-1].text}"
    world.sink.add(
        UNKNOWN_OUTPUT.at(
            e.span,
            f"the network has no output or input `{e.text}`",
            help=f"did you mean `{guess}`? A field of the data is `{field}`"
            if guess
            else f"a value inside the network is given out by `output {e.text}`",
            fix=Fix(e.span, guess) if guess else None,
        )
    )
    return FAILED


def _operation(world: World, e: ast.Binary, network: Outline) -> Read:
    left, a = read(world, e.left, network)
    right, b = read(world, e.right, network)
    tree = Operation(e.op, left, right)
    if a is None or b is None:
        return tree, None
    if not _together(a, b):
        world.sink.add(_not_together(e.span, a, b))
        return FAILED
    return tree, broadcast(a, b)


def _not_together(span: Span, a: TensorType, b: TensorType) -> Diagnostic:
    return BAD_LOSS.at(
        span,
        "these shapes cannot be combined",
        label=f"{a} and {b}",
        help="sizes are equal or 1, from the last axis on; `mean(...)` makes one number",
    )


def _together(a: TensorType, b: TensorType) -> bool:
    return all(_fit(x, y) for x, y in zip(reversed(a.dims), reversed(b.dims)))


def _fit(x: Dim, y: Dim) -> bool:
    return x in (y, 1) or y == 1 or not (isinstance(x, int) and isinstance(y, int))


def options(
    world: World, cls: type[Loss], word: ast.Ident, args: tuple[ast.Arg, ...]
) -> Loss | None:
    """A loss with its named arguments, None after a message."""
    bound = bind(word.text, word.span, cls.args, args, world.scope, world.numbers)
    return cls(**bound.values) if bound.ok else None


def _compared(world: World, e: ast.Call, network: Outline) -> Read:
    """A named loss of two formulas, which is one number a sample."""
    word = e.name.text
    sides = [arg for arg in e.args if arg.name is None]
    rest = tuple(arg for arg in e.args if arg.name is not None)
    loss = options(world, LOSSES[word], e.name, rest)
    if loss is None:
        return FAILED
    if loss.target == "text":
        message = f"`{word}` stands alone, of an output and its texts"
        first = (*network.outputs, "OUTPUT")[0]
        help = f"write `{word}({first})`, with an output of the steps as they are"
        world.sink.add(BAD_LOSS.at(e.span, message, help=help))
        return FAILED
    if len(sides) != 2:
        world.sink.add(
            BAD_LOSS.at(
                e.span,
                f"inside a formula `{word}` compares two things",
                help=f"name what it learns: `{word}({(*network.outputs, 'OUTPUT')[0]}, TARGET)`",
            )
        )
        return FAILED
    (left, a), (right, b) = (read(world, arg.value, network) for arg in sides)
    tree = Compared(loss, left, right)
    if loss.target == "class":
        return _classes(world, tree, sides[1], loss)
    if a is not None and b is not None and not _together(a, b):
        world.sink.add(_not_together(e.span, a, b))
        return FAILED
    return tree, NUMBER


def _classes(world: World, tree: Compared, arg: ast.Arg, loss: Loss) -> Read:
    """A loss of classes, whose target is a field that holds them."""
    if not (isinstance(tree.target, Named) and tree.target.kind in ("field", "source")):
        message = f"`{loss.word}` compares with classes, and this is no field of the data"
        help = "name the field, as in `cross_entropy(digit / 2, label)`"
        world.sink.add(BAD_LOSS.at(arg.span, message, help=help))
        return FAILED
    if getattr(loss, "class_weights", None) == "balanced":
        message = "`balanced` weights stand in a loss of an output alone"
        world.sink.add(BAD_LOSS.at(arg.span, message, help="write one number a class"))
        return FAILED
    return tree, NUMBER


def _function(world: World, e: ast.Call, network: Outline) -> Read:
    word = e.name.text
    if word in LOSSES:
        return _compared(world, e, network)
    if word not in FUNCTIONS:
        guess = nearest(word, FUNCTIONS)
        world.sink.add(
            BAD_LOSS.at(
                e.name.span,
                f"a loss has no function `{word}`",
                help=f"did you mean `{guess}`?"
                if guess
                else "functions: " + ", ".join(f"`{f}`" for f in FUNCTIONS),
            )
        )
        return FAILED
    if len(e.args) != 1 or e.args[0].name is not None:
        world.sink.add(BAD_LOSS.at(e.span, f"`{word}` takes one thing"))
        return FAILED
    inner, type = read(world, e.args[0].value, network)
    if isinstance(inner, float) and type is not None:
        world.sink.add(
            BAD_LOSS.at(e.span, f"`{word}` works on outputs and inputs, not on a number")
        )
        return FAILED
    return Function(word, inner), NUMBER if word in ("sum", "mean") else type
