"""What is put around a network for export: raw inputs, the user's units, probabilities."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from nnc.ir.graph import Network
from nnc.ir.plan import (
    Binding,
    Categories,
    Field,
    Length,
    Phase,
    Pixels,
    Player,
    Profile,
    Scale,
    Target,
    Term,
    TrainPlan,
)
from nnc.ir.training import L1, Adam, Bce, BceWithLogits, Constant, CrossEntropy
from nnc.ir.updates import Group
from nnc.ir.verify import verify
from nnc.ir.walk import weight_table
from nnc.layers.activation import Relu
from nnc.layers.arithmetic import Add
from nnc.layers.dense import Dense
from nnc.passes.inference import Ends, ends, inference, probability_name
from tests.backends.onnx_running import built, random, run
from tests.ir.graphs import Build, small, type_of


def test_an_image_classifier() -> None:
    net = small()
    around = Ends(
        fronts=(("image", Pixels((0.5,), (0.25,))),),
        heads=(("digit", "softmax"), ("map", "sigmoid")),
    )
    made = verify(inference(net, around))
    assert weight_table(made) == weight_table(net)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 1, 8, 8), dtype=np.uint8)
    model = built(made)
    onnx.checker.check_model(model.proto(), full_check=True)
    raw = run(model, {"image": pixels})
    scaled = ((pixels / 255 - 0.5) / 0.25).astype(np.float32)
    plain = run(built(net), {"image": scaled})
    assert list(raw) == ["digit", "map", "digit_probability", "map_probability"]
    for name, array in plain.items():
        np.testing.assert_allclose(raw[name], array, atol=1e-5)
    np.testing.assert_allclose(raw["digit_probability"].sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(raw["map_probability"], 1 / (1 + np.exp(-raw["map"])), atol=1e-6)


def test_softmax_is_over_channels() -> None:
    b = Build(x=type_of(3, 4, 5))
    net = inference(b.network(mask=b.add(Relu(), 0)), Ends(heads=(("mask", "softmax"),)))
    found = run(built(net), {"x": random(2, 3, 4, 5)})["mask_probability"]
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def table_network() -> Network:
    """Numbers and a price, with a second input that stays as it is."""
    b = Build(numbers=type_of(2), other=type_of(2))
    return b.network(price=b.add(Dense(1), b.add(Add(), 0, 1)), sum=1)


def test_a_table_with_missing_numbers_and_a_target_in_its_own_units() -> None:
    net = table_network()
    front = Scale(mean=(10.0, 20.0), std=(2.0, 4.0), missing=(11.0, 21.0))
    made = verify(
        inference(net, Ends((("numbers", front),), scales=(("price", Scale((500.0,), (100.0,))),)))
    )
    raw = np.array([[12, np.nan], [np.nan, 28]], np.float32)
    scaled = np.array([[1, 0.25], [0.5, 2]], np.float32)
    other = random(2, 2)
    ours = run(built(made), {"numbers": raw, "other": other})
    plain = run(built(net), {"numbers": scaled, "other": other})
    np.testing.assert_allclose(ours["price"], plain["price"] * 100 + 500, rtol=1e-5)
    np.testing.assert_array_equal(ours["sum"], other)


def test_words_become_ids() -> None:
    b = Build(colour=type_of(dtype="int64"), both=type_of(2, dtype="int64"))
    net = b.network(one=0, two=1)
    around = Ends(
        (
            ("colour", Categories(("colour",), (("red", "green"),))),
            ("both", Categories(("a", "b"), (("x", "y"), ("u",)))),
        )
    )
    model = built(verify(inference(net, around)))
    proto = model.proto()
    onnx.checker.check_model(proto, full_check=True)
    assert [(o.domain, o.version) for o in proto.opset_import] == [("", 20), ("ai.onnx.ml", 3)]
    words = np.array([["y", "u"], ["x", "never seen"]], dtype=object)
    found = run(model, {"colour": np.array(["green", ""], dtype=object), "both": words})
    assert found["one"].tolist() == [2, 0]
    assert found["two"].tolist() == [[2, 1], [1, 0]]


def test_names_that_are_taken() -> None:
    b = Build(x=type_of(3))
    y = b.add(Relu(), 0, name="x_scaled")
    z = b.add(Dense(3), y, name="y_probability")
    net = b.network(y=z, y_probability=y)
    made = verify(inference(net, Ends((("x", Scale((0.0,), (1.0,))),), heads=(("y", "softmax"),))))
    assert made.graph.items[0].name == "x_scaled_2"
    assert [port.name for port in made.graph.outputs] == ["y", "y_probability", "y_probability_2"]
    assert probability_name("y") == "y_probability"
    assert set(run(built(made), {"x": random(1, 3)})) == {"y", "y_probability", "y_probability_2"}


def test_nothing_around_changes_nothing() -> None:
    net = small()
    assert inference(net, Ends()) == net


def test_a_name_that_the_network_lacks() -> None:
    with pytest.raises(KeyError, match="nothing"):
        inference(small(), Ends(heads=(("nothing", "softmax"),)))


def plan(terms: tuple[Term, ...], binding: Binding | None) -> TrainPlan:
    group = Group(Adam(), Constant())
    return TrainPlan(
        "Net",
        "Net",
        ("d",),
        (Player("Net", "Net"),),
        (Phase("Net", terms, (group,)),),
        Length("epochs", 1),
        1,
        binding=binding,
    )


def test_ends_follow_from_plan_and_data() -> None:
    pixels, words = Pixels((0.0,), (1.0,)), Categories(("c",), (("a",),))
    price, copied = Scale((1.0,), (2.0,)), Scale((3.0,), (4.0,))
    fields = (Field("image", "input", "image", type_of(1, 2, 2, dtype="uint8")),)
    fronts = (("image", pixels), ("c", words), ("cost", price), ("past", copied))
    profile = Profile("d", fields, (), "", (), fronts)
    binding = Binding(
        (("photo", "image"), ("colour", "c"), ("past", "past")),
        (("price", "cost"), ("copy", "past"), ("label", "label")),
    )
    terms = (
        Term(1.0, CrossEntropy(), "label", Target("field", "label")),
        Term(1.0, L1(), "price", Target("field", "cost")),
        Term(1.0, BceWithLogits(), "flag", Target("field", "flag")),
        Term(1.0, Bce(), "sure", Target("field", "flag")),
    )
    found = ends(plan(terms, binding), [profile])
    assert found.fronts == (("photo", pixels), ("colour", words), ("past", copied))
    assert found.scales == (("price", price),)  # `copy` learns from an input: it stays scaled
    assert found.heads == (("label", "softmax"), ("flag", "sigmoid"))
    bare = ends(plan(terms, binding), [profile], bare=True)
    assert [name for name, _ in bare.fronts] == ["photo", "past"]
    with pytest.raises(ValueError, match="not bound"):
        ends(plan(terms, None), [profile])
