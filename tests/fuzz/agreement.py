"""One network through both backends: the same names, the same shapes, the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.check import check_text
from nnc.deploy.lively import lively
from nnc.ir.dims import evaluate
from nnc.ir.graph import Network
from nnc.ir.verify import verify
from nnc.ir.walk import weight_table
from tests.backends.onnx_running import session

Arrays = dict[str, np.ndarray[Any, Any]]
TOLERANCE = 1e-5
ROUNDING = 2.0**-23
SENSITIVE = 16
"""A network that makes much of a rounding after each of its steps may differ by so many times as
much: a norm of numbers that are nearly alike, for one."""


class Failure(AssertionError):
    """What is wrong with a network."""


def inputs_of(network: Network, batch: int) -> Arrays:
    """Numbers for each input, noise too."""
    draw = np.random.default_rng(batch)
    made: Arrays = {}
    for port in network.graph.inputs:
        type = network.graph.types[port.value]
        shape = [batch, *(evaluate(d, {}) for d in type.dims)]
        ids = draw.integers(0, 2, shape)
        made[port.name] = (
            ids if type.dtype == "int64" else draw.standard_normal(shape).astype(np.float32)
        )
    return made


def examine(text: str) -> Network:
    """Checks, builds and runs the network of a text.

    Raises:
        Failure: it does not check, breaks a promise of the IR, has other weights in PyTorch than in
            the IR, another shape than claimed, or other numbers in ONNX Runtime than in PyTorch.
    """
    found = check_text(text)
    if found.errors:
        raise Failure(f"does not check: {found.diagnostics[0].message}")
    network = verify(found.networks["N"])
    table = weight_table(network)
    weights = lively(initial_weights(table, seed=1), seed=0)
    module = build(network, weights).eval()
    listed = [(row.name, *(evaluate(d, {}) for d in row.weight.dims)) for row in table]
    also = {name for row in table for name in row.also}
    state = [(n, *t.shape) for n, t in module.state_dict().items() if n not in also]
    if listed != state:
        raise Failure(f"weights: {listed} in the IR, {state} in PyTorch")
    runtime = session(onnx_model(network, weights).serialize())
    for batch in (1, 3):
        _compare(network, module, runtime, inputs_of(network, batch), batch)
    return network


def _compare(
    network: Network, module: torch.nn.Module, runtime: Any, feeds: Arrays, batch: int
) -> None:
    names = [output.name for output in runtime.get_outputs()]
    others = dict(zip(names, runtime.run(None, feeds)))
    own = _outputs(network, module, feeds)
    off: list[Arrays] = []
    for port in network.graph.outputs:
        type = network.graph.types[port.value]
        a, b = own[port.name], others[port.name]
        claimed = (batch, *(evaluate(d, {}) for d in type.dims))
        if a.shape != claimed or b.shape != claimed:
            raise Failure(f"{port.name}: {claimed} claimed, {a.shape} and {b.shape} made")
        if not np.isfinite(a).all():
            continue
        gap = _difference(a, b)
        if gap <= TOLERANCE:
            continue
        off = off or [_rounded(network, module, feeds, seed) for seed in range(3)]
        if gap > SENSITIVE * max(_difference(a, other[port.name]) for other in off):
            raise Failure(f"{port.name} differs by {gap:.1e} at batch {batch}")


def _outputs(network: Network, module: torch.nn.Module, feeds: Mapping[str, Any]) -> Arrays:
    with torch.no_grad():
        out = module(*(torch.from_numpy(feeds[p.name]) for p in network.graph.inputs))
    values = out if isinstance(out, tuple) else (out,)
    return {p.name: v.numpy() for p, v in zip(network.graph.outputs, values)}


class _Rounding(TorchFunctionMode):
    """Each result of a function is off by about a rounding."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if not isinstance(made, torch.Tensor) or made.dtype != torch.float32:
            return made
        return made * (1 + ROUNDING * (2 * torch.rand(made.shape) - 1))


def _rounded(network: Network, module: torch.nn.Module, feeds: Arrays, seed: int) -> Arrays:
    """What PyTorch gives with a rounding more after each step."""
    torch.manual_seed(seed)
    with _Rounding():
        return _outputs(network, module, feeds)


def _difference(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    """max|a - b| / max(1, max|b|); infinite where one is no number."""
    if not np.isfinite(b).all():
        return float("inf")
    gap = np.abs(a.astype(np.float64) - b).max(initial=0)
    return float(gap / max(1.0, np.abs(b.astype(np.float64)).max(initial=0)))


Wrong = type[Exception]


def smallest(text: str, wrong: Wrong, look: Callable[[str], object] = examine) -> str:
    """The text with as few lines as still fail in the same way, for a person to read."""
    lines = text.splitlines()
    size = max(len(lines) // 2, 1)
    while size:
        at, shorter = 0, False
        while at < len(lines):
            fewer = lines[:at] + lines[at + size :]
            if _fails("\n".join(fewer) + "\n", wrong, look):
                lines, shorter = fewer, True
            else:
                at += size
        size = size if shorter and size == 1 else size // 2
    return "\n".join(lines) + "\n"


def _fails(text: str, wrong: Wrong, look: Callable[[str], object]) -> bool:
    try:
        look(text)
    except wrong as failure:
        return "does not check" not in str(failure)
    except Exception:
        return False
    return False
