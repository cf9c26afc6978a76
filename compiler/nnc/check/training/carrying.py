"""Data whose windows carry a state along: whether the network that learns them can."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.training.training_rules import CARRIED
from nnc.diagnostics import Diagnostic
from nnc.ir.graph import Network, Scan
from nnc.ir.plan import DataPlan, TrainPlan
from nnc.ir.walk import walk
from nnc.layers.recurrent import Recurrent
from nnc.passes.carrying import carrying


def cannot_carry(plan: TrainPlan, source: DataPlan, network: Network) -> Diagnostic | None:
    """What keeps a network from carrying its state from window to window, where data ask for it."""
    if source.option("carry") is not True:
        return None
    carries = False
    for step in walk(network):
        op = step.item.op
        if isinstance(op, Scan):
            carries = carries or op.begun > 0
        if not isinstance(op, Recurrent) or any(v is not None for v in step.inputs[1:-1]):
            continue
        if op.bidirectional:
            message = "what reads back from the end of a window cannot carry on from the one before"
            help = f"take `bidirectional` out, or `carry=true` out of `data {source.name}`"
            return CARRIED.at(step.item.span, message, help=help)
        carries = True
    if carries:
        return None
    return CARRIED.at(
        plan.span,
        f"`data {source.name}` carry a state along, and `{network.name}` keeps none",
        help="take `carry=true` out; `lstm`, `gru`, `rnn` and states of a scan that start from "
        "a number go on",
    )


def with_carried(
    networks: Mapping[str, Network | None],
    trains: Mapping[str, TrainPlan],
    data: Mapping[str, DataPlan | None],
) -> dict[str, Network | None]:
    """The networks, those marked whose states go on from window to window in training."""
    carry = {n for n, plan in data.items() if plan is not None and plan.option("carry") is True}
    marked = {p.network for plan in trains.values() for p in plan.players if carry & {*plan.data}}
    return {
        name: carrying(network) if network is not None and name in marked else network
        for name, network in networks.items()
    }
