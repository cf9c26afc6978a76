"""Networks: parameters with overrides, the body, conditions on symbolic sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nnc.check.blocks.handed import is_step, passed_step
from nnc.check.blocks.specialise import Specialising, specialise
from nnc.check.foreign.foreign_rules import CHANNELS_LAST
from nnc.check.formulas.simplified import simplified
from nnc.check.formulas.types import matches
from nnc.check.formulas.values import UNKNOWN, Value
from nnc.check.overrides import Override, expression, override_value
from nnc.check.rules import MISPLACED, MISSING_ARGUMENT, UNCALLED_BLOCK, WRONG_KIND
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.check.world import STEPS, World
from nnc.diagnostics import Refusal
from nnc.ir.graph import Network
from nnc.ir.known import named
from nnc.record import Record, replace
from nnc.source import Span
from nnc.syntax import ast


class Played(Record):
    """A network as the player of a gan.

    Args:
        begin: declares the inputs that the gan gives it, before its first statement.
        first: the output that stands first.
        returns: that output has the type of its input, so that another player can come back.
        given: parameters with other values than their defaults.
        around: names of the gan.
    """

    kind: str
    begin: Callable[[Body], None]
    first: str = ""
    returns: bool = False
    given: Mapping[str, Value] = {}
    around: Scope | None = None


def check_network(
    world: World,
    network: ast.Network,
    overrides: Mapping[str, Override],
    played: Played | None = None,
) -> Network | None:
    """The checked network, or None after a message; `played`: where it is a gan's player."""
    if world.steps > STEPS:  # said already
        return None
    before, said = world.sink.errors, len(world.sink.diagnostics)
    world.start_network()
    outside = played.around if played is not None else None
    scope = Scope(outside or world.home(network.span).scope)
    params = parameters(world, network, scope, overrides, played.given if played else {})
    body = Body(world, network.name.text, network.span, scope, network.body, top=True)
    body.damaged = world.is_damaged(network.span)
    try:
        _steps(body, network, overrides)
        if played is not None:
            played.begin(body)
        whole = body.run_network()
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            world.sink.add(diagnostic)
        return None
    if played is not None and played.returns:
        _return(body, played.first)
    _claims(world)
    world.sink.blame(CHANNELS_LAST.code, "NN3", said)
    if not whole or world.sink.errors > before:
        return None
    return _finished(world, body, params, network.doc, played)


def _return(body: Body, name: str) -> None:
    """States that an output has the sizes of the input; who compares them says where it has not."""
    types, facts = body.builder.types, body.world.facts
    for port in body.builder.outputs:
        if port.name == name and body.builder.inputs:
            have, want = types[port.value], types[body.builder.inputs[0].value]
            for a, b in zip(have.dims, want.dims):
                facts.equal(a, b)


def _finished(
    world: World,
    body: Body,
    params: tuple[tuple[str, object], ...],
    doc: str,
    played: Played | None,
) -> Network:
    """The network of a body that is whole."""
    symbols = dict.fromkeys(
        s for t in body.builder.types for d in t.dims if not isinstance(d, int) for s in _names(d)
    )
    graph = simplified(body.builder.graph(params, doc), world.facts)
    graph = replace(graph, declared=tuple(name for name, _ in params))
    if played is not None:
        ports = sorted(graph.outputs, key=lambda port: port.name != played.first)
        graph = replace(graph, outputs=tuple(ports))
    return Network(
        graph,
        world.facts.conditions(),
        tuple(world.facts.condition_list()),
        tuple(symbols),
        "network" if played is None else played.kind,
    )


def _names(d: object) -> list[str]:
    """Symbols of a size in a stable order."""
    return sorted(getattr(d, "symbols", ()))


def parameters(
    world: World,
    network: ast.Network | ast.Gan,
    scope: Scope,
    overrides: Mapping[str, Override],
    given: Mapping[str, Value],
) -> tuple[tuple[str, object], ...]:
    """Declares a network's parameters; returns their values, `given` ones first."""
    params: list[tuple[str, object]] = []
    for param in network.params:
        name = param.name.text
        value: Value
        if param.default is not None and is_step(world, param.default, scope):
            continue
        if name in given:
            value = given[name]
        elif name in overrides:
            value = override_value(world.numbers, overrides[name], world.scope, param.default)
        elif param.type is not None:
            world.sink.add(
                MISPLACED.at(
                    param.span,
                    "the values of a network are its inputs",
                    help=f"write `input {param.span.text}` in its body",
                )
            )
            value = UNKNOWN
        elif param.default is None:
            world.sink.add(
                MISSING_ARGUMENT.at(
                    param.span,
                    f"the parameter `{name}` of a network needs a default",
                    help=f"write `{name}=10`; `--set {name}=...` changes it",
                )
            )
            value = UNKNOWN
        else:
            value = world.numbers.value(param.default, scope)
        value = named(value, name)
        scope.declare(name, value, param.name.span, world.sink)
        params.append((name, value))
    return tuple(params)


def _steps(body: Body, network: ast.Network, overrides: Mapping[str, Override]) -> None:
    """Declares the parameters that are steps: `network Net(act=relu)`."""
    world, scope = body.world, body.scope
    for param in network.params:
        name = param.name.text
        if param.default is None or not is_step(world, param.default, scope):
            continue
        value: Value = UNKNOWN
        e = expression(overrides[name]) if name in overrides else param.default
        if is_step(world, e, scope):
            body.handed = True
            value = passed_step(body, e, scope)
        else:
            world.sink.add(
                WRONG_KIND.at(
                    e.span,
                    f"`{name}` takes a step",
                    help=f"in the file it is `{param.default.span.text}`",
                )
            )
        scope.declare(name, value, param.name.span, world.sink)


def _claims(world: World) -> None:
    """Claims on symbolic sizes, under all conditions that the joins inferred."""
    for pending in world.pending:
        if not matches(pending.pattern, pending.type, world.facts):
            world.sink.add(pending.diagnostic)


def _mentions(file: ast.File) -> dict[str, set[int]]:
    """Names of steps and values, and in which declarations they stand.

    Branches that are not taken count too.
    """
    found: dict[str, set[int]] = {}
    for at, declaration in enumerate(file.declarations):
        stack: list[object] = [declaration]
        while stack:
            one = stack.pop()
            if isinstance(one, (ast.Step, ast.Ref)):
                found.setdefault(_word(one), set()).add(at)
            if isinstance(one, Record):
                stack.extend(one.__dict__.values())
            elif isinstance(one, tuple) and not isinstance(one, Span):
                stack.extend(one)
    return found


def _word(one: ast.Step | ast.Ref) -> str:
    return one.name.text if isinstance(one, ast.Step) else one.text


def uncalled_blocks(world: World, file: ast.File) -> None:
    """Blocks that no network calls: a warning, and a look at their names all the same."""
    mentions: dict[str, set[int]] | None = None
    places = {id(d): at for at, d in enumerate(file.declarations)}
    for block in list(world.blocks.values()):
        if block.span.source is not file.source:  # that file is checked by itself
            continue
        if block.name.text in world.called | world.lost or world.steps > STEPS:
            continue
        world.start_network()
        try:
            specialise(world, Specialising(block, None, None, None, None))
        except Refusal as refusal:
            for diagnostic in refusal.diagnostics:
                world.sink.add(diagnostic)
        if mentions is None:
            mentions = _mentions(file)
        elsewhere = mentions.get(block.name.text, set()) - {places[id(block)]}
        if world.networks and not elsewhere:
            world.sink.add(
                UNCALLED_BLOCK.at(
                    block.name.span, f"no network calls the block `{block.name.text}`"
                )
            )
