"""What names and calls mean in a loss of a gan: samples, and players that are asked about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnc.check.gans.gan_rules import CRITIC_NORM, SCORE_SIGMOID
from nnc.check.gans.gancontracts import first_layer
from nnc.check.gans.ganterms import fits
from nnc.check.gans.players import matched
from nnc.check.training.losses import last_layer, without_step
from nnc.check.training.lossformulas import FAILED, NUMBER, SIZES, Outline, Read, read
from nnc.check.training.training_rules import BAD_LOSS, UNKNOWN_OUTPUT, WRONG_HEAD
from nnc.check.world import World
from nnc.diagnostics import Fix, Rule, nearest
from nnc.ir.gan import Gan, GanPlayer
from nnc.ir.ganformula import REAL, called, generated, parts
from nnc.ir.graph import Network, Port
from nnc.ir.lossformula import FUNCTIONS, Applied, Compared, Formula, Named
from nnc.ir.training import LOSSES, Bce, BceWithLogits
from nnc.ir.types import TensorType
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast

NOBODY = Gan("", (), ())
NONE: Mapping[str, Network | None] = {}
ASKED = ("slope", "between", "older")
HABITS = {
    "fake": "what the generator makes is called `{made}`",
    "gradient_penalty": "write `10 * mean((slope({judge}, between(real, {made})) - 1)**2)`",
    "r1": "write `5 * mean(slope({judge}, real)**2)`",
    "detach": "what a line is not `on` does not learn from it: leave `detach` out",
    "ones_like": "a target is a number: `bce_with_logits({judge}({made}), 1)`",
    "zeros_like": "a target is a number: `bce_with_logits({judge}({made}), 0)`",
    "ones": "a target is a number: `bce_with_logits({judge}({made}), 1)`",
    "zeros": "a target is a number: `bce_with_logits({judge}({made}), 0)`",
    "binary_cross_entropy": "write `bce_with_logits({judge}({made}), 1)`",
    "BCELoss": "write `bce_with_logits({judge}({made}), 1)`",
    "criterion": "write `bce_with_logits({judge}({made}), 1)`",
    "softplus": "`softplus(-x)` of a score is `bce_with_logits(x, 1)`, and of `x` it is `..., 0)`",
    "D": "the discriminator is called `{judge}`",
    "G": "the generator is called `{maker}`, and what it makes `{made}`",
}
"""What people write of other tools, and what to write here."""


class Stage(Outline):
    """A gan, where a loss is written out; its networks are None where they had mistakes."""

    gan: Gan = NOBODY
    networks: Mapping[str, Network | None] = NONE

    def read(self, world: World, e: ast.Expr) -> Read | None:
        """A sample, or what a player says of one; None of numbers and of functions."""
        if isinstance(e, ast.Ref):
            return _name(world, e, self)
        return _call(world, e, self) if isinstance(e, ast.Call) else None


class Given(Record):
    """An output of a player with its type."""

    player: GanPlayer
    port: Port
    type: TensorType


def outputs(stage: Stage, role: str) -> Iterator[Given]:
    """All outputs of the players of a role."""
    for player in stage.gan.players:
        network = stage.networks[player.network]
        for port in network.graph.outputs if network is not None and player.role == role else ():
            assert network is not None, "it was looked at"
            yield Given(player, port, network.graph.types[port.value])


def _failed(world: World, rule: Rule, span: Span, message: str, help: str = "") -> Read:
    world.sink.add(rule.at(span, message, help=help))
    return FAILED


# --- names ----------------------------------------------------------------------------------------


def _name(world: World, e: ast.Ref, stage: Stage) -> Read | None:
    """A sample by its name."""
    word, gan = e.text, stage.gan
    source = next((s for s in gan.sources if s.name == word), None)
    if source is not None:
        return Named("source", word), source.type
    domains = [s.name for s in gan.sources if s.kind == "domain"]
    first = next(outputs(stage, "generator"))
    if word == REAL.name and not domains:
        return REAL, first.type
    made = [one for one in outputs(stage, "generator") if one.port.name == word]
    if len(made) == 1:
        return called(made[0].player, output=word), made[0].type
    sample = domains[0] if domains else REAL.name
    if made:
        calls = [f"`{one.player.name}({one.player.reads[0]})`" for one in made]
        return _failed(
            world,
            BAD_LOSS,
            e.span,
            f"several generators make `{word}`",
            help="say which: " + " or ".join(calls),
        )
    if word == REAL.name:
        listed = " and ".join(f"`{name}`" for name in domains)
        return _failed(world, BAD_LOSS, e.span, f"what is real here is {listed}")
    said = next((one for one in outputs(stage, "discriminator") if one.port.name == word), None)
    if said is not None or any(word == p.name for p in gan.players):
        help = f"say of what: `{word}({sample})`"
        if any(word == p.name for p in gan.generators):
            help = f"what it makes is `{gan.player(word).output}`"
        message = f"`{word}` is a player" if said is None else f"`{word}` is said of a sample"
        return _failed(world, BAD_LOSS, e.span, message, help=help)
    if world.scope.find(word) is not None or (len(e.names) == 2 and e.names[1].text in SIZES):
        return None
    return _unknown(world, e.names[0].span if len(e.names) > 1 else e.span, word, stage)


def _unknown(world: World, span: Span, word: str, stage: Stage) -> Read:
    """A name that nothing has."""
    gan = stage.gan
    domains = [s.name for s in gan.sources if s.kind == "domain"]
    made = [one.port.name for one in outputs(stage, "generator")]
    samples = [*([] if domains else [REAL.name]), *made, *(s.name for s in gan.sources)]
    habit = _habit(word, stage)
    guess = nearest(word, samples)
    world.sink.add(
        UNKNOWN_OUTPUT.at(
            span,
            f"nothing in `{gan.name}` is called `{word}`",
            help=habit
            or (f"did you mean `{guess}`?" if guess else "")
            or "there are " + ", ".join(f"`{name}`" for name in dict.fromkeys(samples)),
            fix=Fix(span, guess) if guess and not habit else None,
        )
    )
    return FAILED


def _habit(word: str, stage: Stage) -> str:
    """What to write instead of a word of another tool, "" of other words."""
    maker, judge = stage.gan.generators[0], stage.gan.discriminators[0]
    made = maker.output if len(stage.gan.generators) == 1 else f"{maker.name}({maker.reads[0]})"
    text = HABITS.get(word, "") or HABITS.get(word.removesuffix("s"), "")
    return text.format(maker=maker.name, judge=judge.name, made=made)


# --- calls ----------------------------------------------------------------------------------------


def _call(world: World, e: ast.Call, stage: Stage) -> Read | None:
    """A player asked about a sample, or what is asked of its score."""
    word, gan = e.name.text, stage.gan
    for player in gan.players:
        network = stage.networks[player.network]
        if player.name == word:
            if network is None:
                return 0.0, None
            port = next(p for p in network.graph.outputs if p.name == player.output)
            return _asked(world, e, stage, player, network, port)
    said = [one for one in outputs(stage, "discriminator") if one.port.name == word]
    if len(said) == 1:
        (one,) = said
        network = stage.networks[one.player.network]
        assert network is not None, "it has outputs"
        return _asked(world, e, stage, one.player, network, one.port)
    if said:
        names = " or ".join(f"`{one.player.name}(...)`" for one in said)
        message = f"several players give `{word}`"
        return _failed(world, BAD_LOSS, e.name.span, message, help=f"say whose: {names}")
    if word in ASKED:
        return _question(world, e, stage)
    if word in LOSSES or word in FUNCTIONS:
        return None
    habit = _habit(word, stage)
    players = [p.name for p in gan.players]
    guess = nearest(word, [*players, *FUNCTIONS, *LOSSES, *ASKED])
    world.sink.add(
        BAD_LOSS.at(
            e.name.span,
            f"a loss has no function `{word}`",
            help=habit
            or (f"did you mean `{guess}`?" if guess else "")
            or "players are called, "
            + ", ".join(f"`{name}`" for name in players)
            + ", and functions: "
            + ", ".join(f"`{f}`" for f in (*FUNCTIONS, *ASKED)),
            fix=Fix(e.name.span, guess) if guess and not habit else None,
        )
    )
    return FAILED


def _asked(
    world: World, e: ast.Call, stage: Stage, player: GanPlayer, network: Network, port: Port
) -> Read:
    """A call of a player."""
    type = network.graph.types[port.value]
    most = len(player.reads) if player.role == "generator" else 1
    least = 0 if player.role == "generator" else 1
    if not least <= len(e.args) <= most or any(arg.name is not None for arg in e.args):
        sample = stage.gan.generators[0].output
        help = f"write `{e.name.text}({sample})`; conditions are the batch's own"
        if player.role == "generator":
            help = f"write `{e.name.text}({', '.join(player.reads)})`"
        return _failed(world, BAD_LOSS, e.span, f"`{e.name.text}` is asked about one sample", help)
    made = [read(world, arg.value, stage) for arg in e.args]
    if any(one is FAILED for one in made):
        return FAILED
    makers = {p.name for p in stage.gan.generators}
    env: dict[str, object] = {}
    for arg, (tree, have), at in zip(e.args, made, range(most)):
        want = _wanted(stage, player, network, at)
        if have is not None and not matched(want, have, env):  # type: ignore[arg-type]
            message = f"`{player.name}` reads {want}, and this is {have}"
            return _failed(world, BAD_LOSS, arg.span, message)
        if player.role == "generator" and not generated(tree, makers):
            help = "a source of the gan, or what a generator makes of one"
            return _failed(world, BAD_LOSS, arg.span, "a generator is given samples", help)
    of = tuple(tree for tree, _ in made)
    own = tuple(Named("source", name) for name in player.reads)
    if player.role == "generator" and of == own[: len(of)]:
        of = ()
    return called(player, *of, output=port.name), type


def _wanted(stage: Stage, player: GanPlayer, network: Network, at: int) -> TensorType:
    """The type of what a player is given in a call."""
    ports, types = network.graph.fed, network.graph.types
    if player.role == "generator":
        return types[ports[at].value]
    judged = next(i for i, name in enumerate(player.reads) if name in ("made", "pair"))
    if player.reads[judged] == "pair":
        return next(outputs(stage, "generator")).type
    return types[ports[judged].value]


def _question(world: World, e: ast.Call, stage: Stage) -> Read:
    """`slope(critic, real)`, `between(real, sample)`, `older(sample, 50)`."""
    word, args = e.name.text, e.args
    examples = {
        "slope": f"slope({stage.gan.discriminators[0].name}, real)",
        "between": f"between(real, {stage.gan.generators[0].output})",
        "older": f"older({stage.gan.generators[0].output}, 50)",
    }
    if len(args) != 2 or any(arg.name is not None for arg in args):
        message = f"`{word}` takes two things"
        return _failed(world, BAD_LOSS, e.span, message, f"write `{examples[word]}`")
    if word == "slope":
        return _slope(world, e, stage, examples[word])
    first, type = read(world, args[0].value, stage)
    before = world.sink.errors
    second, other = read(world, args[1].value, stage)
    if world.sink.errors > before:
        return FAILED
    if word == "older":
        if not isinstance(second, float) or second < 1 or second % 1:
            message = "`older` keeps so many samples, a whole number"
            return _failed(world, BAD_LOSS, args[1].span, message, f"write `{examples[word]}`")
        return Applied("older", (first, second)), type
    if type is not None and other is not None and type.dims != other.dims:
        message = f"between {type} and {other} there is nothing"
        return _failed(world, BAD_LOSS, e.span, message, "both samples are of one type")
    return Applied("between", (first, second)), type


def _slope(world: World, e: ast.Call, stage: Stage, example: str) -> Read:
    """The size of the gradient of a score by what is judged."""
    who = e.args[0].value
    name = who.text if isinstance(who, ast.Ref) else ""
    judges = {p.name: p for p in stage.gan.discriminators}
    if name not in judges:
        message = "`slope` is of a discriminator's score"
        return _failed(world, BAD_LOSS, e.args[0].span, message, f"write `{example}`")
    network = stage.networks[judges[name].network]
    at, have = read(world, e.args[1].value, stage)
    if network is None:
        return 0.0, None
    want = _wanted(stage, judges[name], network, 0)
    if have is not None and not matched(want, have, {}):
        message = f"`{name}` reads {want}, and this is {have}"
        return _failed(world, BAD_LOSS, e.args[1].span, message)
    item = first_layer(network.graph, "batch_norm")
    if item is not None:
        return _failed(
            world,
            CRITIC_NORM,
            item.span,
            "`batch_norm` mixes samples, and `slope` looks at the gradient of each",
            help="use `instance_norm`, or `layer_norm(axis=0)`",
        )
    return Applied("slope", (at,), name), NUMBER


# --- what is compared -----------------------------------------------------------------------------


def check_scores(
    world: World,
    span: Span,
    tree: Formula,
    gan: Gan,
    networks: Mapping[str, Network | None],
) -> None:
    """Reports outputs that do not end as their loss wants, and ids where numbers belong."""
    sources = {s.name: s for s in gan.sources}
    classes: set[int] = set()
    for part in parts(tree):
        if not isinstance(part, Compared):
            continue
        of = part.of
        if isinstance(of, Applied) and of.word == "call":
            _ends(world, span, part, of, gan, networks)
        named = part.target
        if part.loss.target == "class" and isinstance(named, Named) and named.name in sources:
            classes.add(id(named))
            if isinstance(of, Applied) and of.word == "call":
                type = _type(of, gan, networks)
                if type is not None:
                    fits(world, span, part.loss, type, sources[named.name])
        elif part.loss.target == "class":
            message = f"`{part.loss.word}` compares with ids: a condition or latent `token[]`"
            world.sink.add(BAD_LOSS.at(span, message, help="compare numbers by `mse` or `l1`"))
    for part in parts(tree):
        source = sources.get(part.name) if isinstance(part, Named) else None
        if source is not None and id(part) not in classes and source.type.dtype == "int64":
            message = f"`{source.name}` holds ids, which are no numbers"
            help = f"compare them: `cross_entropy(OUTPUT(sample), {source.name})`"
            world.sink.add(BAD_LOSS.at(span, message, help=help))


def _type(call: Applied, gan: Gan, networks: Mapping[str, Network | None]) -> TensorType | None:
    network = networks[gan.player(call.player).network]
    if network is None:
        return None
    return next(
        network.graph.types[p.value] for p in network.graph.outputs if p.name == call.output
    )


def _ends(
    world: World,
    span: Span,
    part: Compared,
    of: Applied,
    gan: Gan,
    networks: Mapping[str, Network | None],
) -> None:
    """A sigmoid that is there twice, or lacks."""
    network = networks[gan.player(of.player).network]
    if network is None:
        return
    port = next(p for p in network.graph.outputs if p.name == of.output)
    item = last_layer(network.graph, port.value)
    word = item.op.word if item is not None else ""
    if isinstance(part.loss, BceWithLogits) and item is not None and word == "sigmoid":
        world.sink.add(
            SCORE_SIGMOID.at(
                item.span,
                f"`{of.player}` ends in `sigmoid`, and `bce_with_logits` contains it",
                help="leave the `sigmoid` out",
                fix=without_step(item.span),
            )
        )
    elif isinstance(part.loss, Bce) and word != "sigmoid":
        at = span.source.text.find("bce(", span.start, span.end)
        own = Span(span.source, at, at + 3) if at >= 0 else span
        world.sink.add(
            WRONG_HEAD.at(
                own,
                f"`bce` wants chances, and `{of.player}` does not end in `sigmoid`",
                help="use `bce_with_logits`, which contains the sigmoid",
                fix=Fix(own, "bce_with_logits") if at >= 0 else None,
            )
        )
