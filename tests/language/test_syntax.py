"""What the parser alone makes of a text: each comes to what its chapter says."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnc.source import Source
from nnc.syntax.parser import parse
from tests.language import outcomes, trees
from tests.language.outcomes import Section

SECTIONS = [
    pytest.param(section, id=f"{chapter.stem}: {section.title}")
    for chapter in sorted(Path(__file__).parent.glob("syntax*.md"))
    for section in outcomes.sections(chapter.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_text_parses_to_what_the_chapter_says(section: Section) -> None:
    assert trees.outcome(section.text) == section.outcome


@pytest.mark.parametrize("section", SECTIONS)
def test_a_fix_mends_its_mistake(section: Section) -> None:
    _, mistakes = parse(Source("spec.nn", section.text))
    for mistake in mistakes:
        if mistake.fix is not None:
            _, left = parse(Source("spec.nn", outcomes.fixed(section.text, mistake.fix)))
            assert len(left) < len(mistakes), mistake.message
