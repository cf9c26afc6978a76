"""A file is compared with PyTorch, and the first value that differs is named."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
import torch

from nnc.backends.onnx_file import OnnxModel
from nnc.backends.onnx_graph import onnx_model
from nnc.deploy.difference import difference
from nnc.deploy.export import around_of, prepare
from nnc.deploy.parity import Differs
from nnc.deploy.samples import UNKNOWN, corners, sample
from nnc.deploy.verify import trials, verify
from nnc.ir.plan import Profile
from nnc.passes.inference import inference
from nnc.record import replace
from tests.deploy import small

FREE = """
network Free {
  input image: [3, H, W]
  conv(4, 3, padding=1) as a
  max_pool(2) -> conv_transpose(4, 2, stride=2) as up
  from a, up -> concat -> conv(2, 1)
  output mask: [2, H, W]
}
"""
DEEP = """
block unit(c) {
  residual { conv(c, 3, padding=1) -> relu }
}
network Deep {
  input image: [2, 8, 8]
  unit(2)
  unit(2)
  flatten -> dense(3)
  output y
}
"""


def damaged(model: OnnxModel, weight: str) -> OnnxModel:
    """The model with one number of a weight changed."""
    tensors = []
    for tensor in model.tensors:
        array = tensor.array
        if tensor.weight == weight:
            array = array.copy()
            array.reshape(-1)[0] += 1
        tensors.append(replace(tensor, array=array))
    assert any(tensor.weight == weight for tensor in model.tensors)
    return replace(model, tensors=tuple(tensors))


@pytest.mark.parametrize("text", [FREE, DEEP])
def test_a_network_agrees(text: str) -> None:
    network = small.recipe(text).network
    weights = small.weights_of(network)
    parity = verify(network, weights, onnx_model(network, weights))
    assert parity.verified
    assert 0 <= parity.largest < 1e-5
    assert parity.batches[:3] == (1, 2, 5)
    assert parity.first is None


def test_the_corners_of_symbolic_sizes_are_compared() -> None:
    network = small.recipe(FREE).network
    assert corners(network) == (
        {"H": 2, "W": 2},
        {"H": 4, "W": 2},
        {"H": 2, "W": 4},
        {"H": 10, "W": 12},
    )
    batches = [(trial.sizes["H"], trial.batch) for trial in trials(network)]
    assert batches == [(2, 1), (2, 2), (2, 5), (4, 2), (2, 2), (10, 2)]


def test_the_first_value_that_differs_is_named_with_its_line() -> None:
    network = small.recipe(DEEP).network
    weights = small.weights_of(network)
    model = damaged(onnx_model(network, weights), "unit2.conv1.weight")
    parity = verify(network, weights, model)
    assert not parity.verified
    assert parity.first is not None
    assert parity.first.place == "unit2.conv1"
    assert parity.first.where == "spec.nn:3"
    refusal = Differs(parity, "model.onnx")
    assert refusal.diagnostics[0].code == "NN554"
    assert "unit2.conv1, at spec.nn:3" in refusal.diagnostics[0].notes[0]


def test_a_file_is_compared_as_well_as_a_model(tmp_path: Path) -> None:
    network = small.recipe(DEEP).network
    weights = small.weights_of(network)
    path = tmp_path / "model.onnx"
    path.write_bytes(damaged(onnx_model(network, weights), "dense1.bias").serialize())
    parity = verify(network, weights, path)
    assert parity.first is not None
    assert parity.first.place == "dense1"


@pytest.mark.parametrize(
    "text,profile",
    [(small.PICTURES, small.PICTURES_PROFILE), (small.TABLE, small.TABLE_PROFILE)],
)
def test_raw_values_are_compared(text: str, profile: Profile) -> None:
    recipe = small.recipe(text, profile)
    weights = small.weights_of(recipe.network)
    made = prepare(recipe, weights, trained=True)
    parity = verify(recipe.network, weights, made.model, around=made.around)
    assert parity.verified, parity


def test_a_front_unlike_that_of_training_is_found() -> None:
    recipe = small.recipe(small.PICTURES, small.PICTURES_PROFILE)
    weights = small.weights_of(recipe.network)
    model = onnx_model(inference(recipe.network, around_of(recipe)), weights)
    other = replace(
        around_of(recipe),
        fronts=(("image", replace(small.PICTURES_PROFILE.fronts[0][1], mean=(0.4,))),),
    )
    parity = verify(recipe.network, weights, model, around=other)
    assert not parity.verified
    assert parity.first is not None
    assert parity.first.place == "image_scaled"


def test_samples_hold_what_is_missing_or_unknown() -> None:
    recipe = small.recipe(small.TABLE, small.TABLE_PROFILE)
    around = around_of(recipe)
    whole = inference(recipe.network, around)
    made = sample(whole, dict(around.fronts), {}, 64, np.random.default_rng(0))
    assert np.isnan(made["numbers"]).any()
    assert {"blue", "red", UNKNOWN} == set(made["categories"].reshape(-1))


@pytest.mark.parametrize(
    "found,wanted,size",
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([0.1], [0.2], 0.1),  # below 1 the difference is absolute,
        ([1010.0], [1000.0], 0.01),  # above relative
        ([nan, 1.0], [nan, 1.0], 0.0),
        ([nan], [1.0], inf),
        ([inf], [inf], 0.0),
        ([inf], [-inf], inf),
        ([1.0, 2.0], [1.0], inf),
    ],
)
def test_difference(found: list[float], wanted: list[float], size: float) -> None:
    assert difference(np.float32(found), np.float32(wanted)) == pytest.approx(size)


def test_proving_draws_nothing_from_pytorchs_stream() -> None:
    network = small.recipe(DEEP).network
    weights = small.weights_of(network)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    verify(network, weights, onnx_model(network, weights))
    assert torch.equal(torch.get_rng_state(), before)
