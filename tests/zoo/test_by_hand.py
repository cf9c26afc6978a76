"""The PyTorch that nnc writes, against what a person writes; ONNX as small as was declared."""

from __future__ import annotations

import pytest

from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_offered import with_offered
from nnc.backends.torch_source import torch_source
from nnc.check.variants import variant
from nnc.ir.walk import flat
from tests.zoo.networks import PUBLISHED, by_hand, by_hand_file, checked, code_lines, zeros

LARGE = 20_000_000


@pytest.mark.parametrize("spec, name", PUBLISHED)
def test_at_most_twice_the_lines_of_a_person(spec: str, name: str) -> None:
    """Of the whole file that nnc writes, with what runs it; the person's has the network alone."""
    found = checked(spec)
    ours = code_lines(torch_source(with_offered(found.networks[name], variant(found, name))))
    theirs = code_lines(by_hand_file(spec, name).read_text(encoding="utf-8"))
    assert ours <= 2 * theirs


@pytest.mark.parametrize(
    "spec, name",
    [
        pytest.param(*key, marks=pytest.mark.slow if count > LARGE else ())
        for key, count in PUBLISHED.items()
    ],
)
def test_the_person_wrote_the_same_network(spec: str, name: str) -> None:
    weights = by_hand(spec, name).parameters()
    assert sum(weight.numel() for weight in weights) == PUBLISHED[spec, name]


@pytest.mark.parametrize("spec, name", PUBLISHED)
def test_as_many_onnx_nodes_as_the_layers_declare(spec: str, name: str) -> None:
    """Besides nodes that work out sizes of the inputs, which serve all layers."""
    network = checked(spec).networks[name]
    declared = sum(step.item.op.nodes(*step.input_types) for step in flat(network).steps)
    model = onnx_model(network, zeros(network))
    sizes = sum(node.name.startswith("sizes/") for node in model.head.graph.node)
    assert model.nodes - sizes == declared
