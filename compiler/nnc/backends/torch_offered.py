"""Which parameters of a network its PyTorch class may take: those that may have other values.

The text of a class is made from one value of each parameter; that it holds for others is not known
from the text. So the network is checked and written again with other values, and a parameter is
offered where that gives the same class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from nnc.backends.torch_class import Written
from nnc.backends.torch_source import Classes
from nnc.ir.graph import Network
from nnc.ir.known import Known, KnownReal
from nnc.record import replace

Variant = Callable[[str, float], Network | None]
"""Gives the network in which a parameter has a value, None where there is none."""

Program = tuple[tuple[tuple[str, Written], ...], Written]
"""All classes of a network with their names, its own without its parameters' defaults."""


def with_offered(network: Network, variant: Variant) -> Network:
    """The network, knowing which parameters its class offers.

    Raises:
        Refusal: a size that weights have is not known.
    """
    numbers = {n: v for n, v in network.graph.params if isinstance(v, Known | KnownReal)}
    if not numbers:
        return network
    whole = replace(network, offered=tuple(numbers))
    top = _program(whole)[1]
    names = tuple(param.spec for param in top.params)
    loops = " ".join(line for line in top.constructor if "range(" in line)
    counts = {param.spec for param in top.params if re.search(rf"\b{param.name}\b", loops)}
    others = {
        name: _others(name, _values(network, numbers[name], name in counts), variant)
        for name in names
    }
    while names:
        same = _program(replace(network, offered=names))
        right = tuple(
            name
            for name in names
            if others[name]
            and all(_program(replace(other, offered=names)) == same for other in others[name])
        )
        if right == names:
            break
        names = right
    return replace(network, offered=names)


def _others(name: str, values: Iterable[float], variant: Variant) -> list[Network]:
    """The network with these values of a parameter, as far as its check allows them."""
    found = (variant(name, value) for value in values)
    return [network for network in found if network is not None]


def _values(network: Network, value: float, count: bool) -> list[float]:
    """Values to try: one that a kernel or a count of turns may take, one that groups divide.

    Besides, for what is no count of turns, values that sizes may be equal to: an `if` may ask it.
    """
    if not isinstance(value, int):
        return [other for other in (float(value) / 2, float(value) + 0.125) if other != value]
    found = [int(value) + 1, 2 * int(value)]
    if not count:
        types = (network.graph.types[port.value] for port in network.graph.inputs)
        alike = (int(d) for type in types for d in type.dims[:1] if isinstance(d, int))
        found += [1, *alike]
    return [other for other in dict.fromkeys(found) if other != value]


def _program(network: Network) -> Program:
    """What the network is written as, but for defaults and documentation."""
    classes = Classes(network)
    top = classes.write()
    params = tuple(replace(param, default="") for param in top.params)
    used = tuple((one.name, body) for body, one in classes.names.items())
    return used, replace(top, params=params)
