"""Lines of a source with marks under them, for messages."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.diagnostics import Label
from nnc.record import Record
from nnc.render.text import Look, cells, paint, visible
from nnc.source import Source

ELLIPSIS = "..."


class Mark(Record):
    """A stretch of one line that a label speaks of; columns are 0-based code points."""

    line: int
    start: int
    end: int
    text: str
    primary: bool


class Placed(Record):
    """A mark in terminal columns of the line as shown."""

    start: int
    end: int
    text: str
    primary: bool


def marks(labels: Iterable[tuple[Label, bool]]) -> list[Mark]:
    """The marks of labels of one source; a label over several lines marks the first and last."""
    found: list[Mark] = []
    for label, primary in labels:
        source, start, end = label.span
        first = source.position(start)
        line = source.line(first.line)
        last = source.position(end - 1) if end > start else first
        begin = first.column - 1
        if last.line == first.line:
            stop = min(begin + end - start, len(line))
            found.append(Mark(first.line, begin, max(stop, begin + 1), label.text, primary))
            continue
        tail = source.line(last.line)
        indent = min(len(tail) - len(tail.lstrip()), last.column - 1)
        stop = max(len(line.rstrip()), begin + 1)
        found.append(Mark(first.line, begin, stop, "", primary))
        end_mark = max(min(last.column, len(tail)), indent + 1)
        found.append(Mark(last.line, indent, end_mark, label.text or "to here", primary))
    return found


def excerpt(source: Source, found: list[Mark], gutter: int, look: Look) -> list[str]:
    """The marked lines in order, each with its marks and their texts below it."""
    out: list[str] = []
    bar = paint(f"{'':{gutter}} |", "gutter", look)
    for number in sorted({mark.line for mark in found}):
        here = [mark for mark in found if mark.line == number]
        shown, placed = _fit(
            source.line(number), here, look._replace(width=look.width - gutter - 3)
        )
        head = paint(f"{number:>{gutter}} |", "gutter", look)
        out.append(f"{head} {shown}".rstrip())
        out.extend(f"{bar} {row}" for row in _rows(placed, look))
    return out


def _fit(line: str, here: list[Mark], look: Look) -> tuple[str, list[Placed]]:
    """The line as shown, cut to the width around its marks, and the marks in terminal columns."""
    room = max(look.width, 20)
    low, high = 0, len(line)
    if high > room or not line.isascii():
        low, high = _window(line, here, room, look)
    parts = cells(line[low:high], look) if high > low else []
    before = ELLIPSIS if low > 0 else ""
    after = ELLIPSIS if high < len(line) else ""
    edges = [len(before)]
    for _, columns in parts:
        edges.append(edges[-1] + columns)
    shown = before + "".join(text for text, _ in parts) + after

    def column(offset: int) -> int:
        inside = min(max(offset - low, 0), len(parts))
        return edges[inside] + max(offset - max(high, low + len(parts)), 0) * (high == len(line))

    placed = []
    for mark in here:
        start = column(mark.start)
        end = max(column(mark.end), start + 1)
        placed.append(Placed(start, end, mark.text, mark.primary))
    return shown, placed


def _window(line: str, here: list[Mark], room: int, look: Look) -> tuple[int, int]:
    """The code points of a long line that are shown: around all marks, else around the primary one.

    Only a stretch around the marks is measured: a line may be millions of characters long.
    """
    if len(line) <= 3 * room and sum(columns for _, columns in cells(line, look)) <= room:
        return 0, len(line)
    first, last = min(mark.start for mark in here), max(mark.end for mark in here)
    if last - first > room * 2 // 3:
        focus = next((mark for mark in here if mark.primary), here[0])
        first, last = focus.start, min(focus.end, focus.start + room // 2)
    base = max(first - room, 0)
    widths = [columns for _, columns in cells(line[base : first + 3 * room], look)]
    room -= 2 * len(ELLIPSIS)
    low = high = min(first, len(line)) - base
    used = 0
    while high < min(last - base, len(widths)) and used + widths[high] <= room:
        used += widths[high]
        high += 1
    context = min((room - used) // 2, 30)
    while low > 0 and widths[low - 1] <= context:
        low -= 1
        context -= widths[low]
        used += widths[low]
    while high < len(widths) and used + widths[high] <= room:
        used += widths[high]
        high += 1
    return base + low, base + high


def _rows(placed: list[Placed], look: Look) -> list[str]:
    """The row of marks, with one text beside it and the other texts hanging below."""
    order = sorted(placed, key=lambda mark: (mark.start, mark.end))
    last = order[-1]
    beside = last if last.text and all(m.end <= last.start for m in order[:-1]) else None
    hanging = [m for m in order if m.text and m is not beside]
    line = _draw(order, look)
    rows = [f"{line} {_say(beside, look)}" if beside else line]
    if not hanging:
        return rows
    rows.append(_bars(hanging, look))
    while hanging:
        mark = hanging.pop()
        lead = _bars([m for m in hanging if m.start < mark.start], look)
        used = max((m.start + 1 for m in hanging if m.start < mark.start), default=0)
        rows.append(f"{lead}{' ' * (mark.start - used)}{_say(mark, look)}")
    return rows


def _say(mark: Placed, look: Look) -> str:
    return paint(visible(mark.text, look), _style(mark), look)


def _style(mark: Placed) -> str:
    return "error" if mark.primary else "gutter"


def _draw(order: list[Placed], look: Look) -> str:
    row: list[tuple[str, str]] = []
    for mark in sorted(order, key=lambda m: m.primary):
        row.extend([(" ", "")] * (mark.end - len(row)))
        sign = ("^", "error") if mark.primary else ("-", "gutter")
        row[mark.start : mark.end] = [sign] * (mark.end - mark.start)
    return _painted(row, look)


def _bars(hanging: list[Placed], look: Look) -> str:
    row: list[tuple[str, str]] = []
    for mark in hanging:
        row.extend([(" ", "")] * (mark.start + 1 - len(row)))
        row[mark.start] = ("|", _style(mark))
    return _painted(row, look)


def _painted(row: list[tuple[str, str]], look: Look) -> str:
    """Characters with their styles, neighbours of one style painted together."""
    out: list[str] = []
    at = 0
    while at < len(row):
        end = at
        while end < len(row) and row[end][1] == row[at][1]:
            end += 1
        run = "".join(char for char, _ in row[at:end])
        out.append(paint(run, row[at][1], look) if row[at][1] else run)
        at = end
    return "".join(out)
