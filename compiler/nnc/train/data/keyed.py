"""Randomness and identity by hashing: the same for any order, workers and batches.

Numbers come from SplitMix64 (Steele, Lea, Flood, 2014) of a key and an index; identities from
BLAKE2b.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _mix_one(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def stream(indices: Rows, *key: int) -> npt.NDArray[np.uint64]:
    """64 random bits for each index under a key (seed, epoch, purpose, ...)."""
    state = 0
    for word in key:
        state = _mix_one((state + _GOLDEN) ^ (word & _MASK))
    steps = (indices.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN)
    return _mix(steps + np.uint64(state))


def order(n: int, seed: int, epoch: int) -> Rows:
    """The order in which an epoch visits `n` samples: a permutation of 0..n-1."""
    return np.argsort(stream(np.arange(n), seed, epoch, 1), kind="stable").astype(np.int64)


def rows_of(count: int) -> Rows:
    """All rows, in order."""
    return np.arange(count, dtype=np.int64)


def position(identity: bytes, seed: int) -> int:
    """Where a sample stands in the draw of a split: 64 bits of its identity and the seed."""
    key = (seed & _MASK).to_bytes(8, "little")
    return int.from_bytes(blake2b(identity, digest_size=8, key=key).digest(), "big")


def fingerprint(contents: Iterable[bytes]) -> str:
    """12 hexadecimal digits of the contents of samples, in their order."""
    whole = blake2b(digest_size=6)
    for content in contents:
        whole.update(len(content).to_bytes(8, "little"))
        whole.update(content)
    return whole.hexdigest()
