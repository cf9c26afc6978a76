"""The networks of the chapter on papers: both backends agree, gradients reach what learns."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.check import check_text
from nnc.ir.verify import verify
from nnc.ir.walk import weight_table
from tests.backends.test_backends_agree import differ, inputs_of
from tests.conftest import ROOT

CHAPTER = (ROOT / "tests/language/60-papers.md").read_text(encoding="utf-8")
PROGRAMS = dict(re.findall(r"^## (.*?)\n\n```nn\n(.*?)```", CHAPTER, re.S | re.M))


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_backends_agree(text: str) -> None:
    (network,) = check_text(text).networks.values()
    assert differ(verify(network), batch=3, positive=True) < 1e-5


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_gradients_reach_what_learns(text: str) -> None:
    (network,) = check_text(text).networks.values()
    module = build(network, initial_weights(weight_table(network), seed=0))
    made = module(*(torch.from_numpy(a) for a in inputs_of(network, 4, positive=True).values()))
    outputs = made if isinstance(made, tuple) else (made,)
    sum((out * torch.randn_like(out)).sum() for out in outputs).backward()
    assert all(p.grad is not None for p in module.parameters())
    assert all(np.isfinite(p.grad.numpy()).all() for p in module.parameters() if p.grad is not None)
