"""The rules of gans: who plays, what each reads and makes, and what an objective wants."""

from __future__ import annotations

from nnc.diagnostics import rule

PLAYERS = rule(
    "NN434",
    "players",
    """
A gan has a `generator` and a `discriminator`, written in braces or `= Network(arguments)`. Several
have names; with two domains there are a generator and a discriminator for each, named after what
they make and judge: `generator to_zebra`, `discriminator is_zebra`.
""",
)
GAN_SOURCE = rule(
    "NN435",
    "source-of-gan",
    """
A gan declares what its players read: `latent` is drawn (`normal(1)` unless told, `uniform(-1, 1)`,
for ids `categorical(10)`), `condition` and `domain` come from the data.
""",
)
PLAYER_INPUT = rule(
    "NN436",
    "input-of-player",
    """
A generator reads the gan's sources by name; it starts from its only one. A discriminator reads
what the generator makes, and conditions by name. Inputs of a network that plays are matched by
name, or as the only one left whose type fits.
""",
)
PLAYER_TYPES = rule(
    "NN437",
    "types-of-players",
    """
What the generator makes, what the discriminator reads and what the data hold are of one type. There
and back through both generators of a gan of two domains a value keeps its type.
""",
)
SCORE = rule(
    "NN438",
    "score-of-discriminator",
    """
A discriminator gives one number, `[1]`, or a map of them, `[1, h, w]`, one for each piece of a
picture.
""",
)
VALUE_RANGE = rule(
    "NN439",
    "range-of-generator",
    """
What is real has the range of what is made: a generator that ends in `tanh` makes numbers in -1..1,
`normalize -1..1`, and one that ends in `sigmoid` numbers in 0..1, `normalize 0..1`. Pictures of a
gan without `normalize` take the generator's range.
""",
)
SCORE_SIGMOID = rule(
    "NN440",
    "sigmoid-at-score",
    """
Objectives contain their sigmoid, or take scores of any size: a discriminator ends without one.
""",
)
CRITIC_NORM = rule(
    "NN441",
    "batch-norm-with-penalty",
    """
A penalty on the gradient is of each sample alone. `batch_norm` mixes the samples of a batch;
`layer_norm` and `instance_norm` do not.
""",
)
UNKNOWN_OBJECTIVE = rule(
    "NN442",
    "unknown-objective",
    """
Objectives: gan, lsgan, hinge, wgan, wgan_gp, r1, pix2pix, cyclegan.
""",
)
WRONG_OBJECTIVE = rule(
    "NN443",
    "objective-of-other-players",
    """
`cyclegan` trains two generators between two domains, `pix2pix` a generator whose condition is a
picture, the others one generator and one discriminator.
""",
)
GAN_SETTING = rule(
    "NN444",
    "setting-of-gan",
    """
A gan learns by its `objective`; `loss` adds terms to it. Settings that speak of a loss or a metric
of a single network have no meaning for it.
""",
)
GAN_BINDING = rule(
    "NN445",
    "data-of-gan",
    """
What the discriminator judges as real, and each condition and domain, is a field of the data: by an
equal name, as the only one that fits, or as the data setting says: `data horses(horse=image)`.
""",
)
GAN_IDS = rule(
    "NN446",
    "ids-beyond-table",
    """
An `embedding` or `one_hot` that reads a condition holds as many ids as the data have classes, and
one that reads a latent as many as it is drawn from: `embedding(digits.classes, 16)`.
""",
)
