"""Nothing that a stranger wrote takes longer than its length, or ends in a traceback."""

from __future__ import annotations

import time

import pytest

from nnc.source import Source
from nnc.syntax.parser import parse, parse_expression

HEAD = "network A { input x: [3]\n"

LONG = {
    "parentheses": HEAD + "conv(" + "(" * 50_000,
    "closing parentheses": HEAD + ")" * 50_000,
    "braces": "network A " + "{" * 50_000,
    "closing braces": "}" * 50_000,
    "blocks": HEAD + "residual {" * 50_000,
    "calls": HEAD + "from " + "f(" * 50_000,
    "signs": HEAD + "from " + "- " * 50_000 + "x\n}",
    "nots": HEAD + "if " + "not " * 50_000 + "x {}}",
    "sum": HEAD + "from 1" + "+1" * 50_000 + "\n}",
    "sum in a call": HEAD + "f(1" + "+1" * 50_000 + ")\n}",
    "powers": HEAD + "from 1" + "**1" * 50_000 + "\n}",
    "choices": HEAD + "from " + "a if b else " * 20_000 + "c\n}",
    "else ifs": HEAD + "if a {}" + " else if a {}" * 5_000 + "}",
    "settings": "train A {" + "a {" * 50_000 + "}",
    "words": "foo " * 20_000,
    "declarations in braces": "network A { " * 5_000,
    "missing commas": HEAD + "from [" + "1 " * 3_000 + "]\n}",
    "open lines": HEAD + "conv(3 relu\n" * 20_000,
    "foreign signs": "$\n" * 50_000,
    "quotes": HEAD + '"' * 50_001,
    "single quotes": "'" * 50_000,
    "a long number": HEAD + "conv(" + "9" * 200_000 + ")\n}",
    "underscores": HEAD + "conv(1" + "_" * 200_000 + ")\n}",
    "kernel": HEAD + "conv(3" + " x 3" * 50_000 + ")\n}",
    "an open text": HEAD + 'f("' + "a" * 200_000 + "\n}",
    "accents": "\u00e9 " * 20_000,
    "comment": HEAD + "#" * 500_000 + "\n}",
    "comments": HEAD + "# \n" * 100_000 + "}",
    "newlines": HEAD + "relu" + "\n" * 300_000 + "-> relu\n}",
    "newlines in a call": HEAD + "f(a" + "\n" * 300_000 + "=3)\n}",
    "blanks": HEAD + " " * 500_000 + "\n}" + " " * 500_000,
    "strange blanks": "\u00a0 " * 100_000,
    "old line ends": HEAD + "\r" * 300_000 + "}",
    "semicolons": HEAD + ";" * 50_000 + "}",
    "arrows": HEAD + "relu" + "->relu" * 5_000 + "\n}",
    "labels": HEAD + "relu" + " as a" * 5_000 + "\n}",
    "zero bytes": "\0" * 50_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_long_texts_end_soon(text: str) -> None:
    start = time.process_time()
    _, diagnostics = parse(Source("spec.nn", text))
    assert time.process_time() - start < 4  # a look-ahead that goes over it again takes minutes
    assert len(diagnostics) <= 101


def told(text: str) -> list[str]:
    return [f"{d.code} {d.message}" for d in parse(Source("spec.nn", text))[1]]


def test_depth_of_expressions() -> None:
    message = "NN024 more than 200 parts of an expression inside one another"
    for deep in ("f(" * 150 + "1" + ")" * 150, "1" + "+1" * 150, "-" * 150 + "1"):
        assert told(f"let x = {deep}\n") == []
    for deep in ("f(" * 250 + "1" + ")" * 250, "1" + "+1" * 250, "-" * 250 + "1"):
        assert told(f"let x = {deep}\n") == [message]
        assert isinstance(parse_expression(Source("-", deep)), tuple)


def test_depth_of_blocks() -> None:
    inside = "residual { " * 60 + "relu" + " }" * 60
    assert told(f"network A {{ input x: [3]; {inside} }}") == []
    inside = "residual { " * 70 + "relu" + " }" * 70
    message = "NN024 more than 64 blocks inside one another"
    assert told(f"network A {{ input x: [3]; {inside} }}") == [message]


def test_what_stood_before_a_limit_is_kept() -> None:
    file, _ = parse(Source("spec.nn", "block b { relu }\nlet x = " + "(" * 300))
    assert len(file.declarations) == 1


def test_a_hundred_mistakes_are_enough() -> None:
    messages = told("network A {\n" + "  dense(.5)\n" * 300 + "}\n")
    assert len(messages) == 101
    assert messages[-1] == "NN028 more than 100 mistakes: the rest is not read"


def test_time_grows_with_the_text() -> None:
    def seconds(layers: int) -> float:
        text = HEAD + "conv(8, 3, padding=1)\n" * layers + "}"
        start = time.process_time()
        assert not parse(Source("spec.nn", text))[1]
        return time.process_time() - start

    seconds(100)
    short = min(seconds(1_000) for _ in range(3))
    assert seconds(8_000) < 8 * short * 3
