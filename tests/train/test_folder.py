"""Run folders, and those that somebody else made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnc.diagnostics import Refusal
from nnc.record import replace
from nnc.train.folder import RunFolder, find_run, new_folder, open_run, runs_in
from nnc.train.jsonfile import BadFile
from nnc.train.run_record import (
    BestRecord,
    DataRecord,
    Export,
    PartRecord,
    RunRecord,
    from_json,
    plain_name,
    to_json,
)

RECORD = RunRecord(
    status="finished",
    started="2026-01-02T03:04:05Z",
    spec="specs/lenet.nn",
    network="LeNet5",
    train="LeNet5",
    stopped_by="early_stop",
    command=("nnc", "train", "specs/lenet.nn"),
    overrides=("train.epochs=3",),
    versions={"nnc": "0.1"},
    device="cpu",
    precision="float32",
    threads=2,
    seeds={"train": 0, "split": 0},
    batch={"global": 32, "per_device": 32, "accumulate": 1},
    data=(
        DataRecord("digits", 'bundled("mnist5k")', (PartRecord("train", 4000, "0123456789ab"),)),
    ),
    best=BestRecord(3, 300, "accuracy", 0.97),
    metrics={"validation": {"accuracy": 0.97}, "baseline": {"accuracy": 0.1}},
    exports=(
        Export("model.onnx", "ab" * 32, 247_000, 1e-4, 2e-7, "onnxruntime 1.23", "image -> digit"),
    ),
    resumed=(125,),
)


def written(path: Path, record: RunRecord = RECORD) -> Path:
    path.mkdir(parents=True)
    with RunFolder(path, record):
        pass
    return path


def test_numbers_count_up(tmp_path: Path) -> None:
    made = [new_folder(tmp_path, "lenet") for _ in range(2)]
    (tmp_path / "lenet" / "9").mkdir()
    (tmp_path / "lenet" / "notes").mkdir()
    made.append(new_folder(tmp_path, "lenet"))
    assert [path.name for path in made] == ["1", "2", "10"]
    assert new_folder(tmp_path, "lenet", name="try").name == "try"


def test_a_taken_folder_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "run")
    with pytest.raises(Refusal, match="a run in it already"):
        new_folder(tmp_path, "x", out=tmp_path / "run")
    new_folder(tmp_path, "x", name="one")
    with pytest.raises(Refusal, match="it exists already"):
        new_folder(tmp_path, "x", name="one")
    for name in ("../up", "a/b", "..", "a\\b", "C:"):
        with pytest.raises(Refusal, match="leads elsewhere"):
            new_folder(tmp_path, "x", name=name)


def test_two_processes_do_not_share_a_run(tmp_path: Path) -> None:
    with RunFolder(tmp_path, RECORD), pytest.raises(Refusal, match="another process"):
        RunFolder(tmp_path, RECORD)
    RunFolder(tmp_path, RECORD).close()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    run = open_run(written(tmp_path / "1"))
    assert run.record == RECORD
    assert run.model.name == "model.onnx"
    document = json.loads((tmp_path / "1" / "run.json").read_text())
    assert (document["format"], document["status"]) == (1, "finished")
    assert document["exports"][0]["parity"] == {
        "tolerance": 1e-4, "largest": 2e-7, "runtime": "onnxruntime 1.23",
    }  # fmt: skip


def test_numbers_that_are_not_finite_are_null(tmp_path: Path) -> None:
    record = replace(RECORD, metrics={"test": {"r2": float("nan")}})
    assert to_json(record)["metrics"] == {"test": {"r2": None}}


def test_no_home_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/people/ada")
    record = replace(
        RECORD,
        command=("nnc", "--data", "digits=/people/ada/mnist", "/people/adamant/x", "/people/ada"),
    )
    assert to_json(record)["command"] == [
        "nnc", "--data", "digits=~/mnist", "/people/adamant/x", "~",
    ]  # fmt: skip


def test_metrics_are_cut_back(tmp_path: Path) -> None:
    with RunFolder(tmp_path, RECORD) as folder:
        assert folder.lines() == 0
        folder.cut(3)
        folder.append([{"step": 1}, {"step": 2}])
        folder.append([{"step": 3, "loss": None}])
        folder.cut(2)
        assert folder.lines() == 2
        with open(folder.metrics, "a") as file:
            file.write('{"step": 3')  # a crash in the middle of a line
        folder.cut(5)
        assert folder.metrics.read_text() == '{"step": 1}\n{"step": 2}\n'


def test_texts_stay_in_the_folder(tmp_path: Path) -> None:
    with RunFolder(tmp_path, RECORD) as folder:
        folder.write_source({"spec.nn": "a", "source/specs/lenet.nn": "b"})
        assert (tmp_path / "source" / "specs" / "lenet.nn").read_text() == "b"
        for name in ("../x", "/etc/x", "a//b", "a/../../b"):
            with pytest.raises(ValueError, match="elsewhere"):
                folder.write_source({name: ""})


def test_the_newest_in_the_state_asked_for(tmp_path: Path) -> None:
    base = tmp_path / "lenet"
    for name, status, started in (
        ("1", "finished", "2026-01-01"),
        ("2", "interrupted", "2026-01-02"),
        ("10", "finished", "2026-01-03"),
        ("good", "failed", "2026-01-04"),
    ):
        written(base / name, replace(RECORD, status=status, started=started))
    state = base / "good" / "checkpoints" / "40" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    written(base / "killed", replace(RECORD, status="running", started="2026-01-05"))
    (base / "11").mkdir()
    (base / "11" / "run.json").write_text("broken")
    assert [run.path.name for run in runs_in(base)] == ["good", "killed", "1", "2", "10"]
    assert find_run(tmp_path).path.name == "killed"
    assert find_run(base, "finished").path.name == "10"
    assert find_run(base, "unfinished").path.name == "good", "the killed one has no checkpoint"
    assert find_run(base / "2", "finished").path.name == "2"
    with pytest.raises(Refusal, match="no finished run"):
        find_run(tmp_path / "none", "finished")


GOOD = to_json(RECORD)
HOSTILE: list[object] = [
    [],
    {},
    GOOD | {"format": 2},
    GOOD | {"format": "1"},
    GOOD | {"status": "pwned"},
    GOOD | {"started": 3},
    GOOD | {"spec": "x" * 100_000},
    GOOD | {"command": "rm -rf"},
    GOOD | {"command": [1]},
    GOOD | {"versions": [1]},
    GOOD | {"threads": -1},
    GOOD | {"seeds": {"train": 1.5}},
    GOOD | {"metrics": {"test": {"accuracy": "high"}}},
    GOOD | {"metrics": {"test": 1}},
    GOOD | {"exports": [{"file": "../../.bashrc", "bytes": 1}]},
    GOOD | {"exports": [{"file": "/etc/passwd", "bytes": 1}]},
    GOOD | {"exports": [{"file": "C:\\x", "bytes": 1}]},
    GOOD | {"exports": [{"file": "", "bytes": 1}]},
    GOOD | {"exports": ["model.onnx"]},
    GOOD | {"best": {"epoch": "x"}},
    GOOD | {"data": {"name": "x"}},
    GOOD | {"resumed": [1]},
]


@pytest.mark.parametrize("document", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_run_is_refused(tmp_path: Path, document: object) -> None:
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(Refusal, match=r"run\.json cannot be used"):
        open_run(tmp_path)


def test_a_huge_run_is_refused_unread(tmp_path: Path) -> None:
    with open(tmp_path / "run.json", "wb") as file:
        file.truncate(2**34)
    with pytest.raises(Refusal, match="larger than 16 MB"):
        open_run(tmp_path)


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="there is no run here"):
        open_run(tmp_path)


def test_an_older_document_has_defaults() -> None:
    record = from_json({"format": 1, "status": "running"})
    assert (record.exports, record.best, record.metrics) == ((), None, {})


def test_plain_names() -> None:
    assert plain_name("model.onnx") == "model.onnx"
    for name in ("", ".", "..", "a/b", "a\\b", "a:b", "a\0b", "a\nb", 'a"b'):
        with pytest.raises(BadFile):
            plain_name(name)
