"""From a spec to everything that a run needs: checked twice, with its data opened in between."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata

from nnc import __version__
from nnc.backends.arrays import Array
from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.backends.torch_offered import with_offered
from nnc.backends.torch_source import torch_source
from nnc.check import Checked
from nnc.check.variants import variant
from nnc.cli import gans, opened, specs
from nnc.cli.console import Console
from nnc.cli.extras import extras
from nnc.cli.failures import unusable
from nnc.cli.names import public_name
from nnc.cli.suggest import train_block
from nnc.deploy.meanings import Recipe
from nnc.diagnostics import Refusal
from nnc.ir.graph import Network
from nnc.ir.labels import labels_read, with_labels
from nnc.ir.plan import DataPlan, ExportPlan, Profile, TrainPlan
from nnc.ir.walk import weight_table
from nnc.passes.carrying import carriers
from nnc.record import Record
from nnc.source import Source
from nnc.train.data import Dataset
from nnc.train.data.profile_json import profile_json
from nnc.train.run_record import RunRecord, data_record
from nnc.train.wiring import Member

NO_STARTS: Mapping[str, Mapping[str, Array]] = {}
PACKAGES = ("torch", "numpy", "onnx", "onnxruntime", "safetensors")


class Prepared(Record):
    """A train block whose data was opened; its network has no size left open that data tells.

    `network`: of a gan that of its first generator. `beside`: the data blocks after the first.
    """

    source: Source
    checked: Checked
    plan: TrainPlan
    network: Network
    data_plan: DataPlan
    data: Dataset
    beside: tuple[Dataset, ...] = ()

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """What opening all data found."""
        return (self.data.profile, *(data.profile for data in self.beside))

    @property
    def profile(self) -> Profile:
        """What opening the data found."""
        return self.data.profile

    @property
    def export(self) -> ExportPlan:
        """What the spec's export block says, or its defaults."""
        return self.checked.exports.get(self.plan.network, ExportPlan(self.plan.network))


def prepare(
    source: Source,
    sets: Mapping[str, str],
    moved: Mapping[str, str],
    network: str | None,
    console: Console,
    *,
    root: str | None = None,
) -> Prepared:
    """Checks a spec, opens the data of one train block, and checks again with what was found.

    Raises:
        Refusal: the spec has mistakes, nothing or too much to train, or the data is not as it says.
    """
    root = specs.root_of(source) if root is None else root
    first = specs.check(source, sets, moved, root=root)
    if first.errors:
        raise Refusal(*first.diagnostics)
    plan = choose(first, network)
    data_plan = first.data[plan.data[0]]
    several = plan.data if plan.gan is not None else plan.data[:1]
    data, *beside = (opened.of_plan(first, first.data[name], plan, console) for name in several)
    public = Source(public_name(source.name), source.text)
    profiles = {each.profile.data: each.profile for each in (data, *beside)}
    checked = specs.check(public, sets, moved, profiles, root)
    specs.sound(checked, console)
    plan = checked.trains[plan.name]
    first_of = plan.network if plan.gan is None else plan.gan.gan.generators[0].network
    trained = with_offered(checked.networks[first_of], variant(checked, first_of))
    return Prepared(public, checked, plan, trained, data_plan, data, tuple(beside))


def choose(checked: Checked, network: str | None) -> TrainPlan:
    """The train block to run: the only one, or the one that `--network` names.

    Raises:
        Refusal: there is none, or several.
    """
    plans = checked.trains
    if not plans:
        help = "add one:\n" + train_block(checked)
        raise unusable(f"{checked.source.name} has no train block", help=help)
    if network is None:
        if len(plans) > 1:
            raise unusable("there are several train blocks", help=_listed(plans))
        return next(iter(plans.values()))
    named = [p for p in plans.values() if p.name == network]
    named = named or [p for p in plans.values() if p.network == network]
    if len(named) != 1:
        raise unusable(f"no train block is called `{network}`", help=_listed(plans))
    return named[0]


def _listed(plans: Mapping[str, TrainPlan]) -> str:
    return "choose by " + " or ".join(f"`--network {name}`" for name in plans)


def recipe(prepared: Prepared) -> Recipe:
    """What the exported file is made of."""
    return Recipe(
        network=prepared.network,
        plan=prepared.plan,
        profile=prepared.profile,
        export=prepared.export,
        spec=prepared.checked.resolved,
    )


def members(
    prepared: Prepared, starts: Mapping[str, Mapping[str, Array]] = NO_STARTS
) -> tuple[Member, ...]:
    """The players as modules with their initial weights, ready to train.

    `starts`: by player those weights that begin as others.
    """
    if prepared.plan.gan is not None:
        return gans.members(prepared.plan, prepared.plan.gan, prepared.checked.networks, starts)
    network = with_labels(prepared.network, labels_read(prepared.plan))
    graph = network.graph
    weights = initial_weights(weight_table(prepared.network), prepared.plan.seed)
    return tuple(
        Member(
            player.name,
            build(network, {**weights, **starts.get(player.name, {})}),
            tuple(port.name for port in graph.fed),
            tuple(port.name for port in graph.outputs),
            carriers(network),
        )
        for player in prepared.plan.players
    )


def files(prepared: Prepared) -> dict[str, str]:
    """The texts that a run folder begins with, by path."""
    plan, networks = prepared.plan, prepared.checked.networks
    if plan.gan is not None:
        model = gans.source(plan.gan.gan, networks, prepared.source.name)
    else:
        told = extras(prepared.source, plan, prepared.profile)
        model = torch_source(prepared.network, extras=told)
    more = {
        f"data.{data.profile.data}.json": profile_json(data.profile) for data in prepared.beside
    }
    return {
        "spec.nn": prepared.checked.resolved,
        **_as_written(prepared),
        "model.py": model,
        "data.json": profile_json(prepared.profile),
        **more,
    }


def _as_written(prepared: Prepared) -> dict[str, str]:
    """The spec and the files that it uses, at their places beside one another."""
    first, *others = prepared.checked.sources
    folder = os.path.dirname(first.name)
    texts = {f"source/{os.path.basename(first.name) or 'spec.nn'}": first.text}
    for source in others:
        inside = source.name.removeprefix(f"{folder}/") if folder else source.name
        parts = [part for part in inside.split("/") if part not in ("", ".", "..")]
        texts.setdefault(f"source/{'/'.join(parts)}", source.text)
    return texts


def record(
    prepared: Prepared, console: Console, sets: Mapping[str, str], moved: Mapping[str, str]
) -> RunRecord:
    """What a new run says of itself."""
    overrides = [f"{key}={value}" for key, value in sets.items()]
    overrides += [f"--data {key}={value}" for key, value in moved.items()]
    return RunRecord(
        status="running",
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        spec=prepared.source.name,
        network=prepared.plan.network,
        train=prepared.plan.name,
        command=("nnc", *console.args),
        overrides=tuple(overrides),
        versions=versions(),
        seeds={"train": prepared.plan.seed, "split": prepared.data_plan.split.seed},
        data=tuple(data_record(profile) for profile in prepared.profiles),
    )


def versions() -> dict[str, str]:
    """Versions of nnc and of the libraries that a result depends on."""
    found = {"nnc": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
