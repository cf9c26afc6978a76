"""What players of a gan owe each other, before any data and any objective are known."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.gans.gan_rules import PLAYERS, SCORE
from nnc.check.gans.ganids import too_few
from nnc.check.world import World
from nnc.diagnostics import Label
from nnc.ir.gan import Gan, GanPlayer
from nnc.ir.graph import Network


def check_contracts(world: World, gan: Gan, networks: Mapping[str, Network]) -> None:
    """Reports scores that are none, roles that are swapped, and ids that no table holds."""
    if _swapped(world, gan, networks):
        return
    for player in gan.discriminators:
        _score(world, player, networks[player.network])
    for source in gan.sources:
        count = source.categories
        for problem in too_few(gan, networks, source.name, count, f"{count}"):
            world.sink.add(problem)


def _swapped(world: World, gan: Gan, networks: Mapping[str, Network]) -> bool:
    """A generator that gives one number, and a discriminator that gives more."""
    maker, judge = gan.generators[0], gan.discriminators[0]
    makes, gives = (networks[p.network].graph for p in (maker, judge))
    made, given = (graph.types[graph.outputs[0].value] for graph in (makes, gives))
    if made.dims != (1,) or given.dims == (1,):
        return False
    world.sink.add(
        PLAYERS.at(
            maker.span,
            f"`{maker.name}` makes one number, and `{judge.name}` gives {given}",
            others=(Label(judge.span, f"{given}"),),
            help="the two seem to stand in each other's place: the generator makes the sample, "
            "the discriminator one number",
        )
    )
    return True


def _score(world: World, player: GanPlayer, network: Network) -> None:
    """One number, or a map of one channel."""
    port = network.graph.outputs[0]
    type = network.graph.types[port.value]
    if type.dims == (1,) or (type.rank == 3 and type.dims[0] == 1):
        return
    help = "end with `conv(1, KERNEL)`, a map of scores, or with `flatten -> dense(1)`"
    if type.rank == 1:
        help = "end with `dense(1)`"
    elif type.rank == 3 and type.dims[1:] == (1, 1):
        help = "end with `conv(1, 1) -> flatten`"
    makers = [i for i in network.graph.items if port.value in i.outputs]
    world.sink.add(
        SCORE.at(
            makers[0].span if makers else port.span,
            f"`{player.name}` gives {type}, and a score is [1] or a map [1, h, w]",
            help=help,
        )
    )
