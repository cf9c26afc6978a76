"""Layers whose `weight` may be another layer's, or be computed from other numbers that learn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nnc.ir.arguments import Tied, tied
from nnc.ir.initial import Weight
from nnc.layers.base import Layer


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


_LAST = ("tie",)
