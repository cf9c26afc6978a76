"""The network in PyTorch as training runs it, its generated source between training's fronts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from nnc.backends.arrays import Array
from nnc.backends.torch_module import build
from nnc.deploy.noise import Dice, told
from nnc.ir.dims import show
from nnc.ir.graph import Network
from nnc.ir.plan import Categories, Front, Scale
from nnc.passes.inference import Ends, probability_name
from nnc.train.data.fronts import ids_of
from nnc.train.numbers import to_network, to_units

CPU = torch.device("cpu")
HEADS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda y: y.softmax(1),
    "sigmoid": torch.sigmoid,
}


class Reference:
    """A module that takes raw values and gives what the exported file gives, by name.

    Args:
        network: as it is trained, without its ends.
        around: what the exported file has before and behind it.
        module: the network in PyTorch, where there is one already; it is put into evaluation mode.
    """

    def __init__(
        self,
        network: Network,
        weights: Mapping[str, Array],
        around: Ends,
        module: nn.Module | None = None,
    ) -> None:
        self._module = (module or build(network, weights)).eval()
        self._graph = network.graph
        self._dice = Dice()
        self._outputs = tuple(port.name for port in network.graph.outputs)
        self._around = around

    def __call__(self, raw: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs for raw inputs, batch first; noise that is not given is drawn."""
        fronts = dict(self._around.fronts)
        given = {**raw, **self._noise(raw)}
        with torch.inference_mode():
            inputs = [_input(fronts.get(p.name), given[p.name]) for p in self._graph.inputs]
            made = self._module(*inputs)
            values = dict(zip(self._outputs, made if isinstance(made, tuple) else (made,)))
            found = dict(values)
            for name, scale in self._around.scales:
                units = to_units(scale, CPU)
                assert units is not None, "a scale has units"
                found[name] = units(values[name])
            for name, front in self._around.pictures:
                units = to_units(Scale(front.mean, front.std), CPU, channels=True)
                assert units is not None, "a scale has units"
                found[name] = (units(values[name]) * 255).clamp(0, 255)  # the file rounds it
            for name, head in self._around.heads:
                # a head stands on the network's own numbers
                found[probability_name(name)] = HEADS[head](values[name])
        return {name: value.numpy() for name, value in found.items()}

    def _noise(self, raw: Mapping[str, Array]) -> dict[str, Array]:
        """What a session draws for the same inputs."""
        graph, made = self._graph, {}
        sizes = {
            show(d): size
            for port in graph.fed
            for d, size in zip(graph.types[port.value].dims, raw[port.name].shape[1:])
        }
        count = len(next(iter(raw.values())))
        for port in graph.inputs:
            if port.drawn is not None and port.name not in raw:
                dims = graph.types[port.value].dims
                shape = (count, *(d if isinstance(d, int) else sizes[show(d)] for d in dims))
                made[port.name] = self._dice.draw(told(port.drawn), shape)
        return made


def _input(front: Front | None, values: Array) -> Tensor:
    return to_network(front, CPU)(torch.from_numpy(numeric(front, values)))


def numeric(front: Front | None, values: Array) -> Array:
    """Values as PyTorch can hold them: words become ids."""
    if values.dtype.kind not in "OU":
        return values
    assert isinstance(front, Categories), "only categories are words"
    rows = values.reshape(len(values), len(front.columns))
    ids = ids_of(front, [[str(word) for word in column] for column in rows.T])
    return np.ascontiguousarray(ids.reshape(values.shape))
