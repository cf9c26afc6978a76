"""Pictures of a folder: looked at once when the data is opened, kept in memory while they fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nnc.ir.plan import DataPlan
from nnc.train.data import limits
from nnc.train.data.found import Request, pool
from nnc.train.data.keyed import Array, Rows
from nnc.train.data.pictures import (
    Fit,
    Header,
    Pixels8,
    Unreadable,
    read_header,
    read_mask,
    read_picture,
)
from nnc.train.data.rules import CHANNELS, SIZE, UNREADABLE, refusal

_END = 16_384
_LARGEST_FILE = 1 << 30


class Form(NamedTuple):
    """What pictures are brought to. `channels` 0 is a mask."""

    channels: int
    height: int
    width: int
    fit: Fit

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of one picture's array."""
        sizes = (self.height, self.width)
        return (self.channels, *sizes) if self.channels else sizes

    def read(self, path: Path, name: str, data: bytes | None = None) -> Pixels8:
        """One picture or mask in this form.

        Raises:
            Unreadable: see read_picture.
        """
        size = (self.height, self.width)
        source = path if data is None else data
        if self.channels:
            return read_picture(source, self.channels, size, self.fit, name=name)
        return read_mask(source, size, self.fit, name=name)


class Seen(NamedTuple):
    """What a look at one file found."""

    header: Header | None = None
    stamp: bytes = b""
    values: npt.NDArray[np.bool_] | None = None
    error: str = ""


class Pictures:
    """The pictures of a list of files as a column: uint8 [n, C, H, W], or [n, H, W] for masks."""

    def __init__(self, root: Path, files: Sequence[str], form: Form, cache: Pixels8 | None) -> None:
        self.root = root
        self.files = files
        self.form = form
        self.cache = cache

    def take(self, rows: Rows) -> Array:
        """Raw pixels of some samples, decoded by a few threads unless they are in memory.

        Raises:
            Unreadable: a file changed or broke since it was looked at.
        """
        if self.cache is not None:
            return self.cache[rows]
        out = np.empty((len(rows), *self.form.shape), dtype=np.uint8)

        def fill(at: int) -> None:
            name = self.files[int(rows[at])]
            out[at] = self.form.read(self.root / name, name)

        list(pool().map(fill, range(len(rows))))
        return out

    def bytes_whole(self) -> int | None:
        """Size of the pictures in memory, or None where they are decoded as they are needed."""
        return None if self.cache is None else self.cache.nbytes

    def keep(self, kept: Rows) -> Pictures:
        """The same of some files."""
        cache = None if self.cache is None else self.cache[kept]
        return Pictures(self.root, [self.files[int(i)] for i in kept], self.form, cache)


def headers(plan: DataPlan, root: Path, files: Sequence[str]) -> list[Header | Unreadable]:
    """Sizes and channels of all files."""

    def look(name: str) -> Header | Unreadable:
        try:
            return read_header(root / name, name)
        except Unreadable as error:
            return error

    return list(pool().map(look, files))


def form_of(plan: DataPlan, request: Request, root: Path, files: Sequence[str]) -> Form:
    """What pictures are brought to: the network's input, the setting `size`, or a common size.

    Raises:
        Refusal: nothing says the size, the channels are none of a picture's, or a file is
            unreadable.
    """
    channels, size = wanted(plan, request)
    if channels is None or size is None:
        found = headers(plan, root, files)
        good = [h for h in found if isinstance(h, Header)]
        bad = [h for h in found if isinstance(h, Unreadable)]
        if bad and (plan.on_error != "skip" or not good):
            raise _unreadable(plan, str(bad[0]), len(bad))
        channels = channels or max(h.channels for h in good)
        size = size or _common(plan, [(h.height, h.width) for h in good], files)
    return Form(channels, *size, _fit(plan))


def _fit(plan: DataPlan) -> Fit:
    return "pad" if plan.fit == "pad" else "stretch" if plan.fit == "stretch" else "crop"


def _common(plan: DataPlan, sizes: list[tuple[int, int]], files: Sequence[str]) -> tuple[int, int]:
    other = next((at for at, size in enumerate(sizes) if size != sizes[0]), 0)
    if other:
        first, second = ("x".join(map(str, reversed(sizes[at]))) for at in (0, other))
        raise refusal(
            SIZE,
            plan,
            "the pictures differ in size, and nothing says what the network takes",
            "write `size 224` in the data block, or sizes in the network's input",
            f"`{files[0]}` is {first}, `{files[other]}` is {second} (width x height)",
        )
    return sizes[0]


def wanted(plan: DataPlan, request: Request) -> tuple[int | None, tuple[int, int] | None]:
    """Channels and (height, width) that the network's input or the setting `size` fix.

    Raises:
        Refusal: the channels are none of a picture's, or the two contradict each other.
    """
    given: tuple[int, int] | None = None
    if plan.size:
        given = (plan.size[0], plan.size[-1])
    dims = request.shape.dims if request.shape is not None and request.shape.rank == 3 else ()
    if not dims:
        return None, given
    channels, *rest = (int(d) if isinstance(d, int) else None for d in dims)
    if channels is not None and channels not in (1, 3, 4):
        message = f"the network's input has {channels} channels; pictures have 1, 3 or 4"
        raise refusal(CHANNELS, plan, message, "write `input image: [3, H, W]`")
    height, width = rest
    if height is None or width is None:
        return channels, given
    if given is not None and given != (height, width):
        message = f"`size` says {given[0]}x{given[1]}, the network's input {height}x{width}"
        raise refusal(SIZE, plan, message, "leave `size` out, or make them equal")
    return channels, (height, width)


class Loaded(NamedTuple):
    """Pictures that can be read; `rows` are their places in the list that was asked for."""

    column: Pictures
    rows: Rows
    headers: tuple[Header, ...]
    stamps: tuple[bytes, ...]
    values: npt.NDArray[np.bool_]
    skipped: tuple[str, ...]

    @property
    def converted(self) -> int:
        """How many were turned, or had another colour form than the network reads."""
        wanted = self.column.form.channels
        return sum(h.converted or h.channels != wanted for h in self.headers)


def load(plan: DataPlan, root: Path, files: Sequence[str], form: Form) -> Loaded:
    """Looks at each file once; decodes masks, what fits in memory, and what may be skipped.

    Raises:
        Refusal: a file cannot be read and the data block does not say `on_error skip`.
    """
    cache: Pixels8 | None = None
    if len(files) * int(np.prod(form.shape)) <= limits.CACHE_BYTES:
        cache = np.empty((len(files), *form.shape), dtype=np.uint8)
    decode = cache is not None or form.channels == 0 or plan.on_error == "skip"
    seen = list(pool().map(_looker(root, files, form, cache, decode), range(len(files))))
    bad = [at for at, one in enumerate(seen) if one.error]
    if bad and (plan.on_error != "skip" or len(bad) == len(files)):
        raise _unreadable(plan, seen[bad[0]].error, len(bad))
    good = [at for at, one in enumerate(seen) if not one.error]
    rows = np.array(good, dtype=np.int64)
    column = Pictures(root, files, form, cache)
    values = [one.values for one in seen if one.values is not None]
    return Loaded(
        column.keep(rows) if bad else column,
        rows,
        tuple(one.header for one in seen if one.header is not None),
        tuple(seen[at].stamp for at in good),
        np.array(values) if values else np.zeros((len(good), 0), dtype=np.bool_),
        tuple(files[at] for at in bad),
    )


def _looker(
    root: Path, files: Sequence[str], form: Form, cache: Pixels8 | None, decode: bool
) -> Callable[[int], Seen]:
    def look(at: int) -> Seen:
        name, path = files[at], root / files[at]
        try:
            if not decode:
                return Seen(read_header(path, name), ends_of(path))
            if not path.is_file():
                return Seen(error=f"cannot read `{name}`: it is no file")
            if path.stat().st_size > _LARGEST_FILE:
                return Seen(error=f"cannot read `{name}`: the file has more than 1 GiB")
            data = path.read_bytes()
            header = read_header(data, name)
            pixels = form.read(path, name, data)
        except Unreadable as error:
            return Seen(error=str(error))
        except OSError as error:
            return Seen(error=f"cannot read `{name}`: {(error.strerror or 'unknown').lower()}")
        if cache is not None:
            cache[at] = pixels
        values = None
        if form.channels == 0:
            values = np.bincount(pixels.ravel(), minlength=256) > 0
        return Seen(header, _stamp(data[:_END], data[-_END:], len(data)), values)

    return look


def ends_of(path: Path) -> bytes:
    """Identifies a file by its size, first and last 16 KiB: 150 GB are not read through."""
    with path.open("rb") as file:
        first = file.read(_END)
        size = file.seek(0, 2)
        file.seek(max(0, size - _END))
        return _stamp(first, file.read(_END), size)


def _stamp(first: bytes, last: bytes, size: int) -> bytes:
    return blake2b(first + last + size.to_bytes(8, "little"), digest_size=16).digest()


def _unreadable(plan: DataPlan, message: str, count: int) -> Exception:
    more = [f"{count} files cannot be read"] if count > 1 else []
    advice = "repair or remove it, or write `on_error skip` in the data block"
    return refusal(UNREADABLE, plan, message, advice, *more)
