"""What a network may start from a file whose order is not known: what is certain, or nothing."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check import check_text
from nnc.ir.graph import Network
from nnc.passes.settle import settled
from nnc.passes.transfer import Transfer, holders, holders_of_file

Shapes = dict[str, tuple[int, ...]]

RESNET = """\
use std.residual
network R {
  input image: [3, 64, 64]
  conv(64, 7, stride=2, padding=3, bias=false) -> batch_norm -> relu -> max_pool(2)
  for w, s in [(64, 1), (128, 2)] { resnet_stage(basic_block(w, stride=s), basic_block(w), 2) }
  global_avg_pool -> flatten -> dense(10) as head
  output label
}
"""


def network(text: str) -> Network:
    checked = check_text(text)
    assert not checked.errors
    return next(iter(checked.networks.values()))


def steps(text: str) -> Network:
    return network(f"network N {{\n  input x: [8, 32, 32]\n  {text}\n  output y\n}}\n")


def conv(place: str, out: int, channels: int, kernel: int = 3) -> Shapes:
    return {f"{place}.weight": (out, channels, kernel, kernel)}


def norm(place: str, channels: int) -> Shapes:
    names = ("weight", "bias", "running_mean", "running_var")
    return {f"{place}.{name}": (channels,) for name in names} | {f"{place}.num_batches_tracked": ()}


def start(shapes: Mapping[str, tuple[int, ...]], net: Network) -> Transfer:
    """From a file that is sorted by name, as they are."""
    return settled(holders_of_file(dict(sorted(shapes.items()))), net)


def layers(plan: Transfer) -> dict[str, str]:
    return {c.name.rpartition(".")[0]: c.source.rpartition(".")[0] for c in plan.carried}


def torchvision() -> Shapes:
    shapes = conv("conv1", 64, 3, 7) | norm("bn1", 64) | {"fc.weight": (1000, 512)}
    for layer, width, before in ((1, 64, 64), (2, 128, 64)):
        for block in (0, 1):
            at = f"layer{layer}.{block}"
            shapes |= conv(f"{at}.conv1", width, width if block else before)
            shapes |= norm(f"{at}.bn1", width) | norm(f"{at}.bn2", width)
            shapes |= conv(f"{at}.conv2", width, width)
    return shapes | conv("layer2.0.downsample.0", 128, 64, 1) | norm("layer2.0.downsample.1", 128)


def test_torchvision_names_of_a_residual_network() -> None:
    plan = start(torchvision(), network(RESNET))
    found = layers(plan)
    assert plan.doubts == ()
    assert found["conv1"] == "conv1"
    assert found["batch_norm1"] == "bn1"
    for stage in (1, 2):
        for block in (1, 2):
            for part in (1, 2):
                ours, theirs = (
                    f"resnet_stage{stage}.basic_block{block}",
                    f"layer{stage}.{block - 1}",
                )
                assert found[f"{ours}.conv{part}"] == f"{theirs}.conv{part}"
                assert found[f"{ours}.batch_norm{part}"] == f"{theirs}.bn{part}"
    assert found["resnet_stage2.basic_block1.conv3"] == "layer2.0.downsample.0"
    assert found["resnet_stage2.basic_block1.batch_norm3"] == "layer2.0.downsample.1"
    assert {a.name for a in plan.anew} == {"head.weight", "head.bias"}


def test_files_that_leave_the_counters_out() -> None:
    shapes = {k: v for k, v in torchvision().items() if "num_batches" not in k}
    plan = start(shapes, network(RESNET))
    assert layers(plan) == layers(start(torchvision(), network(RESNET)))


def test_two_convolutions_of_one_size_in_one_block() -> None:
    net = steps(
        "from x -> conv(16, 1) as one\n  from x -> conv(16, 1) as two\n  from one, two -> add"
    )
    shapes = conv("main", 16, 8, 1) | conv("downsample", 16, 8, 1)
    plan = start(shapes, net)
    assert plan.carried == ()
    assert [(d.place, d.could_be) for d in plan.doubts] == [
        ("one", ("downsample", "main")),
        ("two", ("downsample", "main")),
    ]
    assert {a.why for a in plan.anew} == {"unclear"}


def test_modules_of_a_sequence_stand_in_its_order() -> None:
    net = steps("repeat 11 { conv(8, 3, padding=1, bias=false) -> batch_norm -> relu }")
    shapes: Shapes = {}
    for at in range(0, 33, 3):
        shapes |= conv(f"net.{at}", 8, 8) | norm(f"net.{at + 1}", 8)
    found = layers(start(shapes, net))
    assert found["conv11"] == "net.30"
    assert found["batch_norm2"] == "net.4"
    assert found["conv2"] == "net.3"


def test_norms_before_their_convolutions_are_no_pairs() -> None:
    text = """\
block unit { residual { batch_norm -> relu -> conv(8, 3, padding=1, bias=false) } }
network N { input x: [8, 16, 16]; unit; unit; batch_norm as last; output y }
"""
    shapes = conv("1.conv", 8, 8) | conv("0.conv", 8, 8)
    shapes |= norm("0.bn", 8) | norm("1.bn", 8) | norm("bn", 8)
    plan = start(shapes, network(text))
    assert layers(plan) == {"unit1.conv1": "0.conv", "unit2.conv1": "1.conv"}
    assert len(plan.doubts) == 3


def test_the_number_of_a_norm_that_stands_behind_another_convolution() -> None:
    net = steps(
        "conv(8, 3, padding=1, bias=false) -> conv(8, 3, padding=1, bias=false)"
        " -> batch_norm -> relu -> conv(8, 3, padding=1, bias=false) -> batch_norm"
    )
    shapes = conv("conv1", 8, 8) | conv("conv2", 8, 8) | conv("conv3", 8, 8)
    shapes |= norm("bn1", 8) | norm("bn2", 8)
    assert layers(start(shapes, net)) == {
        "conv1": "conv1",
        "conv2": "conv2",
        "conv3": "conv3",
        "batch_norm1": "bn1",
        "batch_norm2": "bn2",
    }


def test_counts_that_run_backwards_tell_no_order() -> None:
    net = steps(
        "conv(16, 3, padding=1) -> conv(16, 3, padding=1)"
        " -> conv(12, 3, padding=1) -> conv(16, 3, padding=1) -> conv(16, 3, padding=1)"
    )
    shapes: Shapes = conv("up5", 16, 8) | conv("up4", 16, 16) | conv("up3", 12, 16)
    shapes |= conv("up2", 16, 12) | conv("up1", 16, 16)
    plan = start(shapes, net)
    assert {d.place for d in plan.doubts} == {"conv2", "conv5"}
    assert layers(plan) == {"conv1": "up5", "conv3": "up3", "conv4": "up2"}


def test_a_file_of_the_same_names_goes_by_them() -> None:
    net = steps("conv(8, 3) as b -> relu -> conv(8, 3) as a -> relu -> conv(8, 1)")
    shapes = {f"{h.place}.{w.name}": w.dims for h in holders(net) for w in h.weights}
    plan = start({n: tuple(int(str(d)) for d in dims) for n, dims in shapes.items()}, net)
    assert layers(plan) == {"a": "a", "b": "b", "conv1": "conv1"}


def test_other_numbers_of_equal_layers_are_unclear() -> None:
    net = steps("global_avg_pool -> flatten\n  repeat 3 { dense(8) }")
    shapes: Shapes = {f"layer.{n}.weight": (8, 8) for n in range(2)}
    plan = start(shapes, net)
    assert plan.carried == ()
