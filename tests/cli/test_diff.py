"""`nnc diff`: what people and machines read of two networks."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import SPEC, Nnc

DEEPER = SPEC.replace("  flatten", "  conv(4, 3, padding=1) -> relu\n  flatten").replace(
    "dense(digits.classes)", "dense(100)"
)


def test_diff(nnc: Nnc) -> None:
    Path("deeper.nn").write_text(DEEPER.split("\ntrain")[0])
    done = nnc("diff", "tiny.nn", "deeper.nn")
    assert done.code == 0
    assert done.out == (
        "Tiny\n"
        "input          image: [1, 28, 28]\n"
        "output         digit: [10] -> [100]\n"
        "weights        1,554 -> 14,752  (+849.3%)\n"
        "multiply-adds  5,040 -> 23,184  (+360.0%)\n"
        "\n"
        "layers         2 added, 1 changed, 3 as before\n"
        "\n"
        "   place   layer                    output                 weights\n"
        "+  conv2   conv(4, 3, padding=1)    [4, 6, 6]                  148\n"
        "+  relu2   relu                     [4, 6, 6]\n"
        "~  dense1  dense(10) -> dense(100)  [10] -> [100]  1,450 -> 14,500\n"
        "\n"
        "carries over   104 of 14,752 numbers: 1 layer by name\n"
        "starts anew    conv2  weight [4, 4, 3, 3], bias [4]  new layer\n"
        "               dense1  weight [10, 144] -> [100, 144], bias [10] -> [100]\n"
        "left behind    dense1  weight [10, 144], bias [10]\n"
    )


UNITS = """\
block unit(width) {
  residual { conv(width, 3, padding=1) -> batch_norm -> relu -> conv(width, 3, padding=1) }
  relu
}
network N {
  input image: [3, 8, 8]
  conv(4, 3, padding=1) -> relu
  repeat 3 { unit(4) }
  global_avg_pool -> flatten -> dense(2)
  output label
}
"""


def told(nnc: Nnc, old: str, new: str) -> list[str]:
    """What `nnc diff` says below the table's head, without the columns' spaces."""
    Path("a.nn").write_text(UNITS)
    assert old in UNITS
    Path("b.nn").write_text(UNITS.replace(old, new))
    lines = nnc("diff", "a.nn", "b.nn").out.splitlines()
    head = next(at for at, line in enumerate(lines) if line.startswith("   place"))
    return ["  ".join(filter(None, map(str.strip, line.split("  ")))) for line in lines[head + 1 :]]


def test_blocks_are_one_line(nnc: Nnc) -> None:
    assert told(nnc, "repeat 3", "repeat 6") == [
        "+  unit4 to unit6  3 x unit(4)  (6 layers each)  [4, 8, 8]  912",
        "",
        "carries over  1,061 of 2,000 numbers: 11 layers by name",
        "starts anew  unit4 to unit6  9 layers, 939 numbers  new",
    ]
    assert told(nnc, "  repeat 3 { unit(4) }\n", "  unit(4)\n") == [
        "-  unit2 to unit3  2 x unit(4)  (6 layers each)  [4, 8, 8]  608",
        "",
        "carries over  435 of 435 numbers: 5 layers by name",
        "left behind  unit2 to unit3  6 layers, 626 numbers",
    ]


def test_a_wider_block(nnc: Nnc) -> None:
    assert told(nnc, "repeat 3 { unit(4) }", "repeat 2 { unit(4) } -> conv(6, 1) -> unit(6)")[
        :5
    ] == [
        "+  conv2  conv(6, 1)  [6, 8, 8]  30",
        "~  unit3  unit(4) -> unit(6)  (6 layers)  [4, 8, 8] -> [6, 8, 8]  304 -> 672",
        "~  global_avg_pool1  global_avg_pool  [4, 1, 1] -> [6, 1, 1]",
        "~  flatten1  flatten  [4] -> [6]",
        "~  dense1  dense(2)  [2]  10 -> 14",
    ]


def test_what_changes_alike_in_each_turn(nnc: Nnc) -> None:
    assert told(
        nnc, "batch_norm -> relu -> conv(width", "relu -> conv(2*width, 1) -> conv(width"
    ) == [
        "-  unit1.batch_norm1  batch_norm  [4, 8, 8]  8",
        "+  unit1.conv2  conv(8, 1)  [8, 8, 8]  40",
        "~  unit1.conv2 -> unit1.conv3  conv(4, 3, padding=1)  [4, 8, 8]  148 -> 292",
        "and so 2 times more, to unit3.conv2 -> unit3.conv3",
        "",
        "carries over  566 of 1,562 numbers: 5 layers by name",
        "starts anew  unit1.conv2  weight [8, 4, 1, 1], bias [8]  new layer",
        "unit1.conv3  weight [4, 4, 3, 3] -> [4, 8, 3, 3], bias [4]",
        "and so 2 times more, to unit3.conv3",
        "left behind  unit1.batch_norm1  weight [4], bias [4], running_mean [4], running_var [4]",
        "unit1.conv2  weight [4, 4, 3, 3], bias [4]",
        "and so 2 times more, to unit3.conv2",
    ]


def test_exit_code_and_json(nnc: Nnc) -> None:
    Path("deeper.nn").write_text(DEEPER.split("\ntrain")[0])
    assert nnc("diff", "tiny.nn", "deeper.nn", "--exit-code").code == 1
    assert nnc("diff", "tiny.nn", "tiny.nn", "--exit-code").code == 0
    document = nnc("diff", "deeper.nn", "tiny.nn", "--json").json
    (entry,) = document["networks"]
    assert document["same"] is entry["same"] is False
    assert entry["weights"] == [14752, 1554]
    changes = [(layer["change"], (layer["a"] or layer["b"])["place"]) for layer in entry["layers"]]
    assert changes == [("removed", "conv2"), ("removed", "relu2"), ("changed", "dense1")]
    assert entry["transfer"]["carried"][0] == {"name": "conv1.weight", "from": "conv1.weight"}
    assert nnc("diff", "tiny.nn", "tiny.nn", "--json").json["same"] is True


def test_runs_and_models(nnc: Nnc, trained: Path) -> None:
    done = nnc("diff", "tiny.nn", trained, "--exit-code")
    assert (done.code, "the networks are the same" in done.out) == (0, True)
    assert nnc("diff", trained / "model.onnx", "tiny.nn", "--exit-code").code == 0


def test_several_networks(nnc: Nnc) -> None:
    one = "network {} {{ input x: [4]; dense({}); output y }}\n"
    Path("a.nn").write_text(one.format("A", 2) + one.format("B", 2))
    Path("b.nn").write_text(one.format("B", 3) + one.format("C", 2))
    out = nnc("diff", "a.nn", "b.nn").out
    assert out.endswith("- network A\n\n+ network C\n")
    document = nnc("diff", "a.nn", "b.nn", "--json").json
    assert (document["removed"], document["added"]) == (["A"], ["C"])
    assert nnc("diff", "a.nn", "b.nn", "--network", "B").out.startswith("B\n")
    assert nnc("diff", "a.nn", "b.nn", "--network", "A").code == 1


def test_mistakes(nnc: Nnc) -> None:
    assert "did you mean `relu`?" in nnc("diff", "tiny.nn", "wrong.nn").err
    assert nnc("diff", "tiny.nn", "nope.nn").code == 1
    assert nnc("diff", "-", "-").code == 2
