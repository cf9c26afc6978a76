"""The language specification: each text of each chapter comes to what the chapter says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnc.check import check_text
from nnc.diagnostics import RULES, Diagnostic
from tests.language.outcomes import Section, fixed, rewritten, sections, told

HERE = Path(__file__).parent
CHAPTERS = sorted(p for p in HERE.glob("*.md") if not p.name.startswith("syntax"))


def _cases() -> Iterator[object]:
    for chapter in CHAPTERS:
        for section in sections(chapter.read_text("utf-8")):
            yield pytest.param(section, id=f"{chapter.stem}-{section.title}".replace(" ", "-"))


def gist(diagnostic: Diagnostic) -> tuple[str, str]:
    """What tells one mistake from another when places move."""
    return diagnostic.code, diagnostic.message


@pytest.mark.parametrize("section", list(_cases()))
def test_a_text_comes_to_what_the_chapter_says(section: Section) -> None:
    checked = check_text(section.text)
    assert told(checked) == section.outcome
    for diagnostic in checked.diagnostics:
        assert diagnostic.code in RULES
        if diagnostic.fix is not None:
            better = check_text(fixed(section.text, diagnostic.fix)).diagnostics
            before = sum(gist(d) == gist(diagnostic) for d in checked.diagnostics)
            after = sum(gist(d) == gist(diagnostic) for d in better)
            assert after == before - 1, "the fix does not remove its mistake"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda p: p.stem)
def test_outcomes_are_written_one_way(chapter: Path) -> None:
    text = chapter.read_text("utf-8")
    assert rewritten(text) == text


ALONE = [p for p in CHAPTERS if p.stem.startswith("5")]
"""Chapters whose texts have one mistake each."""


def _alone() -> Iterator[object]:
    for chapter in ALONE:
        for section in sections(chapter.read_text("utf-8")):
            yield pytest.param(section, id=f"{chapter.stem}-{section.title}".replace(" ", "-"))


@pytest.mark.parametrize("section", list(_alone()))
def test_one_mistake_is_one_message_and_its_fix_leaves_nothing(section: Section) -> None:
    (diagnostic,) = check_text(section.text).diagnostics
    if diagnostic.fix is not None:
        assert check_text(fixed(section.text, diagnostic.fix)).diagnostics == ()


def test_the_corpus_is_large() -> None:
    """How many texts with mistakes the chapters hold."""
    told = [section for p in CHAPTERS for section in sections(p.read_text("utf-8"))]
    wrong = [section for section in told if re.match(r"\d+:\d+ NN", section.outcome)]
    assert len(wrong) >= 300


ELSEWHERE = {"NN214", "NN420", "NN421", "NN422", "NN424", "NN425", "NN427", "NN428"}
"""Mistakes that no text has: of the command line, and of data that were opened (tests/check)."""


def test_every_rule_of_the_checker_has_its_text() -> None:
    import nnc.check.foreign.foreign_rules as foreign
    import nnc.check.rules as names_and_flow
    import nnc.check.training.training_rules as training
    import nnc.layers.rules as layers

    declared = {
        rule.code
        for module in (foreign, names_and_flow, training, layers)
        for rule in vars(module).values()
        if getattr(rule, "code", "") in RULES
    }
    said = {
        line.split()[1]
        for chapter in CHAPTERS
        for section in sections(chapter.read_text("utf-8"))
        for line in section.outcome.splitlines()
        if line[0].isdigit()
    }
    assert declared - said - ELSEWHERE == set()
