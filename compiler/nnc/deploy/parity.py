"""What a comparison with PyTorch says; told without PyTorch."""

from __future__ import annotations

from pathlib import Path

from nnc.deploy.rules import DIFFERS, place
from nnc.diagnostics import Diagnostic, Label, Refusal
from nnc.record import Record
from nnc.source import Span

TOLERANCE = 1e-4
"""Of a file against PyTorch."""


class Difference(Record):
    """A value that differs.

    Args:
        place: of the layer that makes it.
        word: the layer.
        value: its name in the file.
        size: of the difference.
        span: the layer in the source.
    """

    place: str
    word: str
    value: str
    size: float
    span: Span

    @property
    def where(self) -> str:
        """`specs/lenet.nn:7 conv`, or the layer alone."""
        return f"{self.span.source.name}:{self.span.line}" if self.span.end else ""


class Parity(Record):
    """What comparing a file with PyTorch gave.

    Args:
        largest: the largest difference, max|a - b| / max(1, max|b|) of an output.
        output: the output that it is in.
        batches: batch sizes that were compared.
        corners: sizes of the inputs that were compared; one without symbols.
        runtime: what ran the file, with its version.
        first: over the tolerance, the first value that differs.
        step: of a file that takes one step at a time, where the largest difference is.
    """

    largest: float
    tolerance: float
    output: str
    batches: tuple[int, ...]
    corners: tuple[dict[str, int], ...]
    runtime: str
    first: Difference | None = None
    step: int | None = None

    @property
    def verified(self) -> bool:
        """The file does what the network does."""
        return self.largest <= self.tolerance


class Differs(Refusal):
    """A file that differs from PyTorch was not handed over; a command ends with exit code 3."""

    def __init__(self, parity: Parity, file: Path | str) -> None:
        super().__init__(_diagnostic(parity, file))
        self.parity = parity


def _diagnostic(parity: Parity, file: Path | str) -> Diagnostic:
    name = file.name if isinstance(file, Path) else file
    message = (
        f"{name} differs from PyTorch by {parity.largest:.0e}, more than {parity.tolerance:.0e}"
    )
    notes = [f"the largest difference is in the output `{parity.output}`"]
    first = parity.first
    if parity.step is not None:
        notes[0] += f", at step {parity.step + 1} of a sequence"
        help = "this is a mistake of nnc: please report it with the spec"
        return DIFFERS.at(place(file), message, notes=tuple(notes), help=help)
    if first is None:
        notes.append("each layer alone agrees; what differs lies between them")
        return DIFFERS.at(place(file), message, notes=tuple(notes))
    where = f", at {first.where}" if first.where else ""
    notes.insert(0, f"the first value that differs is {first.place}{where}, by {first.size:.0e}")
    others = (Label(first.span, f"{first.place} is the first that differs"),) if first.where else ()
    help = "this is a mistake of nnc: please report it with the spec"
    return DIFFERS.at(place(file), message, others=others, notes=tuple(notes), help=help)
