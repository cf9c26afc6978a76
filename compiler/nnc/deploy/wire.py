"""A look at an ONNX file without loading it: what it needs and says, in the memory of a few names.

The file may be a stranger's. It is walked as protobuf's wire format
(https://protobuf.dev/programming-guides/encoding/) with the field numbers of onnx.proto; numbers of
tensors are stepped over unread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from nnc.record import Record

Data = bytes | memoryview

MOST_NODES = 2_000_000
MOST_SCANS = 64
"""Graphs within each other."""
MOST_METADATA = 64 << 20
"""Bytes of metadata: a spec has at most 16 MB."""


class BadWire(Exception):
    """The bytes are no ONNX model; the text says why."""


class Glance(Record):
    """What a model says before it is loaded.

    Args:
        ir_version: 0 where it says none.
        opsets: version by domain.
        metadata: of the model.
        locations: files that its tensors lie in.
        operators: (domain, operator) of its nodes, each once.
        nodes: how many there are.
        inner: it has graphs within nodes that are no scans, functions or training graphs.
    """

    ir_version: int
    opsets: dict[str, int]
    metadata: dict[str, str]
    locations: frozenset[str]
    operators: frozenset[tuple[str, str]]
    nodes: int
    inner: bool


class _Field(NamedTuple):
    number: int
    value: int  # of a varint
    start: int  # of what has a length
    end: int


_TENSOR, _SPARSE, _ATTRIBUTE, _NODE, _GRAPH = "tensor", "sparse", "attribute", "node", "graph"
# field numbers of onnx.proto that lead to tensors and nodes
_INSIDE: Mapping[str, Mapping[int, str]] = {
    _GRAPH: {1: _NODE, 5: _TENSOR, 15: _SPARSE},
    _NODE: {5: _ATTRIBUTE},
    _ATTRIBUTE: {5: _TENSOR, 6: _GRAPH, 10: _TENSOR, 11: _GRAPH, 22: _SPARSE, 23: _SPARSE},
    _SPARSE: {1: _TENSOR, 2: _TENSOR},
    _TENSOR: {},
}
_TRAINING_INFO, _FUNCTIONS = 20, 25
_SCANS = (("", "Scan"), ("ai.onnx", "Scan"))


class _Walk:
    """Collects what the tensors and nodes of a graph need."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.locations: set[str] = set()
        self.operators: set[tuple[str, str]] = set()
        self.nodes = 0
        self.inner = False

    def message(self, kind: str, start: int, end: int) -> None:
        # A scan ends: it has as many turns as its inputs have steps. `depth` counts scans.
        stack = [(kind, start, end, 0, False)]
        while stack:
            kind, start, end, depth, of_scan = stack.pop()
            inside = _INSIDE[kind]
            operator, domain = "", ""
            found: list[tuple[str, int, int]] = []
            for field in fields(self.data, start, end):
                below = inside.get(field.number)
                if below is not None and field.end >= 0:
                    self.inner = self.inner or (below == _GRAPH and not of_scan)
                    found.append((below, field.start, field.end))
                elif kind == _NODE and field.number == 4:
                    operator = self._text(field)
                elif kind == _NODE and field.number == 7:
                    domain = self._text(field)
                elif kind == _TENSOR and field.number == 13:
                    self._external(field)
            scan = kind == _NODE and (domain, operator) in _SCANS
            depth += kind == _GRAPH
            if depth > MOST_SCANS:
                raise BadWire(f"its scans are nested more than {MOST_SCANS} deep")
            stack.extend((*one, depth, scan) for one in found)
            if kind == _NODE:
                self.operators.add((domain, operator))
                self.nodes += 1
                if self.nodes > MOST_NODES:
                    raise BadWire(f"it has more than {MOST_NODES:,} nodes")

    def _external(self, field: _Field) -> None:
        key, value = entry(self.data, field)
        if key == "location":
            self.locations.add(value)

    def _text(self, field: _Field) -> str:
        return text(self.data, field)


def glance(data: Data) -> Glance:
    """Walks the bytes of a model.

    Raises:
        BadWire: they are no model, or too much of one.
    """
    walk = _Walk(data)
    ir_version, graphs, size = 0, 0, 0
    opsets: dict[str, int] = {}
    metadata: dict[str, str] = {}
    for field in fields(data, 0, len(data)):
        if field.number == 1:
            ir_version = field.value
        elif field.end < 0:
            continue
        elif field.number == 7:
            graphs += 1
            walk.message(_GRAPH, field.start, field.end)
        elif field.number == 8:
            domain, version = _opset(data, field)
            opsets[domain] = version
        elif field.number == 14:
            size += field.end - field.start
            if size > MOST_METADATA:
                raise BadWire("its metadata are too large")
            key, value = entry(data, field)
            metadata[key] = value
        elif field.number in (_TRAINING_INFO, _FUNCTIONS):
            walk.inner = True
    if graphs != 1 or not ir_version:
        raise BadWire("it holds no graph")
    return Glance(
        ir_version,
        opsets,
        metadata,
        frozenset(walk.locations),
        frozenset(walk.operators),
        walk.nodes,
        walk.inner,
    )


def fields(data: Data, start: int, end: int) -> Iterator[_Field]:
    """The fields of a message.

    Raises:
        BadWire: the bytes are none.
    """
    at = start
    while at < end:
        tag, at = _varint(data, at, end)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at, end)
            yield _Field(number, value, at, -1)
            continue
        if wire == 2:
            length, at = _varint(data, at, end)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise BadWire("it is no ONNX model")
        if number == 0 or length > end - at:
            raise BadWire("it is cut off, or no ONNX model")
        if wire == 2:
            yield _Field(number, 0, at, at + length)
        at += length


def text(data: Data, field: _Field) -> str:
    """A field's text."""
    try:
        return str(bytes(data[field.start : field.end]), "utf-8")
    except UnicodeDecodeError:
        raise BadWire("a text in it is no UTF-8") from None


def entry(data: Data, field: _Field) -> tuple[str, str]:
    """A key and a value, both texts."""
    found = {1: "", 2: ""}
    for inner in fields(data, field.start, field.end):
        if inner.number in found and inner.end >= 0:
            found[inner.number] = text(data, inner)
    return found[1], found[2]


def _opset(data: Data, field: _Field) -> tuple[str, int]:
    domain, version = "", 0
    for inner in fields(data, field.start, field.end):
        if inner.number == 1 and inner.end >= 0:
            domain = text(data, inner)
        elif inner.number == 2:
            version = inner.value
    return domain, version


def _varint(data: Data, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise BadWire("it is cut off, or no ONNX model")
