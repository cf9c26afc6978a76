"""What a layer declares of its inputs, and its worked examples."""

from __future__ import annotations

from nnc.ir.types import DType
from nnc.record import Record


class Port(Record):
    """A named input of a layer.

    Args:
        name: in messages, and as the argument's name for ports after the first.
        ranks: allowed numbers of axes (without the batch), () for any.
        dtype: the element type it takes; "any" for all.
        optional: may be left open.
        many: takes one or more values; only the last port.
        channels_first: axis 0 is channels, the others are space; time as axis 0 is an error.
        fixed: also takes a value that is the same for all samples, without a batch axis.
        implied: nobody writes it; the checker gives the lengths of a padded sequence there.
        hides: a mask of steps that are seen; the checker hides what pads a sequence with it.
        named: takes no value that flows in, only one that is given by its name.
    """

    name: str
    ranks: tuple[int, ...] = ()
    dtype: DType | str = "float32"
    optional: bool = False
    many: bool = False
    channels_first: bool = False
    implied: bool = False
    hides: bool = False
    fixed: bool = False
    named: bool = False


class Case(Record):
    """A worked example of a layer, and its test.

    Args:
        step: as written, `conv(6, 5, padding=2)`; several inputs are joined, `concat`.
        inputs: the type of the input, or of each, `"[1, 28, 28]"`; symbolic sizes are run at
            several values.
        output: the claimed type, or of each output.
        refused: instead of an output, the code of the rule that refuses it.
        nodes: how many ONNX nodes it becomes.
        positive: inputs are drawn from (0, 1) rather than a normal distribution.
    """

    step: str
    inputs: str | tuple[str, ...]
    output: str | tuple[str, ...] = ""
    refused: str = ""
    nodes: int | None = None
    positive: bool = False
