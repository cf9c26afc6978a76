"""Statements about sizes, held to brute force over small values."""

from __future__ import annotations

import time
from itertools import product as pairs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.ir.conditions import holds
from nnc.ir.dims import Dim, Poly, evaluate, symbol
from nnc.ir.facts import Facts

H, W, T, U = symbol("H"), symbol("W"), symbol("T"), symbol("U")
RANGE = range(1, 150)
PAIRS = list(pairs(range(1, 27), repeat=2))


def grow(draw: st.DrawFn, names: list[Poly], steps: int) -> Dim:
    d: Dim = draw(st.sampled_from(names))
    for _ in range(draw(st.integers(0, steps))):
        kind = draw(st.sampled_from(["pool", "conv", "up", "shift", "add", "less"]))
        k = draw(st.integers(2, 4))
        if kind == "pool":
            d = d // k
        elif kind == "conv":
            d = (d + draw(st.integers(-3, 3))) // k + 1
        elif kind == "up":
            d = d * k
        elif kind == "shift":
            d = d + draw(st.integers(-5, 5))
        else:
            other = draw(st.sampled_from(names)) // draw(st.integers(1, 4))
            d = d + other if kind == "add" else d - other
    return d


@st.composite
def of_one(draw: st.DrawFn) -> Dim:
    return grow(draw, [H], 4)


@st.composite
def of_two(draw: st.DrawFn) -> Dim:
    return grow(draw, [H, W], 3)


def legal(facts: Facts, name: str = "H") -> list[int]:
    found = facts.condition_list()
    return [n for n in RANGE if holds(found, {name: n}) is None]


def legal_pairs(facts: Facts) -> list[dict[str, int]]:
    found = facts.condition_list()
    each = ({"H": h, "W": w} for h, w in PAIRS)
    return [env for env in each if holds(found, env) is None]


@given(of_one(), of_one(), of_one())
def test_an_equality_of_one_symbol_narrows_exactly(before: Dim, a: Dim, b: Dim) -> None:
    facts = Facts()
    facts.at_least(before, 2)
    was = legal(facts)
    good = [n for n in was if evaluate(a, {"H": n}) == evaluate(b, {"H": n})]
    proved = facts.proves_equal(a, b)
    assert legal(facts) == was
    outcome = facts.equal(a, b)
    assert (outcome == "proved") == proved
    if outcome == "refused":
        assert facts.reason
        assert legal(facts) == was
        assert len(good) < len(was) or not was
    else:
        assert legal(facts) == good
        assert not facts.reason
        assert facts.proves_equal(a, b)
    if outcome == "proved":
        assert good == was


@given(of_one(), st.integers(-3, 9), of_one(), st.integers(-3, 9))
def test_least_sizes_of_one_symbol_hold(a: Dim, low: int, b: Dim, lower: int) -> None:
    facts = Facts()
    for d, bound in ((a, low), (b, lower)):
        was = legal(facts)
        good = [n for n in was if evaluate(d, {"H": n}) >= bound]
        proved = facts.proves_at_least(d, bound)
        assert legal(facts) == was
        outcome = facts.at_least(d, bound)
        assert (outcome == "proved") == proved
        now = legal(facts)
        if outcome == "refused":
            assert now == was
            assert facts.reason
        else:
            assert set(now) <= set(good)
            assert facts.proves_at_least(d, bound)
            # good values are left out only below the last bad one, or above the first
            bad, lost = [n for n in was if n not in good], set(good) - set(now)
            assert not lost or max(lost) < max(bad) or min(lost) > min(bad)
        assert (outcome == "proved") <= (good == was)


@given(of_two(), of_two(), of_two(), of_two(), st.integers(1, 6))
def test_statements_on_two_symbols_are_sound(a: Dim, b: Dim, c: Dim, d: Dim, by: int) -> None:
    facts = Facts()
    facts.declare("H")
    facts.declare("W")
    for statement in range(3):
        was = legal_pairs(facts)
        if statement == 0:
            outcome, good = facts.equal(a, b), [e for e in was if evaluate(a - b, e) == 0]
        elif statement == 1:
            outcome, good = facts.at_least(c, 1), [e for e in was if evaluate(c, e) >= 1]
        else:
            outcome, good = facts.divisible(d, by), [e for e in was if evaluate(d, e) % by == 0]
        now = legal_pairs(facts)
        if outcome == "refused":
            assert now == was
        else:
            assert [env for env in good if env in now] == now
        if outcome == "proved":
            assert now == was
    for corner in facts.corners(("H", "W")):
        assert holds(facts.condition_list(), corner) is None


@given(of_one(), of_one(), of_two(), st.sampled_from([1, 2, 3, 4, 6, 16]))
def test_simplified_sizes_are_the_same(a: Dim, b: Dim, c: Dim, by: int) -> None:
    facts = Facts()
    facts.declare("H")
    facts.divisible(H + (by > 3), by)
    facts.equal(a, b)
    facts.divisible(W, 4)
    for d in (a, b, c, c * 2, c * 4):
        simple = facts.simplify(d)
        assert facts.simplify(simple) == simple
        for env in legal_pairs(facts)[:200]:
            assert evaluate(simple, env) == evaluate(d, env)


def test_unet_infers_a_multiple_of_16() -> None:
    facts = Facts()
    skips: list[Dim] = []
    h: Dim = H
    for _ in range(4):
        skips.append(h)
        h = (h - 2) // 2 + 1
        assert facts.at_least(h, 1) == "assumed"
    for skip in reversed(skips):
        h = (h - 1) * 2 + 2
        assert facts.equal(h, skip) == "assumed"
        h = facts.simplify(skip)
    assert facts.conditions() == ("H must be a multiple of 16",)
    assert facts.proves_equal(2 * (H // 16) * 8, H)
    assert facts.simplify(2 * (H // 16)) == H // 8
    assert facts.example() == {"H": 16}
    assert facts.corners() == ({"H": 16}, {"H": 32})
    assert holds(facts.condition_list(), {"H": 100}) == "H is 100, but H must be a multiple of 16"
    assert holds(facts.condition_list(), {"H": 96}) is None
    assert holds(facts.condition_list(), {"H": 0}) == "H is 0, but H must be a multiple of 16"


def test_branches_of_one_shape_need_no_condition() -> None:
    facts = Facts()
    left: Dim = H
    right: Dim = H
    for _ in range(3):
        left = (left + 2 * 1 - 3) // 2 + 1
        right = (right - 1) // 2 + 1
        assert facts.at_least(left, 1) == "proved"
    assert facts.equal(left, right) == "proved"
    assert facts.equal((H + 6 - 7) // 2 + 1, (H + 1) // 2) == "proved"
    assert facts.equal(H - H // 2, (H + 1) // 2) == "proved"
    assert facts.conditions() == ()


def test_stride_two_twice_is_no_stride_three() -> None:
    facts = Facts()
    assert facts.equal((H + 1) // 2, H) == "assumed"  # H is 1
    assert facts.conditions() == ("H must be 1",)
    facts = Facts()
    facts.at_least(H, 8)
    assert facts.equal((H + 1) // 2, H) == "refused"
    assert facts.equal(H, H + 1) == "refused"
    assert facts.reason == "the two sizes always differ by 1"


@pytest.mark.parametrize(
    "a, b, said",
    [
        (H, W, ["W must equal H"]),
        (T, 2 * U, ["T must equal 2*U"]),
        (2 * H, 3 * W, ["H must be a multiple of 3", "W must equal 2*(H//3)"]),
        (2 * (H // 2), W, ["H must be at least 2", "W must equal 2*(H//2)"]),
        (H // 2, W // 2, ["W must equal H"]),
        (
            H * W,
            4 * (H // 2) * (W // 2),
            ["H must be a multiple of 2", "W must be a multiple of 2"],
        ),
        (H, 32, ["H must be 32"]),
        (H // 2, H - 5, ["H must be at least 9", "H must be at most 10"]),
        (H * H, 4 * H, ["H must be 4"]),
        (H % 2, 1, ["H must be odd"]),
        ((H % 4) * (H % 4), H % 4, ["H % 4 must be 0 or 1"]),
        (H % 5 // 4, 0, ["H % 5 must not be 4"]),
        (H + W, 7, ["H must be at most 6", "W must equal 7 - H"]),
    ],
)
def test_equalities_in_words(a: Dim, b: Dim, said: list[str]) -> None:
    facts = Facts()
    assert facts.equal(a, b) == "assumed"
    assert list(facts.conditions()) == said
    assert facts.equal(a, b) == "proved"
    assert facts.proves_equal(b, a)
    for corner in facts.corners():
        assert evaluate(a, corner) == evaluate(b, corner)


@pytest.mark.parametrize(
    "d, low, said",
    [
        (H - 31, 1, ["H must be at least 32"]),
        (10 - H, 1, ["H must be at most 9"]),
        (10 - H // 3, 1, ["H must be at most 29"]),
        (H - H // 2, 3, ["H must be at least 5"]),
        (H % 4, 1, ["H must not be a multiple of 4"]),
        (H * W - 4, 1, ["H must be at least 3", "W must be at least 3"]),
        (H * H, 5, ["H must be at least 3"]),
        (H * H - 10 * H, 1, ["H must be at least 11"]),
        (H // 16, 2, ["H must be at least 32"]),
        (10 - H * H, 1, None),
        (H - W, 0, None),
        (3 * (H // 4) - H, 0, None),
        (0 * H, 1, None),
    ],
)
def test_least_sizes_in_words(d: Dim, low: int, said: list[str] | None) -> None:
    facts = Facts()
    assert facts.at_least(d, low) == ("refused" if said is None else "assumed")
    assert list(facts.conditions()) == (said or [])
    assert (facts.reason == "") == (said is not None)


def test_sums_and_products_of_sizes_are_proved_from_their_leasts() -> None:
    facts = Facts()
    facts.at_least(H, 8)
    assert facts.proves_at_least(H + 3 * W, 11)
    assert facts.proves_at_least(H * W // 4, 2)
    assert facts.proves_at_least((H - 3) * (W + 1), 10)
    assert not facts.proves_at_least(H + W, 10)
    facts.at_least(5 - W, 0)
    assert facts.proves_at_least(H - W, 3)
    assert facts.conditions() == ("H must be at least 8", "W must be at most 5")


def test_conditions_of_a_joined_symbol_are_handed_on() -> None:
    facts = Facts()
    facts.declare("H")
    facts.divisible(W, 16)
    facts.at_least(W, 40)
    assert facts.equal(H, W) == "assumed"
    assert facts.conditions() == (
        "H must be a multiple of 16",
        "H must be at least 48",
        "W must equal H",
    )
    assert facts.divisible(W, 10) == "assumed"
    assert facts.conditions() == ("H must be a multiple of 80", "W must equal H")
    assert facts.equal(W, 160) == "assumed"
    assert facts.conditions() == ("H must be 160", "W must be 160")
    assert facts.equal(H, 80) == "refused"


def test_a_condition_that_contradicts_is_refused_and_changes_nothing() -> None:
    facts = Facts()
    facts.divisible(H, 4)
    assert facts.divisible(H + 2, 4) == "refused"
    assert facts.equal(H, 6) == "refused"
    facts.divisible(W + 1, 2)
    assert facts.equal(W, H) == "refused"
    assert facts.conditions() == ("H must be a multiple of 4", "W must be odd")


def test_a_trial_is_undone() -> None:
    facts = Facts()
    facts.divisible(H, 2)
    before = facts.copy()
    facts.equal(H, W)
    facts.divisible(H, 3)
    facts.restore(before)
    assert facts.conditions() == ("H must be a multiple of 2",)
    assert facts.equal(H, W + 1) == "assumed"
    assert before.conditions() == ("H must be a multiple of 2",)


def test_sizes_from_data() -> None:
    classes = symbol("digits.classes")
    facts = Facts()
    facts.declare("digits.classes")
    assert facts.at_least(classes, 1) == "proved"
    assert facts.equal(2 * classes // 2, classes) == "proved"
    assert facts.conditions() == ()
    facts.declare("steps", least=0)
    assert facts.at_least(symbol("steps"), 1) == "assumed"
    assert facts.example(["digits.classes", "steps", "new"]) == {
        "digits.classes": 1,
        "steps": 1,
        "new": 1,
    }


def test_costly_questions_are_refused_at_once() -> None:
    facts = Facts()
    started = time.process_time()
    hard = (H // 4099, H // 64 + W // 64 + T // 64, H // 100_003, H // 2 // 99_991)
    for d in hard:
        for other in (H, H % 7, 5 * (W // 3) + T):
            assert facts.equal(d, other) == "refused"
            assert facts.reason
        facts.simplify(d * 3)
    wide: Dim = 1
    for i in range(7):
        wide = wide * (symbol(f"s{i}") // 2)
    assert facts.equal(wide, wide * wide) == "refused"
    assert time.process_time() - started < 3
    assert facts.conditions() == ()


def test_the_work_for_one_network_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnc.ir.cases.WORK", 20_000)
    facts = Facts()
    outcomes = [facts.equal((H + i) // 3001 * 3001, H + i) for i in (0, 3001, 0, 7, 9, 11, 13)]
    assert outcomes == ["assumed", "proved", "proved", *["refused"] * 4]
    assert facts.equal((T + 1) // 3001 * 3001, T) == "refused"
    assert facts.reason == "the symbolic sizes of this network have too many cases"
    assert facts.at_least(H, 1) == "proved"


def test_a_step_is_fast_enough_to_be_taken_for_each_layer() -> None:
    facts = Facts()
    started = time.process_time()
    for _ in range(3000):
        d: Dim = H
        for _ in range(4):
            d = (d + 2 - 3) // 2 + 1
            facts.at_least(d, 1)
        facts.equal(d, (H + 15) // 16)
    assert time.process_time() - started < 3  # 0.2 s on a laptop
