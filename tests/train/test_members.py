"""From a text to a trained network, through all rooms but deployment."""

from __future__ import annotations

from pathlib import Path

import torch

from nnc.check import check_source
from nnc.ir.plan import Length
from nnc.record import replace
from nnc.source import Source
from nnc.train.data import open_data
from nnc.train.job import Job
from nnc.train.members import members
from tests.train.kit import Listener, folder_at, run

SPEC = """
data flowers = bundled("iris")
network Net {
  input numbers: [flowers.numbers]
  dense(8) -> batch_norm -> relu -> dense(flowers.classes)
  output species
}
train Net {
  data flowers
  loss cross_entropy
  optimizer adam(lr=0.05)
  epochs 12
  batch 16
  metric accuracy, f1
}
"""


def job_of(text: str, path: Path) -> Job:
    source = Source("net.nn", text)
    plan = check_source(source).data["flowers"]
    data = open_data(plan)
    checked = check_source(source, profiles={"flowers": data.profile})
    assert checked.diagnostics == ()
    train = checked.trains["Net"]
    return Job(
        train, members(train, checked.networks), data, folder_at(path), device="cpu", threads=1
    )


def test_flowers(tmp_path: Path) -> None:
    listener = Listener()
    outcome = run(job_of(SPEC, tmp_path), listener)
    assert outcome.metrics["validation"]["accuracy"] > 0.8
    assert set(outcome.metrics["validation"]) == {"accuracy", "f1"}
    assert outcome.best.epoch > 0


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    made = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        text = SPEC.replace("epochs 12", f"epochs 2\n  seed {seed}")
        job = job_of(text, tmp_path / name)
        run(replace(job, plan=replace(job.plan, length=Length("epochs", 2))))
        made.append(job.members[0].module.state_dict())
    a, b, c = made
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not all(torch.equal(a[name], c[name]) for name in a)
