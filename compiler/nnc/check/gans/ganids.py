"""Ids that players read: their tables hold as many as there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnc.check.gans.gan_rules import GAN_IDS
from nnc.diagnostics import Diagnostic
from nnc.ir.gan import Gan
from nnc.ir.graph import Call, Graph, Item, Network

TABLES = {"embedding": "count", "one_hot": "classes"}
"""Layers that take ids, and the argument that says how many."""


def too_few(
    gan: Gan, networks: Mapping[str, Network | None], source: str, count: int, wanted: str
) -> Iterator[Diagnostic]:
    """Messages for tables that do not hold all ids of a source; `wanted`: what to write."""
    for player in gan.players:
        network = networks[player.network]
        if network is None:
            continue
        for port, name in zip(network.graph.fed, player.reads):
            for item in _tables(network.graph, port.value) if name == source else ():
                have = getattr(item.op, TABLES[item.op.word])
                if isinstance(have, int) and have < count:
                    word = item.op.word
                    rest = ", ..." if word == "embedding" else ""
                    yield GAN_IDS.at(
                        item.span,
                        f"`{word}` holds {have} ids, and `{source}` has {count}",
                        help=f"write `{word}({wanted}{rest})`",
                    )


def _tables(graph: Graph, value: int) -> Iterator[Item]:
    """The layers that look a value up."""
    for item in graph.items:
        places = [at for at, own in enumerate(item.inputs) if own == value]
        if isinstance(item.op, Call):
            for at in places:
                if at < len(item.op.graph.inputs):
                    yield from _tables(item.op.graph, item.op.graph.inputs[at].value)
        elif places and item.op.word in TABLES:
            yield item
