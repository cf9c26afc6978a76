"""Recurrent layers: their states out and in, where the forget gate starts, and their work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import nn

from nnc.backends.initial import initial_weight, initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.check import check_text
from nnc.ir.graph import Network
from nnc.ir.walk import PlacedWeight, macs, weight_table
from nnc.layers.recurrent import Gru, Lstm, Recurrent, Rnn
from nnc.source import NOWHERE
from tests.ir.graphs import type_of
from tests.layers import worked

KINDS = {"rnn": "out, h", "gru": "out, h", "lstm": "out, h, c"}
FORMS = ["4", "4, keep=last", "4, layers=3", "4, bidirectional=true", "4, layers=2, keep=last"]


def network(text: str) -> Network:
    found = check_text(text)
    assert not found.diagnostics, found.diagnostics
    return found.networks["A"]


def both(net: Network, folder: Path, *inputs: np.ndarray) -> tuple[list[np.ndarray], ...]:
    """All outputs of the generated module and of ONNX Runtime, with lively weights."""
    arrays = worked.weights(net, np.random.default_rng(1))
    module = worked.torch_module(net, folder)
    module.load_state_dict({n: torch.from_numpy(a.copy()) for n, a in arrays.items()})
    with torch.no_grad():
        ours = module(*(torch.from_numpy(x) for x in inputs))
    session = ort.InferenceSession(onnx_model(net, arrays).serialize())
    names = [i.name for i in session.get_inputs()]
    theirs = session.run(None, dict(zip(names, inputs)))
    return [o.numpy() for o in (ours if isinstance(ours, tuple) else (ours,))], theirs


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("word", KINDS)
def test_last_states_are_those_of_pytorch_and_onnx(word: str, form: str, tmp_path: Path) -> None:
    given = ["from h", "output last"] + (["from c", "output cell"] if word == "lstm" else [])
    net = network(
        f"network A {{\n input x: [T, 3]\n {word}({form}) as {KINDS[word]}\n from out\n output y\n"
        + "\n".join(given)
        + "\n}"
    )
    x = np.random.default_rng(0).standard_normal((2, 7, 3)).astype(np.float32)
    ours, theirs = both(net, tmp_path, x)
    assert len(ours) == len(theirs) == 1 + len(given) // 2
    for a, b in zip(ours, theirs):
        assert a.shape == b.shape
        assert worked.difference(b, a) <= 1e-5


@pytest.mark.parametrize("word", KINDS)
def test_a_sequence_in_two_pieces_is_the_sequence(word: str, tmp_path: Path) -> None:
    """States out of one call and into the next: the same weights, shared."""
    names = KINDS[word].partition(", ")[2]
    text = f"""network A {{
  input x: [6, 3]
  shared reader = {word}(4, layers=2)
  from x -> reader as whole
  from x[:4] -> reader as first, {names}
  from x[4:], {names} -> reader as second
  from first, second -> concat
  output joined
  from whole
  output whole
}}"""
    x = np.random.default_rng(0).standard_normal((3, 6, 3)).astype(np.float32)
    ours, theirs = both(network(text), tmp_path, x)
    assert worked.difference(ours[0], ours[1]) <= 1e-6
    assert worked.difference(theirs[0], theirs[1]) <= 1e-6
    assert worked.difference(theirs[0], ours[0]) <= 1e-5


def test_lstm_classifier_of_two_layers_is_seven_nodes(tmp_path: Path) -> None:
    text = """network A {
  input words: token[T]
  embedding(50, 8) -> lstm(16, layers=2, keep=last) -> dense(3)
  output label
}"""
    net = network(text)
    arrays = initial_weights(weight_table(net), seed=0)
    kinds = [node.op_type for node in onnx_model(net, arrays).proto().graph.node]
    assert kinds == ["Gather", "Transpose", "LSTM", "Squeeze", "LSTM", "Squeeze", "Gemm"]


def test_unread_states_are_no_outputs_of_the_node() -> None:
    net = network("network A {\n input x: [T, 3]\n lstm(4)\n output y\n}")
    model = onnx_model(net, initial_weights(weight_table(net), seed=0)).proto()
    (node,) = [node for node in model.graph.node if node.op_type == "LSTM"]
    assert list(node.output) == ["lstm1/LSTM"]


def test_forget_gates_start_open() -> None:
    op = Lstm(4, forget_bias=1.0)
    rows = {w.name: w for w in op.weights(type_of(5, 3))}
    start = {n: initial_weight(PlacedWeight(f"lstm1.{n}", w, NOWHERE), 0) for n, w in rows.items()}
    total = start["bias_ih_l0"] + start["bias_hh_l0"]
    assert total[4:8].tolist() == [1.0] * 4
    assert not np.any(total[:4] == 1.0)


@pytest.mark.parametrize(
    "op,module",
    [
        (Lstm(64, layers=2), nn.LSTM(32, 64, num_layers=2)),
        (Gru(64, bidirectional=True), nn.GRU(32, 64, bidirectional=True)),
        (Rnn(64, bias=False), nn.RNN(32, 64, bias=False)),
    ],
    ids=["lstm", "gru", "rnn"],
)
def test_weights_start_as_in_pytorch(op: Recurrent, module: nn.Module) -> None:
    rows = {w.name: PlacedWeight(f"a.{w.name}", w, NOWHERE) for w in op.weights(type_of(7, 32))}
    state = module.state_dict()
    assert list(rows) == list(state)
    for name, tensor in state.items():
        array = initial_weight(rows[name], seed=3)
        assert array.shape == tuple(tensor.shape)
        assert np.abs(array).max() == pytest.approx(1 / 8, rel=0.05)


def test_multiply_adds() -> None:
    net = network("network A {\n input x: [10, 3]\n lstm(4, layers=2, keep=last)\n output y\n}")
    assert macs(net) == 10 * 16 * ((3 + 4) + (4 + 4))
