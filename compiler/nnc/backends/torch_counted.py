"""Numbers that differ from turn to turn of a loop, as one expression of its counter."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.ir.sources import LOOP, Source, is_whole, names, replaced, terms, tidied

TURN = f"{LOOP}turn"
"""How many turns came before, counted from 0."""

COUNTER = f"{LOOP}i"
"""The counter that is written."""


def fitted(first: Source, second: Source) -> Source | None:
    """An expression of TURN that is one source in turn 0 and the other in turn 1."""
    if first == second:
        return first
    if isinstance(first, int) and isinstance(second, int):
        return _line(first, second)
    if isinstance(first, tuple) and isinstance(second, tuple) and first[0] == second[0]:
        left, right = fitted(first[1], second[1]), fitted(first[2], second[2])
        if left is not None and right is not None:
            op = first[0]
            return tidied(op, left, right) if is_whole(first) else (op, left, right)
    if not (is_whole(first) and is_whole(second)):
        return None
    before, after = terms(first), terms(second)
    made: Source = 0
    if any(after.get(term, 0) < size for term, size in before.items() if term != 1):
        return None  # one size instead of another, not more of it
    for term in {**before, **after}:
        factor = _line(before.get(term, 0), after.get(term, 0))
        made = tidied("+", made, tidied("*", factor, term))
    return made


def _line(first: int, second: int) -> Source:
    return tidied("+", tidied("*", second - first, TURN), first)


def at(fit: Source, turn: int) -> Source:
    """What an expression of TURN is in a turn."""
    return replaced(fit, lambda name: turn if name == TURN else name)


def counted(fit: Source) -> bool:
    """Whether an expression differs from turn to turn."""
    return TURN in names(fit)


def fits(turns: Sequence[Sequence[Source]]) -> tuple[list[Source], int]:
    """Expressions for the numbers of successive turns, and for how many turns they hold."""
    if len(turns) < 2:
        return list(turns[0]), 1
    made = [fitted(a, b) for a, b in zip(turns[0], turns[1], strict=True)]
    found = [fit for fit in made if fit is not None]
    if len(found) < len(made):
        return list(turns[0]), 1
    run = 2
    while run < len(turns) and all(at(f, run) == s for f, s in zip(found, turns[run], strict=True)):
        run += 1
    return found, run
