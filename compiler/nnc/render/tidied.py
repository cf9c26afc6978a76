"""The steps of a graph as people wrote them: without helpers of the checker, formulas in one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set

from nnc.ir.arguments import Tied
from nnc.ir.dims import Dim
from nnc.ir.graph import Call, Graph, Item, Port
from nnc.ir.initial import Weight
from nnc.ir.types import TensorType
from nnc.layers.lengths import HidePadding, Lengths, OwnSteps
from nnc.layers.source import OneSample, PerSample, TheSample
from nnc.record import Record, replace

SAME = (PerSample, OneSample, TheSample, HidePadding)
"""Steps that nobody wrote, and that pass their first input on."""
ABOUT = (Lengths, OwnSteps)
"""Steps that nobody wrote, and that speak of lengths."""
LONGEST = 56
"""A formula of more characters is drawn in parts."""


class Formula(Record):
    """The steps of one formula as one step."""

    word: str
    work: Dim

    @property
    def tied(self) -> Tied | None:
        return None

    def weights(self, *x: TensorType | None) -> Iterable[Weight]:
        """None: what has weights does not stand in a formula."""
        return ()

    def arrays(self, *x: TensorType | None) -> Iterable[Weight]:
        """None."""
        return ()

    def macs(self, *x: TensorType | None) -> Dim:
        """Those of all its steps."""
        return self.work


class Tidied(Record):
    """Steps in order; `same`: values that are others; `unwritten`: those that nobody wrote."""

    items: tuple[Item, ...]
    same: dict[int, int]
    unwritten: frozenset[int]

    def read(self, values: Iterable[int | None]) -> tuple[int | None, ...]:
        """What a step reads of these values, None where nobody wrote it."""
        return tuple(
            None if v is None or v in self.unwritten else self.same.get(v, v) for v in values
        )


def tidied(
    graph: Graph, items: Sequence[Item], lengths: Set[int], outputs: Sequence[Port]
) -> Tidied:
    """What people wrote of some items.

    Args:
        graph: theirs.
        items: some of its items.
        lengths: inputs that are lengths of padded sequences, which nobody wrote.
        outputs: what is read of them outside.
    """
    same: dict[int, int] = {}
    unwritten = set(lengths)
    kept: list[Item] = []
    for item in items:
        first = item.inputs[0] if item.inputs else None
        if isinstance(item.op, ABOUT):
            unwritten.update(item.outputs)
        elif isinstance(item.op, SAME) and first is not None:
            same[item.outputs[0]] = same.get(first, first)
        else:
            kept.append(item)
    found = Tidied((), same, frozenset(unwritten))
    kept = [replace(item, inputs=found.read(item.inputs)) for item in kept]
    results = {same.get(port.value, port.value) for port in outputs}
    return replace(found, items=tuple(_with_formulas(graph, kept, results)))


def _with_formulas(graph: Graph, items: list[Item], results: set[int]) -> list[Item]:
    readers: dict[int, list[int]] = {}
    maker: dict[int, int] = {}
    for at, item in enumerate(items):
        maker.update(dict.fromkeys(item.outputs, at))
        for value in item.inputs:
            if value is not None:
                readers.setdefault(value, []).append(at)
    group_of: dict[int, int] = {}
    whole: dict[int, Item] = {}
    for root in reversed(range(len(items))):
        if root in group_of or not _formula(items[root]):
            continue
        group = {root}
        for at in range(root - 1, -1, -1):
            part = items[at]
            if part.statement != items[root].statement:
                break
            if at in group_of or not _inside(part, items[root]):
                continue
            value = part.outputs[0]
            if value not in results and set(readers.get(value, ())) <= group and value in readers:
                group.add(at)
        text = _text(items[root])
        if len(text) <= LONGEST:
            group_of.update(dict.fromkeys(group, root))
            whole[root] = _one(graph, [items[at] for at in sorted(group)], text)
    return [whole.get(at, item) for at, item in enumerate(items) if group_of.get(at, at) == at]


def _formula(item: Item) -> bool:
    """Whether a step is written with its values in it: `1 - z`, `sigmoid(f)`, `h[0]`."""
    if isinstance(item.op, Call) or len(item.outputs) != 1:
        return False
    return not re.fullmatch(r"\w*", _text(item))


def _text(item: Item) -> str:
    return " ".join(re.sub(r"#[^\n]*", " ", item.span.text).split())


def _inside(part: Item, root: Item) -> bool:
    a, b = part.span, root.span
    within = a.source is b.source and b.start <= a.start and a.end <= b.end and a != b
    return within and part.turns == root.turns and _formula(part)


def _one(graph: Graph, items: list[Item], text: str) -> Item:
    """Some steps as one, which reads each value of outside once."""
    made = {value for item in items for value in item.outputs}
    reads = dict.fromkeys(
        v for item in items for v in item.inputs if v not in made and v is not None
    )
    work: Dim = 0
    for item in items:
        work = work + _macs(graph, item)
    root = items[-1]
    return replace(root, op=Formula(text, work), inputs=tuple(reads))


def _macs(graph: Graph, item: Item) -> Dim:
    return 0 if isinstance(item.op, Call) else item.op.macs(*graph.types_of(item.inputs))
