"""A graph as readable text, for tests and for people who debug the compiler.

Net(width=64) {
  0 image: [1, 28, 28]
  1 conv1 = conv(6, 5) 0                      : [6, 28, 28]
  output digit = 1
}
"""

from __future__ import annotations

from nnc.ir.dims import Poly, show
from nnc.ir.graph import Call, Graph, Item, Network, Scan
from nnc.record import Record

NAMED = ("tie", "spectral_norm", "weight_norm")
"""Arguments that many layers have and few steps use: shown by name, where they are used."""


def network_text(network: Network) -> str:
    """The network's graph and those it calls, each once, callers first; then conditions."""
    names: dict[int, str] = {}
    texts: list[str] = []
    _collect(network.graph, names, texts, set())
    texts.extend(f"condition: {condition}" for condition in network.conditions)
    return "\n".join(texts) + "\n"


def _collect(graph: Graph, names: dict[int, str], texts: list[str], taken: set[str]) -> None:
    if id(graph) in names:
        return
    name, number = graph.name, 1
    while name in taken:
        number += 1
        name = f"{graph.name}#{number}"
    taken.add(name)
    names[id(graph)] = name
    at = len(texts)
    texts.append("")
    for item in graph.items:
        if isinstance(item.op, Call):
            _collect(item.op.graph, names, texts, taken)
    texts[at] = _graph_text(graph, names)


def graph_text(graph: Graph) -> str:
    """One graph; what it calls is named only."""
    return _graph_text(graph, {}) + "\n"


def _graph_text(graph: Graph, names: dict[int, str]) -> str:
    params = ", ".join(f"{name}={_value(value)}" for name, value in graph.params)
    lines = [f"{names.get(id(graph), graph.name)}{f'({params})' if params else ''} {{"]
    lines += [f"  {port.value} {port.name}: {graph.types[port.value]}" for port in graph.inputs]
    lines += [_item_text(graph, item, names) for item in graph.items]
    lines += [f"  output {port.name} = {port.value}" for port in graph.outputs]
    return "\n".join([*lines, "}"])


def _item_text(graph: Graph, item: Item, names: dict[int, str]) -> str:
    made = ", ".join(str(v) for v in item.outputs)
    taken = ", ".join("-" if v is None else str(v) for v in item.inputs)
    types = ", ".join(str(graph.types[v]) for v in item.outputs)
    text = f"  {made} {item.name} = {_op_text(item, names)} {taken}".rstrip()
    marks = [f"as {item.label}"] if item.label else []
    if item.instance and item.instance != item.name:
        marks.append(f"weights of {item.instance}")
    marks += [f"loop {t.loop} turn {t.index}/{t.count}" for t in item.turns]
    return f"{text:<46}: {types}" + (f"  # {', '.join(marks)}" if marks else "")


def _op_text(item: Item, names: dict[int, str]) -> str:
    op = item.op
    if isinstance(op, Call):
        given = ", ".join(f"{name}={_value(value)}" for name, value in op.bindings)
        called = f"{names.get(id(op.graph), op.graph.name)}({given})"
        return f"scan {called} {_scan_text(op)}" if isinstance(op, Scan) else f"call {called}"
    if not isinstance(op, Record):
        return op.word
    values = [getattr(op, name) for name in op._fields if name not in NAMED]
    if all(value is None or value is False for value in values):  # nothing is said
        values = []
    named = [f"{n}={_value(getattr(op, n))}" for n in NAMED if getattr(op, n, None)]
    given = ", ".join([*map(_value, values), *named])
    return f"{op.word}({given})" if given else op.word


def _scan_text(op: Scan) -> str:
    """`over 2 of T, states 0.0, given`."""
    over = "" if op.stepped == 1 else f"{op.stepped} "
    starts = ["given" if start is None else f"{start:g}" for start in op.starts]
    states = f", states {', '.join(starts)}" if starts else ""
    return f"over {over}of {show(op.length)}{states}:"


def _value(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, (int, Poly)):
        return show(value)
    if isinstance(value, tuple):
        return f"({', '.join(_value(v) for v in value)})"
    return str(value)
