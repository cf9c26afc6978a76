"""All train blocks of a file; bound where their data were opened."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.gans.gan import check_gan
from nnc.check.gans.ganbinding import bind_gan
from nnc.check.gans.gantrain import check_gan_train
from nnc.check.overrides import Routed
from nnc.check.rules import TAKEN_NAME
from nnc.check.training.binding import bind_fields
from nnc.check.training.carrying import cannot_carry
from nnc.check.training.catalogue import catalogue_profile
from nnc.check.training.declared import declared_profile
from nnc.check.training.idranges import declared_ids
from nnc.check.training.numeric import numeric_targets
from nnc.check.training.train import check_train, competes, unknown_network
from nnc.check.world import World
from nnc.diagnostics import Refusal
from nnc.ir.gan import Gan
from nnc.ir.graph import Network
from nnc.ir.plan import DataPlan, Profile, TrainPlan
from nnc.syntax import ast


def gans(
    world: World, file: ast.File, networks: dict[str, Network | None], routed: Routed
) -> dict[str, Gan]:
    """Gans; their players join the networks, from which those go that only play."""
    found: dict[str, Gan] = {}
    named = {
        d.network.text
        for d in file.declarations
        if isinstance(d, (ast.Train, ast.Export, ast.Budget)) and d.network is not None
    }
    named |= {
        name
        for name, d in world.networks.items()
        if any(isinstance(s, ast.Budget) for s in d.body.statements)
    }
    for name, d in world.gans.items():
        made = check_gan(world, d, world.callable, routed.networks.get(name, {}))
        networks.update(made.networks)
        if made.gan is None:
            continue
        found[name] = made.gan
        calls = (item.call for item in d.items if isinstance(item, ast.Player))
        for call in calls:
            if call is not None and call.name.text not in named:
                networks.pop(call.name.text, None)
    return found


def train_blocks(
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
            made = check_gan_train(world, d, gan, networks, data, own, root)
            if made is not None:
                found[name] = _gan_bound(world, made, networks, data, profiles)
            continue
        if d.network.text not in networks and world.gans and competes(d):
            unknown_network(world, d, networks)
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
        small = declared_ids(data, network)
        if small is not None:
            world.sink.add(small)
        return plan
    try:
        bound = bind_fields(plan, network, known)
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            world.sink.add(diagnostic)
        return plan
    return plan if profile is None else bound


def _gan_bound(
    world: World,
    plan: TrainPlan,
    networks: Mapping[str, Network | None],
    data: Mapping[str, DataPlan | None],
    profiles: Mapping[str, Profile],
) -> TrainPlan:
    """As `_bound`, of all data that a gan reads."""
    known: dict[str, Profile] = {}
    for name in plan.data:
        source = data.get(name)
        profile = profiles.get(name)
        if profile is None and source is not None:
            profile = catalogue_profile(source, numeric_targets((plan,), source))
        if profile is not None:
            known[name] = profile
    if plan.gan is None or not known or len(known) < len(plan.data):
        return plan
    try:
        bound = bind_gan(plan, plan.gan, networks, known)
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            world.sink.add(diagnostic)
        return plan
    return bound if all(name in profiles for name in plan.data) else plan
