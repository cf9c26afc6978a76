"""Text that a language model writes, unit by unit, in ONNX Runtime alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from nnc.deploy.rules import BAD_PROMPT, BROKEN_MODEL, NO_LANGUAGE, refusal
from nnc.deploy.session import Port, Session
from nnc.deploy.stepper import Stepper
from nnc.ir.vocabulary import BLANK, UNKNOWN, Vocabulary
from nnc.record import Record
from nnc.train.data.units import encoder, words_of

Scores = npt.NDArray[np.float64]

LISTED = 5


class Wish(Record):
    """How units are chosen.

    Args:
        length: so many units.
        temperature: by which logits are divided; 0 takes the likeliest unit each time.
        top_k: among so many of the likeliest, 0 for all.
        top_p: among the likeliest that are this probable together, 1 for all.
        seed: of the choice.
        context: so many units are kept in mind at most; 0 for what the file was made for: what
            grows with each step grows as far as the windows of training, the rest has no end.
    """

    length: int = 500
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0
    context: int = 0


class Language:
    """A language model that is run step by step.

    Attributes:
        known: its vocabulary.
        trained: False for initial weights.

    Raises:
        Refusal: the file takes sequences whole, or is no language model.
    """

    def __init__(self, session: Session) -> None:
        self._stepper = Stepper(session)
        self.name, self.trained = session.name, session.about.trained
        self._taken, self.known = self._text()
        self._given = self._scores()
        known = self.known.tokens
        self._never = [known.index(token) for token in (UNKNOWN, BLANK) if token in known]

    def _text(self) -> tuple[Port, Vocabulary]:
        """The input that takes a unit, and the vocabulary."""
        fed = self._stepper.fed
        about = self._stepper.session.about
        front = about.input(fed[0].name).front if len(fed) == 1 else None
        if len(fed) != 1 or not isinstance(front, Vocabulary) or about.task != "language":
            names = ", ".join(f"`{port.name}`" for port in fed) or "nothing"
            raise refusal(
                NO_LANGUAGE,
                self.name,
                f"{self.name} is no language model: it takes {names}, which is no text alone",
                "`nnc sample` continues a text; a language model reads `text(...)` and gives the "
                "next unit",
            )
        if fed[0].dtype != "int64" or fed[0].dims[1:] != (1,):
            raise refusal(BROKEN_MODEL, self.name, f"its input is {fed[0].described}")
        return fed[0], front

    def _scores(self) -> Port:
        """The output that has a number for each unit."""
        count = len(self.known.tokens)
        for port in self._stepper.outputs:
            if port.dtype == "float32" and port.dims[1:] == (1, count):
                return port
        raise refusal(
            BROKEN_MODEL,
            self.name,
            f"{self.name} has no output with a number for each of its {count:,} units",
        )

    def encoded(self, prompt: str) -> list[int]:
        """A text as units.

        Raises:
            Refusal: it has units that the text of training did not have.
        """
        units = words_of(prompt) if self.known.unit == "word" else prompt
        if self.known.unit in ("char", "word"):
            tokens = set(self.known.tokens)
            unknown = list(dict.fromkeys(unit for unit in units if unit not in tokens))
            if unknown:
                some = ", ".join(repr(unit) for unit in unknown[:LISTED])
                more = f" and {len(unknown) - LISTED} more" if len(unknown) > LISTED else ""
                kind = "words" if self.known.unit == "word" else "characters"
                raise refusal(
                    BAD_PROMPT,
                    self.name,
                    f"the prompt has {kind} that the text of training did not have: {some}{more}",
                    "leave them out, or write them as that text does",
                )
        return [int(number) for number in encoder(self.known)(prompt)]

    def written(self, prompt: Sequence[int], wish: Wish, sample: int = 0) -> Iterator[int]:
        """The units that follow a prompt; the same for the same wish and number of the sample."""
        draw = np.random.Generator(np.random.SFC64([wish.seed, sample]))
        self._stepper.restart()
        units = list(prompt) or [self._first(draw)]
        if not prompt:
            yield units[0]
        longest = self._context(wish)
        scores = self._read(units[-longest:] if longest else units)
        for _ in range(wish.length - (not prompt)):
            unit = self._choice(scores, wish, draw)
            yield unit
            units.append(unit)
            if longest and self._stepper.steps >= longest:  # it reads the later half anew
                units = units[-max(1, longest // 2) :]
                self._stepper.restart()
                scores = self._read(units)
            else:
                scores = self._read([unit])

    def _context(self, wish: Wish) -> int:
        """So many steps may follow on one another, 0 for any number."""
        stream = self._stepper.stream
        wished = wish.context
        if not wished and any(state.grows for state in stream.states):
            wished = stream.window
        return min(filter(None, (wished, stream.longest)), default=0)

    def _first(self, draw: np.random.Generator) -> int:
        """What a text begins with where nobody says it: a line's end if there is one."""
        known = self.known.tokens
        if "\n" in known:
            return known.index("\n")
        free = [at for at in range(len(known)) if at not in self._never]
        return int(free[int(draw.integers(len(free)))]) if free else 0

    def _read(self, units: Sequence[int]) -> Scores:
        """The scores of what follows."""
        for unit in units:
            made = self._stepper.step({self._taken.name: np.array([[unit]], np.int64)})
        return np.asarray(made[self._given.name].reshape(-1), np.float64)

    def _choice(self, scores: Scores, wish: Wish, draw: np.random.Generator) -> int:
        if not np.isfinite(scores).all():
            raise refusal(BROKEN_MODEL, self.name, f"{self.name} gives what is no number")
        if len(self._never) < len(scores):
            scores[self._never] = -np.inf
        if wish.temperature == 0:
            return int(scores.argmax())
        return chosen(scores / wish.temperature, wish.top_k, wish.top_p, draw.random())


def chosen(scores: Scores, top_k: int, top_p: float, at: float) -> int:
    """The unit at a place from 0 to 1 in the distribution of the likeliest units.

    Args:
        scores: logits.
        top_k: so many, 0 for all.
        top_p: as many as are this probable together; the first is always among them.
    """
    order = np.argsort(-scores, kind="stable")
    if top_k:
        order = order[:top_k]
    odds = np.exp(scores[order] - scores[order[0]])
    odds /= odds.sum()
    if top_p < 1:
        kept = int(np.searchsorted(np.cumsum(odds), top_p)) + 1
        order, odds = order[:kept], odds[:kept] / odds[:kept].sum()
    found = int(np.searchsorted(np.cumsum(odds), at, side="right"))
    return int(order[min(found, len(order) - 1)])
