"""The parameters of a class: with another value it is the network of that value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build, load_module, set_weights
from nnc.backends.torch_offered import with_offered
from nnc.backends.torch_source import Classes, network_class, torch_source
from nnc.check import Checked, check_source, check_text
from nnc.check.variants import variant
from nnc.ir.graph import Network
from nnc.ir.walk import count_weights, weight_table
from nnc.source import Source

ROOT = Path(__file__).parents[2]
SPECS = sorted([*(ROOT / "specs").glob("*.nn"), *(ROOT / "specs" / "zoo").glob("*.nn")])
SMALL = 300_000  # weights up to which outputs are compared too

MEMORY = """
block mix(w, mem: [S, C2]): [T, C] { attention(2, to=mem) }
network M(depth=2, w=8) {
  input a: [S, w]
  input b: [T, w]
  from a -> relu
  repeat 2 { dense(w) } as mem
  from b
  repeat depth { mix(w, mem); dense(w) }
  output y
}
"""
ENCODER = """
network M(depth=2, w=8) {
  input a: [S, w]
  input b: [T, w]
  from a
  repeat depth { residual { layer_norm -> attention(2) } } as memory
  from b
  repeat depth {
    residual { layer_norm -> attention(2) }
    residual { layer_norm -> attention(2, to=memory) }
  }
  layer_norm
  output y
}
"""
FAMILY = """
network M(n=3, w=4) {
  input x: [4]
  for i in 0..n { from x -> dense(w) as h[i] }
  from h -> concat -> dense(2)
  output y
}
"""
GROWN = """
network M(n=5, width=8) {
  input x: [width]
  for i in 0..n { dense(width * (i + 1)) -> relu }
  dense(width)
  output y
}
"""
BRANCHES = """
network M(n=3, width=8) {
  input x: [width]
  repeat n { residual { dense(width) -> relu } }
  if n > 4 { dense(width) -> relu }
  if width == 9 { dense(width) -> relu }
  dense(2)
  output y
}
"""
GATES = """
network M(n=3, width=8, drop=0.1) {
  input x: [width]
  repeat n {
    dense(width) -> relu -> dropout(drop) as h
    from sigmoid(h) * h + h
  }
  dense(2) as head
  output y
}
"""
TEXTS = {
    "memory": MEMORY,
    "encoder": ENCODER,
    "family": FAMILY,
    "grown": GROWN,
    "branches": BRANCHES,
    "gates": GATES,
    "order": "network M(a=3, b=4) { input x: [b]; dense(a) -> relu -> dense(b); output y }",
}
OFFERED = {
    "memory": ["depth", "w"],
    "encoder": ["w"],  # places behind the first loop count on
    "family": ["w"],
    "grown": [],  # what stands behind the loop has forgotten the width
    "branches": [],
    "gates": ["n", "width", "drop"],
    "order": ["a", "b"],
}


def offered(network: Network) -> list[str]:
    """The constructor's parameters in their order."""
    return [param.spec for param in Classes(network).write().params]


def values(value: float) -> Iterator[float]:
    """Values that the decision tried, and others."""
    if isinstance(value, int):
        yield from (v for v in (value + 1, 1, value - 1, value + 2) if v > 0)
    else:
        yield from (value / 2, value * 1.5)


def right(checked: Checked, name: str) -> list[str]:
    """Holds a network's class to the networks of other values; what it offers."""
    find = variant(checked, name)
    network = with_offered(checked.networks[name], find)
    made = load_module(torch_source(network), network_class(network))
    given = dict(network.graph.params)
    taken = offered(network)
    for param in taken:
        value = given[param]
        assert isinstance(value, int | float)
        for other in dict.fromkeys(values(value)):
            expected = find(param, other)
            if expected is not None and other != value:
                _same(made, param, other, expected)
    return taken


def _same(made: type[torch.nn.Module], param: str, value: float, expected: Network) -> None:
    table = weight_table(expected)
    small = count_weights(expected) <= SMALL
    with torch.device("cpu" if small else "meta"):
        module = made(**{param: value})
    found = {name: tuple(array.shape) for name, array in module.state_dict().items()}
    shapes = {row.name: row.weight.dims for row in table}
    assert {name: found[name] for name in shapes} == shapes, (param, value)
    if not small:
        return
    weights = initial_weights(table, 0)
    set_weights(module, weights)
    inputs = [_input(expected, port.value) for port in expected.graph.inputs]
    with torch.inference_mode():
        try:
            theirs = build(expected, weights).eval()(*inputs)
        except IndexError:  # too few words for the ids that the spec writes
            return
        ours = module.eval()(*inputs)
    for a, b in zip(*((x if isinstance(x, tuple) else (x,)) for x in (ours, theirs)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5, err_msg=f"{param}={value}")


def _input(network: Network, value: int) -> torch.Tensor:
    type = network.graph.types[value]
    sizes = [int(d) if isinstance(d, int) else 32 for d in type.dims]
    if type.dtype == "int64":
        lengths = any(port.measures and port.value == value for port in network.graph.inputs)
        return torch.full((2, *sizes), 32 if lengths else 0)
    return torch.from_numpy(np.random.default_rng(0).normal(size=(2, *sizes)).astype(np.float32))


@pytest.mark.parametrize("name", TEXTS)
def test_other_values_give_the_network_of_these_values(name: str) -> None:
    assert right(check_text(TEXTS[name]), "M") == OFFERED[name]


@pytest.mark.parametrize("path", SPECS, ids=[path.stem for path in SPECS])
def test_so_do_those_of_the_specs_that_ship(path: Path) -> None:
    checked = check_source(Source(path.name, path.read_text("utf-8")), root=str(path.parent))
    for name, network in checked.networks.items():
        if network.graph.params and all(isinstance(d, int) for d in _sizes(network)):
            right(checked, name)


def _sizes(network: Network) -> list[object]:
    """The sizes of weights; those that data tells are not known here."""
    return [d for row in weight_table(network) for d in row.weight.dims]


def test_without_a_checker_parameters_are_numbers() -> None:
    (network,) = check_text(MEMORY).networks.values()
    assert offered(network) == []
    assert "depth" not in torch_source(network)


def test_the_order_is_that_of_the_spec() -> None:
    text = "block two(b, a=3): [C] { dense(a) -> relu -> dense(b) }\n"
    text += "network M { input x: [4]; two(5); two(6, a=2); output y }"
    (network,) = check_text(text).networks.values()
    assert "def __init__(self, C, b, a=3):" in torch_source(network)
