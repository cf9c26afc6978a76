"""Words of the language in any order end in diagnostics; tests/fuzz damages whole texts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from nnc.check import check_text
from nnc.diagnostics import RULES
from tests.fuzz.mutations import STRAY

HEADS = ["network N", "block b", "data d", "train N", "budget N", "output y", "\n"]


@settings(max_examples=100)
@given(st.lists(st.sampled_from([*STRAY, *HEADS])))
def test_word_salad_ends_in_diagnostics(words: list[str]) -> None:
    text = " ".join(words) + "\n"
    checked = check_text(text)
    for diagnostic in checked.diagnostics:
        assert diagnostic.code in RULES
        assert diagnostic.message
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text) + 1
    assert checked.errors or checked.networks or checked.data or not text.strip()
