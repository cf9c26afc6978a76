"""Runs models in ONNX Runtime, and networks layer by layer in PyTorch, for comparing the two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_file import OnnxModel
from nnc.backends.onnx_graph import onnx_model
from nnc.ir.graph import Network
from nnc.ir.walk import flat, weight_table
from nnc.layers.base import Layer
from tests.layers.eager import Eager, Value

Arrays = dict[str, np.ndarray[Any, Any]]


def built(network: Network, seed: int = 0, **options: Any) -> OnnxModel:
    """The model with initial weights."""
    return onnx_model(network, initial_weights(weight_table(network), seed), **options)


def session(model: bytes | str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run(model: OnnxModel | bytes | str, inputs: Mapping[str, Any]) -> Arrays:
    """What ONNX Runtime gives, by output."""
    made = session(model.serialize() if isinstance(model, OnnxModel) else model)
    names = [output.name for output in made.get_outputs()]
    return dict(zip(names, made.run(None, dict(inputs))))


def torch_run(network: Network, inputs: Arrays, env: Mapping[str, int], seed: int = 0) -> Arrays:
    """What PyTorch gives, by output."""
    weights = initial_weights(weight_table(network), seed)
    graph = network.graph
    found = flat(network)
    values: dict[int, Any] = {
        port.value: Value(torch.from_numpy(inputs[port.name]), graph.types[port.value])
        for port in graph.inputs
    }
    for step in found.steps:
        prefix = step.owner + "."
        own = {n.removeprefix(prefix): a for n, a in weights.items() if n.startswith(prefix)}
        assert isinstance(step.item.op, Layer)
        with torch.no_grad():
            made = step.item.op.torch(
                Eager(own, env), *(values[v] for v in step.inputs if v is not None)
            )
        for number, value, type in zip(step.outputs, [made], step.output_types):
            values[number] = Value(value.data, type)
    return {
        port.name: values[number].data.numpy() for port, number in zip(graph.outputs, found.outputs)
    }


def random(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)
