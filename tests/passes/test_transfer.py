"""What one network may start from of another: by structure first, then by name."""

from __future__ import annotations

import time

import pytest

from nnc.check import check_text
from nnc.ir.walk import weight_table
from nnc.passes import transfer
from nnc.passes.transfer import Holder, Sized, Transfer, align, holders, holders_of_file

NET = """\
network Net(classes=10) {{
  input image: [1, 28, 28]
  conv(6, 5, padding=2) -> relu -> max_pool(2)
  {more}
  conv(16, 5) -> batch_norm -> relu -> max_pool(2)
  flatten -> dense(120) -> relu
  dense({classes}){head}
  output digit
}}
"""


def net(more: str = "", head: str = "", classes: int = 10) -> tuple[Holder, ...]:
    checked = check_text(NET.format(more=more, head=head, classes=classes))
    assert not checked.errors
    return holders(checked.networks["Net"])


def carried(plan: Transfer) -> dict[str, str]:
    return {c.name: c.source for c in plan.carried}


def renamed(plan: Transfer) -> dict[str, str]:
    return {c.name: c.source for c in plan.carried if c.renamed}


def test_a_network_and_itself() -> None:
    plan = align(net(), net())
    assert (plan.anew, plan.unused, renamed(plan)) == ((), (), {})
    assert [c.name for c in plan.carried][:3] == ["conv1.weight", "conv1.bias", "conv2.weight"]
    assert all(pair.a == pair.b for pair in plan.pairs)


def test_holders_hold_all_weights() -> None:
    network = check_text(NET.format(more="", head="", classes=10)).networks["Net"]
    names = [f"{h.place}.{w.name}" for h in holders(network) for w in h.weights]
    assert names == [row.name for row in weight_table(network)]


def test_an_inserted_layer_renumbers_the_others() -> None:
    plan = align(net(), net(more="conv(6, 3, padding=1) -> relu"))
    assert renamed(plan) == {"conv3.weight": "conv2.weight", "conv3.bias": "conv2.bias"}
    assert [(a.name, a.why) for a in plan.anew] == [
        ("conv2.weight", "new layer"),
        ("conv2.bias", "new layer"),
    ]
    assert plan.unused == ()
    back = align(net(more="conv(6, 3, padding=1) -> relu"), net())
    assert renamed(back) == {"conv2.weight": "conv3.weight", "conv2.bias": "conv3.bias"}
    assert (back.anew, back.unused) == ((), ("conv2.weight", "conv2.bias"))


def test_a_renamed_head() -> None:
    plan = align(net(), net(head=" as scores"))
    assert renamed(plan) == {"scores.weight": "dense2.weight", "scores.bias": "dense2.bias"}
    assert (plan.anew, plan.unused) == ((), ())


def test_another_number_of_classes() -> None:
    plan = align(net(), net(classes=100))
    assert [(a.name, a.why) for a in plan.anew] == [
        ("dense2.weight", "was [10, 120]"),
        ("dense2.bias", "was [10]"),
    ]
    assert plan.unused == ("dense2.weight", "dense2.bias")
    assert renamed(plan) == {}
    assert "dense1.weight" in carried(plan)


def test_a_state_of_one_size_does_not_carry_alone() -> None:
    a = net()
    wider = NET.format(more="", head="", classes=10).replace("conv(16, 5)", "conv(32, 5)")
    plan = align(a, holders(check_text(wider).networks["Net"]))
    why = {a.name: a.why for a in plan.anew}
    assert why["batch_norm1.running_mean"] == "was [16]"
    assert why["batch_norm1.num_batches_tracked"] == "batch_norm1 had other sizes"
    assert "dense2.weight" in carried(plan)


def test_a_bias_more() -> None:
    text = NET.format(more="", head="", classes=10)
    text = text.replace("conv(16, 5)", "conv(16, 5, bias=false)")
    bare = holders(check_text(text).networks["Net"])
    plan = align(bare, net())
    assert "conv2.weight" in carried(plan)
    assert [(a.name, a.why) for a in plan.anew] == [("conv2.bias", "conv2 has none")]
    assert align(net(), bare).unused == ("conv2.bias",)


def holder(place: str, *dims: int, word: str = "dense") -> Holder:
    return Holder(place, word, (dims[:1],), (Sized("weight", dims),))


def test_names_that_people_gave_decide_between_equals() -> None:
    a = [holder("left", 8, 8), holder("dense1", 8, 8)]
    b = [holder("dense1", 8, 8), holder("left", 8, 8), holder("dense2", 8, 8)]
    plan = align(a, b)
    assert carried(plan)["left.weight"] == "left.weight"


def test_layers_that_changed_their_order() -> None:
    a = [holder("a", 3, 4), holder("b", 5, 6), holder("c", 7, 8)]
    plan = align(a, [a[2], a[0], a[1]])
    assert carried(plan) == {f"{n}.weight": f"{n}.weight" for n in "abc"}
    assert (plan.anew, plan.unused) == ((), ())


def test_words_never_mix() -> None:
    plan = align([holder("x", 4, 4)], [holder("x", 4, 4, word="embedding")])
    assert (plan.carried, plan.unused) == ((), ("x.weight",))


def test_weights_of_a_file() -> None:
    shapes = {"features.0.weight": (6, 1, 5, 5), "features.0.bias": (6,), "head.weight": (7, 7)}
    plan = align(holders_of_file(shapes), net())
    assert carried(plan) == {
        "conv1.weight": "features.0.weight",
        "conv1.bias": "features.0.bias",
    }
    assert plan.unused == ("head.weight",)
    assert holders_of_file({"scale": (3,)}) == (Holder("scale", "", (), (Sized("", (3,)),)),)


def test_the_same_block_once_more() -> None:
    text = """\
block unit(c) {{ conv(c, 3, padding=1, bias=false) -> batch_norm -> relu }}
network Net {{ input x: [3, 16, 16]; unit(8); repeat {n} {{ unit(8) }}; unit(16); output y }}
"""
    a, b = (holders(check_text(text.format(n=n)).networks["Net"]) for n in (2, 3))
    plan = align(a, b)
    assert carried(plan)["unit5.conv1.weight"] == "unit4.conv1.weight"
    assert {a.name.split(".")[0] for a in plan.anew} == {"unit4"}


def test_long_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    a = [holder(f"dense{i}", 3 + i % 7, 3) for i in range(400)]
    b = [holder("new", 99, 3), *a[:200], holder("dense999", 98, 3), *a[201:]]
    start = time.process_time()
    plan = align(a, b)
    assert time.process_time() - start < 2
    assert len(plan.carried) == 399
    monkeypatch.setattr(transfer, "CELLS", 0)
    assert len(align(a, b).carried) == 399
