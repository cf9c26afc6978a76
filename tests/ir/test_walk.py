"""The flat view: places, value numbers, weights and sums."""

from __future__ import annotations

import time

from nnc.ir.dims import symbol
from nnc.ir.walk import count_weights, flat, layer_rows, macs, totals, weight_table
from nnc.layers.activation import Relu
from nnc.layers.arithmetic import Add
from nnc.layers.conv import Conv
from nnc.layers.dense import Dense
from tests.ir.graphs import Build, H, W, small, type_of


def test_places_and_values_of_calls() -> None:
    found = flat(small())
    assert [step.place for step in found.steps] == [
        "stem",
        "twist1.conv1",
        "twist1.batch_norm1",
        "twist1.add1",
        "twist1.relu1",
        "twist2.conv1",
        "twist2.batch_norm1",
        "twist2.add1",
        "twist2.relu1",
        "max_pool1",
        "global_avg_pool1",
        "flatten1",
        "dense1",
    ]
    made = [value for step in found.steps for value in step.outputs]
    assert made == list(range(1, 14))
    add = found.steps[7]
    assert add.inputs == (7, 5)  # the second block's norm, and the first block's output
    assert found.outputs == (13, 10)


def test_a_block_that_gives_its_input_back_makes_no_value() -> None:
    empty = Build("nothing", x=type_of(3)).graph(y=0)
    b = Build(x=type_of(3))
    x = b.add(empty, 0)
    found = flat(b.network(y=b.add(Relu(), x)))
    assert found.steps[0].inputs == (0,)
    assert found.outputs == (1,)


def test_names_of_weights_follow_first_use() -> None:
    names = [row.name for row in weight_table(small())]
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    block = ["conv1.weight", "conv1.bias", *(f"batch_norm1.{n}" for n in norm)]
    assert names == [
        "stem.weight",
        "stem.bias",
        *(f"twist1.{n}" for n in block),
        *(f"twist2.{n}" for n in block),
        "dense1.weight",
        "dense1.bias",
    ]


def shared_twice() -> Build:
    inner = Build("pair", x=type_of(5))
    a = inner.add(Dense(5), 0, name="words1", instance="words")
    a = inner.add(Dense(5), a, name="words2", instance="words")
    block = inner.graph(y=a)
    b = Build(x=type_of(5))
    x = b.add(block, 0, name="tower1", instance="tower")
    x = b.add(block, x, name="tower2", instance="tower")
    b.add(Dense(2), x)
    return b


def test_shared_steps_and_shared_blocks_own_their_weights_once() -> None:
    b = shared_twice()
    net = b.network(y=len(b.types) - 1)
    assert [row.name for row in weight_table(net)] == [
        "tower.words.weight",
        "tower.words.bias",
        "dense1.weight",
        "dense1.bias",
    ]
    assert count_weights(net) == 30 + 12
    assert macs(net) == 4 * 25 + 10
    owners = [step.owner for step in flat(net).steps]
    assert owners == ["tower.words"] * 4 + ["dense1"]
    rows = layer_rows(net)
    assert [row.weights for row in rows] == [30, 0, 0, 0, 12]


def test_only_trained_numbers_count() -> None:
    # stem, twice (conv + two of the norm's five), dense
    assert count_weights(small()) == 4 * 9 + 4 + 2 * (4 * 4 * 9 + 4 + 8) + 50


def test_symbolic_sums() -> None:
    net = small(H, W)
    assert count_weights(net) == count_weights(small())
    assert macs(net) == (4 * 9 + 2 * 4 * 4 * 9) * H * W + 40
    words = Build(x=type_of(7))
    many = words.network(y=words.add(Dense(symbol("digits.classes")), 0))
    assert count_weights(many) == 8 * symbol("digits.classes")


def test_rows_are_folded_at_a_depth() -> None:
    net = small()
    whole, folded = layer_rows(net), layer_rows(net, 0)
    assert [row.place for row in folded][:3] == ["stem", "twist1", "twist2"]
    assert folded[1].word == "twist"
    assert sum(r.weights for r in whole) == sum(r.weights for r in folded) == count_weights(net)
    assert sum(r.macs for r in whole) == sum(r.macs for r in folded) == totals(net).macs
    assert layer_rows(net, 1) == whole


def test_deep_calls_are_counted_once_a_graph() -> None:
    """Thirty levels of two calls: a billion layers, which nothing may walk."""
    inner = Build("leaf", x=type_of(2))
    graph = inner.graph(y=inner.add(Dense(2), 0))
    for level in range(30):
        b = Build(f"level{level}", x=type_of(2))
        graph = b.graph(y=b.add(graph, b.add(graph, 0)))
    b = Build(x=type_of(2))
    assert count_weights(b.network(y=b.add(graph, 0))) == 6 * 2**30


def test_many_layers_are_walked_in_linear_time() -> None:
    def seconds(count: int) -> float:
        b = Build(x=type_of(4, 8, 8))
        x = 0
        conv, relu, add = Conv(4, 3, padding=1), Relu(), Add()
        for _ in range(count // 3):
            x = b.add(add, b.add(relu, b.add(conv, x)), x)
        net = b.network(y=x)
        start = time.process_time()
        assert len(flat(net).steps) == count // 3 * 3
        assert len(weight_table(net)) == count // 3 * 2
        return time.process_time() - start

    assert seconds(9000) < 1.0
