"""Layers whose weight is a value: one for all samples, or each sample its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as functional

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.ir.verify import verify
from nnc.ir.walk import weight_table
from tests.backends.onnx_running import run
from tests.backends.test_backends_agree import checked, differ

HYPER = """
network Hyper {
  input image: [4, 8, 8]
  input task: [5]
  from task -> dense(4*2*3*3) -> reshape(4, 2, 3, 3) as made
  weight fixed: [4, 4, 3, 3] = normal(0.1)
  constant edge: [4, 1, 3] = 1
  from image -> conv(4, 3, padding=1, groups=2, weight=made) -> relu
  conv(4, 3, padding=same, weight=2 * fixed) -> relu
  conv(4, 3, padding=1, padding_mode=replicate, weight=fixed) -> relu
  conv_transpose(4, 3, stride=2, weight=fixed) -> adaptive_avg_pool(3)
  rearrange([c, h, w], [c, (h, w)]) -> conv(4, 3, groups=4, weight=edge, bias=false) as rows
  from task -> dense(28, bias=false) -> reshape(4, 7) as each
  weight base: [6, 4] = normal(0.1)
  weight a: [2, 4] = normal(0.1)
  weight b: [6, 2] = normal(0.1)
  from rows -> dense(4, weight=each) -> dense(6, weight=base + matmul(b, a)) as y
  output y: [4, 6]
  from y[0] -> dense(4, bias=false, weight=transpose_of)
  output z: [4]
}
""".replace("transpose_of", "permute(base, 1, 0)")
MODULATED = """
block modulated(channels, style: [S]): [C, H, W] {
  as x
  from style -> dense(C, bias=false) -> reshape(1, C, 1, 1) as s
  weight w: [channels, C, 3, 3] = normal(1)
  from w * (1 + s) as m
  from m / sqrt(sum(m * m, axis=(1, 2, 3), keep=true) + 1e-8) as made
  from x -> conv(channels, 3, padding=1, weight=made)
}
network Style {
  input image: [4, H, W]
  input style: [6]
  from image -> modulated(8, style) -> leaky_relu(0.2) -> modulated(3, style)
  output out: [3, H, W]
}
"""
LOOP = """
network Loop {
  input x: [T, 4]
  weight w: [4, 4] = normal(0.3)
  from x -> scan { state h: [4]; dense(4, weight=w) -> add(h) -> tanh as h1; next h = h1; from h1 }
  repeat 2 { dense(4, weight=w) -> tanh }
  output y
}
"""


@pytest.mark.parametrize("text", [HYPER, MODULATED, LOOP])
@pytest.mark.parametrize("batch", [1, 3])
def test_backends_agree(text: str, batch: int) -> None:
    assert differ(verify(checked(text)), batch=batch) < 1e-5


@pytest.mark.parametrize("text", [HYPER, MODULATED, LOOP])
def test_the_table_of_weights_is_the_state_dict(text: str) -> None:
    network = checked(text)
    arrays = initial_weights(weight_table(network), seed=0)
    module = build(network, arrays)
    assert [(n, tuple(t.shape)) for n, t in module.state_dict().items()] == [
        (n, a.shape) for n, a in arrays.items()
    ]


def test_each_sample_has_a_kernel_of_its_own() -> None:
    """Against a loop over the samples."""
    network = checked("""
network Dynamic {
  input x: [4, 6, 5]
  input w: [6, 2, 3, 3]
  from x -> conv(6, 3, stride=2, padding=1, dilation=2, groups=2, bias=false, weight=w)
  output y
}
""")
    draw = np.random.Generator(np.random.SFC64(0))
    x, w = (draw.normal(size=s).astype("f4") for s in ((3, 4, 6, 5), (3, 6, 2, 3, 3)))
    (found,) = run(onnx_model(network, {}), {"x": x, "w": w}).values()
    wanted = [
        functional.conv2d(
            torch.from_numpy(a)[None], torch.from_numpy(b), None, 2, 1, dilation=2, groups=2
        )
        for a, b in zip(x, w)
    ]
    assert np.abs(found - torch.cat(wanted).numpy()).max() < 1e-5


def test_gradients_reach_what_makes_the_weight() -> None:
    network = checked(MODULATED)
    module = build(network, initial_weights(weight_table(network), seed=0))
    module(torch.randn(2, 4, 6, 6), torch.randn(2, 6)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in module.parameters())
