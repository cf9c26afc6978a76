"""Which lines a text has: what fits stays on one, what does not is broken where it reads best.

A statement that does not fit is opened at its braces, then broken before `->`, behind commas,
before operators, and inside brackets, in this order. Breaks that the text has in such places are
kept. Every choice depends on widths and on what is broken already: a formatted text stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from nnc.syntax.format_lines import LIMIT
from nnc.syntax.format_roles import COMMA, FILE
from nnc.syntax.format_writer import Writer

STEP = 2
CONTINUED = 4
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})


class Layout(Writer):
    """Writes statements."""

    # --- bodies -----------------------------------------------------------------------------------

    def text(self) -> None:
        """Writes the whole text."""
        starts = self.roles.inside[FILE]
        stop = len(self.words) - 1
        single = True
        for number, (start, end) in enumerate(pairwise([*starts, stop])):
            if number:
                single = single and self._fits(start, end, 0)
                self._between(start, single)
            self._above(start, 0, number == 0)
            lines = len(self.lines)
            self._statement(start, end, 0)
            single = len(self.lines) == lines
        self.tokens.blank[stop] = False
        if starts:
            self._between(stop, False)
        self._above(stop, 0, not starts)
        self.flush()
        while self.lines and not self.lines[-1].text:
            self.lines.pop()

    def _between(self, start: int, single: bool) -> None:
        """Sees to it that declarations are apart, unless both stand on one line."""
        comments = self.tokens.comments.get(start, [])
        if single or self.tokens.blank[start] or any(comment.blank for comment in comments):
            return
        for number, comment in enumerate(comments):
            if not comment.trailing:
                comments[number] = comment._replace(blank=True)
                return
        self.tokens.blank[start] = True

    def _above(self, number: int, indent: int, first: bool) -> None:
        """Writes the comments and the blank line above a statement or a closing brace."""
        for comment in self.tokens.comments.pop(number, ()):
            if comment.blank and not first:
                self.separate()
            first = first and comment.trailing and bool(self.parts)
            self.comment(comment, indent)
        closing = self.words[number] in ("}", "")
        if self.tokens.blank[number] and not first and not closing:
            self.separate()
        self.fresh(indent)

    def _body(self, brace: int) -> None:
        """Writes what stands in braces, a line for each statement, and the closing brace."""
        outer, tail = self.indent, self.tail
        inner = outer + STEP
        closer = self.tokens.partner[brace]
        starts = self.roles.inside[brace]
        names = self._names(starts)
        for number, (start, end) in enumerate(pairwise([*starts, closer])):
            value = self.roles.values.get(start)
            comments = self.tokens.comments
            if names and value in comments:  # it would part the column
                comments[value] = [c._replace(trailing=False) for c in comments[value]]
                self.tokens.move_comments(value, start)
            self._above(start, inner, number == 0)
            self._statement(start, end, inner, names)
        self._above(closer, inner, not starts)
        self.fresh(outer)
        self.tail = tail
        self.run(closer, closer + 1)

    def _names(self, starts: list[int]) -> int:
        """The width that names of settings share, with the blanks behind them; 0 for steps."""
        named = [s for s in starts if s in self.roles.values]
        if len(named) < 2:
            return 0
        values = [self.roles.values[start] for start in named]
        compared = all(self.words[value] in _COMPARISONS for value in values)
        widest = max(self.width(start, value) for start, value in zip(named, values))
        return widest + (1 if compared else 2)

    def _fits(self, start: int, stop: int, indent: int) -> bool:
        return not self.forced(start, stop) and indent + self.width(start, stop) <= LIMIT

    # --- statements -------------------------------------------------------------------------------

    def _statement(self, start: int, stop: int, indent: int, names: int = 0) -> None:
        self.tail = self.roles.tails.get(start, -1)
        value = self.roles.values.get(start)
        if value is not None and names:
            self.run(start, value)
            self.put(" " * (indent + names - 1 - self.column))
            start = value
        arrows = self._depth(start, stop)
        cuts = [number for number in arrows if self.words[number] == "->"]
        broken = False
        if not self._room(start, stop):
            for here, (link, end) in enumerate(pairwise([start, *cuts, stop])):
                if here and not self.before(link, indent + CONTINUED):
                    kept = self.tokens.lines[link] > 0 and not broken
                    self._go_on(link, end, indent + CONTINUED, kept)
                lines = len(self.lines)
                self._link(link, end)
                broken = len(self.lines) > lines
        else:
            self.run(start, stop)

    def _depth(self, start: int, stop: int) -> Iterator[int]:
        """Tokens that stand in no bracket of their own, opening ones among them."""
        partner = self.tokens.partner
        while start < stop:
            yield start
            start = partner.get(start, start) + 1

    def _room(self, start: int, stop: int) -> bool:
        """Whether tokens fit on the line; what a bracket at their end holds is no matter."""
        if self.forced(start, stop - 1 if stop - 1 in self.tokens.partner else stop):
            return False
        return self.column + self.lead(start) + self.width(start, stop) <= LIMIT

    def _go_on(self, start: int, stop: int, indent: int, kept: bool) -> None:
        """Begins a line for tokens that have no place on this one, or where a break is kept."""
        if not kept:
            if self._room(start, stop):
                return
            whole = self._fits(start, stop, indent)
            if not whole and self._room(start, self._head(start, stop)):
                return
        self.fresh(indent)

    def _head(self, start: int, stop: int) -> int:
        """Where the line ends at the latest that tokens begin which stand on several."""
        first = stop
        for number in self._depth(start, stop):
            if self.words[number] == "{":
                if self.forced(start, number):
                    break
                return number + 1
            if number in self.tokens.partner and first == stop:
                first = number + 1
        return first

    def _link(self, start: int, stop: int) -> None:
        if self._room(start, stop):
            self.run(start, stop)
            return
        opening = False
        braces = [n for n in self._depth(start, stop) if self.words[n] == "{"]
        for brace in braces:
            self._segment(start, brace + 1)
            start = brace + 1
            if not opening and self._rest(brace, stop):
                self.run(start, stop)
                return
            opening = True
            closer = self.tokens.partner[brace]
            if closer > start or closer in self.tokens.comments:
                self._body(brace)
            else:
                self.run(closer, closer + 1)
            start = closer + 1
            if start < stop and self.words[start] == "else":
                self.before(start, self.indent)
        if start < stop:
            self._segment(start, stop)

    def _rest(self, brace: int, stop: int) -> bool:
        """Whether all from the inside of a brace on fits on the line."""
        if self.forced(brace, stop):
            return False
        return self.column + self.width(brace, stop) - 1 <= LIMIT

    # --- within a line ----------------------------------------------------------------------------

    def _segment(self, start: int, stop: int) -> None:
        """Writes tokens without braces, but for one at the end."""
        if self._room(start, stop):
            self.run(start, stop)
            return
        indent = self.indent + CONTINUED
        cuts = self._cuts(start, stop)
        if not cuts:
            self._broken(start, stop, indent)
            return
        for here, (piece, end) in enumerate(pairwise([start, *cuts, stop])):
            if here and not self.before(piece, indent):
                self._go_on(piece, end, indent, self.tokens.lines[piece] > 0)
            self._segment(piece, end)

    def _cuts(self, start: int, stop: int) -> list[int]:
        """Where to break tokens outside of brackets: at the loosest places there are."""
        levels: dict[int, list[int]] = {}
        for number in self._depth(start, stop):
            if number == start:
                continue
            if self.words[number - 1] == ",":
                levels.setdefault(COMMA, []).append(number)
            elif number in self.roles.levels:
                levels.setdefault(self.roles.levels[number], []).append(number)
        return levels[min(levels)] if levels else []

    def _broken(self, start: int, stop: int, indent: int) -> None:
        """Writes tokens that can be broken only inside brackets, or at comments."""
        openers = [n for n in self._depth(start, stop) if self.words[n] in ("(", "[")]
        for opener, following in pairwise([*openers, stop]):
            while start <= opener:
                self.token(start, indent)
                start += 1
            closer = self.tokens.partner[opener]
            glue = min(following + 1, stop)
            tight = self.column + self.width(opener, glue) - 1 > LIMIT and closer > opener + 1
            if self.forced(opener, closer + 1) or tight:
                self._bracket(opener)
            else:
                self.run(opener + 1, closer + 1)
            start = closer + 1
        while start < stop:
            self.token(start, indent)
            start += 1

    def _bracket(self, opener: int) -> None:
        """Writes what stands in a bracket on lines of its own; the opening sign is written."""
        outer = self.indent
        inner = outer + STEP
        closer = self.tokens.partner[opener]
        stop = closer - 1 if closer - 1 in self.skipped else closer
        if self._holds_one(opener, closer, stop):
            self.run(opener + 1, opener + 2)
            self._bracket(opener + 1)
            self.run(closer, closer + 1)
            return
        cuts = [n for n in self._depth(opener + 1, stop) if self.words[n - 1] == ","]
        for here, (piece, end) in enumerate(pairwise([opener + 1, *cuts, stop])):
            if piece == end:
                break
            if not self.before(piece, inner):
                self._go_on(piece, end, inner, self.tokens.lines[piece] > 0 or not here)
            self._segment(piece, end)
        if closer in self.roles.commas:
            self.put(",")
        self.before(closer, inner)
        self.fresh(outer)
        self.run(closer, closer + 1)

    def _holds_one(self, opener: int, closer: int, stop: int) -> bool:
        """Whether a bracket holds nothing but another one: both are broken as one."""
        comments = self.tokens.comments
        inner = self.tokens.partner.get(opener + 1, -1)
        return inner == stop - 1 and opener + 1 not in comments and closer not in comments
