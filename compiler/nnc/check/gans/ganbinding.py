"""Which field of the data each condition and domain of a gan is, and what is judged as real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnc.check.gans.gan_rules import GAN_BINDING
from nnc.check.gans.ganids import too_few
from nnc.check.training.binding import feeds
from nnc.check.training.training_rules import BROKEN_CONDITION, WRONG_CLASSES
from nnc.diagnostics import Diagnostic, Refusal, nearest
from nnc.ir.conditions import Condition, fitting, holds
from nnc.ir.dims import show
from nnc.ir.gan import Gan, GanPlan
from nnc.ir.ganformula import parts
from nnc.ir.graph import Network
from nnc.ir.lossformula import Applied, Compared, Named
from nnc.ir.plan import Field, Profile, TrainPlan
from nnc.ir.types import TensorType
from nnc.record import Record, replace

REAL = "real"
PLACES = ("channel", "row", "column")
"""The axes of a picture."""


class Wish(Record):
    """Something that the data must give; `named`: what the data setting may call it."""

    source: str
    type: TensorType
    named: tuple[str, ...]


class Offer(Record):
    """A field of a data block, as a plan names it."""

    data: str
    field: Field
    text: str


def bind_gan(
    plan: TrainPlan,
    gan: GanPlan,
    networks: Mapping[str, Network | None],
    profiles: Mapping[str, Profile],
) -> TrainPlan:
    """The plan with the fields that the gan reads.

    Raises:
        Refusal: something has no field, or several fit.
    """
    wishes = _wishes(gan.gan, networks)
    several = len(profiles) > 1
    offers = [
        Offer(name, field, f"{name}.{field.name}" if several else field.name)
        for name, profile in profiles.items()
        for field in profile.fields
    ]
    found: dict[str, Offer] = {}
    for name, path in plan.given:
        wish = next((w for w in wishes if name in w.named), None)
        offer = next((o for o in offers if f"{o.data}.{o.field.name}" == path), None)
        if wish is None or offer is None:
            raise Refusal(_no_such(plan, name, path, wishes, offers))
        if not _fits(wish, offer):
            raise Refusal(_unfitting(plan, wish, offer))
        found[wish.source] = offer
    for wish in wishes:
        same = [o for o in offers if o.field.name in wish.named and _fits(wish, o)]
        if wish.source not in found and len(same) == 1:
            found[wish.source] = same[0]
    for wish in wishes:
        if wish.source not in found:
            found[wish.source] = _left(plan, wish, wishes, offers, found)
    fields = tuple((wish.source, found[wish.source].text) for wish in wishes)
    _classes(gan, networks, found)
    _sizes(plan, gan.gan, networks, found)
    _ids(gan, networks, found)
    return replace(plan, gan=replace(gan, fields=fields))


def _wishes(gan: Gan, networks: Mapping[str, Network | None]) -> list[Wish]:
    """What the data must give, in the order of the gan; the real samples last."""
    wishes = [Wish(s.name, s.type, (s.name,)) for s in gan.sources if s.kind != "latent"]
    if any(s.kind == "domain" for s in gan.sources):
        return wishes
    maker = gan.generators[0]
    network = networks[maker.network]
    assert network is not None, "the gan is whole"
    type = network.graph.types[network.graph.outputs[0].value]
    return [*wishes, Wish(REAL, type, (REAL, maker.output))]


def _left(
    plan: TrainPlan, wish: Wish, wishes: list[Wish], offers: list[Offer], found: dict[str, Offer]
) -> Offer:
    """The field that fits as the only one left; of a pair of pictures the condition comes first."""
    taken = [o.text for o in found.values()]
    fit = [o for o in offers if o.text not in taken and _fits(wish, o)]
    alike = [w for w in wishes if w.source not in found and w.type.rank == wish.type.rank]
    one = len({o.data for o in fit}) == 1 and wish.type.rank == 3
    domains = wish.source != REAL and not any(w.source == REAL for w in wishes)
    if len(fit) == 1 and (len(alike) == 1 or not domains):
        return fit[0]
    if one and len(fit) == len(alike) and not domains:
        return fit[0]
    names = ", ".join(f"`{o.text}` {o.field.type}" for o in offers)
    what = "what is judged as real" if wish.source == REAL else f"`{wish.source}`"
    help = "pictures are [1, H, W] or [3, H, W], classes are `token[]`"
    if wish.type.rank == 3 and wish.type.dims[-1] in (1, 3):
        help = "channels stand first: end the generator with `reshape(CHANNELS, HEIGHT, WIDTH)`"
    if not fit and wish.source != REAL and wish.type.rank == 1:
        help = (
            f"a class is `condition {wish.source}: token[]`, and `one_hot(...)` makes numbers of it"
        )
    if not fit and wish.source == REAL and wish.type.rank == 1:
        shapes = [o.field.type.dims for o in offers if o.field.meaning == "image"]
        size = ", ".join(str(d) for d in shapes[0]) if shapes else "1, 28, 28"
        help = f"a picture has three axes: let the generator end with `reshape({size})`"
    if fit:
        help = f"say which: `data {fit[0].data}({wish.named[-1]}={fit[0].field.name})`"
    raise Refusal(
        GAN_BINDING.at(
            plan.span,
            f"{'several fields fit' if len(fit) > 1 else 'no field fits'} {what}, {wish.type}",
            notes=(f"the data have {names}",),
            help=help,
        )
    )


def _fits(wish: Wish, offer: Offer) -> bool:
    return not offer.field.padded and feeds(offer.field, wish.type)


def _no_such(
    plan: TrainPlan, name: str, path: str, wishes: list[Wish], offers: list[Offer]
) -> Diagnostic:
    names = [name for wish in wishes for name in wish.named]
    paths = [o.field.name for o in offers if o.data == path.partition(".")[0]]
    wrong, known = (name, names) if name not in names else (path.partition(".")[2], paths)
    what = "condition, domain or output of the gan" if known is names else "field of the data"
    guess = nearest(wrong, known)
    return GAN_BINDING.at(
        plan.span,
        f"`{wrong}` is no {what}",
        help=f"did you mean `{guess}`?" if guess else "there are " + ", ".join(known),
    )


def _unfitting(plan: TrainPlan, wish: Wish, offer: Offer) -> Diagnostic:
    what = "what is made" if wish.source == REAL else f"`{wish.source}`"
    return GAN_BINDING.at(
        plan.span,
        f"the field `{offer.text}` {offer.field.type} does not fit {what}, {wish.type}",
        help="pictures are [1, H, W] or [3, H, W], classes are `token[]`",
    )


def _classes(
    gan: GanPlan, networks: Mapping[str, Network | None], found: Mapping[str, Offer]
) -> None:
    """Classes that losses compare with are as many as the output has numbers.

    Raises:
        Refusal: they are not.
    """
    for player, output, source in _compared(gan):
        offer = found.get(source)
        if offer is None or not offer.field.labels:
            continue
        network = networks[gan.gan.player(player).network]
        assert network is not None, "the gan is whole"
        port = next(p for p in network.graph.outputs if p.name == output)
        have, want = network.graph.types[port.value].dims[0], len(offer.field.labels)
        if isinstance(have, int) and have != want:
            raise Refusal(
                WRONG_CLASSES.at(
                    port.span,
                    f"`{output}` has {have} numbers, and `{offer.text}` {want} classes",
                    help=f"write `dense({offer.data}.classes)`",
                )
            )


def _sizes(
    plan: TrainPlan, gan: Gan, networks: Mapping[str, Network | None], found: Mapping[str, Offer]
) -> None:
    """Symbolic sizes of the players must allow what the data have, of each domain for each player.

    Raises:
        Refusal: they do not.
    """
    pictures = {
        name: offer for name, offer in found.items() if offer.field.type.rank == len(PLACES)
    }
    for player in gan.players:
        network = networks[player.network]
        assert network is not None, "the gan is whole"
        conditions = [c for c in network.facts if isinstance(c, Condition)]
        for name, offer in pictures.items():
            env: dict[str, int] = {}
            for port in network.graph.fed:
                dims = network.graph.types[port.value].dims
                if len(dims) == len(PLACES):
                    env |= {
                        show(want): have
                        for want, have in zip(dims[1:], offer.field.type.dims[1:])
                        if not isinstance(want, int) and isinstance(have, int)
                    }
            broken = holds(conditions, env)
            if broken is not None:
                near = {symbol: fitting(conditions, symbol, size) for symbol, size in env.items()}
                sides = [near[symbol] for symbol in env]
                help = "set `size` in the data block"
                if len(sides) == 2 and None not in sides:
                    text = f"{sides[0]}" if sides[0] == sides[1] else f"{sides[0]}x{sides[1]}"
                    help = f"write `size {text}` in the data block"
                raise Refusal(
                    BROKEN_CONDITION.at(
                        plan.span,
                        f"`{player.name}`: {broken}",
                        notes=(f"`{name}` is `{offer.text}` {offer.field.type}",),
                        help=help,
                    )
                )


def _compared(gan: GanPlan) -> Iterator[tuple[str, str, str]]:
    """The player, its output and the source of each loss that compares the two."""
    for term in gan.terms:
        yield term.player, term.output, term.source
    for part in (part for line in gan.losses for part in parts(line.formula)):
        if not isinstance(part, Compared) or not isinstance(part.target, Named):
            continue
        if isinstance(part.of, Applied) and part.of.word == "call":
            yield part.of.player, part.of.output, part.target.name


def _ids(gan: GanPlan, networks: Mapping[str, Network | None], found: Mapping[str, Offer]) -> None:
    """Tables that conditions are looked up in hold all classes.

    Raises:
        Refusal: they do not.
    """
    for source, offer in found.items():
        classes = len(offer.field.labels)
        problems = too_few(gan.gan, networks, source, classes, f"{offer.data}.classes")
        wrong = list(problems) if classes else []
        if wrong:
            raise Refusal(*wrong)
