"""Symbolic sizes inside the graph, computed from the inputs' shapes where they are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nnc.backends.onnx_values import Shape, Tensor, Value
from nnc.ir.dims import Dim, Floor, Mono, Poly, show, symbols

BATCH = ""  # stands for the number of samples among sizes; no symbol is called so

MakeNode = Callable[..., Value]
MakeInts = Callable[[Sequence[int]], Tensor]


class SizeUnknown(Exception):
    """A size that no input tells."""


class Sizes:
    """Makes int64 tensors of sizes; each is computed once.

    Args:
        node: makes a node of a kind with inputs, a wished name and attributes.
        ints: makes (or finds) a constant.
        inputs: the graph's inputs.
    """

    def __init__(self, node: MakeNode, ints: MakeInts, inputs: Sequence[Value]) -> None:
        self.node = node
        self.constant = ints
        self.inputs = inputs
        self.found: dict[Dim | str, Value] = {}
        self.joined: dict[tuple[Dim | str, ...], Value] = {}

    def inside(self, inputs: Sequence[Value]) -> Sizes:
        """Those of a part with other samples; symbols are told by the same inputs."""
        made = Sizes(self.node, self.constant, [*inputs, *self.inputs])
        made.found = {d: value for d, value in self.found.items() if d != BATCH}
        return made

    def one(self, d: Dim | str) -> Value:
        """A size as a tensor [1]; BATCH is the number of samples.

        Raises:
            SizeUnknown: no input tells it.
        """
        if isinstance(d, int):
            return self.constant([d])
        if d not in self.found:
            self.found[d] = self._symbol(d) if isinstance(d, str) else self._polynomial(d)
        return self.found[d]

    def many(self, dims: Sequence[Dim | str]) -> Value:
        """Several sizes as one tensor [n]; neighbouring numbers become one constant."""
        if all(isinstance(d, int) for d in dims):
            return self.constant([int(d) for d in dims if isinstance(d, int)])
        key = tuple(dims)
        if key in self.joined:
            return self.joined[key]
        parts: list[Value] = []
        numbers: list[int] = []
        for d in dims:
            if isinstance(d, int):
                numbers.append(int(d))
                continue
            if numbers:
                parts.append(self.constant(numbers))
                numbers = []
            parts.append(self.one(d))
        if numbers:
            parts.append(self.constant(numbers))
        text = ",".join(show(d) if not isinstance(d, str) else d or "batch" for d in dims)
        made = parts[0] if len(parts) == 1 else self._make("Concat", *parts, name=text, axis=0)
        self.joined[key] = made
        return made

    def reshape(self, x: Value | None, shape: Shape) -> Value:
        """The second input of Reshape: constant where 0 (as in `x`) and -1 (the rest) suffice."""
        dims = shape.dims
        mixed: list[Dim | str] = [BATCH, *dims]
        if all(isinstance(d, int) for d in dims):
            mixed[0] = -1
            return self.many(mixed)
        if x is not None and x.known is not None and x.batched:
            mixed[0] = 0
            for axis, d in enumerate(x.known.dims[: len(dims)], start=1):
                if not isinstance(d, int) and mixed[axis] == d:
                    mixed[axis] = 0
        unknown = [axis for axis, d in enumerate(mixed) if not isinstance(d, int)]
        if unknown:
            mixed[unknown[0]] = -1
        return self.many(mixed)

    def _make(self, kind: str, *inputs: Value, name: str, **attributes: object) -> Value:
        return self.node(kind, inputs, f"sizes/{name}", **attributes)

    def _symbol(self, name: str) -> Value:
        if name == BATCH:
            first = next((x for x in self.inputs if x.batched), None)
            if first is None:
                raise SizeUnknown("the network has no input that tells the batch size")
            return self._make("Shape", first, name="batch", start=0, end=1)
        told = [
            (line, x, axis)
            for x in self.inputs
            for axis, d in enumerate(x.type.dims, start=int(x.batched))
            if (line := _line(d, name)) is not None
        ]
        if not told:
            raise SizeUnknown(f"no input tells the size {name}")
        (factor, const), x, axis = next((t for t in told if t[0] == (1, 0)), told[0])
        size = self._make("Shape", x, name=name, start=axis, end=axis + 1)
        if const:
            size = self._make("Sub", size, self.constant([const]), name=name)
        return size if factor == 1 else self._make("Div", size, self.constant([factor]), name=name)

    def _polynomial(self, d: Poly) -> Value:
        if d.terms == ((d.terms[0][0], 1),) and not d.const and len(d.terms[0][0]) == 1:
            return self._atom(d.terms[0][0][0])
        total: Value | None = self.constant([d.const]) if d.const else None
        for mono, coef in d.terms:
            term = self._product(mono, coef)
            total = term if total is None else self._make("Add", term, total, name=show(d))
        assert total is not None
        return total

    def _product(self, mono: Mono, coef: int) -> Value:
        made = self._atom(mono[0])
        for atom in mono[1:]:
            made = self._make("Mul", made, self._atom(atom), name="product")
        return made if coef == 1 else self._make("Mul", made, self.constant([coef]), name="product")

    def _atom(self, atom: str | Floor) -> Value:
        if isinstance(atom, str):
            return self.one(atom)
        key = Poly((((atom,), 1),), 0)
        if key not in self.found:
            inner, by = self.one(atom.inner), self.constant([atom.by])
            if atom.inner.const < 0 or any(coef < 0 for _, coef in atom.inner.terms):
                rest = self._make("Mod", inner, by, name=atom.text)  # Div rounds towards zero
                inner = self._make("Sub", inner, rest, name=atom.text)
            self.found[key] = self._make("Div", inner, by, name=atom.text)
        return self.found[key]


def _line(d: Dim, name: str) -> tuple[int, int] | None:
    """(a, b) where the size is a * name + b; None where it is something else."""
    if isinstance(d, int) or symbols(d) != {name} or len(d.terms) != 1:
        return None
    mono, coef = d.terms[0]
    return (coef, d.const) if mono == (name,) else None
