"""Batches of raw tensors on the device, in an order that depends on seed and epoch alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nnc.ir.datasettings import Augment
from nnc.ir.plan import Profile
from nnc.record import Record
from nnc.train.data.augment import augment

Array = npt.NDArray[np.generic]
Indices = npt.NDArray[np.int64]
Raw = dict[str, Tensor]


class Reader(Protocol):
    """One part of a data set."""

    def __len__(self) -> int:
        """Number of samples."""
        ...

    def batch(self, indices: Indices) -> dict[str, Array]:
        """Raw values of some samples by field, samples first; several threads may ask."""
        ...

    def arrays(self) -> dict[str, Array] | None:
        """All raw values by field where they lie in memory."""
        ...


class Dataset(Protocol):
    """An opened data block."""

    @property
    def profile(self) -> Profile:
        """What opening it found."""
        ...

    def part(self, name: str) -> Reader:
        """The samples of a part that the profile has."""
        ...


class Augmentation(Record):
    """What happens to the pictures of the train part: a sample's fields move together."""

    steps: tuple[Augment, ...]
    fields: tuple[str, ...]
    seed: int

    def __call__(self, values: dict[str, Array], epoch: int, indices: Indices) -> dict[str, Array]:
        """The values as an epoch sees them."""
        return values | {
            name: augment(values[name], self.steps, self.seed, epoch, indices)
            for name in self.fields
        }


class Subset:
    """The first samples of a reader: what `--overfit N` trains on."""

    def __init__(self, reader: Reader, count: int) -> None:
        self._reader, self._count = reader, min(count, len(reader))

    def __len__(self) -> int:
        return self._count

    def batch(self, indices: Indices) -> dict[str, Array]:
        """As `Reader.batch`."""
        return self._reader.batch(indices)

    def arrays(self) -> dict[str, Array] | None:
        """As `Reader.arrays`."""
        found = self._reader.arrays()
        return None if found is None else {k: v[: self._count] for k, v in found.items()}


def batch_bounds(count: int, batch: int, merge_last: bool) -> list[tuple[int, int]]:
    """Where batches begin and end. The last may be smaller.

    Args:
        merge_last: a last batch of a single sample joins the one before it: batch_norm cannot take
            the statistics of one number.
    """
    bounds = [(at, min(at + batch, count)) for at in range(0, count, batch)]
    if merge_last and len(bounds) > 1 and bounds[-1][1] - bounds[-1][0] == 1:
        bounds[-2:] = [(bounds[-2][0], bounds[-1][1])]
    return bounds


class Feed:
    """Hands out the batches of one part as raw tensors on a device.

    Where all values fit into the device's memory they stay there; else worker threads read ahead,
    in order, so that the numbers do not depend on how many there are.

    Args:
        fields: the fields that the network reads or learns from.
        augment: for the train part.
        workers: threads that read ahead, where values must be read.
    """

    def __init__(
        self,
        reader: Reader,
        fields: tuple[str, ...],
        device: torch.device,
        augment: Augmentation | None = None,
        workers: int = 2,
    ) -> None:
        self._reader = reader
        self._fields = fields
        self._device = device
        self._augment = augment
        arrays = reader.arrays()
        self._arrays = None if arrays is None else {name: arrays[name] for name in fields}
        self._resident = self._keep() if augment is None else None
        in_memory = self._arrays is not None and device.type == "cpu"
        self._workers = 0 if in_memory else max(workers, 0)

    def __len__(self) -> int:
        return len(self._reader)

    def _keep(self) -> Raw | None:
        """All values as tensors on the device, where they leave it room."""
        if self._arrays is None:
            return None
        if self._device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self._device)
            if sum(a.nbytes for a in self._arrays.values()) > free // 4:
                return None
        return {name: _tensor(a).to(self._device) for name, a in self._arrays.items()}

    def batches(
        self, indices: Indices | None, bounds: list[tuple[int, int]], epoch: int = 0
    ) -> Generator[tuple[Raw, int], None, None]:
        """Batches and their sizes; without `indices` in the data's order."""
        if self._resident is not None:
            yield from self._slices(self._resident, indices, bounds)
            return
        if indices is None:
            indices = np.arange(len(self._reader))
        chunks = (indices[start:end] for start, end in bounds)
        if not self._workers:
            for chunk in chunks:
                yield self._moved(self._read(chunk, epoch)), len(chunk)
            return
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="nnc-read")
        try:
            ahead: deque[tuple[Future[dict[str, Array]], int]] = deque()
            for chunk in chunks:
                ahead.append((pool.submit(self._read, chunk, epoch), len(chunk)))
                if len(ahead) > 2 * self._workers:
                    future, size = ahead.popleft()
                    yield self._moved(future.result()), size
            while ahead:
                future, size = ahead.popleft()
                yield self._moved(future.result()), size
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _slices(
        self, kept: Raw, indices: Indices | None, bounds: list[tuple[int, int]]
    ) -> Generator[tuple[Raw, int], None, None]:
        if indices is None:
            for start, end in bounds:
                yield {name: x[start:end] for name, x in kept.items()}, end - start
            return
        picks = torch.from_numpy(indices).to(self._device)
        for start, end in bounds:
            pick = picks[start:end]
            yield {name: x.index_select(0, pick) for name, x in kept.items()}, end - start

    def _read(self, indices: Indices, epoch: int) -> dict[str, Array]:
        if self._arrays is not None:
            values = {name: a[indices] for name, a in self._arrays.items()}
        else:
            found = self._reader.batch(indices)
            values = {name: found[name] for name in self._fields}
        return values if self._augment is None else self._augment(values, epoch, indices)

    def _moved(self, values: dict[str, Array]) -> Raw:
        if self._device.type != "cuda":
            return {name: _tensor(a).to(self._device) for name, a in values.items()}
        return {
            name: _tensor(a).pin_memory().to(self._device, non_blocking=True)
            for name, a in values.items()
        }


def _tensor(values: Array) -> Tensor:
    # PyTorch warns about arrays that it might write to by mistake.
    whole = values if values.flags.writeable else values.copy()
    return torch.from_numpy(np.ascontiguousarray(whole))
