"""The own places of padded samples in numpy, as training counts them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nnc.backends.arrays import Array
from nnc.ir.ownsteps import Steps
from nnc.ir.plan import Binding

Axes = tuple[Steps, ...]
Mask = npt.NDArray[np.bool_]


def axes_of(binding: Binding, output: str) -> Axes:
    """The padded axes of an output."""
    return tuple(steps for steps in binding.steps if steps.output == output)


def own_mask(axes: Axes, raw: Mapping[str, Array], output: Array) -> Mask:
    """Whether each place of the padded axes is a sample's own, [batch, *axes]."""
    mask = np.ones((len(output), *(1 for _ in axes)), dtype=np.bool_)
    for at, steps in enumerate(axes):
        own = np.asarray(steps.own([int(n) for n in raw[steps.length]]))
        one = np.arange(output.shape[steps.axis + 1]) < own[:, None]
        mask = mask & one.reshape(len(one), *(-1 if i == at else 1 for i in range(len(axes))))
    return mask


def own_of(axes: Axes, raw: Mapping[str, Array], value: Array) -> Mask:
    """The same as `own_mask` with all axes of the value, of size 1 where it is not padded."""
    mask = own_mask(axes, raw, value)
    at = {steps.axis + 1 for steps in axes}
    return mask.reshape(
        len(value), *(value.shape[i] if i in at else 1 for i in range(1, value.ndim))
    )


def in_front(axes: Axes, value: Array) -> Array:
    """A value with its padded axes right behind the batch."""
    return np.moveaxis(value, [s.axis + 1 for s in axes], list(range(1, len(axes) + 1)))


def own_places(axes: Axes, mask: Mask, value: Array) -> Array:
    """All own places of a batch, one after another, as samples: [places, ...]."""
    made: Array = in_front(axes, value)[mask]
    return made


def own_steps(axes: Axes, raw: Mapping[str, Array], output: Array) -> list[int]:
    """How many steps of an output [batch, T, ...] are each sample's own."""
    for steps in axes:
        if steps.axis == 0:
            return steps.own([int(n) for n in raw[steps.length]])
    return [output.shape[1]] * len(output)
