"""Arithmetic of sizes, held to the arithmetic of whole numbers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.ir.dims import (
    Dim,
    DimTooLarge,
    Poly,
    evaluate,
    exact_div,
    product,
    show,
    substitute,
    symbol,
    symbols,
)
from nnc.ir.dimtext import parse
from nnc.ir.periods import degrees, is_increasing, periods
from tests.ir.reading import value

H, W, K = symbol("H"), symbol("W"), symbol("digits.classes")
NAMES = ("H", "W", "digits.classes")

Tree = tuple[object, ...]
leaves = st.sampled_from([H, W, K]) | st.integers(-6, 6)
sizes = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-*"), inner, inner),
        st.tuples(st.sampled_from(["//", "%"]), inner, st.sampled_from([-3, 1, 2, 3, 4, 6])),
        st.tuples(st.just("neg"), inner),
    ),
    max_leaves=8,
)
values = st.fixed_dictionaries({name: st.integers(0, 60) for name in NAMES})


def build(tree: object, env: dict[str, int] | None = None) -> Dim:
    """The size of a tree, or its number where the symbols have values."""
    if not isinstance(tree, tuple):
        if isinstance(tree, Poly) and env is not None:
            return env[show(tree)]
        assert isinstance(tree, int | Poly)
        return tree
    a = build(tree[1], env)
    if tree[0] == "neg":
        return -a
    b = build(tree[2], env)
    if tree[0] in ("//", "%"):
        assert isinstance(b, int)
        return a // b if tree[0] == "//" else a % b
    return a + b if tree[0] == "+" else a - b if tree[0] == "-" else a * b


@given(sizes, values)
def test_arithmetic_is_that_of_numbers(tree: Tree, env: dict[str, int]) -> None:
    d = build(tree)
    assert evaluate(d, env) == build(tree, env)
    assert symbols(d) <= set(NAMES)


@given(sizes, values)
def test_text_is_stable_and_reads_back(tree: Tree, env: dict[str, int]) -> None:
    d = build(tree)
    text = show(d)
    assert parse(text) == d
    assert show(parse(text)) == text
    # Python reads the same number from it
    assert value(text, env) == evaluate(d, env)


@given(sizes, sizes, values)
def test_substitution_commutes_with_evaluation(
    tree: Tree, other: Tree, env: dict[str, int]
) -> None:
    d, into = build(tree), build(other)
    assert evaluate(substitute(d, {"H": into}), env) == evaluate(
        d, env | {"H": evaluate(into, env)}
    )


@given(sizes, sizes)
def test_equal_sizes_hash_alike(tree: Tree, other: Tree) -> None:
    a, b = build(tree), build(other)
    assert a - a == 0
    assert a + b == b + a
    assert hash(a * b) == hash(b * a)
    assert a - b == -(b - a)


@given(sizes, sizes)
def test_exact_division_undoes_a_product(tree: Tree, other: Tree) -> None:
    a, b = build(tree), build(other)
    if b != 0:
        assert exact_div(a * b, b) == a


@given(sizes, values, st.integers(1, 3))
def test_a_size_is_a_polynomial_on_steps_of_its_period(
    tree: Tree, env: dict[str, int], stretch: int
) -> None:
    d = build(tree)
    power, step = degrees(d), periods(d)
    for name in symbols(d):
        row = [
            evaluate(d, env | {name: env[name] + step[name] * stretch * t})
            for t in range(power[name] + 3)
        ]
        for _ in range(power[name] + 1):
            row = [b - a for a, b in pairwise(row)]
        assert not any(row)


@given(sizes, values, st.sampled_from(NAMES))
def test_increasing_sizes_never_fall(tree: Tree, env: dict[str, int], name: str) -> None:
    d = build(tree)
    if is_increasing(d):
        assert evaluate(d, env) <= evaluate(d, env | {name: env[name] + 1})


@pytest.mark.parametrize(
    "d, text",
    [
        (2 * H - 1, "2*H - 1"),
        ((H + 2 - 3) // 2 + 1, "(H + 1)//2"),
        ((H - 3) // 2 + 1, "(H - 1)//2"),
        ((H - 2) // 2 + 1, "H//2"),
        (((H - 1) // 2 + 1 - 1) // 2 + 1, "(H + 3)//4"),
        (H // 2 // 3, "H//6"),
        ((2 * H + 3) // 4, "(H + 1)//2"),
        ((3 * H + 1) // 2, "H + (H + 1)//2"),
        (2 * (H // 2), "2*(H//2)"),
        ((H + H // 2) // 3, "H//2"),
        (3 * H // 4, "(3*H)//4"),
        (-H // 4, "(-H)//4"),
        (W - H, "W - H"),
        (7 - H, "7 - H"),
        (-H - 7, "-H - 7"),
        (-(H // 2) - 3, "-(H//2) - 3"),
        (H * W * 4, "4*H*W"),
        (H * H + H, "H**2 + H"),
        ((H // 2) * (W // 2), "(H//2)*(W//2)"),
        (H * W // 4, "(H*W)//4"),
        (K + 1, "digits.classes + 1"),
        (H - H, "0"),
        (product([]), "1"),
    ],
)
def test_text_is_tidy(d: Dim, text: str) -> None:
    assert show(d) == text


def test_constants_are_plain_numbers() -> None:
    assert type(H - H + 3) is int
    assert type((4 * H + 5) // 4 - H) is int
    assert H != 1
    assert True + H == H + 1
    assert show(True) == "1"


def test_division_by_a_size_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        H // W  # type: ignore[operator]
    with pytest.raises(TypeError):
        4 // H  # type: ignore[operator]
    with pytest.raises(TypeError):
        H % W  # type: ignore[operator]
    with pytest.raises(ZeroDivisionError):
        H // 0


def test_exact_division() -> None:
    assert exact_div(6 * H + 4, 2) == 3 * H + 2
    assert exact_div(6 * H + 5, 2) is None
    assert exact_div(H * W * 16, 4 * W) == 4 * H
    assert exact_div(H * W + 1, W) is None
    assert exact_div((H + 1) * (H // 2 + W), H + 1) == H // 2 + W
    assert exact_div(12, 4) == 3
    assert exact_div(12, 0) is None
    assert exact_div(12, H) is None
    assert exact_div(0, H) == 0


def entangled(d: Dim, i: int) -> Dim:
    return entangled(d // i + (d + 1) // (i + 1), i + 1)


def test_growth_is_refused() -> None:
    d: Dim = sum((symbol(f"s{i}") for i in range(30)), 1)
    with pytest.raises(DimTooLarge):
        d * d
    with pytest.raises(DimTooLarge):
        entangled(H, 2)
    with pytest.raises(DimTooLarge):
        H**10_000
    with pytest.raises(DimTooLarge):
        periods(H // 100_003)
    with pytest.raises(DimTooLarge):
        H * 10**100


@pytest.mark.parametrize(
    "text",
    [
        *["", "H +", "H//0", "H//W", "(H", "H)", "2**H", "9**50**50", "H ? 2"],
        *["(" * 99, "-" * 9000, "1" * 9999, "((9**50)**50)**50", "H" * 10_001],
    ],
)
def test_other_texts_are_no_sizes(text: str) -> None:
    with pytest.raises((ValueError, DimTooLarge)):
        parse(text)
