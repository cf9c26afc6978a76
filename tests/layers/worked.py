"""A layer's worked cases, made into networks and run on both sides."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from torch import nn

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_source import network_class, torch_source
from nnc.check import Checked, check_source, check_text
from nnc.ir.conditions import holds
from nnc.ir.dims import evaluate, symbols
from nnc.ir.dimtext import parse
from nnc.ir.graph import Network
from nnc.ir.types import TensorType
from nnc.ir.walk import flat, weight_table
from nnc.layers import LAYERS
from nnc.layers.base import Case, Layer
from nnc.record import replace
from nnc.syntax.files import read_source
from tests.ir.graphs import Build

BATCHES = (1, 3)
IDS = 9  # cases on ids have tables of so many
DTYPES = {"": "float32", "token": "int64", "uint8": "uint8", "string": "string"}
Arrays = dict[str, np.ndarray]


def case_id(case: Case) -> str:
    """`conv(6, 5)-[1, 28, 28]`, as pytest shows it."""
    return f"{case.step}-{'-'.join(input_texts(case))}"


def input_texts(case: Case) -> tuple[str, ...]:
    """The types of the inputs as written."""
    return (case.inputs,) if isinstance(case.inputs, str) else case.inputs


def type_of(text: str) -> TensorType:
    """`token[3, H]` as a type."""
    kind, inside = re.fullmatch(r"(\w*)\[(.*)\]", text).groups()  # type: ignore[union-attr]
    dims = tuple(parse(size) for size in inside.split(",") if size.strip())
    return TensorType(dims, DTYPES[kind])  # type: ignore[arg-type]


def spec(case: Case) -> str:
    """The case as a program; its claim stands at the output."""
    names = [f"x{n}" for n in range(len(input_texts(case)))]
    inputs = [f"  input {name}: {text}" for name, text in zip(names, input_texts(case))]
    step = f"  {flow(case, names)}" if len(names) > 1 else f"  {case.step}"
    claims = (case.output,) if isinstance(case.output, str) else case.output
    given = [f"  output y{': ' + claim if claim else ''}" for claim in claims]
    if len(claims) > 1:
        labels = [f"y{n}" for n in range(len(claims))]
        given = [f"  from {n}; output {n}: {claim}" for n, claim in zip(labels, claims)]
        step += f" as {', '.join(labels)}"
    return "\n".join(["network Worked {", *inputs, step, *given, "}", ""])


def flow(case: Case, names: list[str]) -> str:
    """`from x0, x1 -> concat`, or `from x0 -> attention(2, to=x1)`; x0, x1 are called `names`."""
    text, named = case.step, False
    for at, name in enumerate(names):
        text, count = re.subn(rf"=\s*x{at}\b", f"={name}", text)
        named = named or count > 0
    return f"from {', '.join(names[:1] if named else names)} -> {text}"


def checked(case: Case) -> Checked:
    """What the compiler says about the case."""
    return check_text(spec(case))


def hidden_layer(step: str) -> Layer:
    """A layer that specs cannot write, from text: arguments are Python's literals."""
    node = ast.parse(step, mode="eval").body
    if isinstance(node, ast.Name):
        return LAYERS[node.id]()
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    given = {k.arg: ast.literal_eval(k.value) for k in node.keywords if k.arg}
    return LAYERS[node.func.id](*map(ast.literal_eval, node.args), **given)


@cache
def network(word: str, case: Case) -> Network:
    """The case's network, of one layer."""
    if not LAYERS[word].hidden:
        found = checked(case)
        assert not found.diagnostics, found.diagnostics
        return found.networks["Worked"]
    types = {f"x{n}": type_of(text) for n, text in enumerate(input_texts(case))}
    build = Build("Worked", **types)
    first = build.add(hidden_layer(case.step), *range(len(types)))
    count = 1 if isinstance(case.output, str) else len(case.output)
    made = build.network(**{f"y{n}" if n else "y": first + n for n in range(count)})
    names = dict.fromkeys(s for t in types.values() for d in t.dims for s in sorted(symbols(d)))
    return replace(made, symbols=tuple(names))


def layer_of(net: Network) -> Layer:
    """The one layer of a case's network."""
    (item,) = net.graph.items
    assert isinstance(item.op, Layer)
    return item.op


def assignments(net: Network) -> Iterator[dict[str, int]]:
    """Two legal choices of symbolic sizes, small ones and unlike ones; without symbols one."""
    count = len(net.symbols)
    for values in (range(1, 30), (13, 11, 16, 14, 10, 12, 20)):
        for choice in itertools.product(values, repeat=count):
            env = dict(zip(net.symbols, choice))
            sizes = (evaluate(d, env) for t in net.graph.types for d in t.dims)
            if holds(net.facts, env) is None and all(size > 0 for size in sizes):
                yield env
                break
        else:
            raise AssertionError("no legal sizes found")
        if not count:
            return


def weights(net: Network, rng: np.random.Generator) -> Arrays:
    """Initial weights; what would start as all 0 or all 1 is drawn, so that it counts."""
    arrays = initial_weights(weight_table(net), seed=0)
    for name, array in arrays.items():
        if array.dtype == np.float32 and array.min() == array.max():
            arrays[name] = rng.uniform(0.5, 1.5, array.shape).astype(np.float32)
    return arrays


def drawn(
    net: Network, case: Case, env: Mapping[str, int], batch: int, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Random inputs of these sizes."""
    made = []
    for port in net.graph.inputs:
        type = net.graph.types[port.value]
        shape = (batch, *(evaluate(d, env) for d in type.dims))
        if type.dtype == "float32":
            array = rng.random(shape) if case.positive else rng.standard_normal(shape)
            made.append(array.astype(np.float32))
        else:
            most = 256 if type.dtype == "uint8" else IDS
            made.append(rng.integers(0, most, shape).astype(type.dtype))
    return tuple(made)


def torch_module(net: Network, folder: Path) -> nn.Module:
    """The generated PyTorch source, imported from a file as its users do."""
    path = folder / "generated.py"
    path.write_text(torch_source(net))
    found = importlib.util.spec_from_file_location("generated", path)
    assert found is not None
    assert found.loader is not None
    module: Any = importlib.util.module_from_spec(found)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        found.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    made: nn.Module = getattr(module, network_class(net))()
    return made.eval()


def torch_outputs(module: nn.Module, arrays: Arrays, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
    """What the module gives with these weights."""
    module.load_state_dict({name: torch.from_numpy(a.copy()) for name, a in arrays.items()})
    with torch.no_grad():
        out = module(*(torch.from_numpy(x) for x in inputs))
    return tuple(one.numpy() for one in (out if isinstance(out, tuple) else (out,)))


@cache
def words_of_specs() -> frozenset[str]:
    """The layers that the shipped networks are made of: these declare their ONNX nodes."""
    words: set[str] = set()
    for path in (Path(__file__).resolve().parents[2] / "specs").rglob("*.nn"):
        checked = check_source(read_source(str(path)))
        words |= {s.item.op.word for n in checked.networks.values() for s in flat(n).steps}
    return frozenset(words)


def declared_nodes(net: Network) -> int:
    """How many ONNX nodes the layers of a network say that they become."""
    return sum(step.item.op.nodes(*step.input_types) for step in flat(net).steps)


class Onnx:
    """The exported network in ONNX Runtime."""

    def __init__(self, net: Network, arrays: Arrays) -> None:
        self.model = onnx_model(net, arrays)
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        data = self.model.serialize()
        self.session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    @property
    def own(self) -> int:
        """How many nodes the layers made: those that work out sizes of the inputs serve all."""
        nodes = self.model.proto().graph.node
        return sum(n.op_type != "Identity" and not n.name.startswith("sizes/") for n in nodes)

    @property
    def kinds(self) -> list[str]:
        """The operators of its nodes; Identity stands for a layer that does nothing."""
        return [
            node.op_type for node in self.model.proto().graph.node if node.op_type != "Identity"
        ]

    def __call__(self, *inputs: np.ndarray) -> np.ndarray:
        return self.all(*inputs)[0]

    def all(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Every output."""
        found = self.session.run(None, {f"x{n}": x for n, x in enumerate(inputs)})
        return tuple(np.asarray(array) for array in found)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """max|a - b| / max(1, max|b|)."""
    gap = np.abs(a.astype(np.float64) - b)
    return float(gap.max() / max(1.0, float(np.abs(b).max())))
