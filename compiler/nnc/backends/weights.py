"""weights.safetensors: written in the same bytes each time, read from strangers without trust.

The format holds no code: a length, a JSON header, numbers
(https://github.com/huggingface/safetensors).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol, Self, cast

import numpy as np

from nnc.backends.arrays import DTYPES, Array, known_sizes
from nnc.diagnostics import Label, Refusal, nearest, rule
from nnc.ir.walk import PlacedWeight
from nnc.record import Record
from nnc.source import Source, Span

HEADER = 25_000_000  # bytes of header that are read; a network of 100,000 weights needs half of it
SHOWN = 8  # names of each kind in a message
FLOATS = ("F16", "F32", "F64")  # become float32
WHOLE = ("I64", "I32", "I16", "I8", "U8")  # become int64

BROKEN_FILE = rule(
    "NN544",
    "weights-file-broken",
    """
The file is no weights.safetensors, or is cut off, or its header does not fit its content. nnc
reads no other format of weights, because others can hold code.
""",
)
OTHER_WEIGHTS = rule(
    "NN545",
    "weights-of-another-network",
    """
The names or sizes of the weights in the file are not those of the network. Names follow the places
of the layers: a layer that was added or removed renames those of its kind after it.
""",
)
NO_PACKAGE = rule(
    "NN546",
    "package-missing",
    """
A part of nnc needs a package that is not installed. The extra `cpu` or `gpu` brings all of them.
""",
)


class _Slice(Protocol):
    def get_shape(self) -> list[int]: ...
    def get_dtype(self) -> str: ...


class WeightsFile(Protocol):
    """The door to the library, which ships no types."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def keys(self) -> list[str]: ...
    def get_slice(self, name: str) -> _Slice: ...
    def get_tensor(self, name: str) -> Array: ...


class Below:
    """The weights of a file whose names begin with a head, as a file of their own.

    A file that holds those of several players: `generator.conv1.weight` is `conv1.weight`.
    """

    def __init__(self, file: WeightsFile, head: str) -> None:
        self._file, self._head = file, head

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """The file is closed by whoever opened it."""

    def keys(self) -> list[str]:
        """The names behind the head."""
        head, names = self._head, self._file.keys()
        return [name.removeprefix(head) for name in names if name.startswith(head)]

    def get_slice(self, name: str) -> _Slice:
        """As in the file."""
        return self._file.get_slice(self._head + name)

    def get_tensor(self, name: str) -> Array:
        """As in the file."""
        return self._file.get_tensor(self._head + name)


class Match(Record):
    """How the weights of a file fit a network.

    Args:
        missing: weights of the network that the file lacks.
        unexpected: names in the file that the network has no weight for.
        different: (name, sizes in the file, sizes in the network).
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    different: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]

    @property
    def complete(self) -> bool:
        """Nothing is missing, left over or of another size."""
        return not (self.missing or self.unexpected or self.different)


def match(shapes: Mapping[str, tuple[int, ...]], table: Iterable[PlacedWeight]) -> Match:
    """Compares names and sizes of a file with those of a network.

    Raises:
        Refusal: a size of the network is not known yet.
    """
    rows = tuple(table)
    sizes = {row.name: known_sizes(row.weight.dims, row.name, row.span) for row in rows}
    stored = {row.name: [name for name in (row.name, *row.also) if name in shapes] for row in rows}
    known = {name for names in stored.values() for name in names}
    return Match(
        tuple(row.name for row in rows if not stored[row.name]),
        tuple(name for name in shapes if name not in known),
        tuple(
            (row.name, shapes[other], sizes[row.name])
            for row in rows
            for other in [n for n in stored[row.name] if shapes[n] != sizes[row.name]][:1]
        ),
    )


def write_weights(path: Path, weights: Mapping[str, Array]) -> None:
    """Writes weights, the same ones in the same bytes; the file appears whole or not at all.

    Raises:
        Refusal: the package safetensors is missing.
    """
    try:
        from safetensors.numpy import save_file
    except ImportError:
        raise _no_package(path) from None
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    arrays = {name: np.asarray(array, order="C") for name, array in weights.items()}
    try:
        part.touch()  # with the rights of any new file: the library allows its owner only
        rights = part.stat().st_mode
        # one entry only: the library writes several in a random order
        save_file(arrays, part, metadata={"format": "pt"})
        part.chmod(rights)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_weights(path: Path, table: Iterable[PlacedWeight], help: str = "") -> dict[str, Array]:
    """The weights of a network from a file, in the table's order; `help` ends the refusal.

    Raises:
        Refusal: the file is broken or of another network, or the package safetensors is missing.
        OSError: the file cannot be opened.
    """
    rows = tuple(table)
    with opened(path) as file:
        found = match(stored_shapes(file), rows)
        if not found.complete:
            raise _other(path, found, rows, help)
        return {row.name: _tied_array(path, file, row) for row in rows}


def read_matching(path: Path, table: Iterable[PlacedWeight]) -> tuple[dict[str, Array], Match]:
    """The weights of a file that fit the network, and what does not."""
    rows = tuple(table)
    with opened(path) as file:
        found = match(stored_shapes(file), rows)
        left = {*found.missing, *(name for name, _, _ in found.different)}
        read = {row.name: _tied_array(path, file, row) for row in rows if row.name not in left}
        return read, found


def layout(path: Path) -> dict[str, tuple[int, int]]:
    """Where each weight's numbers lie in the file: (offset, bytes); only those stored as in ONNX.

    Raises:
        Refusal: the file is broken.
        OSError: the file cannot be opened.
    """
    with opened(path):
        pass
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    places: dict[str, tuple[int, int]] = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] in ("F32", "I64"):
            start, end = entry["data_offsets"]
            places[name] = (8 + length + int(start), int(end) - int(start))
    return places


def opened(path: Path) -> WeightsFile:
    """The file, its header held to its content by the library."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise _no_package(path) from None
    with path.open("rb") as file:
        if int.from_bytes(file.read(8), "little") > HEADER:
            raise _pytorch(path) if _is_pytorch(path) else _broken(path, "its header is too large")
    try:
        return cast(WeightsFile, safe_open(path, framework="numpy"))
    except SafetensorError as error:
        if _is_pytorch(path):
            raise _pytorch(path) from None
        raise _broken(path, printable(str(error))) from None


def stored_shapes(file: WeightsFile) -> dict[str, tuple[int, ...]]:
    """The sizes of all arrays in a file."""
    names = file.keys()
    return {name: tuple(file.get_slice(name).get_shape()) for name in names}


def _tied_array(path: Path, file: WeightsFile, row: PlacedWeight) -> Array:
    """A weight of the file; a tied one may stand there under any of its names, or all of them."""
    have = set(file.keys()) if row.also else {row.name}
    first, *others = (name for name in (row.name, *row.also) if name in have)
    array = array_in(path, file, row, first)
    for name in others:
        if not np.array_equal(array, array_in(path, file, row, name)):
            raise _untied(path, first, name, row)
    return array


def _untied(path: Path, a: str, b: str, row: PlacedWeight) -> Refusal:
    return Refusal(
        OTHER_WEIGHTS.at(
            file_span(path),
            f"{a} and {b} differ in {path.name}, and the network ties them",
            others=(Label(row.span, f"{a} is a weight of this layer"),),
            help="remove `tie=`, or keep one of the two in the file",
        )
    )


def array_in(path: Path, file: WeightsFile, row: PlacedWeight, name: str = "") -> Array:
    """The numbers of a weight that the file calls `name`, by default as the network does.

    Raises:
        Refusal: they are of a type that cannot become the weight's.
    """
    name = name or row.name
    stored = str(file.get_slice(name).get_dtype())
    kind = DTYPES[row.weight.dtype]
    if stored not in (FLOATS if kind is np.float32 else WHOLE):
        raise _broken(path, f"{printable(name)} is {stored}, which is no {row.weight.dtype}")
    array: Array = np.asarray(file.get_tensor(name))
    return array.astype(kind, copy=False)


def file_span(path: Path) -> Span:
    """The file as a place of a message."""
    return Span(Source(path.as_posix(), ""), 0, 0)


def printable(text: str) -> str:
    """A stranger's text, short and without what drives a terminal."""
    short = text if len(text) <= 120 else text[:117] + "..."
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in short)


def _no_package(path: Path) -> Refusal:
    text = "reading and writing weights needs the package safetensors"
    return Refusal(NO_PACKAGE.at(file_span(path), text, help='pip install "nnc-compiler[cpu]"'))


def _broken(path: Path, why: str) -> Refusal:
    text = f"{path.name} is no readable file of weights"
    return Refusal(BROKEN_FILE.at(file_span(path), text, notes=(why,)))


def _is_pytorch(path: Path) -> bool:
    """A file of `torch.save`: a zip archive with a pickle, or of old a pickle alone."""
    if path.suffix.lower() == ".safetensors":
        return False
    with path.open("rb") as file:
        head = file.read(4)
    return head.startswith((b"PK\x03\x04", b"\x80\x02", b"\x80\x04"))


def _pytorch(path: Path) -> Refusal:
    plain = path.name.isascii() and all(c.isalnum() or c in "._-" for c in path.name)
    name = path.name if plain else "x.pt"
    made = Path(name).with_suffix(".safetensors").name
    loaded = f"torch.load('{name}', weights_only=True)"
    call = f"safetensors.torch.save_file({loaded}, '{made}')"
    help = f'convert it: python -c "import torch, safetensors.torch; {call}"'
    text = f"{path.name} is a PyTorch file: nnc reads safetensors, which can hold no code"
    return Refusal(BROKEN_FILE.at(file_span(path), text, help=help))


def _other(path: Path, found: Match, rows: tuple[PlacedWeight, ...], help: str) -> Refusal:
    notes: list[str] = []
    for name, have, want in found.different[:SHOWN]:
        notes.append(f"{name} is {list(have)} in the file, {list(want)} in the network")
    unexpected = list(found.unexpected)
    for name in found.missing[:SHOWN]:
        like = nearest(name, unexpected[:1000])
        notes.append(f"{name} is missing" + (f"; the file has {printable(like)}" if like else ""))
    for name in unexpected[:SHOWN]:
        notes.append(f"{printable(name)} is not in the network")
    counts = (
        (len(found.different), "of other sizes"),
        (len(found.missing), "missing"),
        (len(unexpected), "unexpected"),
    )
    said = ", ".join(f"{count} {what}" for count, what in counts if count)
    wrong = {*found.missing, *(name for name, _, _ in found.different)}
    first = next((row for row in rows if row.name in wrong), None)
    others = (Label(first.span, f"{first.name} is a weight of this layer"),) if first else ()
    return Refusal(
        OTHER_WEIGHTS.at(
            file_span(path),
            f"the weights in {path.name} are not this network's: {said}",
            others=others,
            notes=tuple(notes),
            help=help,
        )
    )
