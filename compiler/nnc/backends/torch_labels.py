"""What the sizes of a block's input are called in its class, where the spec does not say.

The checker calls them as PyTorch's convolutions do, channels first. A block that begins with what
has its features last (dense, attention, layer_norm, ...) is read better with other words.
"""

from __future__ import annotations

from collections.abc import Mapping

from nnc.ir.graph import Call, Graph, Item
from nnc.ir.known import Known

FIRST = {
    2: ("in_channels", "length"),
    3: ("in_channels", "height", "width"),
    4: ("in_channels", "depth", "height", "width"),
}
LAST = {
    2: ("length", "in_features"),
    3: ("height", "width", "in_features"),
    4: ("depth", "height", "width", "in_features"),
}
FEATURES_LAST = ("dense", "attention", "layer_norm", "rms_norm", "positions", "rnn", "lstm", "gru")


def labels(graph: Graph) -> Mapping[str, str]:
    """Other names for sizes of the first input; none where the spec or channels name them."""
    if not graph.inputs:
        return {}
    value = graph.inputs[0].value
    dims = graph.types[value].dims
    names = FIRST.get(len(dims))
    if names is None or not _features_last(graph, value):
        return {}
    own = {d.source for d in dims if isinstance(d, Known)}
    found = {
        source: last
        for first, last in zip(names, LAST[len(dims)])
        for source in (first, f"input_{first}")
        if source in own
    }
    others = {name for name, _ in graph.params if name not in found}
    return {} if others & {*found.values()} else found


def _features_last(graph: Graph, value: int) -> bool:
    """Whether the first step that reads a value has features last."""
    reader = next((item for item in graph.items if value in item.inputs), None)
    if reader is None:
        return False
    if isinstance(reader.op, Call):
        inner = reader.op.graph
        return _features_last(inner, inner.inputs[reader.inputs.index(value)].value)
    return reader.op.word in FEATURES_LAST and _last(reader, len(graph.types[value].dims))


def _last(item: Item, rank: int) -> bool:
    axis = getattr(item.op, "axis", -1)
    return axis in (-1, rank - 1)
