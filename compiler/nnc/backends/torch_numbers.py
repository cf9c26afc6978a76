"""Numbers in one class: constructor parameters, what `forward` keeps of them, sizes of inputs."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.torch_arrays import Parts
from nnc.backends.torch_counted import COUNTER
from nnc.backends.torch_labels import labels
from nnc.backends.torch_names import ATOM, SIGN
from nnc.backends.torch_nodes import NUMBER, Node
from nnc.backends.torch_sizes import Shape, size_text
from nnc.backends.torch_text import constant, formula
from nnc.diagnostics import Refusal, rule
from nnc.ir.dims import Poly, show
from nnc.ir.graph import Graph, Turn
from nnc.ir.known import Known, KnownReal
from nnc.ir.names import local_name, place_name
from nnc.ir.sources import Source, counters, names
from nnc.source import Span

SIZE_NOT_KNOWN = rule(
    "NN551",
    "size-not-known",
    """
A size that weights have must be a number before a network is built. This one depends on data that
was not opened (`digits.classes`), or on a size that only an input tells (`input image: [3, H, W]`).
Name the data, set the size (`--set data.digits.classes=10`), or write a number.
""",
)


class Numbers:
    """Prints the numbers of one graph, and notes which parameters its class needs.

    Args:
        inputs: the names of the arguments of `forward`.
        locals: names that variables of `forward` may get, which sizes must not take.
        offered: the parameters that may be the constructor's; None: all. Others are plain numbers.
    """

    def __init__(
        self,
        graph: Graph,
        inputs: Sequence[str],
        locals: set[str],
        offered: Sequence[str] | None = None,
    ) -> None:
        self.graph, self.inputs, self.locals = graph, inputs, locals
        self.shapes = [
            Shape(name, type.dims, int(not type.fixed))
            for name, port in zip(inputs, graph.inputs)
            for type in (graph.types[port.value],)
        ]
        self.values = {n: v for n, v in graph.params if offered is None or n in offered}
        self.labels = labels(graph)
        self.used: dict[str, str] = {}  # parameters of the constructor, by their names in the spec
        self.kept: dict[str, str] = {}  # attributes for those that `forward` reads, likewise
        self.sizes: dict[str, str] = {}  # variables that hold sizes of the inputs, with their text
        self.least: dict[str, int] = {}  # counts of turns that parameters tell, with their least
        self.turns: tuple[Turn, ...] = ()  # of the item that is being written
        self.sources: dict[str, Source] = {}  # of numbers in loops, by their marks
        self.levels: dict[str, int] = {}  # how tightly these must bind
        taken = {*self.values, *inputs, *locals}
        self.counter = next((c for c in "ijkn" if c not in taken), None) or local_name("i", taken)

    def whole(self, value: object) -> str | None:
        """The parameter that several numbers are together: `kernel` where it is (1, 7)."""
        if not isinstance(value, tuple) or not value:
            return None
        return next((name for name, known in self.values.items() if known is value), None)

    def keeps(self, value: object) -> bool:
        """The value is printed as an expression over parameters: it differs between instances."""
        if self.whole(value) is not None:
            return True
        if isinstance(value, (tuple, list)):
            return any(self.keeps(v) for v in value)
        if not isinstance(value, Known | KnownReal):
            return False
        read = names(value.source)
        inside = {turn.loop for turn in self.turns}
        known = {
            *self.values,
            *(name for name, loop, *_ in counters(value.source) if loop in inside),
        }
        return bool(read) and all(name in known for name in read)

    def number(self, value: object, forward: bool) -> tuple[str, int]:
        """A plain value's text in the constructor or in `forward`, and how tightly it binds.

        Raises:
            Refusal: it is a symbolic size.
        """
        name = self.whole(value)
        if name is not None:
            return self._attribute(name) if forward else self._parameter(name), ATOM
        source = value.source if isinstance(value, Known | KnownReal) else None
        if source is not None and self.keeps(value):
            text, level = formula(source, self._attribute if forward else self._parameter)
            return (self._marked(source, level * forward) if self.turns else text), level
        if isinstance(value, Poly):
            message = f"`{show(value)}` must be a number to build `{self.graph.name}`"
            raise Refusal(SIZE_NOT_KNOWN.at(self.graph.span, message))
        if isinstance(value, int) and not isinstance(value, bool) and self.turns:
            level = SIGN if value < 0 else ATOM
            return self._marked(int(value), level * forward), level
        if value is None or isinstance(value, (bool, int, float, str)):
            text = constant(value)
            return text, SIGN if text.startswith("-") else ATOM
        if isinstance(value, (tuple, list)):
            inside = ", ".join(self.number(v, forward)[0] for v in value)
            return f"({inside}{',' if len(value) == 1 else ''})", ATOM
        raise TypeError(f"{value!r} has no place in generated source")

    def plain(self, value: object) -> str:
        """A value's literal, its source forgotten; "" for what has none."""
        return constant(value) if isinstance(value, (bool, int, float, str)) else ""

    def size(self, size: Poly, inputs: Sequence[Node], span: Span) -> tuple[Parts, int]:
        """A symbolic size in `forward`, from a value at hand or from the graph's inputs.

        Raises:
            Refusal: they do not tell it.
        """
        for node in inputs:
            if size in node.type.dims:
                axis = node.type.dims.index(size) + (not node.type.fixed)
                return ((node, ATOM), f".shape[{axis}]"), ATOM
        found = size_text(size, self.shapes, self._size)
        if found is None:
            message = f"`{show(size)}` cannot be told from the input of `{self.graph.name}`"
            raise Refusal(SIZE_NOT_KNOWN.at(span, message))
        return (found[0],), found[1]

    def text(self, source: Source, forward: bool, level: int = 0) -> str:
        """A number's source, in brackets where it binds less tightly."""
        text, binds = formula(source, self._attribute if forward else self._parameter)
        return f"({text})" if binds < level else text

    def _marked(self, source: Source, level: int) -> str:
        """A number in a loop: what stands there is decided when all turns are known."""
        known = {(repr(s), self.levels[mark]): mark for mark, s in self.sources.items()}
        mark = known.get((repr(source), level), str(len(known)))
        self.sources[mark], self.levels[mark] = source, level
        return f"{NUMBER}{mark}{NUMBER}"

    def bound(self, count: int, extra: int, forward: bool) -> str:
        """The text of `count + extra`."""
        total = count + extra if self.keeps(count) else int(count) + extra
        return self.number(total, forward)[0]

    def claim(self, count: int, least: int) -> None:
        """The class is right for a count from `least` on."""
        source = count.source if isinstance(count, Known) else int(count)
        while isinstance(source, tuple) and source[0] in "+-" and isinstance(source[2], int):
            least += source[2] if source[0] == "-" else -source[2]
            source = source[1]
        text = self.text(source, forward=False)
        self.least[text] = max(self.least.get(text, 0), least)

    def claims(self) -> list[str]:
        """The constructor's lines that hold it to what its loops need."""
        return [f"assert {text} >= {least}" for text, least in self.least.items() if least > 0]

    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The constructor's."""
        order = parameter_order(self.graph)
        return tuple((name, self.used[name]) for name in order if name in self.used)

    def stored(self) -> list[str]:
        """The constructor's lines that keep what `forward` reads."""
        return [f"self.{self.kept[name]} = {self.used[name]}" for name in self.kept]

    def _parameter(self, name: str) -> str:
        if name == COUNTER:
            return self.counter
        if name not in self.values:
            return name  # a counter, whose number is put in later
        if name not in self.used:
            self.used[name] = local_name(self.labels.get(name, name), self.used.values())
        return self.used[name]

    def _attribute(self, name: str) -> str:
        if name not in self.values:
            return self._parameter(name)
        if name not in self.kept:
            self._parameter(name)
            places = {item.name for item in self.graph.items}
            self.kept[name] = place_name(
                self.labels.get(name, name), places | set(self.kept.values())
            )
        return f"self.{self.kept[name]}"

    def _size(self, wish: str, text: str) -> str:
        known = next((name for name, t in self.sizes.items() if t == text), None)
        if known is None:
            known = local_name(wish, {*self.sizes, *self.inputs, *self.locals})
            self.sizes[known] = text
        return known


def parameter_order(graph: Graph) -> list[str]:
    """A constructor's parameters: sizes of a block's input, as in PyTorch, then as declared."""
    sizes = [
        d.source
        for port in graph.inputs
        for d in graph.types[port.value].dims
        if isinstance(d, Known) and isinstance(d.source, str)
    ]
    sizes = [name for name in sizes if name not in graph.declared]
    return list(dict.fromkeys([*sizes, *graph.declared, *(name for name, _ in graph.params)]))
