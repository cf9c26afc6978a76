"""Generated PyTorch and ONNX of one network give the same numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.backends.torch_run import example_sizes
from nnc.check import check_text
from nnc.ir.dims import evaluate
from nnc.ir.graph import Network
from nnc.ir.walk import weight_table
from nnc.layers import LAYERS
from nnc.layers.base import Case
from tests.backends.onnx_running import Arrays, run
from tests.layers.worked import spec

GOLDEN = Path(__file__).parent / "golden"
CASES = [
    (word, case)
    for word, layer in LAYERS.items()
    if not layer.hidden
    for case in layer.cases
    if not case.refused
]


def checked(text: str) -> Network:
    found = check_text(text)
    assert not found.errors, found.diagnostics
    (network,) = found.networks.values()
    return network


def inputs_of(network: Network, batch: int, *, positive: bool = False) -> Arrays:
    draw = np.random.default_rng(batch)
    sizes = example_sizes(network)
    made: Arrays = {}
    for port in network.graph.inputs:
        type = network.graph.types[port.value]
        shape = [batch, *(evaluate(d, sizes) for d in type.dims)]
        if type.dtype == "int64":
            made[port.name] = draw.integers(0, 2, shape)
        else:
            numbers = draw.random(shape) if positive else draw.standard_normal(shape)
            made[port.name] = numbers.astype(np.float32)
    return made


def differ(network: Network, *, batch: int = 3, positive: bool = False) -> float:
    """The largest difference of an output, relative to its largest number where that exceeds 1."""
    weights = initial_weights(weight_table(network), seed=1)
    inputs = inputs_of(network, batch, positive=positive)
    with torch.inference_mode():
        out = build(network, weights).eval()(*map(torch.from_numpy, inputs.values()))
    values = out if isinstance(out, tuple) else (out,)
    others = run(onnx_model(network, weights), inputs)
    worst = 0.0
    for port, value in zip(network.graph.outputs, values):
        a, b = value.numpy(), others[port.name]
        assert a.shape == b.shape
        worst = max(worst, float(np.abs(a - b).max(initial=0) / max(1.0, np.abs(b).max(initial=0))))
    return worst


@pytest.mark.parametrize("name", ["lenet", "mixed", "unet"])
def test_whole_networks_agree(name: str) -> None:
    assert differ(checked((GOLDEN / f"{name}.nn").read_text(encoding="utf-8")), batch=2) < 1e-5


@pytest.mark.parametrize("word, case", CASES, ids=[f"{w}: {c.step}" for w, c in CASES])
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_every_case_of_every_layer_agrees(word: str, case: Case) -> None:
    network = checked(spec(case))
    assert differ(network, positive=case.positive) < 1e-5
