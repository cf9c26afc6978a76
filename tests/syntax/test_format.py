"""The formatter keeps what a text says, repeats itself, and lays out as people do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from nnc.check import check_text
from nnc.diagnostics import Refusal
from nnc.source import Source
from nnc.syntax import format_layout, format_lines
from nnc.syntax.format import formatted, same
from nnc.syntax.parser import parse

ROOT = Path(__file__).resolve().parents[2]
LAYOUTS = Path(__file__).parent / "layouts"
CHAPTERS = [
    path
    for folder in (".", "grammar", "specs", "tests/language", "docs")
    for path in sorted((ROOT / folder).glob("*.md"))
]
TEXTS = sorted([*(Path(__file__).parent / "texts").glob("*.nn"), *(ROOT / "specs").rglob("*.nn")])


def shown() -> Iterator[tuple[str, str]]:
    """Every text of the language in the repository, with a name."""
    for path in TEXTS:
        yield path.stem, path.read_text(encoding="utf-8")
    for path in CHAPTERS:
        found = re.findall(r"```nn\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
        for number, text in enumerate(found):
            yield f"{path.stem}-{number}", text


SHOWN = list(shown())


def fmt(text: str) -> str:
    return formatted(Source("spec.nn", text))


def tidy(text: str) -> str:
    """The text formatted; it keeps what it says, and stays so."""
    made = fmt(text)
    assert fmt(made) == made
    one, other = (parse(Source("spec.nn", t))[0] for t in (text, made))
    assert same(one, other)
    assert not re.search(r"[ \t\r]$", made, re.MULTILINE)
    return made


def test_there_are_texts() -> None:
    assert len(SHOWN) > 300


@pytest.mark.parametrize("text", [t for _, t in SHOWN], ids=[name for name, _ in SHOWN])
def test_every_text_keeps_its_meaning(text: str) -> None:
    _, mistakes = parse(Source("spec.nn", text))
    if mistakes:
        with pytest.raises(Refusal) as refused:
            fmt(text)
        assert [d.message for d in refused.value.diagnostics] == [d.message for d in mistakes]
        return
    tidy(text)


@pytest.mark.parametrize("text", [t for _, t in SHOWN], ids=[name for name, _ in SHOWN])
def test_the_checker_finds_the_same(text: str) -> None:
    if parse(Source("spec.nn", text))[1]:
        return
    before, after = check_text(text), check_text(fmt(text))
    assert sorted(d.code for d in after.diagnostics) == sorted(d.code for d in before.diagnostics)
    assert list(after.networks) == list(before.networks)


def inside(*lines: str) -> str:
    return "network A {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


@pytest.mark.parametrize(
    "written, laid_out",
    [
        ("conv( 64,3 ,stride = 2 )->relu", "conv(64, 3, stride=2) -> relu"),
        ("from a+b*c - -d , e** - 2", "from a + b*c - -d, e**-2"),
        ("dense(4 * width); dense(0.5*w)", "dense(4*width)\n  dense(0.5 * w)"),
        ("input x : [ 3,2 * H , H // 2,... ]", "input x: [3, 2*H, H // 2, ...]"),
        ("from h [ 1 : , : 3 , - 1 ]", "from h[1:, :3, -1]"),
        ("for i in 0 .. n { relu }", "for i in 0..n { relu }"),
        ("for i in 0..n-1{relu}", "for i in 0 .. n - 1 { relu }"),
        ("f([1,2,] , (3,) , g=( 4,5 , ))", "f([1, 2], (3,), g=(4, 5))"),
        ("add{path{relu};path{}}", "add { path { relu } path {} }"),
        (
            "if not a==b{relu}else if c{}else{tanh}",
            "if not a == b { relu } else if c {} else { tanh }",
        ),
        ("relu ->\n  tanh\n  -> relu", "relu -> tanh -> relu"),
        ("lstm(5)as out,h : [T,5]", "lstm(5) as out, h   : [T, 5]"),
        ("input s:token [ T ]padded", "input s: token[T] padded"),
        ("let a,b=1 if c else 1_000", "let a, b = 1 if c else 1_000"),
        ("conv( 3x5,1e-3 , 5M)", "conv(3x5, 1e-3, 5M)"),
        ("words as skip [ c ]", "words as skip[c]"),
    ],
)
def test_blanks(written: str, laid_out: str) -> None:
    assert tidy(inside(written)) == inside(laid_out)


WIDE = (
    "conv(1280, 1) -> batch_norm -> silu -> global_avg_pool -> flatten -> dropout(0.2)"
    " -> dense(1000)"
)


@pytest.mark.parametrize(
    "written, laid_out",
    [
        (
            f"{WIDE} -> {WIDE}",
            f"{WIDE} -> conv(1280, 1)\n      -> batch_norm -> silu -> global_avg_pool -> flatten"
            " -> dropout(0.2) -> dense(1000)",
        ),
        (f"{WIDE}\n -> {WIDE}", f"{WIDE}\n      -> {WIDE}"),
        (
            f"repeat 2 {{ {WIDE}; relu; relu }}",
            f"repeat 2 {{\n    {WIDE}\n    relu\n    relu\n  }}",
        ),
        (
            f"residual {{ {WIDE}; relu; relu }} -> relu",
            f"residual {{\n    {WIDE}\n    relu\n    relu\n  }} -> relu",
        ),
        (
            "if a { relu } else {\ntanh\n}",
            "if a {\n    relu\n  } else {\n    tanh\n  }",
        ),
        (
            f"for x in [{', '.join(['1000'] * 24)}] {{ relu }}",
            f"for x in [\n    {', '.join(['1000'] * 19)},\n    {', '.join(['1000'] * 5)},\n  ] "
            "{ relu }",
        ),
        (
            f"let x = [{', '.join(['1000'] * 24)}]",
            f"let x = [\n    {', '.join(['1000'] * 19)},\n    {', '.join(['1000'] * 5)},\n  ]",
        ),
        ("f([\n 1,\n 2, 3,\n])", "f([\n    1,\n    2, 3,\n  ])"),
        (
            "from " + " + ".join(["sum(abs(value))"] * 8),
            "from "
            + " + ".join(["sum(abs(value))"] * 6)
            + "\n      + sum(abs(value)) + sum(abs(value))",
        ),
    ],
)
def test_what_does_not_fit_is_broken(written: str, laid_out: str) -> None:
    assert tidy(inside(written)) == inside(laid_out)


@pytest.mark.parametrize("name", ["columns", "comments"])
def test_layouts(name: str) -> None:
    loose, wanted = (
        (LAYOUTS / f"{name}.{kind}.nn").read_text(encoding="utf-8") for kind in ("loose", "tidy")
    )
    assert tidy(loose) == wanted


def test_line_ends_and_marks_of_other_systems() -> None:
    text = "\ufeff# top\r\nnetwork A {\r\n  relu # a\r\n\r\n}"
    assert fmt(text) == "# top\nnetwork A {\n  relu   # a\n}\n"
    assert fmt(text.replace("\r\n", "\r")) == fmt(text)
    assert fmt("") == fmt("\n \n") == ""
    assert tidy("\n# only\n\n\n# comments  ") == "# only\n\n# comments\n"


def test_a_stray_semicolon_does_not_part_a_comment_from_what_it_speaks_of() -> None:
    assert tidy("# A.\n;network A { relu }\n") == "# A.\nnetwork A { relu }\n"


def test_a_comment_between_a_setting_and_its_value_goes_above() -> None:
    assert tidy("network A { budget { macs <= 1M; weights # why\n <= 5 }; relu }\n") == (
        "network A {\n  budget {\n    macs    <= 1M\n    # why\n    weights <= 5\n  }\n  relu\n}\n"
    )


def test_declarations_of_one_line_may_stand_together() -> None:
    text = 'use "a.nn"\nuse "b.nn"\n\n\nparam n = 3; network A { relu }\n'
    text += "network B {\n relu\n}\nlet a = 1"
    assert tidy(text) == (
        'use "a.nn"\nuse "b.nn"\n\nparam n = 3\nnetwork A { relu }\n\n'
        "network B {\n  relu\n}\n\nlet a = 1\n"
    )


@pytest.mark.parametrize("number", range(40))
def test_any_blanks_and_comments_make_a_layout_that_stays(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts torn apart at random, laid out in lines of all widths."""
    chance = Random(number)
    limit = chance.choice((120, 80, 40, 16))
    monkeypatch.setattr(format_lines, "LIMIT", limit)
    monkeypatch.setattr(format_layout, "LIMIT", limit)
    tried = 0
    while tried < 3:
        text = _torn(chance.choice(SHOWN)[1], chance)
        if not parse(Source("spec.nn", text))[1]:
            tidy(text)
            tried += 1


def _torn(text: str, chance: Random) -> str:
    pieces = re.split(r"([ \n]+)", text)
    often = chance.choice((0.01, 0.05, 0.2))
    for index in range(1, len(pieces), 2):
        if chance.random() < often:
            added = chance.choice((" ", "\n", "\n\n\n", " # c\n", "\n# own\n", "\n\n#x\n\n", ";"))
            pieces[index] = chance.choice((added + pieces[index], pieces[index] + added))
    return "".join(pieces)


def test_deep_and_long_texts() -> None:
    brackets, braces = 190, 60
    inner = f"conv({'(' * brackets}3 # c\n{')' * brackets})\n"
    tidy(inside("residual {" * braces + inner + "}" * braces))
    tidy(inside("relu" + " -> relu" * 500, f"let z = [{'1, ' * 5000}1]"))
