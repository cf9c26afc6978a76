"""Weights of torchvision and transformers, by their names, come to the same outputs here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from nnc.backends.foreign_names import beside
from nnc.cli.main import run
from tests.zoo.networks import ROOT, by_hand, checked

SPECS = {
    path.name.removesuffix(".names.json"): path.with_name(path.name.replace(".names.json", ".nn"))
    for path in sorted((ROOT / "specs").rglob("*.names.json"))
}
SLOW = {
    "gpt2",
    "swin_t",
    "vgg16",
    "vgg16_bn",
    "vit_b16",
    "alexnet_torchvision",
    "convnext_tiny",
    "inception_v3",
}
ALL = [pytest.param(spec, marks=pytest.mark.slow if spec in SLOW else ()) for spec in SPECS]


def lively(spec: str) -> nn.Module:
    """The network as a person wrote it, with numbers that no layer starts with."""
    torch.manual_seed(0)
    (name,) = checked(spec).networks
    module = by_hand(spec, name)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 1.5)
            elif name.endswith("running_mean"):
                value.uniform_(-0.2, 0.2)
            elif name.endswith(("scale", "token")):
                value.uniform_(0.1, 0.3)
            elif value.ndim == 1 and value.is_floating_point():
                value.add_(torch.rand_like(value) * 0.2)
    return module.eval()


def inputs(spec: str) -> torch.Tensor:
    torch.manual_seed(1)
    if spec == "gpt2":
        return torch.randint(0, 50257, (1, 7))
    size = 299 if spec == "inception_v3" else 224
    return torch.randn(1, 3, size, size)


def saved(module: nn.Module, path: Path) -> None:
    state = {name: value.clone().contiguous() for name, value in module.state_dict().items()}
    save_file(state, path)


@pytest.mark.parametrize("spec", ALL)
def test_their_weights_give_their_outputs(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module, x = lively(spec), inputs(spec)
    with torch.inference_mode():
        wanted = module(x).numpy()
    saved(module, tmp_path / "their.safetensors")
    del module
    arguments = [str(SPECS[spec]), "--weights", str(tmp_path / "their.safetensors")]
    out = tmp_path / "net.onnx"
    assert run(["build", *arguments, "-o", str(out), "--no-verify"]) == 0
    told = capsys.readouterr().err
    assert "by the names of" in told
    assert " -> " in told
    session = ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    size = max(1.0, float(np.abs(wanted).max()))
    assert np.abs(wanted).max() > 1e-3
    assert float(np.abs(np.asarray(found) - wanted).max()) / size < 1e-4


def test_every_table_has_its_spec() -> None:
    assert len(SPECS) >= 13
    for path in SPECS.values():
        assert path.is_file()
        assert beside(path).is_file()
