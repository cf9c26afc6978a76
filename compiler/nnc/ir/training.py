"""What a train block may say: losses, optimizers, schedules and metrics, each declared once.

The engine maps each to PyTorch by a table (train/optimizers.py, train/losses.py); parsing, messages
and the
reference derive from the declarations. Defaults are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from nnc.ir.arguments import Declared, flag, option, real, reals, size

LOSSES: dict[str, type[Loss]] = {}
OPTIMIZERS: dict[str, type[Optimizer]] = {}
SCHEDULES: dict[str, type[Schedule]] = {}
METRICS: dict[str, type[Metric]] = {}

T = TypeVar("T", bound=type[Declared])


def _into(table: dict[str, Any], word: str) -> Callable[[T], T]:
    def declare(cls: T) -> T:
        cls.word = word
        table[word] = cls
        return cls

    return declare


class Loss(Declared):
    """Base of losses. `needs`: "probability" or "logits" of the output.

    `target`: "class", "value" or "text".
    """

    needs: ClassVar[str] = ""
    target: ClassVar[str] = "value"


class Optimizer(Declared):
    """Base of optimizers."""

    def states(self) -> int:
        """How many numbers it keeps for each weight that it trains."""
        return 0


class Schedule(Declared):
    """Base of schedules. All take `warmup`; lengths count in the unit of the run's length."""


class Metric(Declared):
    """Base of metrics. `best` is "max" or "min"; `target` "class", "value" or "text".

    `of`: the one loss whose outputs it is of, "" for any that fits.
    """

    best: ClassVar[str] = "max"
    target: ClassVar[str] = "class"
    of: ClassVar[str] = ""


_REDUCE = ("mean", "sum")


@_into(LOSSES, "cross_entropy")
class CrossEntropy(Loss):
    """Cross-entropy of logits [classes, ...] against class numbers; contains the softmax.

    With `class_weights` the weighted losses are averaged over the samples: a sample counts alike in
    every batch. (PyTorch divides by the sum of the batch's weights instead.)
    """

    needs: ClassVar[str] = "logits"
    target: ClassVar[str] = "class"
    label_smoothing: float = real("share given to all classes alike", default=0.0, least=0, below=1)
    class_weights: Any = reals(
        "a weight a class, or `balanced`: by frequency in train",
        default=None,
        options=("balanced",),
    )
    reduce: str = option("over a sample's elements", _REDUCE, default="mean")


@_into(LOSSES, "ctc")
class Ctc(Loss):
    """Texts against steps [T, tokens] without saying which step says what; contains the softmax.

    Connectionist temporal classification (Graves et al., 2006); token 0 is the blank. PyTorch:
    F.ctc_loss. The mean is over a text's tokens.
    """

    needs: ClassVar[str] = "logits"
    target: ClassVar[str] = "text"
    reduce: str = option("over a text's tokens", _REDUCE, default="mean")


@_into(LOSSES, "bce")
class Bce(Loss):
    """Binary cross-entropy of probabilities, after a sigmoid."""

    needs: ClassVar[str] = "probability"
    target: ClassVar[str] = "value"
    reduce: str = option("over a sample's elements", _REDUCE, default="mean")


@_into(LOSSES, "bce_with_logits")
class BceWithLogits(Loss):
    """Binary cross-entropy of logits; contains the sigmoid."""

    needs: ClassVar[str] = "logits"
    target: ClassVar[str] = "value"
    pos_weight: float = real("weight of the positive class", default=1.0, above=0)
    reduce: str = option("over a sample's elements", _REDUCE, default="mean")


@_into(LOSSES, "mse")
class Mse(Loss):
    """Mean squared error."""

    reduce: str = option("over a sample's elements", _REDUCE, default="mean")


@_into(LOSSES, "l1")
class L1(Loss):
    """Mean absolute error."""

    reduce: str = option("over a sample's elements", _REDUCE, default="mean")


@_into(LOSSES, "huber")
class Huber(Loss):
    """Squared below `delta`, straight above (Huber, 1964)."""

    delta: float = real("where it becomes straight", default=1.0, above=0)
    reduce: str = option("over a sample's elements", _REDUCE, default="mean")


@_into(OPTIMIZERS, "sgd")
class Sgd(Optimizer):
    """Stochastic gradient descent with momentum."""

    lr: float = real("learning rate", default=1e-3, above=0)
    momentum: float = real("momentum", default=0.0, least=0, below=1)
    dampening: float = real("dampening of the momentum", default=0.0, least=0)
    weight_decay: float = real("L2 penalty", default=0.0, least=0)
    nesterov: bool = flag("Nesterov's momentum", default=False)

    def states(self) -> int:
        """The momentum, where there is one."""
        return int(self.momentum != 0)


@_into(OPTIMIZERS, "adam")
class Adam(Optimizer):
    """Adam (Kingma and Ba, 2014)."""

    lr: float = real("learning rate", default=1e-3, above=0)
    betas: tuple[float, float] = reals(
        "decay of the two moments", default=(0.9, 0.999), least=0, below=1, count=2
    )
    eps: float = real("added to the denominator", default=1e-8, above=0)
    weight_decay: float = real("L2 penalty", default=0.0, least=0)
    amsgrad: bool = flag("keep the largest second moment", default=False)

    def states(self) -> int:
        """Two moments, and the largest second one."""
        return 2 + self.amsgrad


@_into(OPTIMIZERS, "adamw")
class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2017)."""

    lr: float = real("learning rate", default=1e-3, above=0)
    betas: tuple[float, float] = reals(
        "decay of the two moments", default=(0.9, 0.999), least=0, below=1, count=2
    )
    eps: float = real("added to the denominator", default=1e-8, above=0)
    weight_decay: float = real("decoupled weight decay", default=1e-2, least=0)
    amsgrad: bool = flag("keep the largest second moment", default=False)

    def states(self) -> int:
        """Two moments, and the largest second one."""
        return 2 + self.amsgrad


@_into(OPTIMIZERS, "rmsprop")
class RmsProp(Optimizer):
    """RMSprop (Hinton, 2012)."""

    lr: float = real("learning rate", default=1e-2, above=0)
    alpha: float = real("decay of the mean square", default=0.99, least=0, below=1)
    eps: float = real("added to the denominator", default=1e-8, above=0)
    weight_decay: float = real("L2 penalty", default=0.0, least=0)
    momentum: float = real("momentum", default=0.0, least=0, below=1)
    centered: bool = flag("divide by the centred second moment", default=False)

    def states(self) -> int:
        """The mean square, and as asked the momentum and the mean."""
        return 1 + (self.momentum != 0) + self.centered


_WARMUP = "length of the linear rise from 0 at the start, in the run's unit"


@_into(SCHEDULES, "constant")
class Constant(Schedule):
    """The same learning rate throughout (after the warm-up)."""

    warmup: float = real(_WARMUP, default=0.0, least=0)


@_into(SCHEDULES, "step")
class StepDecay(Schedule):
    """Multiplied by `gamma` each `every`, or at each of the `at` points."""

    every: float = real("length between two falls", default=0.0, least=0)
    gamma: float = real("factor of each fall", default=0.1, above=0)
    at: tuple[float, ...] = reals("points of the falls, instead of `every`", default=(), least=0)
    warmup: float = real(_WARMUP, default=0.0, least=0)


@_into(SCHEDULES, "cosine")
class Cosine(Schedule):
    """Half a cosine from the learning rate to `least` of it (Loshchilov and Hutter, 2016)."""

    least: float = real("share of the learning rate at the end", default=0.0, least=0, most=1)
    warmup: float = real(_WARMUP, default=0.0, least=0)


@_into(SCHEDULES, "linear")
class Linear(Schedule):
    """Constant until `start`, then straight to 0 at the end."""

    start: float = real("where the fall begins, in the run's unit", default=0.0, least=0)
    warmup: float = real(_WARMUP, default=0.0, least=0)


@_into(SCHEDULES, "plateau")
class Plateau(Schedule):
    """Multiplied by `factor` after `patience` epochs without an improvement."""

    factor: float = real("factor of each fall", default=0.1, above=0, below=1)
    patience: int = size("epochs without improvement", default=10, least=0)
    warmup: float = real(_WARMUP, default=0.0, least=0)


@_into(METRICS, "accuracy")
class Accuracy(Metric):
    """Share of samples whose most likely class is right."""

    top: int = size("right when among the `top` most likely", default=1)


@_into(METRICS, "f1")
class F1(Metric):
    """Mean over classes of 2 * precision * recall / (precision + recall)."""

    average: str = option(
        "how classes are averaged", ("macro", "micro", "weighted"), default="macro"
    )


@_into(METRICS, "precision")
class Precision(Metric):
    """Share of the predicted members of a class that are right."""

    average: str = option(
        "how classes are averaged", ("macro", "micro", "weighted"), default="macro"
    )


@_into(METRICS, "recall")
class Recall(Metric):
    """Share of a class's members that are found."""

    average: str = option(
        "how classes are averaged", ("macro", "micro", "weighted"), default="macro"
    )


@_into(METRICS, "auroc")
class Auroc(Metric):
    """Area under the receiver operating characteristic."""


@_into(METRICS, "iou")
class Iou(Metric):
    """Mean over classes of intersection over union, for masks."""


@_into(METRICS, "perplexity")
class Perplexity(Metric):
    """The exponential of the mean cross-entropy of a token: a blind guess among so many."""

    best: ClassVar[str] = "min"
    of: ClassVar[str] = "cross_entropy"


@_into(METRICS, "bits")
class Bits(Metric):
    """The mean cross-entropy of a token in bits: of a model of characters, bits a character."""

    best: ClassVar[str] = "min"
    of: ClassVar[str] = "cross_entropy"


@_into(METRICS, "error_rate")
class ErrorRate(Metric):
    """Edits that make the right text of the one decoded, for each of its tokens.

    Of characters the character error rate, of words the word error rate; decoded greedily.
    """

    best: ClassVar[str] = "min"
    target: ClassVar[str] = "text"
    of: ClassVar[str] = "ctc"


_SCALED = "of the scaled target (mean 0, deviation 1 in train), as forecasts are compared"


@_into(METRICS, "mae")
class Mae(Metric):
    """Mean absolute error, in the target's units."""

    best: ClassVar[str] = "min"
    target: ClassVar[str] = "value"
    scaled: bool = flag(_SCALED, default=False)


@_into(METRICS, "mse")
class MeanSquare(Metric):
    """Mean squared error, in the target's units squared."""

    best: ClassVar[str] = "min"
    target: ClassVar[str] = "value"
    scaled: bool = flag(_SCALED, default=False)


@_into(METRICS, "rmse")
class Rmse(Metric):
    """Root of the mean squared error, in the target's units."""

    best: ClassVar[str] = "min"
    target: ClassVar[str] = "value"
    scaled: bool = flag(_SCALED, default=False)


@_into(METRICS, "r2")
class R2(Metric):
    """Share of the variance that is explained."""

    target: ClassVar[str] = "value"
