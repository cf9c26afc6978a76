"""Writes a text line by line: the tokens in their order, and each comment where it belongs."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from nnc.syntax.format_lines import Line
from nnc.syntax.format_roles import Roles
from nnc.syntax.format_tokens import Comment, Tokens

_CLOSING = ("}", ")", "]")
_WITHOUT = frozenset({"(", "["})


class Writer:
    """The lines so far, and the line that is being written.

    `flat`: each token with what stands before it on the same line. `skipped`: commas before closing
    brackets, which are written only where a bracket is broken. `forced`: sums over the tokens
    before, of comments and of braces that stay open.
    """

    def __init__(self, tokens: Tokens, roles: Roles) -> None:
        self.tokens = tokens
        self.roles = roles
        self.words = tokens.words
        self.lines: list[Line] = []
        self.indent = 0
        self.column = 0
        self.parts: list[str] = []
        self.claim = -1  # the part that a claim begins with
        self.tail = -1  # the token that a claim begins with, where it ends the statement
        self.skipped = self._optional_commas()
        self._settle()
        self.flat = self._flat()
        self.ends = _sums(map(len, self.flat))
        self.remarks = _sums(len(tokens.comments.get(k, ())) for k in range(len(self.words)))
        self.open = self._open()
        self.opened = _sums(k in self.open for k in range(len(self.words)))

    # --- tables -----------------------------------------------------------------------------------

    def _optional_commas(self) -> set[int]:
        return {closer - 1 for closer in self.roles.commas if self.words[closer - 1] == ","}

    def _settle(self) -> None:
        """Comments around commas go behind them, those around arrows and operators before them."""
        tokens = self.tokens
        for number in sorted(tokens.comments):
            while self.words[number] == ",":
                tokens.move_comments(number, number + 1)
                number += 1
            before = number - 1
            if number in tokens.comments and number > 0 and self._begins_lines(before):
                tokens.move_comments(number, before)
        for number in range(len(self.words) - 1):
            if self._begins_lines(number):
                tokens.lines[number] += tokens.lines[number + 1]

    def _begins_lines(self, number: int) -> bool:
        return self.words[number] == "->" or number in self.roles.levels

    def _flat(self) -> list[str]:
        separated: dict[int, str] = {}
        for starts in self.roles.inside.values():
            for before, start in pairwise(starts):
                paths = before in self.roles.paths and start in self.roles.paths
                separated[start] = " " if paths else "; "
        flat: list[str] = []
        around: list[str] = [""]
        for number, word in enumerate(self.words):
            if word in _CLOSING:
                around.pop()
            blank = separated.get(number)
            if blank is None:
                blank = " " if number and self._spaced(number, around[-1]) else ""
            flat.append("" if number in self.skipped else blank + word)
            if number in self.tokens.partner:
                around.append(word)
        return flat

    def _spaced(self, number: int, around: str) -> bool:
        """Whether a blank stands before a token; `around` is the bracket it stands in."""
        roles, last, word = self.roles, self.words[number - 1], self.words[number]
        if last in _WITHOUT or word in (")", "]", ",", ".", "") or last == ".":
            return False
        if number in roles.joined or number in roles.tight:
            return False
        if number - 1 in roles.tight or number - 1 in roles.unary:
            return False
        if word == ":":
            return number in roles.claims or last == ","
        if last == ":":
            return around != "["
        return not (word == "}" and last == "{")

    def _open(self) -> set[int]:
        """Brackets that the text leaves open: braces over lines, lists that end with a comma."""
        tokens, lines = self.tokens, _sums(self.tokens.lines)
        found: set[int] = set()
        for opener, closer in tokens.partner.items():
            if self.words[opener] == "{":
                if closer > opener + 1 and lines[closer + 1] > lines[opener + 1]:
                    found.add(opener)
            elif closer - 1 in self.skipped and tokens.lines[closer]:
                found.add(opener)
        for braces in self.roles.branches:
            if not found.isdisjoint(braces):
                found.update(b for b in braces if tokens.partner[b] > b + 1)
        return found

    # --- questions --------------------------------------------------------------------------------

    def width(self, start: int, stop: int) -> int:
        """The width of some tokens on one line."""
        if start >= stop:
            return 0
        return self.ends[stop] - self.ends[start + 1] + len(self.words[start])

    def forced(self, start: int, stop: int) -> bool:
        """Whether some tokens cannot stand on one line."""
        inside = self.remarks[stop] - self.remarks[min(start + 1, stop)]
        return bool(inside or self.opened[stop] - self.opened[start])

    def lead(self, number: int) -> int:
        """How many blanks stand before a token here."""
        return len(self.flat[number]) - len(self.words[number]) if self.parts else 0

    # --- writing ----------------------------------------------------------------------------------

    def fresh(self, indent: int) -> None:
        """Ends the line, if one was begun, and begins the next."""
        self.flush()
        self.indent = self.column = indent

    def flush(self, comment: str = "") -> None:
        """Ends the line, if one was begun."""
        if not self.parts:
            return
        cut = self.claim if self.claim >= 0 else len(self.parts)
        text = " " * self.indent + "".join(self.parts[:cut])
        claim = "".join(self.parts[cut:]).lstrip(" ")
        self.lines.append(Line(text, claim, comment, text.lstrip(" ").startswith(_CLOSING)))
        self.parts, self.claim = [], -1

    def put(self, text: str) -> None:
        """Adds to the line."""
        self.parts.append(text)
        self.column += len(text)

    def run(self, start: int, stop: int) -> None:
        """Writes some tokens on the line."""
        if start >= stop:
            return
        if start < self.tail < stop:
            self.run(start, self.tail)
            start = self.tail
        if start == self.tail:
            self.claim = len(self.parts)
        self.put(self.flat[start] if self.parts else self.words[start])
        self.put("".join(self.flat[start + 1 : stop]))

    def token(self, number: int, indent: int) -> None:
        """Writes a token, with the comments before it; `indent` is that of a new line."""
        self.before(number, indent)
        if number not in self.skipped:
            self.run(number, number + 1)

    def before(self, number: int, indent: int) -> bool:
        """Writes the comments before a token; whether there were some: then a line begins."""
        comments = self.tokens.comments.pop(number, ())
        for comment in comments:
            self.comment(comment, indent)
        if comments:
            self.fresh(indent)
        return bool(comments)

    def comment(self, comment: Comment, indent: int) -> None:
        """Writes a comment behind the line, or on its own."""
        if comment.trailing and self.parts:
            self.flush(comment.text)
            return
        self.flush()
        self.lines.append(Line(" " * indent + comment.text, remark=True))

    def separate(self) -> None:
        """Leaves a line empty."""
        self.flush()
        if self.lines and self.lines[-1].text:
            self.lines.append(Line(""))


def _sums(numbers: Iterable[int]) -> list[int]:
    """Sums of the first none, one, two, .. numbers."""
    made, total = [0], 0
    for number in numbers:
        total += number
        made.append(total)
    return made
