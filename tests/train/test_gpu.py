"""The engine on a CUDA device: where losses are fetched in windows and data lie on the device."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nnc.ir.plan import Length
from nnc.train.data.keyed import order
from nnc.train.device import choose_device
from tests.train.kit import (
    Listener,
    blobs,
    class_plan,
    job_at,
    price_plan,
    prices,
    resumed,
    run,
    seeded,
    signal_at,
)

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def _cuda() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")


def test_auto_takes_the_gpu_in_bf16() -> None:
    device = choose_device("auto", class_plan())
    assert (device.name, device.precision) == ("cuda:0", "bf16")


@pytest.mark.parametrize("resident", [True, False])
def test_float32_gives_the_numbers_of_the_cpu(tmp_path: Path, resident: bool) -> None:
    told = []
    for device in ("cpu", "cuda"):
        listener = Listener()
        plan = class_plan(precision="float32")
        run(job_at(tmp_path / device, plan, blobs(resident=resident), device=device), listener)
        told.append([value for line in listener.lines for value in (line.loss, line.val_loss)])
    assert told[0] == pytest.approx(told[1], rel=1e-3)


def test_a_loss_that_is_no_number_names_its_step(tmp_path: Path) -> None:
    data = prices()
    data.parts["train"].values["price"][37] = np.inf
    step = int(np.flatnonzero(order(80, 0, 0) == 37)[0]) // 16 + 1
    module = seeded(lambda: torch.nn.Linear(2, 1))
    outcome = run(job_at(tmp_path, price_plan(), data, module, device="cuda"))
    assert outcome.stopped_by == f"the loss is inf at step {step}"


def test_resume_in_the_middle(tmp_path: Path) -> None:
    plan = class_plan(length=Length("epochs", 4), deterministic=True)
    whole, cut = Listener(), Listener()
    run(job_at(tmp_path / "whole", plan, device="cuda"), whole)
    job = job_at(tmp_path / "cut", plan, device="cuda")
    signal_at(job.members[0].module, 9)
    run(job)
    run(resumed(tmp_path / "cut", plan=plan, device="cuda"), cut)
    assert cut.lines[-1].loss == pytest.approx(whole.lines[-1].loss, rel=1e-5)
