"""Which domain each player of a gan of two domains makes or judges: its name says so."""

from __future__ import annotations

from nnc.check.gans.gan_rules import PLAYERS
from nnc.check.gans.players import player_name
from nnc.check.world import World
from nnc.record import Record
from nnc.syntax import ast


class Direction(Record):
    """The domain that a generator makes, or that a discriminator judges; "" without domains."""

    makes: str = ""
    judges: str = ""


def direct(
    world: World, players: list[ast.Player], domains: tuple[str, ...]
) -> dict[str, Direction] | None:
    """The direction of each player by name, None after a message."""
    if not domains:
        return {player_name(p): Direction() for p in players}
    found: dict[str, Direction] = {}
    for player in players:
        name, role = player_name(player), player.role.text
        named = [d for d in domains if name == d or name.endswith(f"_{d}")]
        if len(named) != 1:
            verb, begin = ("makes", "to") if role == "generator" else ("judges", "is")
            world.sink.add(
                PLAYERS.at(
                    (player.name or player.role).span,
                    f"`{name}` does not say which of the domains it {verb}",
                    help=f"name it after the domain: `{role} {begin}_{domains[0]}` or "
                    f"`{role} {begin}_{domains[1]}`",
                )
            )
            return None
        makes = named[0] if role == "generator" else ""
        found[name] = Direction(makes, "" if makes else named[0])
    for role, verb, begin in (("generator", "makes", "to"), ("discriminator", "judges", "is")):
        own = [getattr(d, verb) for d in found.values() if getattr(d, verb)]
        for domain in domains:
            if own.count(domain) != 1:
                message = f"no {role} {verb} `{domain}`"
                if own.count(domain) > 1:
                    message = f"two {role}s {verb.rstrip('s')} `{domain}`"
                last = [p for p in players if p.role.text == role]
                world.sink.add(
                    PLAYERS.at(
                        (last[-1].name or last[-1].role).span,
                        message,
                        help=f"two domains have two {role}s: `{role} {begin}_{domains[0]}` and "
                        f"`{role} {begin}_{domains[1]}`",
                    )
                )
                return None
    return found
