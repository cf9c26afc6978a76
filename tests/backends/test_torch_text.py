"""Literals, documentation and layout of generated source."""

from __future__ import annotations

import ast

import pytest

from nnc.backends.torch_text import constant, docstring, laid_out, quoted, real, split_top

STRINGS = [
    "", "plain", 'say "hi"', "it's", "it's \"both\"", "back\\slash", "line\nbreak",
    "\r\x00\x1b[31m",
    "\u202egnp.exe", "\ud800", "\u2028", "{braces}", "# coding: utf-7", "é漢", "'''", '"""', "\\",
]  # fmt: skip


@pytest.mark.parametrize("text", STRINGS)
def test_a_string_comes_back_from_one_printable_line(text: str) -> None:
    made = quoted(text)
    assert made.isprintable()
    assert ast.literal_eval(made) == text


@pytest.mark.parametrize("text", STRINGS)
def test_a_docstring_holds_any_text(text: str) -> None:
    for paragraphs in ([text], [f"{text} and", f"{text}"], [f'x{text}"']):
        lines = docstring(paragraphs, "    ")
        source = "class A:\n" + "\n".join(lines) + "\n"
        source.encode()
        (tree,) = ast.parse(source).body
        assert isinstance(tree, ast.ClassDef)
        assert len(tree.body) == 1
        assert all(len(line) <= 100 and line == line.rstrip() for line in lines)


def test_numbers() -> None:
    assert real(1e-5) == "1e-5"
    assert real(0.1) == "0.1"
    assert real(1e16) == "1e16"
    assert real(float("-inf")) == 'float("-inf")'
    assert constant(True) == "True"
    assert constant(None) == "None"
    with pytest.raises(TypeError):
        constant(object())  # type: ignore[arg-type]


def test_long_statements_are_split_as_ruff_splits_them() -> None:
    words = [f"word{i}" for i in range(9)]
    assert laid_out(f"x = f({', '.join(words)})", "") == [f"x = f({', '.join(words)})"]
    words = [f"word{i}" for i in range(12)]
    assert laid_out(f"x = long({', '.join(words)}, 1)", "    ") == [
        "    x = long(",
        f"        {', '.join(words)}, 1",
        "    )",
    ]
    words = [f"word{i}" for i in range(14)]
    assert laid_out(f"x = f({', '.join(words)})", "") == [
        "x = f(",
        *[f"    {word}," for word in words],
        ")",
    ]
    assert laid_out(f"return {' + '.join(words)}", "") == [
        "return (",
        "    word0",
        *[f"    + {word}" for word in words[1:]],
        ")",
    ]


def test_commas_in_strings_and_brackets_do_not_split() -> None:
    assert split_top('f(a, b), "x, (y", [1, 2], \'"\'') == [
        "f(a, b)", '"x, (y"', "[1, 2]", "'\"'",
    ]  # fmt: skip


def test_brackets_that_hold_operands_together_are_no_tuple() -> None:
    sides = [" + ".join(f"value_{side}{i}" for i in range(7)) for side in "ab"]
    lines = laid_out(f"x = (({sides[0]}) / ({sides[1]})).sqrt()", "")
    assert lines == ["x = (", f"    ({sides[0]})", f"    / ({sides[1]})", ").sqrt()"]
