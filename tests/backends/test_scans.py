"""Scans: PyTorch's loop and ONNX's Scan give the same, and what PyTorch's own layers give."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import nn

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.backends.torch_source import torch_source
from nnc.check import check_text
from nnc.ir.conditions import holds
from nnc.ir.dims import evaluate
from nnc.ir.graph import Network
from nnc.ir.verify import verify
from nnc.ir.walk import macs, weight_table

Arrays = dict[str, np.ndarray]
LSTM = "state h, c: [4]; lstm_cell(4, h, c) as h1, c1; next h = h1; next c = c1; from h1"
BY_HAND = """
  state h, c: [4]
  dense(16) as gx
  from h -> dense(16) as gh
  from gx + gh as g
  from sigmoid(g[4:8]) * c + sigmoid(g[0:4]) * tanh(g[8:12]) as c1
  from sigmoid(g[12:16]) * tanh(c1) as h1
  next h = h1
  next c = c1
  from h1
"""
GRU = "state h: [4]; gru_cell(4, h) as h1; next h = h1; from h1"
RNN = "state h: [4]; rnn_cell(4, h) as h1; next h = h1; from h1"


def network(text: str) -> Network:
    """The only network of a text."""
    found = check_text(text)
    assert not found.diagnostics, [d.message for d in found.diagnostics]
    (net,) = found.networks.values()
    return verify(net)


def one(body: str, input: str = "[T, 3]", marks: str = "") -> str:
    return f"network A {{ input x: {input}; scan {{ {body} }}{marks}; output y }}"


def inputs(net: Network, batch: int, env: dict[str, int], rng: np.random.Generator) -> Arrays:
    made: Arrays = {}
    for port in net.graph.inputs:
        type = net.graph.types[port.value]
        shape = (batch, *(int(evaluate(d, env)) for d in type.dims))
        drawn = rng.standard_normal(shape).astype(np.float32)
        made[port.name] = drawn if type.dtype == "float32" else rng.integers(0, 9, shape)
    return made


def largest(net: Network, nodes: int | None = None) -> float:
    """The largest difference between the two, at several sizes; with the state_dict's names."""
    weights = initial_weights(weight_table(net), seed=3)
    module = build(net, weights).eval()
    table = [(row.name, row.weight.dims) for row in weight_table(net)]
    assert [(name, tuple(t.shape)) for name, t in module.state_dict().items()] == table
    model = onnx_model(net, weights)
    proto = model.proto()
    onnx.checker.check_model(proto, full_check=True)
    if nodes is not None:
        assert sum(1 for _ in every_node(proto.graph)) == nodes
    session = ort.InferenceSession(model.serialize(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    worst = 0.0
    for batch, sizes in itertools.product(
        (1, 3), itertools.product((1, 2, 5), repeat=len(net.symbols))
    ):
        env = dict(zip(net.symbols, sizes))
        if holds(net.facts, env) is not None:
            continue
        given = inputs(net, batch, env, rng)
        with torch.no_grad():
            ours: Any = module(*(torch.from_numpy(v) for v in given.values()))
        theirs = session.run(None, given)
        for a, b in zip(ours if isinstance(ours, tuple) else (ours,), theirs):
            assert a.shape == b.shape
            worst = max(worst, float(np.abs(a.numpy() - b).max() / max(1, np.abs(b).max())))
    return worst


def every_node(graph: onnx.GraphProto) -> Any:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from every_node(attribute.g)


SPECS = {
    "conv lstm": """
block conv_lstm(c, k=3): [T, C, H, W] {
  scan {
    state h, m: [c, H, W]
    concat(h) -> conv(4 * c, k, padding=k // 2) -> rearrange([(g, c), H, W], [g, c, H, W], g=4) as g
    from sigmoid(g[1]) * m + sigmoid(g[0]) * tanh(g[2]) as m1
    from sigmoid(g[3]) * tanh(m1) as h1
    next h = h1
    next m = m1
    from h1
  }
}
network A { input frames: [T, 1, H, 8]; conv_lstm(4) as a; conv_lstm(3) -> conv_lstm(3, k=5)
  output y }""",
    "nested": """
network A {
  input doc: [T, S, 3]
  scan {
    state d: [5]
    scan { state h: [4]; gru_cell(4, h) as h1; next h = h1; from h1 } as all, word
    from word -> concat(d) -> dense(5) -> tanh as d1
    next d = d1
    from d1
  }
  output y
}""",
    "each frame": """
network A {
  input clip: [T, 3, H, 12]
  input what: [7]
  weight gain: [8, 1, 1] = 1.5
  from what -> dense(8) -> reshape(8, 1, 1) as w
  from clip
  scan { conv(8, 3, padding=1) -> batch_norm -> relu -> add(w) -> mul(gain) -> max_pool(2) }
  output y
}""",
    "each in each": """
network A {
  input x: [T, S, 3]
  input e: [S, 4]
  from x
  scan { concat(e, axis=1) -> scan { weight w: [7] = normal(1); mul(w) -> dense(5) -> relu } }
  scan { state s: [5]; scan { add(s) -> dense(5) } -> sum(axis=0) as s1; next s = s1; from s1 }
  output y
}""",
    "starts": """
network A {
  input x: [T, 3]
  input start: [4]
  weight h0: [3]
  from tanh(start) as s
  from start -> dense(2) as k
  from x
  scan(u) {
    state h: [4] = s * 2
    state n: [3] = h0
    state one: [3] = 0.5
    from u, n, one -> add as v -> concat(h) -> concat(k) -> dense(4) -> tanh as h1
    next h = h1
    next n = u
    next one = v
    from h1
  } as y, h, n, one
  output y
  from one
  output one
}""",
    "two of each": """
network A {
  input a: [T, 3]
  input b: [T, 2]
  from a, b
  scan(p, q) {
    state h: [4]
    from p, q, h -> concat -> dense(4) as h1 -> relu as r
    next h = h1
    from h1, r
  } as hidden, rest, last
  from hidden
  output hidden
  from rest
  output rest
  from last
  output last
}""",
    "delay": """network A { input x: [T, 3]
  scan(u) { state h: [3]; next h = u; from h }; output y }""",
    "two delays": """network A { input x: [T, 3]
  scan(u) { state a, b: [3]; next a = u; next b = a; from b }; output y }""",
    "swapped": """network A { input x: [T, 3]
  scan { state a: [3] = 1; state b: [3] = 2; add(a) -> mul(b) as y; next a = b; next b = a; from y }
  output y }""",
    "tokens": """network A { input words: token[T]
  scan { state h: [8]; embedding(10, 8) -> gru_cell(8, h) as h1; next h = h1; from h1 }
  output y }""",
    "sizes of the body": """
network A { input x: [T, 2, H]
  scan { state h: [2, 2 * H]; concat(h, axis=1) -> reshape(2, 3, H) -> sum(axis=1) as s
    concat(s, axis=1) as h1; next h = h1; from h1 -> reshape(2, 2, H) }
  output y }""",
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_torch_and_onnx_agree(spec: str) -> None:
    assert largest(network(spec)) <= 1e-5


def by_torch(kind: type[nn.RNNBase], weights: Arrays, x: torch.Tensor) -> torch.Tensor:
    layer = kind(3, 4, batch_first=True)
    layer.load_state_dict({name: torch.from_numpy(a.copy()) for name, a in weights.items()})
    with torch.no_grad():
        found: torch.Tensor = layer(x)[0]
    return found


@pytest.mark.parametrize(
    "body,kind", [(LSTM, nn.LSTM), (GRU, nn.GRU), (RNN, nn.RNN), (BY_HAND, nn.LSTM)]
)
def test_cells_are_pytorchs_layers(body: str, kind: type[nn.RNNBase]) -> None:
    net = network(one(body))
    assert largest(net) <= 1e-5
    weights = initial_weights(weight_table(net), seed=1)
    renamed = {}
    for name, array in weights.items():
        place, _, last = name.rpartition(".")
        end = {"gx": "ih", "gh": "hh"}.get(place.rpartition(".")[2])
        renamed[f"{last}_{end}_l0" if end else f"{last}_l0"] = array
    x = torch.randn(3, 7, 3)
    with torch.no_grad():
        ours = build(net, weights).eval()(x)
    assert torch.allclose(ours, by_torch(kind, renamed, x), atol=1e-6)


def test_weights_count_once_and_work_at_each_step() -> None:
    net = network(one("state h: [4]; concat(h) -> dense(4) as h1; next h = h1; from h1", "[7, 3]"))
    assert macs(net) == 7 * 28
    assert [row.name for row in weight_table(net)] == ["scan1.h1.weight", "scan1.h1.bias"]


def test_a_loop_runs_only_where_there_is_a_state() -> None:
    each = torch_source(network(one("dense(4) -> relu")))
    assert "for x" not in each
    assert "x = xs.flatten(0, 1)" in each
    loop = torch_source(network(one(LSTM)))
    assert "        for x in xs.unbind(1):\n            h, c = self.h1(x, (h, c))\n" in loop
    assert "            ys.append(h)" in loop


def test_every_inner_value_is_typed() -> None:
    net = network(SPECS["nested"])
    model = onnx_model(net, initial_weights(weight_table(net), seed=0)).proto()

    def untyped(graph: onnx.GraphProto) -> list[str]:
        known = {info.name for info in (*graph.value_info, *graph.output, *graph.input)}
        found = [v for node in graph.node for v in node.output if v and v not in known]
        for node in graph.node:
            assert node.doc_string or node.name.startswith("sizes/")
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    found += untyped(attribute.g)
        return found

    assert untyped(model.graph) == []
