"""The list of what may be printed agrees with the installed torch."""

from __future__ import annotations

import inspect
from operator import attrgetter
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from nnc.backends.torch_names import FUNCTIONS, METHODS, MODULES, NEEDED, NN_CLASSES, SPREAD, Same

SPACES: dict[str, Any] = {"nn": nn, "F": functional, "torch": torch}


def found(name: str) -> Any:
    space, _, rest = name.partition(".")
    return attrgetter(rest)(SPACES[space])


def python_signature(thing: Any) -> inspect.Signature | None:
    try:
        signature = inspect.signature(thing)
    except (ValueError, TypeError):
        return None  # written in C++
    kinds = {p.kind for p in signature.parameters.values()}
    return None if inspect.Parameter.VAR_POSITIONAL in kinds else signature


@pytest.mark.parametrize("name", [*MODULES, *FUNCTIONS])
def test_defaults_are_those_of_torch(name: str) -> None:
    signature = python_signature(found(name))
    if signature is None:
        assert callable(found(name))
        return
    listed = {**MODULES, **FUNCTIONS}[name]
    order = [p for p in signature.parameters if p in listed]
    assert order == list(listed), "in torch's order"
    for parameter, default in listed.items():
        actual = signature.parameters[parameter].default
        if default is NEEDED:
            assert actual is inspect.Parameter.empty
        elif isinstance(default, Same):
            assert actual is None
        else:
            assert actual == default


@pytest.mark.parametrize("name", [*METHODS, *sorted(SPREAD)])
def test_methods_exist(name: str) -> None:
    assert callable(getattr(torch.Tensor, name))


def test_classes_of_nn_are_known() -> None:
    assert {"Linear", "Module", "Sequential", "Conv2d", "Identity"} <= NN_CLASSES
