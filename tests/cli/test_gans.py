"""Gans on the command line: trained, gone on with, sampled, built, and used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from nnc.deploy.session import Session
from tests.cli.conftest import Nnc

TEXT = """
data digits = bundled("mnist5k") { size 8 }
gan Small {
  latent z: [4]
  generator {
    dense(32) -> reshape(2, 4, 4)
    conv_transpose(1, 4, stride=2, padding=1) -> tanh   : [1, 8, 8]
  }
  discriminator {
    flatten -> dense(16) -> leaky_relu(0.2) -> dense(1)
  }
}
train Small {
  data digits
  objective gan
  epochs 2
  batch 500
}
export Small { discriminator }
"""
HELPED = """
data digits = bundled("mnist5k") { size 8 }
gan Helped {
  latent z: [4]
  condition label: token[]
  generator {
    from label -> embedding(digits.classes, 4) as asked
    from z, asked -> concat -> dense(64) -> tanh -> reshape(1, 8, 8)
  }
  discriminator {
    from sample -> flatten -> dense(16) -> leaky_relu(0.2) as seen
    from seen -> dense(1)
    output score
    from seen -> dense(digits.classes)
    output kind
  }
}
train Helped {
  data digits
  objective gan
  loss cross_entropy(kind, label)
  epochs 1
  batch 500
}
"""
CYCLE = """
data left = images("left") { normalize -1..1 }
data right = images("right") { normalize -1..1 }
network Maker {
  input picture: [3, H, W]
  conv(4, 3, padding=1) -> relu -> conv(3, 3, padding=1) -> tanh
  output made: [3, H, W]
}
network Judge {
  input picture: [3, H, W]
  conv(4, 4, stride=2, padding=1) -> leaky_relu(0.2) -> conv(1, 3, padding=1)
  output score
}
gan Cycle {
  domain a, b: [3, H, W]
  generator to_b = Maker
  generator to_a = Maker
  discriminator is_b = Judge
  discriminator is_a = Judge
}
train Cycle {
  data left(a=image), right(b=image)
  objective cyclegan
  epochs 1
  batch 4
}
"""
QUICK = ("--threads", "1", "--device", "cpu")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gans")


def test_from_a_spec_to_samples(nnc: Nnc) -> None:
    Path("small.nn").write_text(TEXT)
    done = nnc("train", "small.nn", *QUICK)
    assert done.code == 0, done.err
    run = Path("runs/small/1")
    for told in ("players   generator", "objective gan", "D(G(z))", "nnc sample runs/small/1"):
        assert told in done.err
    assert {p.name for p in run.glob("*.onnx")} == {"generator.onnx", "discriminator.onnx"}
    shown = {p.name for p in (run / "samples").iterdir()}
    assert shown == {"epoch-001.png", "epoch-002.png", "strip.png"}
    exports = json.loads((run / "run.json").read_text())["exports"]
    assert [export["file"] for export in exports] == ["generator.onnx", "discriminator.onnx"]
    done = nnc("sample", run, "--count", "16", "-o", "grid.png", "--seed", "3")
    assert done.code == 0, done.err
    with Image.open("grid.png") as sheet:
        assert sheet.size == (8 * 50 + 2, 2 * 50 + 2)
    done = nnc("sample", run, "--label", "7", "-o", "grid.png")
    assert done.code == 1
    assert "generator.onnx is told no class" in done.err
    done = nnc("train", "--resume", run, "--set", "train.epochs=3", *QUICK)
    assert done.code == 0, done.err
    assert (run / "samples" / "epoch-003.png").is_file()
    done = nnc("build", run, "-o", "again")
    assert done.code == 0, done.err
    z = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    one, two = (Session(path / "generator.onnx").run({"z": z}) for path in (run, Path("again")))
    assert np.array_equal(one["sample"], two["sample"])
    done = nnc("eval", run)
    assert done.code == 1
    assert "is a gan" in done.err


def test_build_of_a_spec(nnc: Nnc) -> None:
    Path("small.nn").write_text(TEXT)
    done = nnc("build", "small.nn")
    assert done.code == 0, done.err
    there = {path.name for path in Path("build/small").glob("*.onnx")}
    assert there == {"generator.untrained.onnx", "discriminator.untrained.onnx"}


def test_losses_beside_the_objective(nnc: Nnc) -> None:
    Path("helped.nn").write_text(HELPED)
    done = nnc("train", "helped.nn", *QUICK)
    assert done.code == 0, done.err
    done = nnc("sample", "runs/helped/1", "--label", "7", "--count", "4", "-o", "sevens")
    assert done.code == 0, done.err
    assert len(list(Path("sevens").iterdir())) == 4
    done = nnc("sample", "runs/helped/1", "--label", "x", "--count", "4", "-o", "sevens")
    assert done.code == 1
    assert "no class `x`" in done.err


def two_folders() -> np.random.Generator:
    random = np.random.default_rng(0)
    for folder, count in (("left", 9), ("right", 7)):
        Path(folder).mkdir()
        for at in range(count):
            pixels = random.integers(0, 255, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(f"{folder}/{at}.png")
    return random


def test_two_folders_are_translated_into_one_another(nnc: Nnc) -> None:
    random = two_folders()
    Path("cycle.nn").write_text(CYCLE)
    done = nnc("train", "cycle.nn", *QUICK)
    assert done.code == 0, done.err
    run = Path("runs/cycle/1")
    assert {p.name for p in run.glob("*.onnx")} == {"to_a.onnx", "to_b.onnx"}
    Image.fromarray(random.integers(0, 255, (24, 20, 3), dtype=np.uint8)).save("photo.png")
    done = nnc("run", run / "to_b.onnx", "photo.png", "-o", "out.png", "--size", "native")
    assert done.code == 0, done.err
    with Image.open("out.png") as made:
        assert made.size == (20, 24)
    assert nnc("sample", run, "-o", "x.png").code == 1
    done = nnc("run", run, "left", "-o", "turned/")
    assert done.code == 0, done.err
    assert "this is to_b.onnx; to_a.onnx lies beside it" in done.err
    assert sorted(p.name for p in Path("turned").iterdir()) == [f"{n}.png" for n in range(9)]
    done = nnc("run", run / "to_b.onnx", "left/1.png", "right/1.png", "-o", "turned")
    assert done.code == 0, done.err
    assert (Path("turned") / "1.2.png").is_file()
    done = nnc("run", run / "to_b.onnx", "photo.png", "-o", "out.jpg")
    assert done.code == 2
    assert "Pictures are written as PNG, not .jpg: -o out.png" in done.err


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_size_that_the_network_cannot_take(nnc: Nnc, channels: int) -> None:
    random = two_folders()
    text = CYCLE.replace("conv(4, 3, padding=1) -> relu", "max_pool(4) -> upsample(4)")
    text = text.replace("output made: [3, H, W]", "output made")
    Path("cycle.nn").write_text(text)
    for size, word in (("17", "20"), ("16x18", "16x20")):
        done = nnc("train", "cycle.nn", "--set", f"data.left.size={size}", *QUICK)
        assert done.code == 1
        assert "must be a multiple of 4" in done.err
        assert f"help: write `size {word}` in the data block" in done.err
    done = nnc("train", "cycle.nn", *QUICK)
    assert done.code == 0, done.err
    model = "runs/cycle/1/to_b.onnx"
    pixels = random.integers(0, 255, (13, 17, channels), dtype=np.uint8)
    Image.fromarray(pixels.squeeze()).save("photo.png")
    done = nnc("run", model, "photo.png", "-o", "out.png", "--size", "native")
    assert done.code == 1
    assert "photo.png is 13x17 (height x width): H is 13, but H must be a multiple of 4" in done.err
    assert "`--size 16x20` brings pictures to a size that fits" in done.err
    done = nnc("run", model, "photo.png", "-o", "out.png", "--size", "13x17")
    assert done.code == 1
    assert "to_b.onnx is asked for pictures of 13x17" in done.err
    done = nnc("run", model, "photo.png", "-o", "out.png", "--size", "16x20")
    assert done.code == 0, done.err
    with Image.open("out.png") as made:
        assert made.size == (20, 16)


def test_a_latent_beside_a_picture_is_drawn(nnc: Nnc) -> None:
    two_folders()
    text = CYCLE.replace(
        "  conv(4, 3, padding=1) -> relu",
        "  input z: [4]\n  from z -> dense(3) -> reshape(3, 1, 1) as spice\n"
        "  from picture + spice -> conv(4, 3, padding=1) -> relu",
    ).replace("  domain", "  latent z: [4]\n  domain")
    Path("cycle.nn").write_text(text)
    done = nnc("train", "cycle.nn", *QUICK)
    assert done.code == 0, done.err
    for name in ("one.png", "two.png"):
        done = nnc("run", "runs/cycle/1/to_b.onnx", "left/1.png", "-o", name)
        assert done.code == 0, done.err
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()


# --- starting from others -------------------------------------------------------------------------

FEW = ("--threads", "1", "--no-export", "--set", "train.steps=4")


def started(err: str) -> list[str]:
    """The lines that tell what players start from."""
    return err[err.index("init   ") : err.index("training")].splitlines()


def test_players_start_from_a_run(nnc: Nnc) -> None:
    Path("small.nn").write_text(TEXT)
    assert nnc("train", "small.nn", *FEW).code == 0
    wider = TEXT.replace("dense(16)", "dense(16) -> relu -> dense(24)").replace(
        "objective gan", 'objective gan; init "runs/small/1"; freeze generator; accumulate 2'
    )
    Path("next.nn").write_text(wider)
    done = nnc("train", "next.nn", *FEW)
    assert done.code == 0, done.err
    assert started(done.err)[:4] == [
        "init      generator <- runs/small/1/weights.safetensors",
        "          carries over   193 of 193 numbers: 2 layers by name",
        "init      discriminator <- runs/small/1/weights.safetensors",
        "          carries over   1,040 of 1,473 numbers: 1 layer by name",
    ]
    before, after = (load_file(f"runs/{name}/1/weights.safetensors") for name in ("small", "next"))
    for name, value in before.items():
        if name.startswith("generator."):
            assert np.array_equal(after[name], value), name
    record = json.loads(Path("runs/next/1/run.json").read_text())["init"]
    assert record["path"] == "runs/small/1"
    assert {"name": "generator.dense1.weight", "from": "dense1.weight"} in record["carried"]


def test_a_player_that_nothing_fits_is_told_how_to_leave_out(nnc: Nnc) -> None:
    Path("small.nn").write_text(TEXT)
    assert nnc("train", "small.nn", *FEW).code == 0
    other = TEXT.replace("dense(16)", "dense(24)")
    Path("next.nn").write_text(other.replace("objective gan", 'objective gan; init "runs/small"'))
    done = nnc("train", "next.nn", *FEW)
    assert done.code == 1
    assert "no layer of Small.discriminator fits the weights of `runs/small`" in done.err
    assert 'write `init "runs/small" on generator`' in done.err


def test_a_stopped_run_that_started_from_another_goes_on_to_the_bit(nnc: Nnc) -> None:
    Path("small.nn").write_text(TEXT)
    assert nnc("train", "small.nn", *FEW, "--out", "first").code == 0
    more = 'objective gan; init "first" on discriminator; freeze generator.dense'
    text = TEXT.replace("objective gan", more).replace("batch 500", "batch 100")
    Path("next.nn").write_text(text)
    longer = ("--threads", "1", "--no-export", "--set", "train.steps=6")
    assert nnc("train", "next.nn", *longer, "--out", "whole").code == 0
    assert nnc("train", "next.nn", *FEW, "--out", "cut").code == 0
    done = nnc("train", "--resume", "cut", *longer)
    assert done.code == 0, done.err
    assert "init   " not in done.err
    whole, cut = (load_file(f"{name}/weights.safetensors") for name in ("whole", "cut"))
    assert all(np.array_equal(cut[name], value) for name, value in whole.items())


def test_a_network_cannot_start_from_a_run_of_players(nnc: Nnc) -> None:
    Path("small.nn").write_text(TEXT)
    assert nnc("train", "small.nn", *FEW, "--out", "first").code == 0
    Path("reader.nn").write_text(
        'data digits = bundled("mnist5k") { size 8 }\n'
        "network R { input image: [1, 8, 8]; flatten -> dense(16) -> dense(10); output digit }\n"
        'train R { data digits; loss cross_entropy; init "first"; epochs 1 }\n'
    )
    done = nnc("train", "reader.nn", *FEW)
    assert done.code == 1
    assert "`first` is a run of the players `generator`, `discriminator`" in done.err


def test_a_latent_is_held(nnc: Nnc) -> None:
    Path("small.nn").write_text(CODED)
    done = nnc("train", "small.nn", "--threads", "1", "--set", "train.steps=2", "--out", "run")
    assert done.code == 0, done.err

    def drawn(*more: str) -> np.ndarray:
        held = [word for each in more for word in ("--latent", each)]
        assert nnc("sample", "run", *held, "--count", "4", "-o", "out").code == 0
        return np.stack([np.asarray(Image.open(f"out/{at:04}.png")) for at in range(1, 5)])

    held = drawn("code=2", "z=0.5", "turn=-1,1")
    assert (held == held[0]).all()
    free = drawn("code=2")
    assert not (free == free[0]).all()
    for wrong, said in (
        ("cod=1", "draws no `cod`"),
        ("code=3", "`code` is one of 0 to 2"),
        ("turn=1,2,3", "`turn` holds 2 numbers, and here are 3"),
        ("turn=a", "names no numbers"),
    ):
        done = nnc("sample", "run", "--latent", wrong, "-o", "x.png")
        assert done.code == 1
        assert said in done.err


CODED = """
data digits = bundled("mnist5k") { size 8 }
gan Coded {
  latent z: [4]
  latent code: token[] = categorical(3)
  latent turn: [2] = uniform(-1, 1)
  generator {
    from code -> embedding(3, 4) as kind
    from z, kind, turn -> concat -> dense(64) -> tanh -> reshape(1, 8, 8)
  }
  discriminator {
    flatten -> dense(8) -> leaky_relu(0.2) as seen
    from seen -> dense(3)
    output guess
    from seen -> dense(1)
  }
}
train Coded { data digits; objective gan; loss cross_entropy(guess, code); epochs 1; batch 500 }
"""
