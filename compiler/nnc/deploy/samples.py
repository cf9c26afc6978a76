"""Inputs to compare on: raw, with missing numbers and unknown words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnc.backends.arrays import Array
from nnc.ir.allowed import Allowed
from nnc.ir.conditions import Condition
from nnc.ir.dims import Dim, evaluate, symbols
from nnc.ir.graph import Network
from nnc.ir.plan import Categories, Front, Scale
from nnc.ir.types import TensorType

UNKNOWN = "\u2047 a word that training did not see"
MISSING = 8
"""One in so many numbers of a table is missing."""
FREE = 4
"""So many symbols are varied one by one."""


def sample(
    network: Network,
    fronts: Mapping[str, Front],
    sizes: Mapping[str, int],
    batch: int,
    draw: np.random.Generator,
) -> dict[str, Array]:
    """Random values for the inputs of a network, batch first, of the types that they have there.

    Args:
        fronts: what is known of the raw values of an input.
        sizes: of the network's symbols.
    """
    graph = network.graph
    made: dict[str, Array] = {}
    for port in graph.inputs:
        type = graph.types[port.value]
        shape = (batch, *(int(evaluate(d, sizes)) for d in type.dims))
        made[port.name] = _values(type, fronts.get(port.name), shape, draw)
        if port.measures:
            whole = next(p for p in graph.inputs if p.name == port.measures)
            made[port.name] = _lengths(
                network, graph.types[whole.value].dims[0], sizes, shape, draw
            )
    return made


def _lengths(
    network: Network,
    steps: Dim,
    sizes: Mapping[str, int],
    shape: tuple[int, ...],
    draw: np.random.Generator,
) -> Array:
    """Lengths of padded sequences, from the least to the longest; the first is the longest."""
    (symbol,) = symbols(steps)
    conditions = {c.symbol: c for c in network.facts if isinstance(c, Condition)}
    known = _allowed(conditions.get(symbol))
    among = [n for n in range(1, sizes[symbol] + 1) if known.has(n)]
    made = draw.choice(np.array(among or [sizes[symbol]], np.int64), shape)
    made[:1] = sizes[symbol]
    return made


def _values(
    type: TensorType, front: Front | None, shape: tuple[int, ...], draw: np.random.Generator
) -> Array:
    if type.dtype == "uint8":
        return draw.integers(0, 256, shape, dtype=np.uint8)
    if type.dtype == "string":
        assert isinstance(front, Categories)
        return _words(front, shape, draw)
    if type.dtype == "int64":
        most = min(len(v) for v in front.values) if isinstance(front, Categories) else 1
        return draw.integers(0, most + 1, shape, dtype=np.int64)
    values = draw.standard_normal(shape, dtype=np.float32)
    if isinstance(front, Scale):
        values = values * np.asarray(front.std, np.float32) + np.asarray(front.mean, np.float32)
        values[draw.integers(0, MISSING, shape) == 0] = np.nan
    return values.astype(np.float32)


def _words(front: Categories, shape: tuple[int, ...], draw: np.random.Generator) -> Array:
    made = np.empty((shape[0], len(front.columns)), dtype=object)
    for at, known in enumerate(front.values):
        among = (*known, UNKNOWN)
        made[:, at] = [among[int(i)] for i in draw.integers(0, len(among), shape[0])]
    return made.reshape(shape)


def corners(network: Network) -> tuple[dict[str, int], ...]:
    """Legal sizes of a network's symbols: the smallest, the next of each alone, a larger one."""
    conditions = {c.symbol: c for c in network.facts if isinstance(c, Condition)}
    free = [s for s in network.symbols if _free(conditions.get(s))]
    sets = {s: _allowed(conditions.get(s)) for s in free}
    choices: list[dict[str, int]] = [{s: sets[s].least for s in free}]
    for symbol in free[:FREE]:
        following = sets[symbol].following(sets[symbol].least + 1)
        if following is not None:
            choices.append({**choices[0], symbol: following})
    larger: dict[str, int] = {}
    for at, symbol in enumerate(free):
        larger[symbol] = _larger(sets[symbol], at)
    choices.append(larger)
    found: list[dict[str, int]] = []
    for choice in choices:
        whole = _completed(network, conditions, choice)
        if whole not in found:
            found.append(whole)
    return tuple(found)


def _larger(known: Allowed, which: int) -> int:
    """A value beyond the smallest, another one for each symbol: equal ones would hide a mix-up."""
    value = known.following(known.least + max(8, known.least // 2))
    if value is None:
        return list(known.values(FREE + which))[-1]
    for _ in range(min(which, FREE)):
        value = known.following(value + 1) or value
    return value


def _completed(
    network: Network, conditions: Mapping[str, Condition], free: Mapping[str, int]
) -> dict[str, int]:
    whole = dict(free)
    for symbol in network.symbols:
        condition = conditions.get(symbol)
        if condition is not None and condition.equals is not None:
            whole[symbol] = int(evaluate(condition.equals, whole))
    return whole


def _free(condition: Condition | None) -> bool:
    return condition is None or condition.equals is None


def _allowed(condition: Condition | None) -> Allowed:
    if condition is None:
        return Allowed()
    c = condition
    known = Allowed(c.modulus, frozenset(c.residues), c.least, c.most)
    return Allowed(c.modulus, frozenset(c.residues), known.following(c.least) or c.least, c.most)
