"""The size that `show` tells of an ONNX file, and that a budget bounds, against the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Nnc

LARGE = {"convnext_tiny", "cyclegan", "gpt2", "mlp_mixer", "pix2pix", "vgg16_bn", "vit_b16"}


def _specs() -> list[object]:
    root = Path(__file__).resolve().parents[2] / "specs"
    paths = [root / "lenet.nn", root / "unet.nn", *sorted((root / "zoo").glob("*.nn"))]
    slow = pytest.mark.slow
    return [pytest.param(p, id=p.stem, marks=slow if p.stem in LARGE else ()) for p in paths]


@pytest.mark.parametrize("path", _specs())
def test_the_file_is_as_large_as_was_told(nnc: Nnc, path: Path) -> None:
    spec = Path(path.name)
    spec.write_bytes(path.read_bytes())
    told = {}
    for network in json.loads(nnc("show", spec, "--json").out)["networks"]:
        sizes = [size for port in network["inputs"] for size in port["shape"]]
        open_sizes = sorted({size for size in sizes if isinstance(size, str)})
        bound = "; ".join([f"{name} 64" for name in open_sizes] + ["onnx < 1KB"])
        told[network["name"]] = bound
    text = spec.read_text("utf-8")
    spec.write_text(text + "".join(f"budget {n} {{ {b} }}\n" for n, b in told.items()), "utf-8")
    said = json.loads(nnc("check", spec, "--json").out)["diagnostics"]
    spec.write_text(text, "utf-8")
    found = {m["message"].split("`")[1]: m["message"].split(" is ")[1].split(",")[0] for m in said}
    assert nnc("build", spec, "-o", "made", "--no-verify").code == 0
    for name in told:
        files = [p for p in Path("made").rglob(f"{name}*") if p.suffix in (".onnx", ".data")]
        size = sum(p.stat().st_size for p in files)
        amount = float(found[name][:-2]) * {"KB": 1e3, "MB": 1e6, "GB": 1e9}[found[name][-2:]]
        assert amount == pytest.approx(size, rel=0.02)
