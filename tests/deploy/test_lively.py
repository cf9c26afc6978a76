"""Untrained networks are proved with weights that let an output tell of its input."""

from __future__ import annotations

import numpy as np
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.check import check_text
from nnc.deploy.lively import lively
from nnc.ir.walk import weight_table

DEEP = """network Deep {
  input x: [4, 16, 16]
  repeat 16 { conv(16, 3, padding=1) -> relu }
  global_avg_pool -> flatten -> dense(3)
  output y
}
"""


def spread(weights: dict[str, np.ndarray]) -> float:
    """How much two samples differ, relative to the largest output."""

    network = check_text(DEEP).networks["Deep"]
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 4, 16, 16), np.float32))
    with torch.inference_mode():
        y = build(network, weights).eval()(x)
    return float((y[0] - y[1]).abs().max() / y.abs().max())


def test_the_samples_of_a_deep_network_differ() -> None:
    network = check_text(DEEP).networks["Deep"]
    start = dict(initial_weights(weight_table(network), 0))
    alive = lively(start, 0)
    assert spread(start) < 1e-4, "as it starts, the output hardly sees the input"
    assert spread(alive) > 1e-3 > 10 * spread(start)
    assert {name: a.shape for name, a in alive.items()} == {n: a.shape for n, a in start.items()}
    again = lively(start, 0)
    assert all(np.array_equal(alive[name], again[name]) for name in alive)
