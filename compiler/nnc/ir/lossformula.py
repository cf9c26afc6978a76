"""Losses that are computed of outputs and inputs: a frozen tree, and how it is worked out.

A tree holds names, numbers and functions of a fixed list; nothing in it can run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar, Union

from nnc.ir.ownsteps import Steps
from nnc.ir.training import Loss
from nnc.record import Record
from nnc.source import NOWHERE, Span

FUNCTIONS = ("sum", "mean", "exp", "log", "sqrt", "abs", "sin", "cos", "tanh", "sigmoid", "relu")
"""`sum` and `mean` take the elements of a sample together; the others work on each."""


class Named(Record):
    """An output or an input of the network, a label of its body, or a field of the data.

    Of a gan a source: what is drawn, given by the data, or "real".
    """

    kind: Literal["output", "input", "label", "field", "source"]
    name: str


class Operation(Record):
    """`left + right` and its kin: + - * / **."""

    op: str
    left: Formula
    right: Formula


class Function(Record):
    """A function of FUNCTIONS."""

    word: str
    of: Formula


class Compared(Record):
    """A named loss of two formulas: one number a sample."""

    loss: Loss
    of: Formula
    target: Formula


class Applied(Record):
    """What only losses of gans have: a player called, or what is asked of one.

    Args:
        word: "call"; "slope", the size of the gradient of a score by what is judged; "between", a
            point between two samples; "older", samples of earlier steps among these.
        of: what it is applied to; () of a player that reads the batch's own sources.
        player: who; output: of a call which of its outputs.
    """

    word: Literal["call", "slope", "between", "older"]
    of: tuple[Formula, ...]
    player: str = ""
    output: str = ""


Formula = Union[float, Named, Operation, Function, Compared, Applied]


class FormulaTerm(Record):
    """`weight * formula` of a loss: the mean over samples, and over elements where any are left.

    `steps`: padded axes of what it reads, where its data are known.
    """

    weight: float
    formula: Formula
    text: str
    span: Span = NOWHERE
    steps: tuple[Steps, ...] = ()

    def steps_of(self, named: Named) -> tuple[Steps, ...]:
        """The padded axes of a value that it reads."""
        return tuple(s for s in self.steps if (s.kind, s.output) == (named.kind, named.name))


X = TypeVar("X")


def computed(
    formula: Formula,
    read: Callable[[Named], X],
    number: Callable[[float], X],
    operate: Callable[[str, X, X], X],
    function: Callable[[str, X], X],
    compare: Callable[[Loss, X, X], X],
    apply: Callable[[Applied], X] | None = None,
) -> X:
    """What a formula gives; the callbacks read names, and compute with arrays of their kind."""

    def inner(part: Formula) -> X:
        return computed(part, read, number, operate, function, compare, apply)

    if isinstance(formula, Named):
        return read(formula)
    if isinstance(formula, Applied):
        assert apply is not None, "players are called in losses of gans alone"
        return apply(formula)
    if isinstance(formula, Operation):
        return operate(formula.op, inner(formula.left), inner(formula.right))
    if isinstance(formula, Function):
        return function(formula.word, inner(formula.of))
    if isinstance(formula, Compared):
        return compare(formula.loss, inner(formula.of), inner(formula.target))
    return number(formula)


def names(formula: Formula) -> tuple[Named, ...]:
    """The outputs, inputs and fields that a formula reads, each once."""
    if isinstance(formula, Named):
        return (formula,)
    if isinstance(formula, Operation):
        return tuple(dict.fromkeys((*names(formula.left), *names(formula.right))))
    if isinstance(formula, Compared):
        return tuple(dict.fromkeys((*names(formula.of), *names(formula.target))))
    if isinstance(formula, Applied):
        return tuple(dict.fromkeys(name for part in formula.of for name in names(part)))
    return names(formula.of) if isinstance(formula, Function) else ()


def axes(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """A shape with its missing axes behind the batch, so that samples stay samples."""
    return (shape[0], *(1,) * (rank - len(shape)), *shape[1:])
