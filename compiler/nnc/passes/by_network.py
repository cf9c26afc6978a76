"""A gan's plan as a plan for each of its players."""

from __future__ import annotations

from nnc.ir.plan import Phase, TrainPlan
from nnc.record import replace


def by_network(plan: TrainPlan) -> tuple[TrainPlan, ...]:
    """A plan for each network that it trains: those of a gan have one for each player."""
    gan = plan.gan
    if gan is None:
        return (plan,)
    clips = gan.clips or ((),) * len(gan.groups)
    return tuple(
        replace(
            plan,
            network=player.network,
            players=tuple(each for each in plan.players if each.name == player.name),
            phases=(Phase(player.name, (), groups),),
            clips=own,
            frozen=gan.frozen_of(player.name),
            gan=None,
        )
        for player, groups, own in zip(gan.gan.players, gan.groups, clips)
    )
