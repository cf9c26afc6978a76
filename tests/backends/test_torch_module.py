"""Modules made of generated source."""

from __future__ import annotations

import traceback

import numpy as np
import pytest
import torch
from torch import nn

from nnc.backends import torch_module
from nnc.backends.torch_module import WeightsMismatch, build, load_module, module_class, set_weights
from nnc.backends.torch_source import network_class, torch_source
from nnc.check import check_text
from nnc.ir.graph import Network
from nnc.layers import LAYERS
from nnc.layers.base import Case
from nnc.record import replace
from tests.backends.torch_sketch import random_weights
from tests.layers.worked import spec

TEXT = """
network Net(width=8) {
  input x: [3, 6, 6]
  conv(width, 3) -> batch_norm -> relu -> dropout -> flatten -> dense(2)
  output y
}
"""


def network(text: str = TEXT) -> Network:
    (found,) = check_text(text).networks.values()
    return found


def test_weights_are_copied_and_stay_the_callers() -> None:
    net = network()
    weights = random_weights(net)
    for array in weights.values():
        array.flags.writeable = False
    module = build(net, weights)
    assert module.training
    for name, tensor in module.state_dict().items():
        assert tensor.device.type == "cpu"
        np.testing.assert_array_equal(tensor.numpy(), weights[name])
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    assert all(weights[name].any() for name in ("conv1.weight", "dense1.weight"))


def test_wrong_weights_are_named() -> None:
    net = network()
    weights = random_weights(net)
    with pytest.raises(WeightsMismatch, match=r"missing: dense1\.bias"):
        build(net, {n: w for n, w in weights.items() if n != "dense1.bias"})
    with pytest.raises(WeightsMismatch, match="unknown: other"):
        build(net, {**weights, "other": np.zeros(1, np.float32)})
    with pytest.raises(WeightsMismatch, match=r"dense1\.bias has the shape \[3\], not \[2\]"):
        build(net, {**weights, "dense1.bias": np.zeros(3, np.float32)})


def test_ties_survive_the_way_from_meta() -> None:
    source = (
        "import torch\nfrom torch import nn\n\n\nclass Tied(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.a = nn.Linear(2, 2)\n        self.b = nn.Linear(2, 2)\n"
        "        self.b.weight = self.a.weight\n"
    )
    with torch.device("meta"):
        module = load_module(source, "Tied")()
    ties = torch_module._ties(module)
    assert ties == {"b.weight": "a.weight"}
    module.to_empty(device="cpu")
    torch_module._tie(module, ties)
    assert module.get_parameter("b.weight") is module.get_parameter("a.weight")


def test_tracebacks_show_the_generated_line() -> None:
    module = build(network(), random_weights(network()))
    with pytest.raises(RuntimeError) as error:
        module(torch.zeros(1, 4, 6, 6))
    shown = "".join(traceback.format_exception(error.value))
    assert "F.relu(self.batch_norm1(self.conv1(x)))" in shown


def test_a_loaded_class_is_an_ordinary_one() -> None:
    net = replace(network(), offered=("width",))
    made = module_class(net)
    assert issubclass(made, nn.Module)
    assert made.__name__ == network_class(net) == "Net"
    assert made(width=4).conv1.out_channels == 4  # type: ignore[union-attr]
    with pytest.raises(KeyError):
        load_module(torch_source(net), "Other")


def test_set_weights_changes_a_module_in_place() -> None:
    net = network()
    module = build(net, random_weights(net, 1))
    before = module.get_parameter("conv1.weight")
    set_weights(module, random_weights(net, 2))
    assert module.get_parameter("conv1.weight") is before
    np.testing.assert_array_equal(before.detach().numpy(), random_weights(net, 2)["conv1.weight"])


CASES = [
    (word, case)
    for word, layer in LAYERS.items()
    if not layer.hidden
    for case in layer.cases
    if not case.refused
]


@pytest.mark.parametrize("word, case", CASES, ids=[f"{w}: {c.step}" for w, c in CASES])
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_every_case_of_every_layer_is_a_module(word: str, case: Case) -> None:
    checked = check_text(spec(case))
    assert not checked.errors, checked.diagnostics
    net = checked.networks["Worked"]
    module = build(net, random_weights(net)).eval()
    compile(torch_source(net), "generated", "exec")
    assert isinstance(module, nn.Module)
