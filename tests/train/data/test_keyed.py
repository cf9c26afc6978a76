"""Randomness by hashing, and augmentation that depends on nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnc.ir.datasettings import Augment
from nnc.train.data import augment, geometry, order
from nnc.train.data.keyed import fingerprint, position, stream

ALL = (Augment("flip"), Augment("shift", 2), Augment("crop", 3))


@given(st.integers(0, 300), st.integers(0, 2**40), st.integers(0, 1000))
def test_an_order_is_a_permutation(n: int, seed: int, epoch: int) -> None:
    assert sorted(order(n, seed, epoch)) == list(range(n))


def test_orders_differ_by_seed_and_epoch_and_repeat() -> None:
    assert (order(50, 1, 2) == order(50, 1, 2)).all()
    assert (order(50, 1, 2) != order(50, 1, 3)).any()
    assert (order(50, 1, 2) != order(50, 2, 2)).any()


def test_bits_are_uniform() -> None:
    bits = stream(np.arange(20_000), 7, 0)
    assert len(set(bits.tolist())) == 20_000
    shares = np.bincount((bits >> np.uint64(60)).astype(int), minlength=16) / 20_000
    assert abs(shares - 1 / 16).max() < 0.01


def test_a_position_never_changes() -> None:
    """A new release must not move samples between parts."""
    assert position(b"cat/1.png", 0) == 17_807_244_333_406_713_291
    assert position(b"cat/1.png", 1) != position(b"cat/1.png", 0)


def test_a_fingerprint_is_twelve_digits_and_tells_borders() -> None:
    assert len(fingerprint([b"a", b"b"])) == 12
    assert fingerprint([b"ab"]) != fingerprint([b"a", b"b"])


@given(st.permutations(range(10)), st.integers(0, 5))
def test_augmentation_is_independent_of_the_batch(rows: list[int], epoch: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (10, 3, 7, 6), dtype=np.uint8)
    whole = augment(images, ALL, 3, epoch, np.arange(10))
    picked = np.array(rows)
    assert (augment(images[picked], ALL, 3, epoch, picked) == whole[picked]).all()
    one = picked[:1]
    assert (augment(images[one], ALL, 3, epoch, one) == whole[one]).all()


def test_masks_move_with_their_pictures() -> None:
    images = np.random.default_rng(0).integers(1, 256, (40, 1, 9, 9), dtype=np.uint8)
    moved = augment(images, ALL, 0, 1, np.arange(40))
    masks = augment(images[:, 0].astype(np.int64), ALL, 0, 1, np.arange(40))
    assert (moved[:, 0] == masks).all()
    assert masks.dtype == np.int64


def test_a_shift_moves_by_pixels_and_fills_with_black() -> None:
    images = np.zeros((200, 1, 7, 7), dtype=np.uint8)
    images[:, 0, 3, 3] = 255
    steps = (Augment("shift", 2),)
    moved = augment(images, steps, 0, 0, np.arange(200))
    _, down, right = geometry(steps, 0, 0, np.arange(200))
    _, _, rows, columns = np.nonzero(moved)
    assert (rows == 3 + down).all()
    assert (columns == 3 + right).all()
    assert set(down.tolist()) == set(right.tolist()) == {-2, -1, 0, 1, 2}


def test_every_second_picture_is_mirrored() -> None:
    images = np.tile(np.arange(4, dtype=np.uint8), (1000, 1, 2, 1))
    out = augment(images, (Augment("flip"),), 0, 0, np.arange(1000))
    mirrored = out[:, 0, 0, 0] == 3
    assert 420 < mirrored.sum() < 580
    assert (out[mirrored] == images[mirrored][..., ::-1]).all()
    assert (images == np.tile(np.arange(4, dtype=np.uint8), (1000, 1, 2, 1))).all()


def test_a_flip_after_a_shift_turns_the_shift() -> None:
    images = np.zeros((100, 1, 5, 9), dtype=np.uint8)
    images[:, 0, 2, 4] = 1
    steps = (Augment("shift", 2), Augment("flip"))
    both = augment(images, steps, 5, 5, np.arange(100))
    one = augment(images, steps[:1], 5, 5, np.arange(100))
    flip = geometry(steps, 5, 5, np.arange(100)).flip
    assert (both == np.where(flip[:, None, None, None], one[..., ::-1], one)).all()
