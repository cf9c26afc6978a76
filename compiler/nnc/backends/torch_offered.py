"""Which parameters of a network its PyTorch class may take: those that may have other values.

The text of a class is made from one value of each parameter; that it holds for others is not known
from the text. So the network is checked and written again with other values, and a parameter is
offered where that gives the same class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nnc.backends.torch_body import Written
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
    used = [param.spec for param in _program(whole)[1].params]
    names = tuple(name for name in numbers if name in used)
    others = {name: _others(name, numbers[name], variant) for name in names}
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


def _others(name: str, value: float, variant: Variant) -> list[Network]:
    """The network with other values of a parameter, as far as its check allows them."""
    found = (variant(name, other) for other in dict.fromkeys(_values(value)) if other != value)
    return [network for network in found if network is not None]


def _values(value: float) -> Iterator[float]:
    """Values to try: one that a kernel or a count of turns may take, one that groups divide."""
    if isinstance(value, int):
        yield from (int(value) + 1, 2 * int(value))
    else:
        yield from (float(value) / 2, float(value) + 0.125)


def _program(network: Network) -> Program:
    """What the network is written as, but for defaults and documentation."""
    classes = Classes(network)
    top = classes.write()
    params = tuple(replace(param, default="") for param in top.params)
    used = tuple((one.name, body) for body, one in classes.names.items())
    return used, replace(top, params=params)
