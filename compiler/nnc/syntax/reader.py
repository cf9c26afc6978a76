"""Tokens to a syntax tree: where lines end, what is a keyword, how to go on after a mistake.

After a mistake the parser takes back what it read of the statement and goes on at the next one; a
brace on the way opens a body whose statements are read as well. A declaration that begins in the
first column ends everything that is still open, so that a forgotten brace is reported where it was
forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from nnc.diagnostics import Fix, Label, nearest
from nnc.source import Source, Span
from nnc.syntax import rules
from nnc.syntax._parser import PLACES
from nnc.syntax.ast import Ident
from nnc.syntax.brackets import Brackets, Stop, too_deep
from nnc.syntax.judge import DEPTH, depth, long_chain
from nnc.syntax.lexer import Token, tokens
from nnc.syntax.machine import KEPT, TooDeep
from nnc.syntax.words import (
    BRACKETS,
    CONTINUED_BY,
    CONTINUES,
    DECLARATIONS,
    FOLLOWED,
    HARD,
    PARTNERS,
    SOFT,
)

STATEMENTS = 1_000_000

# What a brace behind an unreadable statement is taken to open, by the place or the declaration's
# word.
_HEADERS = {
    "body": ("NAME",),
    "settings": ("NAME",),
    "gan": ("ROLE",),
    "path": ("path",),
    "network": ("network", "NAME"),
    "block": ("block", "NAME"),
    "train": ("train", "NAME"),
    "export": ("export", "NAME"),
    "budget": ("budget", "NAME"),
    "data": ("data", "NAME", "=", "NAME"),
}

# A declaration beyond doubt, not a setting or a step of the same name.
_DECLARES = (
    r"(?:network|block|gan)[ \t]+\w+[ \t]*[({:]|train[ \t]+\w+[ \t]*(?:\{|as\b)"
    r"|(?:export|budget)[ \t]+\w+[ \t]*\{|(?:data|param)[ \t]+\w+[ \t]*=|use[ \t]+[\"\w]"
)

_RESUMES = (
    r"(?:network|block|gan|train|export|budget|data|param|let)[ \t]+\w"
    r"|use[ \t]+[\"\w]|defaults[ \t]*\{"
)


class Explain(NamedTuple):
    """Who explains mistakes, and repairs them: see mistakes.py."""

    refused: Callable[[Reader, Token], None]  # a token does not fit
    cut_short: Callable[[Reader], bool]  # a statement ends too early; whether it was repaired
    unclosed: Callable[[Reader, int, str], None]  # brackets are open where something else begins


class Reader(Brackets):
    """One parse of one text."""

    def __init__(self, source: Source, start: str, explain: Explain) -> None:
        super().__init__(source, start)
        self.single = start == "expression"  # without statements
        self.explain = explain
        self.lost: set[str] = set()
        self.gaps: list[int] = []  # where statements were left out
        self.statements = 0
        self.tokens = 0  # of the statement
        self.previous = ""  # the last terminal
        self.previous_start = self.previous_end = 0
        self.skipping = False
        self.listed = -1  # the bracket in which a missing comma was reported
        self.typed = -1  # the parameters whose types were reported
        self.reserved: set[str] = set()  # hard words reported as names
        self.tries = 0  # how often the token was refused
        self.passing = -1  # what stands before this was explained, and is passed over

    # --- the loop ---------------------------------------------------------------------------------

    def run(self) -> None:
        """Reads the whole text."""
        try:
            for token in tokens(self.source, self.report):
                self.tries = 0
                self.take(*token)
            self._finish()
        except Stop:
            self._abandon()
        except TooDeep as deep:
            self.diagnostics.append(too_deep(deep.span, f"{DEPTH} parts of an expression"))
            self._abandon()

    def take(self, key: str, value: object, start: int, end: int, fresh: bool) -> None:
        """Takes one token, with the end of a statement before it if it begins a line."""
        plain = key
        if key == "word" or key == "argument":
            plain = HARD.get(str(value), key)
        if fresh:
            self.first = start
            self.indent = start - self.text.rfind("\n", 0, start) - 1
            if self._begins(plain, value, start):
                self.end_statement()
        if self.skipping and not self._skip(plain, value, start, end):
            return
        if key == "_NL":
            self.end_statement()
            self.previous = key
            return
        if key == "}" and not self.brackets:
            self.end_statement()
        machine = self.machine
        if machine.states[-1] in PLACES:
            self.begin, self.tokens = start, 0
        self.tokens += 1
        if self.tokens % 1000 == 0 and any(map(long_chain, machine.values[-20:])):
            raise TooDeep(self.span(self.begin, start))
        if plain == "word" or key == "argument":
            if self.losing:
                self.lost.add(str(value))
            plain = self._word(key, str(value), end)
        node = (
            Ident(tuple.__new__(Span, (self.source, start, end)), str(value))
            if plain in KEPT
            else value
        )
        if not machine.feed(plain, node, start, end):
            self.explain.refused(self, (key, value, start, end, fresh))
            if self.single:
                raise Stop
            return
        self.previous, self.previous_start, self.previous_end = plain, start, end
        if plain in BRACKETS:
            self.open(plain, start)
        elif plain in PARTNERS:
            self.close(start)

    def _finish(self) -> None:
        self.tries = 0
        at = len(self.text)
        if self.frames:
            self.explain.unclosed(self, at, "the text ends here")
            self.close_all()
        self.skipping = False
        self.end_statement()
        if self.single and not self.diagnostics and not self.machine.fits("$END"):
            self.explain.cut_short(self)
        self._end(at)
        if self.single and depth(self.machine.values) > DEPTH:
            raise TooDeep(self.span(0, at))

    def _abandon(self) -> None:
        self.close_all()
        self._end(len(self.text))

    def _end(self, at: int) -> None:
        if not self.machine.fits("$END"):
            self.machine.pop_to_place(1)
        self.machine.feed("$END", None, at, at)

    # --- lines and statements ---------------------------------------------------------------------

    def _begins(self, plain: str, value: object, start: int) -> bool:
        """Whether a token that is the first on its line begins a statement."""
        if self.frames and value in DECLARATIONS and not self.indent and self.declares(start):
            self.explain.unclosed(self, start, f"`{value}` begins a declaration here")
            self.close_all()
            return True
        if self.frames and self.frames[-1].reading == "void":
            return False
        if self.skipping and not self.braces:
            # Outside of all braces only a declaration is a place to go on.
            return re.compile(_RESUMES).match(self.text, start) is not None
        if self.brackets or plain in CONTINUED_BY or self.previous in CONTINUES:
            return False
        if plain == "{" and not self.skipping and self.machine.fits("{"):
            self._brace_line(start)
            return False
        return True

    def declares(self, start: int) -> bool:
        """Whether a declaration stands here beyond doubt."""
        return re.compile(_DECLARES).match(self.text, start) is not None

    def _brace_line(self, start: int) -> None:
        gap = self.span(self.previous_end, start)
        self.report(
            rules.BRACE_LINE.at(
                self.span(start, start + 1),
                "a `{` stands on the line of its word",
                others=(Label(self.span(self.previous_start, self.previous_end), "here"),),
                help="move the `{` to the end of that line",
                fix=None if gap.text.strip() else Fix(gap, " "),
            )
        )

    def end_statement(self) -> None:
        """Ends the statement that is being read, if there is one."""
        if self.skipping:
            self.skipping = False
            self.forget_brackets()
            self.previous = ""
            return
        machine = self.machine
        if machine.place or self.single:
            return
        if not machine.feed("_NL", None, self.previous_end, self.previous_end):
            if not self.explain.cut_short(self):
                self.leave_out()
        elif self.tokens > DEPTH and depth(machine.values[-2]) > DEPTH:
            span = self.span(machine.starts[-2], self.previous_end)
            machine.pop()
            machine.pop()
            raise TooDeep(span)
        machine.settle()
        self.statements += 1
        if self.statements > STATEMENTS:
            here = self.span(self.begin, self.previous_end)
            self.report(too_deep(here, f"{STATEMENTS:,} statements"))
            raise Stop

    # --- words ------------------------------------------------------------------------------------

    def _word(self, key: str, word: str, end: int) -> str:
        """The terminal of a word where it stands."""
        machine = self.machine
        if key == "argument" and machine.knows("ARGUMENT"):
            return "ARGUMENT"
        hard = HARD.get(word)
        if hard is not None:
            return hard
        soft = SOFT.get(word)
        if soft is None or not machine.knows(soft):
            return "NAME"
        if not machine.knows("NAME"):
            return soft
        while end < len(self.text) and self.text[end] in " \t":
            end += 1
        following = self.text[end : end + 3]
        if following[:1] and following[:1] in FOLLOWED.get(word, ""):
            return soft
        named = following[:1].isalpha() or following[:1] == "_"
        is_as = following[:2] == "as" and not (following[2:].isalnum() or following[2:] == "_")
        return soft if named and not is_as else "NAME"

    # --- brackets ---------------------------------------------------------------------------------

    def close_all(self) -> None:
        """Closes every bracket that is open, as if its partner stood here."""
        at = self.previous_end
        self.skipping = False
        while self.frames:
            frame = self.frames[-1]
            partner = BRACKETS[frame.sign]
            if frame.reading != "void":
                if not self.machine.fits(partner):
                    self.machine.pop_to_place(self.base())
                if self.machine.fits(partner):
                    self.machine.shift(partner, partner, at, at)
            self.close(-1)
        self.previous = "}"

    # --- repairs, for those who explain -----------------------------------------------------------

    def leave_out(self) -> None:
        """Takes back the statement that is being read."""
        words = re.findall(r"[^\W\d]\w*", self.text[self.begin : self.previous_end])
        self.lost.update(words)
        self.gaps.append(self.begin)
        self.forget_brackets()
        self.machine.pop_to_place(self.base())
        self.previous = ""

    def take_back(self) -> None:
        """Takes back the last token."""
        before = self.text[max(0, self.previous_start - 200) : self.previous_start]
        self.machine.pop()
        self.previous_end = self.previous_start - len(before) + len(before.rstrip())
        self.previous = ""

    def skip(self, token: Token, keep: bool = False) -> None:
        """Leaves the statement out and goes on behind it; `token` is the first that was not read.

        What is complete may be kept: a network before a stray sign.
        """
        key, value, start, end, fresh = token
        inside = self.brackets > 0
        if keep and not inside and self.machine.fits("_NL"):
            self.end_statement()
            self.begin = start
        else:
            self.leave_out()
        self.skipping = True
        if fresh and inside:
            self.take(*token)
        elif self._skip(key, value, start, end) and self.tries < 9:
            self.take(key, value, start, end, False)

    def treat(self, key: str, token: Token) -> None:
        """Takes a token as another terminal."""
        _, value, start, end, _ = token
        self.machine.shift(key, str(value), start, end)
        self.previous, self.previous_start, self.previous_end = key, start, end

    def insert(self, key: str, text: str = "") -> None:
        """Feeds a word or sign that is missing."""
        at = self.previous_end
        self.machine.shift(key, text or key, at, at)
        self.previous = key
        if key in PARTNERS and self.frames:
            self.close(-1)

    def _skip(self, plain: str, value: object, start: int, end: int) -> bool:
        """Passes over a token of a lost statement; True when the token is to be read after all."""
        void = bool(self.frames) and self.frames[-1].reading == "void"
        if plain in ("(", "["):
            self.open(plain, start, "void" if void else "")
        elif plain in (")", "]"):
            if self.frames and BRACKETS[self.frames[-1].sign] == plain:
                self.close(-1)
        elif plain == "{":
            self._open_lost(start, end, void)
            return False
        elif plain == "}":
            self.forget_brackets()
            if self.frames and self.frames[-1].reading == "void":
                self.close(-1)
            elif self.frames:
                self.skipping = False
                self.previous = ""
                return True
        elif plain == "_NL" and not void:
            return True
        elif isinstance(value, str):
            self.lost.add(value)
        self.previous, self.previous_start, self.previous_end = plain, start, end
        return False

    def _open_lost(self, start: int, end: int, void: bool) -> None:
        """Reads on inside a brace whose statement is lost, if it is clear what the brace holds."""
        self.forget_brackets()
        words = re.findall(r"[^\W\d]\w*", self.text[self.begin : min(start, self.begin + 200)])
        declares = self.machine.place == "file"
        header = () if void else self._header(words)
        self.previous, self.previous_start, self.previous_end = "{", start, end
        if not header:
            self.open("{", start, "void")
            return
        for key in header:
            name = words[1] if declares and key == "NAME" and len(words) > 1 else ""
            self.machine.shift(key, name or (key if key == "=" else ""), start, start)
        self.machine.shift("{", "{", start, end)
        lost = not declares and header != ("path",)
        self.open("{", start, "lost" if lost else "")
        self.losing += lost
        self.skipping = False

    def _header(self, words: list[str]) -> tuple[str, ...]:
        place = self.machine.place
        first = words[0] if words else ""
        if place == "file":
            return _HEADERS.get(first if first in SOFT else nearest(first, DECLARATIONS), ())
        if first in DECLARATIONS:
            return ()
        return _HEADERS.get("path" if first == "path" and place == "body" else place, ())
