"""Arrays that a class holds itself, and how numbers are printed in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nnc.backends.torch_initial import Number, array
from nnc.backends.torch_nodes import MARK, Hole, Node
from nnc.ir.dims import Poly
from nnc.ir.initial import Weight
from nnc.source import Span

Parts = tuple[str | Hole, ...]


class Numbers(Protocol):
    """The class being written, as its layers see it: how a number is printed there."""

    def number(self, value: object, forward: bool) -> tuple[str, int]:
        """A plain value's text in the constructor or `forward`, and how tightly it binds."""
        ...

    def whole(self, value: object) -> str | None:
        """The parameter that several numbers are together."""
        ...

    def keeps(self, value: object) -> bool:
        """The value is printed as an expression, so it may differ where the class is used."""
        ...

    def size(self, size: Poly, inputs: Sequence[Node], span: Span) -> tuple[Parts, int]:
        """The text of a symbolic size in `forward`."""
        ...


def held(
    place: str, read: Sequence[str], weights: Sequence[Weight], number: Number, *, listed: bool
) -> list[str]:
    """The statements for the weights at a place, which is marked.

    Args:
        read: the names that `forward` reads: the place alone, "", is a source.
        listed: they may stand in an nn.ParameterDict.
    """
    if list(read) == [""]:
        (weight,) = weights
        if weight.role == "trained":
            return [f"{place} = nn.Parameter({array(weight, number)})"]
        return [f'self.register_buffer("{place.strip(MARK)}", {array(weight, number)})']
    if not read:
        return []
    names = [weight.name for weight in weights]
    trained = listed and all(weight.role == "trained" for weight in weights)
    if trained and names and names == sorted(names) and not any("." in n for n in names):
        arrays = [f'"{w.name}": {array(w, number)}' for w in weights]
        return [f"{place} = nn.ParameterDict({{{', '.join(arrays)}}})"]  # which sorts them
    lines = [f"{place} = nn.Module()"]
    homes = {""}
    for weight in weights:
        home, dot, name = weight.name.rpartition(".")
        if home not in homes:  # `out_proj.weight` stands in a module of its own
            homes.add(home)
            lines.append(f"{place}.{home} = nn.Module()")
        made = array(weight, number)
        if weight.role == "trained":
            lines.append(f"{place}.{weight.name} = nn.Parameter({made})")
        else:
            lines.append(f'{place}{dot}{home}.register_buffer("{name}", {made})')
    return lines
