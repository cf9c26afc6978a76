"""Random networks check, keep what the IR promises, and give the same numbers in both backends.

2,000 networks of up to 60 statements (140,000 layers), each at two batch sizes, took
9 minutes on a busy core; run them with `make slow`.
"""

from __future__ import annotations

import pytest

from nnc.check import check_text
from nnc.ir.walk import flat
from tests.fuzz.agreement import Failure, examine, smallest
from tests.fuzz.networks import FORMS, WORDS, drawn

MANY = 2_000
SLICES = 40
"""Into so many tests the many networks are divided."""

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'", "ignore:.*nearest power")


def holds(seed: int, longest: int) -> None:
    """A network by its number; where it fails, the smallest text that fails alike is shown."""
    text = drawn(seed, longest)
    try:
        examine(text)
    except Exception as failure:
        least = smallest(text, type(failure))
        pytest.fail(f"network {seed}: {type(failure).__name__} {failure}\n{least}")


def words_of(text: str) -> set[str]:
    """The layers of a network."""
    network = check_text(text).networks["N"]
    return {step.item.op.word for step in flat(network).steps}


@pytest.mark.parametrize("seed", range(len(WORDS)), ids=WORDS)
def test_a_short_network_that_begins_with_each_layer(seed: int) -> None:
    holds(seed, longest=12)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(SLICES))
def test_two_thousand_networks(part: int) -> None:
    for seed in range(part, MANY, SLICES):
        holds(seed, longest=60)


FOUND = {
    "turned values": "input x: [2, 3, 6, 5]\nlayer_norm(axis=0) -> local_response_norm(4)",
}
"""What random networks found, kept small."""


@pytest.mark.parametrize("body", FOUND.values(), ids=FOUND)
def test_what_was_found_before(body: str) -> None:
    examine(f"network N {{\n{body}\noutput y\n}}\n")


def test_every_layer_occurs() -> None:
    found = set().union(*(words_of(drawn(seed, 12)) for seed in range(len(WORDS))))
    assert set(WORDS) - found == set()


def test_every_form_occurs() -> None:
    text = "\n".join(drawn(seed, 30) for seed in range(150))
    heads = {form.split("{")[0].split(" in ")[0].strip() for form in FORMS}
    heads |= {
        "shared",
        "block",
        "weight",
        "constant",
        "noise",
        "split",
        " as ",
        "from -",
        "act=",
        "tie=",
        "scan {",
        "next ",
    }
    assert {head for head in heads if head not in text} == set()


def test_the_same_number_is_the_same_network() -> None:
    assert drawn(7) == drawn(7) != drawn(8)


def test_a_failure_shrinks_to_what_fails() -> None:
    """A network in which the two backends would differ: here, one that PyTorch cannot run."""
    lines = ["network N {", "input x: [4]", *["relu"] * 9, "batch_norm", *["tanh"] * 9, "output y"]
    text = "\n".join([*lines, "}", ""])
    examine(text)

    def wrong(text: str) -> None:
        if "batch_norm" in text and not check_text(text).errors:
            raise Failure("it has one")

    least = smallest(text, Failure, wrong)
    assert least == "network N {\ninput x: [4]\nbatch_norm\noutput y\n}\n"
