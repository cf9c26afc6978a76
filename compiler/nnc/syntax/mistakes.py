"""x"""

from __future__ import annotations

from nnc.syntax import rules
from nnc.syntax.lexer import Token
from nnc.syntax.reader import Explain, Reader


def refused(r: Reader, token: Token) -> None:
    key, value, start, end, fresh = token
    r.tries += 1
    if start != r.blamed:
        r.report(rules.UNEXPECTED.at(r.span(start, end), f"`{r.text[start:end]}` does not fit here"))
    r.skip(token)


def cut_short(r: Reader) -> None:
    r.report(rules.UNEXPECTED.at(r.span(r.previous_end, r.previous_end), "ends too early"))


def unclosed(r: Reader, at: int, why: str) -> None:
    frame = r.crooked or r.frames[-1]
    r.report(
        rules.UNCLOSED.at(r.span(frame.start, frame.start + 1), f"`{frame.sign}` is not closed", notes=(why,))
    )


EXPLAIN = Explain(refused, cut_short, unclosed)
