"""A network of a checked file with another value of one of its parameters."""

from __future__ import annotations

from collections.abc import Callable

from nnc.check.overrides import Override
from nnc.check.program import Checked, check_source
from nnc.ir.graph import Network
from nnc.source import Source

Variant = Callable[[str, float], Network | None]
"""Gives the network in which a parameter has a value, None where the check refuses it."""


def variant(checked: Checked, network: str) -> Variant:
    """The variants of a network of the file, as `--set NETWORK.PARAMETER=VALUE` makes them.

    Sizes that data told are those of `checked`; no data is opened.
    """
    text = Source(checked.source.name, checked.resolved)

    def found(param: str, value: float) -> Network | None:
        override = Override(f"{network}.{param}", Source("<command line>", repr(value)))
        again = check_source(text, overrides=(override,))
        return None if again.errors else again.networks.get(network)

    return found
