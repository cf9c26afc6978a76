"""The pages of the reference are as their sources say, and hang together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.make_reference import FOLDER, made
from nnc.cli.explain import declared
from nnc.layers import LAYERS
from nnc.render import pages
from nnc.render.reference import section, unfenced
from tests.cli.conftest import Nnc

MADE = made()


@pytest.mark.parametrize("name", MADE)
def test_a_page_is_current(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == MADE[name], "run `make reference`"


def test_pages_are_the_same_each_time() -> None:
    assert made() == MADE


def anchors(page: str) -> list[str]:
    """The anchors of a page's headings, and those that it sets itself."""
    text = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    own = re.findall(r'<a id="([^"]+)">', text)
    titles = re.findall(r"^##+ (.+)$", text, re.MULTILINE)
    return [*own, *(pages.anchor(title) for title in titles)]


@pytest.mark.parametrize("name", MADE)
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", MADE[name]):
        file, _, place = target.partition("#")
        page = MADE[file or name]
        if place:
            assert place in anchors(page), target


def test_headings_that_are_linked_are_alone() -> None:
    for name, page in MADE.items():
        found = anchors(page)
        for place in re.findall(r"\]\(#([^)]+)\)", page):
            assert found.count(place) == 1, f"{name}#{place}"


def test_everything_has_its_place() -> None:
    for code in declared():
        assert f"\n### {code} " in MADE["messages.md"]
    for word, layer in LAYERS.items():
        assert (f"\n### {word}\n" in MADE["layers.md"]) is not layer.hidden
        for arg in layer.args.values():
            assert layer.hidden or arg.doc.replace("|", "\\|") in MADE["layers.md"]


def test_most_messages_have_an_example() -> None:
    page = MADE["messages.md"]
    early = [code for code in declared() if code[2] in "0123"]
    lacking = [code for code in early if "For example" not in section(page, f"### {code} ")]
    # Limits, texts of other encodings and the command line: no short text has these.
    assert len(lacking) <= 12, lacking


def test_explain_shows_the_page(nnc: Nnc) -> None:
    for code in ("NN301", "NN215", "NN411"):
        said = unfenced(section(MADE["messages.md"], f"### {code} "))
        assert said
        assert said in nnc("explain", code).out


def test_the_pages_ship(root: Path) -> None:
    assert '"grammar" = "nnc/grammar"' in (root / "pyproject.toml").read_text("utf-8")


def test_every_layer_is_in_a_family() -> None:
    """A file of layers that FAMILIES does not know would be a family of its own."""
    assert set(re.findall(r"^## (.+)$", MADE["layers.md"], re.MULTILINE)) == set(pages.FAMILIES)
