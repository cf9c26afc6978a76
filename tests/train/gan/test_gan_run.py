"""Runs of networks that compete, from the first step to the files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from tests.train.gan.kinds import KINDS, more_of
from tests.train.gan.kit import PLAIN, job_at, plan_of, resumed, simple, states
from tests.train.kit import Listener, run, signal_at

PLAYERS = ["generator_loss", "discriminator_loss", "real_score", "made_score"]


def told(path: Path) -> list[dict[str, object]]:
    made = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    for line in made:
        del line["seconds"]
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("calls", [9])
def test_killed_and_resumed_to_the_bit(tmp_path: Path, kind: str, calls: int) -> None:
    plan, text = KINDS[kind]
    more = more_of(kind)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    job = job_at(whole, plan, text, **more)
    assert run(job).status == "finished"
    first = job_at(cut, plan, text, **more)
    signal_at(first.members[-1].module, calls)
    assert run(first).exit_code == 130
    assert json.loads(next((cut / "checkpoints").glob("*/state.json")).read_text())["batch"] > 0
    second = resumed(cut, plan, text, **more)
    assert run(second).status == "finished"
    assert told(cut) == told(whole)
    found, wanted = states(second), states(job)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    kept = [safetensors.torch.load_file(path / "weights.safetensors") for path in (cut, whole)]
    assert all(torch.equal(kept[0][name], kept[1][name]) for name in kept[1])
    names = sorted(path.name for path in (whole / "samples").iterdir())
    assert names == ["epoch-001.png", "epoch-002.png", "epoch-003.png", "strip.png"]
    assert [(cut / "samples" / n).read_bytes() for n in names] == [
        (whole / "samples" / n).read_bytes() for n in names
    ]


def test_a_run_of_very_many_epochs_leaves_some_sheets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnc.train.gan.session.MOST_SHEETS", 2)
    run(job_at(tmp_path, plan_of(simple())))
    names = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert names == ["epoch-002.png", "epoch-003.png", "strip.png"]


def test_an_average_of_the_start_is_no_collapse(tmp_path: Path) -> None:
    text = PLAIN.replace("dense(16) -> relu", "dense(16, init=0) -> relu")
    listener = Listener()
    run(job_at(tmp_path, plan_of(simple(), ema=0.999, lr=1e-9), text), listener)
    assert not any("collapsed" in note for note in listener.notes)


def test_the_epoch_line_tells_both_sides(tmp_path: Path) -> None:
    listener = Listener()
    run(job_at(tmp_path, plan_of(simple())), listener)
    assert [list(line.players) for line in listener.lines] == [PLAYERS] * 3
    assert "generator" in (tmp_path / "log.txt").read_text()
    (line, *_) = told(tmp_path)
    assert 0 < float(str(line["real_score"])) < 1
