"""`nnc show`, `nnc data`, `nnc new`, `nnc runs`: looking at things."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Nnc

BLOCKS = """\
block unit(c) { conv(c, 3, padding=1) -> relu }
network Net {
  input image: [3, H, W]
  unit(8)
  repeat 2 { unit(8) -> max_pool(2) }
  output features
}
"""


def test_show(nnc: Nnc) -> None:
    assert nnc("show", "tiny.nn").out == (
        "Tiny\n"
        "input      image: [1, 28, 28]\n"
        "\n"
        "place     layer     output     weights  multiply-adds\n"
        "conv1     conv      [4, 6, 6]      104          3,600\n"
        "relu1     relu      [4, 6, 6]\n"
        "flatten1  flatten   [144]\n"
        "dense1    dense     [10]         1,450          1,440\n"
        "total     4 layers               1,554          5,040\n"
        "\n"
        "output     digit: [10]\n"
        "file       8.1 kB as ONNX\n"
        "memory     9.9 kB to run, 515 kB to train with adam at batch 100\n"
    )


def test_show_json(nnc: Nnc) -> None:
    (network,) = nnc("show", "tiny.nn", "--json").json["networks"]
    assert network["weights"] == 1554
    assert network["inputs"] == [{"name": "image", "type": "float32", "shape": [1, 28, 28]}]
    assert network["onnx"] == pytest.approx(8_100, rel=0.01)
    assert network["memory"] == {
        "run": 4 * (1554 + 28 * 28 + 144),
        "batch": 100,
        "kept": 4 * 100 * (28 * 28 + 144),
        # At the backward of relu: the image, its output and the gradients of both its sides.
        "train": 4 * (4 * 1554 + 100 * (28 * 28 + 144 + 144 + 144 + 10)),
    }
    assert network["layers"][0] == {
        "place": "conv1",
        "layer": "conv",
        "output": [4, 6, 6],
        "weights": 104,
        "macs": 3600,
        "tied": None,
        "line": 6,
    }


def test_symbols_depth_and_conditions(nnc: Nnc) -> None:
    Path("net.nn").write_text(BLOCKS)
    whole = nnc("show", "net.nn", "--json").json["networks"][0]
    assert [row["place"] for row in whole["layers"]][:2] == ["unit1.conv1", "unit1.relu1"]
    assert whole["layers"][0]["output"] == [8, "H", "W"]
    assert whole["layers"][0]["macs"] is None
    folded = nnc("show", "net.nn", "--json", "--depth", "0").json["networks"][0]
    assert [row["place"] for row in folded["layers"]] == [
        *("unit1", "unit2", "max_pool1", "unit3", "max_pool2"),
    ]
    assert folded["weights"] == whole["weights"] == sum(r["weights"] for r in folded["layers"])
    assert "condition" in nnc("show", "net.nn").out


def test_sizes_that_only_data_tells(nnc: Nnc) -> None:
    own = Path("tiny.nn").read_text().replace('bundled("mnist5k")', 'images("nowhere")')
    Path("own.nn").write_text(own)
    assert nnc("show", "own.nn", "--json").json["networks"][0]["weights"] is None
    shown = nnc("show", "own.nn").out
    assert "145*digits.classes + 104" in shown
    assert "free       digits.classes: numbers with --set data.digits.classes=N\n" in shown
    done = nnc("show", "own.nn", "--json", "--set", "data.digits.classes=10")
    assert done.json["networks"][0]["weights"] == 1554


FREE = """\
network N {
  input image: [3, H, W]
  input words: token[T]
  from image
  conv(8, 3, padding=1) as wide -> max_pool(2) -> conv(16, 3, padding=1) -> upsample(2)
  add { path { conv(8, 1) } path { from wide } } -> mean(axis=2) -> mean(axis=1) as seen
  from words -> embedding(50, 8) -> attention(2, causal=true) -> add(seen) -> dense(4)
  output y
}
"""


def test_totals_of_free_sizes(nnc: Nnc) -> None:
    Path("free.nn").write_text(FREE)
    shown = nnc("show", "free.nn").out
    assert "288*H*W" in shown, "H and W are even: half of each is no division any more"
    assert "632*H*W + 16*T**2 + 288*T" in shown
    assert "free       H, W, T: numbers with --size H=N --size W=N --size T=N\n" in shown
    sized = nnc("show", "free.nn", "--size", "H=8", "--size", "W=16", "--size", "T=10").out
    assert f"{16 * 100 + 288 * 10 + 632 * 8 * 16:,}\n" in sized
    assert "[8, 8, 16]" in sized
    assert "free " not in sized
    assert "memory" in sized
    document = nnc("show", "free.nn", "--json", "--size", "H=8", "--size", "W=16").json
    (network,) = document["networks"]
    assert (network["layers"][0]["macs"], network["macs"]) == (216 * 8 * 16, None)
    assert network["inputs"] == [
        {"name": "image", "type": "float32", "shape": [3, 8, 16]},
        {"name": "words", "type": "int64", "shape": ["T"]},
    ]
    assert "[3, 8, W]" in nnc("show", "free.nn", "-o", "-", "--size", "H=8").out


def test_a_size_that_only_a_weight_has(nnc: Nnc) -> None:
    text = """\
data mails = text("mails.txt", window=20)
network N { input words: token[20]; embedding(mails.vocab, 4) -> mean(axis=0) -> dense(3)
  output kind }
"""
    Path("own.nn").write_text(text)
    shown = nnc("show", "own.nn").out
    assert "4*mails.vocab + 15" in shown
    assert "free       mails.vocab: numbers with --set data.mails.vocab=N\n" in shown
    assert nnc("show", "own.nn", "--json").json["networks"][0]["memory"] is None
    assert "memory" in nnc("show", "own.nn", "--set", "data.mails.vocab=30").out


def test_sizes_that_cannot_be(nnc: Nnc) -> None:
    Path("free.nn").write_text(FREE)
    assert "H is 7, but H must be a multiple of 2" in nnc("show", "free.nn", "--size", "H=7").err
    assert "it has H, W, T" in nnc("show", "free.nn", "--size", "Q=7").err
    assert "a whole number: --size H=256" in nnc("show", "free.nn", "--size", "H=1.5").err
    assert "all of its sizes are known" in nnc("show", "tiny.nn", "--size", "H=7").err
    assert nnc("show", "free.nn", "--source", "--size", "H=8").code == 2


def test_show_source(nnc: Nnc) -> None:
    source = nnc("show", "tiny.nn", "--source").out
    assert "class Tiny(nn.Module):" in source
    compile(source, "model.py", "exec")


def test_show_says_what_is_wrong(nnc: Nnc) -> None:
    done = nnc("show", "wrong.nn")
    assert (done.code, done.out) == (1, "")
    assert "did you mean `relu`?" in done.err
    assert nnc("show", "wrong.nn", "--json").json["diagnostics"]
    done = nnc("show", "tiny.n")
    assert done.code == 1
    assert "did you mean `tiny.nn`?" in done.err
    assert "it has Tiny" in nnc("show", "tiny.nn", "--network", "Other").err


def test_data(nnc: Nnc) -> None:
    out = nnc("data", "tiny.nn").out
    assert 'digits = bundled("mnist5k")' in out
    assert "image  input   uint8[1,28,28]  /255" in out
    assert "train         4,000" in out
    (data,) = nnc("data", "tiny.nn", "--json").json["data"]
    assert data["sizes"] == {"classes": 10}
    assert [part["samples"] for part in data["parts"]] == [4000, 500, 500]
    assert nnc("data", "tiny.nn", "digits", "--part", "test", "--json").code == 0


def test_data_samples(nnc: Nnc) -> None:
    done = nnc("data", "tiny.nn", "--sample", "36", "-o", "grid.png")
    assert done.out == "grid.png\n"
    with Image.open("grid.png") as picture:
        assert picture.size[0] > 6 * 84
    first = Path("grid.png").read_bytes()
    nnc("data", "tiny.nn", "--sample", "36", "-o", "grid.png")
    assert Path("grid.png").read_bytes() == first
    assert nnc("data", "tiny.nn", "-o", "grid.png").code == 2


def test_table_samples(nnc: Nnc) -> None:
    nnc("new", "flowers", "--like", "mlp")
    rows = nnc("data", "flowers.nn", "--sample", "3").out.splitlines()
    assert rows[0].split() == [
        *("sample", "sepal_length", "sepal_width", "petal_length", "petal_width", "species"),
    ]
    assert len(rows) == 4
    samples = nnc("data", "flowers.nn", "--sample", "3", "--json").json["samples"]
    assert samples[0]["species"] in ("setosa", "versicolor", "virginica")


def test_data_mistakes(nnc: Nnc) -> None:
    assert nnc("data").code == 2
    assert "it has digits" in nnc("data", "tiny.nn", "nope").err
    assert nnc("data", "tiny.nn", "--data", "digits=nowhere").code == 1


def test_licences(nnc: Nnc) -> None:
    assert "CC-BY-SA" in nnc("data", "--licences").out
    names = [e["name"] for e in nnc("data", "--licences", "--json").json["licences"]]
    assert "mnist5k" in names


@pytest.mark.parametrize("like", ["cnn", "mlp", "table", "series", "lstm", "text", "gan"])
def test_new_checks_at_once(nnc: Nnc, like: str) -> None:
    done = nnc("new", "my-first", "--like", like)
    assert done.out == "my-first.nn\n"
    what = "gan" if like == "gan" else "network"
    assert f"{what} MyFirst {{" in Path("my-first.nn").read_text()
    checked = nnc("check", "my-first.nn", "--deny", "warnings")
    assert (checked.code, checked.out) == (0, "")
    again = nnc("new", "my-first", "--like", like)
    assert again.code == 1
    assert "--force" in again.err
    assert nnc("new", "my-first", "--like", like, "--force").code == 0


@pytest.mark.parametrize("name", ["3d", "a/b/c.nn", "größe", "x_1"])
def test_new_names(nnc: Nnc, name: str) -> None:
    assert nnc("new", name).code == 0
    path = name if name.endswith(".nn") else f"{name}.nn"
    assert nnc("check", path).code == 0


def test_runs_of_nothing(nnc: Nnc) -> None:
    assert nnc("runs").code == 0
    assert nnc("runs", "--json").json["runs"] == []
    assert nnc("runs", "nowhere").code == 1


def test_pictures(nnc: Nnc) -> None:
    done = nnc("show", "tiny.nn", "-o", "tiny.svg")
    assert (done.code, done.out) == (0, "tiny.svg\n")
    picture = Path("tiny.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg ")
    assert nnc("show", "tiny.nn", "-o", "-").out == picture
    Path("net.nn").write_text(BLOCKS)
    folded, opened = (nnc("show", "net.nn", "-o", "-", "--depth", d).out for d in (0, 1))
    assert "unit</tspan>" in folded
    assert "conv</tspan>" not in folded
    assert "conv</tspan>" in opened


def test_a_gan_is_one_picture(nnc: Nnc) -> None:
    text = """\
data digits = bundled("mnist5k")
gan Small {
  latent z: [4]
  generator { dense(784) -> tanh -> reshape(1, 28, 28) }
  discriminator { flatten -> dense(1) }
}
train Small { data digits; objective gan(label_smoothing=0.1); epochs 1 }
"""
    Path("small.nn").write_text(text)
    whole = nnc("show", "small.nn", "-o", "-").out
    for said in ("latent z", "real or made", ">generator<", ">discriminator<", ">score<"):
        assert said in whole
    assert "objective gan label_smoothing 0.1" in whole
    assert nnc("show", "small.nn", "-o", "-", "--network", "Small").out == whole
    assert (
        "real or made"
        not in nnc(
            "show", "small.nn", "-o", "-", "--depth", "9", "--network", "Small.generator"
        ).out
    )


def test_picture_mistakes(nnc: Nnc) -> None:
    assert "call it `NAME.svg`" in nnc("show", "tiny.nn", "-o", "tiny.png").err
    assert nnc("show", "tiny.nn", "-o", "tiny.svg", "--json").code == 2
    one = "network {} {{ input x: [4]; dense(2); output y }}\n"
    Path("two.nn").write_text(one.format("A") + one.format("B"))
    assert "--network A or B" in nnc("show", "two.nn", "-o", "two.svg").err
    assert nnc("show", "two.nn", "-o", "two.svg", "--network", "B").code == 0
    assert nnc("show", "tiny.nn", "-o", "missing/tiny.svg").code == 1


def test_a_gan_is_told_before_its_players(nnc: Nnc) -> None:
    Path("small.nn").write_text(WRITTEN)
    assert nnc("show", "small.nn").out.startswith(
        "A\n"
        "latent         z: [8], normal(1.0)\n"
        "generator      z -> sample   7,056 weights\n"
        "discriminator  critic: real or made -> score   785 weights\n"
        "\n"
        "train A\n"
        "objective      mean(critic(sample)) - mean(critic(real)) on critic\n"
        "               -mean(critic(sample)) on generator every 5 steps\n"
        "               weights of critic within +-0.01\n"
        "\n"
        "A.generator\n"
    )
    (gan,) = json.loads(nnc("show", "small.nn", "--json").out)["gans"]
    assert gan["players"][1]["reads"] == ["made"]
    assert gan["trains"][0]["objective"][1] == "-mean(critic(sample)) on generator every 5 steps"
    alone = nnc("show", "small.nn", "--network", "A.critic").out
    assert alone.startswith("A.critic\n")


WRITTEN = """
data digits = bundled("mnist5k")
gan A {
  latent z: [8]
  generator { dense(784) -> tanh -> reshape(1, 28, 28) }
  discriminator critic { flatten -> dense(1) }
}
train A {
  data  digits
  loss  mean(critic(sample)) - mean(critic(real)) on critic
  loss  -mean(critic(sample)) on generator
  every 5 on generator
  clamp 0.01 on critic
  steps 10
}
"""


def test_lengths_that_nobody_wrote_are_no_rows(nnc: Nnc) -> None:
    text = "network N { input words: token[T] padded; embedding(9, 8) -> mean(axis=0); output y }\n"
    Path("padded.nn").write_text(text)
    shown = nnc("show", "padded.nn").out
    assert "input      words: token[T] padded\n" in shown
    assert "total       2 layers" in shown
    assert "own_steps" not in shown
