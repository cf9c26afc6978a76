"""Random graphs: the generated source computes what its layers compute one by one."""

from __future__ import annotations

import random
from typing import ClassVar

import numpy as np
import pytest
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.backends.torch_source import torch_source
from nnc.ir.graph import Network, Turn
from nnc.ir.types import TensorType
from nnc.ir.verify import verify
from nnc.ir.walk import weight_table
from nnc.layers import LAYERS
from nnc.layers.base import Layer, Ref, TorchWriter
from tests.backends.onnx_running import torch_run
from tests.backends.torch_sketch import Sketch


class Gate(Layer):
    """x * sigmoid(x): reads its input twice."""

    word: ClassVar[str] = "gate"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.infix("*", x, w.call("torch.sigmoid", x))


class Twice(Layer):
    """(t + x) * (1 - t) with t = tanh(x): reads a value of its own twice."""

    word: ClassVar[str] = "twice"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        t = w.call("torch.tanh", x)
        return w.infix("*", w.infix("+", t, x), w.infix("-", 1, t))


class Same(Layer):
    """Gives its input back."""

    word: ClassVar[str] = "same"

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        return w.typed(x, x.type)


ONE = (Gate, Twice, Same, LAYERS["relu"], LAYERS["tanh"], LAYERS["softmax"])
LABELS = ("x", "y", "z", "h", "mean", "print", "row", "i", "x_2")


def sketch(seed: int) -> Network:
    """A graph of 4 to 30 steps on values of 4 numbers."""
    draw = random.Random(seed)
    made = Sketch("Net", row=TensorType((4,)), other=TensorType((4,)))
    values, unused = [0, 1], {0, 1}
    for at in range(draw.randint(4, 30)):
        if draw.random() < 0.5:
            made.line()
        made.turns = (Turn(0, at // 3, 99),) if seed % 3 == 0 else ()
        inputs = [values[-1] if draw.random() < 0.7 else draw.choice(values)]
        if draw.random() < 0.4:
            inputs += draw.sample(values, draw.randint(1, min(3, len(values))))
            op: Layer = LAYERS[draw.choice(["add", "mul"])]()
        elif draw.random() < 0.4:
            op = LAYERS["dense"](4)
        else:
            op = draw.choice(ONE)()
        label = draw.choice(LABELS) if draw.random() < 0.3 else ""
        value = made.step(op, on=tuple(inputs), label=label)
        unused -= set(inputs)
        unused.add(value)
        values.append(value)
    outputs = sorted(unused | {values[-1]})
    return verify(made.network(*((f"out{value}", value) for value in outputs)))


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs(seed: int) -> None:
    network = sketch(seed)
    draw = np.random.default_rng(seed)
    inputs = {name: draw.standard_normal((2, 4)).astype(np.float32) for name in ("row", "other")}
    module = build(network, initial_weights(weight_table(network), 0))
    with torch.no_grad():
        out = module(*map(torch.from_numpy, inputs.values()))
    results = out if isinstance(out, tuple) else (out,)
    expected = torch_run(network, inputs, {})
    for port, value in zip(network.graph.outputs, results):
        np.testing.assert_allclose(
            value.numpy(), expected[port.name], atol=1e-6, err_msg=torch_source(network)
        )
