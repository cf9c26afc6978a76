"""Modules of generated source. The only `exec` of nnc is here; it runs what our backend wrote."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import cast

import numpy as np
import torch
from torch import nn

from nnc.backends.arrays import Array
from nnc.backends.torch_source import network_class, torch_source
from nnc.ir.graph import Network


class WeightsMismatch(Exception):
    """The weights are not the network's; says which is missing, unknown or of another shape."""


def load_module(source: str, name: str) -> type[nn.Module]:
    """The class `name` of a source that `torch_source` wrote; never call it with other text.

    Tracebacks show the source's lines. Loading a source again replaces the module of that name.

    Raises:
        KeyError: the source has no such class.
    """
    path = f"<nnc {name}>"
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    module = ModuleType(f"nnc_generated.{name}")
    module.__file__ = path
    sys.modules[module.__name__] = (
        module  # torch.compile and copies look classes up by their module
    )
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    return cast(type[nn.Module], module.__dict__[name])


def module_class(network: Network) -> type[nn.Module]:
    """The network's class, written and loaded; instances have uninitialised or default weights."""
    return load_module(torch_source(network), network_class(network))


def build(network: Network, weights: Mapping[str, Array]) -> nn.Module:
    """The network as a module on the CPU with these weights, in training mode.

    Raises:
        Refusal: a size that weights have is not known.
        WeightsMismatch: names or shapes differ from the network's.
    """
    with torch.device("meta"):
        module = module_class(network)()
    tied = _ties(module)
    module.to_empty(device="cpu")
    _tie(module, tied)
    set_weights(module, weights)
    return module


def set_weights(module: nn.Module, weights: Mapping[str, Array]) -> None:
    """Copies arrays into a module's weights; what is tied stays tied.

    Raises:
        WeightsMismatch: names or shapes differ from the module's.
    """
    state = state_of(module)
    missing = [name for name in state if name not in weights]
    unknown = [name for name in weights if name not in state]
    if missing or unknown:
        said = [
            f"{what} {', '.join(names[:3])}"
            for what, names in (("missing:", missing), ("unknown:", unknown))
            if names
        ]
        raise WeightsMismatch(f"these are not the network's weights; {'; '.join(said)}")
    with torch.no_grad():
        for name, tensor in state.items():
            array = weights[name]
            if tuple(tensor.shape) != array.shape:
                shapes = f"{list(array.shape)}, not {list(tensor.shape)}"
                raise WeightsMismatch(f"the weight {name} has the shape {shapes}")
            # torch warns of arrays that cannot be written, though it only reads here
            tensor.copy_(torch.from_numpy(np.require(array, requirements=["C", "W"])))


def state_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """The module's state_dict with each tied weight once, under its owner's name."""
    ties = _ties(module)
    return {name: value for name, value in module.state_dict().items() if name not in ties}


def _ties(module: nn.Module) -> dict[str, str]:
    """The names of weights that are another name's weight, with that name."""
    first: dict[int, str] = {}
    ties: dict[str, str] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        owner = first.setdefault(id(parameter), name)
        if owner != name:
            ties[name] = owner
    return ties


def _tie(module: nn.Module, ties: Mapping[str, str]) -> None:
    """Ties again what moving to another device untied."""
    for name, owner in ties.items():
        place, _, last = name.rpartition(".")
        setattr(module.get_submodule(place), last, module.get_parameter(owner))
