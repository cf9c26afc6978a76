"""One file: declarations in any order, then networks, data, train and export blocks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping

from nnc.check.binding import bind_fields
from nnc.check.budgets import check_budgets
from nnc.check.carrying import cannot_carry
from nnc.check.catalogue import catalogue_profile
from nnc.check.data import check_data
from nnc.check.declared import declared_profile
from nnc.check.defaults import read as read_defaults
from nnc.check.exports import check_export
from nnc.check.gans import check_gan
from nnc.check.gantrain import check_gan_train
from nnc.check.networks import check_network, uncalled_blocks
from nnc.check.numeric import numeric_targets
from nnc.check.overrides import Override, Routed, override_value, route
from nnc.check.resolve import Sizes, resolved
from nnc.check.rules import BAD_OVERRIDE, EMPTY, TAKEN_NAME
from nnc.check.scope import Enough, Sink
from nnc.check.statements import STATEMENTS, declare_let
from nnc.check.train import check_train
from nnc.check.using import used_files
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Label, Refusal
from nnc.ir.gan import Gan
from nnc.ir.graph import Network
from nnc.ir.plan import DataPlan, ExportPlan, Profile, TrainPlan
from nnc.layers import LAYERS
from nnc.record import Record, replace
from nnc.source import Source, Span
from nnc.syntax import ast
from nnc.syntax.parser import parse

RECURSION = 20_000
"""Python frames allowed: expressions 200 deep, in braces 64 deep, in blocks 64 deep."""


class Checked(Record):
    """What a text says, checked.

    Args:
        networks, data, trains, exports, gans: by name, those that are whole; a gan's players are
            networks (`DCGAN.generator`).
        resolved: the text with sizes from data, overrides and what it uses of other files written
            in.
        sources: the text itself, then those of the files that it uses.
    """

    source: Source
    file: ast.File
    diagnostics: tuple[Diagnostic, ...]
    networks: dict[str, Network]
    data: dict[str, DataPlan]
    trains: dict[str, TrainPlan]
    exports: dict[str, ExportPlan]
    gans: dict[str, Gan]
    resolved: str
    sources: tuple[Source, ...]

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return sum(d.severity == "error" for d in self.diagnostics)


def check_text(text: str, name: str = "spec.nn") -> Checked:
    """Checks a text given as a string."""
    return check_source(Source(name, text))


def check_source(
    source: Source,
    *,
    overrides: tuple[Override, ...] = (),
    profiles: Mapping[str, Profile] | None = None,
    root: str = "",
    moved: Mapping[str, str] | None = None,
) -> Checked:
    """Checks a text.

    Args:
        overrides: of the command line.
        profiles: what opening the data found, by data block; sizes and fields are then known and
        bound.
        root: the folder that relative data paths start from.
        moved: data paths replaced on the command line, by data block.
    """
    depth = sys.getrecursionlimit()
    sys.setrecursionlimit(max(depth, RECURSION))
    try:
        return _check(source, overrides, profiles or {}, root, moved or {})
    finally:
        sys.setrecursionlimit(depth)


def _check(
    source: Source,
    overrides: tuple[Override, ...],
    profiles: Mapping[str, Profile],
    root: str,
    moved: Mapping[str, str],
) -> Checked:
    file, mistakes = parse(source)
    sink = Sink()
    try:
        for mistake in mistakes:
            sink.add(mistake)
        return _whole(source, file, mistakes, sink, overrides, profiles, root, moved)
    except Enough:
        found = tuple(sorted(sink.diagnostics, key=_order((file,))))
        return Checked(source, file, found, {}, {}, {}, {}, {}, source.text, (source,))


def _whole(
    source: Source,
    file: ast.File,
    mistakes: Iterable[Diagnostic],
    sink: Sink,
    overrides: tuple[Override, ...],
    profiles: Mapping[str, Profile],
    root: str,
    moved: Mapping[str, str],
) -> Checked:
    """The check of a text that parsed, with its mistakes of syntax.

    Raises:
        Enough: there are too many mistakes.
    """
    files, whole = used_files(file, root, sink)
    routed = _routed(overrides, _reachable(files), sink)
    sizes = Sizes(file, profiles, moved, routed)
    for name in moved:
        if name not in sizes.data:
            sink.add(_no_such_data(source, name, moved[name], tuple(sizes.data)))
    world = World(sink, sizes.find, files, STATEMENTS, whole=whole)
    sizes.world = world
    sizes.check_overrides()
    _declare(world, files, routed)
    if not file.declarations and not mistakes:
        sink.add(_empty(source))
    networks: dict[str, Network | None] = {
        name: check_network(world, d, routed.networks.get(name, {}))
        for name, d in world.networks.items()
    }
    gans = _gans(world, networks, routed)
    uncalled_blocks(world, file)
    data = {
        d.name.text: check_data(
            world, d, root, moved.get(d.name.text), routed.data.get(d.name.text, {})
        )
        for d in file.declarations
        if isinstance(d, ast.Data)
    }
    trains = _trains(world, file, networks, gans, data, profiles, routed, root)
    exports = _exports(world, file, networks)
    check_budgets(world, files, networks, trains, exports)
    diagnostics = tuple(sorted(sink.diagnostics, key=_order(files)))
    return Checked(
        source,
        file,
        diagnostics,
        {k: v for k, v in networks.items() if v is not None},
        {k: v for k, v in data.items() if v is not None},
        trains,
        {k: v for k, v in exports.items() if v is not None},
        gans,
        source.text if sink.errors else resolved(files, sizes.used, routed, world),
        tuple(f.source for f in files),
    )


def _routed(overrides: tuple[Override, ...], file: ast.File, sink: Sink) -> Routed:
    """Overrides by what they speak of; none after a message."""
    try:
        return route(overrides, file)
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            sink.add(diagnostic)
        return Routed({}, {}, {}, {}, {})


def _no_such_data(source: Source, name: str, path: str, known: tuple[str, ...]) -> Diagnostic:
    line = Source("<command line>", f"--data {name}={path}")
    listed = ", ".join(f"`{k}`" for k in known)
    return BAD_OVERRIDE.at(
        Span(line, 7, 7 + len(name)),
        f"no data is called `{name}`",
        help=f"there is {listed}" if known else f"{source.name} declares no data",
    )


def _empty(source: Source) -> Diagnostic:
    return EMPTY.at(
        Span(source, 0, 0),
        "the file declares nothing",
        help="write a network: `network Net { input x: [4]; dense(2); output y }`",
    )


def _reachable(files: tuple[ast.File, ...]) -> ast.File:
    """The spec with the networks of used files, whose parameters can be set as its own."""
    networks = (d for f in files[1:] for d in f.declarations if isinstance(d, ast.Network))
    return replace(files[0], declarations=(*files[0].declarations, *networks))


def _order(files: tuple[ast.File, ...]) -> Callable[[Diagnostic], tuple[int, int]]:
    """Messages stand in the order of the files, those of the command line last."""
    places = {file.source: at for at, file in enumerate(files)}
    return lambda d: (places.get(d.span.source, len(places)), d.span.start)


def _declare(world: World, files: tuple[ast.File, ...], routed: Routed) -> None:
    """Names of blocks and networks, then parameters, `let` and defaults of each file."""
    seen: dict[str, ast.Ident] = {}
    networks: dict[str, ast.Network] = {}
    for file in (*files[1:], files[0]):
        for d in file.declarations:
            if isinstance(d, (ast.Block, ast.Network, ast.Gan)):
                free = _declare_step(world, d.name, seen)
                if free and isinstance(d, ast.Block):
                    world.blocks[d.name.text] = d
                elif free and isinstance(d, ast.Network):
                    networks[d.name.text] = d
                elif free and isinstance(d, ast.Gan):
                    world.gans[d.name.text] = d
    world.callable = networks
    wanted = _wanted(files[0])
    for name, network in networks.items():
        own = network.span.source is files[0].source
        if own or wanted is None or name in wanted:
            world.networks[name] = network
    _declare_data(world, files[0])
    for file in files:
        _declare_numbers(world, file, routed.params if file is files[0] else {})


def _wanted(file: ast.File) -> set[str] | None:
    """The networks of used files that the spec speaks of; None: all, since it has none itself."""
    named = {d.network.text for d in file.declarations if isinstance(d, (ast.Train, ast.Export))}
    own = any(isinstance(d, (ast.Network, ast.Block, ast.Gan)) for d in file.declarations)
    return named if own or named else None


def _declare_numbers(world: World, file: ast.File, overrides: Mapping[str, Override]) -> None:
    """Parameters, `let` and defaults of a file; only its own text sees them."""
    home = world.homes[file.source]
    for d in file.declarations:
        if isinstance(d, ast.FileParam):
            if d.name.text in overrides:
                override = overrides[d.name.text]
                value = override_value(world.numbers, override, home.scope, d.value)
            else:
                value = world.numbers.value(d.value, home.scope)
            home.scope.declare(d.name.text, value, d.name.span, world.sink)
        elif isinstance(d, ast.Let):
            declare_let(world, d, world.numbers.value(d.value, home.scope), home.scope)
    for d in file.declarations:
        if isinstance(d, ast.Defaults):
            read_defaults(world, d, home.scope, home.defaults)


def _declare_data(world: World, file: ast.File) -> None:
    """Names of data blocks are a space of their own."""
    seen: dict[str, ast.Ident] = {}
    for d in file.declarations:
        if isinstance(d, ast.Data):
            first = seen.setdefault(d.name.text, d.name)
            if first is not d.name:
                world.sink.add(
                    TAKEN_NAME.at(
                        d.name.span,
                        f"there is data `{d.name.text}` already",
                        others=(Label(first.span, "the first"),),
                        help="choose another name",
                    )
                )


def _declare_step(world: World, name: ast.Ident, seen: dict[str, ast.Ident]) -> bool:
    """One space of names: layers, blocks, networks; whether the name was free."""
    free = name.text not in seen
    layer = name.text in LAYERS and not LAYERS[name.text].hidden
    if layer or name.text in ("residual", "scale", "scan", "rearrange"):
        free = False
        world.sink.add(
            TAKEN_NAME.at(
                name.span, f"`{name.text}` is a layer", help=f"call it `my_{name.text}`, say"
            )
        )
    elif name.text in seen:
        world.sink.add(
            TAKEN_NAME.at(
                name.span,
                f"`{name.text}` is declared twice",
                others=(Label(seen[name.text].span, "the first"),),
                help="blocks and networks of all files in use are one space of names"
                if seen[name.text].span.source is not name.span.source
                else "",
            )
        )
    seen.setdefault(name.text, name)
    return free


def _trains(
    world: World,
    file: ast.File,
    networks: Mapping[str, Network | None],
    gans: Mapping[str, Gan],
    data: Mapping[str, DataPlan | None],
    profiles: Mapping[str, Profile],
    routed: Routed,
    root: str,
) -> dict[str, TrainPlan]:
    """Train blocks; bound where their data were opened."""
    found: dict[str, TrainPlan] = {}
    named: set[str] = set()
    general = routed.settings.get("", {})
    for d in file.declarations:
        if not isinstance(d, ast.Train):
            continue
        name = d.name.text if d.name else d.network.text
        if name in named:
            world.sink.add(
                TAKEN_NAME.at(
                    d.span,
                    f"there is a train block `{name}` already",
                    help=f"name this one: `train {d.network.text} as NAME {{`",
                )
            )
            continue
        named.add(name)
        own = general | routed.settings.get(name, {})
        if d.network.text in world.gans:
            gan = gans.get(d.network.text)
            made = check_gan_train(world, d, gan, networks, data, own)
            if made is not None:
                found[name] = made
            continue
        plan = check_train(world, d, networks, data, own, root)
        network = networks.get(d.network.text)
        if plan is None or network is None:
            continue
        found[name] = plan
        source = data.get(plan.data[0]) if plan.data else None
        if source is not None:
            problem = cannot_carry(plan, source, network)
            if problem is not None:
                world.sink.add(problem)
            found[name] = _bound(world, plan, network, source, profiles.get(source.name))
    return found


def _bound(
    world: World, plan: TrainPlan, network: Network, data: DataPlan, profile: Profile | None
) -> TrainPlan:
    """The plan with its binding where the data were opened; bundled data are known without that."""
    known = profile or catalogue_profile(data, numeric_targets((plan,), data))
    known = known or declared_profile(data)
    if known is None:
        return plan
    try:
        bound = bind_fields(plan, network, known)
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            world.sink.add(diagnostic)
        return plan
    return plan if profile is None else bound


def _exports(
    world: World, file: ast.File, networks: Mapping[str, Network | None]
) -> dict[str, ExportPlan | None]:
    """Export blocks, one a network."""
    found: dict[str, ExportPlan | None] = {}
    for d in file.declarations:
        if isinstance(d, ast.Export):
            name = d.network.text
            if name in found:
                world.sink.add(
                    TAKEN_NAME.at(
                        d.network.span,
                        f"`{name}` has an export block already",
                        help="write its settings into the first",
                    )
                )
            else:
                found[name] = check_export(world, d, networks)
    return found


def _gans(world: World, networks: dict[str, Network | None], routed: Routed) -> dict[str, Gan]:
    """Gans; their players join the networks, from which those go that only play."""
    found: dict[str, Gan] = {}
    for name, d in world.gans.items():
        made = check_gan(world, d, world.callable, routed.networks.get(name, {}))
        networks.update(made.networks)
        if made.gan is not None:
            found[name] = made.gan
    return found
