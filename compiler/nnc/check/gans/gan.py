"""`gan NAME { }`: sources, then generators, then the discriminators that see what those make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from nnc.check.gans.contracts import check_contracts
from nnc.check.gans.directions import Direction, direct
from nnc.check.gans.gan_rules import PLAYER_INPUT, PLAYER_TYPES, PLAYERS
from nnc.check.gans.gansources import read_sources
from nnc.check.gans.players import Playing, Shown, assigned, built, called, matched, player_name
from nnc.check.networks import parameters
from nnc.check.overrides import Override
from nnc.check.scope import Scope
from nnc.check.world import World
from nnc.diagnostics import Label
from nnc.ir.dims import Dim, substitute
from nnc.ir.gan import Gan, GanPlayer
from nnc.ir.graph import Network
from nnc.ir.types import TensorType
from nnc.record import Record
from nnc.syntax import ast

ROLES = ("generator", "discriminator")


class GanMade(Record):
    """A gan and the networks of its players; `gan` is None after a message."""

    gan: Gan | None
    networks: dict[str, Network]


class Made(Record):
    """What a generator makes: under which name, of which type, in the sizes of the gan."""

    player: ast.Player
    name: str
    type: TensorType


def check_gan(
    world: World,
    gan: ast.Gan,
    callable: Mapping[str, ast.Network],
    overrides: Mapping[str, Override],
) -> GanMade:
    """The gan and its players' networks."""
    before = world.sink.errors
    world.start_network()
    scope = Scope(world.home(gan.span).scope)
    params = parameters(world, gan, scope, overrides, {})
    # Sizes that domains name belong to each player's network: the gan's own scope keeps none.
    sources = {s.name: s for s in read_sources(world, gan, Scope(scope))}
    players = [item for item in gan.items if isinstance(item, ast.Player)]
    if not _complete(world, gan, players) or world.sink.errors > before:
        return GanMade(None, {})
    playing = Playing(gan, scope, params, sources, overrides)
    directions = direct(
        world, players, tuple(s.name for s in sources.values() if s.kind == "domain")
    )
    if directions is None:
        return GanMade(None, {})
    checked, networks = _players(world, playing, players, directions, callable)
    if checked is None or world.sink.errors > before:
        return GanMade(None, networks)
    made = Gan(gan.name.text, tuple(sources.values()), checked, gan.doc, gan.span)
    _unread(world, made)
    check_contracts(world, made, networks)
    return GanMade(made if world.sink.errors == before else None, networks)


def _players(
    world: World,
    playing: Playing,
    players: list[ast.Player],
    directions: dict[str, Direction],
    callable: Mapping[str, ast.Network],
) -> tuple[tuple[GanPlayer, ...] | None, dict[str, Network]]:
    """The players, generators first while checking, in the order written."""
    found: dict[str, GanPlayer] = {}
    networks: dict[str, Network] = {}
    made: list[Made] = []
    for player in sorted(players, key=lambda p: ROLES.index(p.role.text)):
        name = player_name(player)
        network, reads = _network(world, playing, player, directions[name], made, callable)
        role: Literal["generator", "discriminator"] = "discriminator"
        if player.role.text == "generator":
            role = "generator"
        one, env = None, None
        if network is not None and reads is not None:
            networks[network.name] = network
            first = network.graph.outputs[0].name
            reads = _paired(playing, reads, network, made)
            makes, judges = directions[name].makes, directions[name].judges
            one = GanPlayer(name, role, network.name, reads, first, makes, judges, player.role.span)
            env = _sizes(world, playing, one, network, made)
        if network is not None and one is not None and env is not None:
            found[name] = one
            out = network.graph.types[network.graph.outputs[0].value]
            type = out.with_dims(*(substitute(d, env) for d in out.dims))
            if role == "generator" and _makes_domain(world, playing, one, type):
                made.append(Made(player, one.output, type))
        if role == "generator" and (not made or made[-1].player is not player):
            return None, networks  # what the others read is unknown
    whole = len(found) == len(players)
    return tuple(found[player_name(p)] for p in players) if whole else None, networks


def _paired(
    playing: Playing, reads: tuple[str, ...], network: Network, made: list[Made]
) -> tuple[str, ...]:
    """What a player reads: "pair" where its one input has the channels of condition and picture."""
    if reads != ("made",) or not made:
        return reads
    want = network.graph.types[network.graph.fed[0].value]
    joined = _joined(playing, made)
    fits = joined is not None and want.rank == 3 and want.dims[0] == joined.dims[0]
    return ("pair",) if fits and want.dims[0] != made[0].type.dims[0] else reads


def _joined(playing: Playing, made: list[Made]) -> TensorType | None:
    """A condition that is a picture, and what is made behind it; None without one."""
    own = made[0].type
    for source in playing.sources.values():
        type = source.type
        picture = source.kind == "condition" and type.dtype == own.dtype
        if picture and type.rank == own.rank == 3 and type.dims[1:] == own.dims[1:]:
            return own.with_dims(type.dims[0] + own.dims[0], *own.dims[1:])
    return None


def _network(
    world: World,
    playing: Playing,
    player: ast.Player,
    direction: Direction,
    made: list[Made],
    callable: Mapping[str, ast.Network],
) -> tuple[Network | None, tuple[str, ...] | None]:
    """A player's network, and what its inputs read; None after a message."""
    role = player.role.text
    able = tuple(s for s in playing.feeds(role) if s != direction.makes)
    if role == "discriminator":
        able = tuple(s for s in able if playing.sources[s].kind == "condition")
    if player.body is None:
        network = called(world, playing, player, callable)
        reads = None if network is None else assigned(world, playing, player, network, able)
        return network, reads
    start = able[0] if role == "generator" and len(able) == 1 else ""
    shown = Shown(made[0].name, made[0].type) if role == "discriminator" else None
    network, told = built(world, playing, player, start, shown)
    if network is not None and any(r not in (*playing.sources, "made") for r in told):
        return network, assigned(world, playing, player, network, able)
    return network, told


def _sizes(
    world: World, playing: Playing, player: GanPlayer, network: Network, made: list[Made]
) -> dict[str, Dim] | None:
    """What the sizes of a player's network stand for in the gan; None after a message."""
    env: dict[str, Dim] = {}
    for port, read in zip(network.graph.fed, player.reads):
        want = network.graph.types[port.value]
        if read in ("made", "pair"):
            where, what = made[0].player.role.span, player_name(made[0].player)
            joined = _joined(playing, made) if read == "pair" else None
            have = joined or made[0].type
            said = f"`{player.name}` reads {want}, and `{what}` makes {have}"
        else:
            have, where = playing.sources[read].type, playing.sources[read].span
            said = f"`{player.name}` reads {want}, and `{read}` is {have}"
        if not matched(want, have, env):
            rule = PLAYER_TYPES if read == "made" else PLAYER_INPUT
            world.sink.add(
                rule.at(
                    player.span,
                    said,
                    others=(Label(where, f"{have}"),),
                    help=_bring(have, want, what)
                    if read == "made"
                    else f"write `{playing.sources[read].kind} {read}: {want}`",
                )
            )
            return None
    return env


def _bring(have: TensorType, want: TensorType, maker: str) -> str:
    """How what is made comes to the size that is read."""
    if have.rank == want.rank == 3:
        if have.dims[1:] == want.dims[1:]:
            return f"let `{maker}` end with {want.dims[0]} channels"
        pairs = [(a, b) for a, b in zip(have.dims[1:], want.dims[1:])]
        if all(isinstance(a, int) and isinstance(b, int) for a, b in pairs):
            ratios = {b / a for a, b in pairs if isinstance(a, int) and isinstance(b, int)}
            (ratio,) = ratios if len(ratios) == 1 else (0.0,)
            for steps in range(1, 7):
                layer = "conv_transpose(CHANNELS, 4, stride=2, padding=1)"
                times = "one more" if steps == 1 else f"{steps} more"
                if ratio == 2**steps:
                    return f"`{maker}` needs {times} `{layer}`"
                if ratio == 0.5**steps:
                    fewer = "one" if steps == 1 else f"{steps}"
                    return f"`{maker}` has {fewer} `{layer}` too many"
    return "both and the data are of one type"


def _makes_domain(world: World, playing: Playing, player: GanPlayer, type: TensorType) -> bool:
    """Whether a generator between domains makes what they hold."""
    if not player.makes:
        return True
    domain = playing.sources[player.makes]
    if type.dims == domain.type.dims:
        return True
    world.sink.add(
        PLAYER_TYPES.at(
            player.span,
            f"`{player.name}` makes {type}, and `{player.makes}` is {domain.type}",
            others=(Label(domain.span, f"{domain.type}"),),
            help="there and back, a picture keeps its type: "
            + _bring(type, domain.type, player.name),
        )
    )
    return False


def _complete(world: World, gan: ast.Gan, players: list[ast.Player]) -> bool:
    """Both roles are there, and names differ."""
    if world.is_damaged(gan.span):
        return False
    seen: dict[str, ast.Player] = {}
    for player in players:
        name = player_name(player)
        first = seen.setdefault(name, player)
        if first is not player:
            role = player.role.text
            world.sink.add(
                PLAYERS.at(
                    (player.name or player.role).span,
                    f"there is a `{name}` already",
                    others=(Label((first.name or first.role).span, "the first"),),
                    help=f"give it a name: `{role} NAME {{ ... }}`" if not player.name else "",
                )
            )
            return False
    for role in ROLES:
        if not any(p.role.text == role for p in players):
            example = (
                "generator { dense(784) -> tanh -> reshape(1, 28, 28) }"
                if role == "generator"
                else "discriminator { flatten -> dense(1) }"
            )
            world.sink.add(
                PLAYERS.at(
                    gan.name.span,
                    f"the gan `{gan.name.text}` has no {role}",
                    help=f"add one: `{example}`",
                )
            )
            return False
    return True


def _unread(world: World, gan: Gan) -> None:
    """Sources that no player reads."""
    read = {name for player in gan.players for name in player.reads}
    judged = {p.judges for p in gan.players} | {p.makes for p in gan.players}
    for source in gan.sources:
        if source.name not in read | judged:
            world.sink.add(
                PLAYER_INPUT.at(
                    source.span,
                    f"no player reads the {source.kind} `{source.name}`",
                    help=f"use it in a player: `from {source.name} -> ...`, or remove it",
                )
            )
