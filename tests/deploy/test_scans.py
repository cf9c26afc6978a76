"""Files with scans are run; graphs within other nodes are not; what differs is named."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.check import check_text
from nnc.deploy.locate import first_difference
from nnc.deploy.session import Session
from nnc.diagnostics import Refusal
from nnc.ir.walk import weight_table

SPEC = """
network A {
  input x: [T, 3]
  dense(3) as before
  scan { state h: [4]; gru_cell(4, h) as h1; next h = h1; from h1 } as memory
  scan { dense(2) as head -> relu }
  output y
}
"""


def test_a_file_with_scans_is_run() -> None:
    network = check_text(SPEC).networks["A"]
    weights = initial_weights(weight_table(network), seed=0)
    model = onnx_model(network, weights)
    made = Session(model.serialize()).run({"x": np.zeros((2, 5, 3), np.float32)})
    assert made["y"].shape == (2, 5, 2)
    assert model.nodes > len(model.head.graph.node)


@pytest.mark.parametrize("place", ["memory", "scan1.head"])
def test_the_first_value_that_differs_is_named(place: str) -> None:
    network = check_text(SPEC).networks["A"]
    weights = initial_weights(weight_table(network), seed=0)
    changed = {
        name: array + np.float32(0.1) if name.startswith(place) else array
        for name, array in weights.items()
    }
    raw = {"x": np.random.default_rng(0).standard_normal((2, 5, 3)).astype(np.float32)}
    file = onnx_model(network, changed).serialize()
    found = first_difference(network, weights, file, raw, fronts={}, sizes={"T": 5}, tolerance=1e-4)
    assert found is not None
    assert found.place == place.partition(".")[0]
    assert found.span.line in (5, 6)


def test_graphs_within_other_nodes_are_refused() -> None:
    branch = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["b"])],
        "branch",
        [],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, [1])],
    )
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    graph = helper.make_graph(
        [node],
        "g",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1]),
            helper.make_tensor_value_info("c", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    with pytest.raises(Refusal, match="graphs within"):
        Session(model.SerializeToString())
