"""The players of a gan: each checked as a network of its own, written in place or called."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.arguments.bind import place
from nnc.check.blocks.handed import is_step
from nnc.check.blocks.passing import nodes
from nnc.check.formulas.values import LabelEntry, Unknown, Value
from nnc.check.gans.gan_rules import PLAYER_INPUT
from nnc.check.networks import Played, check_network
from nnc.check.overrides import Override
from nnc.check.rules import UNKNOWN_NETWORK
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.check.steps.sources import read_source
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Fix, nearest
from nnc.ir.dims import Dim, Poly, symbol, symbols
from nnc.ir.gan import GanSource
from nnc.ir.graph import Network
from nnc.ir.types import TensorType
from nnc.record import Record, replace
from nnc.source import Span
from nnc.syntax import ast

RESULT = {"generator": "sample", "discriminator": "score"}
"""What a player's own value is called, unless its last statement is an `output`."""


class Shown(Record):
    """What a discriminator without an input of its own judges: a name and a type."""

    name: str
    type: TensorType


class Playing(Record):
    """A gan while its players are checked.

    Args:
        scope: its parameters.
        sources: by name.
        overrides: of the command line, for parameters of networks that play.
    """

    gan: ast.Gan
    scope: Scope
    params: tuple[tuple[str, object], ...]
    sources: Mapping[str, GanSource]
    overrides: Mapping[str, Override]

    def network_name(self, player: ast.Player) -> str:
        """What the network of a player is called."""
        return f"{self.gan.name.text}.{player_name(player)}"

    def returns(self, player: ast.Player) -> bool:
        """Whether what it makes is of the type that it reads: between two domains."""
        between = any(s.kind == "domain" for s in self.sources.values())
        return between and player.role.text == "generator"

    def feeds(self, role: str) -> tuple[str, ...]:
        """The sources that players of a role may read."""
        given = ("condition", "domain") if role == "discriminator" else ()
        return tuple(s.name for s in self.sources.values() if not given or s.kind in given)


def player_name(player: ast.Player) -> str:
    """Its name in the gan: its role, where it has no other."""
    return player.name.text if player.name is not None else player.role.text


def built(
    world: World, playing: Playing, player: ast.Player, start: str, shown: Shown | None
) -> tuple[Network | None, tuple[str, ...]]:
    """A player written in braces, and the sources that it reads, in the order of its inputs.

    Args:
        start: the source that it starts from, "" where it must say so.
        shown: of a discriminator, what it judges unless it has an input of its own.
    """
    assert player.body is not None
    body = player.body
    own = [s for s in body.statements if isinstance(s, ast.SourceDecl) and s.kind.text == "input"]
    if own and player.role.text == "generator":
        world.sink.add(_own_input(playing, own[0]))
        return None, ()
    reads = _mentioned(playing, body, player.role.text)
    reads += [start] if start and start not in reads else []
    judged = shown if not own else None
    if judged is None and not own and not start and not _says_start(body):
        world.sink.add(_no_start(playing, player))
        return None, ()
    name = ast.Ident(player.role.span, playing.network_name(player))
    whole, first = _with_output(player)
    network = ast.Network(player.span, name, playing.gan.params, whole)
    order = [s for s in playing.sources if s in reads]

    def begin(making: Body) -> None:
        making.sole_input = False
        if judged is not None:
            _show(making, judged, player.role.span)
        for source in order:
            read_source(making, _declared(playing, source), making.scope)
        if judged is None and start:
            entry = making.scope.find(start)
            if entry is not None and isinstance(entry.value, LabelEntry):
                making.current = (entry.value.value,)
        making.sole_input = len(own) == 1

    given = {name: _plain(value) for name, value in playing.params}
    played = Played(player.role.text, begin, first, playing.returns(player), given)
    made = check_network(world, network, {}, played)
    told = ["made"] if judged is not None else []
    return made, (*told, *order, *(n.text for s in own for n in s.names))


def _plain(value: object) -> Value:
    return value  # type: ignore[return-value]


def _mentioned(playing: Playing, body: ast.Body, role: str) -> list[str]:
    """The sources that a body names."""
    able = playing.feeds(role)
    names = [one.names[0].text for one in nodes(body) if isinstance(one, ast.Ref)]
    return [name for name in dict.fromkeys(names) if name in able]


def _says_start(body: ast.Body) -> bool:
    """Whether the first statement that takes a value says which."""
    flow = (s for s in body.statements if isinstance(s, (ast.Chain, ast.From)))
    return isinstance(next(flow, None), ast.From)


def _declared(playing: Playing, source: str) -> ast.SourceDecl:
    """A source of the gan as the input of a player."""
    for item in playing.gan.items:
        if isinstance(item, ast.SourceDecl):
            for name in item.names:
                if name.text == source:
                    kind = ast.Ident(item.kind.span, "input")
                    return replace(item, kind=kind, names=(name,), init=None)
    raise AssertionError(source)


def _show(making: Body, shown: Shown, span: Span) -> None:
    """The input of a discriminator that declares none."""
    for name in dict.fromkeys(s for d in shown.type.dims for s in sorted(symbols(d))):
        if "." not in name:
            making.world.facts.declare(name)
            making.scope.declare(name, symbol(name), span, making.world.sink)
    number = making.builder.input(shown.name, shown.type, span)
    making.scope.declare(shown.name, LabelEntry(number, span), span, making.world.sink)
    making.current = (number,)


def _with_output(player: ast.Player) -> tuple[ast.Body, str]:
    """A player's body whose own value is given out, and under which name."""
    assert player.body is not None
    body, name = player.body, RESULT[player.role.text]
    outputs = [s.name.name.text for s in body.statements if isinstance(s, ast.Output)]
    if name in outputs:
        return body, name
    flow = [s for s in body.statements if not isinstance(s, (ast.Defaults, ast.Budget, ast.Let))]
    if flow and isinstance(flow[-1], ast.Output):
        return body, flow[-1].name.name.text
    end = Span(body.span.source, body.span.end - 1, body.span.end)
    result = ast.Output(end, ast.LabelName(end, ast.Ident(end, name)), None)
    return replace(body, statements=(*body.statements, result)), name


def _own_input(playing: Playing, own: ast.SourceDecl) -> Diagnostic:
    names = ", ".join(f"`{name}`" for name in playing.sources)
    return PLAYER_INPUT.at(
        own.span,
        "a generator reads what the gan declares",
        help=f"remove the line: the gan declares {names}"
        if names
        else f"declare it in the gan: `latent {own.names[0].text}: {own.type.span.text}`",
    )


def _no_start(playing: Playing, player: ast.Player) -> Diagnostic:
    names = playing.feeds(player.role.text)
    if not names:
        return PLAYER_INPUT.at(
            player.role.span,
            f"there is nothing that `{player_name(player)}` reads",
            help="declare it in the gan: `latent z: [100]`",
        )
    listed = " and ".join(f"`{name}`" for name in names)
    return PLAYER_INPUT.at(
        player.role.span,
        f"`{player_name(player)}` does not say what it starts from",
        help=f"the gan has {listed}: begin with `from {names[0]}`",
    )


def called(
    world: World, playing: Playing, player: ast.Player, networks: Mapping[str, ast.Network]
) -> Network | None:
    """A player that is a network with arguments; None after a message."""
    call = player.call
    assert call is not None
    network = networks.get(call.name.text)
    if network is None:
        world.sink.add(_unknown(player, call, tuple(networks)))
        return None
    world.played.add(call.name.text)
    names = tuple(p.name.text for p in network.params)
    placed = place(call.name.text, call.name.span, names, call.args, world.numbers)
    if not placed.ok:
        return None
    given: dict[str, Value] = {}
    params = []
    for param in network.params:
        arg = placed.values.get(param.name.text)
        if arg is None:
            params.append(param)
        elif param.default is not None and is_step(world, param.default, world.scope):
            params.append(replace(param, default=arg.value))
        else:
            value = world.numbers.value(arg.value, playing.scope)
            if isinstance(value, Unknown):
                return None
            given[param.name.text] = value
            params.append(param)
    whole = replace(
        network,
        name=ast.Ident(network.name.span, playing.network_name(player)),
        params=tuple(params),
    )
    outputs = [s.name.name.text for s in network.body.statements if isinstance(s, ast.Output)]
    wish = RESULT[player.role.text]
    first = wish if wish in outputs else outputs[0] if outputs else ""
    played = Played(player.role.text, _nothing, first, playing.returns(player), given)
    own = {k: v for k, v in playing.overrides.items() if k not in given}
    return check_network(world, whole, own, played)


def _unknown(player: ast.Player, call: ast.Call, networks: tuple[str, ...]) -> Diagnostic:
    guess = nearest(call.name.text, networks)
    return UNKNOWN_NETWORK.at(
        call.name.span,
        f"no network is called `{call.name.text}`",
        help=f"did you mean `{guess}`?"
        if guess
        else "there is " + " and ".join(f"`{name}`" for name in networks[:8])
        if networks
        else f"declare it, or write the steps in braces: `{player.role.text} {{ ... }}`",
        fix=Fix(call.name.span, guess) if guess else None,
    )


def _nothing(making: Body) -> None:
    """A network has its own inputs."""


def assigned(
    world: World, playing: Playing, player: ast.Player, network: Network, able: tuple[str, ...]
) -> tuple[str, ...] | None:
    """For each input of a network that plays the source that it reads, None after a message.

    "made" stands for what a discriminator judges, "pair" for that joined with a condition.
    """
    role = player.role.text
    ports = network.graph.fed
    found = {p.name: p.name for p in ports if p.name in able}
    left = [p for p in ports if p.name not in found]
    free = [name for name in able if name not in found.values()]
    if role == "discriminator":
        if len(left) == 1:
            return tuple(found.get(p.name, "made") for p in ports)
    elif len(left) == 1 and len(free) == 1:
        return tuple(found.get(p.name, free[0]) for p in ports)
    elif not left:
        return tuple(found[p.name] for p in ports)
    inputs = ", ".join(f"`{p.name}`" for p in left or ports)
    known = " and ".join(f"`{name}`" for name in free or able)
    place_of = player.call.name.span if player.call is not None else player.role.span
    world.sink.add(
        PLAYER_INPUT.at(
            place_of,
            f"`{player_name(player)}` has the inputs {inputs}, and the gan does not say of what"
            if left
            else f"`{player_name(player)}` has no input for what it judges",
            help=_inputs_help(role, known),
        )
    )
    return None


def _inputs_help(role: str, known: str) -> str:
    if role == "generator":
        return f"the gan has {known}: give the inputs these names" if known else "declare a latent"
    if known:
        return f"one input is what it judges; the others are called as the conditions: {known}"
    return "one input is what it judges, and the gan has no `condition` for another"


def matched(want: TensorType, have: TensorType, env: dict[str, Dim]) -> bool:
    """Whether a value can be an input of this type; `env` gets what the input's sizes stand for."""
    if want.rank != have.rank or want.dtype != have.dtype:
        return False
    for own, size in zip(want.dims, have.dims):
        name = _lone(own)
        if name:
            if env.setdefault(name, size) != size:
                return False
        elif isinstance(own, int) and own != size:
            return False
    return True


def _lone(d: Dim) -> str:
    """The name of a size that is a symbol alone."""
    names = sorted(symbols(d))
    return names[0] if isinstance(d, Poly) and len(names) == 1 and d == symbol(names[0]) else ""
