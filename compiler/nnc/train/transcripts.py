"""What is said, of what a network hears: greedy decoding of CTC, and how far texts are apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from nnc.ir.vocabulary import UNITS, Vocabulary

BLANK = 0
"""The class that says nothing: the first of a vocabulary of transcripts."""
Numbers = npt.NDArray[np.int64]


def decoded(scores: npt.NDArray[np.generic], steps: int) -> list[int]:
    """The most likely class of each step, runs of one taken once, blanks left out.

    Graves et al., 2006, best path decoding.

    Args:
        scores: [T, classes], logits or probabilities.
        steps: those that are the sample's own.
    """
    best = np.asarray(scores[:steps], np.float32).argmax(axis=-1)
    kept = best[np.concatenate([[True], best[1:] != best[:-1]])] if len(best) else best
    return [int(token) for token in kept if token != BLANK]


def spelled(tokens: Iterable[int], known: Vocabulary | None, labels: Sequence[str]) -> str:
    """Tokens as a text: words with spaces between them, other units as they are."""
    unit = known.unit if known is not None else UNITS[0]
    said = [labels[token] if token < len(labels) else str(token) for token in tokens]
    return " ".join(said) if unit == "word" else "".join(said)


def distance(a: Sequence[int], b: Sequence[int]) -> int:
    """The fewest insertions, deletions and exchanges that make b of a (Levenshtein, 1965)."""
    right = np.asarray(b, np.int64)
    row = np.arange(len(right) + 1)
    places = np.arange(len(right) + 1)
    for at, token in enumerate(a):
        least = np.minimum(row[1:] + 1, row[:-1] + (right != token))
        new = np.concatenate([[at + 1], least])
        # what is left of a place may be reached by insertions alone
        row = np.minimum.accumulate(new - places) + places
    return int(row[-1])


class Errors:
    """Adds up edit distances and the lengths of the right texts."""

    def __init__(self) -> None:
        self.wrong = self.tokens = 0

    def add(self, said: Sequence[int], right: Sequence[int]) -> None:
        """Counts one sample."""
        self.wrong += distance(said, right)
        self.tokens += len(right)

    def rate(self) -> float:
        """Edits a right token; NaN where there is none."""
        return self.wrong / self.tokens if self.tokens else float("nan")


def lost(targets: Numbers, lengths: Sequence[int], steps: Sequence[int]) -> int | None:
    """The first sample whose text does not fit into its steps: equal neighbours want a blank."""
    for at, (length, have) in enumerate(zip(lengths, steps)):
        own = targets[at, :length]
        if length + int((own[1:] == own[:-1]).sum()) > have:
            return at
    return None


def ctc(logits: npt.NDArray[np.generic], target: Numbers) -> float:
    """The CTC loss of one sample in nats (Graves et al., 2006): [T, classes] and its tokens."""
    values = np.asarray(logits, np.float64)
    below = values - values.max(axis=1, keepdims=True)
    logs = below - np.log(np.exp(below).sum(axis=1, keepdims=True))
    states = np.full(2 * len(target) + 1, BLANK)
    states[1::2] = target
    skips = np.zeros(len(states), bool)
    skips[3::2] = target[1:] != target[:-1]
    alpha = np.full(len(states), -np.inf)
    alpha[:2] = logs[0, states[:2]]
    for row in logs[1:]:
        one = np.concatenate([[-np.inf], alpha[:-1]])
        two = np.where(
            skips, np.concatenate([[-np.inf, -np.inf], alpha[:-2]])[: len(alpha)], -np.inf
        )
        alpha = np.logaddexp(np.logaddexp(alpha, one), two) + row[states]
    return float(-np.logaddexp.reduce(alpha[-2:]))
