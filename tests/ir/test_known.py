"""Numbers that remember their source, held to a small evaluator."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.ir.dims import Poly, symbol
from nnc.ir.known import NODES, Known, KnownReal, named, rebase, source_names, source_text, sourced
from tests.ir.reading import value

C, WIDTH = Known(3, "C"), Known(64, "width")


trees = st.recursive(
    st.sampled_from(["C", "width", "n"]) | st.integers(-4, 9),
    lambda inner: st.tuples(st.sampled_from(["+", "-", "*", "//"]), inner, inner),
    max_leaves=12,
)
numbers = st.fixed_dictionaries({name: st.integers(-9, 40) for name in ("C", "width", "n")})


def build(tree: object, env: dict[str, int]) -> int:
    if isinstance(tree, str):
        return env[tree]
    if isinstance(tree, int):
        return tree
    assert isinstance(tree, tuple)
    a, b = build(tree[1], env), build(tree[2], env)
    if tree[0] == "+":
        return a + b
    if tree[0] == "-":
        return a - b
    if tree[0] == "*":
        return a * b
    return a // b if b else a


@given(trees, numbers)
def test_the_text_says_the_number(tree: object, env: dict[str, int]) -> None:
    number = build(tree, {name: Known(n, name) for name, n in env.items()})
    assert number == build(tree, env)
    assert value(source_text(number), env) == number
    names = {
        node.id for node in ast.walk(ast.parse(source_text(number))) if isinstance(node, ast.Name)
    }
    assert set(source_names(number)) == names


@given(trees, numbers)
def test_rebase_tells_the_callers_terms(tree: object, env: dict[str, int]) -> None:
    number = build(tree, {name: Known(n, name) for name, n in env.items()})
    base = Known(7, "base")
    moved = rebase(number, {name: base + (n - 7) for name, n in env.items()})
    assert moved == number
    assert value(source_text(moved), {"base": 7}) == number


@pytest.mark.parametrize(
    "number, text",
    [
        (4 * WIDTH, "4 * width"),
        (WIDTH // 4, "width // 4"),
        (C + 2 * WIDTH, "C + 2*width"),
        ((WIDTH - 1) + 2, "width + 1"),
        (WIDTH * 1, "width"),
        (WIDTH + 0, "width"),
        (2 * (WIDTH + 1), "2 * (width + 1)"),
        (WIDTH - (C + 1), "width - (C + 1)"),
        (C + (WIDTH + 1), "C + width + 1"),
        (WIDTH * (C // 2), "width * (C // 2)"),
        (WIDTH // 2 // 2, "width // 4"),
        (4 * WIDTH // 2, "2 * width"),
        ((C + WIDTH) - C, "width"),
        (-1 + WIDTH, "width - 1"),
        (WIDTH - -1, "width + 1"),
        (C * WIDTH // 2 + 1, "C * width // 2 + 1"),
        (WIDTH % 3, "1"),
        (WIDTH**2, "4096"),
        (WIDTH - WIDTH, "0"),
        (C + WIDTH + WIDTH, "C + 2*width"),
        (C + 3 * WIDTH - 2 * WIDTH, "C + width"),
        (C + 2 * WIDTH + WIDTH - 3 * WIDTH, "C"),
        (64, "64"),
    ],
)
def test_text(number: int, text: str) -> None:
    assert source_text(number) == text


def test_names_in_order_of_appearance() -> None:
    assert source_names(WIDTH + C * WIDTH) == ("width", "C")
    assert source_names(64) == ()


def test_a_known_number_is_a_number() -> None:
    assert WIDTH == 64
    assert hash(WIDTH) == hash(64)
    assert {64: "x"}[WIDTH] == "x"
    assert list(range(Known(2, "n"))) == [0, 1]
    assert WIDTH * 0.5 == 32.0
    assert [0] * Known(2, "n") == [0, 0]
    with pytest.raises(ZeroDivisionError):
        WIDTH // 0
    with pytest.raises(TypeError):
        WIDTH + "a"  # type: ignore[operator]


def test_decimals_and_powers_keep_their_source() -> None:
    drop = named(0.25, "drop")
    assert isinstance(drop, KnownReal)
    half = sourced("/", drop, 2, drop / 2)
    assert half == 0.125
    assert isinstance(half, KnownReal)
    assert half.source == ("/", "drop", 2)
    assert source_names(half) == ("drop",)
    wide = sourced("**", 2, C, 2**C)
    assert source_text(int(wide) if not isinstance(wide, int) else 3 * wide) == "3 * 2**C"
    assert type(sourced("*", 0.5, 3, 1.5)) is float
    assert type(named(True, "on")) is bool


def test_a_polynomial_forgets() -> None:
    both = symbol("H") * WIDTH + C
    assert isinstance(both, Poly)
    assert type(both.const) is int
    assert type(both.terms[0][1]) is int
    assert WIDTH + symbol("H") == symbol("H") + 64
    assert symbol("H") * 4 // Known(4, "k") == symbol("H")


def test_long_sources_are_forgotten() -> None:
    number: int = WIDTH
    for i in range(NODES):
        number = number + Known(1, f"n{i}")
    assert number == 64 + NODES
    assert source_text(number).count("+") < NODES


def test_rebase_without_a_name_is_plain() -> None:
    assert source_text(rebase(WIDTH + C, {"C": C})) == "67"
    assert source_text(rebase(WIDTH + 1, {"width": 4 * Known(16, "base")})) == "4*base + 1"
    with pytest.raises(AssertionError, match="width"):
        rebase(WIDTH, {"width": 63})
