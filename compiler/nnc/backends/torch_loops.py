"""Turns of a loop that print alike become a `for` loop.

Lines carry the turns that they were made in. Where the lines of successive turns differ in the
numbers of places only, and those grow evenly, a loop over the numbers means the same as the lines
one after another, whatever the lines are: nothing else needs to be known of the program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from nnc.backends.torch_nodes import MARK
from nnc.ir.graph import Turn
from nnc.record import Record

SAVED = 4
UNEVEN = 16
"""Lines that a loop must save, and one in which numbers grow by more than 1, which is harder to
read; but a loop whose length is a parameter is always one."""

Bound = Callable[[int, int], str]
"""The text of `count + extra`, where `count` may know its source."""

_PLACE = re.compile(rf"{MARK}(\w*?)(0|[1-9][0-9]*)?{MARK}")
_MADE = re.compile(rf"^({MARK}\w+{MARK}) = (.*)$", re.DOTALL)


class Line(Record):
    """A statement, with places marked, and the turns it was made in."""

    text: str
    turns: tuple[Turn, ...] = ()


def rolled(lines: Sequence[Line], bound: Bound, depth: int = 0) -> list[str]:
    """The lines as Python, indented by their loops, places written out."""
    out: list[str] = []
    at = 0
    while at < len(lines):
        turns = lines[at].turns
        if len(turns) <= depth:
            out.append(_unrolled(lines[at].text))
            at += 1
            continue
        end = at
        while end < len(lines) and _same_loop(lines[end], turns[depth], depth):
            end += 1
        out += _loop(lines[at:end], bound, depth)
        at = end
    return out


def _same_loop(line: Line, turn: Turn, depth: int) -> bool:
    return len(line.turns) > depth and line.turns[depth].loop == turn.loop


def _loop(lines: Sequence[Line], bound: Bound, depth: int) -> list[str]:
    """One loop: runs of turns that print alike, the others as they are."""
    turns: list[list[Line]] = []
    for line in lines:
        if turns and turns[-1][0].turns[depth].index == line.turns[depth].index:
            turns[-1].append(line)
        else:
            turns.append([line])
    if any(len(line.turns) > depth + 1 for line in lines):
        inner = [rolled(turn, bound, depth + 1) for turn in turns]
        if any(text.startswith("for ") for turn in inner for text in turn):
            return [text for turn in inner for text in turn]
    out: list[str] = []
    at = 0
    while at < len(turns):
        run = _run(turns, at)
        count = turns[at][0].turns[depth].count
        sourced = at + run == len(turns) and bound(count, 0) != str(int(count))
        needed = SAVED if all(step in (0, 1) for step in _steps(turns, at, run)) else UNEVEN
        if sourced or (run - 1) * len(turns[at]) >= needed:
            out += _written(turns, at, run, bound, depth)
        else:
            out += [_unrolled(line.text) for turn in turns[at : at + run] for line in turn]
        at += run
    return out


def _template(turn: Sequence[Line]) -> tuple[tuple[str, ...], list[tuple[str, int]]]:
    """The lines of a turn without the numbers of places, and those numbers with their words."""
    slots: list[tuple[str, int]] = []

    def cut(match: re.Match[str]) -> str:
        if not match[2]:
            return match[0]
        slots.append((match[1], int(match[2])))
        return f"{MARK}{match[1]}#{MARK}"

    return tuple(_PLACE.sub(cut, line.text) for line in turn), slots


def _run(turns: Sequence[Sequence[Line]], at: int) -> int:
    """How many turns from `at` print alike, their numbers growing evenly."""
    text, slots = _template(turns[at])
    steps: list[int] | None = None
    run = 1
    while at + run < len(turns):
        more, numbers = _template(turns[at + run])
        if more != text:
            break
        grown = [number - before for (_, number), (_, before) in zip(numbers, slots)]
        if steps is not None and grown != steps:
            break
        steps, slots, run = grown, numbers, run + 1
    return run


def _steps(turns: Sequence[Sequence[Line]], at: int, run: int) -> list[int]:
    """How each number grows from turn to turn; for a single turn, by the numbers its word has."""
    slots = _template(turns[at])[1]
    if run > 1:
        return [b - a for (_, a), (_, b) in zip(slots, _template(turns[at + 1])[1])]
    return [len({n for w, n in slots if w == word}) for word, _ in slots]


def _written(
    turns: Sequence[Sequence[Line]], at: int, run: int, bound: Bound, depth: int
) -> list[str]:
    slots, steps = _template(turns[at])[1], _steps(turns, at, run)
    turn = turns[at][0].turns[depth]
    start = slots[0][1] if slots and steps[0] == 1 else turn.index
    if turn.index + run == turn.count:
        stop = bound(turn.count, start - turn.index)
    else:
        stop = str(start + run)
    span = f"{start}, {stop}" if start else stop
    out = [f"for {'i' if any(steps) else '_'} in range({span}):"]
    numbers = iter(zip(slots, steps))

    def name(match: re.Match[str]) -> str | None:
        """The place as an f-string, or None where it is the same in every turn."""
        if not match[2]:
            return None
        (word, number), step = next(numbers)
        return f'f"{word}{{{_index(step, number - step * start)}}}"' if step else None

    def read(match: re.Match[str]) -> str:
        numbered = name(match)
        return f"getattr(self, {numbered})" if numbered else _plain(match)

    for line in turns[at]:
        text, made = line.text, _MADE.match(line.text)
        if made:
            place = _PLACE.match(made[1])
            numbered = name(place) if place else None
            text = f"self.add_module({numbered}, {made[2]})" if numbered else text
        out.append("    " + _PLACE.sub(read, text))
    return out


def _index(step: int, offset: int) -> str:
    text = "i" if step == 1 else f"{step} * i"
    if not offset:
        return text
    return f"{text} + {offset}" if offset > 0 else f"{text} - {-offset}"


def _plain(match: re.Match[str]) -> str:
    return f"self.{match[1]}{match[2] or ''}"


def _unrolled(text: str) -> str:
    return _PLACE.sub(_plain, text)
