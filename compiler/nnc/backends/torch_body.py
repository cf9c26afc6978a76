"""One class of the generated source: the constructor and `forward` of a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nnc.backends.torch_class import Class, Param, Written
from nnc.backends.torch_initial import grouped
from nnc.backends.torch_layer import LayerWriter
from nnc.backends.torch_lives import lives
from nnc.backends.torch_loops import Line, rolled
from nnc.backends.torch_nodes import (
    MARK,
    Node,
    Unpacked,
    alias,
    columns,
    names_read,
    references,
    variable,
)
from nnc.backends.torch_numbers import Numbers
from nnc.backends.torch_text import drawn_text
from nnc.ir.dims import Dim
from nnc.ir.graph import Call, Graph, Item, Scan
from nnc.ir.names import local_name
from nnc.layers.base import Layer
from nnc.record import Record

LONG = 88  # columns of a value that stands in one line
NESTED = 80  # columns up to which the calls of a chain stay on one line,
DEEP = 4  # and how many of them
POOL = "xyzuvwabcdegh"


class Waiting(Record):
    """A value that may become part of another line: with its maker, and the maker's position."""

    node: Node
    value: int
    item: Item
    at: int

    @property
    def wish(self) -> str:
        """The name it would like: its label, or what the layer calls this result."""
        number = self.item.outputs.index(self.value)
        if not number or not isinstance(self.item.op, Layer):
            return self.item.label
        return self.item.op.results[number] if number < len(self.item.op.results) else ""


ClassOf = Callable[[Call], Class]


def written(graph: Graph, class_of: ClassOf, offered: Sequence[str] | None = None) -> Written:
    """The class of a graph; `class_of` gives those of the graphs that it calls.

    `offered`: of a network, the parameters that its constructor takes. A block's takes all it uses.
    """
    plain = Body(graph, class_of, offered, rename=False).write()
    if offered is None or not any(item.turns for item in graph.items):
        return plain
    renamed = Body(graph, class_of, offered, rename=True).write()
    return renamed if len(renamed.forward) <= len(plain.forward) else plain


class Body:
    """Writes one graph.

    With `rename`, an input that a loop consumes is called `x` before the loop, so that its first
    turn prints like the others.
    """

    def __init__(
        self, graph: Graph, class_of: ClassOf, offered: Sequence[str] | None, rename: bool
    ) -> None:
        self.graph, self.class_of, self.rename = graph, class_of, rename
        self.top = offered is not None
        self.inits: list[Line] = []
        self.steps: list[Line] = []
        self.made: set[str] = set()
        self.nodes: list[Node | None] = [None] * len(graph.types)
        self.holders: dict[str, int] = {}  # the value that a variable holds, -1 for a passing one
        self.waiting: list[Waiting] = []
        found = lives(graph)
        self.last, self.uses = found.last, found.uses
        self.inputs: list[str] = []
        for port in graph.inputs:
            name = local_name(port.name, self.inputs)
            self.inputs.append(name)
            self.holders[name] = port.value
            self.nodes[port.value] = variable(name, graph.types[port.value])
        self.results: dict[int, str] = {}  # names of values that several outputs name
        if len(graph.outputs) > 1:
            self.results = {port.value: port.name for port in graph.outputs}
        labels = [item.label for item in graph.items if item.label]
        wished = {local_name(label, ()) for label in (*labels, *self.results.values())}
        self.numbers = Numbers(graph, self.inputs, wished | set(POOL), offered)

    def write(self) -> Written:
        """The whole class."""
        chain = self._is_chain()
        for at, item in enumerate(self.graph.items):
            for w in list(self.waiting):
                if not (self._may_nest(w, item) or self._may_wait(w, item)):
                    self._flush(w)
            if self.rename and item.turns:
                self._rename_inputs(at, item)
            chain = self._item(at, item) and chain
        forward = [] if chain else self._forward()
        self.numbers.turns = ()
        constructor = grouped(rolled(self.inits, self.numbers, forward=False))
        return Written(
            "nn.Sequential" if chain else "nn.Module",
            self._params(),
            self._signature(),
            (*self.numbers.claims(), *self.numbers.stored(), *constructor),
            tuple(forward),
        )

    def _params(self) -> tuple[Param, ...]:
        """The constructor's parameters, those with a default last."""
        graph = self.graph
        values = graph.params if self.top else graph.defaults
        defaults = {name: self.numbers.plain(value) for name, value in values}
        params = [Param(n, name, defaults.get(n, "")) for n, name in self.numbers.parameters()]
        return tuple(sorted(params, key=lambda param: bool(param.default)))

    def _is_chain(self) -> bool:
        """A block that is one step after another may be an nn.Sequential."""
        graph = self.graph
        if self.top or len(graph.inputs) != 1 or len(graph.outputs) != 1 or not graph.items:
            return False
        value = graph.inputs[0].value
        for item in graph.items:
            if item.inputs != (value,) or len(item.outputs) != 1:
                return False
            value = item.outputs[0]
        return graph.outputs[0].value == value

    def _rename_inputs(self, at: int, item: Item) -> None:
        for value in item.inputs:
            node = None if value is None else self.nodes[value]
            if node is None or value is None or node.name not in self.inputs:
                continue
            if self.last[value] == at and not self.waiting:
                name = self._free_name("", at - 1, set())
                self.steps.append(Line(f"{name} = {node.name}"))
                self.nodes[value] = variable(name, node.type)
                self.holders[name] = value

    # --- items -----------------------------------------------------------------------------------

    def _item(self, at: int, item: Item) -> bool:
        """Writes an item; whether it is nothing but the call of a module on its one input."""
        self.numbers.turns = item.turns if item.inputs else ()  # what a module holds has no number
        inputs = [None if value is None else self.nodes[value] for value in item.inputs]
        given = [node for node in inputs if node is not None]
        owner = item.instance or item.name
        if isinstance(item.op, Call):
            constructor = [f"{MARK}{owner}{MARK} = {self._constructed(item.op)}"]
            nodes, heavy, unpacked = [_called(owner, given)], True, []
            left = item.op.begun if isinstance(item.op, Scan) and item.op.carries else 0
            if len(item.outputs) + left > 1:
                nest = ["{}" for _ in item.outputs] + ["_"] * left
                unpacked = [Unpacked(nodes[0], ", ".join(nest))]
                nodes = [*unpacked[0].values]
        else:
            writer, nodes = self._layer(item, inputs)
            heavy, constructor, unpacked = writer.heavy, writer.constructor(), writer.unpacked
        first = owner not in self.made
        if first and constructor:
            self.made.add(owner)
            self.inits += [Line(text, self.numbers.turns) for text in constructor]
        self._nest(item, [*nodes, *(one.call for one in unpacked)], heavy)
        for node, value in zip(nodes, item.outputs):
            node.type = self.graph.types[value]
            self.nodes[value] = node
        results = [(v, n) for v, n in zip(item.outputs, nodes) if len(nodes) == 1 or self.uses[v]]
        if unpacked:
            self._unpack(at, item, unpacked, results)
        self._share(nodes, at, item)
        self._shorten(nodes, at if len(nodes) == 1 and not unpacked else at - 1, item)
        made = [Waiting(node, value, item, at) for value, node in results if not node.name]
        self.waiting += made
        for w in made if len(nodes) > 1 else ():
            self._flush(w)
        return first and len(given) == 1 and nodes[0].parts == _called(owner, given).parts

    def _layer(self, item: Item, inputs: Sequence[Node | None]) -> tuple[LayerWriter, list[Node]]:
        assert isinstance(item.op, Layer)
        given = [node for node in inputs if node is not None]
        weights = tuple(item.op.arrays(*self.graph.types_of(item.inputs)))
        writer = LayerWriter(self.numbers, item, given, weights)
        result = item.op.torch(writer, *inputs)
        results = result if isinstance(result, tuple) else (result,)
        nodes = [node for node in results if isinstance(node, Node)]
        if len(nodes) != len(item.outputs):
            raise TypeError(f"layer {item.op.word} at {item.name} gives {len(nodes)} values")
        if any(node in given for node in nodes):
            nodes = [alias(node, node.type) if node in given else node for node in nodes]
        return writer, nodes

    def _constructed(self, call: Call) -> str:
        """`Bottleneck(C, width, stride=2)`: from the first plain number on, arguments are named."""
        used, values = self.class_of(call), dict(call.bindings)
        args: list[str] = []
        named = False
        for param in used.params:
            value = values[param.spec]
            kept = self.numbers.keeps(value)
            if not kept and param.default and self.numbers.plain(value) == param.default:
                named = True
                continue
            text, _ = self.numbers.number(value, False)
            named = named or (len(used.params) > 1 and not kept)
            args.append(f"{param.name}={text}" if named else text)
        return f"{used.name}({', '.join(args)})"

    # --- lines -----------------------------------------------------------------------------------

    def _may_nest(self, w: Waiting, item: Item) -> bool:
        """Whether a value that waits may become part of this item's line."""
        return (
            w.value in item.inputs
            and self.uses[w.value] == 1
            and not w.item.label
            and w.item.turns == item.turns
            and (w.item.statement == item.statement or (w.node.joins and not w.node.called))
        )

    def _may_wait(self, w: Waiting, item: Item) -> bool:
        """Whether it may become part of a later line: of the same formula, and without a module."""
        at = self.last[w.value]
        return (
            w.value not in item.inputs
            and self.uses[w.value] == 1
            and not w.item.label
            and not w.node.called
            and at < len(self.graph.items)
            and self.graph.items[at].statement == w.item.statement == item.statement
            and self.graph.items[at].turns == w.item.turns == item.turns
        )

    def _nest(self, item: Item, nodes: list[Node], heavy: bool) -> None:
        """What waits for this item stands inside its line, once, where that stays short."""
        counts = references(nodes)
        inside: list[Waiting] = []
        for w in [w for w in self.waiting if w.value in item.inputs]:
            called = w.node.called
            often = called and (heavy or (nodes[0].joins and called > 1))
            if len(nodes) > 1 or counts.get(w.node) != 1 or often:
                self._flush(w)
            else:
                inside.append(w)
        while inside and (nodes[0].depth > DEEP or columns(nodes[0].text()) > NESTED):
            longest = max(inside, key=lambda w: columns(w.node.text()))
            inside.remove(longest)
            self._flush(longest)
        self.waiting = [w for w in self.waiting if w not in inside]

    def _flush(self, w: Waiting) -> None:
        """Makes a value that waits a variable."""
        self.waiting.remove(w)
        name = self._named(w.value, w.wish, w.at, set())
        self.steps.append(Line(f"{name} = {w.node.text()}", w.item.turns))
        w.node.name = name
        self.holders[name] = w.value

    def _unpack(
        self, at: int, item: Item, calls: list[Unpacked], results: list[tuple[int, Node]]
    ) -> None:
        """`y, (h, c) = self.lstm1(x)`: a line for each call that gives several values."""
        words = item.op.results if isinstance(item.op, Layer) else ()
        for number, one in enumerate(calls):
            self._share([one.call], at, item)
            later = [node for _, node in results] + [u.call for u in calls[number + 1 :]]
            read = references(later)
            names: list[str] = []
            for position, value in enumerate(one.values):
                if value not in read:
                    names.append("_")
                    continue
                held = next((v for v, node in results if node is value), -1)
                alike = position and len(one.values) == len(words)
                wish = words[position] if alike else ""
                wish = one.wishes[position] if one.wishes else wish
                if held == item.outputs[0]:
                    wish = item.label
                elif item.labels and held in item.outputs:
                    wish = item.labels[item.outputs.index(held)]
                taken = {n for n in names if n != "_"} | names_read(later)
                name = self._named(held, wish, at if held >= 0 else at - 1, taken)
                names.append(name)
                self.holders[name] = held
            made = one.nest.format(*names).replace("(_, _)", "_")
            self.steps.append(Line(f"{made} = {one.call.text()}", item.turns))
            for name, value in zip(names, one.values):
                value.name = "" if name == "_" else name

    def _share(self, nodes: list[Node], at: int, item: Item) -> None:
        """What an item's text would compute twice becomes a variable."""
        for node, count in references(nodes).items():
            if not node.wish and (count < 2 or not node.inner()):
                continue
            self._shorten([node], at - 1, item)
            name = self._free_name(node.wish, at - 1, names_read(nodes))
            self.steps.append(Line(f"{name} = {node.text()}", item.turns))
            node.name = name
            self.holders[name] = -1

    def _shorten(self, nodes: list[Node], at: int, item: Item) -> None:
        """A long chain of calls begins in a line of its own."""
        while max(columns(node.text()) for node in nodes) > LONG:
            inner = [n for n in references(nodes) if n.inner() and n not in nodes and not n.called]
            short = [node for node in inner if columns(node.text()) <= LONG]
            if not short:
                return
            first = max(short, key=lambda node: columns(node.text()))
            if columns(first.text()) < LONG // 3:
                return
            text, first.name = first.text(), MARK
            first.name = self._free_name("", at, names_read(nodes) - {MARK})
            self.steps.append(Line(f"{first.name} = {text}", item.turns))
            self.holders[first.name] = -1

    def _named(self, value: int, wish: str, at: int, read: set[str]) -> str:
        """The variable for a value that wishes to be called so."""
        return self._free_name(wish or self.results.get(value, ""), at, read)

    def _taken(self, at: int) -> set[str]:
        """The variables that are read after item `at`."""
        taken = {name for name, v in self.holders.items() if v >= 0 and self.last[v] > at}
        return taken | {*self.numbers.sizes} | names_read([w.node for w in self.waiting])

    def _free_name(self, wish: str, at: int, read: set[str]) -> str:
        """A variable that holds nothing which is read after item `at`."""
        taken = self._taken(at) | read
        if wish:
            return local_name(wish, taken)
        return next((c for c in POOL if c not in taken), None) or local_name("value", taken)

    def _forward(self) -> list[str]:
        outputs = [port.value for port in self.graph.outputs]
        for w in list(self.waiting):
            if [w.value] != outputs or w.item.turns:
                self._flush(w)
        texts = [node.text() for node in (self.nodes[value] for value in outputs) if node]
        self.numbers.turns = ()
        lines = rolled(self.steps, self.numbers, forward=True)
        drawn = self._drawn()
        result = rolled([Line(f"return {', '.join(texts)}")], self.numbers, forward=True)[0]
        name, equals, text = lines[-1].partition(" = ") if lines else ("", "", "")
        if equals and name in POOL and result == f"return {name}":  # the last turn of a loop
            lines, result = lines[:-1], f"return {text}"
        sizes = [f"{name} = {text}" for name, text in self.numbers.sizes.items()]
        return [*sizes, *drawn, *lines, result]

    def _signature(self) -> tuple[str, ...]:
        """The arguments of `forward`; noise is drawn where it is not given."""
        return tuple(
            f"{name}=None" if self._is_drawn(at) else name for at, name in enumerate(self.inputs)
        )

    def _is_drawn(self, at: int) -> bool:
        first, port = self.graph.inputs[0], self.graph.inputs[at]
        return port.drawn is not None and first.drawn is None

    def _drawn(self) -> list[str]:
        """The statements that draw noise."""
        lines: list[str] = []
        for at, (port, name) in enumerate(zip(self.graph.inputs, self.inputs)):
            if self._is_drawn(at):
                first = self.inputs[0]
                dims = self.graph.types[port.value].dims
                sizes = [f"{first}.shape[0]", *map(self._size, dims)]
                kind = self.graph.types[self.graph.inputs[0].value].dtype
                like = f"device={first}.device"
                like += f", dtype={first}.dtype" if kind == "float32" else ""
                text = drawn_text(port.drawn, ", ".join(sizes), like)
                lines += [f"if {name} is None:", f"    {name} = {text}"]
        return lines

    def _size(self, d: Dim) -> str:
        if isinstance(d, int):
            return self.numbers.number(d, True)[0]
        parts, _ = self.numbers.size(d, (), self.graph.span)
        return "".join(p if isinstance(p, str) else p[0].text(p[1]) for p in parts)


def _called(owner: str, given: Sequence[Node]) -> Node:
    """`self.<place>(x, y)`."""
    parts: list[str | tuple[Node, int]] = [f"{MARK}{owner}{MARK}("]
    for node in given:
        parts += [*([", "] if len(parts) > 1 else []), (node, 0)]
    return Node((*parts, ")"), given[0].type, modules=1)
