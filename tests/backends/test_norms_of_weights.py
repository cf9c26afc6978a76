"""Spectral norm and weight norm: the numbers of torch.nn.utils.parametrizations, step by step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.backends.torch_source import torch_source
from nnc.ir.verify import verify
from nnc.ir.walk import count_weights, weight_table
from tests.backends.onnx_running import run
from tests.backends.test_backends_agree import checked, differ

CRITIC = """
block down(c) { conv(c, 4, stride=2, padding=1, spectral_norm=true) -> leaky_relu(0.2) }
network Critic {
  input image: [3, 16, 16]
  down(8) -> down(6)
  conv_transpose(5, 3, spectral_norm=true) -> conv(4, 3, weight_norm=true) -> relu
  flatten -> dense(3, weight_norm=true, bias=false) -> dense(2, spectral_norm=true)
  output score: [2]
}
"""
WORDS = """
network Words {
  input text: token[5]
  embedding(9, 4, spectral_norm=true) -> dense(3, weight_norm=true) -> conv_transpose(2, 3)
  output y
}
"""
READER = """
network Reader {
  input x: [7, 5]
  lstm(6, layers=2, bidirectional=true, weight_norm=true)
  scan { state h: [4]; gru_cell(4, h, NORM=true) as h1; next h = h1; from h1 }
  attention(2, NORM=true)
  output y
}
"""


class ReaderByHand(nn.Module):
    """The reader as a person writes it."""

    def __init__(self, norm: Callable[..., nn.Module]) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.cell = nn.GRUCell(12, 4)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        for layer in (0, 1):
            for end in ("", "_reverse"):
                weight_norm(self.lstm, f"weight_ih_l{layer}{end}")
                weight_norm(self.lstm, f"weight_hh_l{layer}{end}")
        norm(self.cell, "weight_ih")
        norm(self.cell, "weight_hh")
        norm(self.attention.out_proj)
        norm(self.attention, "in_proj_weight")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, _ = self.lstm(x)
        h, rows = x.new_zeros(len(x), 4), []
        for step in x.unbind(1):
            h = self.cell(step, h)
            rows.append(h)
        x = torch.stack(rows, 1).transpose(0, 1)
        own = (
            self.attention
        )  # whose forward reads its weight more than once, a step of the norm each
        y, _ = functional.multi_head_attention_forward(
            *(x, x, x, 4, 2),
            own.in_proj_weight,
            own.in_proj_bias,
            *(None, None, False, 0.0),
            own.out_proj.weight,
            own.out_proj.bias,
            need_weights=False,
        )
        return y.transpose(0, 1)


class ByHand(nn.Module):
    """The critic as a person writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = spectral_norm(nn.Conv2d(3, 8, 4, stride=2, padding=1))
        self.conv2 = spectral_norm(nn.Conv2d(8, 6, 4, stride=2, padding=1))
        self.conv_transpose1 = spectral_norm(nn.ConvTranspose2d(6, 5, 3))
        self.conv3 = weight_norm(nn.Conv2d(5, 4, 3))
        self.dense1 = weight_norm(nn.Linear(64, 3, bias=False))
        self.dense2 = spectral_norm(nn.Linear(3, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.leaky_relu(self.conv1(x), 0.2)
        x = functional.leaky_relu(self.conv2(x), 0.2)
        x = functional.relu(self.conv3(self.conv_transpose1(x)))
        return self.dense2(self.dense1(x.flatten(1)))


@pytest.mark.parametrize(
    "text",
    [CRITIC, WORDS.replace(" -> conv_transpose(2, 3)", ""), READER.replace("NORM", "weight_norm")],
)
@pytest.mark.parametrize("batch", [1, 3])
def test_backends_agree(text: str, batch: int) -> None:
    assert differ(verify(checked(text)), batch=batch) < 1e-5


def test_the_table_of_weights_is_the_state_dict() -> None:
    network = checked(CRITIC)
    arrays = initial_weights(weight_table(network), seed=0)
    module = build(network, arrays)
    assert [(n, tuple(t.shape)) for n, t in module.state_dict().items()] == [
        (n, a.shape) for n, a in arrays.items()
    ]
    assert [tuple(t.shape) for t in ByHand().state_dict().values()] == [
        a.shape for a in arrays.values()
    ]
    assert sum(p.numel() for p in module.parameters()) == count_weights(network)


def test_training_goes_as_with_pytorch_and_so_does_the_file() -> None:
    draw = torch.Generator().manual_seed(0)
    batches = [torch.randn(4, 3, 16, 16, generator=draw) for _ in range(6)]
    _trains_alike(CRITIC, ByHand(), "image", batches, 1e-6)


@pytest.mark.parametrize("norm", [spectral_norm, weight_norm])
def test_recurrent_layers_and_attention_train_as_with_pytorch(
    norm: Callable[..., nn.Module],
) -> None:
    draw = torch.Generator().manual_seed(0)
    batches = [torch.randn(4, 7, 5, generator=draw) for _ in range(6)]
    _trains_alike(READER.replace("NORM", norm.__name__), ReaderByHand(norm), "x", batches, 1e-4)


def _trains_alike(
    text: str, theirs: nn.Module, name: str, batches: list[torch.Tensor], atol: float
) -> None:
    """Six steps of Adam give nearly the numbers of a module of a person, and so does the file."""
    network = checked(text)
    arrays = initial_weights(weight_table(network), seed=0)
    ours = build(network, arrays)
    names = dict(zip(theirs.state_dict(), ours.state_dict()))
    theirs.load_state_dict({name: ours.state_dict()[own] for name, own in names.items()})
    for module in (ours.train(), theirs.train()):
        optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
        for batch in batches:
            optimizer.zero_grad()
            module(batch).square().mean().backward()
            optimizer.step()
    for key, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[names[key]], value, rtol=0, atol=atol)
    trained = {key: value.numpy() for key, value in ours.state_dict().items()}
    (found,) = run(onnx_model(network, trained), {name: batches[0].numpy()}).values()
    with torch.inference_mode():
        wanted = theirs.eval()(batches[0]).numpy()
    assert np.abs(found - wanted).max() <= 1e-5 * max(1.0, float(np.abs(wanted).max()))


def test_weights_start_as_without_a_norm_with_their_lengths_and_singular_vectors() -> None:
    plain = checked(CRITIC.replace(", spectral_norm=true", "").replace(", weight_norm=true", ""))
    before = initial_weights(weight_table(plain), seed=3)
    after = initial_weights(weight_table(checked(CRITIC)), seed=3)
    place = "down1.conv1.parametrizations.weight."
    assert np.array_equal(before["down1.conv1.weight"], after[f"{place}original"])
    matrix = after[f"{place}original"].reshape(8, -1)
    sigma = after[f"{place}0._u"] @ matrix @ after[f"{place}0._v"]
    assert abs(sigma / np.linalg.svd(matrix)[1][0] - 1) < 0.1
    lengths = after["dense1.parametrizations.weight.original0"]
    assert np.allclose(lengths, np.linalg.norm(before["dense1.weight"], axis=1, keepdims=True))


def test_the_source_reads_as_people_write_it() -> None:
    lines = torch_source(checked(CRITIC)).splitlines()
    assert "from torch.nn.utils.parametrizations import spectral_norm, weight_norm" in lines
    assert "        self.dense1 = weight_norm(nn.Linear(64, 3, bias=False))" in lines


def test_a_number_of_that_name_does_not_hide_the_function() -> None:
    network = checked(
        "block b(spectral_norm) { conv(spectral_norm, 3, spectral_norm=true) }"
        "\nnetwork N { input x: [3, 8, 8]; b(4) -> b(5); output y }"
    )
    build(network, initial_weights(weight_table(network), seed=0))
