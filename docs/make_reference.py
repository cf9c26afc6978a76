"""Writes the pages of `grammar/reference/`: `make reference`.

Layers, words and rules come from their declarations, examples of messages from the language's
chapters in `tests/language/`, blocks from `specs/std/`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "compiler")]

from nnc.check import check_text  # noqa: E402
from nnc.check.training import words  # noqa: E402
from nnc.cli.explain import declared  # noqa: E402
from nnc.diagnostics import Diagnostic  # noqa: E402
from nnc.ir.initial import INITS  # noqa: E402
from nnc.ir.training import LOSSES, METRICS, OPTIMIZERS, SCHEDULES  # noqa: E402
from nnc.ir.walk import weight_table  # noqa: E402
from nnc.layers import LAYERS  # noqa: E402
from nnc.layers.base import Layer  # noqa: E402
from nnc.render import pages  # noqa: E402
from nnc.render.chapters import Chapter, language_page, read_chapters  # noqa: E402
from nnc.render.reference import written  # noqa: E402
from nnc.source import Source  # noqa: E402
from nnc.syntax import ast  # noqa: E402
from nnc.syntax.parser import parse  # noqa: E402
from tests.language.outcomes import sections  # noqa: E402

FOLDER = ROOT / "grammar" / "reference"
PAGES = (
    ("language.md", "The language", "what can be written, by example"),
    ("messages.md", "Messages", "what each code means, with a text that gives it"),
    ("layers.md", "Layers", "arguments, shapes, weights, sources, examples"),
    ("training.md", "Training and data", "settings, losses, optimizers, metrics, sources of data"),
    ("blocks.md", "Blocks", "the standard library"),
)
LONGEST_EXAMPLE = 16
"""Lines of a text that a page shows."""


def made() -> dict[str, str]:
    """The pages by their files."""
    return {
        "README.md": pages.index_page(PAGES),
        "language.md": language_page(chapters()),
        "messages.md": pages.messages_page(declared().values(), examples()),
        "layers.md": pages.layers_page([layer(word, of) for word, of in written(LAYERS).items()]),
        "training.md": training(),
        "blocks.md": pages.blocks_page(library()),
    }


def examples() -> dict[str, pages.Example]:
    """For each code the clearest text of the chapters: few messages, then few lines."""
    best: dict[str, tuple[tuple[int, int], pages.Example]] = {}
    for text in _texts():
        found = check_text(text).diagnostics
        for diagnostic in found:
            cost = (len(found), text.count("\n"))
            known = best.get(diagnostic.code)
            if _shown(text, diagnostic) and (known is None or cost < known[0]):
                best[diagnostic.code] = (cost, pages.Example(text, diagnostic))
    return {code: example for code, (_, example) in sorted(best.items())}


def _texts() -> Iterator[str]:
    for chapter in sorted((ROOT / "tests" / "language").glob("*.md")):
        for section in sections(chapter.read_text("utf-8")):
            yield section.text


def _shown(text: str, diagnostic: Diagnostic) -> bool:
    return text.count("\n") <= LONGEST_EXAMPLE and diagnostic.span.source.name == "spec.nn"


def chapters() -> Iterator[Chapter]:
    """The chapters of what may be written; those of mistakes make the page of messages."""
    for path in sorted((ROOT / "tests" / "language").glob("[0-9]*.md")):
        if not any(word in path.stem for word in ("mistakes", "planned", "habits", "other-texts")):
            yield from read_chapters(path.read_text("utf-8"))


def layer(word: str, of: type[Layer]) -> pages.LayerPage:
    """A layer with the weights that it has in the first of its cases with any."""
    for case in of.cases:
        if case.refused or not isinstance(case.inputs, str):
            continue
        network = f"network N {{ input x: {case.inputs}; {case.step}; output y }}"
        checked = check_text(network)
        if checked.errors or "N" not in checked.networks:
            continue
        rows = weight_table(checked.networks["N"])
        if rows:
            place = rows[0].name.rpartition(".")[0]
            own = [r for r in rows if r.name.startswith(place)]
            return pages.LayerPage(word, of, tuple(own), f"`{case.step}` on `{case.inputs}`")
    return pages.LayerPage(word, of)


def training() -> str:
    """Settings, sources and what is called in data and train blocks."""
    return pages.words_page(
        (
            ("Losses", "`loss cross_entropy` in a train block.", LOSSES),
            ("Optimizers", "`optimizer adam(lr=1e-3)` in a train block.", OPTIMIZERS),
            ("Schedules", "`schedule cosine(warmup=100)` in a train block.", SCHEDULES),
            ("Metrics", "`metric accuracy, f1` in a train block.", METRICS),
            ("Initial weights", "`init=normal(0.02)` in a layer with weights.", INITS),
        ),
        (
            ("Train settings", "In `train NETWORK { }`, one a line.", words.TRAIN_SETTINGS),
            ("Data sources", "Behind `data NAME =`.", words.SOURCES),
            ("Data settings", "In the braces behind a source.", words.DATA_SETTINGS),
            ("Augmentations", "`augment flip, shift(2)` in a data block.", words.AUGMENTS),
        ),
    )


def library() -> dict[str, ast.File]:
    """The files of the standard library by their names."""
    found = {}
    for path in sorted((ROOT / "specs" / "std").glob("*.nn")):
        found[path.stem], _ = parse(Source(path.name, path.read_text("utf-8")))
    return found


def main() -> None:
    """Writes all pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in made().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
