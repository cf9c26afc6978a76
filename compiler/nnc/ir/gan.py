"""Networks that compete: who plays, what each reads and makes, and by which objective they learn.

A gan's players are networks named after it (`DCGAN.generator`); each is checked, generated and
exported as any network. A `GanPlan` says what one step of training calls them on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal, TypeVar

from nnc.ir.arguments import Declared, real, size
from nnc.ir.lossformula import Formula
from nnc.ir.training import Loss
from nnc.ir.types import TensorType
from nnc.ir.updates import Clip, Frozen, Group, Init
from nnc.record import Record
from nnc.source import NOWHERE, Span

OBJECTIVES: dict[str, type[Objective]] = {}
T = TypeVar("T", bound="type[Objective]")
_CRITIC = "updates of the discriminators for each of the generators"


class Objective(Declared):
    """Base of objectives.

    `unbounded`: the score may be any number and has no sigmoid; of the others it is a logit (a
    sigmoid at the end is folded into the loss, or refused). `paired`: the condition and its picture
    belong together. `two_domains`: pictures of two kinds, without pairs.
    """

    unbounded: ClassVar[bool] = False
    paired: ClassVar[bool] = False
    two_domains: ClassVar[bool] = False
    critic: int = size(_CRITIC, default=1)


class Written(Objective):
    """No objective has a word for it: the spec writes out what each player loses."""

    word: ClassVar[str] = ""


def _objective(word: str) -> Callable[[T], T]:
    def declare(cls: T) -> T:
        cls.word = word
        OBJECTIVES[word] = cls
        return cls

    return declare


@_objective("gan")
class NonSaturating(Objective):
    """Binary cross-entropy of logits; the generator raises log D(G(z)) (Goodfellow et al., 2014).

    Real samples have the target 1 - `label_smoothing` for the discriminator.
    """

    label_smoothing: float = real(
        "taken off the target of real samples", default=0.0, least=0, below=1
    )


@_objective("lsgan")
class LeastSquares(Objective):
    """Squared distance of scores to 1 for real and 0 for made ones (Mao et al., 2017)."""


@_objective("hinge")
class Hinge(Objective):
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))), the generator lowers -D(G(z)) (Lim and Ye, 2017)."""

    unbounded: ClassVar[bool] = True


@_objective("wgan")
class Wasserstein(Objective):
    """D(G(z)) - D(x), the critic's weights kept within +-clip (Arjovsky et al., 2017)."""

    unbounded: ClassVar[bool] = True
    critic: int = size(_CRITIC, default=5)
    clip: float = real("largest size of a critic's weight", default=0.01, above=0)


@_objective("wgan_gp")
class GradientPenalty(Objective):
    """D(G(z)) - D(x) + penalty * (|gradient| - 1)^2 between the two (Gulrajani et al., 2017)."""

    unbounded: ClassVar[bool] = True
    critic: int = size(_CRITIC, default=5)
    penalty: float = real("factor of the gradient's penalty", default=10.0, least=0)


@_objective("r1")
class R1(Objective):
    """As `gan`, and gamma / 2 * |gradient at real samples|^2 (Mescheder et al., 2018)."""

    gamma: float = real("factor of the gradient's penalty", default=10.0, least=0)


@_objective("pix2pix")
class Pix2Pix(Objective):
    """As `gan` on pairs of condition and picture, and l1 * |G(x) - y| (Isola et al., 2017)."""

    paired: ClassVar[bool] = True
    l1: float = real("factor of the distance to the picture", default=100.0, least=0)


@_objective("cyclegan")
class CycleGan(Objective):
    """Least squares both ways, cycle * |F(G(x)) - x|, cycle * identity * |G(y) - y|.

    Discriminators also see pictures made in earlier steps (Zhu et al., 2017).
    """

    two_domains: ClassVar[bool] = True
    cycle: float = real("factor of the way there and back", default=10.0, least=0)
    identity: float = real("factor of the identity, as a share of `cycle`", default=0.5, least=0)
    buffer: int = size("made pictures that are kept to be seen again", default=50, least=0)


class Categorical(Declared):
    """Ids from 0, each as likely as the others."""

    word: ClassVar[str] = "categorical"
    count: int = size("how many there are")


class GanSource(Record):
    """A value that the gan declares: `latent` (drawn), `condition` or `domain` (of the data).

    `drawn`: of a latent what it is drawn from: Normal(1.0) unless said, Uniform, or Categorical of
    one that is an id.
    """

    kind: Literal["latent", "condition", "domain"]
    name: str
    type: TensorType
    drawn: Declared | None = None
    span: Span = NOWHERE

    @property
    def categories(self) -> int:
        """How many ids a latent is one of, 0 of numbers."""
        return self.drawn.count if isinstance(self.drawn, Categorical) else 0


class GanPlayer(Record):
    """A player of a gan.

    Args:
        name: in the gan ("generator", "to_zebra", "is_zebra").
        network: its name among the checked networks ("DCGAN.generator").
        reads: for each input of its network, in order, the source of the gan ("z", "label",
            "horse"), or "made" (of a discriminator: what it judges, real or made), or "pair" (what
            it judges beside its condition, joined along axis 0: pix2pix's PatchGAN of one input).
        output: the name of its network's first output; the rest are for further losses.
        makes, judges: of a generator the domain that it makes, of a discriminator the one that it
            judges (cyclegan), else "".
    """

    name: str
    role: Literal["generator", "discriminator"]
    network: str
    reads: tuple[str, ...]
    output: str
    makes: str = ""
    judges: str = ""
    span: Span = NOWHERE


class Gan(Record):
    """A gan declaration, checked; its players' networks are among the checked networks."""

    name: str
    sources: tuple[GanSource, ...]
    players: tuple[GanPlayer, ...]
    doc: str = ""
    span: Span = NOWHERE

    def player(self, name: str) -> GanPlayer:
        """The player of that name."""
        return next(player for player in self.players if player.name == name)

    @property
    def generators(self) -> tuple[GanPlayer, ...]:
        """Those that make."""
        return tuple(player for player in self.players if player.role == "generator")

    @property
    def discriminators(self) -> tuple[GanPlayer, ...]:
        """Those that judge."""
        return tuple(player for player in self.players if player.role == "discriminator")


class GanTerm(Record):
    """`weight * loss(output, source)` beside the objective: an auxiliary classifier, a code.

    Args:
        player, output: whose, and which of its outputs.
        source: the condition or latent that it is compared with.
        real: also computed on real samples, in the discriminator's update: of conditions, which
            the data tell. All terms are computed on made samples, in both updates; those of a
            generator's output in its own update alone.
    """

    weight: float
    loss: Loss
    player: str
    output: str
    source: str
    real: bool = False
    span: Span = NOWHERE


class GanLoss(Record):
    """An update: what some players lose together.

    Args:
        players: who learns from it.
        formula: of samples and of what players give of them.
        text: as written, "" where an objective says it.
        every: at each so many steps.
    """

    players: tuple[str, ...]
    formula: Formula
    text: str = ""
    every: int = 1
    span: Span = NOWHERE


class GanPlan(Record):
    """How a gan trains: what `TrainPlan.gan` holds; the plan's phases are then empty.

    Args:
        groups: for each player, in the order of `gan.players`, its optimizers and schedules.
        clips: likewise, the largest norms of its gradients; frozen: what stays of it; inits: where
            its weights start.
        objective: `Written` where the losses are written out.
        terms: losses beside the objective; losses: written out for some players, in the order of
            their updates. With an objective they are added to what it says.
        redraw: of written losses, each update draws latents of its own; clamps: the largest size
            of a player's weights.
        fields: for each condition and domain of the gan, and "real" for the samples that the
            discriminators see where there are no domains, the data's field (`block.field` of
            several blocks); empty until the data was opened.
        ema: decay of an average of the generators' weights that is exported, or 0.
    """

    gan: Gan
    objective: Objective
    groups: tuple[tuple[Group, ...], ...]
    fields: tuple[tuple[str, str], ...] = ()
    ema: float = 0.0
    clips: tuple[tuple[Clip, ...], ...] = ()
    terms: tuple[GanTerm, ...] = ()
    frozen: tuple[Frozen, ...] = ()
    inits: tuple[Init | None, ...] = ()
    losses: tuple[GanLoss, ...] = ()
    redraw: bool = False
    clamps: tuple[tuple[str, float], ...] = ()

    def frozen_of(self, player: str) -> Frozen:
        """What stays of a player."""
        known = dict(zip((p.name for p in self.gan.players), self.frozen))
        return known.get(player, Frozen())
