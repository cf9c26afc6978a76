"""The players of a plan, built from the PyTorch source that is written for their networks."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.backends.arrays import Array
from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.ir.graph import Network
from nnc.ir.plan import TrainPlan
from nnc.ir.walk import weight_table
from nnc.passes.carrying import carriers
from nnc.train.wiring import Member


def members(
    plan: TrainPlan,
    networks: Mapping[str, Network],
    weights: Mapping[str, Mapping[str, Array]] | None = None,
) -> tuple[Member, ...]:
    """A member for each player, on the CPU.

    Args:
        networks: by name, their sizes known.
        weights: by player; the others start from the plan's seed.

    Raises:
        Refusal: a size is not known, or an initial distribution does not fit its weight.
        ValueError: the plan asks for what no engine does yet.
    """
    given = weights or {}
    made = []
    for player in plan.players:
        if player.ema:
            raise ValueError(f"{player.name} asks for averaged weights")
        network = networks[player.network]
        arrays = given.get(player.name)
        if arrays is None:
            arrays = initial_weights(weight_table(network), plan.seed)
        graph = network.graph
        made.append(
            Member(
                player.name,
                build(network, arrays),
                tuple(port.name for port in graph.fed),
                tuple(port.name for port in graph.outputs),
                carriers(network),
            )
        )
    return tuple(made)
