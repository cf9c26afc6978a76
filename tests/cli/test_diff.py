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
        "starts anew    conv2.weight [4, 4, 3, 3]  new layer\n"
        "               conv2.bias [4]  new layer\n"
        "               dense1.weight [100, 144]  was [10, 144]\n"
        "               dense1.bias [100]  was [10]\n"
        "left behind    dense1.weight\n"
        "               dense1.bias\n"
    )


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
