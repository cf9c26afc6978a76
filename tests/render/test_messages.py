"""Messages as people read them, letter by letter."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.diagnostics import Diagnostic, Fix, Frame, Label, Rule
from nnc.render.human import count_text, diagnostic_text, diagnostics_text
from nnc.render.text import Look, visible
from nnc.source import NOWHERE, Source, Span

TEXT = """\
network Digits {
  input image: [1, 28, 28]
  stage(16)
  relu
  max_pool(2)

  conv(8, 5) -> relu
  output digit
}
"""
SPEC = Source("specs/digits.nn", TEXT)
RULE = Rule("NN301", "kernel-too-large", "")


def at(words: str, within: str = "", source: Source = SPEC) -> Span:
    """Where words stand, the first time, or within other words."""
    start = source.text.index(within) if within else 0
    start = source.text.index(words, start)
    return Span(source, start, start + len(words))


def told(diagnostic: Diagnostic, look: Look | None = None) -> str:
    return "\n" + diagnostic_text(diagnostic, look or Look()) + "\n"


def test_the_form_of_a_message() -> None:
    diagnostic = RULE.at(
        at("5", within="conv(8"),
        "the kernel is larger than its input",
        label="5x5 does not fit into 3x3",
        others=(Label(at("max_pool(2)"), "the value is [16, 3, 3] from here on"),),
        help="pad the input (`padding=1` or more), or use a kernel of 3",
        trace=(Frame("Digits", NOWHERE), Frame("stage(16)", at("stage(16)"))),
    )
    assert (
        told(diagnostic)
        == """
error[NN301]: the kernel is larger than its input
  --> specs/digits.nn:7:11
   |
 5 |   max_pool(2)
   |   ----------- the value is [16, 3, 3] from here on
 7 |   conv(8, 5) -> relu
   |           ^ 5x5 does not fit into 3x3
   = help: pad the input (`padding=1` or more), or use a kernel of 3
   = trace: Digits > stage(16) at specs/digits.nn:3:3
"""
    )


def test_several_labels_on_a_line() -> None:
    diagnostic = RULE.at(
        at("5", within="conv(8"),
        "many labels",
        label="this one",
        others=(
            Label(at("conv", within="conv(8"), "the layer"),
            Label(at("8", within="conv(8")),
            Label(at("relu", within="-> relu"), "what follows"),
        ),
    )
    assert (
        told(diagnostic)
        == """
error[NN301]: many labels
  --> specs/digits.nn:7:11
   |
 7 |   conv(8, 5) -> relu
   |   ---- -  ^     ---- what follows
   |   |       |
   |   |       this one
   |   the layer
"""
    )


def test_labels_that_overlap() -> None:
    diagnostic = RULE.at(
        at("5", within="conv(8"), "inside", label="the kernel", others=(
            Label(at("conv(8, 5)"), "this layer"),
        ),
    )  # fmt: skip
    assert (
        told(diagnostic)
        == """
error[NN301]: inside
  --> specs/digits.nn:7:11
   |
 7 |   conv(8, 5) -> relu
   |   --------^-
   |   |       |
   |   |       the kernel
   |   this layer
"""
    )


def test_a_stretch_of_several_lines() -> None:
    start = TEXT.index("{")
    whole = Span(SPEC, start, TEXT.rindex("}") + 1)
    assert (
        told(RULE.at(whole, "all of it", label="ends here"))
        == """
error[NN301]: all of it
  --> specs/digits.nn:1:16
   |
 1 | network Digits {
   |                ^
 9 | }
   | ^ ends here
"""
    )


def test_labels_in_other_files() -> None:
    other = Source("blocks.nn", "block stage(c) {\n  conv(c, 3)\n}\n")
    diagnostic = RULE.at(
        at("stage(16)"),
        "the block does not fit",
        label="called here",
        others=(Label(at("conv(c, 3)", source=other), "made here"),),
        notes=("first note", "second\nover two lines"),
    )
    assert (
        told(diagnostic)
        == """
error[NN301]: the block does not fit
  --> specs/digits.nn:3:3
   |
 3 |   stage(16)
   |   ^^^^^^^^^ called here
  ::: blocks.nn:2:3
   |
 2 |   conv(c, 3)
   |   ---------- made here
   = note: first note
   = note: second
           over two lines
"""
    )


def test_the_end_of_the_text() -> None:
    end = Span(SPEC, len(TEXT), len(TEXT))
    assert told(RULE.at(end, "unclosed", label="expected `}`")).endswith(
        "  --> specs/digits.nn:10:1\n    |\n 10 |\n    | ^ expected `}`\n"
    ), "the gutter is as wide as the largest number"


def test_no_place_and_no_text() -> None:
    assert told(RULE.at(NOWHERE, "no device", help="use `cpu`")) == (
        "\nerror[NN301]: no device\n   = help: use `cpu`\n"
    )
    picture = Span(Source("data/7.png", ""), 0, 0)
    assert told(RULE.at(picture, "not a picture", label="200 bytes")) == (
        "\nerror[NN301]: not a picture\n  --> data/7.png\n   = note: 200 bytes\n"
    )


def test_a_fix_without_help_is_told() -> None:
    place = at("max_pool(2)")
    assert "= help: write `avg_pool(2)` instead of `max_pool(2)`" in told(
        RULE.at(place, "x", fix=Fix(place, "avg_pool(2)"))
    )
    assert "= help: leave out `max_pool(2)`" in told(RULE.at(place, "x", fix=Fix(place, "")))
    nothing = Span(SPEC, place.end, place.end)
    assert "= help: write `-> relu`" in told(RULE.at(nothing, "x", fix=Fix(nothing, " -> relu")))


def test_long_traces_are_cut_in_the_middle() -> None:
    frames = tuple(Frame(f"b{n}", NOWHERE) for n in range(64))
    assert "trace: b0 > b1 > b2 > (58 more) > b61 > b62 > b63" in told(
        RULE.at(NOWHERE, "deep", trace=frames)
    )


@pytest.mark.parametrize("words", ["b", "ending"])
def test_long_lines_are_cut_around_the_label(words: str) -> None:
    source = Source("long.nn", "a -> " * 4_000_000 + "b -> " + "c -> " * 4_000_000 + "ending")
    start = time.process_time()
    text = told(RULE.at(at(words, source=source), "found", label="here"), Look(width=80))
    assert time.process_time() - start < 2, "only what stands around the label is measured"
    line, marks = text.split("\n")[4:6]
    assert max(len(line), len(marks)) <= 80 + len(" here")
    assert "..." in line
    column = marks.index("^")
    assert line[column : column + marks.count("^")] == words


def test_a_label_longer_than_the_line() -> None:
    source = Source("long.nn", "x " * 500)
    text = told(RULE.at(Span(source, 10, 900), "long"), Look(width=60))
    assert all(len(line) <= 60 for line in text.split("\n"))


def test_far_labels_on_a_long_line_point_at_its_end() -> None:
    source = Source("long.nn", "x" + " " * 2000 + "y")
    diagnostic = RULE.at(Span(source, 0, 1), "far", others=(Label(Span(source, 2001, 2002), "y"),))
    line, marks, *_ = told(diagnostic, Look(width=60)).split("\n")[4:]
    assert marks.index("-") >= len(line.rstrip()) - 4
    assert marks.endswith("- y")


def test_wide_and_combining_characters_are_aligned() -> None:
    source = Source("w.nn", "\t漢字 é́ -> foo")
    assert (
        told(RULE.at(at("foo", source=source), "x", label="here"))
        == """
error[NN301]: x
  --> w.nn:1:11
   |
 1 |     漢字 é́ -> foo
   |               ^^^ here
"""
    )


HOSTILE = '\x1b[2J\x1b]0;owned\x07 \r\x9b31m\u202e\u2066\u200b\u2028\ud800\x00 "'


def test_hostile_text_cannot_drive_a_terminal() -> None:
    source = Source(f"a{HOSTILE}.nn", f"x {HOSTILE} y\n")
    place = at("y", source=source)
    text = diagnostic_text(
        RULE.at(
            place,
            f"m {HOSTILE}",
            label=f"l {HOSTILE}",
            notes=(HOSTILE,),
            help=HOSTILE,
            trace=(Frame(HOSTILE, place),),
        )
    )
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028\u202e\u2066\ud800]", text)
    assert "\\x1b[2J" in text
    assert "\\u202e" in text
    assert text.count("\n") == 7, "only notes and help may have lines of their own"


def test_consoles_without_unicode_get_ascii() -> None:
    source = Source("w.nn", "größe -> 漢 -> foo 😀")
    text = told(RULE.at(at("foo", source=source), "x — y"), Look(ascii=True))
    assert text.isascii()
    assert "gr\\xf6\\xdfe -> \\u6f22 -> foo \\U0001f600" in text
    line, marks = text.split("\n")[4:6]
    assert line[marks.index("^") :].startswith("foo")


def test_colour_changes_no_letter() -> None:
    diagnostic = RULE.at(
        at("5", within="conv(8"),
        "colours",
        label="here",
        others=(Label(at("conv(8, 5)"), "layer"),),
        notes=("n",),
    )
    painted = diagnostic_text(diagnostic, Look(color=True))
    assert painted.startswith("\x1b[1;31merror[NN301]\x1b[0m")
    assert re.sub("\x1b\\[[0-9;]*m", "", painted) == diagnostic_text(diagnostic)


def test_many() -> None:
    assert diagnostics_text(()) == ""
    two = diagnostics_text((RULE.at(NOWHERE, "a"), RULE.at(NOWHERE, "b")))
    assert two == "error[NN301]: a\n\nerror[NN301]: b\n\n"
    assert count_text(2, 1) == "2 errors, 1 warning"
    assert count_text(0, 0) == "no mistakes"


def test_visible_keeps_what_is_harmless() -> None:
    assert visible("plain -> text") == "plain -> text"
    assert visible("schöne 漢字 😀") == "schöne 漢字 😀"
    assert visible("a\tb\nc") == "a\\tb\\nc"


LETTERS = st.sampled_from("ab \t\r\n\x1b漢é\u0301\u202e{}->")


@given(st.text(LETTERS, max_size=300), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)),
       min_size=1, max_size=4), st.integers(1, 60), st.booleans())  # fmt: skip
def test_any_stretch_of_any_text_can_be_shown(
    text: str, stretches: list[tuple[int, int]], width: int, ascii: bool
) -> None:
    source = Source("x.nn", text)
    spans = [Span(source, *sorted((min(a, len(text)), min(b, len(text))))) for a, b in stretches]
    labels = tuple(Label(span, f"label {n}") for n, span in enumerate(spans))
    diagnostic = Diagnostic("NN001", "error", "message", labels)
    shown = diagnostic_text(diagnostic, Look(ascii=ascii, width=width))
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", shown)
    assert all(shown.count(f"label {n}") == 1 for n in range(len(labels)))
    assert not any(line != line.rstrip() for line in shown.split("\n") if "|" not in line)
