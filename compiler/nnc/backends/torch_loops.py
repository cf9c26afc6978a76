"""Turns of a loop that print alike become a `for` loop.

Lines carry the turns that they were made in. Where the lines of successive turns differ in the
numbers of places only, and those grow evenly, a loop over the numbers means the same as the lines
one after another, whatever the lines are: nothing else needs to be known of the program.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from nnc.backends.torch_counted import COUNTER, TURN, counted, fits
from nnc.backends.torch_nodes import MARK, NUMBER
from nnc.ir.graph import Turn
from nnc.ir.known import Known
from nnc.ir.sources import Source, counter, counters, replaced, tidied
from nnc.record import Record

SAVED = 4
UNEVEN = 16
"""Lines that a loop must save, and one in which numbers grow by more than 1, which is harder to
read, unless the spec names its length; a loop whose length is a parameter is always one."""

_PLACE = re.compile(rf"{MARK}(\w*?)(0|[1-9][0-9]*)?{MARK}")
_NUMBER = re.compile(rf"{NUMBER}([0-9]+){NUMBER}")
_MADE = re.compile(rf"^({MARK}\w+{MARK}) = (.*)$", re.DOTALL)


class Numbers(Protocol):
    """The numbers of the class that is written."""

    sources: dict[str, Source]
    levels: dict[str, int]
    counter: str

    def text(self, source: Source, forward: bool, level: int) -> str:
        """A number's source, in brackets where it binds less tightly."""
        ...

    def bound(self, count: int, extra: int, forward: bool) -> str:
        """The text of `count + extra`, where `count` may know its source."""
        ...

    def claim(self, count: int, least: int) -> None:
        """The class is right for a count from `least` on: so many turns stand before the loop."""
        ...


class Line(Record):
    """A statement, with places and numbers marked, and the turns it was made in."""

    text: str
    turns: tuple[Turn, ...] = ()


class Loop(Record):
    """Turns that print alike but for numbers, from the first on.

    Args:
        text: their lines without numbers.
        places: words and numbers of the places in the first turn.
        steps: how each of these numbers grows from turn to turn.
        numbers: the other numbers, as expressions of the turn.
        run: how many turns.
    """

    text: tuple[str, ...]
    places: tuple[tuple[str, int], ...]
    steps: tuple[int, ...]
    numbers: tuple[Source, ...]
    run: int

    @property
    def even(self) -> bool:
        """Every number grows by 0 or 1."""
        return all(step in (0, 1) for step in self.steps)


def rolled(lines: Sequence[Line], numbers: Numbers, forward: bool, depth: int = 0) -> list[str]:
    """The lines as Python, indented by their loops, places and numbers written out."""
    out: list[str] = []
    at = 0
    while at < len(lines):
        turns = lines[at].turns
        if len(turns) <= depth:
            out.append(_unrolled(lines[at], numbers, forward))
            at += 1
            continue
        end = at
        while end < len(lines) and _same_loop(lines[end], turns[depth], depth):
            end += 1
        out += _loop(lines[at:end], numbers, forward, depth)
        at = end
    return out


def _same_loop(line: Line, turn: Turn, depth: int) -> bool:
    return len(line.turns) > depth and line.turns[depth].loop == turn.loop


def _loop(lines: Sequence[Line], numbers: Numbers, forward: bool, depth: int) -> list[str]:
    """One loop: runs of turns that print alike, the others as they are."""
    turns: list[list[Line]] = []
    for line in lines:
        if turns and turns[-1][0].turns[depth].index == line.turns[depth].index:
            turns[-1].append(line)
        else:
            turns.append([line])
    if any(len(line.turns) > depth + 1 for line in lines):
        inner = [rolled(turn, numbers, forward, depth + 1) for turn in turns]
        if any(text.startswith("for ") for turn in inner for text in turn):
            return [text for turn in inner for text in turn]
    cut = [_template(turn, numbers, depth) for turn in turns]
    out: list[str] = []
    at = 0
    while at < len(turns):
        count = turns[at][0].turns[depth].count
        whole = numbers.bound(count, 0, forward) != str(int(count))
        loop = _run(cut[at:], whole)
        sourced = whole and at + loop.run == len(turns)
        needed = SAVED if loop.even or isinstance(count, Known) else UNEVEN
        if sourced and at:
            numbers.claim(count, at)
        if sourced or (loop.run - 1) * len(turns[at]) >= needed:
            out += _written(turns[at], loop, numbers, forward, depth)
        else:
            run = turns[at : at + loop.run]
            out += [_unrolled(line, numbers, forward) for turn in run for line in turn]
        at += loop.run
    return out


Cut = tuple[tuple[str, ...], tuple[tuple[str, int], ...], tuple[Source, ...]]
"""The lines of a turn without numbers; the numbers of places with their words; other numbers."""


def _template(turn: Sequence[Line], numbers: Numbers, depth: int) -> Cut:
    places: list[tuple[str, int]] = []
    sources: list[Source] = []

    def place(match: re.Match[str]) -> str:
        if not match[2]:
            return match[0]
        places.append((match[1], int(match[2])))
        return f"{MARK}{match[1]}#{MARK}"

    text = []
    for line in turn:
        found = _NUMBER.findall(line.text)
        sources += [_settled(numbers.sources[mark], line.turns, depth) for mark in found]
        text.append(_NUMBER.sub(NUMBER, _PLACE.sub(place, line.text)))
    return tuple(text), tuple(places), tuple(sources)


def _settled(source: Source, turns: tuple[Turn, ...], depth: int = -1) -> Source:
    """A source with the counters of all loops put in, but that of the loop at a depth.

    That one is written as it is in the turn at hand, whichever turn the number was made in.
    """
    if not isinstance(source, str | tuple):
        return source
    known: dict[str, Source] = {}
    for name, loop, start, made in counters(source):
        for at, turn in enumerate(turns):
            if turn.loop == loop and at == depth:
                known[name] = tidied("-", counter(loop, start, 0), turn.index - made)
            elif turn.loop == loop:
                known[name] = start + made
    return replaced(source, lambda name: known.get(name, name)) if known else source


def _run(turns: Sequence[Cut], whole: bool) -> Loop:
    """The turns from the first on that print alike, their numbers growing evenly.

    Two turns tell little: where only they do, and other numbers than places grow, they are a loop
    if they are all there are of one whose length has a name (`whole`).
    """
    text, places, sources = turns[0]
    alike = 1
    while alike < len(turns) and turns[alike][0] == text:
        alike += 1
    steps = [0] * len(places)
    run = 1
    if alike > 1:
        steps = [b - a for (_, a), (_, b) in zip(places, turns[1][1])]
        while run < alike and _grown(places, steps, run) == turns[run][1]:
            run += 1
    found, held = fits([turn[2] for turn in turns[:run]])
    if held == 2 and any(map(counted, found)) and not (whole and len(turns) == 2):
        held = 1
    if held == 1:
        found = list(sources)
        steps = [len({n for w, n in places if w == word}) for word, _ in places]
    return Loop(text, places, tuple(steps), tuple(found), held)


def _grown(
    places: Sequence[tuple[str, int]], steps: Sequence[int], turn: int
) -> tuple[tuple[str, int], ...]:
    return tuple((word, n + step * turn) for (word, n), step in zip(places, steps))


def _written(
    lines: Sequence[Line], loop: Loop, numbers: Numbers, forward: bool, depth: int
) -> list[str]:
    """The loop, with the lines of its first turn as its body."""
    turn, own = lines[0].turns[depth], _own(loop, lines[0].turns[depth])
    start = loop.places[0][1] if loop.places and loop.steps[0] == 1 else turn.index
    if own:
        start = next(iter(own.values()))
    elif any(map(counted, loop.numbers)):
        start = 0
    if turn.index + loop.run == turn.count:
        stop = numbers.bound(turn.count, start - turn.index, forward)
    else:
        stop = str(start + loop.run)
    span = f"{start}, {stop}" if start else stop
    i = numbers.counter
    used = any(loop.steps) or own or any(map(counted, loop.numbers))
    out = [f"for {i if used else '_'} in range({span}):"]
    places = iter(zip(loop.places, loop.steps))
    others = iter(loop.numbers)

    def name(match: re.Match[str]) -> str | None:
        """The place as an f-string, or None where it is the same in every turn."""
        if not match[2]:
            return None
        (word, number), step = next(places)
        return f'f"{word}{{{_index(i, step, number - step * start)}}}"' if step else None

    def read(match: re.Match[str]) -> str:
        numbered = name(match)
        return f"getattr(self, {numbered})" if numbered else _plain(match)

    def at(known: str) -> Source:
        if known != TURN and known not in own:
            return known
        return tidied("-", COUNTER, start - own.get(known, 0))

    def number(match: re.Match[str]) -> str:
        return numbers.text(replaced(next(others), at), forward, numbers.levels[match[1]])

    for line in lines:
        text, made = line.text, _MADE.match(line.text)
        if made:
            place = _PLACE.match(made[1])
            numbered = name(place) if place else None
            text = f"self.add_module({numbered}, {made[2]})" if numbered else text
        out.append("    " + _NUMBER.sub(number, _PLACE.sub(read, text)))
    return out


def _own(loop: Loop, turn: Turn) -> dict[str, int]:
    """The loop's counters in its numbers, with what they are in the first turn."""
    return {
        name: start + turn.index
        for source in loop.numbers
        for name, of, start, _ in counters(source)
        if of == turn.loop
    }


def _index(i: str, step: int, offset: int) -> str:
    text = i if step == 1 else f"{step} * {i}"
    if not offset:
        return text
    return f"{text} + {offset}" if offset > 0 else f"{text} - {-offset}"


def _plain(match: re.Match[str]) -> str:
    return f"self.{match[1]}{match[2] or ''}"


def _unrolled(line: Line, numbers: Numbers, forward: bool) -> str:
    def number(match: re.Match[str]) -> str:
        source = _settled(numbers.sources[match[1]], line.turns)
        return numbers.text(source, forward, numbers.levels[match[1]])

    return _NUMBER.sub(number, _PLACE.sub(_plain, line.text))
