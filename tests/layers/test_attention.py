"""Attention is what PyTorch's module computes, with the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.check import check_source, check_text
from nnc.ir.types import TensorType
from nnc.ir.walk import weight_table
from nnc.layers.attention import Attention
from nnc.source import Source
from tests.backends.onnx_running import session
from tests.ir.graphs import type_of
from tests.layers import worked
from tests.layers.eager import Eager, Value


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("causal", [True, False])
def test_it_is_multihead_attention(causal: bool, bias: bool) -> None:
    torch.manual_seed(0)
    module = nn.MultiheadAttention(12, 3, bias=bias, batch_first=True)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    op = Attention(3, causal=causal, bias=bias)
    state = module.state_dict()
    assert [(w.name, w.dims) for w in op.weights(type_of(5, 12))] == [
        (name, tuple(t.shape)) for name, t in state.items()
    ]
    x = torch.randn(2, 5, 12)
    mask = nn.Transformer.generate_square_subsequent_mask(5) if causal else None
    with torch.no_grad():
        wanted, _ = module(x, x, x, attn_mask=mask, need_weights=False)
        writer = Eager({name: t.numpy() for name, t in state.items()}, {})
        made = op.torch(writer, Value(x, type_of(5, 12))).data
    assert torch.allclose(made, wanted, atol=1e-5)


@pytest.mark.parametrize("memory", [12, 7])
def test_it_is_multihead_attention_to_another_sequence(memory: int) -> None:
    torch.manual_seed(0)
    module = nn.MultiheadAttention(12, 3, batch_first=True, kdim=memory, vdim=memory)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    op, state = Attention(3), module.state_dict()
    assert [(w.name, w.dims) for w in op.weights(type_of(5, 12), type_of(4, memory))] == [
        (name, tuple(t.shape)) for name, t in state.items()
    ]
    x, other = torch.randn(2, 5, 12), torch.randn(2, 4, memory)
    seen = torch.tensor([[1, 0, 1, 1], [1, 1, 1, 0]])
    with torch.no_grad():
        wanted, _ = module(x, other, other, key_padding_mask=seen == 0, need_weights=False)
        writer = Eager({name: t.numpy() for name, t in state.items()}, {})
        given = (Value(x, type_of(5, 12)), Value(other, type_of(4, memory)))
        made = op.torch(writer, *given, Value(seen, TensorType((4,), "int64"))).data
    assert torch.allclose(made, wanted, atol=1e-5)


def test_dropout_acts_while_training_only() -> None:
    torch.manual_seed(0)
    op, x = Attention(2, dropout=0.5), Value(torch.randn(3, 6, 8), type_of(6, 8))
    own = {w.name: torch.randn(*map(int, w.dims)).numpy() for w in op.weights(x.type)}
    turns = [op.torch(Eager(own, {}, training=t), x).data for t in (False, False, True)]
    assert torch.equal(turns[0], turns[1])
    assert not torch.equal(turns[0], turns[2])


def test_multiply_adds() -> None:
    assert Attention(4).macs(type_of(10, 8)) == 10 * 8 * 24 + 2 * 10 * 10 * 8 + 10 * 8 * 8


@pytest.mark.parametrize("arguments", ["mask=seen", "mask=seen, causal=true"])
def test_a_step_that_sees_nothing(arguments: str) -> None:
    """PyTorch's kernel and ONNX both give zeros for it, and no gradient is lost."""
    text = f"""
        network Net {{
          input x: [5, 8]
          input seen: token[5, 5]
          from x -> attention(2, {arguments})
          output y
        }}"""
    net = check_source(Source("net.nn", text)).networks["Net"]
    weights = initial_weights(weight_table(net), seed=1)
    module = build(net, weights)
    x, seen = torch.randn(2, 5, 8), torch.ones(2, 5, 5, dtype=torch.int64)
    seen[:, 1] = 0
    seen[1, :, 0] = 0  # with `causal`, the first step sees nothing then
    made = module(x.requires_grad_(), seen)
    made.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())
    runtime = session(onnx_model(net, weights).serialize())
    (found,) = runtime.run(None, {"x": x.detach().numpy(), "seen": seen.numpy()})
    assert np.allclose(found, made.detach().numpy(), atol=1e-5)


def test_rotary_positions_as_published(tmp_path: Path) -> None:
    """Scores are those of pairs turned as complex numbers; they know the distance alone."""
    found = check_text(
        "network A { input x: [T, 8]; attention(2, rotary=true, bias=false); output y }"
    )
    net = found.networks["A"]
    arrays = worked.weights(net, np.random.default_rng(0))
    module = worked.torch_module(net, tmp_path)
    x = np.random.default_rng(1).standard_normal((1, 6, 8)).astype(np.float32)
    (made,) = worked.torch_outputs(module, arrays, x)
    q, k, v = np.split(x[0] @ arrays["attention1.in_proj_weight"].T, 3, axis=1)
    wanted = []
    for head in range(2):
        own = slice(4 * head, 4 * head + 4)
        rates = 10_000.0 ** (-np.arange(0, 4, 2) / 4)
        turn = np.exp(1j * np.arange(6)[:, None] * rates)
        a, b = ((y[:, own][:, :2] + 1j * y[:, own][:, 2:]) * turn for y in (q, k))
        scores = (a @ b.conj().T).real / 2
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        wanted.append(weights / weights.sum(axis=1, keepdims=True) @ v[:, own])
    whole = np.concatenate(wanted, axis=1) @ arrays["attention1.out_proj.weight"].T
    assert worked.difference(made[0], whole) <= 1e-5
