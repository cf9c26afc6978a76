"""`compile true`: every objective's compiled step is its plain one; what cannot be is told."""

from __future__ import annotations

import functools
import itertools
import os
import signal
from pathlib import Path

import pytest
import torch

from nnc.ir.plan import Length
from nnc.record import replace
from nnc.train.gan.session import GanSession
from nnc.train.warming import warm_up
from tests.train.gan.kinds import KINDS, more_of
from tests.train.gan.kit import CPU, job_at, plan_of, resumed, simple, states
from tests.train.gan.test_written import free
from tests.train.kit import Listener, class_plan, run
from tests.train.kit import job_at as one_network

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")
STEPS = 3
PLAIN_CALL = torch.compile


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch captures graphs and differentiates them, but writes no C++ of them: seconds."""
    capture = functools.partial(PLAIN_CALL, backend="aot_eager")
    monkeypatch.setattr(torch, "compile", capture)
    torch.compiler.reset()


def trained(path: Path, kind: str, *, compiled: bool, out: bool) -> dict[str, torch.Tensor]:
    """The weights after some steps, the last of them with a smaller batch."""
    plan, text = KINDS[kind]
    plan = replace(free(plan) if out else plan, compile=compiled)
    job = job_at(path, plan, text, **more_of(kind))
    job.folder.close()
    session = GanSession(job, CPU)
    notes: list[str] = []
    before = session.weights()
    warm_up(session, notes.append)
    after = session.weights()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert [note.split(" in ")[0] for note in notes] == (["compiled"] if compiled else [])
    session.learn()
    bounds = [*session.bounds[: STEPS - 1], session.bounds[-1]]
    for step, (raw, size) in enumerate(session.train.batches(session.order(), bounds)):
        session.losses.step = step
        session.phases[0][1](raw, size)
    return session.weights()


def compare(path: Path, kind: str, *, out: bool = False) -> None:
    """`out`: with the objective's losses written out."""
    plain = trained(path / "plain", kind, compiled=False, out=out)
    made = trained(path / "compiled", kind, compiled=True, out=out)
    for name, value in plain.items():
        torch.testing.assert_close(made[name], value, rtol=0, atol=1e-5, msg=name)


@pytest.mark.slow
@pytest.mark.usefixtures("captured")
@pytest.mark.parametrize("kind", KINDS)
def test_captured_steps_are_the_plain_ones(tmp_path: Path, kind: str) -> None:
    compare(tmp_path, kind)


@pytest.mark.slow
@pytest.mark.usefixtures("captured")
@pytest.mark.parametrize("kind", ["average", "wgan_gp", "acgan", "cyclegan"])
def test_captured_steps_of_losses_that_are_written_out(tmp_path: Path, kind: str) -> None:
    compare(tmp_path, kind, out=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch's own, while it compiles
@pytest.mark.parametrize("kind", ["gan", "wgan_gp", "cyclegan"])
def test_steps_in_machine_code_are_the_plain_ones(tmp_path: Path, kind: str) -> None:
    torch.compiler.reset()
    compare(tmp_path, kind)


@pytest.mark.slow
@pytest.mark.usefixtures("captured")
def test_a_compiled_run_that_was_stopped_goes_on_to_the_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(KINDS["average"][0], compile=True)
    whole = job_at(tmp_path / "whole", plan)
    assert run(whole).status == "finished"
    steps, before = itertools.count(1), GanSession.set_rates

    def interrupted(session: GanSession) -> None:  # steps that count; the warm-up's do not
        if next(steps) == 6:
            os.kill(os.getpid(), signal.SIGINT)
        before(session)

    monkeypatch.setattr(GanSession, "set_rates", interrupted)
    assert run(job_at(tmp_path / "cut", plan)).exit_code == 130
    second = resumed(tmp_path / "cut", plan)
    assert second.resume
    assert run(second).status == "finished"
    found, wanted = states(second), states(whole)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.slow
@pytest.mark.usefixtures("captured")
def test_one_network(tmp_path: Path) -> None:
    plain, made = (class_plan(length=Length("epochs", 1), compile=on) for on in (False, True))
    jobs = [one_network(tmp_path / str(plan.compile), plan) for plan in (plain, made)]
    for job in jobs:
        assert run(job).status == "finished"
    one, other = (job.members[0].module.state_dict() for job in jobs)
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=0, atol=1e-5, msg=name)


def test_where_it_cannot_compile_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(function: object, **_: object) -> object:
        def call(*_: object) -> None:
            raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found.\nmore")

        return call

    monkeypatch.setattr(torch, "compile", refuses)
    plan = plan_of(simple(), length=Length("epochs", 1))
    plain, tried = (replace(plan, compile=on) for on in (False, True))
    one = job_at(tmp_path / "plain", plain)
    run(one)
    listener = Listener()
    other = job_at(tmp_path / "tried", tried)
    assert run(other, listener).status == "finished"
    assert listener.notes[0] == (
        "compile: PyTorch cannot do it here (InvalidCxxCompiler: No working C++ compiler found); "
        "the run goes on without"
    )
    found, wanted = states(other), states(one)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
