"""Whether sizes of data and of a network fit, and both of them in words."""

from __future__ import annotations

from nnc.ir.graph import Network
from nnc.ir.plan import Profile
from nnc.ir.types import TensorType


def fits(have: TensorType, want: TensorType) -> bool:
    """Equal sizes where both are known."""
    return have.rank == want.rank and all(
        a == b or not isinstance(a, int) or not isinstance(b, int)
        for a, b in zip(have.dims, want.dims)
    )


def listing(network: Network, profile: Profile) -> tuple[str, ...]:
    """What the network reads and gives, and what the data have: notes of a message."""
    types = network.graph.types
    sides = ", ".join(f"{p.name} {types[p.value]}" for p in network.graph.fed)
    outs = ", ".join(f"{p.name} {types[p.value]}" for p in network.graph.outputs)
    fields = ", ".join(f"{f.name} {f.type} ({f.role}, {f.meaning})" for f in profile.fields)
    return (f"the network reads {sides} and gives {outs}", f"the data have {fields}")
