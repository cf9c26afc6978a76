"""Published networks: no mistakes, the published counts of weights, ONNX and PyTorch alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.check import Checked, Override, check_source
from nnc.deploy.lively import lively
from nnc.ir.graph import Network
from nnc.ir.walk import count_weights, weight_table
from nnc.source import Source
from nnc.syntax.files import read_source
from tests.backends.onnx_running import session
from tests.backends.test_backends_agree import inputs_of

ROOT = Path(__file__).resolve().parents[2]
SPECS = {path.stem: path for path in sorted((ROOT / "specs" / "zoo").glob("*.nn"))}
MOST_LINES = 80
PUBLISHED = {
    ("convnext_tiny", "ConvNeXtTiny"): 28_589_128,
    ("cyclegan", "Generator"): 11_378_179,
    ("cyclegan", "PatchGAN"): 2_764_737,
    ("dcgan", "Discriminator"): 2_765_568,
    ("dcgan", "Generator"): 3_576_704,
    ("densenet121", "DenseNet121"): 7_978_856,
    ("efficientnet_b0", "EfficientNetB0"): 5_288_548,
    ("googlenet", "GoogLeNet"): 6_624_904,
    ("gpt2", "GPT2"): 124_439_808,
    ("mlp_mixer", "MLPMixer"): 59_880_472,
    ("mobilenet_v2", "MobileNetV2"): 3_504_872,
    # Convolutions (416 + 6,960 + 27,712 + 16,448), 256 to 100 features, 21 outputs of these.
    ("multi_task", "Faces"): 51_536 + 25_700 + 21 * 101,
    ("nerf", "NeRF"): 595_844,
    ("pix2pix", "PatchGAN"): 2_768_705,
    ("pix2pix", "UNet256"): 54_413_955,
    ("resnet18", "ResNet18"): 11_689_512,
    ("resnet20", "ResNet20"): 269_722,
    ("squeezenet", "SqueezeNet"): 1_235_496,
    ("vae", "VAE"): 652_824,
    ("vgg16_bn", "VGG16BN"): 138_365_992,
    ("vit_b16", "ViTB16"): 86_567_656,
    # 40 vectors of 32, 101 -> 1024 -> 512 -> 256 -> 1, a number for each occupation and each pair.
    ("wide_and_deep", "WideAndDeep"): 1_280 + 104_448 + 524_800 + 131_328 + 257 + 255,
}
# More than 30 million weights, or more than 50 billion multiply-adds.
SLOW = {
    ("cyclegan", "Generator"),
    ("gpt2", "GPT2"),
    ("mlp_mixer", "MLPMixer"),
    ("pix2pix", "UNet256"),
    ("vgg16_bn", "VGG16BN"),
    ("vit_b16", "ViTB16"),
}


def checked(spec: str, *overrides: Override) -> Checked:
    path = SPECS[spec]
    return check_source(read_source(str(path), path.name), overrides=overrides)


def differ(network: Network) -> float:
    """The largest difference of an output at batches of 1 and 2, relative to its largest number."""
    weights = lively(initial_weights(weight_table(network), seed=1), seed=0)
    module = build(network, weights).eval()
    runtime = session(onnx_model(network, weights).serialize())
    names = [output.name for output in runtime.get_outputs()]
    worst = 0.0
    for batch in (1, 2):
        inputs = inputs_of(network, batch)
        with torch.inference_mode():
            out = module(*map(torch.from_numpy, inputs.values()))
        values = out if isinstance(out, tuple) else (out,)
        found = dict(zip(names, runtime.run(None, inputs)))
        for port, value in zip(network.graph.outputs, values):
            wanted = value.numpy()
            assert found[port.name].shape == wanted.shape
            assert np.isfinite(wanted).all()
            size = float(np.abs(wanted).max())
            assert batch == 1 or np.abs(wanted[0] - wanted[1]).max() > 1e-3 * size
            worst = max(worst, float(np.abs(found[port.name] - wanted).max()) / size)
    return worst


def test_every_spec_is_published_here() -> None:
    assert {spec for spec, _ in PUBLISHED} == set(SPECS)


@pytest.mark.parametrize("spec", SPECS)
def test_no_mistakes_and_the_published_weights_on_one_page(spec: str) -> None:
    text = SPECS[spec].read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= MOST_LINES
    assert lines[0].startswith("# ")
    found = checked(spec)
    assert not found.diagnostics
    assert {(spec, name): count_weights(n) for name, n in found.networks.items()} == {
        key: count for key, count in PUBLISHED.items() if key[0] == spec
    }
    for network in found.networks.values():
        assert f"{count_weights(network):,}" in text, "the comment tells another count"


def test_resnet20_with_projections() -> None:
    found = checked("resnet20", Override("projection", Source("<command line>", "true")))
    assert not found.errors
    assert count_weights(found.networks["ResNet20"]) == 272_474
    assert differ(found.networks["ResNet20"]) < 1e-4


@pytest.mark.parametrize(
    "spec, name",
    [pytest.param(*key, marks=pytest.mark.slow if key in SLOW else ()) for key in PUBLISHED],
)
def test_pytorch_and_onnx_agree(spec: str, name: str) -> None:
    assert differ(checked(spec).networks[name]) < 1e-4
