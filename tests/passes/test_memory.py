"""The memory plan against PyTorch, and what it says of small networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnc.check import check_text
from nnc.check.program import check_source
from nnc.ir.graph import Network
from nnc.passes.memory import memory
from nnc.source import Source
from tests.layers.saved import samples, saved_bytes
from tests.layers.worked import torch_module

SPECS = Path("specs")
MEASURED = [
    ("lenet.nn", "LeNet5", 32),
    ("vae.nn", "VAE", 32),
    ("unet.nn", "UNet", 1),
    ("zoo/resnet18.nn", "ResNet18", 1),
    ("zoo/vit_b16.nn", "ViTB16", 1),
    ("zoo/gpt2.nn", "GPT2", 1),
    ("zoo/densenet121.nn", "DenseNet121", 1),
]


def _network(file: str, name: str) -> Network:
    path = SPECS / file
    found = check_source(Source(str(path), path.read_text("utf-8")), root=str(path.parent))
    return found.networks[name]


@pytest.mark.slow
@pytest.mark.parametrize("file,name,batch", MEASURED, ids=[name for _, name, _ in MEASURED])
def test_what_backward_keeps_is_what_pytorch_keeps(
    file: str, name: str, batch: int, tmp_path: Path
) -> None:
    net = _network(file, name)
    sizes = dict.fromkeys(net.symbols, 64)
    said = memory(net, sizes, batch).kept
    kept = saved_bytes(torch_module(net, tmp_path).train(), samples(net, sizes, batch))
    assert said == pytest.approx(kept, rel=0.15)


def _memory(body: str, batch: int = 1) -> tuple[int, int, int]:
    found = check_text(f"network A {{\n{body}\noutput y }}")
    assert not found.errors, found.diagnostics
    plan = memory(found.networks["A"], {}, batch)
    return plan.inference // 4, plan.kept // 4, plan.training // 4


def test_a_value_dies_after_its_last_use() -> None:
    """Of a chain only two neighbours live at once; a skip lives until it is joined."""
    assert _memory("input x: [100]; relu -> tanh -> sigmoid")[0] == 200
    assert _memory("input x: [100]; relu as a; tanh -> sigmoid -> add(a)")[0] == 300
    assert _memory("input x: [100]; relu -> tanh", batch=3)[0] == 600


def test_what_lies_in_the_same_memory_counts_once() -> None:
    assert _memory("input x: [4, 25]; flatten -> reshape(10, 10) -> relu")[0] == 200


def test_a_scan_reads_its_input_to_the_end() -> None:
    """The input, the results of all turns and what they are stacked into, and states of a turn."""
    body = "state h: [4]; add(h) -> tanh as h1; next h = h1; from h1"
    inference, _, _ = _memory(f"input x: [100, 4]; scan {{ {body} }}")
    assert inference == pytest.approx(3 * 400, abs=20)


def test_nothing_is_kept_before_what_learns() -> None:
    assert _memory("input x: [100]; relu -> tanh")[1] == 0
    assert _memory("input x: [100]; relu -> dense(10)")[1] == 100
    assert _memory("input x: [100]; dense(10) -> relu -> dense(5)")[1] == 110


def test_training_keeps_values_and_gradients() -> None:
    """dense(50) keeps 100, relu 50; the output, its copy in the loss and its gradient are 50 each.

    At the backward of relu the gradients of both its sides live.
    """
    inference, kept, training = _memory("input x: [100]; dense(50) -> relu")
    assert (inference, kept) == (150, 150)
    assert training == 100 + 50 + 50 + 50 + 50
