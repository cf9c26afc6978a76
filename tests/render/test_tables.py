"""Tables, amounts, and the lines that begin a run."""

from __future__ import annotations

import pytest

from nnc.check import check_text
from nnc.ir.dims import symbol
from nnc.ir.plan import Field, Part, Pixels, Profile
from nnc.ir.types import TensorType
from nnc.record import replace
from nnc.render.header import binding_lines, data_line, network_line
from nnc.render.profile import profile_text, type_text
from nnc.render.summary import briefly, count, known, network_text
from nnc.render.table import table
from nnc.render.text import Look
from nnc.render.units import file_size, memory

SPEC = """\
data digits = bundled("mnist5k")
network Net {
  input image: [1, 28, 28]
  flatten -> dense(digits.classes)
  output digit
}
train Net {
  data digits
  loss cross_entropy
  epochs 1
}
"""
PROFILE = Profile(
    data="digits",
    fields=(
        Field("image", "input", "image", TensorType((1, 28, 28), "uint8")),
        Field("label", "target", "class", TensorType((), "int64"), ("a", "b")),
        Field("weight", "target", "number", TensorType(())),
    ),
    sizes=(("classes", 2),),
    rule="by folder",
    parts=(Part("train", 8, "0" * 12, (2, 6)), Part("test", 1, "1" * 12, (0, 1))),
    fronts=(("image", Pixels((0.0,), (1.0,))),),
    described='images("digits")',
    read=9,
    skipped=("x.png",),
)


def test_columns_are_as_wide_as_they_look() -> None:
    assert table(("a", "n"), [("漢字", "1"), ("é", "22")], right=(1,)) == (
        "a      n\n漢字   1\né     22\n"
    )
    assert "\x1b[2J" not in table(("\x1b[2J",), [("\x1b[2J",)], Look(color=True))


@pytest.mark.parametrize(
    "amount, shown",
    [
        *((0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9950, "10 kB")),
        *((247_000, "247 kB"), (999_500, "1.0 MB"), (12_000_000_000, "12 GB")),
    ],
)
def test_file_sizes(amount: int, shown: str) -> None:
    assert file_size(amount) == shown


def test_memory_is_at_least_a_megabyte() -> None:
    assert memory(3) == "1 MB"


def test_counts() -> None:
    assert count(61706) == "61,706"
    assert count(symbol("H") * 2) == "2*H"
    assert count(145 * symbol("digits.classes") + 3600) == "145*digits.classes + 3,600"
    assert known(symbol("H")) is None
    assert [briefly(n) for n in (99, 416_520, 4_089_184_256)] == ["99", "0.42 M", "4.09 G"]


def test_the_first_lines_of_a_run() -> None:
    checked = check_text(SPEC)
    network, plan = checked.networks["Net"], checked.trains["Net"]
    assert network_line(network, plan) == (
        "network   Net   7,850 weights   7,840 multiply-adds   about 1 MB at batch 64"
    )
    assert data_line(PROFILE) == (
        'data      digits = images("digits")   8 train / 1 test   2 classes, 25.0% to 75.0%'
        "   1 skipped"
    )
    assert binding_lines(plan, PROFILE) == []


def test_what_opening_data_found() -> None:
    text = profile_text(PROFILE)
    assert "skipped   x.png" in text
    assert "image   input   uint8[1,28,28]  /255" in text
    assert "a      2 (25.0%)    0 (0.0%)" in text
    assert "0 (0.0%)" not in profile_text(PROFILE, part="train")
    assert [type_text(field) for field in PROFILE.fields] == ["uint8[1,28,28]", "class", "float"]


def test_hostile_names_in_tables() -> None:
    checked = check_text("network Net {\n  input image: [3]\n  dense(2)\n  output y\n}\n")
    assert network_text(checked.networks["Net"], Look(color=True)).count("\x1b[0m") == 3


def test_all_columns_are_listed() -> None:
    columns = tuple(f"column{at}" for at in range(30))
    wide = Field("numbers", "input", "numbers", TensorType((30,)), columns=columns)
    text = profile_text(replace(PROFILE, fields=(wide,)))
    assert "30 columns" in text
    assert all(name in text for name in columns)
    assert max(map(len, text.splitlines())) <= 100
