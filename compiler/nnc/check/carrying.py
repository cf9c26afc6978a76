"""Data whose windows carry a state along: whether the network that learns them can."""

from __future__ import annotations

from nnc.check.training_rules import CARRIED
from nnc.diagnostics import Diagnostic
from nnc.ir.graph import Network, Scan
from nnc.ir.plan import DataPlan, TrainPlan
from nnc.ir.walk import walk
from nnc.layers.recurrent import Recurrent


def cannot_carry(plan: TrainPlan, source: DataPlan, network: Network) -> Diagnostic | None:
    """What keeps a network from carrying its state from window to window, where data ask for it."""
    if source.option("carry") is not True:
        return None
    carries = False
    for step in walk(network):
        op = step.item.op
        if isinstance(op, Scan) and (op.starts or _reads(op)):
            message = "a scan starts anew with each window: its state is not carried"
            help = f"take `carry=true` out of `data {source.name}`, or use `lstm`, `gru` or `rnn`"
            return CARRIED.at(step.item.span, message, help=help)
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
        help="take `carry=true` out; `lstm`, `gru` and `rnn` keep a state from zeros on",
    )


def _reads(scan: Scan) -> bool:
    """Whether a layer in the body of a scan keeps a state of its own."""
    return any(isinstance(step.item.op, Recurrent) for step in walk(Network(scan.graph)))
