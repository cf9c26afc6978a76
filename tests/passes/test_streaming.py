"""Taking a sequence step by step gives what taking it whole gives, in PyTorch and in ONNX."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.check import check_text
from nnc.deploy.difference import difference
from nnc.deploy.lively import lively
from nnc.deploy.verify_steps import verify_steps
from nnc.ir.graph import Network
from nnc.ir.verify import verify
from nnc.ir.walk import weight_table
from nnc.passes.streaming import stepped
from tests.passes.stepping import flattened, run_steps, step_module

STREAMS = {
    "lstm": "input x: [T, 3]; lstm(4)",
    "lstm of two layers": "input x: [T, 3]; lstm(4, layers=2, dropout=0.5, bias=false)",
    "gru": "input x: [T, 3]; gru(4)",
    "rnn": "input x: [T, 3]; rnn(4, layers=3, nonlinearity=relu)",
    "states given": "input x: [T, 3]; input a, b: [4]; from x -> lstm(4, a, b)",
    "embedding": "input x: token[T]; embedding(2, 3) -> dropout(0.5) -> dense(4)",
    "learned positions": "input x: [T, 3]; positions(learned, max=12)",
    "waves for positions": "input x: [T, 6]; positions(sinusoidal)",
    "causal attention": "input x: [T, 8]; attention(2, causal=true)",
    "attention of wide heads": "input x: [T, 4]; attention(2, causal=true, width=3, bias=false)",
    "attention in rows": "input x: [3, T, 8]; attention(2, causal=true, out_bias=false)",
    "rotary positions": "input x: [T, 8]; attention(2, causal=true, rotary=true)",
    "rotary positions in rows": (
        "input x: [3, T, 8]; attention(2, causal=true, rotary=true, rotary_base=500, width=6)"
    ),
    "rotary, masked": (
        "input x: token[T] padded; embedding(2, 8) -> attention(2, causal=true, rotary=true)"
    ),
    "causal, steps masked": (
        "input x: [T, 8]; input m: token[T]; from x -> attention(2, causal=true, mask=m)"
    ),
    "causal, looking steps masked": (
        "input x: [T, 8]; input m: token[T, 1]; from x -> attention(2, causal=true, mask=m)"
    ),
    "causal, heads biased": (
        "input x: [T, 8]; weight b: [2, 1, 1] = 0.5; "
        "from x -> attention(2, causal=true, position_bias=b)"
    ),
    "causal, steps biased": (
        "input x: [T, 8]; input b: [2, 1, T]; input m: [1, T]; from m * b - 1 as c; from x -> "
        "attention(2, causal=true, position_bias=b, mask=c, rotary=true)"
    ),
    "causal to steps of another": (
        "input x: [T, 8]; input z: [T, 6]; from x -> attention(2, to=z, causal=true)"
    ),
    "causal to steps that are made": (
        "input x: [3, T, 8]; input m: token[T]; from x -> dense(8) as z; "
        "from x -> attention(2, to=z, causal=true, mask=m, width=5)"
    ),
    "attention to a memory": "input x: [T, 8]; input m: [S, 6]; from x -> attention(2, to=m)",
    "attention in each step": "input x: [T, 3, 8]; attention(2)",
    "causal convolution": "input x: [3, T]; pad((4, 0)) -> conv(4, 3, dilation=2)",
    "convolution that is causal": "input x: [3, T]; conv(4, 3, dilation=2, padding=causal)",
    "causal in a row": "input x: [3, T]; pad((1, 0)) -> conv(4, 3, padding=causal) -> conv(2, 2)",
    "tied": "input x: token[T]; shared w = embedding(2, 4); w -> gru(4) -> dense(2, tie=w)",
    "pads with numbers": "input x: [3, T]; pad((2, 0), value=1) -> pad((3, 0)) -> conv(4, 6)",
    "convolution of one": "input x: [3, T]; conv(4, 1) -> batch_norm -> prelu",
    "two axes": "input x: [2, T, 5]; pad((1, 1, 2, 0)) -> conv(4, 3)",
    "pad of another axis": "input x: [2, T, 5]; pad((1, 1, 0, 0)) -> conv(4, (1, 3))",
    "max pool": "input x: [3, T]; pad((2, 0)) -> max_pool(3, stride=1)",
    "avg pool": "input x: [3, T]; pad((1, 0)) -> avg_pool(2, stride=1)",
    "steps before a layer of each": "input x: [3, T]; pad((2, 0)) -> batch_norm -> conv(4, 3)",
    "shift": "input x: [T, 3]; shift(2, fill=1.5) -> dense(4)",
    "shift of ids": "input x: token[T]; shift(1, fill=1) -> embedding(2, 4)",
    "layer norm": "input x: [T, 3]; layer_norm -> gelu",
    "norm of neighbours": "input x: [5, T]; local_response_norm(3)",
    "glu": "input x: [T, 6]; glu(axis=1) -> softmax(axis=-1)",
    "joins": "input x: [T, 3]; add { path { dense(4) -> tanh } path { gru(4) } } -> relu",
    "concat": "input x: [T, 3]; concat(axis=1) { path { gru(2) } path {} }",
    "formula": "input x: [T, 3]; weight g: [3] = 0.5; from g * x + 1",
    "constants": "input x: [T, 3]; input e: [3]; from x * e -> dense(2)",
    "scan": "input x: [T, 3]; scan { state h: [4] = 0.5; concat(h) -> dense(4) as y; next h = y }",
    "cells": (
        "input x: [T, 3]; scan { state h, c: [4]; lstm_cell(4, h, c) as h1, c1; "
        "next h = h1; next c = c1; from h1 }"
    ),
    "scan without states": "input x: [T, 3]; scan { dense(4) -> dense(2) }",
    "scan from a value": (
        "input x: [T, 3]; input a: [4]; from x -> "
        "scan { state h: [4] = a; concat(h) -> dense(4) -> tanh as h1; next h = h1 }"
    ),
    "padded": "input x: token[T] padded; embedding(2, 3) -> gru(4) -> attention(2, causal=true)",
    "padded convolution": (
        "input x: token[T] padded; embedding(2, 3) -> rearrange([t, c], [c, t]) -> pad((2, 0)) "
        "-> conv(4, 3)"
    ),
    "several outputs": "input x: [T, 3]; gru(4) as g; output g; from g -> dense(2)",
    "repeat": "input x: [T, 4]; repeat 3 { residual { layer_norm -> gru(4) } }",
}
EACH = pytest.mark.parametrize("text", STREAMS.values(), ids=list(STREAMS))


def network(text: str) -> Network:
    found = check_text(f"network Net {{ {text}; output y }}\nexport Net {{ streaming }}")
    assert not found.diagnostics, found.diagnostics
    return found.networks["Net"]


@EACH
def test_steps_in_onnx_give_what_the_whole_gives_in_pytorch(text: str) -> None:
    net = network(text)
    weights = lively(initial_weights(weight_table(net), 0), 0)
    stream = stepped(net)
    model = onnx_model(stream.network, weights, metadata=_told(net, weights))
    parity = verify_steps(net, weights, model, tolerance=1e-5)
    assert parity.verified, parity
    assert len(parity.batches) > 1


def _told(net: Network, weights: dict[str, np.ndarray]) -> dict[str, str]:
    from nnc.deploy.meanings import Recipe, entries
    from nnc.passes.inference import Ends

    return entries(Recipe(net), net, Ends(), weights, False, stepped(net))


@EACH
def test_steps_in_pytorch_give_what_the_whole_gives(text: str) -> None:
    net = network(text)
    weights = lively(initial_weights(weight_table(net), 0), 0)
    stream = stepped(net)
    verify(flattened(stream.network))
    steps = 6
    draw = torch.Generator().manual_seed(0)
    raw = {}
    for port in net.graph.inputs:
        type = net.graph.types[port.value]
        shape = (2, *(d if isinstance(d, int) else steps for d in type.dims))
        if port.measures:
            raw[port.name] = torch.full(shape, steps)
        elif type.dtype == "int64":
            raw[port.name] = torch.randint(0, 2, shape, generator=draw)
        else:
            raw[port.name] = torch.randn(shape, generator=draw)
    with torch.inference_mode():
        whole = build(net, weights).eval()(*raw.values())
    wanted = whole if isinstance(whole, tuple) else (whole,)
    found = run_steps(stream, step_module(stream, weights), raw, steps)
    for port, right in zip(net.graph.outputs, wanted):
        assert difference(found[port.name].numpy(), right.numpy()) <= 1e-5, port.name


def test_weights_and_states_are_named_by_places() -> None:
    net = network("input x: [T, 4]; repeat 2 { residual { layer_norm -> lstm(4) } }")
    stream = stepped(net)
    whole = {row.name for row in weight_table(net)}
    assert {row.name for row in weight_table(stream.network)} == whole
    assert [s.name for s in stream.states] == ["lstm1.h", "lstm1.c", "lstm2.h", "lstm2.c"]
    names = [port.name for port in stream.network.graph.outputs]
    assert names == ["y", "lstm1.h.next", "lstm1.c.next", "lstm2.h.next", "lstm2.c.next"]


def test_a_state_has_the_same_type_out_as_in() -> None:
    text = "attention(2, causal=true) -> gru(4) -> positions(learned, max=9)"
    net = network(f"input x: [T, 4]; {text}")
    stream = stepped(net)
    graph = stream.network.graph
    given = {port.name: graph.types[port.value] for port in graph.outputs}
    for state in stream.states:
        after = given[f"{state.name}.next"]
        assert after.dtype == state.type.dtype
        same = after.dims == state.type.dims
        longer = [a - b for a, b in zip(after.dims, state.type.dims)] == [0, 1, 0]
        assert longer if state.grows else same, state.name
    assert [s.grows for s in stream.states] == [True, True, False, False]
    assert stream.longest == 9


def test_one_lstm_node_a_layer() -> None:
    net = network("input x: [T, 4]; lstm(4, layers=2) -> lstm(3)")
    model = onnx_model(stepped(net).network, initial_weights(weight_table(net), 0))
    kinds = [node.op_type for node in model.head.graph.node]
    assert kinds.count("LSTM") == 3
    assert not {"Loop", "Scan", "If"} & set(kinds)
