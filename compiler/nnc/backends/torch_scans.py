"""The class of a scan: its steps one after the other in a loop, or all at once without a state."""

from __future__ import annotations

from nnc.backends.torch_body import Body, ClassOf
from nnc.backends.torch_class import Written
from nnc.backends.torch_loops import Line, rolled
from nnc.backends.torch_names import ATOM
from nnc.backends.torch_sizes import Shape
from nnc.backends.torch_text import constant, type_text
from nnc.ir.graph import Port, Scan
from nnc.ir.names import local_name


def scan_written(op: Scan, class_of: ClassOf) -> Written:
    """The class of a scan; `class_of` gives those of the graphs that its steps call.

    `forward` takes what the scan's item takes: the values that are taken apart along axis 1, values
    that states start from, and what is the same at each step.
    """
    return ScanBody(op, class_of).write()


class ScanBody(Body):
    """Writes the body of a scan.

    Without states each step is a sample of its own, and no loop is needed.
    """

    def __init__(self, op: Scan, class_of: ClassOf) -> None:
        super().__init__(op.graph, class_of, None, rename=False)
        self.op = op
        ports, count = op.graph.inputs, op.stepped
        states = ports[count : count + len(op.starts)]
        self.states = dict(zip((port.value for port in states), op.starts))
        self.nexts = [port.value for port in op.graph.outputs[op.results :]]
        names = dict(zip((port.value for port in ports), self.inputs))
        self.state_names = [names[port.value] for port in states]
        self.single = self.inputs[:count]  # one step of each
        self.reserved: set[str] = set()
        self.whole = [self._reserve(f"{name}s") for name in self.single]
        self.lists = [self._reserve(f"{port.name}s") for port in op.graph.outputs[: op.results]]
        self.same = [(names[p.value], p) for p in ports[count + len(op.starts) :]]
        given = [n for n, start in zip(self.state_names, op.starts) if start is None]
        self.arguments = (*self.whole, *given, *(name for name, _ in self.same))
        self._measure(ports)
        for position, value in enumerate(self.nexts):
            self.results.setdefault(value, self.state_names[position])
        if op.starts:  # what each turn reads is never written over
            self.reserved |= {name for name, _ in self.same}

    def _reserve(self, wish: str) -> str:
        name = local_name(wish, {*self.inputs, *self.reserved})
        self.reserved.add(name)
        return name

    def _measure(self, ports: tuple[Port, ...]) -> None:
        """Sizes are told by the arguments of `forward`."""
        types = self.graph.types
        seen = [
            Shape(name, (self.op.length, *types[port.value].dims))
            for name, port in zip(self.whole, ports)
        ]
        seen += [
            Shape(name, types[port.value].dims, int(not types[port.value].fixed))
            for name, port in self.same
        ]
        for port, name, start in zip(ports[len(self.whole) :], self.state_names, self.op.starts):
            if start is None:
                seen.append(Shape(name, types[port.value].dims))
        self.numbers.shapes = seen
        self.numbers.locals = self.numbers.locals | self.reserved

    def _is_chain(self) -> bool:
        return False

    def _signature(self) -> tuple[str, ...]:
        return (*self.arguments, *(f"{name}=None" for name in self.carried))

    @property
    def carried(self) -> list[str]:
        """The states that may be handed in, and are given last."""
        if not self.op.carries:
            return []
        return [n for n, start in zip(self.state_names, self.op.starts) if start is not None]

    def _taken(self, at: int) -> set[str]:
        return super()._taken(at) | self.reserved

    def _named(self, value: int, wish: str, at: int, read: set[str]) -> str:
        """What a state is next takes the state's name, once nothing reads the state any more."""
        if value in self.nexts:
            state = self.state_names[self.nexts.index(value)]
            if state not in self._taken(at) | read:
                return state
        return super()._named(value, wish, at, read)

    def _forward(self) -> list[str]:
        values = [port.value for port in self.graph.outputs]
        alone = values[0] if len(values) == 1 else -1
        for w in list(self.waiting):
            if w.value != alone or w.item.turns:
                self._flush(w)
        nodes = [node for value in values if (node := self.nodes[value]) is not None]
        self.numbers.turns = ()
        lines = rolled(self.steps, self.numbers, forward=True)
        starts = self._starts()
        if self.op.starts:
            texts = [self._placed(node.text()) for node in nodes]
            body = [*lines, *self._turn(texts)]
            ends = [f"torch.stack({name}, dim=1)" for name in self.lists]
            ends += self.state_names if self.op.gives else []
            ends += self.carried
            loop = [*(f"{name} = []" for name in self.lists), self._loop()]
            made = [*starts, *loop, *("    " + line for line in body)]
        else:
            first = self.whole[0]
            texts = [self._placed(node.text(ATOM)) for node in nodes]
            ends = [f"{text}.unflatten(0, {first}.shape[:2])" for text in texts]
            made = [*self._folded(), *lines]
        sizes = [f"{name} = {text}" for name, text in self.numbers.sizes.items()]
        return [*sizes, *made, f"return {', '.join(ends)}"]

    def _placed(self, text: str) -> str:
        """The text with places written out."""
        return rolled([Line(text)], self.numbers, forward=True)[0]

    def _loop(self) -> str:
        parts = [f"{name}.unbind(1)" for name in self.whole]
        over = parts[0] if len(parts) == 1 else f"zip({', '.join(parts)})"
        return f"for {', '.join(self.single)} in {over}:"

    def _turn(self, texts: list[str]) -> list[str]:
        """The end of a turn: results are kept, states become what they are next."""
        count = self.op.results
        kept = [f"{name}.append({text})" for name, text in zip(self.lists, texts)]
        moved = [(n, t) for n, t in zip(self.state_names, texts[count:]) if n != t]
        if moved:
            left, right = (", ".join(side) for side in zip(*moved))
            kept.append(f"{left} = {right}")
        return kept

    def _starts(self) -> list[str]:
        """The statements that make what states start from."""
        lines: list[str] = []
        first = self.whole[0]
        for name, (value, start) in zip(self.state_names, self.states.items()):
            if start is None:
                continue
            sizes = ", ".join([f"{first}.shape[0]", *map(self._size, self.graph.types[value].dims)])
            comma = "" if self.graph.types[value].dims else ","
            if self.graph.types[self.graph.inputs[0].value].dtype == "float32":
                made = f"{first}.new_zeros({sizes})"
                if start:
                    made = f"{first}.new_full(({sizes}{comma}), {constant(start)})"
            else:  # ids: what the states start from is no id
                made = f"torch.zeros({sizes}, device={first}.device)"
                if start:
                    made = f"torch.full(({sizes}{comma}), {constant(start)}, device={first}.device)"
            if name in self.carried:
                lines += [f"if {name} is None:", f"    {name} = {made}"]
            else:
                lines.append(f"{name} = {made}")
        return lines

    def _folded(self) -> list[str]:
        """The statements that make a sample of each step."""
        lines = [f"{one} = {all}.flatten(0, 1)" for one, all in zip(self.single, self.whole)]
        for name, port in self.same:
            if not self.graph.types[port.value].fixed:
                steps = f"{self.whole[0]}.shape[1]"
                lines.append(f"{name} = {name}.repeat_interleave({steps}, dim=0)")
        return lines


def about_scan(ops: list[Scan]) -> list[str]:
    """What the class of a scan does, its shapes where all uses share them."""
    said = {_shapes(op) for op in ops}
    shapes = f": {said.pop()}" if len(said) == 1 else ""
    if ops[0].starts:
        return [f"The steps along axis 1, one after the other{shapes}."]
    return [f"Each step along axis 1 for itself, as a sample{shapes}."]


def _shapes(op: Scan) -> str:
    graph, count = op.graph, op.stepped
    texts = [(port.name, type_text(graph.types[port.value])) for port in graph.inputs]
    states = texts[count : count + len(op.starts)]
    read = ", ".join(text for _, text in [*texts[:count], *texts[count + len(op.starts) :]])
    kept = "".join(f", state {name} {text}" for name, text in states)
    made = ", ".join(type_text(graph.types[port.value]) for port in graph.outputs[: op.results])
    return f"{read}{kept} -> {made}"
