"""What stays in memory between a layer's forward and its backward."""

from __future__ import annotations

from nnc.ir.dims import Dim
from nnc.record import Record


class Kept(Record):
    """What a layer's backward needs of its forward, and so stays in memory until then.

    Args:
        inputs: its inputs.
        output: its outputs.
        each: bytes more for each element of its output: a mask, an index.
        other: bytes a sample of anything else.
        view: its output lies in the memory of its first input.
    """

    inputs: bool = False
    output: bool = False
    each: int = 0
    other: Dim = 0
    view: bool = False


NOTHING = Kept()
INPUTS = Kept(inputs=True)
OUTPUT = Kept(output=True)
VIEW = Kept(view=True)
