"""Random networks agree in both backends; random damage to texts ends in diagnostics."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnc.check import Checked, check_text
from nnc.diagnostics import RULES
from tests.hostile.both import agree, sound
from tests.hostile.chains import WORDS, chains
from tests.language.outcomes import sections

ROOT = Path(__file__).resolve().parents[2]
SPECS = [path.read_text("utf-8") for path in sorted((ROOT / "specs").glob("*.nn"))]
CHAPTERS = [
    section.text
    for path in sorted((ROOT / "tests" / "language").glob("[0-9]*.md"))
    for section in sections(path.read_text("utf-8"))
]
TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*|->|\*\*|//|==|!=|[^\s\w]|\n")
STRAY = ["{", "}", "(", ")", "[", "]", "->", ":", ",", "=", ".", '"', "#", "\n", "-1", "0", "1e9"]
STRAY += ["x", "conv", "dense", "add", "path", "from", "as", "if", "else", "for", "in", "repeat"]
STRAY += ["H", "_", "...", "true", "null", "H // 2", "99999999999", "\u202e", "\x00", "é", "\t"]


KINDS = ("drop", "double", "swap", "stray", "number")


def holds(text: str) -> None:
    (network,) = sound(text).networks.values()
    agree(network)


"""PyTorch copies the input once more there, and says so."""


@settings(max_examples=25)
@given(chains())
def test_random_chains_agree(text: str) -> None:
    holds(text)


@pytest.mark.slow
@settings(max_examples=300)
@given(chains())
def test_more_random_chains_agree(text: str) -> None:
    holds(text)


def test_the_chains_draw_from_every_layer() -> None:
    assert len(WORDS) >= 20


def judged(text: str) -> Checked:
    """The text checked: whatever it says, the answer is diagnostics that can be shown."""
    checked = check_text(text)
    for diagnostic in checked.diagnostics:
        assert diagnostic.code in RULES
        assert diagnostic.message
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text) + 1
    assert checked.errors or checked.networks or checked.data or not text.strip()
    return checked


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A text of ours with a few of its tokens dropped, doubled, swapped or replaced."""
    text = draw(st.sampled_from(draw(st.sampled_from((SPECS, CHAPTERS)))))
    tokens = [m.span() for m in TOKEN.finditer(text)]
    for _ in range(draw(st.integers(1, 3))):
        start, end = tokens[draw(st.integers(0, len(tokens) - 1))]
        word, kind = text[start:end], draw(st.sampled_from(KINDS))
        if kind == "drop":
            text = text[:start] + text[end:]
        elif kind == "double":
            text = text[:end] + " " + word + text[end:]
        elif kind == "swap":
            first, last = tokens[draw(st.integers(0, len(tokens) - 1))]
            other = text[first:last]
            text = text[:start] + other + text[end:]
        elif kind == "stray":
            text = text[:start] + " " + draw(st.sampled_from(STRAY)) + " " + text[start:]
        else:
            text = re.sub(r"\b\d+\b", str(draw(st.integers(-2, 9))), text, count=1)
        tokens = [m.span() for m in TOKEN.finditer(text)]
    return text


@settings(max_examples=300)
@given(damaged())
def test_damaged_texts_end_in_diagnostics(text: str) -> None:
    judged(text)


@pytest.mark.slow
@settings(max_examples=5000)
@given(damaged())
def test_more_damaged_texts_end_in_diagnostics(text: str) -> None:
    judged(text)


@settings(max_examples=100)
@given(st.lists(st.sampled_from([*STRAY, "network N", "block b", "data d", "train N", "output y"])))
def test_word_salad_ends_in_diagnostics(words: list[str]) -> None:
    judged(" ".join(words) + "\n")
