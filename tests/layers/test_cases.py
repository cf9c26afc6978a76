"""Every worked case of every layer: what it claims, refuses, computes and owns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from nnc.ir.dims import evaluate
from nnc.ir.types import TensorType
from nnc.ir.walk import weight_table
from nnc.layers import LAYERS
from nnc.layers.base import Case
from tests.layers import eager, worked

ACCEPTED = [(w, c) for w, layer in LAYERS.items() for c in layer.cases if not c.refused]
REFUSED = [(w, c) for w, layer in LAYERS.items() for c in layer.cases if c.refused]
# PyTorch remarks on the copy that an even window with `padding=same` costs.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")


def each(cases: list[tuple[str, Case]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("word,case", cases, ids=[worked.case_id(c) for _, c in cases])


@each(ACCEPTED)
def test_claim_is_exact(word: str, case: Case) -> None:
    net = worked.network(word, case)
    claims = (case.output,) if isinstance(case.output, str) else case.output
    for port, claim in zip(net.graph.outputs, claims, strict=True):
        got = net.graph.types[port.value]
        assert TensorType(got.dims, got.dtype) == worked.type_of(claim)


@each(REFUSED)
def test_refusal(word: str, case: Case) -> None:
    found = worked.checked(case).diagnostics
    assert [d.code for d in found] == [case.refused], [d.message for d in found]
    assert found[0].message[0] in f"`{found[0].message[0].lower()}"  # messages begin small


@each([(w, c) for w, c in ACCEPTED if "string" not in worked.input_texts(c)[0]])
def test_torch_and_onnx_agree(word: str, case: Case, tmp_path: Path) -> None:
    """The generated source, the layer run by hand, and ONNX Runtime give the same numbers."""
    net = worked.network(word, case)
    rng = np.random.default_rng(1)
    arrays = worked.weights(net, rng)
    own = {name.partition(".")[2]: array for name, array in arrays.items()}
    module = worked.torch_module(net, tmp_path)
    exported = worked.Onnx(net, arrays)
    outputs = [net.graph.types[port.value] for port in net.graph.outputs]
    types = tuple(net.graph.types[port.value] for port in net.graph.inputs)
    for env in worked.assignments(net):
        for batch in worked.BATCHES:
            inputs = worked.drawn(net, case, env, batch, rng)
            ours = worked.torch_outputs(module, arrays, *inputs)
            seats = net.graph.items[0].inputs
            byhand = eager.every(worked.layer_of(net), types, inputs, own, env, seats)
            theirs = exported.all(*inputs)
            assert len(ours) == len(theirs) == len(outputs) <= len(byhand)
            for type, a, b, c in zip(outputs, ours, byhand, theirs):
                assert a.shape == (batch, *(evaluate(d, env) for d in type.dims))
                assert np.array_equal(a, b)
                assert c.shape == a.shape
                assert c.dtype == a.dtype
                assert worked.difference(c, a) <= 1e-5


@each([(w, c) for w, c in ACCEPTED if c.nodes is not None])
def test_onnx_nodes(word: str, case: Case) -> None:
    net = worked.network(word, case)
    exported = worked.Onnx(net, worked.weights(net, np.random.default_rng(1)))
    assert len(exported.kinds) == case.nodes, exported.kinds
    onnx.checker.check_model(exported.model.proto(), full_check=True)


@each([(w, c) for w, c in ACCEPTED if w in worked.words_of_specs()])
def test_onnx_nodes_are_those_that_the_layer_declares(word: str, case: Case) -> None:
    net = worked.network(word, case)
    exported = worked.Onnx(net, worked.weights(net, np.random.default_rng(1)))
    assert exported.own == worked.declared_nodes(net), exported.kinds


@each([(w, c) for w, c in ACCEPTED if not LAYERS[w].hidden])
def test_weights_are_the_state_dict(word: str, case: Case, tmp_path: Path) -> None:
    net = worked.network(word, case)
    table = [(row.name, row.weight.dims) for row in weight_table(net)]
    state = worked.torch_module(net, tmp_path).state_dict()
    assert [(name, tuple(t.shape)) for name, t in state.items()] == table
    dtypes = {row.name: row.weight.dtype for row in weight_table(net)}
    assert {name: str(t.dtype).removeprefix("torch.") for name, t in state.items()} == dtypes
