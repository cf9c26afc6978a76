"""Data blocks, opened as the spec and the command line ask for it. The only verbs' way to data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from nnc.check import Checked
from nnc.check.training.numeric import numeric_targets
from nnc.cli import gans
from nnc.cli.console import Console
from nnc.cli.failures import unusable
from nnc.diagnostics import Refusal
from nnc.ir.plan import DataPlan, Profile, TrainPlan
from nnc.ir.types import TensorType
from nnc.record import replace
from nnc.train.data import Dataset, open_data
from nnc.train.data.rules import NOT_FOUND

PICTURE_RANK = 3


def choose(checked: Checked, name: str | None) -> dict[str, DataPlan]:
    """The data blocks of that name, all by default.

    Raises:
        Refusal: there is none.
    """
    if name is None:
        if not checked.data:
            raise unusable("the spec declares no data")
        return checked.data
    if name not in checked.data:
        there = ", ".join(checked.data) or "none"
        raise unusable(f"the spec has no data block `{name}`", help=f"it has {there}")
    return {name: checked.data[name]}


def dataset(checked: Checked, plan: DataPlan, console: Console, network: str = "") -> Dataset:
    """Opens one data block, with pictures brought to the size that the network takes.

    Raises:
        Refusal: the data is not as the spec says.
    """
    return _dataset(checked, plan, console, picture_type(checked, plan.name, network))


def of_plan(checked: Checked, plan: DataPlan, train: TrainPlan, console: Console) -> Dataset:
    """Opens a data block of a train block, with pictures in the size that its network takes.

    Raises:
        Refusal: the data is not as the spec says.
    """
    if train.gan is None:
        return dataset(checked, plan, console, train.network)
    shape = gans.picture_type(train.gan.gan, checked.networks)
    return _dataset(checked, plan, console, shape)


def _dataset(
    checked: Checked, plan: DataPlan, console: Console, shape: TensorType | None
) -> Dataset:
    console.detail(f"opening {plan.name}")
    with elsewhere(plan):
        opened = open_data(
            plan,
            shape=shape,
            numeric=numeric_targets(checked.trains.values(), plan),
        )
    if not console.quiet:
        console.diagnostics(opened.warnings)
        for note in opened.notes:
            console.note(f"note: {console.shown(note)}")
    return opened


@contextmanager
def elsewhere(plan: DataPlan) -> Iterator[None]:
    """Lets the message that data is not there tell how to say where it is."""
    try:
        yield
    except Refusal as refused:
        (first, *more) = refused.diagnostics
        if first.code == NOT_FOUND.code:
            said = f"data that lies elsewhere: `--data {plan.name}=PATH`"
            help = f"{first.help}; {said}" if first.help else said
            refused.diagnostics = (replace(first, help=help), *more)
        raise


def profiles(
    checked: Checked, console: Console, only: tuple[str, ...] | None = None
) -> Mapping[str, Profile]:
    """What opening data blocks finds, by name; `only` names those to open.

    Raises:
        Refusal: the data is not as the spec says.
    """
    return {
        name: dataset(checked, plan, console).profile
        for name, plan in checked.data.items()
        if only is None or name in only
    }


def picture_type(checked: Checked, data: str, network: str = "") -> TensorType | None:
    """The type [C, H, W] of the input that a data block's pictures feed, where exactly one fits."""
    for plan in checked.trains.values():
        if plan.gan is not None and data in plan.data and network in ("", plan.network):
            made = checked.networks[plan.gan.gan.generators[0].network].graph
            type = made.types[made.outputs[0].value]
            return type if type.rank == PICTURE_RANK else None
    trained = (
        [network] if network else [t.network for t in checked.trains.values() if data in t.data]
    )
    for name in trained or list(checked.networks):
        found = checked.networks.get(name)
        if found is None:
            continue
        types = [found.graph.types[port.value] for port in found.graph.fed]
        pictures = [t for t in types if t.rank == PICTURE_RANK and t.dtype == "float32"]
        if len(pictures) == 1:
            return pictures[0]
    return None
