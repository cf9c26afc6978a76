"""`nnc build SPEC|RUN`: an ONNX file of a network, compared with PyTorch before it stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from nnc.backends.arrays import Array
from nnc.backends.foreign_names import NameTable, beside, check_lines, read_tables
from nnc.backends.initial import initial_weights
from nnc.backends.onnx_schema import IR_VERSIONS, OPSET
from nnc.backends.taken import take_weights, told
from nnc.backends.torch_offered import with_offered
from nnc.backends.torch_source import torch_source
from nnc.backends.weights import write_weights
from nnc.check import Checked
from nnc.check.variants import variant
from nnc.cli import gans, places, specs
from nnc.cli.console import Console
from nnc.cli.extras import extras
from nnc.cli.failures import relative, unusable
from nnc.cli.names import public_name, stem
from nnc.cli.nearby import absent, weights_file
from nnc.cli.starting import player_start, start_of
from nnc.cli.verb import FILE, data_option, network_option, set_option, verb
from nnc.deploy.export import (
    ExportedFile,
    Proof,
    export_network,
    file_name,
    step_path,
    streams,
)
from nnc.deploy.meanings import Recipe, shipped, shipped_weights
from nnc.diagnostics import Refusal
from nnc.ir.plan import ExportPlan, Profile, TrainPlan
from nnc.ir.walk import weight_table
from nnc.record import Record, replace
from nnc.render.units import file_size
from nnc.source import Source
from nnc.train.files import write_text
from nnc.train.folder import WEIGHTS, Run

OPSETS = click.IntRange(min(IR_VERSIONS), max(IR_VERSIONS))
NO_DATA = ("NN450", "NN451")
"""Codes that tell that data is not there: the network is then built without what it would tell."""


class Order(Record):
    """A file to build: what of, with which weights (None: initial ones).

    `tables` tell what other programs call the weights; whether they were `asked` for by name.
    `plan`: the train block; `begun`: the weights that its `init` gives a training to start from.
    """

    recipe: Recipe
    weights: Path | None
    seed: int
    tables: tuple[NameTable, ...] = ()
    asked: bool = False
    plan: TrainPlan | None = None
    begun: Mapping[str, Array] = {}


@verb("build")
@click.argument("path", type=FILE, metavar="SPEC|RUN")
@click.option(
    "--weights", type=FILE, metavar="RUN|FILE", help="Trained weights; by default initial ones."
)
@click.option(
    "--names", type=FILE, metavar="TABLE.json", help="What another program calls the weights."
)
@click.option("-o", "output", type=FILE, metavar="DIR|FILE.onnx", help="By default build/SPEC.")
@click.option("--opset", type=OPSETS, default=OPSET, show_default=True, help="Of ONNX.")
@click.option("--bare", is_flag=True, help="Take the network's numbers, not raw data.")
@click.option("--streaming", is_flag=True, help="Also a step.onnx: one step of a sequence.")
@click.option("--no-verify", is_flag=True, help="Do not compare with PyTorch; needs no torch.")
@network_option
@set_option
@data_option
def command(
    console: Console,
    path: str,
    weights: str | None,
    names: str | None,
    output: str | None,
    opset: int,
    bare: bool,
    streaming: bool,
    no_verify: bool,
    network: str | None,
    sets: dict[str, str],
    moved: dict[str, str],
) -> None:
    """Write ONNX files of the networks of a spec, or of a run's trained network."""
    if places.kind(path, ".nn") == "run":
        run = places.run_at(path, "any", console)
        orders = _of_run(run, sets, moved, console)
        source = Source(run.record.spec or "spec.nn", "")
    else:
        source = specs.load(path)
        orders = _of_spec(source, sets, moved, network, bare, console)
    orders = _given(orders, weights, names, source, console)
    alone = len(orders) == 1
    for order in orders:
        recipe = _asked(order.recipe, bare, streaming)
        trained = order.weights is not None
        place = _place(output, source, file_name(recipe, trained=trained, alone=alone), alone)
        whole, recipe, arrays = recipe.network, shipped(recipe), _arrays(order, console)
        arrays = shipped_weights(recipe, arrays, whole)
        files = [
            export_network(
                recipe,
                arrays,
                step_path(place) if steps else place,
                trained=trained,
                opset=opset,
                proof=None if no_verify else _proof(steps),
                steps=steps,
            )
            for steps in (False, True)[: 1 + streams(recipe)]
        ]
        if not _is_file(output):
            _write_source(recipe, source, place.parent, arrays, alone, console)
        for file in files:
            _tell(file, trained, console)


def _given(
    orders: list[Order], weights: str | None, names: str | None, source: Source, console: Console
) -> list[Order]:
    """The orders with the weights that the command line names; else those of their `init`."""
    if names is not None and weights is None:
        raise unusable("--names tells of a file of weights", help="give the file: --weights FILE")
    if weights is None:
        return [replace(order, begun=_begun(order, source, console)) for order in orders]
    if names is not None and not Path(names).exists():
        raise absent(names, ".json")
    given, tables = _weights_file(weights, console), _tables(names, source)
    said = {"weights": given, "tables": tables, "asked": names is not None}
    return [replace(order, **said) for order in orders]


def _asked(recipe: Recipe, bare: bool, streaming: bool) -> Recipe:
    """The recipe with what the command line asks for."""
    export = recipe.export or ExportPlan(recipe.network.name)
    bare, streaming = export.bare or bare, export.streaming or streaming
    return replace(recipe, export=replace(export, bare=bare, streaming=streaming))


def _write_source(
    recipe: Recipe,
    source: Source,
    folder: Path,
    arrays: Mapping[str, Array],
    alone: bool,
    console: Console,
) -> None:
    """The network as PyTorch source with its weights, beside the ONNX file."""
    name = recipe.network.name
    weights = WEIGHTS if alone else f"{name}.safetensors"
    public = Source(public_name(source.name), source.text)
    told = replace(extras(public, recipe.plan, recipe.profile), weights=weights)
    write_text(
        folder / ("model.py" if alone else f"{name}.py"), torch_source(recipe.network, extras=told)
    )
    try:
        write_weights(folder / weights, arrays)
    except Refusal as refusal:  # the ONNX file has the weights; PyTorch's users have the package
        console.note(f"note: {refusal.diagnostics[0].message}; {weights} is left out")


def _proof(steps: bool) -> Proof:
    from nnc.deploy.verify import verify  # torch takes seconds to load
    from nnc.deploy.verify_steps import verify_steps

    return verify_steps if steps else verify


def _of_run(
    run: Run, sets: Mapping[str, str], moved: Mapping[str, str], console: Console
) -> list[Order]:
    from nnc.train.data.profile_json import profile_from_json  # a spec without data needs none

    text = specs.load(str(run.path / "spec.nn")).text
    source = Source(public_name(run.record.spec or "spec.nn"), text)
    names = ["data.json", *sorted(p.name for p in run.path.glob("data.*.json"))]
    profiles = [profile_from_json(specs.load(str(run.path / name)).text) for name in names]
    checked = specs.check(source, sets, moved, {profile.data: profile for profile in profiles})
    specs.sound(checked, console)
    record, profile = run.record, profiles[0]
    if record.network in checked.gans:
        gan, plan = (
            checked.gans[record.network],
            specs.train_of(checked, record.network, record.block),
        )
        made = gans.recipes(checked, gan, plan, tuple(profiles))
        return [Order(recipe, run.weights, 0) for recipe in made]
    one = Order(_recipe(checked, record.network, profile, record.block), run.weights, 0)
    return [one]


def _of_spec(
    source: Source,
    sets: Mapping[str, str],
    moved: Mapping[str, str],
    network: str | None,
    bare: bool,
    console: Console,
) -> list[Order]:
    root = specs.root_of(source)
    checked = specs.check(source, sets, moved, root=root)
    if checked.errors:
        raise Refusal(*checked.diagnostics)
    wanted = specs.choose(checked, network)
    alone, playing = gans.apart(checked, wanted)
    profiles = {}
    if not bare or moved:
        plans = [specs.train_of(checked, name, network) for name in (*alone, *playing)]
        profiles = _profiles(checked, [plan for plan in plans if plan is not None], console)
    public = Source(public_name(source.name), source.text)
    checked = specs.sound(specs.check(public, sets, moved, profiles, root), console)
    orders = []
    for name in alone:
        plan = specs.train_of(checked, name, network)
        profile = profiles.get(plan.data[0]) if plan is not None else None
        seed = plan.seed if plan else 0
        orders.append(Order(_recipe(checked, name, profile, network), None, seed, plan=plan))
    for name in playing:
        plan = specs.train_of(checked, name, network)
        known = gans.known(plan, profiles)
        only = set(wanted) if network in wanted else None
        for recipe in gans.recipes(checked, checked.gans[name], plan, known, only=only):
            orders.append(Order(recipe, None, plan.seed if plan else 0, plan=plan))
    return orders


def _profiles(checked: Checked, plans: Iterable[TrainPlan], console: Console) -> dict[str, Profile]:
    """What the data of the train blocks tells; data that is not there is left out, aloud."""
    found: dict[str, Profile] = {}
    read = [(p, name) for p in plans for name in (p.data if p.gan is not None else p.data[:1])]
    for plan, name in read:
        if name in found:
            continue
        try:
            found[name] = _profile(checked, plan, name, console)
        except ModuleNotFoundError as error:
            reason = f"{error.name} is not installed"
        except Refusal as refusal:
            if refusal.diagnostics[0].code not in NO_DATA:
                raise
            reason = refusal.diagnostics[0].message
        if name not in found:
            console.note(f"note: {reason}; the file takes the network's numbers, not raw data")
    return found


def _profile(checked: Checked, plan: TrainPlan, name: str, console: Console) -> Profile:
    from nnc.cli import opened  # Pillow and polars come with the extras only

    return opened.of_plan(checked, checked.data[name], plan, console).profile


def _recipe(checked: Checked, network: str, profile: Profile | None, block: str | None) -> Recipe:
    if network not in checked.networks:
        raise unusable(f"the spec of this run has no network `{network}`")
    plan = specs.train_of(checked, network, block)
    return Recipe(
        network=with_offered(checked.networks[network], variant(checked, network)),
        plan=plan if profile is not None else None,
        profile=profile,
        export=checked.exports.get(network),
        spec=checked.resolved,
    )


def _weights_file(path: str, console: Console) -> Path:
    if Path(path).is_dir():
        return places.run_at(path, "any", console).path / WEIGHTS
    return weights_file(path)


def _tables(names: str | None, spec: Source) -> tuple[NameTable, ...]:
    """The tables of names that `--names` gives, or that lie beside the spec."""
    there = beside(Path(spec.name)) if names is None else Path(names)
    if names is None and not there.is_file():
        return ()
    return read_tables(there, relative(str(there)))


def _arrays(order: Order, console: Console) -> Mapping[str, Array]:
    table = weight_table(order.recipe.network)
    role = order.recipe.role
    if order.weights is None and role is not None:
        first = gans.first_weights(order.recipe.network, role.player.name, order.seed)
        return {**first, **order.begun}
    if role is not None and order.weights is not None and not order.tables:
        return gans.weights_of(order.weights, order.recipe.network, role.player.name)
    if order.weights is None:
        return {**initial_weights(table, order.seed), **order.begun}
    name = order.recipe.network.name
    tables = [t for t in order.tables if t.network in ("", name)]
    for asked in tables if order.asked else ():
        check_lines(asked, (row.name for row in table))
    taken = take_weights(order.weights, table, tables)
    for line in told(taken, order.weights.name):
        console.note(line)
    return taken.arrays


def _begun(order: Order, source: Source, console: Console) -> Mapping[str, Array]:
    """What the train block's `init` carries over, as a training would start; told either way."""
    plan, role = order.plan, order.recipe.role
    if plan is None or order.weights is not None:
        return {}
    try:
        if role is None:
            begun = start_of(plan, order.recipe.network, source)
        else:
            begun = player_start(plan, role.player.name, order.recipe.network, source)
    except Refusal as refusal:
        console.note(f"note: {refusal.diagnostics[0].message}; all weights are drawn anew")
        return {}
    for line in begun.lines if begun is not None else ():
        console.note(line)
    return {} if begun is None else begun.arrays


def _is_file(output: str | None) -> bool:
    """`-o` names an ONNX file, not a folder."""
    return output is not None and output.lower().endswith(".onnx")


def _place(output: str | None, source: Source, name: str, alone: bool) -> Path:
    folder = Path("build") / stem(source.name) if output is None else Path(output)
    if _is_file(output):
        if not alone:
            raise unusable("several networks do not fit into one file", help="name a folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def _tell(file: ExportedFile, trained: bool, console: Console) -> None:
    parts = [file_size(file.bytes), file.described, f"opset {file.opset}, {file.nodes} nodes"]
    if file.parity is None:
        parts.append("not compared with PyTorch")
    else:
        parts.append(f"differs from PyTorch by at most {file.parity.largest:.0e}")
    if not trained:
        parts.append("initial weights: not trained")
    console.note("file      " + "   ".join(parts))
    console.result(relative(str(file.path)))
