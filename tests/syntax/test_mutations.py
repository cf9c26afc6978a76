"""Texts with tokens dropped, doubled, swapped and replaced never raise and never hang."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nnc.source import Source
from nnc.syntax import ast
from nnc.syntax.parser import parse, parse_expression
from tests.language.trees import tree

FOLDER = Path(__file__).parent
TEXTS = [p.read_text(encoding="utf-8") for p in sorted((FOLDER / "texts").glob("*.nn"))]
CHAPTER = (FOLDER.parent / "language" / "syntax_mistakes.md").read_text(encoding="utf-8")
TEXTS += re.findall(r"```nn\n(.*?)```", CHAPTER, re.DOTALL)
SPLIT = [re.findall(r"\w+|->|[^\w\s]|\s+", text) for text in TEXTS]
POOL = sorted({token for tokens in SPLIT for token in tokens})


@st.composite
def mutated(draw: st.DrawFn) -> str:
    tokens = list(draw(st.sampled_from(SPLIT)))
    for _ in range(draw(st.integers(1, 4))):
        if not tokens:
            break
        at = draw(st.integers(0, len(tokens) - 1))
        match draw(st.sampled_from(("drop", "double", "swap", "insert", "cut"))):
            case "drop":
                del tokens[at]
            case "double":
                tokens.insert(at, tokens[at])
            case "swap":
                other = draw(st.integers(0, len(tokens) - 1))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case "insert":
                tokens.insert(at, draw(st.sampled_from(POOL)))
            case _:
                del tokens[at + 1 :]
    return "".join(tokens)


@settings(max_examples=300)
@given(mutated())
def test_mutated_texts(text: str) -> None:
    file, diagnostics = parse(Source("spec.nn", text))
    for declaration in file.declarations:
        assert isinstance(declaration.span.text, str)
        assert tree(declaration)
    for diagnostic in diagnostics:
        assert diagnostic.message
        for label in diagnostic.labels:
            assert 0 <= label.span.start <= label.span.end <= len(text)
        if diagnostic.fix:
            assert 0 <= diagnostic.fix.span.start <= diagnostic.fix.span.end <= len(text)


@settings(max_examples=150)
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    parse(Source("spec.nn", text))
    expression = parse_expression(Source("-", text))
    if not isinstance(expression, tuple):
        assert not isinstance(expression, ast.File)
