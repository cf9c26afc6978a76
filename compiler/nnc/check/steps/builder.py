"""Builds one graph: values with their types and makers, items with their places."""

from __future__ import annotations

from nnc.check.formulas.values import BAD, SharedEntry
from nnc.ir.arguments import Declared
from nnc.ir.dims import Dim
from nnc.ir.graph import Call, Graph, Item, Operation, Port, Turn
from nnc.ir.names import place_name
from nnc.ir.types import TensorType
from nnc.record import replace
from nnc.source import Span


class Builder:
    """A graph under construction."""

    def __init__(self, name: str, span: Span) -> None:
        self.name, self.span = name, span
        self.types: list[TensorType] = []
        self.made_at: list[Span] = []
        self.items: list[Item] = []
        self.inputs: list[Port] = []
        self.outputs: list[Port] = []
        self.used: set[int] = set()
        self.taken: set[str] = set()
        self.counts: dict[str, int] = {}
        self.owners: dict[SharedEntry, str] = {}
        self.first: dict[str, int] = {}  # by the place that names weights, the first item of it
        self.maker: dict[int, int] = {}  # by value, the item that makes it
        self.prefix = ""  # of the places of a block whose steps stand in its caller's graph
        self.within: tuple[tuple[str, str], ...] = ()
        self.branches: list[str] = []
        self.turns: tuple[Turn, ...] = ()
        self.loops = 0
        self.statement = 0
        self.damaged = False
        self.lengths: dict[Dim, int] = {}  # of padded sequences, by their number of steps
        self.own: dict[Dim, int] = {}  # which of the steps are a sequence's own, likewise
        self.hidden: dict[tuple[int, float], int] = {}  # values with their padding hidden
        self.layers = 0  # those of called blocks included

    def value(self, type: TensorType, span: Span) -> int:
        """A new value's number."""
        self.types.append(type)
        self.made_at.append(span)
        return len(self.types) - 1

    def input(
        self,
        name: str,
        type: TensorType,
        span: Span,
        drawn: Declared | None = None,
        measures: str = "",
    ) -> int:
        """A new input; `drawn`: noise of this distribution, `measures`: lengths of this input."""
        number = self.value(type, span)
        self.inputs.append(Port(name, number, span, drawn, measures))
        self.taken.add(name)
        return number

    def noise(self, name: str, type: TensorType, span: Span, drawn: Declared) -> int:
        """An input that is drawn at each call, under a free name."""
        return self.input(place_name(name, self.taken), type, span, drawn)

    def place(self, word: str, label: str) -> str:
        """A free place: the label, or the word with the next number."""
        word = self.prefix + word
        if label:
            name = place_name(self.prefix + label, self.taken)
        else:
            count = self.counts.get(word, 0) + 1
            while f"{word}{count}" in self.taken:
                count += 1
            self.counts[word] = count
            name = place_name(f"{word}{count}", self.taken)
        self.taken.add(name)
        return name

    def _own_place(self, name: str) -> str:
        """The place of a shared step's weights, which is its name, wherever it is used."""
        found = place_name(name, self.taken)
        self.taken.add(found)
        return found

    def item(
        self,
        op: Operation | Call,
        inputs: tuple[int | None, ...],
        types: tuple[TensorType, ...],
        span: Span,
        *,
        label: str = "",
        instance: SharedEntry | None = None,
    ) -> tuple[int, ...]:
        """Adds a step; returns the numbers of its values.

        `instance` is the shared step that it is a use of; its weights have one place at all uses.
        """
        name = self.place(op.word, label or (instance.name if instance else ""))
        owner = name
        if instance is not None:
            if instance not in self.owners:
                alone = not (label or self.prefix)  # else the place is that of a use
                self.owners[instance] = name if alone else self._own_place(instance.name)
            owner = self.owners[instance]
        self.layers += not isinstance(op, Call)
        self.used.update(i for i in inputs if i is not None)
        outputs = tuple(self.value(t, span) for t in types)
        self.first.setdefault(owner, len(self.items))
        self.maker.update(dict.fromkeys(outputs, len(self.items)))
        self.items.append(
            Item(
                name,
                op,
                inputs,
                outputs,
                span,
                self.statement,
                owner,
                label,
                self.turns,
                instance.name if instance is not None else "",
                self.within,
            )
        )
        return outputs

    def call_value(self, value: int, label: str) -> None:
        """Gives a value without a label one that does not change its place: `skip[64]`."""
        for at in range(len(self.items) - 1, -1, -1):
            if self.items[at].outputs[:1] == (value,):
                if not self.items[at].label:
                    self.items[at] = replace(self.items[at], label=label)
                return

    def call_all(self, values: tuple[int, ...], labels: tuple[str, ...]) -> None:
        """Names the results of a step that gives several: `as q, k, v`."""
        for at in range(len(self.items) - 1, -1, -1):
            if self.items[at].outputs == values:
                self.items[at] = replace(self.items[at], labels=labels)
                return

    def type(self, value: int) -> TensorType | None:
        """The type of a value, None for one that could not be made."""
        return None if value == BAD else self.types[value]

    def _settle(self) -> None:
        """Numbers the inputs first, noise last of them, wherever in the body they stand."""
        self.inputs.sort(key=lambda port: port.drawn is not None)
        first = [port.value for port in self.inputs]
        if first == list(range(len(first))):
            return
        inputs = set(first)
        order = [*first, *(v for v in range(len(self.types)) if v not in inputs)]
        number = {old: new for new, old in enumerate(order)}
        self.types = [self.types[v] for v in order]
        self.made_at = [self.made_at[v] for v in order]
        self.used = {number[v] for v in self.used if v != BAD}
        self.inputs = [replace(p, value=number[p.value]) for p in self.inputs]
        self.outputs = [replace(p, value=number[p.value]) for p in self.outputs]
        self.items = [
            replace(
                item,
                inputs=tuple(None if v is None else number[v] for v in item.inputs),
                outputs=tuple(number[v] for v in item.outputs),
            )
            for item in self.items
        ]

    def graph(self, params: tuple[tuple[str, object], ...], doc: str) -> Graph:
        """The finished graph."""
        self._settle()
        return Graph(
            self.name,
            params,
            tuple(self.inputs),
            tuple(self.types),
            tuple(self.items),
            tuple(self.outputs),
            tuple(dict.fromkeys(self.branches)),
            doc,
            self.span,
        )
