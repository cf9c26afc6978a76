"""Positions, comments, recovery and the door of the parser."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnc.source import Source
from nnc.syntax import ast
from nnc.syntax.parser import parse, parse_expression
from tests.language.trees import tree

TEXTS = sorted((Path(__file__).parent / "texts").glob("*.nn"))


def parsed(text: str) -> ast.File:
    file, diagnostics = parse(Source("spec.nn", text))
    assert not diagnostics, diagnostics[0].message
    return file


def codes(text: str) -> list[str]:
    return [f"{d.span.line} {d.code}" for d in parse(Source("spec.nn", text))[1]]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_the_languages_examples_parse(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    file = parsed(text)
    assert file.declarations
    assert tree(file.declarations)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_windows_line_ends_change_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    windows = parsed(text.replace("\n", "\r\n"))
    assert tree(windows.declarations) == tree(parsed(text).declarations)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_tree_reads_as_its_text(path: Path) -> None:
    """The tree written out, with all its parentheses, makes the same tree."""
    file = parsed(path.read_text(encoding="utf-8"))
    written = "\n".join(tree(d) for d in file.declarations)
    again = parsed(written)
    assert "\n".join(tree(d) for d in again.declarations) == written


def test_spans_cover_what_was_written() -> None:
    file = parsed("network A {\n  input x: [3]\n  conv(64, 2*3) as c -> relu : [3]\n}\n")
    network = file.declarations[0]
    assert isinstance(network, ast.Network)
    source, chain = network.body.statements
    assert source.span.text == "input x: [3]"
    assert isinstance(chain, ast.Chain)
    assert chain.span.text == "conv(64, 2*3) as c -> relu : [3]"
    first, second = chain.links
    assert first.span.text == "conv(64, 2*3) as c"
    assert first.step.span.text == "conv(64, 2*3)"
    assert second.marks[0].span.text == ": [3]"
    assert isinstance(first.step, ast.Step)
    assert first.step.args is not None
    product = first.step.args[1].value
    assert isinstance(product, ast.Binary)
    assert (product.span.text, product.op_span.text) == ("2*3", "*")
    assert product.span.where() == "spec.nn:3:12"
    assert network.body.span.text.startswith("{\n")
    assert network.span.text.endswith("}")


def test_parentheses_belong_to_what_is_around_them() -> None:
    expression = parse_expression(Source("-", "(1 + 2) * 3"))
    assert isinstance(expression, ast.Binary)
    assert expression.span.text == "(1 + 2) * 3"
    assert expression.left.span.text == "1 + 2"


def test_comments_above_declarations_become_their_docs() -> None:
    file = parsed(
        "# A file.\n# Two lines.\n\ndata d = bundled()\n\n# What it\n#   is.\nblock f { relu }\n"
        "network A {  # beside\n  input x: [3]\n}\n# not this\n\nnetwork B { }\n"
    )
    assert file.doc == "A file.\nTwo lines."
    docs = [d.doc for d in file.declarations if isinstance(d, ast.Block | ast.Network)]
    assert docs == ["What it\nis.", "beside", ""]


def test_numbers() -> None:
    for text, value, unit in [
        ("3", 3, ""),
        ("50_257", 50257, ""),
        ("1e-3", 0.001, ""),
        ("2.50", 2.5, ""),
        ("5K", 5000, ""),
        ("1.5M", 1_500_000, ""),
        ("20MB", 20_000_000, "B"),
        ("10ms", 0.01, "s"),
        ("123456789012345678901", 123456789012345678901, ""),
    ]:
        node = parse_expression(Source("-", text))
        assert isinstance(node, ast.Number)
        assert (node.value, node.unit, type(node.value)) == (value, unit, type(value))


def test_an_unreadable_statement_leaves_its_neighbours() -> None:
    text = "network A {\n  input x: [3]\n  conv(= 3) as c\n  repeat % { relu as r }\n  flatten\n}"
    file, diagnostics = parse(Source("spec.nn", text))
    assert tree(file.declarations) == "network A { input x: [3]; flatten; }"
    assert len(diagnostics) == 2
    assert {"conv", "c", "r"} <= file.lost
    network = file.declarations[0]
    assert isinstance(network, ast.Network)
    assert file.damaged(network.span)
    assert not file.damaged(network.body.statements[0].span)


def test_mistakes_inside_an_unreadable_statement_are_told_too() -> None:
    assert codes("network A B {\n  input x: [3]\n  dense(.5)\n}\n") == ["1 NN001", "3 NN010"]
    assert codes("network A {\n  repeat % {\n    dense(.5)\n  }\n}\n") == ["2 NN001", "3 NN010"]


def test_an_unindented_setting_is_no_declaration() -> None:
    assert codes("train A {\ndata digits\nloss mse\nepochs 3\n}\ndata d = x()\n") == []
    assert codes("train A {\ndata digits\nepochs 3\n\ndata d = x()\n") == ["1 NN002"]


def test_empty_and_blank_texts() -> None:
    for text in ("", "\n", " ", "# only\n# comments", "\n\n;\n"):
        assert parsed(text).declarations == ()


@pytest.mark.parametrize(
    "text", ["3", "sgd(lr=0.1)", "0.8/0.1/0.1", "-1..1", '"text"', "[1, 2]", "a if b else c"]
)
def test_expressions_of_the_command_line(text: str) -> None:
    expression = parse_expression(Source("<command line>", text))
    assert not isinstance(expression, tuple)
    assert expression.span.text == text


@pytest.mark.parametrize(
    "text, message",
    [
        ("3 4", "`4` does not fit here"),
        ("(3", "this `(` is not closed"),
        ("relu -> tanh", "`->` does not fit here"),
        ("3 +", "something is missing after `+`"),
        ("", "something is missing"),
        ("10%", "there are no percentages"),
    ],
)
def test_expressions_that_are_none(text: str, message: str) -> None:
    diagnostics = parse_expression(Source("<command line>", text))
    assert isinstance(diagnostics, tuple)
    assert [d.message for d in diagnostics] == [message]
