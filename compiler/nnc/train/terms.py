"""The terms of a loss by name, told apart where their sum is infinite or no number."""

from __future__ import annotations

import math
import re

from torch import Tensor

from nnc.ir.lossformula import FormulaTerm
from nnc.ir.plan import Term

Terms = tuple[Tensor, ...]
"""The weighted terms of a step's loss; none where it has one."""

LONGEST = 60
"""Characters of a term's name."""


def name_of(term: Term | FormulaTerm) -> str:
    """A term as it is written: `0.5 * l1(box)`."""
    if isinstance(term, FormulaTerm):
        plain = re.fullmatch(r"[\w.]+(?:\(.*\))?", term.text)
        text = term.text if term.weight == 1 or plain else f"({term.text})"
    else:
        text = " ".join(term.span.text.split()) or term.loss.word
        text = f"{text}({term.output})" if text == term.loss.word else text
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    return text if term.weight == 1 else f"{term.weight:g} * {text}"


def added(terms: Terms, more: Terms, share: float) -> Terms:
    """The terms of a batch that is computed in pieces, with those of one more piece."""
    if not terms:
        return tuple(value * share for value in more)
    return tuple(a + b * share for a, b in zip(terms, more))


def told(names: tuple[str, ...], terms: Terms, before: Terms) -> str:
    """Which terms are infinite or no numbers, and what they were a step before; or nothing."""
    found = []
    for at, (name, value) in enumerate(zip(names, terms)):
        number = value.item()
        if math.isfinite(number):
            continue
        was = before[at].item() if before else math.nan
        said = f", a step before {was:.4g}" if math.isfinite(was) else ""
        found.append(f"`{name}` is {number}{said}")
    return ", ".join(found)
