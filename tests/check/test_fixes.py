"""Fixes, applied: never two at one place, round after round, never for ever."""

from __future__ import annotations

from nnc.check import check_source
from nnc.check.fixes import ROUNDS, applied, fixable, fixed
from nnc.diagnostics import Diagnostic, Fix, Label
from nnc.source import Source, Span


def told(source: Source, start: int, end: int, text: str) -> Diagnostic:
    span = Span(source, start, end)
    return Diagnostic("NN999", "error", "wrong", (Label(span),), fix=Fix(span, text))


def test_fixes_that_touch_wait_for_the_next_round() -> None:
    source = Source("a.nn", "abcdef")
    first, second, third = told(source, 0, 2, "x"), told(source, 1, 3, "y"), told(source, 4, 5, "z")
    assert fixable(source, (third, second, first)) == (first, third)
    twice = (told(source, 3, 3, ","), told(source, 3, 3, ";"))
    assert len(fixable(source, twice)) == 1, "two insertions at one place depend on their order"


def test_fixes_of_other_texts_are_left() -> None:
    source, other = Source("a.nn", "abc"), Source("a.nn", "abc")
    assert fixable(source, (told(other, 0, 1, "x"),)) == ()


def test_a_fix_uncovers_the_next_mistake() -> None:
    text = "network N {\n  input x = [1, 8, 8]\n  con(4, 3) -> rellu\n  flaten\n  output y\n}\n"
    done = fixed(Source("a.nn", text), lambda source: check_source(source).diagnostics)
    assert done.left == ()
    assert [d.fix.text for d in done.done if d.fix] == [":", "conv", "relu", "flatten"]
    assert "input x : [1, 8, 8]\n  conv(4, 3) -> relu\n  flatten\n" in done.text


def test_fixes_that_undo_one_another_end() -> None:
    def look(source: Source) -> tuple[Diagnostic, ...]:
        return (told(source, 0, 1, "b" if source.text == "a" else "a"),)

    done = fixed(Source("a.nn", "a"), look)
    assert (done.text, len(done.done)) == ("b", 1)


def test_rounds_are_counted() -> None:
    done = fixed(Source("a.nn", ""), lambda source: (told(source, 0, 0, "x"),))
    assert done.text == "x" * ROUNDS


def test_new_lines_end_as_the_others_do() -> None:
    source = Source("a.nn", "a;b\r\n")
    assert applied(source.text, [Fix(Span(source, 1, 2), "\n")]) == "a\r\nb\r\n"
