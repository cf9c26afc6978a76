"""The zoo's page and pictures tell of the specs as they are."""

from __future__ import annotations

from docs.make_zoo import PAGE, made
from tests.zoo.networks import SPECS


def test_the_page_is_current() -> None:
    """`make reference` writes it anew."""
    for path, text in made().items():
        assert path.read_text(encoding="utf-8") == text


def test_every_network_is_on_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"({path.name})" in page for path in SPECS.values())
