"""The checker as a layer's shape rule sees it.

States what must hold, and makes the messages when it cannot.
"""

from __future__ import annotations

from typing import NoReturn

from nnc.check.rules import BAD_OPERATION
from nnc.check.scope import Sink
from nnc.diagnostics import Diagnostic, Frame, Label, Refusal, Rule
from nnc.ir.dims import Dim
from nnc.ir.facts import Facts
from nnc.ir.types import TensorType
from nnc.source import Span

SHOWN = 3
"""Inputs whose origin a message shows."""


class Stating:
    """The Rules of one step.

    Args:
        facts: what is known of the network's symbols; stating narrows it.
        span: the step's name.
        spans: where its arguments stand.
        origins: where the inputs come from, and their types; a message makes labels of them.
        trace: the calls on the way here.
    """

    __slots__ = ("facts", "origins", "sink", "span", "spans", "trace")

    def __init__(
        self,
        facts: Facts,
        sink: Sink,
        span: Span,
        spans: dict[str, Span],
        origins: tuple[tuple[Span, TensorType], ...],
        trace: tuple[Frame, ...],
    ) -> None:
        self.facts, self.sink, self.span, self.spans = facts, sink, span, spans
        self.origins, self.trace = origins, trace

    def diagnostic(self, rule: Rule, message: str, at: str, label: str, help: str) -> Diagnostic:
        """The message at an argument, or at the step's name."""
        span = self.spans.get(at, self.span)
        others = tuple(
            Label(made, f"the value is {type} from here on")
            for made, type in self.origins[:SHOWN]
            if made != self.span
        )
        return rule.at(span, message, label=label, others=others, help=help, trace=self.trace)

    def refuse(
        self, rule: Rule, message: str, *, at: str = "", label: str = "", help: str = ""
    ) -> NoReturn:
        """Stops the step with a message."""
        raise Refusal(self.diagnostic(rule, message, at, label, help))

    def equal(
        self,
        a: Dim,
        b: Dim,
        rule: Rule,
        message: str,
        *,
        at: str = "",
        label: str = "",
        help: str = "",
    ) -> None:
        """States a == b."""
        if a is b or a == b:
            return
        outcome = self.facts.equal(a, b)
        if outcome == "refused":
            self.refuse(rule, message, at=at, label=label, help=help)
        if outcome == "assumed":
            for condition in self.facts.condition_list():
                name, only = condition.symbol, condition.equals
                if isinstance(only, int) and "." not in name:  # a free size is no single number
                    fits = f"this fits only where {name} is {only}: write `{only}` for `{name}`"
                    self.refuse(rule, message, at=at, label=label, help=help or fits)

    def at_least(
        self,
        a: Dim,
        low: int,
        rule: Rule,
        message: str,
        *,
        at: str = "",
        label: str = "",
        help: str = "",
    ) -> None:
        """States a >= low."""
        if isinstance(a, int):
            if a >= low:
                return
        elif self.facts.at_least(a, low) != "refused":
            return
        self.refuse(rule, message, at=at, label=label, help=help)

    def divisible(
        self,
        a: Dim,
        by: int,
        rule: Rule,
        message: str,
        *,
        at: str = "",
        label: str = "",
        help: str = "",
    ) -> None:
        """States that `by` divides `a`."""
        if isinstance(a, int):
            if a % by == 0:
                return
        elif self.facts.divisible(a, by) != "refused":
            return
        self.refuse(rule, message, at=at, label=label, help=help)

    def too_large(self) -> Diagnostic:
        """The message for a size that grew beyond what nnc follows."""
        return self.diagnostic(
            BAD_OPERATION,
            "the sizes after this step are too complicated to follow",
            "",
            "",
            "write the input's sizes as numbers",
        )
