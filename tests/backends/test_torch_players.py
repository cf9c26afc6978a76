"""The file of a gan's players: what it defines, and what it says of weights that lack."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from nnc.backends.torch_players import players_source
from nnc.check import check_text
from nnc.ir.graph import Network

SOUND = "network Net { input sound: [800]; mel_spectrogram(16K, fft=200, mels=8); output y }"


def network(text: str) -> Network:
    found = check_text(text)
    assert not found.errors, found.diagnostics
    return found.networks["Net"]


def players(folder: Path) -> dict[str, Any]:
    """The names that the file of two players defines."""
    dense = network("network Net { input x: [3]; dense(2); output y }")
    source = players_source("Both", {"one": dense, "other": network(SOUND)})
    path = folder / "players.py"
    path.write_text(source)
    return runpy.run_path(str(path))


def test_players_have_the_functions_that_they_call(tmp_path: Path) -> None:
    made = players(tmp_path)
    assert made["PLAYERS"]["other"]()(torch.randn(1, 800)).isfinite().all()


def test_a_weight_that_lacks_is_named(tmp_path: Path) -> None:
    made = players(tmp_path)
    state = made["PLAYERS"]["one"]().state_dict()
    whole = {f"one.{name}": value for name, value in state.items()}
    file = tmp_path / "weights.safetensors"
    save_file(whole, file)
    assert torch.equal(made["load"]("one").dense1.weight, state["dense1.weight"])
    save_file({"one.dense1.weight": state["dense1.weight"]}, file)
    with pytest.raises(KeyError, match=r"lacks one\.dense1\.bias"):
        made["load"]("one")
