"""Texts of ours with tokens dropped, doubled, swapped, replaced and lines moved; what must hold."""

from __future__ import annotations

import re
import time
from pathlib import Path
from random import Random

from nnc.check import Checked, check_source
from nnc.check.fixes import fixed
from nnc.diagnostics import RULES, Diagnostic, Refusal
from nnc.source import Source, Span
from nnc.syntax.format import formatted, same
from nnc.syntax.parser import parse

ROOT = Path(__file__).resolve().parents[2]
TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*|->|\*\*|//|[<>=!]=|\.\.\.?|\"[^\"\n]*\"|[^\s\w]|\n")
STRAY = """\
{ } ( ) [ ] -> : , = . " # -1 0 1e9 0.5 3x3 5M 20MB 10ms x y H _ ... true null 99999999999 <= ** ;
conv dense add concat path from as if else for in repeat let input output shared next scan state
network block data train export budget gan use param defaults weight noise freeze on split lstm tie
body init rearrange padded elif return
\u202e \x00 \u00e9 \t \u2192 '""".replace("\n", " ").split(" ")
KINDS = ("drop", "double", "swap", "replace", "stray", "number", "line", "cut")
SECONDS = 10.0


def texts() -> list[tuple[str, str]]:
    """All specs, and all texts of the language's chapters, each with its name."""
    found = [(str(p), p.read_text("utf-8")) for p in sorted((ROOT / "specs").rglob("*.nn"))]
    for path in sorted((ROOT / "tests" / "language").glob("*.md")):
        blocks = re.findall(r"```nn\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
        found += [(path.name, block) for block in blocks]
    return found


def mutated(seed: int, among: list[tuple[str, str]]) -> tuple[str, str]:
    """A text with one to four mistakes, by its number, and the name of what it was."""
    draw = Random(seed)
    name, text = draw.choice(among)
    for _ in range(draw.randint(1, 4)):
        tokens = [m.span() for m in TOKEN.finditer(text)]
        if not tokens:
            break
        text = _once(draw, text, tokens, draw.choice(KINDS), among)
    return name, text


def _once(
    draw: Random,
    text: str,
    tokens: list[tuple[int, int]],
    kind: str,
    among: list[tuple[str, str]],
) -> str:
    start, end = draw.choice(tokens)
    first, last = draw.choice(tokens)
    if kind == "drop":
        return text[:start] + text[end:]
    if kind == "double":
        return f"{text[:end]} {text[start:end]}{text[end:]}"
    if kind == "swap":
        if first < end:
            return text[:start] + text[first:last] + text[end:]
        return text[:start] + text[first:last] + text[end:first] + text[start:end] + text[last:]
    if kind == "replace":
        _, other = draw.choice(among)
        words = TOKEN.findall(other) or ["x"]
        return text[:start] + draw.choice(words) + text[end:]
    if kind == "stray":
        return f"{text[:start]} {draw.choice(STRAY)} {text[start:]}"
    if kind == "number":
        numbers = [m.span() for m in re.finditer(r"\b\d+\b", text)] or [(start, end)]
        start, end = draw.choice(numbers)
        return text[:start] + str(draw.randint(-2, 99)) + text[end:]
    if kind == "line":
        lines = text.split("\n")
        lines.insert(draw.randrange(len(lines)), lines.pop(draw.randrange(len(lines))))
        return "\n".join(lines)
    return text[:end]


class Broken(AssertionError):
    """What does not hold of a text."""


def examine(name: str, text: str) -> Checked:
    """Checks, mends and formats a text.

    Raises:
        Broken: it took more than `SECONDS` of CPU (it hangs), a message has no place in a text, or
            what formatting gives is not stable or says something else.
    """
    root = str(Path(name).parent)
    begun = time.process_time()
    checked = check_source(Source(name, text), root=root)
    if time.process_time() - begun > SECONDS:
        raise Broken(f"checking took {time.process_time() - begun:.1f} s")
    for diagnostic in checked.diagnostics:
        _placed(diagnostic, checked)
    if not (checked.errors or checked.networks or checked.data or checked.file.declarations):
        raise Broken("neither mistakes nor anything else")
    if any(diagnostic.fix is not None for diagnostic in checked.diagnostics):
        fixed(Source(name, text), lambda source: check_source(source, root=root).diagnostics)
    _format(name, text)
    return checked


def _placed(diagnostic: Diagnostic, checked: Checked) -> None:
    if diagnostic.code not in RULES or not diagnostic.message:
        raise Broken(f"a message of no rule: {diagnostic}")
    for span in (*(label.span for label in diagnostic.labels), *_fixes(diagnostic)):
        if not 0 <= span.start <= span.end <= len(span.source.text) + 1:
            raise Broken(f"{diagnostic.code} points outside of the text")
        if span.source.text and span.source not in checked.sources:
            raise Broken(f"{diagnostic.code} points into another text")


def _fixes(diagnostic: Diagnostic) -> list[Span]:
    return [diagnostic.fix.span] if diagnostic.fix is not None else []


def _format(name: str, text: str) -> None:
    """Formatting keeps what the text says, and formatting again changes nothing."""
    try:
        made = formatted(Source(name, text))
    except Refusal:
        return
    if formatted(Source(name, made)) != made:
        raise Broken("formatting twice differs from formatting once")
    if not same(parse(Source(name, text))[0], parse(Source(name, made))[0]):
        raise Broken("formatting changed what the text says")
