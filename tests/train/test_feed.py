"""Batches and the network's numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnc.ir.datasettings import Augment
from nnc.ir.plan import Categories, Pixels, Scale
from nnc.train.feed import Augmentation, Feed, Subset, batch_bounds
from nnc.train.numbers import to_network, to_units
from tests.train.kit import Memory, blobs

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "count,batch,merge,sizes",
    [
        (10, 4, False, [4, 4, 2]),
        (9, 4, False, [4, 4, 1]),
        (9, 4, True, [4, 5]),
        (4097, 64, True, [64] * 63 + [65]),
        (8, 4, True, [4, 4]),
        (1, 4, True, [1]),
        (3, 1, True, [1, 2]),
        (3, 8, True, [3]),
    ],
)
def test_batch_bounds(count: int, batch: int, merge: bool, sizes: list[int]) -> None:
    bounds = batch_bounds(count, batch, merge)
    assert [end - start for start, end in bounds] == sizes
    assert [start for start, _ in bounds] == [0, *(end for _, end in bounds[:-1])]


@pytest.mark.parametrize("resident", [True, False])
def test_batches_in_an_order(resident: bool) -> None:
    reader = blobs(train=10, resident=resident).parts["train"]
    feed = Feed(reader, ("image", "label"), CPU, workers=2)
    indices = np.array([3, 1, 4, 1, 5, 9, 2, 6])
    found = list(feed.batches(indices, [(0, 3), (3, 8)]))
    assert [size for _, size in found] == [3, 5]
    label = torch.cat([raw["label"] for raw, _ in found])
    assert label.tolist() == reader.values["label"][indices].tolist()
    assert found[0][0]["image"].dtype is torch.uint8


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_augmentation_is_keyed_by_the_sample(workers: int) -> None:
    picture = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    values = {"image": np.stack([picture] * 6), "mask": np.stack([picture[0]] * 6)}
    augmentation = Augmentation((Augment("flip"), Augment("shift", 1)), ("image", "mask"), 3)

    def seen(order: list[int], epoch: int) -> dict[int, torch.Tensor]:
        feed = Feed(
            Memory(values, resident=workers == 0), ("image", "mask"), CPU, augmentation, workers
        )
        made = {}
        for raw, size in feed.batches(np.array(order), [(0, 4), (4, 6)], epoch):
            for i in range(size):
                assert torch.equal(raw["image"][i, 0], raw["mask"][i])  # they move together
                made[order[len(made)]] = raw["image"][i]
        return made

    one, other = seen([0, 1, 2, 3, 4, 5], 1), seen([5, 3, 1, 0, 2, 4], 1)
    assert all(torch.equal(one[i], other[i]) for i in range(6))
    later = seen([0, 1, 2, 3, 4, 5], 2)
    assert any(not torch.equal(one[i], later[i]) for i in range(6))


def test_an_error_while_reading_ahead_arrives() -> None:
    class Broken(Memory):
        def batch(self, indices: np.ndarray) -> dict[str, np.ndarray]:
            if 7 in indices:
                raise RuntimeError("picture 7")
            return super().batch(indices)

    reader = Broken(blobs(train=10).parts["train"].values, resident=False)
    feed = Feed(reader, ("image",), CPU, workers=2)
    with pytest.raises(RuntimeError, match="picture 7"):
        list(feed.batches(None, batch_bounds(10, 2, False)))


def test_read_only_arrays_make_no_warning() -> None:
    values = {"x": np.zeros((4, 2), np.float32)}
    values["x"].flags.writeable = False
    raw, _ = next(Feed(Memory(values), ("x",), CPU).batches(None, [(0, 4)]))
    assert raw["x"].shape == (4, 2)


def test_a_subset() -> None:
    subset = Subset(blobs(train=10).parts["train"], 4)
    assert len(subset) == 4
    arrays = subset.arrays()
    assert arrays is not None
    assert len(arrays["label"]) == 4
    assert len(Subset(blobs(train=3).parts["train"], 8)) == 3


IMAGE = np.array([0, 51, 255], np.uint8)


@pytest.mark.parametrize(
    "front,wanted",
    [
        (Pixels((0.0,), (1.0,)), [0, 0.2, 1]),
        (Pixels((0.5,), (0.5,), "-1..1"), [-1, -0.6, 1]),
        (Pixels((0.0,), (1 / 255,), "none"), [0, 51, 255]),
    ],
)
def test_pixels(front: Pixels, wanted: list[float]) -> None:
    found = to_network(front, CPU)(torch.from_numpy(IMAGE).reshape(3, 1, 1, 1))
    assert found.dtype is torch.float32
    assert found.flatten().tolist() == pytest.approx(wanted, abs=1e-6)


def test_pixels_by_channel() -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    raw = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 4)).astype(np.uint8)
    found = to_network(Pixels(mean, std, "imagenet"), CPU)(torch.from_numpy(raw))
    wanted = (raw / 255 - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    assert np.allclose(found.numpy(), wanted, atol=1e-5)


def test_numbers_and_back() -> None:
    front = Scale((10.0, 20.0), (2.0, 4.0), (11.0, 24.0))
    raw = torch.tensor([[12.0, 16.0], [torch.nan, torch.nan]])
    assert to_network(front, CPU)(raw).tolist() == [[1.0, -1.0], [0.5, 1.0]]
    assert torch.isnan(to_network(front, CPU, target=True)(raw)[1]).all()
    bare = Scale((10.0, 20.0), (2.0, 4.0))
    assert to_network(bare, CPU)(raw)[1].tolist() == [0.0, 0.0]
    units = to_units(front, CPU)
    assert units is not None
    assert units(torch.tensor([[1.0, -1.0]])).tolist() == [[12.0, 16.0]]
    assert to_units(Pixels((0.0,), (1.0,)), CPU) is None


def test_ids_stay_ids() -> None:
    front = Categories(("colour",), (("red", "blue"),))
    assert to_network(front, CPU)(torch.tensor([1], dtype=torch.int32)).dtype is torch.int64
    assert to_network(None, CPU)(torch.tensor([1.0], dtype=torch.float64)).dtype is torch.float32
