"""Formulas, weights, constants and noise: both backends agree, and the source reads as written."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.backends.torch_source import torch_source
from nnc.ir.verify import verify
from nnc.ir.walk import count_weights, weight_table
from tests.backends.test_backends_agree import checked, differ

VAE = """
network VAE(codes=20) {
  input image: [1, 28, 28]
  noise dice: [codes]
  flatten -> dense(400) -> relu as h
  from h -> dense(codes) as mu
  output mu
  from h -> dense(codes) as logvar
  output logvar
  from mu + exp(0.5 * logvar) * dice as z
  dense(400) -> relu -> dense(784) -> sigmoid -> reshape(1, 28, 28)
  output copy: [1, 28, 28]
}
"""
NERF = """
network NeRF {
  input point: [63]
  input direction: [27]
  from point
  repeat 5 { dense(256) -> relu } as h
  from point, h -> concat
  repeat 3 { dense(256) -> relu } as code
  dense(1)
  output density: [1]
  from code -> dense(256) -> concat(direction) -> dense(128) -> relu -> dense(3)
  output colour: [3]
}
"""
CONVNEXT = """
block cn: [C, H, W] {
  weight gamma: [C, 1, 1] = 1e-6
  residual {
    conv(C, 7, padding=3, groups=C) -> layer_norm(axis=0)
    conv(4*C, 1) -> gelu -> conv(C, 1)
    mul(gamma)
  }
}
network ConvNeXt {
  input image: [3, H, W]
  conv(8, 4, stride=4)
  repeat 3 { cn }
  global_avg_pool -> flatten -> dense(10)
  output label: [10]
}
"""
VIT = """
network ViT {
  input patches: [16, 8]
  weight cls: [1, 8] = 0
  weight position: [17, 8] = normal(0.02)
  from cls, patches -> concat -> add(position) as h
  residual { layer_norm -> dense(8) }
  layer_norm as h2
  from h2[0] -> dense(10, init=0.1)
  output label: [10]
}
"""
MIXED = """
network Mixed {
  input x: [C2, 6]
  input b: [6]
  constant mask: [6] = [1, 0, 1, 0, 1, 0]
  constant waves: [4, 1, 6] = normal(2)
  weight gain, bias: [6] = uniform(0.5, 1.5)
  weight scalar: [] = 2
  from (x * gain + bias) * mask / scalar ** 2 + b as y
  from 1 - tanh(y) * sigmoid(-y) + 2 ** (b / 9) as gated
  output gated
  from sin(waves * b) + exp(-abs(x[-1]))
  output wide: [4, 1, 6]
  from y[1:, 0] - x[:-1, 5] -> clamp(-1, 1) -> maximum(0)
  output steps
  from gain * bias
  output both
  from bias[2:] + b[:4]
  output part: [4]
}
"""


@pytest.mark.parametrize("text", [VAE, NERF, CONVNEXT, VIT, MIXED])
@pytest.mark.parametrize("batch", [1, 3])
def test_backends_agree(text: str, batch: int) -> None:
    assert differ(verify(checked(text)), batch=batch) < 1e-5


@pytest.mark.parametrize("text", [VAE, CONVNEXT, VIT, MIXED])
def test_state_dict_is_the_table_of_weights(text: str) -> None:
    network = checked(text)
    weights = initial_weights(weight_table(network), seed=0)
    module = build(network, weights)
    state = module.state_dict()
    assert [(n, tuple(t.shape)) for n, t in state.items()] == [
        (n, a.shape) for n, a in weights.items()
    ]
    assert sum(p.numel() for p in module.parameters()) == count_weights(network)


def test_published_weights() -> None:
    assert count_weights(checked(NERF)) == 595_844


def test_a_formula_reads_as_written() -> None:
    lines = [line.strip() for line in torch_source(checked(VAE)).splitlines()]
    assert "def forward(self, image, dice=None):" in lines
    assert "z = mu + torch.exp(0.5 * logvar) * dice" in lines
    assert "dice = torch.randn(image.shape[0], 20, device=image.device, dtype=image.dtype)" in lines
    mixed = torch_source(checked(MIXED))
    assert "gated = 1 - torch.tanh(y) * torch.sigmoid(-y) + (2 ** (b / 9)).reshape" in mixed
    assert "y[:, 1:, 0] - x[:, :-1, 5]" in mixed
    assert "self.scalar**2" in mixed
    assert 'self.register_buffer("mask", torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0, 0.0]))' in mixed
    assert "self.gamma = nn.Parameter(torch.full((C, 1, 1), 1e-6))" in torch_source(
        checked(CONVNEXT)
    )
    assert "self.cls.expand(patches.shape[0], -1, -1)" in torch_source(checked(VIT))


def test_noise_is_drawn_where_it_is_not_given() -> None:
    network = checked(
        "network N {\n noise a: [3]\n input x: [3]\n noise b: [3] = uniform(4, 5)\n"
        " noise c: [3] = normal(0.1, mean=9)\n from 0 * x + a as y\n output y\n"
        " from 0 * x + b\n output z\n from 0 * x + c\n output w\n}\n"
    )
    module = build(network, {})
    torch.manual_seed(1)
    y, z, w = module(torch.zeros(1000, 3))
    assert abs(float(y.mean())) < 0.1
    assert float(y.std()) == pytest.approx(1, abs=0.1)
    assert 4 <= float(z.min()) < 4.1 < 4.9 < float(z.max()) <= 5
    assert float(w.mean()) == pytest.approx(9, abs=0.1)
    given = module(torch.zeros(1, 3), b=torch.ones(1, 3))[1]
    assert given.tolist() == [[1, 1, 1]]
    model = onnx_model(network, {}).proto()
    assert [value.name for value in model.graph.input] == ["x", "a", "b", "c"]


def test_operators_are_single_nodes() -> None:
    network = checked("network N {\n input x: [3]\n from 1 - 0.5 * x ** 2\n output y\n}\n")
    nodes = [node.op_type for node in onnx_model(network, {}).proto().graph.node]
    assert nodes == ["Pow", "Mul", "Sub"]


def test_a_power_of_a_power_keeps_its_brackets() -> None:
    network = checked(
        "network N {\n input x: [3]\n from (x ** 2) ** 3 - (x - (1 - x)) / (2 / (3 + exp(x)))\n"
        " output y\n}\n"
    )
    x = np.array([[0.5, 1.0, -2.0]], np.float32)
    wanted = (x**2) ** 3 - (x - (1 - x)) / (2 / (3 + np.exp(x)))
    made = build(network, {})(torch.from_numpy(x)).numpy()
    assert np.allclose(made, wanted, rtol=1e-5)


STYLED = """
block styled(width): [C, H, W] {
  noise dice: [1, H, W]
  weight strength: [C, 1, 1] = 0.5
  add(strength * dice) -> leaky_relu(0.2) -> conv(width, 3, padding=1)
}
block twice(act) { styled(4) -> act -> styled(4) }
network Styles {
  input image: [3, H, 8]
  noise first: [8] = uniform(-1, 1)
  shared mix = conv(4, 1)
  add(first) -> styled(4) as one
  repeat 2 { twice(relu) }
  twice(mix)
  output y: [4, H, 8]
}
"""


@pytest.mark.parametrize("batch", [1, 3])
def test_each_call_of_a_block_draws_its_own_noise(batch: int) -> None:
    network = verify(checked(STYLED))
    assert [port.name for port in network.graph.inputs] == [
        "image", "first", "one_dice", "twice1_styled1_dice", "twice1_styled2_dice",
        "twice2_styled1_dice", "twice2_styled2_dice", "twice3_styled1_dice", "twice3_styled2_dice",
    ]  # fmt: skip
    assert differ(network, batch=batch) < 1e-5
    module = build(network, initial_weights(weight_table(network), seed=0))
    image = torch.zeros(2, 3, 5, 8)
    assert not torch.equal(module(image), module(image))
