"""The first compiled step, before it counts: what PyTorch cannot compile is found out here."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import torch

from nnc.ir.ganformula import updates_of
from nnc.train.gan.session import GanSession
from nnc.train.session import Session
from nnc.train.snapshot import kept, restore
from nnc.train.step import NotFinite


def warm_up(session: Session, note: Callable[[str], None]) -> None:
    """Has the step compiled on a batch of each size, and puts the session back as it was.

    Where PyTorch cannot compile, for want of a C++ compiler say, it is told and the run goes on
    without.
    """
    if not session.plan.compile:
        return
    compiler = session.compiler
    if not compiler.on:
        note("compile: not with states carried from batch to batch; the run goes on without")
        return
    began, good = time.perf_counter(), session.good
    state, tensors = kept(session)
    try:
        _steps(session)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        compiler.on = False
        note(f"compile: PyTorch cannot do it here ({_reason(error)}); the run goes on without")
    for updater in session.updaters:
        updater.optimizer.zero_grad()
    restore(session, state, tensors)
    session.good = good
    if compiler.on:
        note(f"compiled in {time.perf_counter() - began:.0f} s")


def _steps(session: Session) -> None:
    """Steps on the first batch of the epoch, and on the last where it has another size."""
    session.learn()
    sizes = {stop - start: (start, stop) for start, stop in reversed(session.bounds)}
    turns = 1
    if isinstance(session, GanSession):
        turns = max(update.every for update in updates_of(session.gan).each)
    order = session.order()
    for bounds in sizes.values():
        batches = session.train.batches(order, [bounds], session.epoch)
        raw, size = next(batches)
        batches.close()
        with suppress(NotFinite):  # if it is one, the step that counts will tell
            for turn in range(turns):
                session.losses.step = turn
                for _, step in session.phases:
                    step(raw, size)
            session.losses.fetch()


def _reason(error: RuntimeError) -> str:
    """The line that says why, of PyTorch's many."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].removesuffix(".")[:160] if lines else type(error).__name__
