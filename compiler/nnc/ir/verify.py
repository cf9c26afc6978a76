"""Holds a network to what the IR promises; run between stages under test.

A violation is a bug of the stage that made the network, so it is an exception, never a diagnostic.
"""

from __future__ import annotations

from collections.abc import Iterator

from nnc.ir.graph import Call, Graph, Item, Network, Scan
from nnc.ir.initial import Weight
from nnc.ir.types import TensorType


class BrokenGraph(Exception):
    """A graph that breaks a promise of the IR; the message lists all that is wrong."""


def verify(network: Network) -> Network:
    """The same network, if every graph in it is sound.

    Raises:
        BrokenGraph: values misnumbered, names doubled, types that differ across a call, a value
        that
            nobody uses, a shared step whose weights differ, or a graph that calls itself.
    """
    wrong = [*_recursion(network.graph, (), set())]
    if not wrong:
        seen: set[int] = set()
        wrong.extend(_graphs(network.graph, seen))
    if not network.graph.outputs:
        wrong.append(f"{network.name} has no outputs")
    if wrong:
        raise BrokenGraph("\n".join(wrong))
    return network


def _recursion(graph: Graph, above: tuple[int, ...], sound: set[int]) -> Iterator[str]:
    if id(graph) in above:
        yield f"{graph.name} calls itself"
        return
    if id(graph) in sound:
        return
    sound.add(id(graph))

    called = {id(item.op.graph): item.op.graph for item in graph.items if isinstance(item.op, Call)}
    for inner in called.values():
        yield from _recursion(inner, (*above, id(graph)), sound)


def _graphs(graph: Graph, seen: set[int]) -> Iterator[str]:
    if id(graph) in seen:
        return
    seen.add(id(graph))
    for text in (*_names(graph), *_values(graph), *_shared(graph), *_tied(graph)):
        yield f"{graph.name}: {text}"
    for item in graph.items:
        if isinstance(item.op, Call):
            for text in _call(graph, item, item.op.graph):
                yield f"{graph.name}.{item.name}: {text}"
            yield from _graphs(item.op.graph, seen)


def _names(graph: Graph) -> Iterator[str]:
    seen: set[str] = set()
    for item in graph.items:
        if item.name in seen:
            yield f"two steps are called {item.name}"
        if not item.name or "." in item.name or "/" in item.name:
            yield f"{item.name!r} is no name of a step"
        seen.add(item.name)
    for ports, what in ((graph.inputs, "inputs"), (graph.outputs, "outputs")):
        names = [port.name for port in ports]
        if len(set(names)) != len(names):
            yield f"two {what} have one name"


def _values(graph: Graph) -> Iterator[str]:
    """Values are numbered inputs first, then outputs of items in order, and each is used."""
    count = len(graph.inputs)
    if [port.value for port in graph.inputs] != list(range(count)):
        yield "its inputs are not the values 0, 1, ..."
    used: set[int] = set()
    for item in graph.items:
        for value in item.inputs:
            if value is None:
                continue
            if not 0 <= value < count:
                yield f"{item.name} reads the value {value}, which is not made yet"
            used.add(value)
        if item.outputs != tuple(range(count, count + len(item.outputs))):
            yield f"{item.name} does not number its outputs from {count}"
        count += len(item.outputs)
        if not item.outputs:
            yield f"{item.name} makes nothing"
    if count != len(graph.types):
        yield f"it has {count} values and {len(graph.types)} types"
    for port in graph.outputs:
        if not 0 <= port.value < count:
            yield f"its output {port.name} is the value {port.value}, which nothing makes"
        used.add(port.value)
    for item in graph.items:
        if used.isdisjoint(item.outputs):
            yield f"nothing uses {item.name}"
    for port in graph.inputs:
        counts = port.name.startswith("_")  # `scan(_)` reads how many steps there are, not them
        if port.value not in used and not port.measures and not counts:
            yield f"nothing uses the input {port.name}"


def _call(graph: Graph, item: Item, callee: Graph) -> Iterator[str]:
    given = graph.types_of(item.inputs)
    taken = tuple(callee.types[port.value] for port in callee.inputs)
    made = tuple(callee.types[port.value] for port in callee.outputs)
    if isinstance(item.op, Scan):
        yield from _scan(item.op, given, taken, made)
        taken, made = _seen(item.op, taken, made)
    if len(given) != len(taken):
        yield f"gives {len(given)} values to {callee.name}, which takes {len(taken)}"
    for number, (a, b) in enumerate(zip(given, taken)):
        if a is None or not _same(a, b):
            yield f"gives {a} as the input {number} of {callee.name}, which takes {b}"
    kept = tuple(graph.types[value] for value in item.outputs if value < len(graph.types))
    if len(made) != len(kept):
        yield f"takes {len(kept)} values from {callee.name}, which gives {len(made)}"
    for number, (a, b) in enumerate(zip(kept, made)):
        if not _same(a, b):
            yield f"takes {a} as the output {number} of {callee.name}, which gives {b}"


def _seen(
    op: Scan, taken: tuple[TensorType, ...], made: tuple[TensorType, ...]
) -> tuple[tuple[TensorType, ...], tuple[TensorType, ...]]:
    """The types at the ends of a scan as its caller sees them."""
    states = taken[op.stepped : op.stepped + len(op.starts)]
    opened = tuple(t for t, start in zip(states, op.starts) if start is None)
    apart = tuple(op.stacked(t) for t in taken[: op.stepped])
    kept = tuple(op.stacked(t) for t in made[: op.results])
    ends = made[op.results :] if op.gives else ()
    return (*apart, *opened, *taken[op.stepped + len(op.starts) :]), (*kept, *ends)


def _scan(
    op: Scan,
    given: tuple[TensorType | None, ...],
    taken: tuple[TensorType, ...],
    made: tuple[TensorType, ...],
) -> Iterator[str]:
    """A state has one type at all steps; each step's values have a batch axis."""
    if not 1 <= op.stepped <= len(given) or len(made) <= len(op.starts):
        yield "takes nothing apart, or gives nothing"
    states = taken[op.stepped : op.stepped + len(op.starts)]
    for number, (now, then) in enumerate(zip(states, made[op.results :])):
        if not _same(now, then):
            yield f"has a state {number} that is {now}, and {then} at the next step"
    if any(type.fixed for type in made) or any(t and t.fixed for t in given[: op.stepped]):
        yield "takes apart or gives what is the same for all samples"


def _same(a: TensorType, b: TensorType) -> bool:
    return a.dims == b.dims and a.dtype == b.dtype


def _shared(graph: Graph) -> Iterator[str]:
    """Steps that share weights own the same ones."""
    first: dict[str, tuple[Item, list[Weight] | int]] = {}
    for item in graph.items:
        owner = item.instance or item.name
        if isinstance(item.op, Call):
            owns: list[Weight] | int = id(item.op.graph)
        elif all(v is None or 0 <= v < len(graph.types) for v in item.inputs):
            owns = list(item.op.weights(*graph.types_of(item.inputs)))
        else:
            continue  # its inputs are wrong, which is said already
        if owner in first and not _equal(first[owner][1], owns):
            yield f"{item.name} and {first[owner][0].name} share {owner}, but not its weights"
        first.setdefault(owner, (item, owns))


def _tied(graph: Graph) -> Iterator[str]:
    """A tied weight is one that an earlier step owns, in the same sizes."""
    owned: dict[tuple[str, str], Weight] = {}
    for item in graph.items:
        known = all(v is None or 0 <= v < len(graph.types) for v in item.inputs)
        if isinstance(item.op, Call) or not known:  # what is wrong with its inputs is said already
            continue
        types = graph.types_of(item.inputs)
        tie = item.op.tied
        if tie is not None:
            theirs = owned.get((tie.owner, tie.weight))
            mine = next((w for w in item.op.arrays(*types) if w.name == "weight"), None)
            if theirs is None or mine is None:
                yield f"{item.name} is tied to {tie.owner}, which owns no such weight before it"
            elif mine.dims != (theirs.dims[::-1] if tie.turned else theirs.dims):
                yield f"{item.name} is tied to {tie.owner}, whose weight has other sizes"
        for weight in item.op.weights(*types):
            owned.setdefault((item.instance or item.name, weight.name), weight)


def _equal(a: list[Weight] | int, b: list[Weight] | int) -> bool:
    if isinstance(a, int) or isinstance(b, int):
        return a == b
    return [(w.name, w.dims, w.dtype) for w in a] == [(w.name, w.dims, w.dtype) for w in b]
