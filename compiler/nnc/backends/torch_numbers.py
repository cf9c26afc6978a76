"""Numbers in one class: constructor parameters, what `forward` keeps of them, sizes of inputs."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.torch_layer import Parts
from nnc.backends.torch_names import ATOM, SIGN
from nnc.backends.torch_nodes import Node
from nnc.backends.torch_sizes import Shape, size_text
from nnc.backends.torch_text import constant, formula
from nnc.diagnostics import Refusal, rule
from nnc.ir.dims import Poly, show
from nnc.ir.graph import Graph, Item
from nnc.ir.known import Known, source_names
from nnc.ir.names import local_name, place_name

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
    """

    def __init__(self, graph: Graph, inputs: Sequence[str], locals: set[str]) -> None:
        self.graph, self.inputs, self.locals = graph, inputs, locals
        self.values = dict(graph.params)
        self.used: dict[str, str] = {}  # parameters of the constructor, by their names in the spec
        self.kept: dict[str, str] = {}  # attributes for those that `forward` reads, likewise
        self.sizes: dict[str, str] = {}  # variables that hold sizes of the inputs, with their text

    def keeps(self, value: object) -> bool:
        """The value is printed as an expression over parameters: it differs between instances."""
        if isinstance(value, (tuple, list)):
            return any(self.keeps(v) for v in value)
        names = source_names(value) if isinstance(value, Known) else ()
        return bool(names) and all(name in self.values for name in names)

    def number(self, value: object, forward: bool) -> tuple[str, int]:
        """A plain value's text in the constructor or in `forward`, and how tightly it binds.

        Raises:
            Refusal: it is a symbolic size.
        """
        if isinstance(value, Known) and self.keeps(value):
            return formula(value, self._attribute if forward else self._parameter)
        if isinstance(value, Poly):
            message = f"`{show(value)}` must be a number to build `{self.graph.name}`"
            raise Refusal(SIZE_NOT_KNOWN.at(self.graph.span, message))
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

    def size(self, size: Poly, inputs: Sequence[Node], item: Item) -> tuple[Parts, int]:
        """A symbolic size in `forward`, from a value at hand or from the graph's inputs.

        Raises:
            Refusal: they do not tell it.
        """
        for node in inputs:
            if size in node.type.dims:
                axis = node.type.dims.index(size) + 1
                return ((node, ATOM), f".shape[{axis}]"), ATOM
        shapes = [
            Shape(name, self.graph.types[port.value].dims)
            for name, port in zip(self.inputs, self.graph.inputs)
        ]
        found = size_text(size, shapes, self._size)
        if found is None:
            message = f"`{show(size)}` cannot be told from the input of `{self.graph.name}`"
            raise Refusal(SIZE_NOT_KNOWN.at(item.span, message))
        return (found[0],), found[1]

    def bound(self, count: int, extra: int, forward: bool) -> str:
        """The text of `count + extra`."""
        total = count + extra if self.keeps(count) else int(count) + extra
        return self.number(total, forward)[0]

    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The constructor's: sizes of the input first, as PyTorch has it, then as declared."""
        sizes = [
            d.source
            for port in self.graph.inputs
            for d in self.graph.types[port.value].dims
            if isinstance(d, Known) and isinstance(d.source, str)
        ]
        order = dict.fromkeys([*sizes, *self.values])
        return tuple((name, self.used[name]) for name in order if name in self.used)

    def stored(self) -> list[str]:
        """The constructor's lines that keep what `forward` reads."""
        return [f"self.{self.kept[name]} = {self.used[name]}" for name in self.kept]

    def _parameter(self, name: str) -> str:
        if name not in self.used:
            self.used[name] = local_name(name, self.used.values())
        return self.used[name]

    def _attribute(self, name: str) -> str:
        if name not in self.kept:
            self._parameter(name)
            places = {item.name for item in self.graph.items}
            self.kept[name] = place_name(name, places | set(self.kept.values()))
        return f"self.{self.kept[name]}"

    def _size(self, wish: str, text: str) -> str:
        known = next((name for name, t in self.sizes.items() if t == text), None)
        if known is None:
            known = local_name(wish, {*self.sizes, *self.inputs, *self.locals})
            self.sizes[known] = text
        return known
