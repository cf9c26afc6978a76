"""Lines of a formatted text, and the columns that claims and comments share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

LIMIT = 120
GAP = 3
# A line longer than this has its claim or comment right behind it, for itself.
_ALONE = 64
_OPENING = ("{", "(", "[")
# How far lines that have neither may push the column.
_PUSH = 20


class Line(NamedTuple):
    """One line: its text with the indentation, a claim, a comment; an empty one separates.

    `apart`: it begins with a closing bracket and shares no column with what is above. `remark`: its
    text is a comment.
    """

    text: str
    claim: str = ""
    comment: str = ""
    apart: bool = False
    remark: bool = False


def written(lines: Iterable[Line]) -> str:
    """The lines as a text, claims and comments in columns."""
    made: list[str] = []
    for run in _runs(lines):
        made.extend(_aligned(run))
    return "\n".join([*made, ""]) if made else ""


def _runs(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Lines in a row; a line that opens a bracket goes with what stands in it."""
    run: list[Line] = []
    for line in lines:
        if run and (line.apart or not line.text):
            yield run
            run = []
        elif len(run) > 1 and run[-1].text.endswith(_OPENING) and not run[-1].remark:
            yield run[:-1]
            run = run[-1:]
        run.append(line)
    if run:
        yield run


def _aligned(run: list[Line]) -> Iterator[str]:
    tailed = [number for number, line in enumerate(run) if line.claim or line.comment]
    if not tailed:
        for line in run:
            yield line.text
        return
    shown = run[tailed[0] : tailed[-1] + 1]
    first = _column(shown)
    second = max((len(line.claim) for line in shown if line.claim and line.comment), default=0)
    for line in run:
        whole = _tailed(line, first, second)
        if len(whole) > LIMIT:
            alone = _tailed(line, 0, 0)
            whole = alone if len(alone) <= LIMIT else whole
        yield whole


def _column(lines: list[Line]) -> int:
    """The width that the texts of claims' and comments' lines have in common."""
    with_tails = [len(line.text) for line in lines if line.claim or line.comment]
    widest = max((width for width in with_tails if width <= _ALONE), default=0)
    return max(
        (
            width
            for line in lines
            if not line.remark and (width := len(line.text)) <= min(widest + _PUSH, _ALONE)
        ),
        default=0,
    )


def _tailed(line: Line, first: int, second: int) -> str:
    text = line.text
    if line.claim:
        text = text.ljust(first) + " " * GAP + line.claim
    if line.comment:
        width = first + GAP + second if line.claim else first
        text = text.ljust(width) + " " * GAP + line.comment
    return text
