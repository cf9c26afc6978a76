"""Proof that a file which takes one step at a time gives what the network gives of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import nn

from nnc.backends.arrays import Array
from nnc.backends.onnx_file import OnnxModel
from nnc.deploy.difference import difference
from nnc.deploy.parity import TOLERANCE, Parity
from nnc.deploy.reference import Reference
from nnc.deploy.samples import corners, sample
from nnc.deploy.session import Session
from nnc.deploy.stepper import Stepper
from nnc.deploy.verify import NO_ENDS, Trial
from nnc.ir.conditions import Condition
from nnc.ir.graph import Network
from nnc.passes.inference import Ends, inference
from nnc.passes.streaming import Stepped, stepped

LONGER = (0, 1, 8)
"""How many steps more than the fewest the compared sequences have,"""
SIDE_BY_SIDE = (1, 3, 2)
"""and how many there are of each length."""


def verify_steps(
    network: Network,
    weights: Mapping[str, Array],
    model: OnnxModel | Path | bytes,
    *,
    around: Ends = NO_ENDS,
    module: nn.Module | None = None,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    threads: int = 0,
) -> Parity:
    """Compares a file that takes one step at a time with the whole network in PyTorch.

    Sequences of several lengths are compared, and several side by side.

    Args:
        network: as it is trained, without its ends.
        model: the file of one step.
        around: what the file has before and behind the network.
        module: the network in PyTorch, where there is one already.

    Raises:
        Refusal: ONNX Runtime is missing, or does not take the file.
    """
    file = model.serialize() if isinstance(model, OnnxModel) else model
    session = Session(file, threads=threads, guarded=False)
    reference = Reference(network, weights, around, module)
    whole = inference(network, around)
    stream = stepped(whole)
    fronts = dict(around.fronts)
    planned = _trials(whole, stream)
    largest, output, at = 0.0, "", 0
    for number, trial in enumerate(planned):
        draw = np.random.Generator(np.random.SFC64([seed, number, 1]))
        raw = sample(whole, fronts, trial.sizes, trial.batch, draw)
        _all_own(whole, raw, trial.sizes[stream.symbol], stream)
        wanted = reference(raw)
        for step, found in enumerate(_stepwise(session, stream, raw, trial)):
            for name, axis in stream.outputs:
                right = wanted[name]
                if axis is not None:
                    right = right.take([step], axis=axis + 1)
                size = difference(found[name], right)
                if size > largest or not output:
                    largest, output, at = size, name, step
    sizes = tuple(trial.sizes for trial in planned)
    batches = tuple(dict.fromkeys(trial.batch for trial in planned))
    return Parity(largest, tolerance, output, batches, sizes, session.runtime, step=at)


def _stepwise(
    session: Session, stream: Stepped, raw: Mapping[str, Array], trial: Trial
) -> list[dict[str, Array]]:
    """The outputs of each step."""
    stepper = Stepper(session, trial.batch)
    axes = dict(stream.inputs)
    names = [port.name for port in session.inputs if port.name in raw]
    made = []
    for step in range(trial.sizes[stream.symbol]):
        feeds = {
            name: raw[name].take([step], axis=axes[name] + 1) if name in axes else raw[name]
            for name in names
        }
        made.append(stepper.step(feeds))
    return made


def _all_own(network: Network, raw: dict[str, Array], steps: int, stream: Stepped) -> None:
    """Padded sequences are compared without padding: each step that comes is their own."""
    flowing = {name for name, _ in stream.inputs}
    for port in network.graph.inputs:
        if port.measures in flowing:
            raw[port.name][:] = steps


def _trials(network: Network, stream: Stepped) -> list[Trial]:
    facts = [f for f in network.facts if isinstance(f, Condition) and f.symbol == stream.symbol]
    least = max([1, *(fact.least for fact in facts)])
    first = corners(network)[0]
    lengths = [least + more for more in LONGER]
    if stream.longest is not None:
        lengths = list(dict.fromkeys(min(length, stream.longest) for length in lengths))
    return [
        Trial({**first, stream.symbol: length}, batch)
        for length, batch in zip(lengths, SIDE_BY_SIDE)
    ]
