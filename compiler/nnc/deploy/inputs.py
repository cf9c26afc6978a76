"""From raw values, as the data gives them, to what an input of a file takes; in numpy alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nnc.backends.arrays import Array
from nnc.deploy.about import Value
from nnc.deploy.session import Port, Session
from nnc.ir.plan import Categories, Front, Pixels, Scale
from nnc.ir.vocabulary import Vocabulary

Floats = npt.NDArray[np.float32]


def feed_of(port: Port, value: Value, raw: Array, bare: bool) -> Array:
    """Raw values of a batch in the type that an input takes.

    Args:
        bare: the file has no fronts: they are applied here.
    """
    front = value.front
    if port.dtype == "string" and isinstance(front, Categories):
        return raw if raw.dtype.kind in "OU" else words_of(front, raw)
    if bare and front is not None:
        return network_numbers(front, raw)
    if port.dtype == "float32" and raw.dtype.kind in "fiub":
        return raw.astype(np.float32, copy=False)
    if port.dtype == "int64" and raw.dtype.kind in "iu":
        return raw.astype(np.int64, copy=False)
    return raw


def words_of(front: Categories, ids: Array) -> Array:
    """The words that ids stand for; id 0, unknown or missing, is an empty word."""
    rows = ids.reshape(len(ids), len(front.columns))
    made = np.empty(rows.shape, dtype=object)
    for at, known in enumerate(front.values):
        words = np.array(["", *known], dtype=object)
        made[:, at] = words[rows[:, at]]
    return made.reshape(ids.shape)


def network_numbers(front: Front, raw: Array) -> Array:
    """What a front in the graph would make of raw values."""
    if isinstance(front, Pixels):
        if raw.dtype != np.uint8:
            return raw
        scaled = raw.astype(np.float32) / np.float32(255)
        return (scaled - _channels(front.mean)) / _channels(front.std)
    if isinstance(front, Scale):
        values = raw.astype(np.float32)
        values = np.where(np.isnan(values), _row(front.missing or front.mean), values)
        return (values - _row(front.mean)) / _row(front.std)
    if isinstance(front, Vocabulary) or raw.dtype.kind not in "OU":
        return raw.astype(np.int64)
    rows = raw.reshape(len(raw), len(front.columns))
    made = np.zeros(rows.shape, dtype=np.int64)
    for at, known in enumerate(front.values):
        table = {word: number + 1 for number, word in enumerate(known)}
        made[:, at] = [table.get(str(word), 0) for word in rows[:, at]]
    return made.reshape(raw.shape)


def _row(values: tuple[float, ...]) -> Floats:
    return np.asarray(values, dtype=np.float32)


def _channels(values: tuple[float, ...]) -> Floats:
    made = np.asarray(values, dtype=np.float32)
    return made.reshape(-1, 1, 1) if made.size > 1 else made


class RawRunner:
    """Feeds a session with raw values as the data gives them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, raw: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name for raw values by input."""
        session, about = self._session, self._session.about
        feeds = {
            port.name: feed_of(port, about.input(port.name), raw[port.name], about.bare)
            for port in session.fed
        }
        return session.run(feeds)
