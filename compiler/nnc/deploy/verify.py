"""Proof that an exported file does what the network does in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import nn

from nnc.backends.arrays import Array
from nnc.backends.onnx_file import OnnxModel
from nnc.deploy.difference import TOLERANCE, difference
from nnc.deploy.locate import Difference, first_difference
from nnc.deploy.reference import Reference
from nnc.deploy.rules import DIFFERS, place
from nnc.deploy.samples import corners, sample
from nnc.deploy.session import Session
from nnc.diagnostics import Diagnostic, Label, Refusal
from nnc.ir.dims import evaluate
from nnc.ir.graph import Network
from nnc.ir.walk import macs
from nnc.passes.inference import Ends, inference
from nnc.record import Record

BATCHES = (1, 2, 5)
WORK = 40_000_000_000
"""Multiply-adds of one side: larger batches that would need more are left out."""


NO_ENDS = Ends()


class Parity(Record):
    """What comparing a file with PyTorch gave.

    Args:
        largest: the largest difference, max|a - b| / max(1, max|b|) of an output.
        output: the output that it is in.
        batches: batch sizes that were compared.
        corners: sizes of the inputs that were compared; one without symbols.
        runtime: what ran the file, with its version.
        first: over the tolerance, the first value that differs.
    """

    largest: float
    tolerance: float
    output: str
    batches: tuple[int, ...]
    corners: tuple[dict[str, int], ...]
    runtime: str
    first: Difference | None = None

    @property
    def verified(self) -> bool:
        """The file does what the network does."""
        return self.largest <= self.tolerance


class Differs(Refusal):
    """A file that differs from PyTorch was not handed over; a command ends with exit code 3."""

    def __init__(self, parity: Parity, file: Path | str) -> None:
        super().__init__(_diagnostic(parity, file))
        self.parity = parity


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


def _diagnostic(parity: Parity, file: Path | str) -> Diagnostic:
    name = file.name if isinstance(file, Path) else file
    message = (
        f"{name} differs from PyTorch by {parity.largest:.0e}, more than {parity.tolerance:.0e}"
    )
    notes = [f"the largest difference is in the output `{parity.output}`"]
    first = parity.first
    if first is None:
        notes.append("each layer alone agrees; what differs lies between them")
        return DIFFERS.at(place(file), message, notes=tuple(notes))
    where = f", at {first.where}" if first.where else ""
    notes.insert(0, f"the first value that differs is {first.place}{where}, by {first.size:.0e}")
    others = (Label(first.span, f"{first.place} is the first that differs"),) if first.where else ()
    help = "this is a mistake of nnc: please report it with the spec"
    return DIFFERS.at(place(file), message, others=others, notes=tuple(notes), help=help)
