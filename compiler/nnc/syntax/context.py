"""What stands around a mistake: questions that explanations ask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from nnc.syntax.lexer import MASTER
from nnc.syntax.reader import Reader
from nnc.syntax.words import HARD, STATEMENTS

_LOOK = 400

# Terminals that begin a statement and nothing else.
OPENERS = frozenset({"KIND", "output", "from", "let", "shared", "path", "repeat", "next"})


class Found(NamedTuple):
    """The token that does not fit."""

    key: str
    value: object
    start: int
    end: int
    fresh: bool

    @property
    def is_word(self) -> bool:
        """Whether it is a word, of the language or not."""
        return self.key == "word" or self.key == "argument"

    @property
    def plain(self) -> str:
        """Its terminal, as far as that does not depend on the place."""
        return HARD.get(str(self.value), self.key) if self.is_word else self.key


def closes(r: Reader, t: Found) -> bool:
    """Whether the innermost open bracket is closed before something that it cannot hold."""
    depth, fresh = 0, False
    for count, match in enumerate(MASTER.finditer(r.text, t.start)):
        kind = match.lastgroup
        sign = match["sign"]
        if count > _LOOK or kind == "end" or kind is None or sign in ("{", "}"):
            return False
        if fresh and (sign == "->" or match["word"] in STATEMENTS):
            return False
        if sign in ("(", "["):
            depth += 1
        elif sign in (")", "]"):
            depth -= 1
            if depth < 0:
                return True
        fresh = kind == "gap"
    return False


def close_word(word: str, words: Sequence[str]) -> str:
    """The known word that differs from this one by a slip of the fingers, or nothing."""
    import difflib  # 4 ms, and only a mistake needs it

    if word in words or len(word) > 20:
        return ""
    found = difflib.get_close_matches(word.lower(), words, 1, 0.75)
    return found[0] if found else ""


def rest_of_line(r: Reader, start: int) -> str:
    """What stands from an offset to the end of its line, without a comment."""
    stop = r.text.find("\n", start, start + _LOOK)
    rest = r.text[start : stop if stop >= 0 else start + _LOOK]
    return re.split(r"\s*(?:#|\r)", rest, maxsplit=1)[0].rstrip()


def indentation(r: Reader, start: int) -> str:
    """The blanks at the beginning of the line of an offset."""
    line = r.text.rfind("\n", max(0, start - _LOOK), start) + 1
    blanks = re.compile(r"[ \t]*").match(r.text, line)
    return blanks[0] if blanks else ""


def bare_step(r: Reader) -> bool:
    """Whether the last token is a step without arguments."""
    if r.previous not in ("NAME", "BODY") or r.brackets:
        return False
    before = r.text[max(r.begin, r.previous_start - _LOOK) : r.previous_start].rstrip()
    return not before or before.endswith("->")


_EXPECTED = (
    ("NUMBER", "a value"),
    ("NAME", "a name"),
    ("=", "`=`"),
    ("in", "`in`"),
    ("else", "`else`"),
    (":", "`:`"),
    ("{", "`{`"),
    ("[", "a shape in brackets"),
    (",", "`,`"),
    (")", "`)`"),
    ("]", "`]`"),
    ("->", "`->`"),
    ("_NL", "a new line"),
)


def expected(r: Reader) -> str:
    """What would fit, in a few words."""
    fitting = {key: words for key, words in _EXPECTED if r.machine.fits(key)}
    if "NUMBER" in fitting:
        fitting.pop("NAME", None)
        fitting.pop("[", None)
    words = list(fitting.values())[:4]
    if not words:
        return ""
    return (
        f"expected {', '.join(words[:-1])} or {words[-1]}"
        if len(words) > 1
        else f"expected {words[0]}"
    )
