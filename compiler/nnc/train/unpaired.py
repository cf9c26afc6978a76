"""Batches of several data sets side by side, whose samples do not belong together."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, closing

import numpy as np

from nnc.train.data.keyed import order
from nnc.train.feed import Feed, Indices, Raw


class Unpaired:
    """Each set in an order of its own; an epoch is as long as the largest.

    Smaller sets begin anew, in another order, wherever they end. Fields are called `set.field`.
    """

    def __init__(self, feeds: dict[str, Feed], seed: int) -> None:
        self._feeds, self._seed = feeds, seed

    def __len__(self) -> int:
        return max(len(feed) for feed in self._feeds.values())

    def batches(
        self, indices: Indices | None, bounds: list[tuple[int, int]], epoch: int = 0
    ) -> Generator[tuple[Raw, int], None, None]:
        """Batches of all sets and their size; without `indices` in the data's order."""
        with ExitStack() as open:
            sources = []
            for at, feed in enumerate(self._feeds.values()):
                turn = np.arange(len(self)) % len(feed)
                picks = turn if indices is None else self._order(at, len(feed), epoch)
                sources.append(open.enter_context(closing(feed.batches(picks, bounds, epoch))))
            for batches in zip(*sources):
                raw = {
                    f"{name}.{field}": values
                    for name, (one, _) in zip(self._feeds, batches)
                    for field, values in one.items()
                }
                yield raw, batches[0][1]

    def _order(self, at: int, count: int, epoch: int) -> Indices:
        """The places of an endless row of orders that belong to an epoch."""
        places = np.arange(epoch * len(self), (epoch + 1) * len(self))
        found = np.empty(len(places), np.int64)
        for turn in np.unique(places // count):
            own = places // count == turn
            found[own] = order(count, self._seed + 7919 * (at + 1), int(turn))[places[own] % count]
        return found
