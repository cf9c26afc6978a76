"""How the next unit is chosen, and how units become text."""

from __future__ import annotations

import numpy as np
import pytest

from nnc.deploy.sampling import chosen
from nnc.deploy.speller import Speller
from nnc.ir.vocabulary import Vocabulary
from nnc.train.data.units import encoder, fitted

SCORES = np.log(np.array([0.1, 0.4, 0.2, 0.3]))


@pytest.mark.parametrize(
    "top_k, top_p, at, wanted",
    [
        (0, 1.0, 0.0, 1),
        (0, 1.0, 0.39, 1),
        (0, 1.0, 0.41, 3),
        (0, 1.0, 0.69, 3),
        (0, 1.0, 0.71, 2),
        (0, 1.0, 0.999, 0),
        (2, 1.0, 0.99, 3),
        (2, 1.0, 0.56, 1),
        (1, 1.0, 0.99, 1),
        (9, 1.0, 0.999, 0),
        (0, 0.3, 0.99, 1),
        (0, 0.5, 0.99, 3),
        (0, 0.75, 0.99, 2),
        (3, 0.5, 0.99, 3),
    ],
)
def test_choice(top_k: int, top_p: float, at: float, wanted: int) -> None:
    assert chosen(SCORES, top_k, top_p, at) == wanted


def test_hidden_units_are_never_chosen() -> None:
    scores = np.array([-np.inf, 0.0, -np.inf])
    assert {chosen(scores, 0, 1.0, at) for at in np.linspace(0, 0.9999, 50)} == {1}


def test_choices_follow_the_distribution() -> None:
    draw = np.random.Generator(np.random.SFC64(0))
    found = [chosen(SCORES, 0, 1.0, draw.random()) for _ in range(4000)]
    shares = np.bincount(found) / len(found)
    assert np.abs(shares - np.exp(SCORES)).max() < 0.03


@pytest.mark.parametrize("unit", ["char", "byte", "word"])
def test_text_as_it_comes(unit: str) -> None:
    text = 'Füße, "naïve" 文 🐋 end.'
    known = fitted(unit, [text], None)
    ids = [int(at) for at in encoder(known)(text)]
    speller = Speller(known)
    pieces = [speller.add(at) for at in ids] + [speller.rest()]
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    if unit != "word":
        assert "".join(pieces) == text


def test_words_go_on_behind_a_prompt() -> None:
    known = Vocabulary("word", ("<unk>", "sea", ",", "the", "(", "\n"))
    speller = Speller(known, [3, 1])
    assert [speller.add(at) for at in (2, 3, 4, 1, 5, 3)] == [",", " the", " (", "sea", "\n", "the"]


def test_half_a_character_waits() -> None:
    known = fitted("byte", [], None)
    speller = Speller(known)
    assert [speller.add(at) for at in "é!".encode()] == ["", "é", "!"]
    assert speller.add(0xE6) == ""
    assert speller.rest() == "\ufffd"
    assert "".join(speller.add(at) for at in [0x80] * 8).strip("\ufffd") == ""
