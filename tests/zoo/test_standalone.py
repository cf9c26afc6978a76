"""The generated PyTorch files as their users take them: alone, copied, cast, traced, exported."""

from __future__ import annotations

import ast
import copy
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from nnc.backends.torch_module import module_class
from nnc.backends.torch_run import example_sizes
from nnc.backends.torch_source import torch_source
from nnc.check import check_text
from nnc.ir.dims import evaluate
from nnc.ir.graph import Network
from tests.zoo.networks import PUBLISHED, checked

Tensors = tuple[torch.Tensor, ...]
DTYPES = {"int64": torch.int64, "uint8": torch.uint8}
SMALL = [("lenet", "LeNet5"), ("resnet20", "ResNet20"), ("tcn", "TCN"), ("nerf", "NeRF")]
SMALL += [("multi_task", "Faces"), ("wide_and_deep", "WideAndDeep"), ("dcgan", "Discriminator")]
# Noise is drawn in it, a scan without states and one with, padding, positions, attention.
MORE = {
    "scan": """
network Net {
  input x: [T, 6]
  scan { state h: [5]; concat(h) -> dense(5) -> tanh as h1; next h = h1; from h1 }
  scan { dense(4) -> relu }
  output y
}
""",
    "attention": """
network Net {
  input x: token[T] padded
  embedding(20, 8) -> positions(sinusoidal)
  residual { layer_norm -> attention(2, causal=true) }
  attention(2) -> mean(axis=0) -> dense(3)
  output y
}
""",
}


@cache
def network(name: str) -> Network:
    """One of the networks above."""
    found = check_text(MORE[name])
    assert not found.errors, found.diagnostics
    return found.networks["Net"]


def inputs(net: Network, batch: int, device: str = "cpu") -> Tensors:
    """Numbers for each input but those that the network draws."""
    sizes, made = example_sizes(net), list[torch.Tensor]()
    draw = torch.Generator().manual_seed(batch)
    for port in net.graph.fed:
        type = net.graph.types[port.value]
        shape = (batch, *(evaluate(d, sizes) for d in type.dims))
        if type.dtype == "float32" and device == "cpu":
            made.append(torch.rand(shape, generator=draw))
        else:
            dtype = DTYPES.get(type.dtype, torch.float32)
            made.append(torch.ones(shape, dtype=dtype, device=device))
    return tuple(made)


def first(outputs: Any) -> torch.Tensor:
    """The first output."""
    found = outputs[0] if isinstance(outputs, tuple) else outputs
    assert isinstance(found, torch.Tensor)
    return found


def cast(values: Tensors, dtype: torch.dtype) -> Tensors:
    """Decimals of this kind; ids stay ids."""
    return tuple(x.to(dtype) if x.is_floating_point() else x for x in values)


@pytest.mark.parametrize("spec, name", PUBLISHED)
def test_copies_casts_and_batches(spec: str, name: str) -> None:
    """On PyTorch's meta device, which computes shapes and kinds alone."""
    net = checked(spec).networks[name]
    with torch.device("meta"):
        model = module_class(net)()
    for batch in (2, 3):
        for mode in (model.train(), copy.deepcopy(model).eval()):
            assert first(mode(*inputs(net, batch, "meta"))).shape[0] == batch
    two = inputs(net, 2, "meta")
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        made = first(copy.deepcopy(model).to(dtype)(*cast(two, dtype)))
        assert made.dtype == dtype
    if all(x.dim() == 4 for x in two):
        last = [x.to(memory_format=torch.channels_last) for x in two]
        assert first(model.to(memory_format=torch.channels_last)(*last)).shape[0] == 2


def of(key: tuple[str, str] | str) -> Network:
    return network(key) if isinstance(key, str) else checked(key[0]).networks[key[1]]


def fresh(net: Network) -> nn.Module:
    torch.manual_seed(0)
    return module_class(net)().eval()


@pytest.mark.parametrize("key", [*SMALL, *MORE], ids=str)
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("how", ["trace", "export", "compile"])
def test_traced_exported_and_compiled(key: tuple[str, str] | str, how: str) -> None:
    """What PyTorch makes of the class computes the same, also for another batch."""
    net = of(key)
    model = fresh(net)
    made: Any
    with torch.no_grad():
        if how == "trace":
            made = torch.jit.trace(model, inputs(net, 2), check_trace=False)
        elif how == "export":
            batch = torch.export.Dim("batch")
            two = inputs(net, 2)
            sizes = {"dynamic_shapes": tuple({0: batch} for _ in two)}
            made = torch.export.export(model, two, **sizes).module()  # type: ignore[arg-type]
        else:
            torch._dynamo.reset()
            made = torch.compile(model, backend="eager", fullgraph=True)
        for count in (2, 3):
            given = inputs(net, count)
            torch.testing.assert_close(first(made(*given)), first(model(*given)))


def test_copies_and_doubles_compute_the_same() -> None:
    for key in (*SMALL, *MORE):
        net = of(key)
        model = fresh(net)
        given = inputs(net, 2)
        with torch.no_grad():
            want = first(model(*given))
            assert torch.equal(first(copy.deepcopy(model)(*given)), want)
            double = first(copy.deepcopy(model).double()(*cast(given, torch.float64)))
        torch.testing.assert_close(double.float(), want, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("spec, name", PUBLISHED)
def test_files_import_torch_alone(spec: str, name: str) -> None:
    tree = ast.parse(torch_source(checked(spec).networks[name]))
    homes = set[str]()
    for node in tree.body:
        if isinstance(node, ast.Import):
            homes |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            homes.add((node.module or "").partition(".")[0])
    assert homes <= {"math", "pathlib", "sys", "torch"}


def test_a_file_runs_where_nnc_is_not(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(torch_source(checked("lenet").networks["LeNet5"]))
    run = "import sys, runpy, torch; m = runpy.run_path(sys.argv[1])['LeNet5']()\n"
    run += "print(tuple(m(torch.zeros(2, 1, 28, 28)).shape), 'nnc' in sys.modules)"
    command = [sys.executable, "-I", "-c", run, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={})
    assert done.stdout == "(2, 10) False\n", done.stderr
