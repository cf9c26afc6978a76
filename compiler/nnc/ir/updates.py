"""What a train block does with which weights: where they start, how they learn, which stay."""

from __future__ import annotations

from nnc.ir.training import Optimizer, Schedule
from nnc.record import Record
from nnc.source import NOWHERE, Span


class Group(Record):
    """Weights with their optimizer and schedule.

    `selector`, `scheduled`: the words that select them for this optimizer and this schedule, "" for
    the rest. `weights`: their names; none: all that learn and stand in no other group.
    """

    optimizer: Optimizer
    schedule: Schedule
    selector: str = ""
    weights: tuple[str, ...] = ()
    scheduled: str = ""


class Clip(Record):
    """The largest norm that the gradients of some weights may have together; see `Group`."""

    norm: float
    selector: str = ""
    weights: tuple[str, ...] = ()


class Frozen(Record):
    """What `freeze` keeps: the words, the weights' names, places whose running statistics stay."""

    selector: str = ""
    weights: tuple[str, ...] = ()
    still: tuple[str, ...] = ()


class Init(Record):
    """Where weights start: a run or a file, as written, and the folder that paths start from."""

    path: str
    root: str = ""
    span: Span = NOWHERE
