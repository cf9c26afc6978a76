"""The variational autoencoder learns the bundled digits: its loss falls on unseen ones too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnc.cli.main import run
from tests.zoo.networks import ROOT


def test_the_loss_falls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["train", str(ROOT / "specs" / "vae.nn"), "--set", "train.epochs=3"]) == 0
    lines = (tmp_path / "runs" / "vae" / "1" / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    seen = [row["loss"] for row in rows if row["part"] == "validation"]
    assert seen[0] > seen[1] > seen[2]
    # an image of 784 pixels that are told nothing of costs 784 ln 2 = 543 nats
    assert seen[-1] < 170
