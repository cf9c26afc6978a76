"""Builds graphs by hand, so that tests of the IR need no parser and no checker."""

from __future__ import annotations

from typing import Any, NoReturn

from nnc.ir.dims import Dim, substitute, symbol
from nnc.ir.graph import Call, Graph, Item, Network, Port
from nnc.ir.types import TensorType
from nnc.layers.activation import Relu
from nnc.layers.arithmetic import Add
from nnc.layers.base import Layer
from nnc.layers.conv import Conv
from nnc.layers.dense import Dense
from nnc.layers.norm import BatchNorm
from nnc.layers.pool import GlobalAvgPool, MaxPool
from nnc.layers.shape import Flatten
from nnc.source import NOWHERE, Source, Span

H, W = symbol("H"), symbol("W")


class Accepts:
    """Rules that believe everything."""

    def equal(self, *_: Any, **__: Any) -> None: ...

    def at_least(self, *_: Any, **__: Any) -> None: ...

    def divisible(self, *_: Any, **__: Any) -> None: ...

    def refuse(self, rule: Any, message: str, **_: Any) -> NoReturn:
        raise AssertionError(message)


class Build:
    """A graph under construction: `value = b.add(Relu(), value)`."""

    def __init__(self, name: str = "Net", **inputs: TensorType) -> None:
        self.name = name
        self.inputs = tuple(Port(name, number) for number, name in enumerate(inputs))
        self.types = list(inputs.values())
        self.items: list[Item] = []
        self.outputs: list[Port] = []
        self.counts: dict[str, int] = {}

    def add(
        self,
        op: Layer | Graph,
        *x: int | None,
        name: str = "",
        instance: str = "",
        span: Span = NOWHERE,
        given: tuple[tuple[str, object], ...] = (),
    ) -> int:
        """The number of the (first) value that the step makes."""
        word = op.name if isinstance(op, Graph) else op.word
        self.counts[word] = self.counts.get(word, 0) + 1
        name = name or f"{word}{self.counts[word]}"
        if isinstance(op, Graph):
            made = tuple(op.types[port.value] for port in op.outputs)
        else:
            made = op.shape(Accepts(), *(None if v is None else self.types[v] for v in x))
        first = len(self.types)
        numbers = tuple(range(first, first + len(made)))
        self.types += made
        step = Call(op, given) if isinstance(op, Graph) else op
        self.items.append(Item(name, step, x, numbers, span, instance=instance))
        return first

    def graph(self, **outputs: int) -> Graph:
        """The graph with these outputs."""
        ports = tuple(Port(name, value) for name, value in outputs.items())
        items = tuple(self.items)
        return Graph(self.name, (), self.inputs, tuple(self.types), items, ports)

    def network(self, **outputs: int) -> Network:
        """The network with these outputs."""
        return Network(self.graph(**outputs))


def type_of(*dims: Dim, dtype: Any = "float32") -> TensorType:
    return TensorType(dims, dtype)


def at_line(number: int, name: str = "specs/net.nn") -> Span:
    """A span on that line of a made-up file."""
    source = Source(name, "\n" * number)
    return Span(source, number - 1, number)


def small(height: Dim = 8, width: Dim = 8, channels: int = 4) -> Network:
    """A convolutional classifier with a residual block that is called twice."""
    inner = Build("twist", x=type_of(channels, height, width))
    a = inner.add(Conv(channels, 3, padding=1), 0, span=at_line(3))
    a = inner.add(BatchNorm(), a, span=at_line(3))
    a = inner.add(Add(), a, 0, span=at_line(4))
    block = inner.graph(y=inner.add(Relu(), a, span=at_line(5)))
    b = Build("Small", image=type_of(1, height, width))
    x = b.add(Conv(channels, 3, padding=1), 0, name="stem", span=at_line(9))
    x = b.add(block, x, span=at_line(10))
    x = b.add(block, x, span=at_line(10))
    pooled = b.add(MaxPool(2), x, span=at_line(11))
    x = b.add(Flatten(), b.add(GlobalAvgPool(), pooled, span=at_line(12)), span=at_line(12))
    return b.network(digit=b.add(Dense(10), x, span=at_line(13)), map=pooled)


def resized(network: Network, **sizes: int) -> dict[str, tuple[int, ...]]:
    """The inputs' sizes where symbols have these values."""
    found: dict[str, tuple[int, ...]] = {}
    for port in network.graph.inputs:
        dims = [substitute(d, sizes) for d in network.graph.types[port.value].dims]
        found[port.name] = tuple(int(d) for d in dims if isinstance(d, int))
    return found
