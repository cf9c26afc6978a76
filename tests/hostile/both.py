"""A text through both backends: checked, built, run, compared; and what must not happen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.check import Checked, check_text
from nnc.ir.dims import evaluate
from nnc.ir.graph import Network
from nnc.ir.names import words
from nnc.ir.walk import weight_table
from tests.backends.onnx_running import Arrays, built, run

EVENTS = words(
    """
    os.system os.exec os.posix_spawn os.spawn os.fork os.startfile subprocess.Popen pty.spawn
    pickle.find_class socket.connect socket.getaddrinfo shutil.rmtree os.kill
    webbrowser.open urllib.Request
    """
)
"""What nothing of a stranger's may cause, by Python's names for it."""

_watching: list[list[str]] = []


def _hook(event: str, _: object) -> None:
    if event in EVENTS:
        for seen in _watching:
            seen.append(event)


sys.addaudithook(_hook)


@contextmanager
def nothing_happens() -> Iterator[None]:
    """Fails where something is run, unpickled or connected to."""
    seen: list[str] = []
    _watching.append(seen)
    try:
        yield
    finally:
        _watching.remove(seen)
    assert not seen, f"a stranger caused {sorted(set(seen))}"


def sound(text: str) -> Checked:
    """The checked text, which has no mistakes."""
    checked = check_text(text)
    assert not checked.errors, [(d.code, d.message) for d in checked.diagnostics]
    return checked


def inputs_of(network: Network, seed: int = 0, **sizes: int) -> Arrays:
    """Numbers for each input, two samples."""
    random = np.random.default_rng(seed)
    graph = network.graph
    made: Arrays = {}
    for port in graph.inputs:
        type = graph.types[port.value]
        shape = [2, *(int(evaluate(d, sizes)) for d in type.dims)]
        if type.dtype == "int64":
            made[port.name] = random.integers(0, 2, shape)
        else:
            made[port.name] = random.normal(size=shape).astype(np.float32)
    return made


def agree(network: Network, **sizes: int) -> Arrays:
    """Runs a network in both; returns what ONNX Runtime gives."""
    table = weight_table(network)
    weights = initial_weights(table, 1)
    module = build(network, weights).eval()
    assert list(module.state_dict()) == [row.name for row in table]
    feeds = inputs_of(network, **sizes)
    with torch.no_grad():
        given = module(*(torch.from_numpy(feeds[p.name]) for p in network.graph.inputs))
    values = given if isinstance(given, tuple) else (given,)
    found = run(built(network, 1), feeds)
    assert list(found) == [p.name for p in network.graph.outputs]
    assert len(values) == len(found)
    for (name, array), value in zip(found.items(), values):
        wanted = value.numpy()
        assert array.shape == wanted.shape, name
        off = np.max(np.abs(array - wanted), initial=0) / max(1, np.max(np.abs(wanted), initial=0))
        assert off < 1e-5, f"{name} differs by {off}"
    return found


def all_agree(text: str, **sizes: int) -> None:
    """Every network of a text, with nothing else happening."""
    with nothing_happens():
        for network in sound(text).networks.values():
            agree(network, **sizes)
