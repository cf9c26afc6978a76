"""What layers do while training: dropout, batch statistics, and where weights start."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from nnc.backends.initial import initial_weight
from nnc.ir.dims import Dim
from nnc.ir.walk import PlacedWeight
from nnc.layers.base import Layer
from nnc.layers.conv import Conv
from nnc.layers.conv_transpose import ConvTranspose
from nnc.layers.dense import Dense
from nnc.layers.dropout import ChannelDropout, Dropout, StochasticDepth
from nnc.layers.group_norm import GroupNorm, InstanceNorm
from nnc.layers.layer_norm import LayerNorm, RmsNorm
from nnc.layers.linear_unit import Prelu
from nnc.layers.norm import BatchNorm
from nnc.source import NOWHERE
from tests.ir.graphs import type_of
from tests.layers.eager import Eager, Value


def test_dropout_acts_while_training_only() -> None:
    torch.manual_seed(0)
    x = Value(torch.ones(4, 1000), type_of(1000))
    trained = Dropout(0.25).torch(Eager({}, {}, training=True), x).data
    assert trained.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert (trained == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert torch.equal(Dropout(0.25).torch(Eager({}, {}), x).data, x.data)


def test_channel_dropout_zeroes_whole_channels() -> None:
    torch.manual_seed(0)
    x = Value(torch.ones(50, 40, 3, 2), type_of(40, 3, 2))
    trained = ChannelDropout(0.25).torch(Eager({}, {}, training=True), x).data.flatten(2)
    assert torch.equal(trained.amin(2), trained.amax(2))
    assert (trained[:, :, 0] == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert torch.equal(ChannelDropout(0.25).torch(Eager({}, {}), x).data, x.data)


@pytest.mark.parametrize("dims", [(5,), (3, 2), (3, 2, 2), (3, 2, 2, 2)])
@pytest.mark.parametrize("mode", ["row", "batch"])
def test_stochastic_depth_zeroes_whole_samples(mode: str, dims: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x = Value(torch.ones(40, *dims), type_of(*dims))
    op = StochasticDepth(0.25, mode)
    turns = [op.torch(Eager({}, {}, training=True), x).data for _ in range(50)]
    assert all(turn.shape == x.data.shape for turn in turns)
    rows = torch.stack(turns).flatten(2)
    assert torch.equal(rows.amin(2), rows.amax(2)), "a sample is zeroed as a whole"
    assert rows.unique().tolist() == pytest.approx([0, 1 / 0.75])
    zeroed = rows[:, :, 0] == 0
    assert bool((zeroed.all(1) == zeroed.any(1)).all()) == (mode == "batch")
    assert zeroed.float().mean().item() == pytest.approx(0.25, abs=0.04 if mode == "row" else 0.2)
    assert torch.equal(op.torch(Eager({}, {}), x).data, x.data)


@pytest.mark.parametrize("word", ["weight", "bias"])
def test_half_batch_norm_learns_as_the_whole(word: str) -> None:
    """As PyTorch's module, where 1 is the scale or 0 the shift: the same output and statistics."""
    type = type_of(3, 5, 4)
    x = torch.randn(6, 3, 5, 4, generator=torch.Generator().manual_seed(1))
    op = BatchNorm(eps=1e-3, momentum=0.3, **{word: False})
    own = {w.name: np.full([int(d) for d in w.dims], 0.5, np.float32) for w in op.weights(type)}
    writer = Eager(own, {}, training=True)
    made = op.torch(writer, Value(x, type)).data

    whole = nn.BatchNorm2d(3, eps=1e-3, momentum=0.3)
    state = {name: torch.full((3,), 0.5) for name in own}
    whole.load_state_dict(whole.state_dict() | state)
    assert torch.equal(made, whole.train()(x))
    assert torch.equal(writer.weights["running_mean"], whole.running_mean)
    assert torch.equal(writer.weights["running_var"], whole.running_var)


STARTS = [
    (Dense(200), type_of(300), nn.Linear(300, 200)),
    (Conv(64, 5), type_of(32, 8, 8), nn.Conv2d(32, 64, 5)),
    (Conv(64, 9, groups=4), type_of(32, 9), nn.Conv1d(32, 64, 9, groups=4)),
    (ConvTranspose(48, 3), type_of(32, 4, 4), nn.ConvTranspose2d(32, 48, 3)),
    (ConvTranspose(48, 3, groups=2), type_of(32, 4, 4), nn.ConvTranspose2d(32, 48, 3, groups=2)),
    (BatchNorm(), type_of(32), nn.BatchNorm1d(32)),
    (LayerNorm(), type_of(7, 32), nn.LayerNorm(32)),
    (RmsNorm(), type_of(7, 32), nn.RMSNorm(32)),
    (GroupNorm(4), type_of(32, 8, 8), nn.GroupNorm(4, 32)),
    (InstanceNorm(weight=True, bias=True), type_of(32, 8), nn.InstanceNorm1d(32, affine=True)),
    (Prelu(32), type_of(32, 8, 8), nn.PReLU(32)),
]


@pytest.mark.parametrize("op,type,module", STARTS, ids=[f"{op.word}-{t}" for op, t, _ in STARTS])
def test_weights_start_as_in_pytorch(op: Layer, type: object, module: nn.Module) -> None:
    """The same distributions, drawn from other streams: equal bounds and spread."""
    rows = {w.name: PlacedWeight(f"{op.word}1.{w.name}", w, NOWHERE) for w in op.weights(type)}
    state = module.state_dict()
    assert list(rows) == list(state)
    for name, tensor in state.items():
        array = initial_weight(rows[name], seed=3)
        assert array.shape == tuple(tensor.shape)
        if tensor.unique().numel() <= 1:
            assert np.array_equal(array, tensor.numpy())
            continue
        bound = np.abs(array).max()
        assert bound == pytest.approx(
            tensor.abs().max().item(), rel=0.2 if array.ndim == 1 else 0.02
        )
        assert array.std() == pytest.approx(
            bound / math.sqrt(3), rel=0.3 if array.ndim == 1 else 0.03
        )


WORK: list[tuple[Layer, tuple[Dim, ...], int]] = [
    (Dense(10), (84,), 840),
    (Dense(10), (7, 84), 5880),
    (Conv(6, 5, padding=2), (1, 28, 28), 6 * 28 * 28 * 25),
    (Conv(8, 3, stride=2, groups=4), (4, 9, 9), 8 * 16 * 9),
    (Conv(8, 3, padding="same", dilation=2), (4, 9), 8 * 9 * 4 * 3),
    (ConvTranspose(8, 2, stride=2), (4, 5, 5), 4 * 25 * 8 * 4),
]


@pytest.mark.parametrize("op,dims,macs", WORK, ids=[f"{op.word}-{d}" for op, d, _ in WORK])
def test_multiply_adds(op: Layer, dims: tuple[Dim, ...], macs: int) -> None:
    assert op.macs(type_of(*dims)) == macs
