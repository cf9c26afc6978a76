"""What a file says about itself."""

from __future__ import annotations

import json

import nnc
from nnc.backends.onnx_metadata import Card, Meaning, Parity, after_run, dumps, metadata
from nnc.check import check_text
from nnc.ir.plan import Categories, Pixels, Scale
from nnc.ir.types import TensorType
from nnc.passes.streaming import State, Stepped

IMAGE = Meaning(
    "image", TensorType((3, 8, 8), "uint8"), "image", Pixels((0.5,), (0.5,), "-1..1", "pad")
)
PRICE = Meaning("price", TensorType((1,)), "number", Scale((2.0,), (3.0,)))
LABEL = Meaning("label", TensorType((2,)), "class")
SURE = Meaning("label_probability", TensorType((2,)), "probability", of="label")


def card(**changes: object) -> Card:
    given: dict[str, object] = {
        "network": "Net",
        "task": "classification",
        "trained": True,
        "inputs": (IMAGE,),
        "outputs": (LABEL, PRICE, SURE),
    }
    return Card(**(given | changes))  # type: ignore[arg-type]


def test_entries() -> None:
    made = metadata(
        card(
            labels=(("label", ("cat", "dög")),),
            spec="network Net {}",
            hashes=(("spec", "ab"), ("data", "cd")),
            parity=Parity(1e-4, True),
            metrics=(("accuracy", 0.974321), ("loss", float("nan"))),
            conditions=("H must be even",),
        )
    )
    assert made["nnc.format"] == "1"
    assert made["nnc.version"] == nnc.__version__
    assert made["nnc.task"] == "classification"
    assert made["nnc.network"] == "Net"
    assert made["nnc.trained"] == "true"
    assert made["nnc.labels"] == '{"label": ["cat", "dög"]}'
    assert made["nnc.spec"] == "network Net {}"
    assert made["nnc.hashes"] == '{"data": "cd", "spec": "ab"}'
    assert json.loads(made["nnc.parity"]) == {"tolerance": 1e-4, "verified": True}
    assert made["nnc.metrics"] == '{"accuracy": 0.9743, "loss": null}'
    assert made["nnc.conditions"] == '["H must be even"]'
    (image,) = json.loads(made["nnc.inputs"])
    assert image == {
        "name": "image",
        "type": "uint8[3, 8, 8]",
        "meaning": "image",
        "fit": "pad",
        "filter": "bilinear, antialias",
        "layout": "chw",
        "channels": "rgb",
        "range": "-1..1",
        "mean": [0.5],
        "std": [0.5],
    }
    outputs = json.loads(made["nnc.outputs"])
    assert outputs[1] == {
        "name": "price",
        "type": "[1]",
        "meaning": "number",
        "mean": [2.0],
        "std": [3.0],
    }
    assert outputs[2]["of"] == "label"
    assert all(isinstance(value, str) for value in made.values())


def test_what_is_not_known_is_left_out() -> None:
    made = metadata(card(trained=False))
    assert made["nnc.trained"] == "false"
    assert set(made) == {
        "nnc.format",
        "nnc.version",
        "nnc.network",
        "nnc.task",
        "nnc.trained",
        "nnc.inputs",
        "nnc.outputs",
    }
    assert after_run(None, ()) == {}


def test_tables() -> None:
    numbers = Scale((1.0, 2.0), (3.0, 4.0), (5.0, 6.0), ("age", "income"))
    words = Categories(("colour",), (("red", "green"),))
    made = metadata(
        card(
            inputs=(
                Meaning("numbers", TensorType((2,)), "numbers", numbers),
                Meaning("colour", TensorType((), "string"), "category", words),
            )
        )
    )
    first, second = json.loads(made["nnc.inputs"])
    assert first["columns"] == ["age", "income"]
    assert first["medians"] == [5.0, 6.0]
    assert second["categories"] == {"colour": ["red", "green"]}
    assert second["columns"] == ["colour"]
    assert second["type"] == "string[]"


def test_json_is_stable_and_readable() -> None:
    assert dumps({"b": [1, None], "a": {"d": "日", "c": True}}) == (
        '{"a": {"c": true, "d": "日"}, "b": [1, null]}'
    )


def test_what_a_step_carries_on() -> None:
    network = check_text("network Net { input x: [3]; relu; output y }").networks["Net"]
    state = State("lstm1.h", TensorType((4,)), 0.0, False)
    step = Stepped(network, (state,), "T", "P", (("x", 0),), (("y", None),), None)
    made = metadata(card(stream=step))
    (told,) = json.loads(made["nnc.states"])
    assert told == {"name": "lstm1.h", "next": "lstm1.h.next", "type": "[4]", "start": 0.0}
    assert json.loads(made["nnc.stream"]) == {"inputs": {"x": 0}, "outputs": {}}
