"""Augmentation of the train part, which depends on (seed, epoch, sample) alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nnc.ir.datasettings import Augment
from nnc.train.data.keyed import Array, Rows, stream


class Geometry(NamedTuple):
    """For each picture: mirror it where `flip`, then move it `down` and `right` by pixels."""

    flip: npt.NDArray[np.bool_]
    down: Rows
    right: Rows


def geometry(augments: Sequence[Augment], seed: int, epoch: int, indices: Rows) -> Geometry:
    """What the augmentations, one after the other, come to for each sample.

    `flip` mirrors every second picture; `shift(n)` moves by up to n pixels along each axis;
    `crop(padding=n)` cuts the picture's size out of the picture with n pixels around it, which is
    the same motion.
    """
    flip = np.zeros(len(indices), dtype=np.bool_)
    down, right = np.zeros((2, len(indices)), dtype=np.int64)
    for at, augment in enumerate(augments):
        bits = stream(indices, seed, epoch, 2, at)
        if augment.word == "flip":
            turned = (bits >> np.uint64(63)).astype(np.bool_)
            flip ^= turned
            right = np.where(turned, -right, right)
        else:
            choices = np.uint64(2 * augment.amount + 1)
            high, low = bits >> np.uint64(32), bits & np.uint64(0xFFFFFFFF)
            down = down + (high % choices).astype(np.int64) - augment.amount
            right = right + (low % choices).astype(np.int64) - augment.amount
    return Geometry(flip, down, right)


def augment(
    images: Array, augments: Sequence[Augment], seed: int, epoch: int, indices: Rows
) -> Array:
    """The pictures of these samples as an epoch sees them; the input is not changed.

    Masks are augmented by a call of their own: the same samples get the same geometry.

    Args:
        images: [n, ..., H, W] of any element type; what is moved in from outside is 0.
        indices: the samples' positions in the train part.
    """
    if not augments:
        return images
    flip, down, right = geometry(augments, seed, epoch, indices)
    if flip.any():
        images = images.copy()
        images[flip] = images[flip][..., ::-1]
    reach = int(max(np.abs(down).max(initial=0), np.abs(right).max(initial=0)))
    if reach == 0:
        return images
    sides = [(0, 0)] * (images.ndim - 2) + [(reach, reach)] * 2
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(images, sides), images.shape[-2:], axis=(-2, -1)
    )
    samples = np.arange(len(images))
    if images.ndim == 3:
        return np.ascontiguousarray(windows[samples, reach - down, reach - right])
    return np.ascontiguousarray(windows[samples, :, reach - down, reach - right])
