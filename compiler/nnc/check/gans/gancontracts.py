"""What an objective wants of the players that learn by it."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.gans.gan_rules import CRITIC_NORM, SCORE_SIGMOID, WRONG_OBJECTIVE
from nnc.check.training.losses import last_layer, without_step
from nnc.check.world import World
from nnc.diagnostics import Label
from nnc.ir.gan import R1, Gan, GanPlayer, GradientPenalty, Objective
from nnc.ir.graph import Call, Graph, Item, Network
from nnc.source import Span


def check_objective(
    world: World, span: Span, gan: Gan, objective: Objective, networks: Mapping[str, Network]
) -> None:
    """Reports players that the objective does not fit; `span` is where it stands."""
    if _players(world, span, gan, objective):
        for player in gan.discriminators:
            network = networks[player.network]
            if objective.word:  # a loss that is written out says itself what it wants
                _sigmoid(world, span, player, network, objective)
            if isinstance(objective, (GradientPenalty, R1)):
                _norm(world, span, player, network, objective)


def _players(world: World, span: Span, gan: Gan, objective: Objective) -> bool:
    """The number of players, and what they read."""
    domains = [s for s in gan.sources if s.kind == "domain"]
    message = help = ""
    word = objective.word
    if objective.two_domains and not domains:
        message = f"`{word}` trains two generators between two domains, and `{gan.name}` has none"
        help = "declare `domain a, b: [3, H, W]`, or use `gan`, `lsgan`, `hinge`, ..."
    elif domains and not objective.two_domains and word:
        message = f"`{gan.name}` goes between domains, and `{word}` does not"
        help = "write `objective cyclegan`"
    elif not domains and (len(gan.generators) > 1 or (word and len(gan.discriminators) > 1)):
        role = "generators" if len(gan.generators) > 1 else "discriminators"
        what = f"`{word}`" if word else "a gan without domains"
        message = f"{what} trains one generator and one discriminator, and here are more {role}"
        help = "only `objective cyclegan` trains two of each, between two domains"
        if role == "discriminators":
            help = "write out what each player loses: `loss ... on` each"
    elif objective.paired and not _pictures(gan):
        message = f"`{word}` turns a picture into another, and no `condition` is one"
        help = "declare it: `condition photo: [3, 256, 256]`"
    elif objective.paired:
        (player,) = gan.discriminators
        if not {*player.reads} & {"pair", *_pictures(gan)}:
            message = f"`{player.name}` does not see the condition, and `{word}` judges pairs"
            name = _pictures(gan)[0]
            help = f"begin with `from {name}, {gan.generators[0].output} -> concat`"
    if message:
        world.sink.add(WRONG_OBJECTIVE.at(span, message, help=help))
    return not message


def _pictures(gan: Gan) -> tuple[str, ...]:
    return tuple(
        s.name
        for s in gan.sources
        if s.kind == "condition" and s.type.rank == 3 and s.type.dtype == "float32"
    )


def _sigmoid(
    world: World, span: Span, player: GanPlayer, network: Network, objective: Objective
) -> None:
    """A sigmoid at the end of a score."""
    item = last_layer(network.graph, network.graph.outputs[0].value)
    if item is None or item.op.word not in ("sigmoid", "softmax", "tanh"):
        return
    word = item.op.word
    why = (
        f"`{objective.word}` takes scores of any size"
        if objective.unbounded or objective.word == "lsgan"
        else f"`{objective.word}` contains the sigmoid"
    )
    world.sink.add(
        SCORE_SIGMOID.at(
            item.span,
            f"`{player.name}` ends in `{word}`, and {why}",
            others=(Label(span, "the objective"),),
            help=f"leave the `{word}` out",
            fix=without_step(item.span),
        )
    )


def _norm(
    world: World, span: Span, player: GanPlayer, network: Network, objective: Objective
) -> None:
    """A `batch_norm` where the gradient of single samples is penalised."""
    item = first_layer(network.graph, "batch_norm")
    if item is None:
        return
    world.sink.add(
        CRITIC_NORM.at(
            item.span,
            f"`batch_norm` mixes samples, and `{objective.word}` looks at the gradient of each",
            others=(Label(span, "the objective"),),
            help="use `instance_norm`, or `layer_norm(axis=0)`",
        )
    )


def first_layer(graph: Graph, word: str) -> Item | None:
    """The first layer of that word, also inside of blocks."""
    for item in graph.items:
        if isinstance(item.op, Call):
            found = first_layer(item.op.graph, word)
            if found is not None:
                return found
        elif item.op.word == word:
            return item
    return None
