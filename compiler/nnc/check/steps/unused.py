"""Values, inputs and shared steps that nothing uses.

Work thrown away, and most often a missing line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnc.check.formulas.values import SharedEntry
from nnc.check.rules import UNUSED_INPUT, UNUSED_VALUE
from nnc.layers.source import Source

if TYPE_CHECKING:
    from nnc.check.steps.body import Body


def report_unused(body: Body) -> None:
    """Values that nothing uses."""
    for port in body.builder.inputs:
        if port.value not in body.builder.used and (body.top or port.drawn is not None):
            body.damaged = True
            body.world.sink.add(
                UNUSED_INPUT.at(
                    port.span,
                    f"nothing reads the {'input' if port.drawn is None else 'noise'} `{port.name}`",
                    help=f"use it: `from {port.name}`, or remove it",
                )
            )
    losses = body.world.read_by_losses.get(body.builder.name, frozenset())
    for item in body.builder.items:
        if any(v in body.builder.used for v in item.outputs):
            continue
        if body.top and item.label in losses:
            continue  # a loss reads it
        body.damaged = True
        if isinstance(item.op, Source):
            body.world.sink.add(
                UNUSED_VALUE.at(
                    item.span,
                    f"nothing reads the {item.op.word} `{item.label}`",
                    help=f"use it, as in `mul({item.label})`, or remove it",
                    trace=body.world.trace,
                )
            )
        else:
            body.world.sink.add(
                UNUSED_VALUE.at(
                    item.span,
                    f"nothing uses the value of this `{item.op.word}`",
                    help="a `from` after it starts elsewhere; join it, give it out, or remove it",
                    trace=body.world.trace,
                )
            )
    for name, entry in body.scope.names.items():
        if isinstance(entry.value, SharedEntry) and entry.value.uses == 0:
            body.damaged = True
            body.world.sink.add(
                UNUSED_VALUE.at(entry.span, f"nothing uses the shared step `{name}`")
            )
