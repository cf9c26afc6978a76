"""Sets of values, and conditions in words, stored and read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.ir.allowed import Allowed, allowed
from nnc.ir.conditions import Condition, from_json, holds, to_json, words
from nnc.ir.dims import symbol
from nnc.ir.facts import Facts

H, W, T = symbol("H"), symbol("W"), symbol("T")


def test_stored_conditions_read_back() -> None:
    facts = Facts()
    facts.equal(2 * H, 3 * W)
    facts.at_least(H, 20)
    facts.equal(T, 9)
    found = facts.condition_list()
    assert [condition.symbol for condition in found] == ["H", "W", "T"]
    assert tuple(from_json(to_json(condition)) for condition in found) == found
    assert to_json(found[1])["equals"] == "2*(H//3)"
    assert holds(found, {"H": 21, "W": 14, "T": 9}) is None
    assert holds(found, {"H": 21, "W": 13, "T": 9}) == "W is 13, it must be 2*(H//3) = 14"
    assert holds(found, {"H": 18, "W": 12}) == (
        "H is 18, but H must be a multiple of 3 and H must be at least 21"
    )
    assert holds(found, {"T": 8}) == "T is 8, it must be 9"


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"symbol": "H", "modulus": 0},
        {"symbol": "H", "modulus": 10**9},
        {"symbol": "H", "residues": []},
        {"symbol": "H", "residues": ["x"]},
        {"symbol": "H", "least": None},
        {"symbol": "H", "equals": "__import__('os')"},
        {"symbol": "H", "equals": 3},
    ],
)
def test_strange_stored_conditions_are_refused(stored: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"condition|size"):
        from_json(stored)


@given(
    st.integers(1, 12),
    st.sets(st.integers(0, 30), min_size=1),
    st.integers(-5, 30),
    st.none() | st.integers(0, 60),
)
def test_sets_of_values(modulus: int, residues: set[int], low: int, most: int | None) -> None:
    classes = {residue % modulus for residue in residues}
    top = 200 if most is None else most
    wanted = [n for n in range(low, top + 1) if n % modulus in classes]
    found = allowed(modulus, residues, low, most)
    if not wanted:
        assert found is None
        return
    assert isinstance(found, Allowed)
    assert [n for n in range(low - 9, top + 1) if found.has(n)] == wanted
    assert found.least == wanted[0]
    assert list(found.values(5)) == wanted[:5]
    assert found.count() == (None if most is None else len(wanted))
    assert found == allowed(
        3 * modulus, [r + i * modulus for r in classes for i in range(3)], low, most
    )
    assert found.following(wanted[-1]) == wanted[-1]


@pytest.mark.parametrize(
    "condition, said",
    [
        (Condition("H", 16), ("H must be a multiple of 16",)),
        (Condition("H", 16, (0,), 16), ("H must be a multiple of 16",)),
        (Condition("H", 4, (1,), 5), ("H % 4 must be 1", "H must be at least 5")),
        (Condition("H", 12, tuple(range(8))), ("H % 12 must not be 8, 9, 10 or 11",)),
        (Condition("H", 20, tuple(range(8))), ("H % 20 must be 0, 1, 2, 3, 4 or 3 others",)),
        (Condition("H", equals=W // 2), ("H must equal W//2",)),
    ],
)
def test_conditions_in_words(condition: Condition, said: tuple[str, ...]) -> None:
    assert words(condition) == said
