"""Damaged texts end in messages, soon, each with its place; formatting and mending stay sound.

20,000 texts made of all specs and of the language's chapters took 4 minutes on a busy core;
run them with `make slow`.
"""

from __future__ import annotations

import pytest

from tests.fuzz.mutations import examine, mutated, texts

MANY = 20_000
SLICES = 40
FEW = 600


def holds(seed: int, among: list[tuple[str, str]]) -> bool:
    """A text by its number; whether it has errors."""
    name, text = mutated(seed, among)
    try:
        return examine(name, text).errors > 0
    except Exception as failure:
        pytest.fail(f"text {seed} of {name}: {type(failure).__name__} {failure}\n{text}")


def test_damaged_texts() -> None:
    among = texts()
    errors = sum(holds(seed, among) for seed in range(FEW))
    assert FEW * 0.8 < errors < FEW, "nearly all are wrong, and some are not"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(SLICES))
def test_twenty_thousand_damaged_texts(part: int) -> None:
    among = texts()
    for seed in range(part, MANY, SLICES):
        holds(seed, among)


def test_the_same_number_is_the_same_text() -> None:
    among = texts()
    assert mutated(5, among) == mutated(5, among) != mutated(6, among)
