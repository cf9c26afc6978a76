"""`init`: a training that starts from the weights of another, or of a file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from tests.cli.conftest import Nnc

QUICK = ("--steps", "2", "--threads", "1", "--no-export")
NET = """\
data flowers = bundled("iris")
network {name} {{
  input numbers: [4]
  {layers}
  output species
}}
train {name} {{ data flowers; loss cross_entropy; epochs 1{more} }}
"""
FIRST = "dense(8) -> batch_norm -> relu -> dense(8) -> relu -> dense(3)"
GROWN = "dense(8) as stem -> batch_norm -> relu -> dense(8) -> relu -> dense(5) -> relu -> dense(3)"


def write(name: str, layers: str, more: str = "") -> None:
    Path(f"{name}.nn").write_text(NET.format(name=name, layers=layers, more=more))


def weights(run: str) -> dict[str, np.ndarray]:
    return safetensors.numpy.load_file(f"{run}/weights.safetensors")


@pytest.fixture
def first(nnc: Nnc) -> Nnc:
    """`runs/First/1` is trained."""
    write("First", FIRST)
    assert nnc("train", "First.nn", *QUICK).code == 0
    return nnc


def test_layers_are_aligned_and_the_rest_starts_anew(first: Nnc) -> None:
    write("Grown", GROWN, '; init "runs/First"; freeze stem, batch_norm')
    done = first("train", "Grown.nn", *QUICK)
    assert done.code == 0, done.err
    start = done.err.index("init   ")
    assert done.err[start : done.err.index("training")].splitlines() == [
        "init      runs/First/1/weights.safetensors   the newest in runs/First",
        "          carries over   145 of 208 numbers: 1 layer by name, 2 layers by structure",
        "          renamed        stem <- dense1",
        "                         dense1 <- dense2",
        "          starts anew    dense2  weight [5, 8], bias [5]  new layer",
        "                         dense3  weight [3, 8] -> [3, 5], bias [3]",
        "          left behind    dense3  weight [3, 8], bias [3]",
    ]
    before, after = weights("runs/First/1"), weights("runs/Grown/1")
    assert np.array_equal(before["dense1.weight"], after["stem.weight"])
    for name in ("weight", "bias", "running_mean", "running_var"):
        assert np.array_equal(before[f"batch_norm1.{name}"], after[f"batch_norm1.{name}"])
    record = json.loads(Path("runs/Grown/1/run.json").read_text())["init"]
    assert record["path"] == "runs/First"
    assert {"name": "stem.weight", "from": "dense1.weight"} in record["carried"]
    assert "dense3.weight" in record["anew"]


def test_a_run_goes_on_without_what_it_started_from(first: Nnc) -> None:
    write("Grown", GROWN, '; init "runs/First"')
    for name in ("whole", "cut"):
        assert first("train", "Grown.nn", *QUICK, "--out", name).code == 0
    shutil.rmtree("runs")
    longer = ("--set", "train.steps=4", "--threads", "1", "--no-export")
    for name in ("whole", "cut"):
        done = first("train", "--resume", name, *longer)
        assert done.code == 0, done.err
        assert "init   " not in done.err
    assert weights("whole").keys() == weights("cut").keys()
    for name, value in weights("whole").items():
        assert np.array_equal(value, weights("cut")[name])


def test_a_file_of_weights_alone(first: Nnc) -> None:
    shutil.move("runs/First/1/weights.safetensors", "kept.safetensors")
    shutil.rmtree("runs")
    Path("specs").mkdir()
    write("specs/Grown", GROWN.replace("as stem", ""), '; init "../kept.safetensors"')
    text = Path("specs/Grown.nn").read_text().replace("specs/Grown", "Grown")
    Path("specs/Grown.nn").write_text(text)
    done = first("train", "specs/Grown.nn", *QUICK)
    assert done.code == 0, done.err
    assert "init      kept.safetensors" in done.err
    assert "carries over   145 of 208 numbers: 3 layers by name" in done.err


def broken(name: str) -> None:
    Path(name).write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{not a header}  ")


@pytest.mark.parametrize(
    "path,said",
    [
        ("runs/Frist", "there is no `runs/Frist`"),
        ("broken.safetensors", "`broken.safetensors`: broken.safetensors is no readable file"),
        ("First.nn", "`First.nn`: First.nn is no readable file of weights"),
        ("empty", "`empty`: there is no finished run here"),
        ("foreign.safetensors", "no layer of Grown fits the weights of `foreign.safetensors`"),
    ],
)
def test_what_cannot_be_started_from_is_one_message(first: Nnc, path: str, said: str) -> None:
    broken("broken.safetensors")
    Path("empty").mkdir()
    arrays = {"layers.0.kernel": np.zeros((7, 7), np.float32)}
    safetensors.numpy.save_file(arrays, "foreign.safetensors")
    write("Grown", GROWN, f'; init "{path}"')
    done = first("train", "Grown.nn", *QUICK)
    assert done.code == 1
    assert said in done.err
    assert "Grown.nn:7:" in done.err
    assert done.err.count("error[") == 1
    assert not Path("runs/Grown").exists()


def test_a_run_that_saved_nothing(first: Nnc) -> None:
    Path("runs/First/1/weights.safetensors").unlink()
    write("Grown", GROWN, '; init "runs/First/1"')
    done = first("train", "Grown.nn", *QUICK)
    assert "the run `runs/First/1` has no weights yet" in done.err


def test_half_precision_and_frozen_weights_that_start_anew(first: Nnc) -> None:
    arrays = {name: value.astype(np.float16) for name, value in weights("runs/First/1").items()}
    arrays["batch_norm1.num_batches_tracked"] = np.array(3)
    del arrays["dense2.weight"]
    safetensors.numpy.save_file(arrays, "half.safetensors")
    write("Grown", FIRST, '; init "half.safetensors"; freeze dense')
    done = first("train", "Grown.nn", *QUICK, "--set", "train.freeze=weight")
    assert done.code == 1
    assert "error[NN477]: frozen, though nothing carried over: dense2.weight" in done.err
    assert not Path("runs/Grown").exists()
    done = first("train", "Grown.nn", *QUICK, "--set", "train.freeze=bias")
    assert done.code == 0, done.err
    assert weights("runs/Grown/1")["dense1.weight"].dtype == np.float32


def test_a_folder_never_gives_a_block_its_own_runs(first: Nnc) -> None:
    """The second run starts from what the first started from, not from the first."""
    text = NET.format(name="First", layers=FIRST, more="")
    own = '; init "runs/First"'
    block = NET.format(name="First", layers=FIRST, more=own).split("train First")[1]
    Path("First.nn").write_text(text + "train First as more" + block)
    for _ in range(2):
        done = first("train", "First.nn", *QUICK, "--network", "more")
        assert done.code == 0, done.err
    assert "runs/First/1/weights.safetensors   the newest in runs/First without" in done.err
    shutil.rmtree("runs/First/1")
    done = first("train", "First.nn", *QUICK, "--network", "more")
    assert done.code == 1
    assert "`runs/First`: all finished runs in it are of more itself" in done.err
    assert "such as `runs/First/more-1`" in done.err


def test_what_is_unclear_is_told_first(first: Nnc) -> None:
    arrays = {
        "main.weight": np.zeros((8, 8), np.float32),
        "side.weight": np.ones((8, 8), np.float32),
        "stem.weight": np.ones((8, 4), np.float32),
    }
    safetensors.numpy.save_file(arrays, "foreign.safetensors")
    layer = "dense(8, bias=false)"
    layers = f"{layer} -> {layer} as one -> {layer} as two -> dense(3)"
    write("Other", layers, '; init "foreign.safetensors"')
    done = first("train", "Other.nn", *QUICK)
    assert done.code == 0, done.err
    start = done.err.index("init   ")
    assert done.err[start : done.err.index("training")].splitlines()[:4] == [
        "init      foreign.safetensors",
        "          unclear        one  could be main or side",
        "                         two  could be main or side",
        "          carries over   32 of 187 numbers: 1 layer by structure",
    ]
    assert "note      what is unclear starts anew; a table of names, Other.names.json" in done.err
    done = first("train", "Other.nn", *QUICK, "--set", "train.freeze=one")
    assert done.code == 1
    assert "one could be main or side" in done.err
    assert "a table of names, Other.names.json, makes it certain" in done.err
