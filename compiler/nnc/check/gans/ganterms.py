"""Losses beside a gan's objective: `loss cross_entropy(kind, label)`."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.formulas.values import Unknown, is_real
from nnc.check.gans.gan_rules import GAN_SETTING
from nnc.check.training.lossformulas import options
from nnc.check.training.settings import one_value
from nnc.check.training.training_rules import BAD_LOSS, UNKNOWN_LOSS, UNKNOWN_OUTPUT
from nnc.check.world import World
from nnc.diagnostics import Fix, nearest
from nnc.ir.gan import Gan, GanPlayer, GanSource, GanTerm
from nnc.ir.graph import Network
from nnc.ir.training import LOSSES, Loss
from nnc.ir.types import TensorType
from nnc.source import Span
from nnc.syntax import ast


def read_terms(
    world: World, setting: ast.Setting | None, gan: Gan, networks: Mapping[str, Network | None]
) -> tuple[GanTerm, ...]:
    """The terms of the setting, without those that were reported."""
    if setting is None:
        return ()
    e = one_value(world, setting, "cross_entropy(kind, label)")
    terms: list[GanTerm] = []
    if e is not None:
        _sum(world, e, gan, networks, 1.0, terms)
    return tuple(terms)


def _sum(
    world: World,
    e: ast.Expr,
    gan: Gan,
    networks: Mapping[str, Network | None],
    weight: float,
    terms: list[GanTerm],
) -> None:
    """A weighted sum of losses."""
    if isinstance(e, ast.Binary) and e.op == "+":
        _sum(world, e.left, gan, networks, weight, terms)
        _sum(world, e.right, gan, networks, weight, terms)
        return
    if isinstance(e, ast.Binary) and e.op == "*":
        number, rest = (e.left, e.right) if isinstance(e.right, ast.Call) else (e.right, e.left)
        factor = world.numbers.value(number, world.scope)
        if is_real(factor):
            _sum(world, rest, gan, networks, weight * factor, terms)
        elif not isinstance(factor, Unknown):
            world.sink.add(BAD_LOSS.at(number.span, "a term's factor is a number"))
        return
    if not isinstance(e, ast.Call):
        world.sink.add(
            GAN_SETTING.at(
                e.span,
                "beside an objective, a loss compares an output with a source of the gan",
                help="for example `loss cross_entropy(kind, label)`",
            )
        )
        return
    term = _term(world, e, gan, networks, weight)
    if term is not None:
        terms.append(term)


def _term(
    world: World, e: ast.Call, gan: Gan, networks: Mapping[str, Network | None], weight: float
) -> GanTerm | None:
    cls = LOSSES.get(e.name.text)
    if cls is None:
        guess = nearest(e.name.text, tuple(LOSSES))
        world.sink.add(
            UNKNOWN_LOSS.at(
                e.name.span,
                f"there is no loss `{e.name.text}`",
                help=f"did you mean `{guess}`?"
                if guess
                else "there are " + ", ".join(f"`{w}`" for w in LOSSES),
                fix=Fix(e.name.span, guess) if guess else None,
            )
        )
        return None
    sides = [a.value for a in e.args if a.name is None]
    loss = options(world, cls, e.name, tuple(a for a in e.args if a.name is not None))
    if loss is None:
        return None
    if len(sides) != 2 or not all(isinstance(s, ast.Ref) for s in sides):
        world.sink.add(
            GAN_SETTING.at(
                e.span,
                f"`{e.name.text}` compares an output with a source of the gan",
                help=_known(gan, networks, e.name.text),
            )
        )
        return None
    first, second = (s for s in sides if isinstance(s, ast.Ref))
    found = _output(world, first, gan, networks)
    source = next((s for s in gan.sources if s.name == second.text), None)
    if source is None:
        world.sink.add(
            UNKNOWN_OUTPUT.at(
                second.span,
                f"the gan has no source `{second.text}`",
                help="it has " + ", ".join(f"`{s.name}`" for s in gan.sources),
            )
        )
    if found is None or source is None:
        return None
    player, output, type = found
    if not fits(world, e.span, loss, type, source):
        return None
    real = source.kind == "condition" and player.role == "discriminator"
    return GanTerm(weight, loss, player.name, output, source.name, real, e.span)


def _known(gan: Gan, networks: Mapping[str, Network | None], word: str) -> str:
    outputs = [o for p in gan.discriminators for o in _further(p, networks[p.network])]
    if not outputs:
        return "give a discriminator a further output: `from features -> dense(10)`, `output kind`"
    return f"write `{word}({outputs[0]}, {gan.sources[-1].name})`"


def _further(player: GanPlayer, network: Network | None) -> tuple[str, ...]:
    """The outputs beside the score."""
    return tuple(p.name for p in network.graph.outputs[1:]) if network is not None else ()


def _output(
    world: World, ref: ast.Ref, gan: Gan, networks: Mapping[str, Network | None]
) -> tuple[GanPlayer, str, TensorType] | None:
    """An output: by its name, or behind its player's (`discriminator.kind`)."""
    found = []
    known = []
    for player in gan.players:
        network = networks[player.network]
        for port in network.graph.outputs if network is not None else ():
            known.append(port.name)
            if ref.text in (port.name, f"{player.name}.{port.name}") and network is not None:
                found.append((player, port.name, network.graph.types[port.value]))
    if len(found) == 1:
        return found[0]
    guess = nearest(ref.text, known)
    world.sink.add(
        UNKNOWN_OUTPUT.at(
            ref.span,
            f"several players give `{ref.text}`"
            if found
            else f"no player has an output `{ref.text}`",
            help=f"say whose: `{found[0][0].name}.{ref.text}`"
            if found
            else f"did you mean `{guess}`?"
            if guess
            else "they give " + ", ".join(f"`{name}`" for name in known),
        )
    )
    return None


def fits(world: World, span: Span, loss: Loss, type: TensorType, source: GanSource) -> bool:
    """Whether an output can be compared with a source by this loss."""
    message = help = ""
    ids = source.type.dtype == "int64"
    if (loss.target == "class") != ids:
        holds = "ids" if ids else "numbers"
        message = f"`{loss.word}` and `{source.name}`, which holds {holds}, do not go together"
        help = "compare ids by `cross_entropy`" if ids else "compare numbers by `mse` or `l1`"
    elif ids and type.rank != source.type.rank + 1:
        message = f"the output is {type}, and `{source.name}` is {source.type}"
        help = "it gives a number for each class: `dense(CLASSES)`"
    elif ids and source.categories and type.dims[0] != source.categories:
        message = f"the output has {type.dims[0]} numbers, and `{source.name}` {source.categories}"
        help = f"write `dense({source.categories})`"
    elif not ids and type.dims != source.type.dims:
        message = f"the output is {type}, and `{source.name}` is {source.type}"
    if message:
        world.sink.add(BAD_LOSS.at(span, message, help=help))
    return not message
