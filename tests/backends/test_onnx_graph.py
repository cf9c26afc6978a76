"""The ONNX model of a network: valid, the same numbers as PyTorch, named by places."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.onnx_lowering import LoweringError
from nnc.backends.onnx_schema import operator
from nnc.check import check_text
from nnc.diagnostics import Refusal
from nnc.ir.dims import Dim, evaluate, symbol
from nnc.ir.graph import Network
from nnc.ir.initial import Normal, Weight
from nnc.ir.types import TensorType
from nnc.ir.verify import verify
from nnc.ir.walk import weight_table
from nnc.layers.activation import Gelu, Relu
from nnc.layers.arithmetic import Add
from nnc.layers.base import Layer, Transform
from nnc.layers.conv import Conv
from nnc.layers.dense import Dense
from nnc.layers.dropout import Dropout
from nnc.layers.shape import Flatten, Reshape
from nnc.source import Source, Span
from tests.backends.onnx_running import built, random, run, torch_run
from tests.ir.graphs import Build, H, W, small, type_of


def checked(model: Any) -> onnx.ModelProto:
    proto: onnx.ModelProto = model.proto()
    onnx.checker.check_model(proto, full_check=True)
    return proto


@pytest.mark.parametrize("batch", [1, 3])
def test_the_same_numbers_as_pytorch(batch: int) -> None:
    net = small()
    inputs = {"image": random(batch, 1, 8, 8)}
    ours, theirs = run(built(net), inputs), torch_run(net, inputs, {})
    assert list(ours) == ["digit", "map"]
    for name, array in theirs.items():
        np.testing.assert_allclose(ours[name], array, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("height, width", [(2, 2), (9, 14)])
def test_symbolic_sizes(height: int, width: int) -> None:
    net = small(H, W)
    model = built(net)
    checked(model)
    inputs = {"image": random(2, 1, height, width)}
    theirs = torch_run(net, inputs, {"H": height, "W": width})
    for name, array in run(model, inputs).items():
        np.testing.assert_allclose(array, theirs[name], atol=1e-5, rtol=1e-5)


def test_what_stands_in_the_file() -> None:
    proto = checked(built(small(H, W), doc="A net", metadata={"b": "2", "a": "1"}))
    assert proto.ir_version == 9
    assert [(o.domain, o.version) for o in proto.opset_import] == [("", 20)]
    assert proto.producer_name == "nnc"
    assert proto.doc_string == "A net"
    assert [(p.key, p.value) for p in proto.metadata_props] == [("a", "1"), ("b", "2")]
    graph = proto.graph
    assert graph.name == "Small"
    assert [node.name for node in graph.node][:5] == [
        "stem",
        "twist1.conv1",
        "twist1.batch_norm1",
        "twist1.add1",
        "twist1.relu1",
    ]
    assert graph.node[0].doc_string == "specs/net.nn:9 conv"
    assert graph.node[1].doc_string == "specs/net.nn:3 conv"
    assert [node.output[0] for node in graph.node][-2:] == ["flatten1", "digit"]
    assert graph.node[-1].name == "dense1"
    names = {tensor.name for tensor in graph.initializer}
    assert "twist2.batch_norm1.running_mean" in names
    assert "twist2.batch_norm1.num_batches_tracked" not in names
    made = {value for node in graph.node for value in node.output}
    assert {info.name for info in graph.value_info} == made - {"digit", "map"}
    assert shape_of(graph.input[0]) == ["batch", 1, "H", "W"]
    assert shape_of(graph.output[1]) == ["batch", 4, "H//2", "W//2"]
    known = {info.name: shape_of(info) for info in graph.value_info}
    assert known["twist1.add1"] == ["batch", 4, "H", "W"]


def shape_of(info: onnx.ValueInfoProto) -> list[int | str]:
    return [d.dim_param or d.dim_value for d in info.type.tensor_type.shape.dim]


def test_places_tell_values() -> None:
    values = dict(built(small()).values)
    assert values["twist1.relu1"] == "twist1.relu1"
    assert values["dense1"] == "digit"


def test_dropout_is_gone_and_tensors_are_stored_once() -> None:
    b = Build(x=type_of(6))
    x = b.add(Dense(6), b.add(Dropout(0.5), 0), name="words1", instance="words")
    x = b.add(Dense(6), b.add(Dropout(0.5), x), name="words2", instance="words")
    a, c = b.add(Reshape((2, 3)), x), b.add(Reshape((2, 3)), x)
    net = b.network(y=b.add(Add(), a, c))
    proto = checked(built(net))
    assert [node.op_type for node in proto.graph.node] == ["Gemm", "Gemm", *["Reshape"] * 2, "Add"]
    names = [tensor.name for tensor in proto.graph.initializer]
    assert names == ["words.weight", "words.bias", "constant/int64_3_-1_2_3"]


def test_outputs_that_are_inputs_or_given_twice() -> None:
    b = Build(x=type_of(3))
    y = b.add(Relu(), 0)
    net = b.network(same=0, first=y, second=y)
    found = run(built(net), {"x": random(2, 3)})
    np.testing.assert_array_equal(found["same"], random(2, 3))
    np.testing.assert_array_equal(found["first"], found["second"])


def test_names_of_the_spec_win() -> None:
    """An output called like another layer, an input called like a weight."""
    b = Build(**{"dense1.weight": type_of(3)})
    first = b.add(Dense(3), 0)
    second = b.add(Relu(), first)
    net = b.network(dense1=second, relu1=first)
    proto = checked(built(net))
    assert [info.name for info in proto.graph.output] == ["dense1", "relu1"]
    assert proto.graph.initializer[0].name == "dense1.weight_2"
    assert run(built(net), {"dense1.weight": random(1, 3)})["dense1"].min() >= 0


HOSTILE = (
    "a b",
    "\u202egnp.exe",
    "'; import os; #",
    "x" * 5000,
    "日本語",
    "../../etc/passwd",
    "\x00\x1b[2J",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_names(name: str) -> None:
    b = Build(name, **{name: type_of(3)})
    line = Span(Source(name, name), 0, 1)
    net = b.network(**{name + "y": b.add(Relu(), b.add(Dense(3), 0, span=line), span=line)})
    model = built(net, doc=name, metadata={name: name})
    proto = checked(model)
    assert proto.graph.name == name
    assert proto.graph.input[0].name == name
    assert proto.graph.node[0].doc_string == f"{name}:1 dense"
    assert list(run(model, {name: random(1, 3)})) == [name + "y"]


def reshaped(start: tuple[Dim, ...], *shapes: tuple[Dim, ...]) -> Network:
    b = Build(x=TensorType(start))
    x = 0
    for dims in shapes:
        x = b.add(Reshape(dims), x)
    return b.network(y=x)


@pytest.mark.parametrize(
    "shapes, kinds",
    [
        (((H * W, 3),), ["Reshape"]),  # batch copied, the rest is -1
        (((3, W, H),), ["Shape", "Concat", "Reshape"]),  # two unknown, one of them computed
        (((H * W * 3,), (3, H, W)), ["Reshape", "Shape", "Concat", "Reshape"]),
        (
            ((W * 3, H), (3, W, H)),
            ["Reshape", "Shape", "Concat", "Reshape"],
        ),  # H is copied at first
        (((1, 3, H, W), (3, H * W)), ["Shape", "Concat", "Reshape", "Reshape"]),
    ],
)
def test_sizes_are_computed_only_where_needed(shapes: Any, kinds: list[str]) -> None:
    net = reshaped((3, H, W), *shapes)
    model = built(net)
    nodes = checked(model).graph.node
    assert sorted(node.op_type for node in nodes) == sorted(kinds)
    x = random(2, 3, 5, 4)
    env = {"H": 5, "W": 4}
    np.testing.assert_array_equal(run(model, {"x": x})["y"], torch_run(net, {"x": x}, env)["y"])


class Sizes(Layer):
    """Gives a size as a number, for looking at the arithmetic of sizes."""

    size: Any

    def shape(self, rules: Any, x: TensorType) -> tuple[TensorType, ...]:
        return (TensorType((), "int64"),)

    def onnx(self, w: Any, x: Any) -> Any:
        return w.op("Expand", w.ints(self.size), w.shape())


@pytest.mark.parametrize(
    "size",
    [
        2 * H - 3,
        (H + 1) // 2,
        (7 - H) // 4,  # negative: rounds down, not towards zero
        H * H * W + (H // 2) * (W // 3) + 1,
        ((H - 3) // 2 - W) // 5 + 2,
        symbol("T"),
    ],
)
def test_arithmetic_of_sizes(size: Any) -> None:
    b = Build(x=type_of(H, W), other=type_of(2 * symbol("T") + 3))
    x = b.add(Sizes(size), 0)
    net = b.network(y=x, z=b.add(Relu(), 1))
    for height, width in ((1, 2), (30, 7)):
        inputs = {"x": random(2, height, width), "other": random(2, 13)}
        want = evaluate(size, {"H": height, "W": width, "T": 5})
        assert run(built(net), inputs)["y"].tolist() == [want] * 2


def test_a_size_that_no_input_tells() -> None:
    b = Build(x=type_of(H * W))
    with pytest.raises(Refusal, match="no input tells the size H"):
        built(b.network(y=b.add(Sizes(H), 0)))


class Wrong(Layer):
    """Asks for a node that does not exist."""

    kind: str
    attributes: tuple[tuple[str, object], ...] = ()
    inputs: int = 1

    def onnx(self, w: Any, x: Any) -> Any:
        return w.op(self.kind, *[x] * self.inputs, **dict(self.attributes))


@pytest.mark.parametrize(
    "op, message",
    [
        (Wrong("Relux"), "opset 20 has no operator Relux"),
        (Wrong("Relu", (("alpha", 1.0),)), "Relu has no attribute alpha"),
        (Wrong("LeakyRelu", (("alpha", "a"),)), "attribute alpha cannot be 'a'"),
        (Wrong("Relu", (), 2), "Relu takes no 2 inputs"),
        (Wrong("Concat", (), 2), "Concat needs its attribute axis"),
        (Wrong("BitwiseNot"), "BitwiseNot takes no float32 as its input 0"),
        (Wrong("Conv", (("kernel_shape", (1.5,)),), 2), "cannot be (1.5,)"),
        (Wrong("Transpose", (("perm", (H,)),)), "attribute perm cannot be"),
        (Wrong("Upsample", (), 2), "deprecate"),
    ],
)
def test_a_layers_mistake_is_named_at_once(op: Wrong, message: str) -> None:
    Wrong.word = "wrong"
    b = Build(x=type_of(3))
    net = b.network(y=b.add(op, 0))
    with pytest.raises(LoweringError) as caught:
        built(net)
    assert str(caught.value).startswith("wrong at wrong1: ")
    assert message in str(caught.value)


def test_an_opset_that_is_too_low() -> None:
    b = Build(x=type_of(3))
    net = b.network(y=b.add(Gelu(), 0))
    with pytest.raises(Refusal, match="gelu cannot be written with opset 18") as caught:
        built(net, opset=18)
    assert caught.value.diagnostics[0].help == "use `--opset 20`"
    assert operator("LabelEncoder", 20).domain == "ai.onnx.ml"


class Untyped(Layer):
    """Two nodes, the first without a type: onnx infers it. A weight is stored transposed."""

    def weights(self, x: Any) -> Any:
        yield Weight("table", (5, *x.dims), Normal(1.0))

    def shape(self, rules: Any, x: TensorType) -> tuple[TensorType, ...]:
        return (TensorType((5,)),)

    def onnx(self, w: Any, x: Any) -> Any:
        y = w.op("MatMul", x, w.weight("table", Transform("transpose", (1, 0))))
        return w.op("Relu", y)


def test_inner_values_without_a_type_are_inferred() -> None:
    Untyped.word = "untyped"
    b = Build(x=type_of(3))
    net = b.network(y=b.add(Untyped(), b.add(Relu(), 0)))
    model = built(net)
    graph = checked(model).graph
    assert {i.name: shape_of(i) for i in graph.value_info} == {
        "relu1": ["batch", 3],
        "untyped1/MatMul": ["batch", 5],
    }
    (table,) = graph.initializer
    assert table.name == "untyped1.table/transpose_1_0"
    weight = initial_weights(weight_table(net), 0)["untyped1.table"]
    x = random(2, 3)
    want = np.maximum(np.maximum(x, 0) @ weight.T, 0)
    np.testing.assert_allclose(run(model, {"x": x})["y"], want, atol=1e-6)


def test_weights_that_do_not_fit_are_a_bug_of_the_caller() -> None:
    net = small()
    weights = dict(initial_weights(weight_table(net), 0))
    weights["stem.bias"] = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match=r"stem.bias is float32\[4\], given is float32\[3\]"):
        onnx_model(net, weights)


def test_a_weight_whose_size_is_unknown() -> None:
    b = Build(x=type_of(3))
    net = b.network(y=b.add(Dense(symbol("digits.classes")), 0))
    with pytest.raises(Refusal, match=r"digits\.classes, which is not known"):
        onnx_model(net, {})


def test_bytes_are_the_same_each_time() -> None:
    code = (
        "import hashlib\n"
        "from nnc.backends.initial import initial_weights\n"
        "from nnc.backends.onnx_graph import onnx_model\n"
        "from nnc.ir.walk import weight_table\n"
        "from tests.ir.graphs import H, W, small\n"
        "net = small(H, W)\n"
        "weights = initial_weights(weight_table(net), 0)\n"
        "made = onnx_model(net, weights, metadata={'b': '1', 'a': '2'}).serialize()\n"
        "import sys; sys.stdout.write(hashlib.sha256(made).hexdigest())\n"
    )
    found = set()
    for seed in ("0", "1", "77"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_a_convolution_over_one_and_three_dimensions() -> None:
    for dims in ((2, 9), (2, 5, 6, 7)):
        b = Build(x=type_of(*dims))
        x = b.add(Flatten(), b.add(Conv(3, 3, padding=1, groups=1), 0))
        net = b.network(y=x)
        inputs = {"x": random(2, *dims)}
        ours, theirs = run(built(net), inputs)["y"], torch_run(net, inputs, {})["y"]
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("opset", [18, 19, 21, 22])
def test_other_opsets(opset: int) -> None:
    model = built(small(H, W), opset=opset)
    proto = checked(model)
    assert proto.opset_import[0].version == opset
    pairs = {(v, ir) for _, ir, v, *_ in helper.VERSION_TABLE}
    assert (opset, proto.ir_version) in pairs  # as a release of ONNX pairs them
    assert run(model, {"image": random(1, 1, 4, 4)})["digit"].shape == (1, 10)


def test_all_of_lenet_is_one_node_a_layer() -> None:
    text = (
        "network Net {\n"
        "  input image: [1, 28, 28]\n"
        "  conv(6, 5, padding=2) -> relu -> max_pool(2) -> dropout\n"
        "  flatten -> dense(10)\n"
        "  output digit\n"
        "}\n"
    )
    (net,) = check_text(text).networks.values()
    nodes = checked(built(verify(net))).graph.node
    assert [(node.op_type, node.name, node.doc_string.partition(":")[2]) for node in nodes] == [
        ("Conv", "conv1", "3 conv"),
        ("Relu", "relu1", "3 relu"),
        ("MaxPool", "max_pool1", "3 max_pool"),
        ("Flatten", "flatten1", "4 flatten"),
        ("Gemm", "dense1", "4 dense"),
    ]
