"""How many windows fit, against PyTorch itself over grids of arguments, and what they hold."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from nnc.layers.base import Layer
from nnc.layers.conv import Conv
from nnc.layers.conv_transpose import ConvTranspose
from nnc.layers.pool import AvgPool, MaxPool
from tests.ir.graphs import Build, type_of
from tests.layers import eager, worked

SIZES = range(1, 12)


def works(op: Layer, size: int) -> torch.Size | None:
    """The sizes that PyTorch gives for a sample of [2, size], or None where it refuses."""
    x = np.zeros((1, 2, size), np.float32)
    weights = {
        w.name: np.zeros([int(d) for d in w.dims], np.float32) for w in op.weights(type_of(2, size))
    }
    try:
        return eager.run(op, (type_of(2, size),), (x,), weights, {}).shape[1:]
    except RuntimeError:
        return None


class Counted(Exception):
    """A shape rule refused."""


class Exact:
    """Rules for known numbers: what does not hold is refused."""

    def equal(self, a: int, b: int, *_: object, **__: object) -> None:
        self._hold(a == b)

    def at_least(self, a: int, low: int, *_: object, **__: object) -> None:
        self._hold(a >= low)

    def divisible(self, a: int, by: int, *_: object, **__: object) -> None:
        self._hold(a % by == 0)

    def refuse(self, *_: object, **__: object) -> None:
        raise Counted

    @staticmethod
    def _hold(true: bool) -> None:
        if not true:
            raise Counted


def ours(op: Layer, size: int) -> tuple[object, ...] | None:
    try:
        return op.shape(Exact(), type_of(2, size))[0].dims
    except Counted:
        return None


def grid(*values: object) -> list[tuple[int, ...]]:
    return list(itertools.product(*values))  # type: ignore[arg-type]


def test_max_pool_counts_as_pytorch() -> None:
    for k, s, p, d, ceil in grid((1, 2, 3, 5), (1, 2, 3, 4), (0, 1, 2), (1, 2, 3), (False, True)):
        if (
            2 * p > k
        ):  # PyTorch measures padding by the dilated kernel on one axis, by the kernel on two
            continue
        op = MaxPool(k, s, p, d, bool(ceil))
        for size in SIZES:
            assert ours(op, size) == works(op, size), (op, size)


def test_avg_pool_counts_as_pytorch() -> None:
    for k, s, p, ceil in grid((1, 2, 3, 5), (1, 2, 3, 4), (0, 1, 2, 3), (False, True)):
        op = AvgPool(k, s, p, bool(ceil))
        for size in SIZES:
            assert ours(op, size) == works(op, size), (op, size)


def test_conv_counts_as_pytorch() -> None:
    for k, s, p, d in grid((1, 2, 3, 4), (1, 2, 3), (0, 1, 3, "same"), (1, 2)):
        op = Conv(3, k, s, p, d)
        for size in SIZES:
            refused = p == "same" and s > 1
            assert ours(op, size) == (None if refused else works(op, size)), (op, size)


def test_conv_transpose_counts_as_pytorch() -> None:
    for k, s, p, o, d in grid((1, 2, 3), (1, 2, 3), (0, 1, 2), (0, 1, 2), (1, 2, 3)):
        op = ConvTranspose(3, k, s, p, o, dilation=d)
        for size in (1, 2, 5):
            assert ours(op, size) == works(op, size), (op, size)


@pytest.mark.parametrize("kind", [MaxPool, AvgPool])
def test_ceil_mode_pools_the_same_cells(kind: type[Layer]) -> None:
    """The exported pool pads where PyTorch rounds up; the last windows hold the same cells."""
    rng = np.random.default_rng(0)
    chosen = grid((2, 3, 5), (1, 2, 3, 6), (0, 1, 2), (5, 8, 11), (True, False))
    for k, s, p, size, flag in chosen[::3]:
        if 2 * p > k:
            continue
        more = {"count_include_pad": bool(flag)} if kind is AvgPool else {"dilation": 1 + flag}
        op = kind(k, s, p, ceil_mode=True, **more)
        type = type_of(2, size)
        if ours(op, size) is None:
            continue
        build = Build(x0=type)
        net = build.network(y=build.add(op, 0))
        x = rng.standard_normal((2, 2, size)).astype(np.float32)
        expected = eager.run(op, (type,), (x,), {}, {})
        assert worked.difference(worked.Onnx(net, {})(x), expected) <= 1e-6, (op, size)
