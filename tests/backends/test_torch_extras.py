"""Labels, reading of inputs and the first run of a generated file."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import save_file

from nnc.backends.torch_extras import Extras, prepare
from nnc.backends.torch_module import load_module
from nnc.backends.torch_run import example_sizes
from nnc.backends.torch_source import network_class, torch_source
from nnc.check import check_text
from nnc.ir.graph import Network
from nnc.ir.plan import Categories, Pixels, Scale
from nnc.ir.types import TensorType
from nnc.train.data.pictures import read_picture
from tests.backends.torch_sketch import Sketch, random_weights

DIGITS = tuple(str(n) for n in range(10))


def network(inputs: str, steps: str = "flatten -> dense(10)") -> Network:
    checked = check_text(f"network Net {{ {inputs}\n {steps}\n output digit }}")
    assert not checked.errors, checked.diagnostics
    return checked.networks["Net"]


def functions(net: Network, extras: Extras) -> dict[str, Any]:
    made = load_module(torch_source(net, extras=extras), network_class(net))
    return vars(sys.modules[made.__module__])


def pictures(folder: Path) -> dict[str, Path]:
    """Pictures of many kinds, with the shapes that make rounding differ."""
    draw = np.random.default_rng(0)
    colours = draw.integers(0, 256, (37, 53, 4), dtype=np.uint8)
    rgb = Image.fromarray(colours[..., :3].copy())
    deep = Image.fromarray(draw.integers(0, 65536, (20, 31), dtype=np.uint16))
    turned = Image.Exif()
    turned[0x0112] = 6
    kinds: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "rgb.png": (rgb, {}),
        "alpha.png": (Image.fromarray(colours), {}),
        "grey.png": (rgb.convert("L"), {}),
        "grey_alpha.png": (Image.fromarray(colours).convert("LA"), {}),
        "palette.png": (rgb.convert("P"), {}),
        "bits.png": (rgb.convert("1"), {}),
        "deep.png": (deep, {}),
        "cmyk.tiff": (rgb.convert("CMYK"), {}),
        "turned.png": (rgb, {"exif": turned}),
        "tall.png": (rgb.resize((15, 90)), {}),
    }
    paths = {}
    for name, (image, options) in kinds.items():
        paths[name] = folder / name
        image.save(paths[name], **options)
    return paths


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("channels", [1, 3])
def test_prepare_reads_pictures_as_training_did(tmp_path: Path, channels: int, fit: str) -> None:
    mean, std = ((0.5,), (0.25,)) if channels == 1 else ((0.4, 0.5, 0.6), (0.2, 0.25, 0.3))
    net = network(f"input image: [{channels}, 28, 21]")
    extras = Extras(fronts=(("image", Pixels(mean, std, "given", fit)),))
    read = functions(net, extras)["prepare"]
    for name, path in pictures(tmp_path).items():
        made = read(path)
        assert made.shape == (1, channels, 28, 21)
        assert made.dtype == torch.float32
        raw = read_picture(path, channels, (28, 21), fit)  # type: ignore[arg-type]
        want = (raw / 255 - np.reshape(mean, (-1, 1, 1))) / np.reshape(std, (-1, 1, 1))
        np.testing.assert_allclose(made[0].numpy(), want, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_prepare_brings_pictures_to_the_size_of_training(tmp_path: Path, fit: str) -> None:
    net = network("input image: [3, H, W]", "conv(2, 3)")
    extras = Extras(
        fronts=(("image", Pixels((0.0,), (1.0,), fit=fit)),), sizes=(("image", (28, 21)),)
    )
    read = functions(net, extras)["prepare"]
    for path in pictures(tmp_path).values():
        for size in (None, (14, 30)):
            raw = read_picture(path, 3, size, fit)  # type: ignore[arg-type]
            np.testing.assert_allclose(read(path, size=size)[0].numpy(), raw / 255, atol=1e-5)
        raw = read_picture(path, 3, (28, 21), fit)  # type: ignore[arg-type]
        np.testing.assert_allclose(read(path)[0].numpy(), raw / 255, atol=1e-5)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_the_file_stays_as_ruff_formats_it(tmp_path: Path, fit: str) -> None:
    net = network(
        "input image: [3, H, W]; input numbers: [12]",
        "from image -> global_avg_pool -> flatten as a; from a, numbers -> concat -> dense(10)",
    )
    many = tuple(n / 7 for n in range(12))
    fronts = (
        ("image", Pixels((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "imagenet", fit)),
        ("numbers", Scale(many, many, many, tuple(f"column {n}" for n in range(12)))),
        ("digit", Scale(many[:3], many[3:6])),
    )
    labels = (("digit", tuple(f"label {n}" for n in range(40))),)
    path = tmp_path / "model.py"
    extras = Extras("a.nn", "0" * 64, labels, fronts, sizes=(("image", (64, 64)),))
    path.write_text(torch_source(net, extras=extras))
    for command in (["format", "--diff"], ["check", "--select", "E,F,I,W"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "100", path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_prepare_leaves_out_what_does_nothing() -> None:
    net = network("input image: [1, 28, 28]")
    source = torch_source(net, extras=Extras(fronts=(("image", Pixels((0.0,), (1.0,))),)))
    assert "    return pixels.reshape(1, 28, 28, 1).permute(0, 3, 1, 2) / 255\n" in source


def test_prepare_scales_rows_and_fills_what_is_missing() -> None:
    net = network("input numbers: [3]", "dense(2)")
    scale = Scale((1.0, 2.0, 3.0), (1.0, 2.0, 4.0), (0.5, 2.0, 3.0), ("a", "b", "c"))
    read = functions(net, Extras(fronts=(("numbers", scale),)))["prepare"]
    made = read([[2.0, 4.0, 7.0], [float("nan"), 0.0, float("nan")]])
    torch.testing.assert_close(made, torch.tensor([[1.0, 1.0, 1.0], [-0.5, -1.0, 0.0]]))


def test_outputs_are_restored_to_the_units_of_the_data() -> None:
    net = network("input numbers: [3]", "dense(1)")
    restore = functions(net, Extras(fronts=(("digit", Scale((10.0,), (2.0,))),)))["restore_digit"]
    torch.testing.assert_close(restore(torch.tensor([[1.5]])), torch.tensor([[13.0]]))


def test_labels_are_data_and_long_lists_are_filled() -> None:
    net = network("input image: [4]", "dense(10)")
    hostile = ('"', "'", "\\", "a\nb", "]", "#", "{x}", "\u202e", "é", "")
    for words in (DIGITS, hostile, tuple(f"class number {i}" for i in range(300))):
        extras = Extras(labels=(("digit", words), ("other", ("no", "output"))))
        assert functions(net, extras)["LABELS"] == {"digit": list(words)}
        assert all(len(line) <= 100 for line in torch_source(net, extras=extras).splitlines())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A generated file with its weights beside it, as a run folder has them."""
    net = network("input image: [1, 28, 28]")
    extras = Extras(
        "digits.nn", "ab" * 32, (("digit", DIGITS),), (("image", Pixels((0.0,), (1.0,))),)
    )
    path = tmp_path / "model.py"
    path.write_text(torch_source(net, extras=extras), encoding="utf-8")
    save_file(random_weights(net), tmp_path / "weights.safetensors")
    return path


def test_the_file_runs_on_zeros_and_on_a_picture(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (40, 30), "white").save(file.with_name("white.png"))
    for args in ([], [str(file.with_name("white.png"))]):
        monkeypatch.setattr(sys, "argv", ["model.py", *args])
        runpy.run_path(str(file), run_name="__main__")
        printed = capsys.readouterr().out
        assert re.fullmatch(r"digit \(1, 10\) [0-9]\n", printed)


def said(file: Path, *args: str) -> str:
    """What a run of the file says when it fails."""
    done = subprocess.run(
        [sys.executable, file, *args], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    return done.stderr


def test_a_run_without_weights_says_where_they_come_from(file: Path) -> None:
    weights = file.with_name("weights.safetensors")
    weights.unlink()
    assert said(file) == (
        "No weights, `nnc build` writes them: No such file or directory: "
        f"{file.resolve().with_name('weights.safetensors')}\n"
    )
    weights.write_bytes(b"no weights at all")
    assert said(file).count("\n") == 1


def test_a_run_with_weights_of_another_network_says_which_differ(file: Path) -> None:
    other = random_weights(network("input image: [1, 28, 28]", "flatten -> dense(7)"))
    save_file(other, file.with_name("other.safetensors"))
    told = said(file, "", str(file.with_name("other.safetensors")))
    assert "Traceback" not in told
    assert "size mismatch for dense1.weight" in told


def test_load_gives_the_network_ready_to_run(file: Path) -> None:
    made = runpy.run_path(str(file))
    model = made["load"]()
    assert not model.training
    other = made["load"](str(file.with_name("weights.safetensors")))
    assert torch.equal(model.dense1.weight, other.dense1.weight)


def test_the_file_needs_torch_alone_until_it_is_run(file: Path) -> None:
    top = [line for line in file.read_text().splitlines() if line.startswith(("import", "from"))]
    assert top == [
        "import sys",
        "from pathlib import Path",
        "import torch",
        "from torch import nn",
    ]


def test_the_first_run_has_sizes_that_the_network_takes() -> None:
    net = network("input image: [1, H, W]", "max_pool(5) -> upsample(5) -> add(image)")
    sizes = example_sizes(net)
    assert sizes["H"] % 5 == 0
    assert sizes["H"] >= 32
    assert f"model(torch.zeros(1, 1, {sizes['H']}, {sizes['W']}))" in torch_source(net)


def test_words_become_ids() -> None:
    sketch = Sketch("Net", colour=TensorType((), "int64"), categories=TensorType((2,), "int64"))
    words = Categories(("colour",), (("red", "green"),))
    rows = Categories(("colour", "size"), (("red", "green"), ("s", 'x"l')))
    extras = Extras(fronts=(("colour", words), ("categories", rows)))
    lines = prepare(sketch.network(), extras)
    source = "\n".join(["import torch", *lines, "", "", "class Net:", "    pass", ""])
    made = vars(sys.modules[load_module(source, "Net").__module__])
    assert made["prepare_colour"](["green", "blue", "red"]).tolist() == [2, 0, 1]
    assert made["prepare_categories"]([["red", 'x"l'], [None, "s"]]).tolist() == [[1, 2], [0, 1]]
