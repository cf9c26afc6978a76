"""Where equal layers follow one another, what is new begins where a person wrote something."""

from __future__ import annotations

from nnc.check import check_text
from nnc.passes.compare import compare

TEXT = """\
network N {{
  input x: [8, 16]
  repeat {} {{
    residual {{ layer_norm -> attention(2) }}
    residual {{ layer_norm -> dense(32) -> gelu -> dense(16) }}
  }}
  layer_norm -> dense(4)
  output y
}}
"""
CONVS = """\
block unit {{ conv(8, 3, padding=1) -> batch_norm -> relu }}
network N {{ input x: [8, 8, 8]; {}; output y }}
"""


def changes(a: str, b: str) -> list[tuple[str, str]]:
    old, new = (check_text(text).networks["N"] for text in (a, b))
    rows = [row for row in compare(old, new).rows if row.change in ("added", "removed")]
    return [(row.change, (row.b or row.a).place) for row in rows]  # type: ignore[union-attr]


TURN = [
    *("layer_norm7", "attention4", "add7"),
    *("layer_norm8", "dense7", "gelu4", "dense8", "add8"),
]


def test_a_whole_turn_is_new_and_the_last_norm_stays_the_last() -> None:
    assert changes(TEXT.format(3), TEXT.format(4)) == [("added", place) for place in TURN]
    assert changes(TEXT.format(4), TEXT.format(3)) == [("removed", place) for place in TURN]
    new = check_text(TEXT.format(4)).networks["N"]
    plan = compare(check_text(TEXT.format(3)).networks["N"], new).transfer
    assert {c.name: c.source for c in plan.carried}["layer_norm9.weight"] == "layer_norm7.weight"


def test_a_statement_is_new() -> None:
    new = TEXT.format(3).replace(
        "  layer_norm ->", "  residual { layer_norm -> dense(16) }\n  layer_norm ->"
    )
    assert changes(TEXT.format(3), new) == [
        *(("added", "layer_norm7"), ("added", "dense7"), ("added", "add7"))
    ]


def test_no_more_is_renamed_than_must_be() -> None:
    def convs(text: str) -> str:
        words = {"a": "conv(8, 3, padding=1) -> relu", "u": "unit", "v": "dense(8) -> relu"}
        return CONVS.format("; ".join(words[letter] for letter in text))

    assert changes(convs("vaaa"), convs("vaaaa")) == [("added", "conv4"), ("added", "relu5")]
    assert changes(convs("uuu"), convs("uu")) == [
        ("removed", f"unit3.{word}1") for word in ("conv", "batch_norm", "relu")
    ]
    assert changes(convs("uuuv"), convs("uuuuv")) == [
        ("added", f"unit4.{word}1") for word in ("conv", "batch_norm", "relu")
    ]
    assert changes(convs("uvuu"), convs("uvu")) == [
        ("removed", f"unit3.{word}1") for word in ("conv", "batch_norm", "relu")
    ]


def test_a_name_that_was_given_stays_with_its_layer() -> None:
    old = CONVS.format("conv(8, 1) as first; conv(8, 1) as second")
    new = CONVS.format("conv(8, 1) as zeroth; conv(8, 1) as first; conv(8, 1) as second")
    assert changes(old, new) == [("added", "zeroth")]
