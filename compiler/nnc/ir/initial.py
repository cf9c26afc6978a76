"""Distributions of initial weights, and the weight that a layer declares.

Each weight is drawn by numpy from a stream of its own (backends/initial.py), keyed by seed and
place.
Fans follow PyTorch: `fan_in` is the number of inputs that one output sums over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from nnc.ir.arguments import Declared, option, real
from nnc.ir.dims import Dim
from nnc.ir.types import DType
from nnc.record import Record

INITS: dict[str, type[Declared]] = {}
D = TypeVar("D", bound=type[Declared])


def distribution(word: str) -> Callable[[D], D]:
    """Declares a distribution under its word."""

    def declare(cls: D) -> D:
        cls.word = word
        INITS[word] = cls
        return cls

    return declare


@distribution("fill")
class Fill(Declared):
    """The same number everywhere; written as the number alone."""

    value: float = real("the number")


@distribution("normal")
class Normal(Declared):
    """Normal numbers with a standard deviation and a mean."""

    std: float = real("standard deviation", above=0)
    mean: float = real("mean", default=0.0)


@distribution("truncated_normal")
class TruncatedNormal(Declared):
    """Normal numbers, drawn again while they lie more than two deviations from the mean."""

    std: float = real("standard deviation", above=0)
    mean: float = real("mean", default=0.0)


@distribution("uniform")
class Uniform(Declared):
    """Uniform numbers between two bounds."""

    low: float = real("lower bound")
    high: float = real("upper bound")


@distribution("kaiming_uniform")
class KaimingUniform(Declared):
    """Uniform in +-gain * sqrt(3 / fan) (He et al., 2015).

    `slope` is the leaky slope of the gain.
    """

    slope: float = real("negative slope of the layer that follows", default=0.0)
    mode: str = option("which fan counts", ("fan_in", "fan_out"), default="fan_in")


@distribution("kaiming_normal")
class KaimingNormal(Declared):
    """Normal with std gain / sqrt(fan) (He et al., 2015).

    `slope` is the leaky slope of the gain.
    """

    slope: float = real("negative slope of the layer that follows", default=0.0)
    mode: str = option("which fan counts", ("fan_in", "fan_out"), default="fan_in")


@distribution("xavier_uniform")
class XavierUniform(Declared):
    """Uniform in +-gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""

    gain: float = real("factor", default=1.0, above=0)


@distribution("xavier_normal")
class XavierNormal(Declared):
    """Normal with std gain * sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""

    gain: float = real("factor", default=1.0, above=0)


@distribution("orthogonal")
class Orthogonal(Declared):
    """Rows (or columns, whichever are fewer) are orthonormal (Saxe et al., 2013)."""

    gain: float = real("factor", default=1.0, above=0)


@distribution("dirac")
class Dirac(Declared):
    """A convolution that passes its input through, channel by channel."""


class Values(Declared):
    """These numbers, in the order of the axes: a constant that is written out."""

    values: tuple[float, ...]


class FourierBasis(Declared):
    """Cosines and sines under a window that spans `length` of `fft` samples."""

    fft: int
    length: int
    window: str


class MelFilters(Declared):
    """The share of each frequency in each band of the mel scale, of sound at a rate."""

    rate: Dim
    low: float
    high: float | None
    scale: str
    norm: str


class Counted(Declared):
    """Whole numbers in their order from `start`, as many as there is room for."""

    start: int


class Frequencies(Declared):
    """base^(-k / n) for k from 0 below n: from 1 down towards 1 / base."""

    base: float


class ZeroRow(Declared):
    """As another distribution, but for zeros in one row."""

    of: Declared
    row: int


class Singular(Declared):
    """A singular vector of a weight to its largest value, as PyTorch's spectral norm starts it.

    `left` has a number for each part along `axis`, the right one for each place within a part.
    """

    of: Weight
    axis: int
    left: bool


class PartLengths(Declared):
    """The Euclidean length of each part of a weight along axis 0."""

    of: Weight


class FanUniform(Declared):
    """Uniform in +-1 / sqrt(fan_in): PyTorch's choice for the biases of dense and conv."""


class ForgetGate(Declared):
    """As FanUniform, but in the second of the `gates` equal parts `value`: an LSTM's forget gate.

    Starting it open helps to remember over long stretches (Jozefowicz et al., 2015).
    """

    gates: int
    value: float


TORCH_WEIGHT = KaimingUniform(5**0.5)
"""PyTorch's initial weight of dense and conv: uniform in +-1 / sqrt(fan_in)."""

Role = Literal["trained", "state", "frozen"]


class Weight(Record):
    """A named array that a layer owns.

    Args:
        name: as in PyTorch's state_dict, below the place ("weight", "running_mean"); empty for a
            source, whose weight is at the place itself.
        dims: its sizes, without a batch.
        init: the distribution that it starts from.
        role: trained by the optimizer, state that the layer itself updates, or frozen.
        dtype: float32, or int64 for counters.
        fan_in, fan_out: as PyTorch counts them; 0 where no distribution needs them.
    """

    name: str
    dims: tuple[Dim, ...]
    init: Declared
    role: Role = "trained"
    dtype: DType = "float32"
    fan_in: Dim = 0
    fan_out: Dim = 0
