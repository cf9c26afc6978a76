"""How a train block updates weights: which optimizer holds how many, and what is frozen."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Declared
from nnc.ir.dims import Dim, product
from nnc.ir.graph import Network
from nnc.ir.plan import TrainPlan
from nnc.ir.updates import Group
from nnc.ir.walk import weight_table
from nnc.record import Record
from nnc.render.json import Json
from nnc.render.summary import count, known


class Row(Record):
    """Some weights: how many, and what is done with them."""

    weights: Dim
    text: str


def is_plain(plan: TrainPlan) -> bool:
    """Whether all weights learn alike."""
    several = any(len(phase.groups) > 1 for phase in plan.phases)
    return not (several or plan.frozen.selector or any(clip.selector for clip in plan.clips))


def call_text(call: Declared) -> str:
    """`adam lr 0.002`: the word, and what differs from its defaults; the learning rate always."""
    said = [call.word]
    for name, arg in call.args.items():
        value = getattr(call, name)
        if name == "lr" or value != arg.default:
            said.append(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}")
    return " ".join(said)


def group_text(group: Group) -> str:
    """`adam lr 0.002 on bias   cosine warmup 100 on head`."""
    said = []
    for call, on in ((group.optimizer, group.selector), (group.schedule, group.scheduled)):
        said.append(f"{call_text(call)} on {on}" if on else call_text(call))
    return ("   " if group.selector or group.scheduled else " ").join(said)


def update_rows(plan: TrainPlan, network: Network) -> tuple[Row, ...]:
    """What is done with which weights: a row a group, then what is clipped, and what is frozen."""
    sizes = _sizes(network)
    frozen = _sum(sizes, plan.frozen.weights)
    rows = [Row(amount, group_text(group)) for group, amount in group_sizes(plan, network, sizes)]
    for clip in plan.clips if any(clip.selector for clip in plan.clips) else ():
        on = f" on {clip.selector}" if clip.selector else ""
        rows.append(Row(_sum(sizes, clip.weights), f"clip {clip.norm:g}{on}"))
    if plan.frozen.selector:
        rows.append(Row(frozen, f"frozen: {plan.frozen.selector}"))
    return tuple(rows)


def group_sizes(
    plan: TrainPlan, network: Network, sizes: dict[str, Dim] | None = None
) -> tuple[tuple[Group, Dim], ...]:
    """How many numbers each group holds."""
    sizes = _sizes(network) if sizes is None else sizes
    frozen = set(plan.frozen.weights)
    learned = [name for name in sizes if name not in frozen]
    return tuple(
        (group, _sum(sizes, group.weights or learned))
        for phase in plan.phases
        for group in phase.groups
    )


def update_lines(plan: TrainPlan, network: Network) -> list[str]:
    """`weights   3,200,000   adamw lr 0.002 cosine`, a line a row; none where all learn alike."""
    if is_plain(plan):
        return []
    rows = update_rows(plan, network)
    counts = [count(row.weights) for row in rows]
    width = max(len(each) for each in counts)
    heads = ["weights", *[""] * len(rows)]
    return [
        f"{head:<9} {number:>{width}}   {row.text}"
        for head, number, row in zip(heads, counts, rows)
    ]


def train_json(plan: TrainPlan, network: Network) -> dict[str, Json]:
    """One entry of `trains` of a network in `nnc show --json`."""
    sizes = _sizes(network)
    frozen = _sum(sizes, plan.frozen.weights)
    trained = _sum(sizes, sizes) - frozen
    return {
        "name": plan.name,
        "trained": known(trained),
        "frozen": known(frozen),
        "groups": [
            {
                "optimizer": call_text(group.optimizer),
                "schedule": call_text(group.schedule),
                "on": group.selector,
                "schedule_on": group.scheduled,
                "weights": known(amount),
            }
            for group, amount in group_sizes(plan, network, sizes)
        ],
    }


def _sizes(network: Network) -> dict[str, Dim]:
    rows = weight_table(network)
    return {row.name: product(row.weight.dims) for row in rows if row.weight.role == "trained"}


def _sum(sizes: dict[str, Dim], names: Iterable[str]) -> Dim:
    total: Dim = 0
    for name in names:
        total = total + sizes[name]
    return total
