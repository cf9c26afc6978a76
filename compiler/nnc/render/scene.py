"""What a picture shows: boxes with places where arrows enter and leave them, and the arrows."""

from __future__ import annotations

from typing import Literal

from nnc.ir.dims import Dim
from nnc.ir.types import TensorType
from nnc.record import Record

Kind = Literal[
    "input", "output", "enter", "leave", "state", "next", "layer", "join", "block", "repeat"
]
BORDER = ("enter", "leave", "state", "next")
"""Boxes of a frame's inner scene that stand for what crosses its border."""


class TooLarge(Exception):
    """The picture would have too many boxes."""


class Line(Record):
    """One step on a box: as written, the name that `as` gives it, and what it learns.

    `shared`: the name of the shared step that it is a use of.
    """

    text: str
    label: str = ""
    weights: Dim = 0
    shared: str = ""


class Box(Record):
    """A box: a card of steps, something at a border, or a frame around an inner scene.

    Args:
        kind: what it is; `state` and `next` are a scan's states as a step finds and leaves them.
        lines: its steps; of a frame one, its title.
        place: of the first step.
        macs: multiply-adds of one.
        times: so many alike ones follow one another, or so many steps of a scan.
        inside: the inner scene of a frame.
        ins: names of the places where arrows end, "" where nothing is to be told apart.
        outs: likewise where arrows start.
        free: the places where arrows end may stand in any order.
        open: of a border's box, whether something crosses the border there.
        said: of a border's box, what is written where it crosses.
        items: the names of the steps that it stands for, in its graph.
    """

    kind: Kind
    lines: tuple[Line, ...]
    place: str = ""
    macs: Dim = 0
    times: Dim = 1
    inside: Scene | None = None
    ins: tuple[str, ...] = ("",)
    outs: tuple[str, ...] = ("",)
    free: bool = False
    open: bool = True
    said: str = ""
    items: tuple[str, ...] = ()


class Edge(Record):
    """An arrow: the numbers of two boxes, which of their places, and what flows, of its graph."""

    start: int
    end: int
    type: TensorType
    out: int = 0
    into: int = 0
    value: int = -1


class Scene(Record):
    """Boxes in an order in which they can run, arrows, and the states that come back.

    `back`: pairs of a `next` and the `state` that it is at the next step.
    """

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    back: tuple[tuple[int, int], ...] = ()
