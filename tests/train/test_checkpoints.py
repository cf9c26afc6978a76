"""Checkpoints: whole or not at all, and nothing that a stranger writes is believed."""

from __future__ import annotations

import json
import math
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from nnc.backends.weights import write_weights
from nnc.train import checkpoints as room
from nnc.train.checkpoints import (
    State,
    Waiting,
    all_finite,
    checkpoints,
    load_checkpoint,
    save_checkpoint,
    save_tensors,
    take,
)
from nnc.train.jsonfile import BadFile
from nnc.train.monitor import Best
from tests.train.kit import job_at, run

STATE = State(
    step=7,
    epoch=1,
    batch=2,
    loss=0.1 + 0.2,
    samples=32,
    evaluated=False,
    seconds=1.5,
    lines=2,
    monitor=Waiting(Best(0.25, 1, 5, 0.5), 3),
    plateaus=((0.5, 1),),
)
TENSORS = {"weights/N/a": torch.arange(3.0), "rng/cpu": torch.arange(4, dtype=torch.uint8)}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, STATE, TENSORS)
    state, tensors = load_checkpoint(path)
    assert state.loss == STATE.loss
    assert state.monitor == STATE.monitor
    assert math.isnan(state.stopper.best.value)
    assert (state.step, state.batch, state.evaluated, state.plateaus) == (7, 2, False, ((0.5, 1),))
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    for step in (1, 10, 9, 2):
        save_checkpoint(tmp_path, State(step=step), TENSORS)
    assert [path.name for path in checkpoints(tmp_path)] == ["10", "9"]


def test_the_same_step_again_replaces(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, State(step=3, evaluated=False), TENSORS)
    save_checkpoint(tmp_path, State(step=3), TENSORS)
    assert os.listdir(tmp_path) == ["3"]
    assert load_checkpoint(tmp_path / "3")[0].evaluated


def test_a_full_disk_leaves_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise safetensors.SafetensorError("No space left on device")

    save_checkpoint(tmp_path, State(step=1), TENSORS)
    monkeypatch.setattr(room.safetensors.numpy, "save_file", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(tmp_path, State(step=2), TENSORS)
    assert os.listdir(tmp_path) == ["1"]


def test_a_crash_between_two_renames_is_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, State(step=4), TENSORS)
    rename, calls = os.rename, []

    def crash(a: Path, b: Path) -> None:
        calls.append(b)
        if len(calls) == 2:
            raise KeyboardInterrupt
        rename(a, b)

    monkeypatch.setattr(os, "rename", crash)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(tmp_path, State(step=4), TENSORS)
    monkeypatch.undo()
    assert load_checkpoint(checkpoints(tmp_path)[0])[0].step == 4


def test_tensors_that_share_memory_are_written(tmp_path: Path) -> None:
    shared = torch.arange(4.0)
    save_tensors(tmp_path / "w.safetensors", {"a": shared, "b": shared, "c": shared[1:]})
    found = safetensors.torch.load_file(tmp_path / "w.safetensors")
    assert torch.equal(found["a"], found["b"])


def test_equal_weights_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_tensors(tmp_path / name, dict(reversed(TENSORS.items())) if name == "a" else TENSORS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


DOCUMENT = {
    "format": 1, "step": 7, "epoch": 1, "batch": 2, "loss": 0.5, "samples": 3, "seconds": 1.0,
    "lines": 2, "monitor": {"value": None, "epoch": 0, "step": 0, "waited": 0},
    "stopper": {"value": 1, "epoch": 0, "step": 0, "waited": 0},
    "falls": {"value": 1, "epoch": 0, "step": 0, "waited": 0}, "plateaus": [],
}  # fmt: skip

HOSTILE: list[object] = [
    [],
    "x",
    {},
    DOCUMENT | {"format": 99},
    DOCUMENT | {"step": -1},
    DOCUMENT | {"step": 2**70},
    DOCUMENT | {"step": True},
    DOCUMENT | {"step": "7"},
    DOCUMENT | {"loss": None},
    DOCUMENT | {"monitor": []},
    DOCUMENT | {"monitor": {"value": "x", "epoch": 0, "step": 0, "waited": 0}},
    DOCUMENT | {"plateaus": {}},
    DOCUMENT | {"plateaus": [[2.0, 1]]},
    DOCUMENT | {"plateaus": [[1.0]]},
]


@pytest.mark.parametrize("document", HOSTILE, ids=lambda d: str(d)[-40:])
def test_a_hostile_state_is_refused(tmp_path: Path, document: object) -> None:
    path = save_checkpoint(tmp_path, STATE, TENSORS)
    (path / "state.json").write_text(json.dumps(document))
    with pytest.raises(BadFile):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"[" * 200_000, b'{"format": NaN}', b'{"step": ' + b"9" * 9000 + b"}"],
    ids=["empty", "bytes", "deep", "nan", "digits"],
)
def test_what_is_no_json_is_refused(tmp_path: Path, data: bytes) -> None:
    path = save_checkpoint(tmp_path, STATE, TENSORS)
    (path / "state.json").write_bytes(data)
    with pytest.raises(BadFile):
        load_checkpoint(path)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo executed > executed",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        pickle.dumps(Bomb()),
        (2**62).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}" + b"rest",
        (10).to_bytes(8, "little") + b"{" * 10,
    ],
    ids=["empty", "pickle", "huge header", "rest", "no json"],
)
def test_hostile_tensors_are_refused(
    tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = save_checkpoint(tmp_path / "c", STATE, TENSORS)
    (path / "state.safetensors").write_bytes(data)
    with pytest.raises(BadFile):
        load_checkpoint(path)
    assert not (tmp_path / "executed").exists()


def test_links_and_other_names_are_no_checkpoints(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", STATE, TENSORS)
    (tmp_path / "c" / "99").symlink_to(tmp_path)
    (tmp_path / "c" / "latest").mkdir()
    (tmp_path / "c" / ("9" * 40)).mkdir()
    assert [path.name for path in checkpoints(tmp_path / "c")] == ["7"]


def test_take_wants_the_same_kind() -> None:
    like = torch.zeros(3)
    for wrong in ({}, {"a": torch.zeros(4)}, {"a": torch.zeros(3, dtype=torch.int64)}):
        with pytest.raises(BadFile, match=r"^a is"):
            take(wrong, "a", like)


def test_all_finite() -> None:
    good = {"a": torch.zeros(2), "b": torch.zeros(2, dtype=torch.int64)}
    assert all_finite(good)
    assert not all_finite(good | {"c": torch.tensor([torch.inf])})
    assert all_finite({})


def test_names_say_player_and_place(tmp_path: Path) -> None:
    run(job_at(tmp_path))
    tensors = load_checkpoint(checkpoints(tmp_path / "checkpoints")[0])[1]
    assert "weights/Net/dense1.weight" in tensors
    assert "optimizer/0/Net/dense1.weight/exp_avg" in tensors
    assert "rng/cpu" in tensors


def test_files_have_the_rights_that_new_files_have(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    save_tensors(tmp_path / "own.safetensors", {"w": torch.ones(2)})
    write_weights(tmp_path / "all.safetensors", {"w": np.ones(2, np.float32)})
    for name in ("own.safetensors", "all.safetensors"):
        assert (tmp_path / name).stat().st_mode == plain.stat().st_mode
