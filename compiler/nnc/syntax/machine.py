"""An LALR(1) automaton over the tables that lark computed from `grammar/nn.lark`.

lark's own parser runs on the same tables, but importing it costs as much again as everything else
that `nnc check` does, and it walks the dozen levels of operators for every number. This one
remembers such walks (`_jump`), calls the functions of `build.py` instead of making trees, and lets
the reader ask what would fit and take back what did not. Measured: see `grammar/README.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc.source import Source, Span
from nnc.syntax._parser import END, PLACES, RULES, START, STATES
from nnc.syntax.ast import Ident

Row = dict[Any, int]
Action = Callable[[Span, list[Any]], object]

_STACK = 3000  # symbols: 200 nested parts of an expression inside 64 blocks need half as many

# The grammar's named terminals are parts of the tree; signs and words like `->` and `repeat` are
# not.
KEPT = frozenset(
    {"NAME", "ARGUMENT", "KIND", "ROLE", "PADDED", "BODY", "TRUTH", "OR", "AND", "NOT"}
    | {"COMPARISON", "PLUS", "MINUS", "TIMES", "POWER"}
)

_new = tuple.__new__  # a NamedTuple's own constructor takes twice as long

_ROWS: list[Row | None] = [None] * len(STATES)
_JUMPS: dict[tuple[int, int, str], int] = {}


def _row(state: int) -> Row:
    """The actions of a state, made when it is first reached: a small text visits few."""
    row = _ROWS[state]
    if row is None:
        flat: Any = STATES[state]
        row = _ROWS[state] = dict(zip(flat[::2], flat[1::2], strict=True))
    return row


def _jump(below: int, state: int, key: str) -> int:
    """Where a run of rules that only hand their child on ends, before `key`."""
    known = _JUMPS.get((below, state, key))
    if known is not None:
        return known
    top = state
    while True:
        target = _row(top).get(key, 0)
        if target >= 0:
            break
        origin, size, action, _ = RULES[~target]
        if action or size != 1:
            break
        top = _row(below)[origin]
    _JUMPS[below, state, key] = top
    return top


class TooDeep(Exception):
    """A text is nested too deep; `span` is where."""

    def __init__(self, span: Span) -> None:
        super().__init__(span)
        self.span = span


class Machine:
    """The stacks of one parse: states, and for each symbol its value and where it begins."""

    __slots__ = ("actions", "end", "source", "starts", "states", "tail", "values")

    def __init__(self, source: Source, start: str, actions: dict[str, Action]) -> None:
        self.source = source
        self.actions = actions
        self.states = [START[start]]
        self.values: list[Any] = []
        self.starts: list[int] = []
        self.tail = 0  # where the last symbol ends
        self.end = END[start]

    def feed(self, key: str, value: object, start: int, end: int) -> bool:
        """Takes one symbol; False, with complete parts reduced, when it does not fit.

        Raises:
            TooDeep: thousands of symbols wait for their ends.
        """
        states = self.states
        while True:
            top = states[-1]
            row = _ROWS[top] or _row(top)
            target = row.get(key)
            if target is None:
                return key == "$END" and top == self.end
            if target >= 0:
                states.append(target)
                self.values.append(value)
                self.starts.append(start)
                self.tail = end
                if len(states) > _STACK:
                    raise TooDeep(Span(self.source, start, end))
                return True
            origin, size, action, picks = RULES[~target]
            if action == "" and size == 1:
                states[-1] = _jump(states[-2], top, key)
            else:
                self._reduce(origin, size, action, picks)

    def _reduce(self, origin: int, size: int, action: str, picks: tuple[int | None, ...]) -> None:
        """Replaces the last symbols by the one that they make."""
        states, values, starts = self.states, self.values, self.starts
        if size == 1:
            parts = [values.pop()]
            start = starts.pop()
            states.pop()
        elif size:
            parts = values[-size:]
            start = starts[-size]
            del values[-size:], states[-size:], starts[-size:]
        else:
            parts, start = [], 0
        starts.append(start)
        row = _ROWS[states[-1]]
        states.append((row or _row(states[-1]))[origin])
        if action == "":
            values.append(parts[picks[0] or 0])
            return
        children: list[Any] = []
        for pick in picks:
            if pick is None:
                children.append(None)
            elif pick >= 0:
                children.append(parts[pick])
            elif children:
                children.extend(parts[~pick])
            else:
                # A list grows in place, or a body of a million statements would be copied as often.
                children = parts[~pick]
        if action != "*":
            values.append(
                self.actions[action](_new(Span, (self.source, start, self.tail)), children)
            )
        else:
            values.append(children)

    def settle(self) -> None:
        """Reduces what is complete whatever follows, so that the state tells what can begin."""
        while (
            len(targets := set(_row(self.states[-1]).values())) == 1 and (rule := targets.pop()) < 0
        ):
            self._reduce(*RULES[~rule])

    def shift(self, key: str, text: str, start: int, end: int) -> bool:
        """Feeds a word or sign, as an `Ident` where it is part of the tree."""
        value = Ident(_new(Span, (self.source, start, end)), text) if key in KEPT else None
        return self.feed(key, value, start, end)

    def fits(self, *keys: str) -> bool:
        """Whether these symbols, one after the other, would be taken now."""
        states = list(self.states)
        for key in keys:
            while True:
                target = _row(states[-1]).get(key)
                if target is None:
                    if key == "$END" and states[-1] == self.end:
                        break
                    return False
                if target >= 0:
                    states.append(target)
                    break
                origin, size, _, _ = RULES[~target]
                del states[len(states) - size :]
                states.append(_row(states[-1])[origin])
        return True

    def knows(self, key: str, below: int = 0) -> bool:
        """Whether a state has a use for a symbol; cheaper than `fits`, and sure only of a no."""
        return key in _row(self.states[-1 - below])

    @property
    def place(self) -> str:
        """Which kind of statement can begin here, or nothing."""
        return PLACES.get(self.states[-1], "")

    def context(self) -> str:
        """Which kind of statement is being read."""
        return next((PLACES[state] for state in reversed(self.states) if state in PLACES), "")

    def pop(self) -> None:
        """Takes the last symbol back."""
        self.states.pop()
        self.values.pop()
        self.starts.pop()

    def pop_to_place(self, base: int) -> None:
        """Takes back what was read of a statement, where `base` states stand before the first one.

        Complete statements are one symbol; the places inside bodies that were closed do not count.
        """
        while len(self.states) > base + 1 or (len(self.states) > base and not self.place):
            self.pop()
