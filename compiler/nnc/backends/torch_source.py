"""A network as a PyTorch file that a person would be happy to have written.

Each block is a class; calls whose classes read the same share one class. Nothing of a spec enters
the source but through identifiers from `nnc.ir.names` and literals from `torch_text`.
"""

from __future__ import annotations

import re
from itertools import combinations

from nnc import __version__
from nnc.backends.torch_alike import Variant, joined, plainly
from nnc.backends.torch_body import written
from nnc.backends.torch_class import Class, Written
from nnc.backends.torch_extras import Extras, prepare
from nnc.backends.torch_extras import labels as output_labels
from nnc.backends.torch_initial import helpers
from nnc.backends.torch_labels import labels
from nnc.backends.torch_names import NN_CLASSES
from nnc.backends.torch_run import closing, usage
from nnc.backends.torch_scans import about_scan, scan_written
from nnc.backends.torch_text import docstring, hugged, laid_out, plain, type_text
from nnc.ir.graph import Call, Graph, Network, Scan
from nnc.ir.names import class_name


def torch_source(network: Network, *, extras: Extras | None = None) -> str:
    """The text of a Python file that needs torch alone and defines the network as a class.

    `forward` takes the network's inputs, each with a batch axis first, and returns its output, or a
    tuple of its outputs in the spec's order. `state_dict()` has the names, order and shapes of the
    network's weight table. The same network gives the same bytes.

    Raises:
        Refusal: a size that weights have is not known.
        TypeError: a layer asks for what `torch_names` does not list, a mistake in the layer.
    """
    extras = extras or Extras()
    classes = Classes(network)
    body = classes.text()
    named = output_labels(network, extras)
    parts = [
        *(["", *named] if named else []),
        *prepare(network, extras),
        *helpers("\n".join(body)),
        *body,
        *closing(network, classes.name, extras),
    ]
    code = "\n".join(parts)
    standard = [*_STANDARD, *(["import math"] if "math." in code else [])]
    imports = [line for use, line in _IMPORTS.items() if re.search(rf"\b{use}", code)]
    norms = [
        word for word in ("spectral_norm", "weight_norm") if re.search(rf"(?<![.\w]){word}\(", code)
    ]
    if norms:
        imports.append(f"from torch.nn.utils.parametrizations import {', '.join(norms)}")
    about = f"{plain(network.name)}, written by nnc {__version__}{_origin(extras)}."
    return (
        "\n".join(
            [
                *docstring([about, usage(network, extras)], ""),
                "",
                *sorted(standard, key=_first),
                "",
                *imports,
                *parts,
            ]
        )
        + "\n"
    )


_STANDARD = ("import sys", "from pathlib import Path")
_IMPORTS = {
    r"torch\.\w+\(": "import torch",
    r"F\.\w+\(": "import torch.nn.functional as F",
    r"nn\.": "from torch import nn",
}


def _first(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line


def network_class(network: Network) -> str:
    """The name of the network's class in its source."""
    return class_name(network.name, (), NN_CLASSES, "Network")


def _origin(extras: Extras) -> str:
    spec = f" from {plain(extras.spec)}" if extras.spec else ""
    return f"{spec} (sha256 {plain(extras.sha256)[:12]})" if extras.sha256 else spec


class Classes:
    """The classes of a network, callees first."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.name = network_class(network)
        self.taken: set[str] = set()
        self.names: dict[Written, Class] = {}
        self.calls: dict[Written, list[Call]] = {}
        self.known: dict[tuple[object, ...], Class] = {}  # by the identity of graphs, among others
        self.joined: dict[Written, Written] = {}
        self.apart: set[tuple[Written, Written]] = set()
        self._forget()

    def text(self) -> list[str]:
        """The lines of all classes, each after two empty lines."""
        top = self.write()
        lines: list[str] = []
        for body, used in self.names.items():
            lines += _class(used.name, body, self._about(body))
        return [*lines, *_class(self.name, top, _about_network(self.network))]

    def _about(self, body: Written) -> list[str]:
        """What a class is; where a block has several, which it is."""
        calls = self.calls[body]
        if isinstance(calls[0], Scan):
            return about_scan([call for call in calls if isinstance(call, Scan)])
        block = calls[0].graph.span
        every = [c.graph for others in self.calls.values() for c in others if c.graph.span == block]
        return _about_block([call.graph for call in calls], every)

    def write(self) -> Written:
        """The network's own class; those that it uses are then known."""
        while True:
            top = written(self.network.graph, self.class_of, offered=self.network.offered)
            if not self._join():
                return top
            self._forget()

    def _forget(self) -> None:
        """Nothing is written yet, but it is known which classes are one."""
        self.taken = {self.name} | _parameter_names(self.network.graph)
        self.names, self.calls, self.known = {}, {}, {}

    def _join(self) -> bool:
        """Whether two classes of a block are one class with an `if`."""
        blocks: dict[str, list[Written]] = {}
        for body, calls in self.calls.items():
            if not isinstance(calls[0], Scan):
                blocks.setdefault(calls[0].graph.name, []).append(body)
        for one, other in (pair for bodies in blocks.values() for pair in combinations(bodies, 2)):
            if (one, other) in self.apart:
                continue
            made = joined(*(Variant(b, [c.graph for c in self.calls[b]]) for b in (one, other)))
            if made is not None:
                self.joined |= {body: made for body in (one, other) if body != made}
                return True
            self.apart.add((one, other))
        return False

    def class_of(self, call: Call) -> Class:
        """The class of a block's graph, or of a scan."""
        key: tuple[object, ...] = (id(call.graph),)
        if isinstance(call, Scan):
            key = (*key, call.length, call.starts, call.gives, call.carries)
        found = self.known.get(key)
        if found is None:
            if isinstance(call, Scan):
                body = scan_written(call, self.class_of)
            else:
                body = written(call.graph, self.class_of)
            while body in self.joined:
                body = self.joined[body]
            if body not in self.names:
                name = class_name(call.graph.name, self.taken, NN_CLASSES)
                self.taken.add(name)
                self.names[body] = Class(name, body.params)
                self.calls[body] = []
            self.calls[body].append(call)
            found = self.known[key] = self.names[body]
        return found


def _class(name: str, body: Written, about: list[str]) -> list[str]:
    inner = " " * 8
    params = [f"{p.name}={p.default}" if p.default else p.name for p in body.params]
    lines = ["", "", f"class {name}({body.base}):", *(docstring(about, " " * 4) if about else [])]
    if params or body.constructor:
        lines += [""] if about else []
        lines += laid_out(f"def __init__({', '.join(['self', *params])}):", " " * 4)
        lines.append(f"{inner}super().__init__()")
        lines += _statements(tuple(hugged(line) for line in body.constructor), inner)
    if body.forward:
        lines += [""] if len(lines) > 3 else []
        lines += laid_out(f"def forward({', '.join(['self', *body.inputs])}):", " " * 4)
        lines += _statements(tuple(hugged(line) for line in body.forward), inner)
    return lines


def _statements(statements: tuple[str, ...], indent: str) -> list[str]:
    lines: list[str] = []
    for statement in statements:
        text = statement.lstrip(" ")
        lines += laid_out(text, indent + " " * (len(statement) - len(text)))
    return lines


def _parameter_names(graph: Graph) -> set[str]:
    """Names that constructors may give their parameters; no class takes them."""
    names: set[str] = set()
    seen: set[int] = set()
    stack = [graph]
    while stack:
        graph = stack.pop()
        if id(graph) not in seen:
            seen.add(id(graph))
            names |= {name for name, _ in graph.params}
            stack += [item.op.graph for item in graph.items if isinstance(item.op, Call)]
    return names


def _about_network(network: Network) -> list[str]:
    """The comment above the network, its inputs and outputs, its conditions."""
    graph = network.graph
    ends = [
        ", ".join(f"{port.name} {type_text(graph.types[port.value], 'batch')}" for port in ports)
        for ports in (graph.inputs, graph.outputs)
    ]
    shapes = " -> ".join(ends)
    about = [graph.doc, shapes] if graph.doc else [shapes]
    if network.conditions:
        about.append("\n".join(f"{condition}." for condition in network.conditions))
    return about


def _about_block(graphs: list[Graph], every: list[Graph]) -> list[str]:
    """The comment above a block, its shapes where all share them.

    `every`: all graphs of the block; where it has several classes, which branches are this one's.
    """
    graph = graphs[0]
    own = [
        plainly(branch)
        for branch in graph.branches
        if all(branch in one.branches for one in graphs)
        and not all(branch in one.branches for one in every)
    ]
    where = " and ".join(dict.fromkeys(part for branch in own for part in _parts(branch)))
    about = [*([graph.doc] if graph.doc else []), *([f"Where {where}."] if where else [])]
    shapes = {_block_shapes(g) for g in graphs}
    return [*about, *([f"{shapes.pop()}."] if len(shapes) == 1 else [])]


def _parts(branch: str) -> list[str]:
    """The conditions that a branch joins."""
    plain = " or " not in branch and " if " not in branch and "not (" not in branch
    return branch.split(" and ") if plain else [branch]


def _block_shapes(graph: Graph) -> str:
    named = labels(graph)
    ends = [
        ", ".join(type_text(graph.types[port.value], named=named) for port in ports)
        for ports in (graph.inputs, graph.outputs)
    ]
    return " -> ".join(ends)
