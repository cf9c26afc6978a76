"""The words and signs of a text as the formatter sees them, with the comments between them."""

from __future__ import annotations

from typing import NamedTuple

from nnc.diagnostics import Diagnostic
from nnc.source import Source
from nnc.syntax.lexer import tokens
from nnc.syntax.words import BRACKETS, PARTNERS


class Comment(NamedTuple):
    """A comment, whether it stands behind a token, and whether a blank line is above."""

    text: str
    trailing: bool
    blank: bool


class Tokens:
    """The tokens of a text that parses, by number; `;` is left out, and an empty one ends them.

    `lines`: line ends before a token. `blank`: whether a blank line stands right above it.
    `comments`: those before a token, for the tokens that have some. `partner`: closing brackets by
    the opening ones.
    """

    def __init__(self, source: Source) -> None:
        self.words: list[str] = []
        self.starts: list[int] = []
        self.lines: list[int] = []
        self.blank: list[bool] = []
        self.comments: dict[int, list[Comment]] = {}
        self.partner: dict[int, int] = {}
        text, end = source.text, 0
        opened: list[int] = []
        for key, _, start, stop, _ in tokens(source, _parses):
            if key == "_NL":
                continue
            if key in BRACKETS:
                opened.append(len(self.words))
            elif key in PARTNERS:
                self.partner[opened.pop()] = len(self.words)
            self._add(text[end:start], text[start:stop], start)
            end = stop
        self._add(text[end:], "", len(text))
        self.numbers = {start: number for number, start in enumerate(self.starts)}

    def _add(self, gap: str, word: str, start: int) -> None:
        number = len(self.words)
        lines, blank = 0, False
        if "\n" in gap or "#" in gap:
            comments, blank = _comments(gap)
            lines = gap.count("\n")
            if comments:
                self.comments[number] = comments
        self.words.append(word)
        self.starts.append(start)
        self.lines.append(lines)
        self.blank.append(blank)

    def move_comments(self, here: int, there: int) -> None:
        """Moves the comments before one token to the next one's, or to those of the one before."""
        moved = self.comments.pop(here, [])
        kept = self.comments.get(there, [])
        merged = moved + kept if here < there else kept + moved
        if merged:
            rest = [comment._replace(trailing=False) for comment in merged[1:]]
            self.comments[there] = [merged[0], *rest]


def _parses(mistake: Diagnostic) -> None:
    """The text was parsed before: there is nothing to report."""


def _comments(gap: str) -> tuple[list[Comment], bool]:
    """The comments between two tokens, and whether a blank line stands behind the last."""
    found: list[Comment] = []
    last, number = 0, 0  # lines, counted from that of the token before
    for number, line in enumerate(gap.split("\n")):
        at = line.find("#")
        if at >= 0:
            found.append(Comment(_spaced(line[at:].rstrip()), number == 0, number - last > 1))
            last = number
    return found, number - last > 1


def _spaced(comment: str) -> str:
    """`#word` as `# word`; rules of many `#` and `#!` stay."""
    return f"# {comment[1:]}" if comment[1:2].isalnum() else comment
