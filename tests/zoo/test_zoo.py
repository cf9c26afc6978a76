"""Published networks: no mistakes, the published counts of weights, ONNX and PyTorch alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.check import Override, check_source
from nnc.deploy.lively import lively
from nnc.ir.graph import Network
from nnc.ir.walk import count_weights, weight_table
from nnc.source import Source
from nnc.syntax.files import read_source
from tests.backends.onnx_running import session
from tests.backends.test_backends_agree import inputs_of
from tests.zoo.networks import ALL, PUBLISHED, SPECS, checked

MOST_LINES = 80
# More than 30 million weights, or more than 15 billion multiply-adds.
SLOW = {
    ("alexnet", "AlexNet"),
    ("alexnet_torchvision", "AlexNet"),
    ("conv_lstm", "ConvLSTM"),
    ("cyclegan", "Generator"),
    ("gpt2", "GPT2"),
    ("mlp_mixer", "MLPMixer"),
    ("pix2pix", "UNet256"),
    ("transformer", "Transformer"),
    ("unet", "UNet"),
    ("vgg16", "VGG16"),
    ("vgg16_bn", "VGG16BN"),
    ("vit_b16", "ViTB16"),
}


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
    assert {spec for spec, _ in PUBLISHED} == set(ALL)


@pytest.mark.parametrize("spec", ALL)
def test_no_mistakes_and_the_published_weights_on_one_page(spec: str) -> None:
    text = ALL[spec].read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= (40 if spec == "resnet50" else MOST_LINES)
    assert lines[0].startswith("# ")
    found = checked(spec)
    assert not found.diagnostics
    assert {(spec, name): count_weights(n) for name, n in found.networks.items()} == {
        key: count for key, count in PUBLISHED.items() if key[0] == spec
    }
    for network in found.networks.values() if spec in SPECS else ():
        assert f"{count_weights(network):,}" in text, "the comment tells another count"


def test_resnet20_with_projections() -> None:
    path = ALL["resnet20"]
    projected = Override("projection", Source("<command line>", "true"))
    found = check_source(read_source(str(path), path.name), overrides=(projected,))
    assert not found.errors
    assert count_weights(found.networks["ResNet20"]) == 272_474
    assert differ(found.networks["ResNet20"]) < 1e-4


@pytest.mark.parametrize(
    "spec, name",
    [pytest.param(*key, marks=pytest.mark.slow if key in SLOW else ()) for key in PUBLISHED],
)
def test_pytorch_and_onnx_agree(spec: str, name: str) -> None:
    assert differ(checked(spec).networks[name]) < 1e-4
