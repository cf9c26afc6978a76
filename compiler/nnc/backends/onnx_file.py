"""ONNX files: written without copying the weights, above 1.8 GB with the weights beside them.

The bytes are those that protobuf's own deterministic serialisation gives; the large tensors are
streamed from numpy into their place instead of being copied into protobuf and out again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, get_args

import numpy as np
from onnx import GraphProto, ModelProto, TensorProto

from nnc.backends.arrays import DTYPES, Array
from nnc.backends.onnx_schema import TENSOR_TYPES
from nnc.record import Record

LARGEST = 1_800_000_000  # bytes in one piece; protobuf ends at 2 GiB
INLINE = 4096  # smaller tensors stay in the file even then
ALIGNED = 4096  # so that runtimes can map external tensors into memory

Bytes = bytes | memoryview
_Head = Literal[
    "ir_version", "producer_name", "producer_version", "domain", "model_version", "doc_string"
]


class StoredTensor(Record):
    """An initializer: its name, array, and name in the file of weights ("" if it is made)."""

    name: str
    array: Array
    weight: str = ""

    def header(self) -> TensorProto:
        """The tensor without its numbers."""
        dtype = next(name for name, kind in DTYPES.items() if self.array.dtype == kind)
        return TensorProto(
            name=self.name, data_type=TENSOR_TYPES[dtype], dims=[int(n) for n in self.array.shape]
        )

    def raw(self) -> memoryview:
        """The numbers as ONNX stores them: row by row, little end first."""
        array = np.ascontiguousarray(self.array)
        if sys.byteorder == "big":
            array = array.byteswap()
        return array.reshape(-1).view(np.uint8).data


class External(Record):
    """Where a tensor's numbers lie: a file beside the model, and a stretch of it."""

    location: str
    offset: int
    length: int


class OnnxModel(Record):
    """A model in memory.

    Args:
        head: the model without its initializers.
        tensors: the initializers, in order.
        values: the name of the value that each place makes.
    """

    head: ModelProto
    tensors: tuple[StoredTensor, ...]
    values: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        """Bytes of the numbers in it."""
        return sum(tensor.array.nbytes for tensor in self.tensors)

    @property
    def nodes(self) -> int:
        """How many nodes it has, those inside of scans included."""
        return _nodes(self.head.graph)

    def serialize(self) -> bytes:
        """The file in one piece.

        Raises:
            ValueError: it is too large for that; write it to a folder.
        """
        if self.size > LARGEST:
            raise ValueError("the model is too large for one piece")
        return b"".join(_pieces(self, {}))

    def proto(self) -> ModelProto:
        """The whole model as onnx's message; copies the weights."""
        model = ModelProto()
        model.ParseFromString(self.serialize())
        return model

    def with_outputs(self, names: Sequence[str]) -> OnnxModel:
        """The same model that also gives inner values, for comparing them one by one."""
        head = ModelProto()
        head.CopyFrom(self.head)
        have = {info.name for info in head.graph.output}
        infos = {info.name: info for info in head.graph.value_info}
        head.graph.output.extend(infos[n] for n in names if n not in have and n in infos)
        return OnnxModel(head, self.tensors, self.values)


def _nodes(graph: GraphProto) -> int:
    inner = (a.g for node in graph.node for a in node.attribute if a.HasField("g"))
    return len(graph.node) + sum(map(_nodes, inner))


def write_model(
    model: OnnxModel,
    path: Path,
    *,
    stored: tuple[str, Mapping[str, tuple[int, int]]] | None = None,
    largest: int = LARGEST,
) -> tuple[Path, ...]:
    """Writes the model; it appears whole or not at all. Returns the files that were written.

    Above `largest` bytes tensors lie beside it: in the file of weights where that has them as they
    are, the others in `<name>.data`.

    Args:
        model: what to write.
        path: of the file.
        stored: name of a weights.safetensors in the same folder, which holds these very weights,
        and
            the (offset, length) of each in it (`nnc.backends.weights.layout`).
        largest: bytes that may stand in one piece.
    """
    if model.size <= largest:
        _write_atomic(path, _pieces(model, {}))
        return (path,)
    places, rest = _external(model, path.name + ".data", stored)
    files = [path]
    if rest:
        data = path.with_name(path.name + ".data")
        _write_atomic(data, _padded(rest))
        files.insert(0, data)
    _write_atomic(path, _pieces(model, places))
    return tuple(files)


def _external(
    model: OnnxModel, data: str, stored: tuple[str, Mapping[str, tuple[int, int]]] | None
) -> tuple[dict[str, External], list[StoredTensor]]:
    """Where each large tensor lies, and those that need a file of their own."""
    file, lies = stored if stored is not None else ("", {})
    places: dict[str, External] = {}
    rest: list[StoredTensor] = []
    at = 0
    for tensor in model.tensors:
        size = tensor.array.nbytes
        found = lies.get(tensor.weight) if tensor.weight else None
        if found is not None and found[1] == size:
            places[tensor.name] = External(file, *found)
        elif size >= INLINE:
            places[tensor.name] = External(data, at, size)
            rest.append(tensor)
            at += size + -size % ALIGNED
    return places, rest


def _padded(tensors: Sequence[StoredTensor]) -> Iterator[Bytes]:
    for tensor in tensors:
        yield tensor.raw()
        yield bytes(-tensor.array.nbytes % ALIGNED)


def with_metadata(path: Path, changes: Mapping[str, str]) -> None:
    """Sets metadata of a file, atomically; the graph and its weights keep their very bytes.

    Raises:
        ValueError: the file is no ONNX model.
    """
    with path.open("rb") as file:
        spans = dict(_top_level(file, path.stat().st_size))
        if _GRAPH not in spans:
            raise ValueError(f"{path.name} is no ONNX model")
        first, last = spans[_GRAPH]
        rest = ModelProto()
        file.seek(0)
        before = file.read(first)
        file.seek(last)
        rest.ParseFromString(before + file.read())
        entries = {entry.key: entry.value for entry in rest.metadata_props} | dict(changes)
        del rest.metadata_props[:]
        for key in sorted(entries):
            rest.metadata_props.add(key=key, value=entries[key])
        start, end = _around_graph(rest)

        def pieces() -> Iterator[Bytes]:
            yield start
            file.seek(first)
            left = last - first
            while left:
                part = file.read(min(left, 1 << 24))
                left -= len(part)
                yield part
            yield end

        _write_atomic(path, pieces())


# --- the wire format: https://protobuf.dev/programming-guides/encoding/ --------------------------

_GRAPH = 7  # of ModelProto
_BEFORE_GRAPH: tuple[_Head, ...] = get_args(_Head)
_INITIALIZER = 5  # of GraphProto
_RAW_DATA = 9  # of TensorProto
_BYTES = 2  # wire type of what has a length


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number: int, length: int) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(length)


def _around_graph(model: ModelProto) -> tuple[bytes, bytes]:
    """The bytes of a model without a graph that stand before and after the graph's place."""
    after = ModelProto()
    after.CopyFrom(model)
    before = ModelProto()
    for name in _BEFORE_GRAPH:
        if model.HasField(name):
            setattr(before, name, getattr(model, name))
            after.ClearField(name)
    after.ClearField("graph")
    return before.SerializeToString(deterministic=True), after.SerializeToString(deterministic=True)


def _around_initializers(graph: GraphProto) -> tuple[bytes, bytes]:
    before, after = GraphProto(), GraphProto()
    before.node.extend(graph.node)
    before.name = graph.name
    after.CopyFrom(graph)
    after.ClearField("node")
    after.ClearField("name")
    return before.SerializeToString(deterministic=True), after.SerializeToString(deterministic=True)


def _pieces(model: OnnxModel, places: Mapping[str, External]) -> Iterator[Bytes]:
    """The file's bytes in order."""
    start, end = _around_graph(model.head)
    nodes, rest = _around_initializers(model.head.graph)
    inner: list[Bytes] = [nodes]
    for tensor in model.tensors:
        inner.extend(_tensor_pieces(tensor, places.get(tensor.name)))
    inner.append(rest)
    yield start
    yield _field(_GRAPH, sum(len(piece) for piece in inner))
    yield from inner
    yield end


def _tensor_pieces(tensor: StoredTensor, place: External | None) -> list[Bytes]:
    header = tensor.header()
    if place is not None:
        header.data_location = TensorProto.EXTERNAL
        fields = (("location", place.location), ("offset", place.offset), ("length", place.length))
        for key, value in fields:
            header.external_data.add(key=key, value=str(value))
        text = header.SerializeToString(deterministic=True)
        return [_field(_INITIALIZER, len(text)), text]
    text, raw = header.SerializeToString(deterministic=True), tensor.raw()
    tag = _field(_RAW_DATA, len(raw))
    return [_field(_INITIALIZER, len(text) + len(tag) + len(raw)), text, tag, raw]


def _top_level(file: BinaryIO, size: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """The fields of a message in a file: number, and where it starts (its tag) and ends."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(24)
        tag, used = _read_varint(head, 0)
        wire = tag & 7
        if wire == _BYTES:
            length, used = _read_varint(head, used)
            end = at + used + length
        elif wire == 0:
            _, used = _read_varint(head, used)
            end = at + used
        else:
            end = at + used + {1: 8, 5: 4}.get(wire, size)
        if end > size:
            raise ValueError("the file is cut off, or no ONNX model")
        yield tag >> 3, (at, end)
        at = end


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("the file is cut off, or no ONNX model")


def _write_atomic(path: Path, pieces: Iterator[Bytes]) -> None:
    """Writes beside the path, flushes to the disk and renames: whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
