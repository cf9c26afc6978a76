"""`nnc sample` of a language model: text, unit by unit as it comes."""

from __future__ import annotations

from collections.abc import Iterator

from nnc.cli.console import Console
from nnc.cli.failures import unusable
from nnc.deploy.sampling import Language, Wish
from nnc.deploy.session import Session
from nnc.deploy.speller import Speller
from nnc.render.json import Json, document

BETWEEN = "\n----\n"


def write(
    session: Session, prompt: str, wish: Wish, count: int, output: str | None, console: Console
) -> None:
    """Writes samples to stdout as they come, into a file, or as one document.

    Raises:
        Refusal: it is no language model, or the prompt has what it has never read.
    """
    if output is not None and output.lower().endswith(".png"):
        raise unusable(f"{session.name} writes a text, no picture", help="-o FILE.txt keeps it")
    language = Language(session)
    if not language.trained:
        console.note(f"note: {language.name} has initial weights: it was not trained")
    begin = language.encoded(prompt)
    if not console.json and output is None:
        for at in range(count):
            if at:
                console.piece(BETWEEN)
            for piece in _pieces(language, prompt, begin, wish, at):
                console.piece(piece)
        console.piece("\n")
        return
    texts = ["".join(_pieces(language, prompt, begin, wish, at)) for at in range(count)]
    if console.json:
        samples: list[Json] = [{"text": text} for text in texts]
        text = document(model=language.name, prompt=prompt, seed=wish.seed, samples=samples)
        console.result(text)
    if output is not None:
        with open(output, "w", encoding="utf-8", newline="\n") as file:
            file.write(BETWEEN.join(texts) + "\n")
        console.note(f"{count} sample{'s' * (count > 1)} in {output}")


def _pieces(
    language: Language, prompt: str, begin: list[int], wish: Wish, sample: int
) -> Iterator[str]:
    """The prompt, then what follows as it comes."""
    yield prompt
    speller = Speller(language.known, begin)
    for unit in language.written(begin, wish, sample):
        yield speller.add(unit)
    yield speller.rest()
