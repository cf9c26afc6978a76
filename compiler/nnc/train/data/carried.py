"""The order of windows that follow on one another, so that a state can be carried along."""

from __future__ import annotations

import numpy as np

from nnc.train.data.keyed import Rows


def lanes(count: int, batch: int) -> int:
    """How many lanes so many windows are cut into: `batch`, or fewer where there are fewer."""
    return max(min(batch, count), 1)


def carried_whole(count: int, batch: int) -> tuple[Rows, list[tuple[int, int]]]:
    """All windows of a part in the order of `carried_order`, and where batches begin and end.

    Windows that fill no whole step are a smaller batch at the end, and start from zeros.
    """
    wide = lanes(count, batch)
    steps = count // wide
    order = np.concatenate([carried_order(count, batch), np.arange(wide * steps, count)])
    bounds = [(at, min(at + wide, count)) for at in range(0, count, wide)]
    return order, bounds


def carried_order(count: int, batch: int) -> Rows:
    """The windows of an epoch, batch after batch: a text is cut into as many lanes as a batch has.

    Step s takes window s of each lane, so that place k of each batch goes on where place k of the
    batch before ended; a state is zero at the first step. Windows that fill no whole step at the
    end of the lanes are left out.

    Args:
        count: windows of the part, in the order of the text.
        batch: samples of a batch.

    Returns:
        window numbers [steps * lanes]; batch s is `order[s * lanes : (s + 1) * lanes]`.
    """
    wide = lanes(count, batch)
    steps = count // wide
    grid = np.arange(wide, dtype=np.int64)[None, :] * steps + np.arange(steps)[:, None]
    return grid.reshape(-1)
