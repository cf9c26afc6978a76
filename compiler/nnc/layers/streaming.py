"""How a layer takes a sequence one step at a time: what it may do to the network of one step.

A layer's `stream` is called with its inputs in the network of one step, whose axis of time has
size 1, and makes its outputs there: of the layer itself, of other layers, and of states, which are
carried from one step to the next. A layer that cannot says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Protocol

from nnc.ir.dims import Dim
from nnc.ir.types import TensorType
from nnc.record import Record

if TYPE_CHECKING:
    from nnc.layers.base import Layer

MIXES = "`{word}` mixes the steps of a sequence"


class Flow(Record):
    """A value of the network of one step.

    Args:
        number: of the value; layers only hand it on.
        type: sizes per sample; along time they are 1, and 1 for each earlier step that lies in it.
        whole: its type in the network that takes the sequence whole.
        axis: that of time, None for a value that is the same at all steps.
        earlier: how many earlier steps lie in it, before the one that is now.
    """

    number: int
    type: TensorType
    whole: TensorType
    axis: int | None = None
    earlier: int = 0


class Streamer(Protocol):
    """The network of one step under construction, as one layer sees it."""

    @property
    def past(self) -> Dim:
        """How many steps there were: the size of a state that grows by one with each."""
        ...

    def same(self, *x: Flow | None) -> tuple[Flow | None, ...]:
        """The layer itself, on values of one step."""
        ...

    def apply(self, op: Layer, *x: Flow | None) -> tuple[Flow, ...]:
        """Another layer; it has the weights of this one."""
        ...

    def state(
        self, name: str, type: TensorType, start: float = 0.0, given: Flow | None = None
    ) -> Flow:
        """What the step before left under this name; at first numbers `start`, or a value."""
        ...

    def keep(self, name: str, value: Flow) -> None:
        """Leaves a state for the next step."""
        ...

    def refuse(self, why: str, help: str = "") -> NoReturn:
        """The layer cannot take a sequence step by step."""
        ...


def each(op: Layer, s: Streamer, *x: Flow | None) -> tuple[Flow | None, ...]:
    """A layer that treats each step on its own, by what its `along` says."""
    flowing = [flow for flow in x if flow is not None and flow.axis is not None]
    axis = flowing[0].axis
    assert axis is not None
    types = (None if flow is None else flow.whole for flow in x)
    if op.along(axis, *types) != "each":
        s.refuse(MIXES.format(word=op.word), mixing_help(op.word))
    return s.same(*x)


def alone(s: Streamer, x: Flow, word: str) -> None:
    """Refuses a value in which earlier steps lie."""
    if x.earlier:
        s.refuse(
            f"`{word}` reads one step at a time, and {x.earlier} earlier ones lie in this value",
            f"`pad(({x.earlier}, 0))` stands right before a convolution that takes them",
        )


def window(s: Streamer, x: Flow, word: str, reach: int, stride: int, padded: bool) -> None:
    """Refuses a window along time that is not of the step that is now and of those before it.

    Args:
        reach: how many earlier steps the window takes.
        padded: the layer itself puts cells before and behind.
    """
    if x.axis == 0:
        s.refuse(f"`{word}` takes axis 0 for channels, and here it is time")
    causal = f"write `pad(({reach}, 0)) -> {word}(...)` with `padding=0` along time"
    if word == "conv" and x.type.rank == 2:
        causal = f"write `{word}(..., padding=causal)`, which sees itself and {reach} steps before"
    if stride != 1:
        s.refuse(
            f"a stride of {stride} along time gives fewer steps than come",
            "let the stride along time be 1; `dilation` reaches further back",
        )
    if padded:
        s.refuse(f"padding on both sides lets `{word}` see steps that are still to come", causal)
    if x.earlier < reach:
        less = f"{reach} fewer" if not x.earlier else f"{reach - x.earlier} fewer"
        s.refuse(f"`{word}` gives {less} steps than come: it needs earlier ones", causal)


REDUCES = ("mean", "sum", "max", "min", "std", "norm", "global_avg_pool", "global_max_pool")
HELP = {
    "concat": "join along the features: `concat(axis=-1)`",
    **dict.fromkeys(REDUCES, "it needs all steps: leave time as it is, and reduce what comes out"),
}


def mixing_help(word: str) -> str:
    """What would stream instead of a layer that mixes steps."""
    return HELP.get(
        word,
        "what reads steps in order streams: `lstm`, `gru`, `attention(..., causal=true)`, "
        "`pad((2, 0)) -> conv(..., 3)`",
    )
