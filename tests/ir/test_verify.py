"""The verifier finds what breaks a promise of the IR, and the text form shows a graph."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nnc.ir.graph import Call, Graph, Item, Network, Port
from nnc.ir.text import graph_text, network_text
from nnc.ir.types import TensorType
from nnc.ir.verify import BrokenGraph, verify
from nnc.layers.activation import Relu
from nnc.layers.arithmetic import Add
from nnc.layers.dense import Dense
from nnc.record import replace
from tests.ir.graphs import Build, H, W, small, type_of

T = TensorType((3,))
RELU = Item("relu1", Relu(), (0,), (1,))


def test_sound_networks_pass() -> None:
    net = small()
    assert verify(net) is net
    assert verify(small(H, W)).name == "Small"


def one(**changes: object) -> Network:
    graph = Graph("Net", (), (Port("x", 0),), (T, T), (RELU,), (Port("y", 1),))
    return Network(replace(graph, **changes))


def with_block(block: Graph, **changes: object) -> Network:
    item = replace(Item("block1", Call(block, ()), (0,), (1,)), **changes)
    return one(items=(item,))


BLOCK = one().graph

BROKEN: dict[str, tuple[Callable[[], Network], str]] = {
    "doubled name": (
        lambda: one(
            items=(RELU, replace(RELU, inputs=(1,), outputs=(2,))),
            types=(T, T, T),
            outputs=(Port("y", 2),),
        ),
        "two steps are called relu1",
    ),
    "name with a dot": (
        lambda: one(items=(replace(RELU, name="a.b"),)),
        "'a.b' is no name of a step",
    ),
    "read before it is made": (
        lambda: one(items=(replace(RELU, inputs=(1,)),)),
        "reads the value 1, which is not made yet",
    ),
    "negative number": (lambda: one(items=(replace(RELU, inputs=(-1,)),)), "reads the value -1"),
    "numbers with a gap": (
        lambda: one(items=(replace(RELU, outputs=(2,)),)),
        "does not number its outputs from 1",
    ),
    "type too many": (lambda: one(types=(T, T, T)), "2 values and 3 types"),
    "output of nothing": (lambda: one(outputs=(Port("y", 7),)), "which nothing makes"),
    "no outputs": (lambda: one(outputs=()), "has no outputs"),
    "two outputs of one name": (
        lambda: one(outputs=(Port("y", 1), Port("y", 0))),
        "two outputs have one name",
    ),
    "unused step": (lambda: one(outputs=(Port("y", 0),)), "nothing uses relu1"),
    "unused input": (
        lambda: one(
            inputs=(Port("x", 0), Port("z", 1)),
            types=(T, T, T),
            items=(replace(RELU, outputs=(2,)),),
            outputs=(Port("y", 2),),
        ),
        "nothing uses the input z",
    ),
    "call with another type": (
        lambda: with_block(replace(BLOCK, types=(TensorType((4,)), TensorType((4,))))),
        "gives [3] as the input 0 of Net, which takes [4]",
    ),
    "call with another output": (
        lambda: with_block(replace(BLOCK, types=(T, TensorType((3,), "int64")))),
        "takes [3] as the output 0 of Net, which gives token[3]",
    ),
    "call without values": (lambda: with_block(BLOCK, inputs=()), "gives 0 values to Net"),
    "broken block": (
        lambda: with_block(replace(BLOCK, items=(replace(RELU, inputs=(5,)),))),
        "reads the value 5",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_said(name: str) -> None:
    make, message = BROKEN[name]
    with pytest.raises(BrokenGraph) as caught:
        verify(make())
    assert message in str(caught.value)


def test_a_graph_that_calls_itself() -> None:
    graph = one().graph
    item = Item("again", Call(graph, ()), (0,), (1,))
    graph.__dict__["items"] = (item,)
    with pytest.raises(BrokenGraph, match="Net calls itself"):
        verify(Network(graph))


def test_steps_that_share_weights_of_two_sizes() -> None:
    b = Build(x=type_of(3))
    first = b.add(Dense(4), 0, name="words1", instance="words")
    with pytest.raises(BrokenGraph, match="share words, but not its weights"):
        verify(b.network(y=b.add(Dense(4), first, name="words2", instance="words")))


def test_text_of_a_network() -> None:
    inner = Build("skip", x=type_of(H, 3))
    block = inner.graph(y=inner.add(Add(), inner.add(Relu(), 0), 0))
    b = Build(image=type_of(H, 3))
    x = b.add(block, 0, given=(("n", 2),))
    x = b.add(Dense(5, bias=False), x, name="head", instance="words")
    assert network_text(b.network(digit=x)) == (
        "Net {\n"
        "  0 image: [H, 3]\n"
        "  1 skip1 = call skip(n=2) 0                  : [H, 3]\n"
        "  2 head = dense(5, false, none) 1            : [H, 5]  # weights of words\n"
        "  output digit = 2\n"
        "}\n"
        "skip {\n"
        "  0 x: [H, 3]\n"
        "  1 relu1 = relu 0                            : [H, 3]\n"
        "  2 add1 = add 1, 0                           : [H, 3]\n"
        "  output y = 2\n"
        "}\n"
    )
    assert graph_text(block).startswith("skip {\n")
