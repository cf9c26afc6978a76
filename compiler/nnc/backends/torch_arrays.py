"""Arrays that a class holds itself, and how numbers are printed in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nnc.backends.torch_nodes import Hole, Node
from nnc.backends.torch_text import constant, counted_text
from nnc.ir.dims import Poly
from nnc.ir.initial import (
    Counted,
    Fill,
    Frequencies,
    Normal,
    TruncatedNormal,
    Uniform,
    Values,
    Weight,
)
from nnc.source import Span

Parts = tuple[str | Hole, ...]


class Numbers(Protocol):
    """The class being written, as its layers see it: how a number is printed there."""

    def number(self, value: object, forward: bool) -> tuple[str, int]:
        """A plain value's text in the constructor or `forward`, and how tightly it binds."""
        ...

    def keeps(self, value: object) -> bool:
        """The value is printed as an expression, so it may differ where the class is used."""
        ...

    def size(self, size: Poly, inputs: Sequence[Node], span: Span) -> tuple[Parts, int]:
        """The text of a symbolic size in `forward`."""
        ...


def array_text(weight: Weight, numbers: Numbers) -> str:
    """The expression for an array that a class holds itself, as it starts in PyTorch."""
    sizes = ", ".join(numbers.number(d, False)[0] for d in weight.dims)
    shape = sizes or "()"
    integer = ", dtype=torch.int64" if weight.dtype == "int64" else ""
    if isinstance(weight.init, Values):
        flat = f"torch.tensor([{', '.join(constant(v) for v in weight.init.values)}])"
        return flat if len(weight.dims) == 1 else f"{flat}.reshape({shape})"
    if isinstance(weight.init, Counted | Frequencies):
        return counted_text(weight.init, shape, len(weight.dims))
    if not weight.name and isinstance(weight.init, Normal | TruncatedNormal):
        std, mean = weight.init.std, weight.init.mean
        drawn = f"torch.randn({shape})"
        drawn = drawn if std == 1 else f"{constant(std)} * {drawn}"
        return f"{constant(mean)} + {drawn}" if mean else drawn
    if not weight.name and isinstance(weight.init, Uniform):
        low, high = constant(weight.init.low), constant(weight.init.high)
        return f"torch.empty({shape}).uniform_({low}, {high})"
    start = weight.init.value if isinstance(weight.init, Fill) else None
    if start is None:
        return f"torch.randn({shape})"
    if start in (0, 1):
        return f"torch.{'ones' if start else 'zeros'}({shape}{integer})"
    comma = "," if len(weight.dims) == 1 else ""
    return f"torch.full(({sizes}{comma}), {constant(start)}{integer})"
