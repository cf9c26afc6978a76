"""Units of text as they come, one by one, as text that can be shown at once."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.ir.vocabulary import Vocabulary
from nnc.train.data.units import decoded

PART = "\ufffd"
"""What half a character decodes to."""
BYTES = 4
"""A character has so many bytes at most."""


class Speller:
    """Tells the text that each further unit adds.

    Args:
        before: the units that stand already.
    """

    def __init__(self, known: Vocabulary, before: Sequence[int] = ()) -> None:
        self._known = known
        self._held = list(before[-1:]) if known.unit == "word" else []

    def add(self, number: int) -> str:
        """The text that this unit adds; half a character waits for the rest of it."""
        known = self._known
        if known.unit == "char":
            return decoded(known, [number])
        if known.unit == "word":  # a space stands before it or not by the word before alone
            before = decoded(known, self._held)
            text = decoded(known, [*self._held, number])[len(before) :]
            self._held = [number]
            return text
        self._held.append(number)
        text = decoded(known, self._held)
        if text.endswith(PART) and len(self._held) < BYTES:
            return ""
        self._held = []
        return text

    def rest(self) -> str:
        """What still waits."""
        if self._known.unit in ("char", "word"):
            return ""
        text, self._held = decoded(self._known, self._held), []
        return text
