"""Tied weights: one tensor in PyTorch, one initializer in ONNX, one entry in a file of weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import load_model

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build, state_of
from nnc.backends.torch_source import torch_source
from nnc.backends.weights import read_matching, read_weights, write_weights
from nnc.diagnostics import Refusal
from nnc.ir.graph import Network
from nnc.ir.verify import verify
from nnc.ir.walk import count_weights, layer_rows, weight_table
from nnc.passes.prune import prune
from nnc.passes.transfer import align, holders
from tests.backends.test_backends_agree import checked, differ

LANGUAGE = """
network Language(words=11) {
  input text: token[T]
  shared table = embedding(words, 6, init=normal(0.5))
  table -> dense(6) -> tanh -> dense(words, bias=false, tie=table)
  output next: [T, words]
}
"""
LAST = """
network Last {
  input text: token[]
  shared table = embedding(11, 6)
  table -> dense(11, tie=table)
  output next: [11]
}
"""
CODER = """
network Coder {
  input image: [3, 8, 8]
  for i in 0..2 { conv(4 * (i + 1), 3, stride=2, padding=1) as down[i] -> relu }
  for i in [1, 0] {
    conv_transpose(4 * i if i > 0 else 3, 3, stride=2, padding=1, output_padding=1, tie=down[i])
  }
  output copy: [3, 8, 8]
}
"""
BLOCK = """
block pair(table) { table -> relu -> dense(5) -> dense(7, bias=false, tie=table) }
block level {
  shared inner = dense(5)
  inner -> relu -> dense(5, tie=inner) as again -> relu -> dense(5, bias=false, tie=again)
}
network Blocks {
  input text: token[7]
  weight scores: [7, 5]
  shared words = embedding(7, 5)
  pair(words) -> dense(5)
  repeat 3 { level }
  add(scores) -> dense(7, tie=scores) -> dense(5)
  layer_norm as n
  tanh -> layer_norm(tie=n) -> dense(7, bias=false, tie=words)
  output y: [7, 7]
}
"""
TURNED = """
block level(enc) { enc -> relu -> dense(6, tie=transpose(enc)) -> tanh }
network Turned {
  input x: [3, T, 6]
  input one: [4]
  shared code = dense(4)
  weight basis: [6, 4] = normal(0.5)
  from x -> code -> tanh -> dense(6, tie=transpose(code)) as back
  repeat 3 { level(code) }
  dense(4, bias=false, tie=transpose(back)) -> dense(6, tie=basis) as m
  from m + sum(basis, axis=1) -> dense(4, tie=transpose(basis))
  output y: [3, T, 4]
  from one -> dense(6, bias=false, tie=transpose(code))
  output z: [6]
}
"""
NETWORKS = [LANGUAGE, LAST, CODER, BLOCK, TURNED]


def made(network: Network) -> tuple[torch.nn.Module, dict[str, np.ndarray]]:
    arrays = initial_weights(weight_table(network), seed=0)
    return build(network, arrays), arrays


@pytest.mark.parametrize("text", NETWORKS)
@pytest.mark.parametrize("batch", [1, 3])
def test_backends_agree(text: str, batch: int) -> None:
    assert differ(verify(checked(text)), batch=batch) < 1e-5


@pytest.mark.parametrize("text", NETWORKS)
def test_a_state_dict_has_the_table_and_the_further_names(text: str) -> None:
    network = checked(text)
    module, _ = made(network)
    state, table = module.state_dict(), weight_table(network)
    also = {name: row.name for row in table for name in row.also}
    assert also
    assert [(n, tuple(t.shape)) for n, t in state.items() if n not in also] == [
        (row.name, row.weight.dims) for row in table
    ]
    assert set(state) == {row.name for row in table} | set(also)
    for name, owner in also.items():
        assert state[name].data_ptr() == state[owner].data_ptr()
    assert sum(p.numel() for p in module.parameters()) == count_weights(network)
    assert list(state_of(module)) == [row.name for row in table]


def test_the_names_of_tied_weights() -> None:
    rows = {row.name: row.also for row in weight_table(checked(BLOCK)) if row.also}
    assert rows["scores"] == ("dense2.weight",)
    assert rows["words.weight"] == ("pair1_dense2.weight", "dense4.weight")
    assert rows["level2.inner.weight"] == ("level2.again.weight", "level2.dense1.weight")


def test_the_source_reads_as_people_write_it() -> None:
    lines = [line.strip() for line in torch_source(checked(LANGUAGE)).splitlines()]
    assert "self.dense2 = nn.Linear(6, 11, bias=False)" in lines
    assert lines[lines.index("self.dense2 = nn.Linear(6, 11, bias=False)") + 1] == (
        "self.dense2.weight = self.table.weight"
    )


@pytest.mark.parametrize(
    "text, kinds",
    [
        (LANGUAGE, ["Gather", "MatMul", "Add", "Tanh", "Transpose", "MatMul"]),
        (LAST, ["Gather", "Gemm"]),
        (CODER, ["Conv", "Relu", "Conv", "Relu", "ConvTranspose", "ConvTranspose"]),
    ],
)
def test_onnx_holds_a_tied_weight_once(text: str, kinds: list[str]) -> None:
    network = checked(text)
    graph = onnx_model(network, made(network)[1]).proto().graph
    assert [node.op_type for node in graph.node] == kinds
    stored = sum(int(np.prod(t.dims)) for t in graph.initializer if t.data_type == 1)
    assert stored == count_weights(network)


def test_two_dense_layers_share_one_turned_array() -> None:
    network = checked(
        "network N { input x: [3, 4]; shared f = dense(4); f -> relu -> dense(4, tie=f); output y }"
    )
    graph = onnx_model(network, made(network)[1]).proto().graph
    assert "Transpose" not in [node.op_type for node in graph.node]


def test_training_moves_the_one_weight_by_both_gradients() -> None:
    network = checked(LANGUAGE)
    module, _ = made(network)
    words = torch.arange(11).reshape(1, 11)
    module(words).square().sum().backward()
    grads = {name: p.grad for name, p in module.named_parameters()}
    assert list(grads) == ["table.weight", "dense1.weight", "dense1.bias"]
    table = module.table.weight.detach().clone().requires_grad_()
    hidden = torch.tanh(torch.nn.functional.embedding(words, table) @ module.dense1.weight.T
                        + module.dense1.bias)  # fmt: skip
    (hidden @ table.T).square().sum().backward()
    torch.testing.assert_close(grads["table.weight"], table.grad)


def test_files_hold_a_tied_weight_once_and_are_read_under_any_of_its_names(tmp_path: Path) -> None:
    network = checked(LANGUAGE)
    module, arrays = made(network)
    table, path = weight_table(network), tmp_path / "w.safetensors"
    write_weights(path, arrays)
    assert "dense2.weight" not in arrays
    load_model(module, path)
    for names in (("dense2.weight",), ("dense2.weight", "table.weight")):
        other = {n: a for n, a in arrays.items() if n != "table.weight"}
        save_file(other | dict.fromkeys(names, arrays["table.weight"]), path)
        read = read_weights(path, table)
        assert list(read) == list(arrays)
        assert all(np.array_equal(read[n], a) for n, a in arrays.items())
        assert read_matching(path, table)[1].complete
    save_file(arrays | {"dense2.weight": arrays["table.weight"] + 1}, path)
    with pytest.raises(Refusal, match=r"table.weight and dense2.weight differ"):
        read_weights(path, table)


def test_show_tells_whose_weight_it_is() -> None:
    rows = {row.place: row for row in layer_rows(checked(LAST))}
    assert (rows["dense1"].weights, rows["dense1"].tied) == (11, "table.weight")


def test_transfer_carries_a_tied_weight_once() -> None:
    network = checked(LANGUAGE)
    names = [carried.name for carried in align(holders(network), holders(network)).carried]
    assert names == [row.name for row in weight_table(network)]


def test_a_pruned_owner_leaves_its_weight_to_the_layer_that_is_tied() -> None:
    network = checked(
        "network N { input x: [4]; shared f = dense(4); f as a; output a"
        "\nfrom x -> dense(4, tie=f) -> dense(4, tie=f); output b }"
    )
    small = verify(prune(network, ["b"]))
    assert [(row.name, row.also) for row in weight_table(small)] == [
        ("dense1.weight", ("dense2.weight",)), ("dense1.bias", ()), ("dense2.bias", ()),
    ]  # fmt: skip
