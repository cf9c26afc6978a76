"""Applies the fixes that diagnostics carry, again and again until none is left."""

from __future__ import annotations

from collections.abc import Callable

from nnc.diagnostics import Diagnostic, Fix
from nnc.record import Record
from nnc.source import Source

ROUNDS = 50
"""A fix may uncover another mistake; after so many rounds they undo one another."""

Look = Callable[[Source], tuple[Diagnostic, ...]]


class Fixed(Record):
    """A text with its fixes applied.

    Args:
        text: what it has become.
        done: the diagnostics whose fixes were applied, in that order; their places speak of the
            text as it was then.
        left: what is still wrong with it.
    """

    text: str
    done: tuple[Diagnostic, ...]
    left: tuple[Diagnostic, ...]


def fixed(source: Source, look: Look) -> Fixed:
    """The text after all fixes. `look` tells what is wrong with a text.

    A round applies all fixes that do not overlap. It ends where nothing is left to fix, or where
    fixes would lead back to a text that was there before.
    """
    seen = {source.text}
    done: list[Diagnostic] = []
    found = look(source)
    for _ in range(ROUNDS):
        chosen = fixable(source, found)
        text = applied(source.text, [d.fix for d in chosen if d.fix is not None])
        if text in seen:
            break
        seen.add(text)
        done.extend(chosen)
        source = Source(source.name, text)
        found = look(source)
    return Fixed(source.text, tuple(done), found)


def fixable(source: Source, found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """The diagnostics whose fixes speak of this text and do not touch one another, in its order."""
    own = [d for d in found if d.fix is not None and d.fix.span.source is source]
    own.sort(key=lambda d: (d.fix.span.start, d.fix.span.end) if d.fix is not None else (0, 0))
    chosen: list[Diagnostic] = []
    free = -1  # two insertions at one place would depend on their order
    for diagnostic in own:
        assert diagnostic.fix is not None
        span = diagnostic.fix.span
        if span.start > free:
            chosen.append(diagnostic)
            free = span.end
    return tuple(chosen)


def applied(text: str, fixes: list[Fix]) -> str:
    """A text with replacements that do not overlap; new lines end as the text's lines do."""
    windows = "\r\n" in text
    for fix in sorted(fixes, key=lambda f: -f.span.start):
        new = fix.text.replace("\r\n", "\n").replace("\n", "\r\n") if windows else fix.text
        text = text[: fix.span.start] + new + text[fix.span.end :]
    return text
