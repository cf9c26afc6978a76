"""Proof that an exported file does what the network does in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import nn

from nnc.backends.arrays import Array
from nnc.backends.onnx_file import OnnxModel
from nnc.deploy.difference import difference
from nnc.deploy.locate import first_difference
from nnc.deploy.parity import TOLERANCE, Parity
from nnc.deploy.reference import Reference
from nnc.deploy.samples import corners, sample
from nnc.deploy.session import Session
from nnc.ir.dims import evaluate
from nnc.ir.graph import Network
from nnc.ir.walk import macs
from nnc.passes.inference import Ends, inference
from nnc.record import Record

BATCHES = (1, 2, 5)
WORK = 40_000_000_000
"""Multiply-adds of one side: larger batches that would need more are left out."""


NO_ENDS = Ends()


class Trial(Record):
    """One comparison: sizes of the symbols, and of the batch."""

    sizes: dict[str, int]
    batch: int


def verify(
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
    """Compares a file in ONNX Runtime with the network in PyTorch on random raw inputs.

    Batches of 1, 2 and 5 are compared, and the corners of all symbolic sizes.

    Args:
        network: as it is trained, without its ends.
        model: the exported file.
        around: what the file has before and behind the network.
        module: the network in PyTorch, where there is one already.

    Raises:
        Refusal: ONNX Runtime is missing, or does not take the file.
    """
    file = model.serialize() if isinstance(model, OnnxModel) else model
    session = Session(file, threads=threads, guarded=False)
    reference = Reference(network, weights, around, module)
    whole = inference(network, around)
    fronts = dict(around.fronts)
    planned = trials(network)
    largest, output, worst = 0.0, "", None
    for number, trial in enumerate(planned):
        draw = np.random.Generator(np.random.SFC64([seed, number]))
        raw = sample(whole, fronts, trial.sizes, trial.batch, draw)
        found, wanted = session.run(raw), reference(raw)
        for name, value in wanted.items():
            size = difference(found[name], value)
            if size > largest or not output:
                largest, output, worst = size, name, (trial, raw)
    first = None
    if largest > tolerance and worst is not None:
        trial, raw = worst
        first = first_difference(
            whole, weights, file, raw, fronts=fronts, sizes=trial.sizes, tolerance=tolerance
        )
    batches = tuple(dict.fromkeys(trial.batch for trial in planned))
    sizes = tuple(_each_once([trial.sizes for trial in planned]))
    return Parity(largest, tolerance, output, batches, sizes, session.runtime, first)


def trials(network: Network) -> tuple[Trial, ...]:
    """What is compared: all batches at the smallest sizes, two samples at the other corners."""
    found = corners(network)
    work = macs(network)
    planned, spent = [], 0
    for at, sizes in enumerate(found):
        each = max(1, int(evaluate(work, sizes)))
        for batch in BATCHES if at == 0 else (2,):
            if batch > 2 and spent + batch * each > WORK:
                continue
            spent += batch * each
            planned.append(Trial(sizes, batch))
    return tuple(planned)


def _each_once(sizes: list[dict[str, int]]) -> list[dict[str, int]]:
    found: list[dict[str, int]] = []
    for one in sizes:
        if one not in found:
            found.append(one)
    return found
