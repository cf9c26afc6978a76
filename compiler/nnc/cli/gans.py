"""Competing networks in `nnc train` and `nnc build`: their players, files, and what is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from nnc.backends.arrays import Array
from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.backends.torch_players import players_source
from nnc.backends.weights import opened, read_matching, read_weights, stored_shapes
from nnc.check import Checked
from nnc.deploy.gan_exporter import GanExporter
from nnc.deploy.meanings import Recipe
from nnc.deploy.roles import Role
from nnc.ir.gan import Gan, GanPlan
from nnc.ir.graph import Network
from nnc.ir.plan import ExportPlan, Profile, TrainPlan
from nnc.ir.types import TensorType
from nnc.ir.walk import totals, weight_table
from nnc.record import replace
from nnc.render.gans import objective_lines
from nnc.render.summary import briefly, count
from nnc.render.updates import group_text
from nnc.train.run_record import Export
from nnc.train.wiring import Member

PICTURE = 3
"""Axes of a picture."""


def players_of(gan: Gan, networks: Mapping[str, Network]) -> dict[str, Network]:
    """The players' networks by the players' names, generators first."""
    return {p.name: networks[p.network] for p in (*gan.generators, *gan.discriminators)}


def members(
    plan: TrainPlan,
    gan: GanPlan,
    networks: Mapping[str, Network],
    starts: Mapping[str, Mapping[str, Array]],
) -> tuple[Member, ...]:
    """The players as modules with their initial weights, in the gan's order.

    `starts`: by player those weights that begin as others.
    """
    made = []
    for player in gan.gan.players:
        network = networks[player.network]
        graph = network.graph
        weights = first_weights(network, player.name, plan.seed)
        weights.update(starts.get(player.name, {}))
        made.append(
            Member(
                player.name,
                build(network, weights),
                tuple(port.name for port in graph.fed),
                tuple(port.name for port in graph.outputs),
            )
        )
    return tuple(made)


def first_weights(network: Network, player: str, seed: int) -> dict[str, Array]:
    """What a player starts from: players with the same network start from different numbers."""
    head = f"{player}."
    table = [replace(row, name=head + row.name) for row in weight_table(network)]
    drawn = initial_weights(table, seed)
    return {name.removeprefix(head): array for name, array in drawn.items()}


def weights_of(path: Path, network: Network, player: str) -> dict[str, Array]:
    """A player's weights of a file that holds those of all, or of it alone.

    Raises:
        Refusal: they are of another network.
    """
    head = f"{player}."
    table = tuple(weight_table(network))
    with opened(path) as file:
        several = any(name.startswith(head) for name in stored_shapes(file))
    if not several:
        return read_weights(path, table)
    whole = [replace(row, name=head + row.name) for row in table]
    found, fit = read_matching(path, whole)
    if fit.missing or fit.different:
        return read_weights(path, whole)  # refuses, and says why
    return {name.removeprefix(head): array for name, array in found.items()}


def apart(checked: Checked, wanted: Iterable[str]) -> tuple[list[str], list[str]]:
    """Networks that stand alone, and the gans whose players are among the wanted."""
    gan_of = {player.network: gan.name for gan in checked.gans.values() for player in gan.players}
    names = list(wanted)
    playing = dict.fromkeys(gan_of[name] for name in names if name in gan_of)
    return [name for name in names if name not in gan_of], list(playing)


def known(plan: TrainPlan | None, profiles: Mapping[str, Profile]) -> tuple[Profile, ...]:
    """What opening a plan's data found; () where some is not there."""
    if plan is None or any(name not in profiles for name in plan.data):
        return ()
    return tuple(profiles[name] for name in plan.data)


def picture_type(gan: Gan, networks: Mapping[str, Network]) -> TensorType | None:
    """The type [C, H, W] of what the first generator makes, where that is a picture."""
    player = gan.generators[0]
    graph = networks[player.network].graph
    port = next(port for port in graph.outputs if port.name == player.output)
    type = graph.types[port.value]
    return type if type.rank == PICTURE and type.dtype == "float32" else None


def recipes(
    checked: Checked,
    gan: Gan,
    plan: TrainPlan | None,
    profiles: tuple[Profile, ...],
    *,
    only: set[str] | None = None,
) -> tuple[Recipe, ...]:
    """What is exported of a gan: its generators, and those whom the export block names.

    `only`: these networks instead.
    """
    export = checked.exports.get(gan.name, ExportPlan(gan.name))
    asked = set(export.players)
    train = plan.name if plan is not None and plan.name != gan.name else ""
    found = []
    for player in (*gan.generators, *gan.discriminators):
        wanted = player.role == "generator" or bool(asked & {player.name, player.role})
        if wanted if only is None else player.network in only:
            known = plan.gan if plan is not None and profiles else None
            role = Role(player, gan.sources, known, profiles, train)
            network = checked.networks[player.network]
            found.append(Recipe(network, export=export, spec=checked.resolved, role=role))
    return tuple(found)


def exporter(recipes: tuple[Recipe, ...], folder: Path, seed: int, threads: int) -> GanExporter:
    """What proves and writes the files of a run."""
    return GanExporter(recipes, folder, seed=seed, threads=threads)


def source(gan: Gan, networks: Mapping[str, Network], spec: str) -> str:
    """All players as one PyTorch file."""
    return players_source(gan.name, players_of(gan, networks), spec=spec)


def header_lines(plan: TrainPlan, gan: GanPlan, networks: Mapping[str, Network]) -> list[str]:
    """A line a player: its weights, its work, and what updates it."""
    lines: list[str] = []
    width = max(len(player.name) for player in gan.gan.players)
    known = dict(zip((p.name for p in gan.gan.players), gan.groups))
    for player in (*gan.gan.generators, *gan.gan.discriminators):
        sums = totals(networks[player.network])
        parts = [f"{count(sums.weights)} weights", f"{briefly(sums.macs)} multiply-adds"]
        parts += [group_text(group) for group in known[player.name]]
        stays = gan.frozen_of(player.name).selector
        parts += [f"frozen: {stays}"] if stays else []
        head = "players" if not lines else ""
        lines.append(f"{head:<9} {player.name:<{width}}   {'   '.join(parts)}")
    average = f"   average of the generator {gan.ema:g}" if gan.ema else ""
    told = objective_lines(gan)
    lines.append(f"objective {told[0]}{average}")
    lines += [f"{'':<9} {each}" for each in told[1:]]
    return [*lines, binding_line(gan)]


def binding_line(gan: GanPlan) -> str:
    """`binding   real <- image   label <- label`: the data's field of each source."""
    return "binding   " + "   ".join(f"{name} <- {field}" for name, field in gan.fields)


def next_lines(gan: GanPlan, run: str, exports: tuple[Export, ...]) -> list[str]:
    """What to do with the files of a run."""
    drawn = {source.name for source in gan.gan.sources if source.kind == "latent"}
    lines = []
    files = {export.file for export in exports}
    for player in gan.gan.generators:
        if f"{player.name}.onnx" not in files:
            continue
        if drawn & set(player.reads):
            lines.append(f"nnc sample {run} --count 64 -o grid.png")
        else:
            lines.append(f"nnc run {run}/{player.name}.onnx PICTURE -o out.png")
    return lines
