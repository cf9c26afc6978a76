"""What the engine asks of an exporter, and what survives when that fails."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nnc.diagnostics import Refusal, Rule
from nnc.record import replace
from nnc.source import NOWHERE
from nnc.train.evaluation import SessionPredictor
from nnc.train.folder import open_run
from nnc.train.job import Checked, Exported, Weights
from nnc.train.run_record import Export
from tests.train.kit import Listener, Small, job_at, run, seeded, signal_at

RULE = Rule("NN599", "test", "")


class Exporter:
    """Keeps what it is given; its file is the network with the weights that it was given."""

    def __init__(self, failure: str = "", error: Exception | None = None) -> None:
        self.failure, self.error = failure, error
        self.asked: list[str] = []
        self.weights: dict[str, np.ndarray] = {}
        self.results: Mapping[str, Mapping[str, float]] = {}

    def before(self, weights: Weights) -> Checked:
        self.asked.append("before")
        return Checked("opset 20, 5 nodes, largest difference 0e+00", 0.0)

    def after(self, weights: Weights) -> Exported:
        self.asked.append("after")
        if self.error:
            raise self.error
        self.weights = dict(weights["Net"])
        if self.failure:
            return Exported((), failure=self.failure)
        export = Export("model.onnx", "", 12, 1e-4, 0.0, "test", "image -> digit")
        return Exported((export,), SessionPredictor(self.say, (("image", "image"),)), "model.onnx")

    def say(self, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        assert given["image"].dtype == np.uint8  # the file takes raw values
        module = Small().eval()
        module.load_state_dict({k: torch.from_numpy(v) for k, v in self.weights.items()})
        with torch.no_grad():
            return {"digit": module(torch.from_numpy(given["image"]).float() / 255).numpy()}

    def finish(
        self, exported: Exported, metrics: Mapping[str, Mapping[str, float]]
    ) -> tuple[Export, ...]:
        self.asked.append("finish")
        self.results = metrics
        return tuple(replace(e, sha256="cd" * 32) for e in exported.exports)


def test_results_are_measured_on_the_file(tmp_path: Path) -> None:
    exporter, listener = Exporter(), Listener()
    outcome = run(job_at(tmp_path, exporter=exporter), listener)
    assert exporter.asked == ["before", "after", "finish"]
    assert listener.starts[0].checked is not None
    assert outcome.measured_on == "model.onnx"
    best = max(line.metrics["accuracy"] for line in listener.lines)
    assert outcome.metrics["validation"]["accuracy"] == best
    assert exporter.results == outcome.metrics
    assert open_run(tmp_path).record.exports[0].sha256 == "cd" * 32


def test_what_cannot_be_exported_stops_before_the_first_epoch(tmp_path: Path) -> None:
    class Refusing(Exporter):
        def before(self, weights: Weights) -> Checked:
            raise Refusal(RULE.at(NOWHERE, "no such operator"))

    listener = Listener()
    with pytest.raises(Refusal, match="no such operator"):
        run(job_at(tmp_path, exporter=Refusing()), listener)
    assert listener.lines == []
    assert open_run(tmp_path).record.status == "failed"


@pytest.mark.parametrize(
    "exporter",
    [
        Exporter(failure="digit differs by 0.3 at conv2"),
        Exporter(error=OSError(28, "No space left on device")),
        Exporter(error=Refusal(RULE.at(NOWHERE, "onnxruntime is missing"))),
    ],
    ids=["parity", "disk", "package"],
)
def test_weights_survive_a_failed_export(tmp_path: Path, exporter: Exporter) -> None:
    listener = Listener()
    outcome = run(job_at(tmp_path, exporter=exporter), listener)
    assert (outcome.status, outcome.exit_code) == ("finished", 3)
    assert (tmp_path / "weights.safetensors").is_file()
    assert outcome.metrics["validation"]["accuracy"] > 0
    assert outcome.measured_on == "PyTorch"
    assert any("no export" in note for note in listener.notes)


def test_an_interrupted_run_exports_the_best_so_far(tmp_path: Path) -> None:
    exporter = Exporter()
    job = job_at(tmp_path, exporter=exporter)
    signal_at(job.members[0].module, 10)
    outcome = run(job)
    assert exporter.asked == ["before", "after", "finish"]
    assert (outcome.exit_code, outcome.exports[0].file) == (130, "model.onnx")


def test_a_failed_run_exports_nothing(tmp_path: Path) -> None:
    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense1 = nn.Linear(4, 3)

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return self.dense1(image.flatten(1)) * torch.inf

    exporter = Exporter()
    outcome = run(job_at(tmp_path, module=seeded(Broken), exporter=exporter))
    assert (outcome.exit_code, exporter.asked) == (4, ["before"])
