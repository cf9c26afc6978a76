"""One file: declarations in any order, then networks, data, train and export blocks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping

from nnc.check.budgets.held import check_budgets
from nnc.check.files.declarations import declare
from nnc.check.files.using import used_files
from nnc.check.gans.ganranges import check_ranges
from nnc.check.networks import check_network, uncalled_blocks
from nnc.check.overrides import Override, Routed, route
from nnc.check.rules import BAD_OVERRIDE, EMPTY, TAKEN_NAME, TYPE_SYNTAX
from nnc.check.scope import Enough, Sink
from nnc.check.steps.statements import STATEMENTS
from nnc.check.steps.unmentioned import report_unmentioned
from nnc.check.training.carrying import with_carried
from nnc.check.training.data import check_data
from nnc.check.training.exports import check_export
from nnc.check.training.resolve import Sizes, resolved
from nnc.check.training.trainblocks import gans as check_gans
from nnc.check.training.trainblocks import train_blocks
from nnc.check.training.training_rules import UNKNOWN_SETTING
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Refusal
from nnc.ir.gan import Gan
from nnc.ir.graph import Network
from nnc.ir.plan import DataPlan, ExportPlan, Profile, TrainPlan
from nnc.record import Record, replace
from nnc.source import Source, Span
from nnc.syntax import ast
from nnc.syntax.parser import parse
from nnc.syntax.rules import STRING, UNSEPARATED

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
    declare(world, files, routed)
    if not file.declarations and not mistakes:
        sink.add(_empty(source))
    networks: dict[str, Network | None] = {
        name: check_network(world, d, routed.networks.get(name, {}))
        for name, d in world.networks.items()
    }
    gans = check_gans(world, file, networks, routed)
    uncalled_blocks(world, file)
    data = _data(world, file, root, moved, routed)
    trains = train_blocks(world, file, networks, gans, data, profiles, routed, root)
    check_ranges(world, file, trains, networks, data)
    networks = with_carried(networks, trains, data)
    exports = _exports(world, file, networks, gans)
    check_budgets(world, files, networks, trains, exports)
    report_unmentioned(world, file)
    diagnostics = _a_message_a_cause(sorted(sink.diagnostics, key=_order(files)))
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


def _data(
    world: World, file: ast.File, root: str, moved: Mapping[str, str], routed: Routed
) -> dict[str, DataPlan | None]:
    """Data blocks by name."""
    return {
        d.name.text: check_data(
            world, d, root, moved.get(d.name.text), routed.data.get(d.name.text, {})
        )
        for d in file.declarations
        if isinstance(d, ast.Data)
    }


def _a_message_a_cause(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Without what another message mends as well: its text stands no more in what that offers."""
    told = {(d.span.source, d.span.start, d.span.end) for d in found if d.code != STRING.code}
    kept = [
        d
        for d in found
        if d.code != STRING.code or (d.span.source, d.span.start, d.span.end) not in told
    ]
    begun = {(d.span.source, d.span.start) for d in kept if d.code == UNKNOWN_SETTING.code}
    kept = [
        d for d in kept if d.code != UNSEPARATED.code or (d.span.source, d.span.start) not in begun
    ]
    kept = _once(kept)
    fixes = [d for d in kept if d.fix is not None]
    return tuple(d for d in kept if not any(_mended(d, other) for other in fixes))


def _once(found: list[Diagnostic]) -> list[Diagnostic]:
    """Without repeated remarks on one name's small letters."""
    said: set[str] = set()
    kept = []
    for diagnostic in found:
        if diagnostic.code == TYPE_SYNTAX.code and "in capitals" in diagnostic.message:
            if diagnostic.message in said:
                continue
            said.add(diagnostic.message)
        kept.append(diagnostic)
    return kept


def _mended(one: Diagnostic, other: Diagnostic) -> bool:
    """Whether the text that another message offers replaces the place of this one."""
    fix = other.fix
    if fix is None or one is other or one.span.source is not fix.span.source or not fix.text:
        return False
    inside = fix.span.start <= one.span.start and one.span.end <= fix.span.end
    larger = fix.span.end - fix.span.start > one.span.end - one.span.start
    return inside and larger and bool(one.span.text) and one.span.text not in fix.text


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


def _exports(
    world: World,
    file: ast.File,
    networks: Mapping[str, Network | None],
    gans: Mapping[str, Gan],
) -> dict[str, ExportPlan | None]:
    """Export blocks, one a network or a gan."""
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
                found[name] = check_export(world, d, networks, gans.get(name))
    return found
