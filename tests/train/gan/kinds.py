"""A plan of each objective, with the text of its players."""

from __future__ import annotations

from nnc.ir.gan import (
    R1,
    Categorical,
    CycleGan,
    Gan,
    GanPlayer,
    GanTerm,
    GradientPenalty,
    Hinge,
    LeastSquares,
    NonSaturating,
    Pix2Pix,
    Wasserstein,
)
from nnc.ir.plan import TrainPlan
from nnc.ir.training import L1, CrossEntropy
from nnc.record import replace
from tests.train.gan.kit import (
    CYCLE,
    LABELLED,
    PAIRED,
    PLAIN,
    SMALL,
    pictures,
    plan_of,
    simple,
    sources,
)

HELPED = """
network G {
  input z: [4]
  input label: token[]
  from label -> embedding(3, 4) as chosen
  from z, chosen -> concat -> dense(64) -> tanh -> reshape(1, 8, 8)
  output picture: [1, 8, 8]
}
network D {
  input picture: [1, 8, 8]
  flatten -> dense(16) -> leaky_relu(0.2) as seen
  from seen -> dense(1)
  output score
  from seen -> dense(3)
  output kind
}
"""
"""The discriminator also says which class, or which code, it sees."""


def labelled() -> TrainPlan:
    gan = simple(("z", "label"), ("made", "label"), z="latent 4", label="condition")
    return plan_of(gan, fields=(("real", "image"), ("label", "label")))


def paired() -> TrainPlan:
    gan = simple(("plain",), ("pair",), plain="condition 1 8 8")
    return plan_of(gan, Pix2Pix(), (("real", "image"), ("plain", "plain")))


def cycle() -> TrainPlan:
    players = (
        GanPlayer("to_b", "generator", "G", ("a",), "picture", makes="b"),
        GanPlayer("to_a", "generator", "G", ("b",), "picture", makes="a"),
        GanPlayer("is_a", "discriminator", "D", ("made",), "score", judges="a"),
        GanPlayer("is_b", "discriminator", "D", ("made",), "score", judges="b"),
    )
    gan = Gan("Cycle", sources(a="domain 1 8 8", b="domain 1 8 8"), players)
    fields = (("a", "left.image"), ("b", "right.image"))
    return plan_of(gan, CycleGan(buffer=5), fields, batch=4)


def helped() -> TrainPlan:
    """An auxiliary classifier: of labels that the data tell."""
    gan = simple(("z", "label"), z="latent 4", label="condition")
    plan = plan_of(gan, fields=(("real", "image"), ("label", "label")))
    return beside(plan, GanTerm(1.0, CrossEntropy(), "discriminator", "kind", "label", real=True))


def coded() -> TrainPlan:
    """A code that the discriminator finds again; real samples have none."""
    gan = simple(("z", "code"), z="latent 4", code="latent")
    z, code = gan.sources
    gan = replace(gan, sources=(z, replace(code, drawn=Categorical(count=3))))
    term = GanTerm(0.5, CrossEntropy(), "discriminator", "kind", "code")
    return beside(plan_of(gan), term)


def helped_cycle() -> TrainPlan:
    """With a loss beside the objective, and judges that learn twice as often."""
    plan = beside(cycle(), GanTerm(0.3, L1(), "to_b", "picture", "a"))
    assert plan.gan is not None
    return replace(plan, gan=replace(plan.gan, objective=CycleGan(critic=2)))


def beside(plan: TrainPlan, *terms: GanTerm) -> TrainPlan:
    """The same with losses beside the objective."""
    assert plan.gan is not None
    return replace(plan, gan=replace(plan.gan, terms=terms))


KINDS: dict[str, tuple[TrainPlan, str]] = {
    "gan": (plan_of(simple(), NonSaturating(label_smoothing=0.1)), SMALL),
    "average": (plan_of(simple(), ema=0.9), SMALL),
    "lsgan": (plan_of(simple(), LeastSquares()), SMALL),
    "hinge": (plan_of(simple(), Hinge()), SMALL),
    "wgan": (plan_of(simple(), Wasserstein(critic=2)), PLAIN),
    "wgan_gp": (plan_of(simple(), GradientPenalty(critic=3)), PLAIN),
    "r1": (plan_of(simple(), R1()), PLAIN),
    "labelled": (labelled(), LABELLED),
    "acgan": (helped(), HELPED),
    "infogan": (coded(), HELPED.replace("label", "code")),
    "pix2pix": (paired(), PAIRED),
    "cyclegan": (cycle(), CYCLE),
    "cyclegan_more": (helped_cycle(), CYCLE),
}


def more_of(kind: str) -> dict[str, object]:
    """What a job of a kind needs beside its plan: the two sets of pictures of two domains."""
    if not kind.startswith("cyclegan"):
        return {}
    return {"data": pictures(22, 1, "left"), "beside": (pictures(17, 2, "right"),)}
