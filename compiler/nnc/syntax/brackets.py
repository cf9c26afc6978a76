"""What is open at a point of a text, and which mistakes were found before it."""

from __future__ import annotations

from typing import NamedTuple

from nnc.diagnostics import Diagnostic
from nnc.source import Source, Span
from nnc.syntax import rules
from nnc.syntax.build import ACTIONS
from nnc.syntax.judge import DEPTH, Judge
from nnc.syntax.machine import Machine, TooDeep

NESTING = 64
MISTAKES = 100


class Frame(NamedTuple):
    """An open bracket."""

    sign: str
    start: int
    indent: int
    begin: int
    base: int  # how many states stood before its first statement
    reading: str = ""  # "lost" when its statement is left out, "void" when its inside is skipped


class Stop(Exception):
    """The text is not read any further."""


class Brackets:
    """The open brackets of a text that is being read, and its mistakes."""

    def __init__(self, source: Source, start: str) -> None:
        self.source = source
        self.text = source.text
        self.diagnostics: list[Diagnostic] = []
        self.blamed = -1  # where the last mistake was reported
        judge = Judge(self.report, self.diagnostics)
        self.machine = Machine(source, start, ACTIONS | judge.actions())
        self.frames: list[Frame] = []
        self.brackets = self.braces = 0  # open ( and [ since the last brace; open braces
        self.begin = 0  # where the statement began
        self.first = self.indent = 0  # the first token of the line, and how far it is indented
        self.losing = 0  # open braces of statements that are left out
        self.crooked: Frame | None = None  # a brace whose partner stands too far left
        self.stray = False  # a statement outside was reported: a brace too many is the same mistake

    def report(self, diagnostic: Diagnostic) -> None:
        """Notes a mistake.

        Raises:
            Stop: there are too many.
        """
        self.blamed = diagnostic.span.start
        self.diagnostics.append(diagnostic)
        if len(self.diagnostics) >= MISTAKES:
            message = f"more than {MISTAKES} mistakes: the rest is not read"
            self.diagnostics.append(rules.TOO_MANY.at(diagnostic.span, message))
            raise Stop

    def span(self, start: int, end: int) -> Span:
        """A stretch of the text."""
        return Span(self.source, start, end)

    def open(self, sign: str, start: int, reading: str = "") -> None:
        """Notes an open bracket.

        Raises:
            Stop: too many blocks stand inside one another.
            TooDeep: too many parts of an expression do.
        """
        base = len(self.machine.states)
        self.frames.append(Frame(sign, start, self.indent, self.begin, base, reading))
        if sign == "{":
            self.brackets = 0
            self.braces += 1
            self.stray = False
            if self.braces > NESTING:
                self.report(too_deep(self.span(start, start + 1), f"{NESTING} blocks"))
                raise Stop
        else:
            self.brackets += 1
            if self.brackets > DEPTH:
                raise TooDeep(self.span(start, start + 1))

    def close(self, start: int) -> None:
        """Forgets the innermost open bracket, whose partner was read."""
        frame = self.frames.pop()
        if frame.sign != "{":
            self.brackets -= 1
            return
        self.begin = frame.begin
        self.losing -= frame.reading == "lost"
        self.braces -= 1
        self.brackets = 0
        for outer in reversed(self.frames):
            if outer.sign == "{":
                break
            self.brackets += 1
        if not self.braces:
            self.crooked = None
        elif start == self.first and self.indent < frame.indent and self.crooked is None:
            self.crooked = frame

    def base(self) -> int:
        """How many states stood before the first statement of the innermost open brace."""
        for frame in reversed(self.frames):
            if frame.sign == "{" and frame.reading != "void":
                return frame.base
        return 1

    def forget_brackets(self) -> None:
        """Drops open ( and [, whose statement is not read on."""
        while self.frames and self.frames[-1].sign != "{":
            self.frames.pop()
        self.brackets = 0


def too_deep(span: Span, what: str) -> Diagnostic:
    """The message of a limit."""
    statements = "statements" in what
    return rules.TOO_DEEP.at(
        span,
        f"more than {what}" + ("" if statements else " inside one another"),
        help="use `repeat` and `for`" if statements else "use `let` and blocks",
    )
