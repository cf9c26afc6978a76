"""Graphs by hand, for tests of the PyTorch backend."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from nnc.ir.graph import Call, Graph, Item, Network, Port, Turn
from nnc.ir.known import rebase
from nnc.ir.names import place_name
from nnc.ir.types import TensorType
from nnc.ir.walk import weight_table
from nnc.layers.base import Layer


class Trusting:
    """Takes every statement of a shape rule on trust."""

    def equal(self, *_: Any, **__: Any) -> None: ...

    def at_least(self, *_: Any, **__: Any) -> None: ...

    def divisible(self, *_: Any, **__: Any) -> None: ...

    def refuse(self, rule: Any, message: str, **_: Any) -> NoReturn:
        raise AssertionError(message)


class Sketch:
    """A graph under construction; steps follow one another unless `on` says otherwise."""

    def __init__(
        self, name: str, params: dict[str, object] | None = None, **inputs: TensorType
    ) -> None:
        self.name, self.params = name, params or {}
        self.types = list(inputs.values())
        self.ports = tuple(Port(name, at) for at, name in enumerate(inputs))
        self.items: list[Item] = []
        self.taken: set[str] = set()
        self.counts: dict[str, int] = {}
        self.now = 0
        self.statement = 0
        self.turns: tuple[Turn, ...] = ()

    def line(self) -> Sketch:
        """A new statement of the source."""
        self.statement += 1
        return self

    def step(
        self,
        op: Layer | Graph,
        *,
        on: tuple[int, ...] = (),
        label: str = "",
        shared: str = "",
        **bindings: object,
    ) -> int:
        """Adds a layer or a call; returns its value."""
        inputs = on or (self.now,)
        if isinstance(op, Graph):
            made: Any = Call(op, tuple((n, bindings.get(n, v)) for n, v in op.params))
            out = op.types[op.outputs[0].value]
            env: Any = dict(made.bindings)
            types = [
                out.with_dims(*(rebase(d, env) if isinstance(d, int) else d for d in out.dims))
            ]
        else:
            made = op
            types = list(op.shape(Trusting(), *(self.types[v] for v in inputs)))
        if shared:
            wish = shared
        elif label:
            wish = label
        else:
            self.counts[made.word] = self.counts.get(made.word, 0) + 1
            wish = f"{made.word}{self.counts[made.word]}"
        name = place_name(wish, self.taken)
        self.taken.add(name)
        self.now = len(self.types)
        self.types += types
        outputs = tuple(range(self.now, len(self.types)))
        item = Item(
            name, made, inputs, outputs,
            statement=self.statement, instance=shared or name, label=label, turns=self.turns,
        )  # fmt: skip
        self.items.append(item)
        return self.now

    def graph(
        self, *outputs: tuple[str, int], doc: str = "", branches: tuple[str, ...] = ()
    ) -> Graph:
        """The finished graph."""
        ports = tuple(Port(n, v) for n, v in outputs) or (Port("y", self.now),)
        return Graph(
            self.name, tuple(self.params.items()), self.ports, tuple(self.types),
            tuple(self.items), ports, branches, doc,
        )  # fmt: skip

    def network(self, *outputs: tuple[str, int], doc: str = "") -> Network:
        """The finished network."""
        return Network(self.graph(*outputs, doc=doc))


def random_weights(network: Network, seed: int = 0) -> dict[str, np.ndarray]:
    """Numbers for every weight, small and positive."""
    draw = np.random.default_rng(seed)
    made: dict[str, np.ndarray] = {}
    for row in weight_table(network):
        shape = tuple(int(d) for d in row.weight.dims)  # type: ignore[arg-type]
        dtype = np.int64 if row.weight.dtype == "int64" else np.float32
        made[row.name] = np.asarray(draw.random(shape) * 0.2, dtype)
    return made
