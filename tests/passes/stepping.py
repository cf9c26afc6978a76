"""Networks of one step in PyTorch: their dotted places as names that modules may have."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from nnc.backends.arrays import Array
from nnc.backends.torch_module import build
from nnc.ir.arguments import Tied
from nnc.ir.dims import evaluate
from nnc.ir.graph import Item, Network, Scan
from nnc.ir.walk import weight_table
from nnc.layers.weighted import Weighted
from nnc.passes.streaming import Stepped
from nnc.record import replace


def flat_name(place: str) -> str:
    """A place as an attribute: `layer1.attention1` becomes `layer1__attention1`."""
    return place.replace(".", "__")


def flattened(network: Network) -> Network:
    """The same network, each step with a name that a module may have."""
    items = tuple(map(_renamed, network.graph.items))
    return replace(network, graph=replace(network.graph, items=items))


def _renamed(item: Item) -> Item:
    op = item.op
    if isinstance(op, Weighted) and op.tie is not None:
        op = replace(op, tie=Tied(flat_name(op.tie.owner), op.tie.weight))
    instance = flat_name(item.instance)
    return replace(item, op=op, name=flat_name(item.name), instance=instance)


def step_module(stream: Stepped, weights: Mapping[str, Array]) -> nn.Module:
    """The network of one step with the weights of the whole network."""
    network = flattened(stream.network)
    known = {flat_name(name): array for name, array in weights.items()}
    own = {}
    for row in weight_table(network):
        own[row.name] = known[flat_name(row.name)]
    return build(network, own).eval()


def run_steps(
    stream: Stepped, module: nn.Module, raw: Mapping[str, Tensor], steps: int
) -> dict[str, Tensor]:
    """The outputs of all steps, joined along time; raw inputs are whole, batch first."""
    axes = dict(stream.inputs)
    batch = len(next(iter(raw.values())))
    states = [
        torch.full(
            (batch, *(int(evaluate(d, {stream.past: 0})) for d in state.type.dims)),
            int(state.start) if state.type.dtype == "int64" else state.start,
        )
        for state in stream.states
    ]
    names = [p.name for p in stream.network.graph.inputs if "." not in p.name]
    made: dict[str, list[Tensor]] = {name: [] for name, _ in stream.outputs}
    with torch.inference_mode():
        for step in range(steps):
            now = [raw[n].narrow(axes[n] + 1, step, 1) if n in axes else raw[n] for n in names]
            given = module(*now, *states)
            given = given if isinstance(given, tuple) else (given,)
            for (name, _), value in zip(stream.outputs, given):
                made[name].append(value)
            states = list(given[len(stream.outputs) :])
    return {
        name: torch.cat(made[name], axis + 1) if axis is not None else made[name][-1]
        for name, axis in stream.outputs
    }


def has_scan(stream: Stepped) -> bool:
    """Whether a scan is among its steps."""
    return any(isinstance(item.op, Scan) for item in stream.network.graph.items)
