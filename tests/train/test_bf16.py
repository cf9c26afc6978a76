"""Mixed precision of sequences on a CPU: losses and gradients are near to those in float32."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.check import check_text
from nnc.ir.walk import weight_table
from tests.cli.conftest import Nnc
from tests.cli.conftest import nnc as nnc

BODIES = {
    "lstm": "lstm(24, layers=2)",
    "both ways": "lstm(12, bidirectional=true, layers=3)",
    "gru": "gru(24)",
    "rnn": "rnn(24)",
    "last": "gru(24, keep=last) as h; from h -> unsqueeze(0)",
    "cells": "scan { state h, c: [24]; lstm_cell(24, h, c) as h1, c1; "
    "next h = h1; next c = c1; from h1 }",
    "attention": "attention(2, causal=true) -> layer_norm",
    "rotary": "residual { layer_norm -> attention(2, causal=true, rotary=true) }",
    "biased": "dense(24) as z; from z -> dense(1) -> rearrange([t, c], [c, t]) as b; "
    "from z -> attention(2, causal=true, position_bias=b, mask=b)",
    "positions": "positions(sinusoidal) -> attention(4)",
    "convolutions": "rearrange([t, c], [c, t]) -> conv(24, 3, padding=causal) -> relu "
    "-> rearrange([c, t], [t, c])",
    "reductions": "dense(24) as h; from softmax(h, axis=0) * h + std(h, axis=0, keep=true) "
    "- mean(h, axis=0, keep=true) -> flip",
}


def gradient(body: str, padded: bool, bf16: bool) -> tuple[float, Tensor, torch.nn.Module]:
    """The loss, the gradient of all weights in a row, and the module."""
    text = f"network A {{ input x: [T, 24]{' padded' * padded}; {body}; output y }}"
    found = check_text(text)
    assert not found.diagnostics, [d.message for d in found.diagnostics]
    net = found.networks["A"]
    module = build(net, initial_weights(weight_table(net), 1))
    draw = torch.Generator().manual_seed(2)
    x = torch.randn(4, 9, 24, generator=draw)
    inputs = [x, torch.tensor([9, 4, 7, 2])] if padded else [x]
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        y = module(*inputs)
    weights = torch.randn(y.shape[1:], generator=draw)
    loss = (y.float() * weights).square().mean()
    loss.backward()
    rows = [p.grad.reshape(-1) for p in module.parameters() if p.grad is not None]
    return loss.item(), torch.cat(rows), module


@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_a_step_is_near_to_float32(body: str, padded: bool) -> None:
    loss, wanted, _ = gradient(body, padded, bf16=False)
    near, found, module = gradient(body, padded, bf16=True)
    assert near == pytest.approx(loss, rel=0.03)
    assert all(p.dtype is torch.float32 for p in module.parameters())
    assert torch.cosine_similarity(found, wanted, dim=0) > 0.995
    assert found.norm().item() == pytest.approx(wanted.norm().item(), rel=0.05)


SPEC = """data t = bundled("mobydick", unit=char, window=32, carry=true)
network Lm {
  input text: token[T]
  embedding(t.vocab, 24) -> gru(24)
  scan { state h: [24]; gru_cell(24, h) as h1; next h = h1; from h1 }
  attention(2, causal=true, rotary=true) -> dense(t.vocab)
  output next
}
train Lm { data t; loss cross_entropy; metric bits; steps 40; batch 16; optimizer adam(lr=5e-3) }
export Lm { streaming }
"""


def test_a_run_ends_near_to_float32_and_its_files_are_as_exact(nnc: Nnc) -> None:
    Path("lm.nn").write_text(SPEC)
    found = []
    for precision in ("float32", "bf16"):
        setting = ("--set", f"train.precision={precision}")
        out = nnc("train", "lm.nn", "--out", precision, "--device", "cpu", *setting)
        assert out.code == 0, out.err
        assert precision in out.err
        metrics = nnc("eval", precision, "--json").json["metrics"]
        assert metrics["onnx"]["bits"] == pytest.approx(metrics["pytorch"]["bits"], abs=1e-4)
        found.append(metrics["onnx"]["bits"])
    assert found[1] == pytest.approx(found[0], rel=0.01)
