"""Initial weights: PyTorch's distributions, a stream of its own for each weight."""

from __future__ import annotations

import hashlib
from math import sqrt
from typing import Any

import numpy as np
import pytest
import torch

from nnc.backends.initial import initial_weight, initial_weights
from nnc.diagnostics import Refusal
from nnc.ir.dims import symbol
from nnc.ir.initial import (
    INITS,
    TORCH_WEIGHT,
    Dirac,
    FanUniform,
    Fill,
    KaimingNormal,
    KaimingUniform,
    Normal,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    Weight,
    XavierNormal,
    XavierUniform,
)
from nnc.ir.walk import PlacedWeight, weight_table
from nnc.layers.conv import Conv
from nnc.layers.dense import Dense
from nnc.source import NOWHERE
from tests.ir.graphs import Build, small, type_of

SHAPE = (64, 48, 3, 3)


def drawn(
    init: Any, shape: tuple[Any, ...] = SHAPE, name: str = "conv1.weight", seed: int = 0
) -> Any:
    weight = Weight("weight", shape, init)
    return initial_weight(PlacedWeight(name, weight, NOWHERE), seed)


def like_torch(fill: Any, shape: tuple[int, ...] = SHAPE) -> np.ndarray[Any, Any]:
    torch.manual_seed(1)
    return fill(torch.empty(shape)).numpy()


@pytest.mark.parametrize(
    "init, fill",
    [
        (KaimingUniform(sqrt(5)), lambda t: torch.nn.init.kaiming_uniform_(t, a=sqrt(5))),
        (KaimingUniform(), torch.nn.init.kaiming_uniform_),
        (
            KaimingUniform(0.2, "fan_out"),
            lambda t: torch.nn.init.kaiming_uniform_(t, a=0.2, mode="fan_out"),
        ),
        (XavierUniform(), torch.nn.init.xavier_uniform_),
        (XavierUniform(2.0), lambda t: torch.nn.init.xavier_uniform_(t, 2.0)),
        (Uniform(-0.5, 1.5), lambda t: torch.nn.init.uniform_(t, -0.5, 1.5)),
    ],
)
def test_uniform_bounds_are_torchs(init: Any, fill: Any) -> None:
    ours, theirs = drawn(init), like_torch(fill)
    width = theirs.max() - theirs.min()
    assert abs(ours.max() - theirs.max()) < 1e-3 * width
    assert abs(ours.min() - theirs.min()) < 1e-3 * width
    assert abs(ours.mean() - theirs.mean()) < 0.01 * width
    assert abs(ours.std() / theirs.std() - 1) < 0.02


@pytest.mark.parametrize(
    "init, fill",
    [
        (KaimingNormal(), torch.nn.init.kaiming_normal_),
        (
            KaimingNormal(0.2, "fan_out"),
            lambda t: torch.nn.init.kaiming_normal_(t, a=0.2, mode="fan_out"),
        ),
        (XavierNormal(), torch.nn.init.xavier_normal_),
        (Normal(0.02), lambda t: torch.nn.init.normal_(t, 0, 0.02)),
        (Normal(0.02, 1.0), lambda t: torch.nn.init.normal_(t, 1.0, 0.02)),
        (TruncatedNormal(1.0), lambda t: torch.nn.init.trunc_normal_(t, 0, 1.0, -2, 2)),
    ],
)
def test_normal_deviations_are_torchs(init: Any, fill: Any) -> None:
    ours, theirs = drawn(init), like_torch(fill)
    assert abs(ours.mean() - theirs.mean()) < 0.03 * theirs.std()
    assert abs(ours.std() / theirs.std() - 1) < 0.02


def test_biases_of_layers_lie_where_torch_puts_them() -> None:
    b = Build(x=type_of(3, 9, 9))
    x = b.add(Conv(500, 5), 0)
    net = b.network(y=b.add(Dense(4000), b.add(Dense(16), x)))
    made = initial_weights(weight_table(net), 0)
    for name, fan in (("conv1", 75), ("dense1", 5), ("dense2", 16)):
        bound = 1 / sqrt(fan)
        for which in ("weight", "bias"):
            assert np.abs(made[f"{name}.{which}"]).max() <= bound * (1 + 1e-6)
        assert np.abs(made[f"{name}.weight"]).max() > 0.9 * bound
    conv = torch.nn.Conv2d(3, 500, 5)
    assert abs(float(conv.bias.detach().abs().max()) - np.abs(made["conv1.bias"]).max()) < 0.01


def test_truncated_normal_stays_within_two_deviations() -> None:
    numbers = drawn(TruncatedNormal(0.5, 1.0))
    assert np.abs(numbers - 1).max() <= 1.0


@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (8, 4, 3, 3)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    flat = drawn(Orthogonal(2.0), shape).reshape(shape[0], -1)
    small_side = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
    np.testing.assert_allclose(small_side, 4 * np.eye(len(small_side)), atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 6, 3, 3), (6, 4, 5), (3, 3, 3, 5, 1)])
def test_dirac_is_torchs(shape: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(drawn(Dirac(), shape), like_torch(torch.nn.init.dirac_, shape))


def test_fill_keeps_the_type() -> None:
    counter = Weight("num_batches_tracked", (), Fill(0), role="state", dtype="int64")
    made = initial_weight(PlacedWeight("bn.n", counter, NOWHERE), 0)
    assert made.dtype == np.int64
    assert made.shape == ()
    assert drawn(Fill(0.25), (3,)).tolist() == [0.25] * 3


@pytest.mark.parametrize("init", [XavierUniform(), KaimingNormal(), Orthogonal(), Dirac()])
def test_a_vector_has_no_fans(init: Any) -> None:
    with pytest.raises(Refusal, match=r"needs a weight of [23] axes, norm\.weight has 1"):
        drawn(init, (8,), "norm.weight")


def test_a_size_that_only_data_know_is_refused() -> None:
    with pytest.raises(Refusal, match=r"depends on digits\.classes, which is not known"):
        drawn(Normal(0.1), (symbol("digits.classes"), 4))


def test_every_distribution_can_be_drawn() -> None:
    given = {"fill": (0.0,), "normal": (1.0,), "truncated_normal": (1.0,), "uniform": (0.0, 1.0)}
    for word, made in INITS.items():
        assert drawn(made(*given.get(word, ())), (3, 3, 3)).shape == (3, 3, 3)
    weight = Weight("bias", (3,), FanUniform(), fan_in=4)
    assert np.abs(initial_weight(PlacedWeight("b", weight, NOWHERE), 0)).max() <= 0.5


def test_each_weight_has_a_stream_of_its_own() -> None:
    """A layer put in front, or a row more of one weight, changes none of the others."""
    table = weight_table(small())
    whole = initial_weights(table, 7)
    part = initial_weights(tuple(reversed(table[3:])), 7)
    for name, array in part.items():
        np.testing.assert_array_equal(array, whole[name])
    taller = drawn(TORCH_WEIGHT, (65, 48, 3, 3))
    np.testing.assert_array_equal(taller[:64], drawn(TORCH_WEIGHT))


def test_seeds_and_places_give_other_numbers() -> None:
    first = drawn(Normal(1.0))
    for other in (drawn(Normal(1.0), seed=1), drawn(Normal(1.0), name="conv2.weight")):
        assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.02
    np.testing.assert_array_equal(first, drawn(Normal(1.0)))


def test_numbers_are_the_same_everywhere() -> None:
    """Held to a digest: other streams change every result, which belongs in the changelog."""
    made = initial_weights(weight_table(small()), 0)
    digest = hashlib.sha256(b"".join(made[name].tobytes() for name in sorted(made)))
    assert digest.hexdigest()[:16] == "eb7832c5014301ac"
