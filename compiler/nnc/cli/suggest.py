"""A train block to paste that fits the networks at hand."""

from __future__ import annotations

from nnc.check import Checked
from nnc.ir.dims import Poly
from nnc.ir.graph import Network


def train_block(checked: Checked) -> str:
    """The text of a data and a train block for the first network."""
    if not checked.networks:
        return "train NETWORK {\n  data digits\n  loss cross_entropy\n  epochs 10\n}"
    network = next(iter(checked.networks.values()))
    lines = []
    name = next(iter(checked.data), "")
    if not name:
        name = "samples"
        lines.append(f"data {name} = {_source(network)}")
    loss, metric = _loss(network)
    lines += [f"train {network.name} {{", f"  data {name}", f"  loss {loss}"]
    return "\n".join([*lines, "  epochs 10", f"  metric {metric}", "}"])


def _source(network: Network) -> str:
    graph = network.graph
    pictures = any(graph.types[port.value].rank == 3 for port in graph.inputs)
    return 'images("FOLDER")' if pictures else 'table("FILE.csv", target=["COLUMN"])'


def _loss(network: Network) -> tuple[str, str]:
    """A loss and a metric by the last layer and the size of the first output."""
    graph = network.graph
    output = graph.outputs[0]
    last = next((i.op.word for i in reversed(graph.items) if output.value in i.outputs), "")
    dims = graph.types[output.value].dims
    several = bool(dims) and (isinstance(dims[0], Poly) or dims[0] > 1)
    if last == "sigmoid":
        return "bce", "accuracy"
    if len(dims) in (1, 3) and several and last not in ("relu", "tanh"):
        return "cross_entropy", "accuracy"
    return "mse", "mae"
