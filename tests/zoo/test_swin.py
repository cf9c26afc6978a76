"""Swin-T gives what the network gives that a person wrote, with the same weights."""

from __future__ import annotations

import pytest
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.ir.walk import weight_table
from tests.zoo.networks import by_hand, checked


@pytest.mark.slow
def test_windows_shifts_and_biases_are_those_of_the_paper() -> None:
    torch.manual_seed(0)
    network = checked("swin_t").networks["SwinT"]
    ours = build(network, initial_weights(weight_table(network), seed=0)).eval()
    theirs = by_hand("swin_t", "SwinT").eval()
    with torch.no_grad():
        for a, b in zip(theirs.parameters(), ours.parameters(), strict=True):
            assert a.shape == b.shape
            a.normal_(std=0.05)
            b.copy_(a)
        x = torch.randn(1, 3, 224, 224)
        assert torch.allclose(theirs(x), ours(x), atol=1e-6)
