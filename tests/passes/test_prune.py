"""Exports of some outputs leave out what those do not need."""

from __future__ import annotations

import numpy as np
import pytest

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.ir.verify import verify
from nnc.ir.walk import weight_table
from nnc.layers.activation import Relu, Sigmoid
from nnc.layers.arithmetic import Add
from nnc.layers.dense import Dense
from nnc.passes.prune import prune
from tests.backends.onnx_running import random, run
from tests.ir.graphs import Build, type_of


def two_heads() -> Build:
    return Build(noise=type_of(3), x=type_of(3))


def test_only_what_is_needed_stays() -> None:
    b = two_heads()
    first = b.add(Dense(3), 1)
    label = b.add(Relu(), b.add(Dense(2), first))
    other = b.add(Add(), b.add(Sigmoid(), 0), first)
    net = b.network(other=other, label=label)
    small = verify(prune(net, ["label"]))
    assert [port.name for port in small.graph.inputs] == ["x"]
    assert [item.name for item in small.graph.items] == ["dense1", "dense2", "relu1"]
    assert [row.name for row in weight_table(small)] == [row.name for row in weight_table(net)]
    weights = initial_weights(weight_table(net), 0)
    whole = run(onnx_model(net, weights), {"noise": random(2, 3), "x": random(2, 3)})
    part = run(onnx_model(small, weights), {"x": random(2, 3)})
    np.testing.assert_array_equal(part["label"], whole["label"])


def test_all_outputs_keep_the_network() -> None:
    b = two_heads()
    net = b.network(y=b.add(Add(), b.add(Relu(), 1), 0))
    assert prune(net) == net
    assert prune(net, ["y"]) == net


def test_an_output_that_does_not_exist() -> None:
    b = two_heads()
    with pytest.raises(KeyError, match="z"):
        prune(b.network(y=b.add(Add(), 0, 1)), ["z"])
