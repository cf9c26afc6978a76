"""Layers whose `weight` may be another layer's, or be computed from other numbers that learn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from nnc.ir.arguments import Tied, flag, tied
from nnc.ir.dims import Dim, product
from nnc.ir.initial import PartLengths, Singular, Weight
from nnc.layers.base import Layer
from nnc.record import replace

_LAST = ("tie", "spectral_norm", "weight_norm")


class Weighted(Layer):
    """A layer with a `weight`. Its arguments stand behind those of the layer itself."""

    tie: Tied | None = tied("a named step: its weight is this one's too", kw_only=True)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        last = [name for name in cls._fields if name in _LAST]
        cls._fields = (*(name for name in cls._fields if name not in _LAST), *last)
        cls.args = {name: cls.args[name] for name in cls._fields if name in cls.args}

    @property
    def tied(self) -> Tied | None:
        """The weight of another layer that stands for its own `weight`."""
        return self.tie

    def weights(self, *x: Any, **_: Any) -> Iterable[Weight]:
        """The arrays that it owns: a tied weight is another layer's."""
        return [w for w in self.arrays(*x) if self.tie is None or w.name != "weight"]


Norm = Literal["spectral_norm", "weight_norm"]
PARTS = "parametrizations.weight."
"""Where PyTorch's modules keep what a weight is computed from."""


class Matrix(Weighted):
    """A layer whose `weight` has two axes or more, and may be kept at a length.

    Spectral norm divides it by its largest singular value (Miyato et al., 2018); weight norm learns
    its direction and the length of each part along axis 0 apart (Salimans and Kingma, 2016).
    PyTorch: torch.nn.utils.parametrizations; ONNX: the weight as it is computed.
    """

    spectral_norm: bool = flag(
        "divides the weight by its largest singular value", default=False, kw_only=True
    )
    weight_norm: bool = flag(
        "learns direction and length of the weight apart", default=False, kw_only=True
    )

    outputs_axis: ClassVar[int] = 0  # of the weight, as PyTorch's spectral norm counts

    @property
    def norm(self) -> Norm | None:
        """How the weight is computed from other numbers, None where it is learned itself."""
        if self.spectral_norm:
            return "spectral_norm"
        return "weight_norm" if self.weight_norm else None

    def weights(self, *x: Any, **_: Any) -> Iterable[Weight]:
        """The arrays that it owns, those that its weight is computed from last."""
        found = list(super().weights(*x))
        if self.norm is None:
            return found
        weight = next(w for w in found if w.name == "weight")
        others = [w for w in found if w is not weight]
        make = _spectral if self.spectral_norm else _lengths
        return [*others, *make(weight, self.outputs_axis)]


def _spectral(weight: Weight, axis: int) -> Iterable[Weight]:
    within = product((*weight.dims[:axis], *weight.dims[axis + 1 :]))
    yield replace(weight, name=f"{PARTS}original")
    yield _state("0._u", weight.dims[axis], Singular(weight, axis, left=True))
    yield _state("0._v", within, Singular(weight, axis, left=False))


def _state(name: str, size: Dim, init: Singular) -> Weight:
    return Weight(PARTS + name, (size,), init, "state")


def _lengths(weight: Weight, _: int) -> Iterable[Weight]:
    ones = (1,) * (len(weight.dims) - 1)
    yield Weight(f"{PARTS}original0", (weight.dims[0], *ones), PartLengths(weight))
    yield replace(weight, name=f"{PARTS}original1")
