"""What is real has the range of what is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nnc.check.gans.gan_rules import VALUE_RANGE
from nnc.check.training.catalogue import bundled_kind
from nnc.check.training.losses import last_layer
from nnc.check.world import World
from nnc.diagnostics import Fix, Label
from nnc.ir.datasettings import Normalize
from nnc.ir.gan import GanPlan
from nnc.ir.graph import Item, Network
from nnc.ir.plan import DataPlan, TrainPlan
from nnc.record import replace
from nnc.source import Span
from nnc.syntax import ast

RANGES = {"tanh": "-1..1", "sigmoid": "0..1"}
"""What a layer at the end makes, as `normalize` says it."""


def check_ranges(
    world: World,
    file: ast.File,
    trains: Mapping[str, TrainPlan],
    networks: Mapping[str, Network | None],
    data: dict[str, DataPlan | None],
) -> None:
    """Reports pictures of another range than the generator's; those without one take it."""
    for plan in trains.values():
        if plan.gan is None:
            continue
        end = _end(plan.gan, networks)
        if end is None:
            continue
        for name in plan.data:
            own = data.get(name)
            if own is None or not _pictures(own):
                continue
            wanted = RANGES[end.op.word]
            if own.normalize.kind == "default":
                others = [t for t in trains.values() if t.gan is None and name in t.data]
                if not others:
                    data[name] = replace(own, normalize=Normalize(wanted))
                    continue
            if _range(own.normalize) != wanted:
                _report(world, file, own, end, wanted)


def _end(gan: GanPlan, networks: Mapping[str, Network | None]) -> Item | None:
    """The layer of a known range in which a generator ends."""
    for player in gan.gan.generators:
        network = networks[player.network]
        if network is not None:
            item = last_layer(network.graph, network.graph.outputs[0].value)
            if item is not None and item.op.word in RANGES:
                return item
    return None


def _pictures(plan: DataPlan) -> bool:
    kind = bundled_kind(plan.path) if plan.kind == "bundled" else plan.kind
    return kind in ("images", "idx")


def _range(normalize: Normalize) -> str:
    """The range that pictures are brought to, "" of another."""
    if normalize.kind == "given":
        half = set(normalize.mean) == {0.5} and set(normalize.std) == {0.5}
        return "-1..1" if half else ""
    return "0..1" if normalize.kind == "default" else normalize.kind


def _report(world: World, file: ast.File, plan: DataPlan, end: Item, wanted: str) -> None:
    span, fix = plan.span, None
    found = _setting(file.declarations, plan.name)
    if found is not None:
        span = found
        fix = Fix(found, f"normalize {wanted}")
    said = f"`{plan.name}` is brought to {_words(plan.normalize)}"
    if plan.normalize.kind == "default":
        said = f"`{plan.name}` is read by other training too, in 0..1"
    world.sink.add(
        VALUE_RANGE.at(
            span,
            f"{said}, and the generator makes {wanted}",
            others=(Label(end.span, f"`{end.op.word}` ends in {wanted}"),),
            help=f"write `normalize {wanted}` in the data block",
            fix=fix,
        )
    )


def _words(normalize: Normalize) -> str:
    return "mean and deviation" if normalize.kind == "given" else f"`{normalize.kind}`"


def _setting(declarations: Iterable[ast.Declaration], name: str) -> Span | None:
    """Where a data block says `normalize`."""
    for d in declarations:
        if isinstance(d, ast.Data) and d.name.text == name and d.settings is not None:
            for setting in d.settings.settings:
                if isinstance(setting, ast.Setting) and setting.name.text == "normalize":
                    return setting.span
    return None
