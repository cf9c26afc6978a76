"""Texts and places in them. A span is two offsets; lines and columns are computed when printed."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple


class Source:
    """One text with the name it is shown under; compared by identity.

    Args:
        name: path as the user wrote it with forward slashes, `-` or `<command line>`.
        text: the whole text, without a byte order mark, newlines as written.
    """

    __slots__ = ("_starts", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._starts: list[int] | None = None

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            starts, at = [0], self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> Position:
        """Line and column (1-based, in code points) of an offset."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return Position(line, offset - starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of a line (1-based) without its end."""
        starts = self._line_starts()
        start = starts[number - 1]
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def __repr__(self) -> str:
        return f"Source({self.name!r})"


class Position(NamedTuple):
    """A line and a column, both 1-based; columns count code points."""

    line: int
    column: int


class Span(NamedTuple):
    """A stretch of a source: offsets `start` to `end`, end exclusive."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        """What stands there."""
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        """The line (1-based) on which the span starts."""
        return self.source.position(self.start).line

    def to(self, other: Span) -> Span:
        """The stretch from this span's start to the other's end."""
        return Span(self.source, self.start, other.end)

    def where(self) -> str:
        """`file:line:column`, as messages show it."""
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"


NOWHERE = Span(Source("<nowhere>", ""), 0, 0)
