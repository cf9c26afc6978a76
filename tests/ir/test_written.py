"""Steps as a person would write them; what is written reads as the same step."""

from __future__ import annotations

import pytest

from nnc.check import check_text
from nnc.ir.graph import Call
from nnc.ir.written import step_text

STEPS = [
    "conv(8, 3)",
    "conv(8, 3x5, padding=1)",
    "conv(8, 3, stride=2, bias=false)",
    "max_pool(3, stride=2)",
    "reshape(8, 98)",
    "batch_norm(eps=0.001)",
    "leaky_relu(0.2)",
    "dropout(0.1)",
    "relu",
    "flatten",
    "pad(1, mode=reflect)",
]


def net(step: str) -> str:
    return f"network N {{ input x: [1, 28, 28]; {step}; output y }}"


@pytest.mark.parametrize("step", STEPS)
def test_round_trip(step: str) -> None:
    checked = check_text(net(step))
    assert not checked.errors
    (item,) = checked.networks["N"].graph.items
    text = step_text(item.op)
    (again,) = check_text(net(text)).networks["N"].graph.items
    assert item.op == again.op
    assert len(text) <= len(step) + len("amount=")


def test_initial_weights_are_left_out() -> None:
    (item,) = check_text(net("conv(8, 3, init=normal(0.02))")).networks["N"].graph.items
    assert step_text(item.op) == "conv(8, 3)"


def test_blocks_show_their_parameters() -> None:
    text = """\
block plain(n) { repeat n { relu } }
block unit(c, stride=1): [C, H, W] { conv(c, 3, stride=stride, padding=1) }
network N { input x: [3, H, W]; unit(2 * 4); unit(8, stride=2); unit(16, 1); plain(3); output y }
"""
    items = check_text(text).networks["N"].graph.items
    assert [step_text(item.op) for item in items] == [
        *("unit(8)", "unit(8, stride=2)", "unit(16)", "plain(3)"),
    ]
    assert all(isinstance(item.op, Call) for item in items)
