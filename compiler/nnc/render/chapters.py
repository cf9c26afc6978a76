"""The language as one page of Markdown, made of the chapters that are its tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nnc.record import Record
from nnc.render.pages import SAID, anchor

MISTAKE = re.compile(r"^\d+:\d+ NN\d", re.MULTILINE)


class Part(Record):
    """A heading of a chapter, what is said under it, a text and what it comes to."""

    title: str
    prose: str
    text: str
    outcome: str

    @property
    def legal(self) -> bool:
        """Whether the text is one to follow, or none stands there."""
        return not MISTAKE.search(self.outcome)


class Chapter(Record):
    """One chapter: its title, what is said before its parts, and those."""

    title: str
    prose: str
    parts: tuple[Part, ...]


def read_chapters(markdown: str) -> Iterator[Chapter]:
    """The chapters of a file of `tests/language/`: headings, prose, texts in fences."""
    title, intro = "", ""
    parts: list[Part] = []
    for level, head, prose, texts in _headed(markdown):
        if level == 1:
            if title:
                yield Chapter(title, intro, tuple(parts))
            title, intro, parts = head, prose, []
        else:
            parts.append(Part(head, prose, texts.get("nn", ""), texts.get("text", "")))
    yield Chapter(title, intro, tuple(parts))


def _headed(markdown: str) -> Iterator[tuple[int, str, str, dict[str, str]]]:
    """Each heading with its level, and the prose and texts below it."""
    level, head, fence = 0, "", ""
    prose: list[str] = []
    texts: dict[str, list[str]] = {}
    for line in markdown.splitlines():
        if line.startswith("```"):
            fence = "" if fence else line[3:].strip()
        elif fence:
            texts.setdefault(fence, []).append(line)
        elif line.startswith(("# ", "## ")):
            if level:
                yield level, head, _joined(prose), {k: _joined(v) for k, v in texts.items()}
            level, _, head = line.count("#", 0, 2), *line.partition(" ")[1:]
            prose, texts = [], {}
        else:
            prose.append(line)
    if level:
        yield level, head, _joined(prose), {k: _joined(v) for k, v in texts.items()}


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n")


def language_page(chapters: Iterable[Chapter]) -> str:
    """All legal texts of the chapters, with a table of contents."""
    kept = [(c, [p for p in c.parts if p.legal]) for c in chapters]
    kept = [(chapter, parts) for chapter, parts in kept if parts]
    lines = [
        "# The language",
        "",
        SAID,
        "",
        "What can be written, by example. Each text is checked by the tests, and what it comes to "
        "stands below it.",
        "",
    ]
    lines += [f"- [{c.title}](#{anchor(c.title)})" for c, _ in kept]
    linked = {anchor(chapter.title) for chapter, _ in kept}
    for chapter, parts in kept:
        lines += ["", f"## {chapter.title}"]
        lines += ["", chapter.prose] if chapter.prose else []
        for part in parts:
            alone = anchor(part.title) not in linked
            lines += ["", f"### {part.title}" if alone else f"### {part.title} ({chapter.title})"]
            lines += ["", part.prose] if part.prose else []
            if part.text:
                lines += ["", "```nn", part.text.rstrip(), "```"]
                lines += ["```text", part.outcome.rstrip(), "```"] if part.outcome.strip() else []
    return "\n".join(lines) + "\n"
