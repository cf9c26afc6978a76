"""Layers whose `weight` may be another layer's, or be computed from other numbers that learn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from nnc.ir.arguments import Tied, flag, tied
from nnc.ir.dims import Dim, product
from nnc.ir.initial import PartLengths, Singular, Weight
from nnc.layers.base import Layer
from nnc.record import Record, replace

_LAST = ("tie", "spectral_norm", "weight_norm")


class _Last(Layer):
    """A layer with arguments that stand behind those of the layer itself."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        last = [name for name in cls._fields if name in _LAST]
        cls._fields = (*(name for name in cls._fields if name not in _LAST), *last)
        cls.args = {name: cls.args[name] for name in cls._fields if name in cls.args}


class Weighted(_Last):
    """A layer with a `weight`, which may be that of a named step."""

    tie: Tied | None = tied("a named step: its weight is this one's too", kw_only=True)

    turns: ClassVar[bool] = False  # it can use a weight with its axes in the other order

    @property
    def tied(self) -> Tied | None:
        """The weight of another layer that stands for its own `weight`."""
        return self.tie

    def weights(self, *x: Any, **_: Any) -> Iterable[Weight]:
        """The arrays that it owns: a tied weight is another layer's."""
        return [w for w in self.arrays(*x) if self.tie is None or w.name != "weight"]


Norm = Literal["spectral_norm", "weight_norm"]
_DIVIDES = "divides the weight by its largest singular value"
_APART = "learns direction and length of the weight apart"
PARTS = "parametrizations."
"""Where PyTorch's modules keep what their weights are computed from."""


class Normed(_Last):
    """A layer with weights of two axes or more, each of which may be kept at a length.

    Spectral norm divides it by its largest singular value (Miyato et al., 2018); weight norm learns
    its direction and the length of each part along axis 0 apart (Salimans and Kingma, 2016).
    PyTorch: torch.nn.utils.parametrizations; ONNX: the weights as they are computed.
    """

    spectral_norm: bool = flag(_DIVIDES, default=False, kw_only=True)
    weight_norm: bool = flag(_APART, default=False, kw_only=True)

    outputs_axis: ClassVar[int] = 0  # of the weight, as PyTorch's spectral norm counts

    @property
    def norm(self) -> Norm | None:
        """How its weights are computed from other numbers, None where they are learned."""
        if self.spectral_norm:
            return "spectral_norm"
        return "weight_norm" if self.weight_norm else None

    def weights(self, *x: Any, **_: Any) -> Iterable[Weight]:
        """The arrays that it owns; what its weights are computed from stands behind the others."""
        return in_parts(self.arrays(*x), self.norm, self.outputs_axis)


class Matrix(Weighted, Normed):
    """A layer whose `weight` has two axes or more, and may be kept at a length."""

    spectral_norm: bool = flag(_DIVIDES, default=False, kw_only=True)  # of one base fields come
    weight_norm: bool = flag(_APART, default=False, kw_only=True)

    def weights(self, *x: Any, **_: Any) -> Iterable[Weight]:
        """The arrays that it owns, those that its weight is computed from last."""
        return in_parts(Weighted.weights(self, *x), self.norm, self.outputs_axis)


def is_matrix(weight: Weight) -> bool:
    """Whether a norm speaks of it: not of biases."""
    return "weight" in weight.name and len(weight.dims) > 1


def in_parts(weights: Iterable[Weight], norm: Norm | None, axis: int) -> list[Weight]:
    """The arrays as PyTorch's modules list them once their matrices have a norm."""
    if norm is None:
        return list(weights)
    homes: dict[str, list[Weight]] = {"": []}
    for weight in weights:
        homes.setdefault(weight.name.rpartition(".")[0], []).append(weight)
    own, *parts = homes.values()
    make = _spectral if norm == "spectral_norm" else _lengths
    made = [weight for weight in own if not is_matrix(weight)]
    for home in (*parts, own):  # modules inside stand before what computes weights of the layer
        if home is not own:
            made += [weight for weight in home if not is_matrix(weight)]
        for weight in filter(is_matrix, home):
            made += make(weight, axis)
    return made


def parts_of(weight: str) -> str:
    """What the names begin with of numbers that a weight is computed from."""
    home, dot, name = weight.rpartition(".")
    return f"{home}{dot}{PARTS}{name}."


class Part(Record):
    """One of the arrays that a weight is computed from.

    Args:
        weight: the full name of the weight.
        name: "original", "original0" (lengths), "original1" (directions), "0._u" or "0._v".
    """

    weight: str
    name: str


_PARTS = ("original", "original0", "original1", "0._u", "0._v")


def part(name: str) -> Part | None:
    """What an array's full name says that it is computed for, None for a plain weight."""
    home, inside, rest = name.rpartition(f".{PARTS}")
    weight, _, own = rest.partition(".")
    return Part(f"{home}.{weight}", own) if inside and own in _PARTS else None


def _spectral(weight: Weight, axis: int) -> Iterable[Weight]:
    within = product((*weight.dims[:axis], *weight.dims[axis + 1 :]))
    start = parts_of(weight.name)
    yield replace(weight, name=f"{start}original")
    yield _state(f"{start}0._u", weight.dims[axis], Singular(weight, axis, left=True))
    yield _state(f"{start}0._v", within, Singular(weight, axis, left=False))


def _state(name: str, size: Dim, init: Singular) -> Weight:
    return Weight(name, (size,), init, "state")


def _lengths(weight: Weight, _: int) -> Iterable[Weight]:
    ones = (1,) * (len(weight.dims) - 1)
    start = parts_of(weight.name)
    yield Weight(f"{start}original0", (weight.dims[0], *ones), PartLengths(weight))
    yield replace(weight, name=f"{start}original1")
